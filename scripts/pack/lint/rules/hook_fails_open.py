"""A guard that cannot stop anything

The client blocks on exit code 2, or on exit 0 with one JSON object that denies. Exit 1, an uncaught error, text around
the JSON, a wrong or missing event name, an unknown verdict or one outside `hookSpecificOutput` all let the call through.

Bad `hooks/hooks.json`, `scripts/stop.py`:

    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/stop.py\\""}]}]}}
    ---8<---
    import sys
    print("blocked", file=sys.stderr)
    sys.exit(1)

Good `hooks/hooks.json`, `scripts/stop.py`:

    {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/stop.py\\""}]}]}}
    ---8<---
    import sys
    print("blocked", file=sys.stderr)
    sys.exit(2)

Source: client, measured (22 of 33 variants of one guard let the write through)
"""

from .. import hookfile, shell
from ..lazy import MULTILINE, lazy
from ..scripts import of_handler, texts_of
from ..source import line_start

SEVERITY = "warning"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
_BLOCKS = lazy(
    r"exit\W{0,3}2\b|exit_code\W{1,4}2\b|exitCode\W{1,4}2\b|return 2\b|permissionDecision|[\"']decision[\"']|\bdecision\b|[\"']continue[\"']|os\._exit\(2\)|exec\b|subprocess|import_module|from \w|require\(|import "
)
# Modules that come with node hold no policy of the plugin's.
_BUILT_IN = lazy(
    r"require\([\"'](?:node:)?(?:fs|path|os|util|url|readline|process|assert|crypto)(?:/promises)?[\"']\)|from [\"'](?:node:)?(?:fs|path|os|util|url|readline)(?:/promises)?[\"']"
)
_HARD = lazy(r"\b(?:sys\.exit|process\.exit|os\._exit|exit|SystemExit)[ (]+(-?1[0-9]{0,2}|[3-9][0-9]{0,2}|[\"'][^\"']{0,80}[\"'])\)?")
_VERDICT = lazy(r"permissionDecision\\?[\"']?\s*:\s*\\?[\"'](\w{1,30})")
_DECISION = lazy(r"[\"']decision\\?[\"']\s*:\s*\\?[\"'](deny|denied|blocked|reject|refuse|stop|no|fail)\\?[\"']")
_NO_JSON = lazy(r"print\(\s*\{[^{}]{0,80}[\"'](?:decision|permissionDecision|hookSpecificOutput)[\"']")
_REFUSES = lazy(r"(?i)\b(?:block|den(?:y|ied)|refus|reject|forbid|forbidden|prevent|guard|not allowed|violation|unsafe|dangerous)")
_EVENT = lazy(r"hookEventName\\?[\"']?\s*:\s*\\?[\"'](\w{1,40})")
# Another file of the plugin may build the answer.
_LOCAL = lazy(r"require\(\s*[\"'`]\.|from\s+[\"']\.|sys\.path|^\s*(?:source|\.)\s|import_module|subprocess|\bexec\b|^from\s+\.", MULTILINE)
_SLEEP = lazy(r"\bsleep[ (]+([0-9]{1,5}(?:\.[0-9]+)?)")
_SAYS = lazy(
    r"^[ \t]*(?:print\([rbf]?[\"'](?!\{)[^\"'\n]{1,200}[\"'](?:\)|,(?![^\n]*file=))|console\.log\([\"'`](?!\{)|echo [\"']?(?!\{|\\?\"\{|'\{)[A-Za-z][^>\n]*$)",
    MULTILINE,
)
_ANSWERS = lazy(r"permissionDecision|[\"']decision[\"']")
# The verdict of what stands before is lost: `|| true`, `; exit 0`, `&`, `| tee log`, `|| exit 1`.
_LOST = lazy(
    r"(\|\|\s*(?:true|:|exit\s+[013-9]\w*|echo\b[^;&|]*)|;\s*(?:true|:|exit\s+0)|(?<![&>])&|(?<!\|)\|\s*(?:tee|cat|head|tail|logger)\b[^|;&]*|;\s*then\s+exit\s+1\s*;\s*fi)\s*\Z"
)
_TYPES = {"continue": bool, "reason": str, "stopReason": str, "systemMessage": str}
_READ: "tuple[str, ...]" = (
    "continue",
    "stopReason",
    "suppressOutput",
    "decision",
    "reason",
    "systemMessage",
    "terminalSequence",
    "hookSpecificOutput",
)
_READ += ("async", "asyncTimeout")
_ALLOWS = lazy(r"permissionDecision\\?[\"']?\s*[:=]\s*\\?[\"']allow\b")  # it refuses nothing; that nobody reads it is hook-answer's to say
LEGAL = ("allow", "deny", "ask", "defer")


