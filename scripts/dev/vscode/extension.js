// Starts `pack lint --lsp` for the open workspace. All that it shows comes from there: there is nothing of the linter in here.
"use strict";
const { commands, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const settings = workspace.getConfiguration("packLint");
  const server = { command: settings.get("command"), args: ["lint", "--lsp", ...settings.get("arguments")] };
  const documentSelector = ["markdown", "json", "jsonc", "yaml"].map((language) => ({ scheme: "file", language }));
  client = new LanguageClient("packLint", "pack lint", server, { documentSelector });
  await client.start();
}

async function stop() {
  const old = client;
  client = undefined;
  if (old) await old.stop();
}

exports.activate = (context) => {
  const again = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    commands.registerCommand("packLint.restart", again),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("packLint") && again()),
  );
  return start();
};
exports.deactivate = stop;
