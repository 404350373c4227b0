"""`pack lint --lsp`: a language server over stdio, for any editor that speaks the protocol.

Diagnostics while one types (unsaved text is laid over the files, as with --stdin-filename), a quick fix for what --fix
mends, and the rule's explanation on hover. An edit may mend or break what another open file says, so all open files of
a plugin are judged together, a moment after the last key.
"""

import asyncio
import gc
import os

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from pack import __version__

from . import config as configuration
from . import discover, engine
from .catalogue import entry
from .facts import UnknownClient, load
from .fix import apply
from .run import plugin_root

WAIT = 0.2  # seconds after the last change
LEVELS = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


class Opened:
    """An open document as it was last judged: its version, text and findings."""

    def __init__(self, version, text, findings):
        self.version, self.text, self.findings = version, text, findings

    def position(self, offset):
        """The protocol's place of a character offset: lines end at \\n, \\r\\n or \\r, columns count UTF-16 units."""
        before = self.text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(line.encode("utf-16-le", "surrogatepass")) // 2)

    def range(self, span):
        """The protocol's range of (start, end)."""
        return types.Range(self.position(span[0]), self.position(span[1]))

    def diagnostic(self, finding):
        """A finding as the protocol has it."""
        return types.Diagnostic(self.range(finding.span), finding.message, LEVELS[finding.severity], finding.rule, source="pack lint")


class Server(LanguageServer):
    """The server with what it knows of the open documents, by URI."""

    def __init__(self, client=None, config=None):
        super().__init__("pack-lint", __version__)
        self.client, self.config = client, config
        self.opened, self.waiting = {}, None

    def judge(self):
        """Lint every plugin that an open document belongs to and publish what was found in the open ones."""
        roots = {}
        for uri in self.opened:
            document = self.workspace.get_text_document(uri)
            path = os.path.abspath(to_fs_path(uri))
            root = plugin_root(path)
            roots.setdefault(root, {})[os.path.relpath(path, root).replace(os.sep, "/")] = document
        for root, documents in roots.items():
            overlay = {rel: document.source.encode("utf-8", "surrogatepass") for rel, document in documents.items()}
            try:
                settings = configuration.load(root, self.config)
                project = discover.scan(root, overlay, settings.exclude)
                found = engine.run(project, load(self.client or settings.client), settings)
            except (configuration.ConfigError, UnknownClient) as error:
                self.window_show_message(types.ShowMessageParams(types.MessageType.Error, "pack lint: %s" % error))
                continue
            for rel, document in documents.items():
                findings = [finding for finding in found if finding.path == rel]
                state = self.opened[document.uri] = Opened(document.version, document.source, findings)
                diagnostics = [state.diagnostic(finding) for finding in findings]
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document.uri, diagnostics, document.version))

    def soon(self):
        """Judge a moment after the last change."""
        if self.waiting is not None:
            self.waiting.cancel()
        self.waiting = asyncio.get_running_loop().call_later(WAIT, self.judge)

    def current(self, uri):
        """The Opened of a document, judged anew if its text is newer; None for one that is not a file."""
        if uri in self.opened:
            state = self.opened[uri]
            if state is None or state.version != self.workspace.get_text_document(uri).version:
                self.judge()
        return self.opened.get(uri)


def build(client=None, config=None):
    """The server with its features."""
    server = Server(client, config)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params):
        if to_fs_path(params.text_document.uri) and params.text_document.uri.startswith("file:"):
            server.opened[params.text_document.uri] = None
            server.judge()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def changed(params):
        server.soon()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params):
        if params.text_document.uri in server.opened:
            del server.opened[params.text_document.uri]
            server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(["quickfix", "source.fixAll"]))
    def actions(params):
        state = server.current(params.text_document.uri)
        mendable = [finding for finding in state.findings if finding.fix] if state else []

        def edit(edits):
            changes = [types.TextEdit(state.range(at[:2]), at[2]) for at in edits]
            document = types.OptionalVersionedTextDocumentIdentifier(params.text_document.uri, state.version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, changes)])

        answers = []
        for finding in mendable:
            place = state.range(finding.span)
            if place.start <= params.range.end and params.range.start <= place.end:
                title = "Fix: %s" % finding.message
                said = [state.diagnostic(finding)]
                answers.append(types.CodeAction(title, "quickfix", said, is_preferred=True, edit=edit(finding.fix)))
        if mendable:
            whole = edit([(0, len(state.text), apply(state.text, [finding.fix for finding in mendable]))])
            answers.append(types.CodeAction("Fix all that pack lint can mend", "source.fixAll", edit=whole))
        wanted = params.context.only
        return [answer for answer in answers if not wanted or any(answer.kind.startswith(kind) for kind in wanted)]

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params):
        state = server.current(params.text_document.uri)
        for finding in state.findings if state else ():
            place = state.range(finding.span)
            if place.start <= params.position <= place.end:
                rule = entry(finding.rule)
                why = "\n\n%s" % rule.full_why if rule.full_why else ""
                text = "**%s** (%s)\n\n%s%s\n\nSource: %s" % (rule.name, finding.severity, rule.title, why, rule.source)
                return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)
        return None

    return server


def serve(client=None, config=None):
    """Speak until the editor ends it."""
    gc.enable()  # switched off for the command line's one short run
    build(client, config).start_io()
    return 0