def check(file, context):
    """Read the scripts of PreToolUse hooks; shell one-liners too."""
    used = {}
    for handler in hookfile.handlers(file):
        for script in of_handler(handler):
            used.setdefault((script.sub, id(handler.plugin)), set()).add(handler.event)
    for handler in hookfile.handlers(file):
        problem = _echoed(handler)
        if problem:
            yield file.hit(handler.at("command"), problem)
        for script in of_handler(handler) if handler.event.startswith("PostTool") else ():
            if handler.plugin is not None and script.sub is not None and not script.escapes:
                text = script.written(context.project, handler.plugin.path(script.sub)) or ""
                if used[(script.sub, id(handler.plugin))] == {handler.event} and _VERDICT.search(text):
                    after = "%s answers with permissionDecision: on %s the call is already over and the answer is dropped"
                    yield file.hit(script.span, after % (script.sub, handler.event))
        if handler.event == "PermissionRequest":
            yield from _permission(file, handler, context)
        if handler.event != "PreToolUse" or handler.value.get("onFailure") == "block":
            continue
        for script in of_handler(handler):
            if handler.plugin is None or script.sub is None or script.escapes:
                continue
            text = script.written(context.project, handler.plugin.path(script.sub))
            if text:
                alone = used[(script.sub, id(handler.plugin))] == {"PreToolUse"}
                yield from _judge(file, script.span, text, script.sub, alone)
                yield from _late(file, handler, script, text)
                lost = _LOST.search(handler.command) if not isinstance(handler.value.get("args"), list) else None
                if lost and _exits_two(text) and not _ANSWERS.search(text) and "pipefail" not in handler.command:
                    text = "%r hides the exit code of %s: the call goes through"
                    yield file.hit(handler.at("command"), text % (lost.group(1).strip(), script.sub))
        command = handler.command
        if command and "exit" in command and "CLAUDE_PLUGIN_ROOT" not in command:
            yield from _judge(file, handler.at("command"), command, "the command", True)


def _permission(file, handler, context):
    """PermissionRequest only listens to hookSpecificOutput.decision; exit code 2 and permissionDecision are PreToolUse's."""
    for span, text, name in texts_of(handler, context.project):
        if "behavior" in text or "PreToolUse" in text or _LOCAL.search(text):
            continue
        said = "exit code 2" if _exits_two(text) else "permissionDecision" if "permissionDecision" in text else None
        if said and not _ALLOWS.search(text):
            why = "%s answers with %s, which PermissionRequest ignores: print hookSpecificOutput.decision with behavior deny"
            yield file.hit(span, why % (name, said))
            return


def _echoed(handler):
    """What is wrong with an answer that stands in the command itself: echo '{"decision": "block"}'. None when it is read."""
    command = handler.command or ""
    if "echo" not in command and "printf" not in command or ">" in command or "{" not in command:
        return None
    said = None
    for word in shell.words(command):
        if word.first:
            if said:
                break
            said = [] if word.text in ("echo", "printf") else None
        elif said is not None and not (word.text.startswith("-") and not said):
            said.append(word.text)
    text = " ".join(said or ()).replace("\\n", "").strip()
    if text[:1] != "{" or "$" in text or "`" in text or "%" in text:
        return None
    import json

    try:
        answer = json.loads(text)
    except ValueError as error:
        return "the answer %s is no JSON (%s): the client drops it" % (_short(text), error)
    inner = answer.get("hookSpecificOutput")
    if inner is not None and (not isinstance(inner, dict) or inner.get("hookEventName") != handler.event):
        return "the answer's hookSpecificOutput needs hookEventName %r: the client drops the answer" % handler.event
    if answer.get("decision") not in (None, "approve", "block"):
        return "decision %r: only approve and block count, so the client drops the answer" % (answer["decision"],)
    for key, kind in _TYPES.items():
        if key in answer and not isinstance(answer[key], kind):
            return "%s %r is of the wrong type: the client drops the answer" % (key, answer[key])
    verdict = (inner or {}).get("permissionDecision")
    if verdict is not None and verdict not in LEGAL and handler.event == "PreToolUse":
        return "permissionDecision %r: only %s count, so the call goes through" % (verdict, ", ".join(LEGAL))
    lost = [key for key in answer if key not in _READ]
    return "the client does not read %r of the answer (%s)" % (lost[0], ", ".join(_READ)) if lost else None


def _short(text):
    return text if len(text) < 60 else text[:57] + "..."


