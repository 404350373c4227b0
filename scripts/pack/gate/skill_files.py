"""Before a Skill call: which file it would load, and whether that runs shell text or starts an agent by itself.

PreToolUse never sees what `` !`command` `` in a skill or command runs (CLIENT 1.11), so such a file is not loaded by the team while a
run is live. What the user types (`/fmt`) is the user's own doing and comes here not at all.
"""

from __future__ import annotations

import os

from ..base import codec, paths
from ..base.paths import PLUGIN_ROOT
from ..protocol import tool_use
from ..protocol.refusal import Refusal
from .answers import PASS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..base.protocols import Env
    from .answers import Answer
    from .hook_call import Call

SEES_SHELL = (2, 1, 332)  # the first client with PreSkillShellCommand


def seen_by_hook(env: Env) -> bool:
    """Whether the shell text of skills reaches the gate in this session: the client has the event, and this copy's hooks.json asks for it."""
    from ..base.enforcement import client_version

    try:
        with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json"), encoding="utf-8") as f:
            return (client_version(env) or ()) >= SEES_SHELL and '"PreSkillShellCommand"' in f.read()
    except OSError:
        return False


MAX_BYTES = 1 << 20  # the client reads no larger one


def decide(call: Call, tool_input: dict[str, Any]) -> Answer | bool:
    """The answer to a Skill call; raises Refusal."""
    name = str(tool_input.get("skill") or tool_input.get("command") or "").strip().lstrip("/").split(" ")[0]
    found = [p for p in places(call, name) if os.path.isfile(p)]
    if not found:
        # Built into the client, or of a plugin that cannot be found: an unknown tool.
        refusal = tool_use.may_use(call.state, call.actor, "Skill(%s)" % name)
        if refusal is not None:
            raise refusal
        return True
    for path in found:  # which of several the client takes is its own affair
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                text = f.read(MAX_BYTES)
        except OSError:
            continue
        if runs_shell(text) and not seen_by_hook(call.env):
            raise Refusal(
                "SKILL_RUNS_SHELL",
                "%s runs shell text as it is loaded, which no check sees"
                % os.path.basename(os.path.dirname(path) if path.endswith("SKILL.md") else path),
                path,
                "read the file and do what it says with tools of your own; the user may type /%s" % name,
                "Skill",
            )
        if hooks(text):
            raise Refusal(
                "SKILL_RUNS_SHELL",
                "%s brings hooks of its own, whose commands no check sees" % name,
                path,
                "read the file and do what it says with tools of your own",
                "Skill",
            )
        if forks(text):
            raise Refusal(
                "UNKNOWN_AGENT",
                "the skill %s starts an agent that is not in the roster (context: fork)" % name,
                path,
                "read the file and do what it says, or give the work to one of the team",
                "SPAWN_REQUESTED",
            )
    if call.actor["role"] is None:
        raise Refusal(
            "UNKNOWN_AGENT", "an agent that is not in the roster may not load %s" % name, "", "the lead spawns agents by name", "Skill"
        )
    return PASS


def runs_shell(text: str) -> bool:
    """Whether the client would run something of a command's or skill's text (CLIENT 5.11): `` !` `` after white space or at a line's
    start, in fences and comments too, or a fenced block that begins with ```!."""
    at = text.find("!`")
    while at >= 0:
        if at == 0 or text[at - 1].isspace() or text[at - 1] in ">|":
            return True
        at = text.find("!`", at + 1)
    return "```!" in text


def _front(text: str) -> list[tuple[str, str]]:
    """[(key, value)] of the frontmatter's lines, deeper ones too."""
    lines = text.lstrip("\ufeff").split("\n")
    if lines[0].strip() != "---":
        return []
    out = []
    for line in lines[1:500]:
        if line.strip() == "---":
            break
        key, _, value = line.partition(":")
        out.append((key.strip().strip("\"'{ "), value.partition("#")[0].strip().strip("\"'").lower()))
    return out


def forks(text: str) -> bool:
    """Whether the frontmatter says `context: fork`."""
    return ("context", "fork") in _front(text)


def hooks(text: str) -> bool:
    """Whether the frontmatter brings hooks: the client runs their commands from then on, and no check sees them."""
    return any(key == "hooks" for key, _value in _front(text))


