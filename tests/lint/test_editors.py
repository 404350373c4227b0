"""Editors beside the bare protocol: Neovim as Debian ships it, and the extension for VS Code as a file that can be installed."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT


def script(name, **more):
    environment = dict(os.environ, PACK_PYTHON=sys.executable, **more)
    done = subprocess.run([os.path.join(ROOT, "scripts", "dev", name)], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("nvim") is None, reason="needs Neovim (scripts/dev/setup installs it)")
def test_neovim_shows_diagnostics_hover_and_fix():
    said = script("try-neovim").split("\n")
    assert said[1:3] == [
        "  4:14 [tool-unknown] no tool 'grep': it grants nothing; did you mean 'Grep'?",
        "  6:37 [ref-file] no file ../references/none.md",
    ]
    assert "  **tool-unknown** (warning)" in said[said.index("hover") :]
    assert said[said.index("fix") + 2] == "  tools: Read, Grep"
    assert said[said.index("diagnostics after the fix") + 1 :] == ["  no file ../references/none.md", "the server ended with 0", ""]


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_the_extension_for_vs_code_is_one_file():
    path = script("package-vscode").strip()
    with zipfile.ZipFile(path) as vsix:
        names = set(vsix.namelist())
        manifest = json.loads(vsix.read("extension/package.json"))
        program = vsix.read("extension/" + manifest["main"][2:]).decode()
    assert {"extension.vsixmanifest", "extension/package.json", "extension/out/extension.js", "extension/readme.md"} <= names
    assert not any("node_modules" in name for name in names)
    needed = {word for word in ("vscode-languageclient", "vscode-jsonrpc") if 'require("%s' % word in program}
    assert not needed and 'require("vscode")' in program and '"lint","--lsp"' in program.replace(" ", "")