def _judge(file, span, text, name, alone):
    for match in _VERDICT.finditer(text):
        if match.group(1) not in LEGAL and match.group(1).islower():
            yield file.hit(
                span,
                "%s answers permissionDecision %r: only %s count, so the call goes through" % (name, match.group(1), ", ".join(LEGAL)),
                severity="error",
            )
            return
    refused = _DECISION.search(text)
    if refused and "permissionDecision" not in text and not _exits_two(text) and alone:
        yield file.hit(
            span,
            "%s answers decision %r: only approve and block count, so the call goes through" % (name, refused.group(1)),
            severity="error",
        )
        return
    if "permissionDecision" in text and not _exits_two(text) and not _LOCAL.search(text):
        missing = next((key for key in ("hookSpecificOutput", "hookEventName") if key not in text), None)
        if missing:
            wrong = "%s answers permissionDecision without %s: the client drops the answer and the call goes through"
            yield file.hit(span, wrong % (name, missing))
            return
    if name.endswith(".py") and _NO_JSON.search(text) and not _exits_two(text):
        yield file.hit(span, "%s prints a dict, which is no JSON (single quotes): the call goes through; use json.dumps" % name)
        return
    for match in _EVENT.finditer(text) if alone else ():
        if match.group(1) != "PreToolUse":
            yield file.hit(
                span,
                "%s answers for %s: on PreToolUse the client drops that answer" % (name, match.group(1)),
                severity="error",
            )
            return
    said, answer = _SAYS.search(text), _ANSWERS.search(text)
    if said and said.group().lstrip().startswith("echo") and _in_function(text, said.start()):
        said = None
    if said and answer and said.start() < answer.start() and "stderr" not in text[said.start() : text.find("\n", said.start())]:
        if not _exits_two(text):
            yield file.hit(
                span,
                "%s prints %r before its JSON: the client then ignores the answer" % (name, said.group().strip()[:40]),
            )
            return
    crash = _top_level_raise(text) if name.endswith(".py") else None
    if crash:
        yield file.hit(
            span,
            "%s always ends with an uncaught error (line %d): exit code 1, so the call goes through" % (name, crash),
        )
        return
    hard = _HARD.search(text)
    if hard and not _blocks(text) and not _only_tells(text, hard):
        yield file.hit(span, "%s ends with %r: only exit code 2 blocks, so the call goes through" % (name, hard.group().strip()))


def _only_tells(text, hard):
    """Does it end well as a rule and badly only where something was caught, and say nothing of refusing? Then it is no guard."""
    caught = text.rfind("catch", 0, hard.start()), text.rfind("except", 0, hard.start())
    good = any(end in text for end in ("exit(0)", "exit 0"))
    return good and max(caught) >= 0 and hard.start() - max(caught) < 400 and _REFUSES.search(text) is None


def _in_function(text, at):
    """Does the place lie in a function of a shell script, whose output `$(name)` may take?"""
    begin = text.rfind("() {\n", 0, at)
    return begin >= 0 and text.find("\n}", begin, at) < 0 and "$(" + text[text.rfind("\n", 0, begin) + 1 : begin].split(" ")[-1] in text


def _blocks(text):
    for match in _BLOCKS.finditer(text):
        found = match.group()
        if found.startswith(("require", "from ", "import ")) and _BUILT_IN.search(text, line_start(text, match.start()), match.end() + 30):
            continue
        if found in ("import ",) or found.startswith("from "):
            line = text[line_start(text, match.start()) : text.find("\n", match.end())]
            words = line.replace(",", " ").split()
            if all(
                word in ("import", "from", "as", "sys", "json", "os", "re", "pathlib", "Path", "__future__", "annotations")
                for word in words
            ):
                continue
        return True
    return False


def _exits_two(text):
    return "exit(2)" in text or "exit 2" in text or "_exit(2)" in text


def _top_level_raise(text):
    """Line of a `raise` that every run reaches, SystemExit aside."""
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in tree.body:
        if isinstance(node, ast.Raise):
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            return None if getattr(called, "id", "") == "SystemExit" else node.lineno
    return None


def _late(file, handler, script, text):
    """A sleep that is longer than the hook's own timeout."""
    limit = handler.value.get("timeout")
    if not isinstance(limit, (int, float)) or isinstance(limit, bool):
        return
    for match in _SLEEP.finditer(text):
        if float(match.group(1)) >= limit:
            yield file.hit(
                script.span,
                "%s sleeps %s s, its timeout is %s s: it is cut off and the call goes through" % (script.sub, match.group(1), limit),
            )
            return
