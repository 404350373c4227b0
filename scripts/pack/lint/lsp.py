"""`pack lint --lsp`: a language server over stdio, for any editor that speaks the protocol.

Diagnostics while one types (unsaved text is laid over the files, as with --stdin-filename), a quick fix for what --fix
mends, and the rule's explanation on hover. An edit may mend or break what another open file says, so all open files of
a plugin are judged together, a moment after the last key.
"""

import asyncio
import gc
import os
import time
from bisect import bisect_right

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from pack import __version__

from . import config as configuration
from .catalogue import entry
from .facts import UnknownClient, load
from .fix import apply
from .lazy import lazy
from .run import plugin_root
from .session import Session

BREATH = 0.02  # seconds that nothing may come before an edit is judged: a burst of a thousand is judged once
QUICK = 0.1  # after an edit that was judged in so little time the next one is judged after a breath,
WAIT = 0.2  # any other so many seconds after the last change
LEVELS = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
UNITS = {
    types.PositionEncodingKind.Utf8: lambda text: len(text.encode("utf-8", "surrogatepass")),
    types.PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    types.PositionEncodingKind.Utf32: len,
}
_LINE_END = lazy(r"\r\n|\n|\r")


class Opened:
    """An open document as it was last judged: its version, text and findings; `units`: how this editor counts a line's characters."""

    def __init__(self, version, text, findings, units):
        self.version, self.text, self.findings, self.units = version, text, findings, units
        self._starts = None

    def position(self, offset):
        """The protocol's place of a character offset: lines end at \\n, \\r\\n or \\r, columns in the units agreed on."""
        if self._starts is None:
            self._starts = [0] + [match.end() for match in _LINE_END.finditer(self.text)]
        line = bisect_right(self._starts, offset) - 1
        before = self.text[self._starts[line] : offset].rstrip("\r\n")
        return types.Position(line, len(before) if before.isascii() else UNITS[self.units](before))

    def range(self, span):
        """The protocol's range of (start, end)."""
        return types.Range(self.position(span[0]), self.position(span[1]))

    def diagnostic(self, finding):
        """A finding as the protocol has it."""
        return types.Diagnostic(self.range(finding.span), finding.message, LEVELS[finding.severity], finding.rule, source="pack lint")


class Server(LanguageServer):
    """The server with what it knows of the open documents, by URI, and of their trees, by root."""

    def __init__(self, client=None, config=None):
        super().__init__("pack-lint", __version__)
        self.client, self.config = client, config
        self.opened, self.places, self.said = {}, {}, {}
        self.sessions, self.waiting, self.took, self.ended = {}, None, 0.0, False

    def open(self, uri):
        """Begin with a document: which tree it belongs to."""
        path = os.path.abspath(to_fs_path(uri))
        root = plugin_root(path)
        self.opened[uri], self.places[uri] = None, (root, os.path.relpath(path, root).replace(os.sep, "/"))

    def close(self, uri):
        """Let go of a document, and of its tree with the last one of it."""
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        root = self.places[uri][0]
        for table in (self.opened, self.places, self.said):
            table.pop(uri, None)
        if all(root != other for other, _ in self.places.values()):
            self.sessions.pop(root, None)

    def judge(self):
        """Look at every tree with an open document, and publish what is found in those documents where it is not known yet."""
        self._cancel()
        began = time.process_time()
        documents = {}
        for uri, (root, rel) in self.places.items():
            documents.setdefault(root, {})[rel] = self.workspace.get_text_document(uri)
        for root, here in documents.items():
            overlay = {rel: document.source.encode("utf-8", "surrogatepass") for rel, document in here.items()}
            try:
                found = self._session(root).judge(overlay)
            except (configuration.ConfigError, UnknownClient) as error:
                self.window_show_message(types.ShowMessageParams(types.MessageType.Error, "pack lint: %s" % error))
                continue
            for rel, document in here.items():
                self._publish(document, found[rel])
        self.took = time.process_time() - began

    def _session(self, root):
        if root not in self.sessions:
            settings = configuration.load(root, self.config)
            self.sessions[root] = Session(root, settings, load(self.client or settings.client))
            gc.freeze()  # the facts and the names of a large tree: nothing that a collection would find
        return self.sessions[root]

    def _publish(self, document, findings):
        uri, text = document.uri, document.source
        self.opened[uri] = Opened(document.version, text, findings, self.workspace.position_encoding)
        said = text if findings else None, [finding.values() for finding in findings], document.version
        if self.said.get(uri) == said:
            return
        self.said[uri] = said
        diagnostics = [self.opened[uri].diagnostic(finding) for finding in findings]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, document.version))

    def soon(self):
        """Judge when the changes that are on their way have come."""
        self._cancel()
        self.waiting = asyncio.get_running_loop().call_later(BREATH if self.took < QUICK else WAIT, self.judge)

    def look_again(self):
        """The disk may hold other files now, or another configuration."""
        for root, session in list(self.sessions.items()):
            if self._settings(root) != session.config.fingerprint():
                del self.sessions[root]
            else:
                session.look_again()
        for uri in self.places:
            path = os.path.abspath(to_fs_path(uri))
            root = plugin_root(path)
            self.places[uri] = root, os.path.relpath(path, root).replace(os.sep, "/")
        roots = {root for root, _ in self.places.values()}
        self.sessions = {root: session for root, session in self.sessions.items() if root in roots}
        self.soon()

    def _settings(self, root):
        try:
            return configuration.load(root, self.config).fingerprint()
        except configuration.ConfigError:
            return None

    def _cancel(self):
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def current(self, uri):
        """The Opened of a document, judged anew if its text is newer; None for one that is not a file."""
        if uri in self.opened:
            state = self.opened[uri]
            if state is None or state.version != self.workspace.get_text_document(uri).version:
                self.judge()
        return self.opened.get(uri)


def build(client=None, config=None):  # noqa: C901 - the features of a server, one small function each
    """The server with its features."""
    server = Server(client, config)

    @server.feature(types.INITIALIZED)
    def ready(params):
        abilities = server.client_capabilities.workspace
        watch = abilities and abilities.did_change_watched_files
        if watch and watch.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
            wanted = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(types.RegistrationParams([wanted]))

    @server.feature(types.SHUTDOWN)
    def farewell(params):
        server.ended = True

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params):
        path = to_fs_path(params.text_document.uri)
        if path and params.text_document.uri.startswith("file:") and not os.path.isdir(path):  # of `file:///` the tree is the whole disk
            server.open(params.text_document.uri)
            server.judge()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params):
        server.soon()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def written(params):
        server.look_again()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params):
        if params.text_document.uri in server.opened:
            server.close(params.text_document.uri)
            server.soon()

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(["quickfix", "source.fixAll"]))
    def actions(params):
        state = server.current(params.text_document.uri)
        mendable = [finding for finding in state.findings if finding.fix] if state else []

        def edit(edits):
            changes = [types.TextEdit(state.range(at[:2]), at[2]) for at in edits]
            abilities = server.client_capabilities.workspace
            if not (abilities and abilities.workspace_edit and abilities.workspace_edit.document_changes):
                return types.WorkspaceEdit({params.text_document.uri: changes})
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
    """Speak until the editor ends it. 0 after `shutdown` and `exit`, as the protocol has it; else 1."""
    gc.enable()  # switched off for the command line's one short run
    server = build(client, config)
    server.start_io()
    return 0 if server.ended else 1
