"""`pack lint --prove-hooks`: does a guard guard?

Each blocking PreToolUse command hook is run on events made here: one that a guard of that matcher should be able to
stop, one for each tool that it is easy to forget (NotebookEdit, Bash). What is reported is what the client would do
with the answer: exit code, clean standard output, verdict. The hook's own program runs, on this machine, with a
temporary folder as project, so it is only done when asked for and confirmed.
"""

import json
import os
import subprocess
import tempfile

from . import hookfile
from .matchers import names

EVENTS = {
    "Write": {"file_path": "out.txt", "content": "x"},
    "Edit": {"file_path": "out.txt", "old_string": "a", "new_string": "b"},
    "NotebookEdit": {"notebook_path": "out.ipynb", "new_source": "x"},
    "Bash": {"command": "rm -rf build", "description": "x"},
    "Read": {"file_path": "out.txt"},
    "Agent": {"description": "x", "prompt": "x", "subagent_type": "general-purpose"},
}
WRITERS = ("Write", "Edit", "NotebookEdit", "Bash")
LIMIT = 15


def verdict(code, stdout, event="PreToolUse"):
    """(blocked, why) as the client judges an answer."""
    text = stdout.strip()
    if text.startswith("{"):
        try:
            answer = json.loads(text)
        except ValueError:
            return (True, "exit code 2") if code == 2 else (False, "standard output is broken JSON and is ignored")
        special = answer.get("hookSpecificOutput")
        if isinstance(special, dict):
            if special.get("hookEventName") != event:
                return (
                    (True, "exit code 2")
                    if code == 2
                    else (False, "hookEventName is %r, so the answer is dropped" % special.get("hookEventName"))
                )
            decision = special.get("permissionDecision")
            if decision is not None and decision not in ("allow", "deny", "ask", "defer"):
                return (
                    (True, "exit code 2") if code == 2 else (False, "permissionDecision %r is unknown, so the answer is dropped" % decision)
                )
            if decision == "deny":
                return True, "denied by JSON"
        if answer.get("decision") == "block":
            return True, "blocked by JSON"
    if code == 2:
        return True, "exit code 2"
    if "{" in text and not text.startswith("{") and ("deny" in text or "block" in text):
        return False, "text before the JSON: the answer is ignored"
    return False, "exit code %d" % code


def prove(projects, facts, confirmed, out, stdin):
    """Run, print, and return 0 when every guard could block its event, else 1; 2 when it was not confirmed."""
    handlers = [
        h
        for p in projects
        for f in p.files
        if f.kind in ("hooks", "manifest", "marketplace", "settings-hooks")
        for h in hookfile.handlers(f)
    ]
    guards = [h for h in handlers if h.event == "PreToolUse" and h.command is not None and h.plugin is not None]
    if not guards:
        out.write("no PreToolUse command hook to prove\n")
        return 0
    if not confirmed:
        out.write("This runs %d hook command(s) of the linted plugin on this machine:\n" % len(guards))
        for handler in guards:
            out.write("  %s\n" % handler.command)
        out.write("Go on? [y/N] ")
        out.flush()
        if not getattr(stdin, "isatty", lambda: False)() or stdin.readline().strip().lower() not in ("y", "yes"):
            out.write("\nnot confirmed (use --yes)\n")
            return 2
    open_guards = 0
    for handler in guards:
        open_guards += _one(handler, facts, out)
    return 1 if open_guards else 0


def _one(handler, facts, out):
    matcher = handler.group.get("matcher")
    everything = matcher in (None, "", "*")
    listed = None if everything else names(matcher, "PreToolUse")
    if everything:
        covered = list(EVENTS)
    elif listed is not None:
        covered = [tool for tool in EVENTS if tool in listed]
    else:
        from .rules.hook_matcher import matches_any

        covered = [tool for tool in EVENTS if matches_any(matcher, [tool])]
    where = "%s:%d" % (handler.file.rel, handler.file.source.position(handler.at("command")[0])[0])
    out.write("%s: %s\n" % (where, handler.command))
    if handler.value.get("async") is True:
        out.write("  OPEN    async: the call never waits for it\n")
        return 1
    failed = 0
    for tool in covered:
        code, stdout, trouble = run(handler, tool)
        blocked, why = (False, trouble) if trouble else verdict(code, stdout)
        closed = handler.value.get("onFailure") == "block" and (trouble or code not in (0, 2))
        state = "blocks" if blocked or closed else "passes"
        out.write("  %-7s %s: %s\n" % (state, tool, why))
        failed += bool(trouble) or not blocked and code not in (0, 2)
    missing = [tool for tool in WRITERS if tool not in covered]
    if missing and any(tool in covered for tool in WRITERS):
        out.write("  note    does not see %s\n" % ", ".join(missing))
    return 1 if failed else 0


def run(handler, tool):
    """(exit code, stdout, trouble) of one run of the hook's command."""
    project = handler.file.project
    root = os.path.join(project.root, handler.plugin.root) if handler.plugin.root else project.root
    with tempfile.TemporaryDirectory(prefix="pack-prove-") as folder:
        tool_input = dict(EVENTS[tool])
        for key in ("file_path", "notebook_path"):
            if key in tool_input:
                tool_input[key] = os.path.join(folder, tool_input[key])
        payload = {
            "session_id": "prove",
            "transcript_path": os.path.join(folder, "transcript.jsonl"),
            "cwd": folder,
            "permission_mode": "default",
            "hook_event_name": "PreToolUse",
            "tool_name": tool,
            "tool_input": tool_input,
            "tool_use_id": "toolu_prove",
        }
        # Nothing of the caller's environment but what programs need to start: a hook must not see secrets in a proof.
        environment = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "LANG", "TMPDIR", "TEMP") if key in os.environ}
        environment.update(HOME=folder, CLAUDE_PLUGIN_ROOT=root, CLAUDE_PROJECT_DIR=folder, CLAUDE_PLUGIN_DATA=folder)
        args = handler.value.get("args")
        command = handler.command
        if isinstance(args, list):
            command = [_fill(str(part), root, folder) for part in [command] + args]
        try:
            done = subprocess.run(
                command,
                shell=not isinstance(args, list),
                input=json.dumps(payload) + "\n",
                capture_output=True,
                text=True,
                errors="replace",
                cwd=folder,
                env=environment,
                timeout=min(float(handler.value.get("timeout") or LIMIT), LIMIT),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, "", "timed out, so the call goes through"
        except OSError as error:
            return None, "", "does not start (%s), so the call goes through" % error.strerror
    return done.returncode, done.stdout, None


def _fill(text, root, folder):
    for name, value in (("CLAUDE_PLUGIN_ROOT", root), ("CLAUDE_PROJECT_DIR", folder), ("CLAUDE_PLUGIN_DATA", folder)):
        text = text.replace("${%s}" % name, value)
    return text