def places(call: Call, name: str) -> list[str]:
    """Where a skill or command of this name may lie: the project's, from the session's folder upwards, the user's, the plugins'."""
    plugin, _, own = name.rpartition(":")
    if not own or "/" in own or ".." in own or "\0" in name:
        return []
    inner = plugin.split(":") if plugin else []
    homes = [paths.client_home(call.env)]
    folder = os.path.realpath(call.payload.get("cwd") or call.project)
    while True:
        homes.append(os.path.join(folder, ".claude"))
        if os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    homes += [os.path.join(d, ".claude") for d in _flag(call, "--add-dir")]
    out = [os.path.join(h, "commands", *(inner + [own + ".md"])) for h in homes]
    out += [os.path.join(h, "skills", *(inner + [own, "SKILL.md"])) for h in homes]
    roots = plugins(call, inner[0]) if inner else plugins(call, None)
    for root in roots:
        out += [
            os.path.join(root, "commands", *(inner[1:] + [own + ".md"])),
            os.path.join(root, "skills", *(inner[1:] + [own, "SKILL.md"])),
        ]
        out += _named(os.path.join(root, "commands"), own, True) + _named(os.path.join(root, "skills"), own, True)
    for home in homes:
        out += _named(os.path.join(home, "commands"), own, True) + _named(os.path.join(home, "skills"), own, True)
    return list(dict.fromkeys(out))


def called(home: str, name: str) -> list[str]:
    """Files of a plugin or of a `.claude` folder that make the word /NAME: by their own name, or by the one in their frontmatter."""
    found = [os.path.join(home, "commands", name + ".md"), os.path.join(home, "skills", name, "SKILL.md")]
    found = [path for path in found if os.path.isfile(path)]
    found += _named(os.path.join(home, "commands"), name) + _named(os.path.join(home, "skills"), name)
    return list(dict.fromkeys(found))


def _named(folder: str, name: str, below: bool = False) -> list[str]:
    """Files below a folder whose frontmatter gives them this name: a command may be called otherwise than its file. below: also those that
    are called so themselves, however deep."""
    out: list[str] = []
    n = 0
    for base, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(files):
            n += 1
            if n > 500 or base.count(os.sep) - folder.count(os.sep) > 8:  # a link may lead round in a circle
                return out
            if not file.endswith(".md"):
                continue
            path = os.path.join(base, file)
            if below and name.casefold() in (
                file[: -len(".md")].casefold(),
                os.path.basename(base).casefold() if file == "SKILL.md" else None,
            ):
                out.append(path)  # in a folder below: /NAME and /FOLDER:NAME may both mean it
                continue
            try:
                with open(path, encoding="utf-8", errors="replace") as f:
                    head = f.read(4096).split("\n---", 1)[0]
            except OSError:
                continue
            if any(
                line.partition(":")[0].strip() == "name" and line.partition(":")[2].strip().strip("\"'") == name
                for line in head.split("\n")
            ):
                out.append(path)
    return out


def plugins(call: Call, name: str | None) -> list[str]:
    """Roots of the plugins of this name (None: of all) that can be found: this one, the installed ones, those of --plugin-dir."""
    found = {"team": [PLUGIN_ROOT]}
    try:
        with open(os.path.join(paths.client_home(call.env), "plugins", "installed_plugins.json"), encoding="utf-8") as f:
            rows = codec.loads(f.read()).get("plugins") or {}
        for key, entries in rows.items():
            for one in entries if isinstance(entries, list) else [entries]:
                if isinstance(one, dict) and isinstance(one.get("installPath"), str):
                    found.setdefault(key.partition("@")[0], []).append(one["installPath"])
    except (OSError, ValueError, AttributeError):
        pass
    for root in _flag(call, "--plugin-dir"):
        try:
            with open(os.path.join(root, ".claude-plugin", "plugin.json"), encoding="utf-8") as f:
                found.setdefault(str(codec.loads(f.read()).get("name")), []).append(root)
        except (OSError, ValueError, AttributeError):
            found.setdefault(os.path.basename(root.rstrip("/")), []).append(root)
    return found.get(name, []) if name is not None else [root for roots in found.values() for root in roots]


def _flag(call: Call, flag: str) -> list[str]:
    """What the client's own command line says after a flag (Linux)."""
    from . import identity

    words = identity.cmdline(call.env.get("CLAUDE_PID"))
    out = [words[i + 1] for i, w in enumerate(words[:-1]) if w == flag]
    return out + [w.partition("=")[2] for w in words if w.startswith(flag + "=")]
