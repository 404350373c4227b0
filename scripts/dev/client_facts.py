"""Reads an installed Claude Code client and says what the gate and the linter must know of it.

    scripts/dev/client-facts CLIENT             what was read, as JSON (CLIENT: a version, `newest`, or the path of a binary)
    scripts/dev/client-facts CLIENT --write     writes scripts/pack/lint/client/read/<version>.json and, when the client is the newest one
                                                known, the facts that the linter loads, with the delta back to the release before
    scripts/dev/client-facts CLIENT --diff      what this client changes for gate and linter, against the newest one known (make client-diff)

Three sources, each named in the result: the program text inside the binary (zod schemas and lists, minified but whole), its `--help`,
and probes (`plugin validate` on made-up manifests; one headless session against a loopback model, which lists the tools on offer).
What none of them tells stands in BY_HAND, with the measurement that shows it.
"""

import argparse
import copy
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FACTS = ROOT / "scripts/pack/lint/client"
READ = FACTS / "read"
HANDLERS = ("command", "http", "mcp_tool", "prompt", "agent")

# What only running the client tells: part of the facts -> how it was measured, and what repeats it.
BY_HAND = {
    "events.*.blocks": "a hook that exits 2 and one that answers JSON, per event: tests/hooks, tests/faults/test_hook_outcomes.py (docs/client.md 1)",
    "events.*.matcher": "the text that the client matches is chosen in code, event by event: docs/client.md 1",
    "events.*.types": "which handler types an event takes is documented, not listed in one place: docs/client.md 1",
    "timeouts, event_timeouts": "constants without a name that stays: a hook that sleeps, docs/client.md 1",
    "agent.ignored, deferred_off_by_default": "an agent with those keys, the tools that a session offers: docs/client.md 4",
    "model_aliases, model_prefixes, builtin_skills, theme": "`plugin validate --strict` on one file for each: tests/lint/data",
    "removed_tools": "the change log of the client",
    "settings.*.x-forgiven, in part": "a hook beside a wrong value that still runs: tests/lint/test_settings.py",
    "marketplace_*_names": "`plugin validate` on a marketplace of each name: tests/lint/data",
    "hooks.json: what fails open": "docs/client.md 1, tests/faults/test_hook_outcomes.py",
}


class Unreadable(Exception):
    """The client's program text has not the shape that is looked for: what, and where to look."""


# --- The program text ---------------------------------------------------------------------------------------------------
def braces(text, start):
    """The end (exclusive) of the bracket that opens at `start`; strings and templates are stepped over."""
    depth, at = 0, start
    while at < len(text):
        c = text[at]
        if c in "\"'`":
            at += 1
            while at < len(text) and text[at] != c:
                at += 2 if text[at] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    raise Unreadable("a bracket that never closes")


def members(text, start):
    """{key: source of its value} of the object literal that opens at `start`; spreads are under `...SOURCE`."""
    end, at, out = braces(text, start) - 1, start + 1, {}
    while at < end:
        found = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([\w$]+))\s*:', text[at:end])
        begin = at + found.end() if found else at
        stop = begin
        while stop < end and text[stop] != ",":
            if text[stop] in "([{":
                stop = braces(text, stop)
            elif text[stop] in "\"'`":
                quote, stop = text[stop], stop + 1
                while text[stop] != quote:
                    stop += 2 if text[stop] == "\\" else 1
                stop += 1
            else:
                stop += 1
        value = text[begin:stop]
        out[(found.group(1) or found.group(2)) if found else value] = value
        at = stop + 1
    return out


def around(text, at, limit=30000):
    """(start, members) of the innermost object literal around `at`."""
    start = at
    while start > at - limit:
        start = text.rfind("{", 0, start)
        try:
            if start >= 0 and braces(text, start) > at:
                return start, members(text, start)
        except Unreadable:
            pass
    raise Unreadable("no object around position %d" % at)


def optional(value):
    """Whether a zod value may be left out."""
    return ".optional()" in re.sub(r"\((?:[^()]|\([^()]*\))*\)", "()", value)


def words(source):
    """The strings of a list literal."""
    return re.findall(r'"((?:[^"\\]|\\.)*)"', source)


def first(text, pattern, what):
    found = re.search(pattern, text)
    if not found:
        raise Unreadable("%s: nothing matches %s" % (what, pattern))
    return found


def bundle(binary):
    """The program text in the binary: every stretch of it that speaks of hooks, plugins or agents is in one module bundle."""
    with open(binary, "rb") as handle:
        data = handle.read()
    begin = data.find(b"hook_event_name:")
    first_use = re.search(rb"\bvar \w+=\[?\"?PreToolUse|forceRemoveDeletedPlugins:", data)
    if begin < 0 or not first_use:
        raise Unreadable("%s: no program text in it" % binary)
    # compiled strings stand before the text, one by one; the text itself is the long run of printable characters
    start = max(0, min(begin, first_use.start()) - 4000000)
    return data[start : data.rfind(b"hook_event_name:") + 20000000].decode("latin-1")


def read_program(text):
    """What the program text alone tells."""
    lists = [m.group(0) for m in re.finditer(r'\[(?:"[A-Za-z]+",){20,}"[A-Za-z]+"\]', text)]
    events = next((words(m) for m in lists if '"PreToolUse"' in m and '"MessageDisplay"' in m), None)
    if events is None:
        raise Unreadable("the list of events")
    base = members(text, first(text, r"\{session_id:[\w$]+\(\),transcript_path:", "the base of every input").start())
    inputs, outputs = {}, {}
    for found in re.finditer(r'\{hook_event_name:[\w$]+\("(\w+)"\)', text):
        if found.group(1) in events:
            keys = {k: v for k, v in members(text, found.start()).items() if not k.startswith("...") and k != "hook_event_name"}
            inputs.setdefault(found.group(1), sorted(k + "?" * optional(v) for k, v in keys.items()))
    for found in re.finditer(r'\{hookEventName:[\w$]+\("(\w+)"\)', text):
        if found.group(1) in events:
            keys = [k for k in members(text, found.start()) if not k.startswith("...") and k != "hookEventName"]
            outputs.setdefault(found.group(1), keys)
    handlers = {}
    for kind in HANDLERS:
        for found in re.finditer(r'\{type:[\w$]+\("%s"\)' % kind, text):
            keys = [k for k in members(text, found.start()) if re.match(r"[\w$]+$", k)]
            if "timeout" in keys and len(keys) > len(handlers.get(kind, ())):
                handlers[kind] = keys
    gates = words(
        first(text, r'new Set\(\["PreToolUse","PermissionRequest"[^\]]*\]\)', "the events whose broken entries unload a plugin").group(0)
    )
    _, market = around(text, text.index("forceRemoveDeletedPlugins:"))
    everywhere = words(
        first(
            text, r'\["name","description","model","allowed-tools","argument-hint"[^\]]*\]', "the keys of front matters and manifests"
        ).group(0)
    )
    skill = around(text, first(text, r'"disallowed-tools":[\w$]+\(\)\.optional\(\)', "the keys of commands and skills").start())[1]
    agent = around(text, first(text, r"omitClaudeMd:[\w$]+\(\)\.optional\(\)\.describe", "the keys of agents").start())[1]
    effort = words(first(text, r'effort:[\w$]+\(\[[\w$]+\((\["low"[^\]]*\])', "effort").group(1))
    return {
        "base_input": sorted(k + "?" * optional(v) for k, v in base.items()),
        "events": {e: {"input": inputs.get(e, []), "outputs": outputs.get(e, [])} for e in events},
        "gate_events": gates,
        "handlers": handlers,
        "marketplace_keys": [k for k in market if re.match(r"\$?\w+$", k)],
        "frontmatter_and_manifest_keys": everywhere,
        "command_and_skill_keys": [k for k in skill if not k.startswith("...")],
        "agent_schema_keys": [k for k in agent if not k.startswith("...")],
        "effort": effort,
    }


# --- Its settings -----------------------------------------------------------------------------------------------------------
def chain(source):
    """(name, argument, {method: argument}) of `name(argument).method(argument)...`; None for anything else."""
    found = re.match(r"\s*([\w$]+)\(", source)
    if not found:
        return None
    end = braces(source, found.end() - 1)
    head, at, methods = source[found.end() : end - 1], end, {}
    while at < len(source):
        step = re.match(r"\.(\w+)\(", source[at:])
        if not step:
            break
        stop = braces(source, at + step.end() - 1)
        methods[step.group(1)] = source[at + step.end() : stop - 1]
        at = stop
    return found.group(1), head, methods


# Forgiven by code around the schema: a wrong value costs nothing but itself (`claude doctor`, and a hook beside it that still ran, both clients).
FORGIVEN = ("enabledMcpjsonServers", "disabledMcpjsonServers", "modelPicker", "remoteControl", "extraKnownMarketplaces")
FORGIVEN += ("additionalMarketplaces", "allowedMcpServers", "deniedMcpServers")
UNIONS = {"attribution": {"type": ["boolean", "object"]}}  # said in code


class Shapes:
    """Zod sources as JSON Schema: what cannot be said plainly is left open. What zod's functions are called here is told by keys of known types."""

    LIMITS = {"positive": ("exclusiveMinimum", "0"), "nonnegative": ("minimum", "0"), "min": ("minimum", None), "max": ("maximum", None)}
    LIMITS.update(gt=("exclusiveMinimum", None), gte=("minimum", None), lte=("maximum", None))
    KNOWN = {"boolean": "includeCoAuthoredBy", "string": "apiKeyHelper", "number": "cleanupPeriodDays", "array": "availableModels"}
    KNOWN.update(record="modelOverrides", object="statusLine", enum="availableModelsMatch")

    def __init__(self, text, keys):
        self.text, self.names = text, {}
        for kind, key in self.KNOWN.items():
            if key not in keys or not chain(keys[key].partition("=>")[2]):
                raise Unreadable("settings: the type of %s" % key)
            self.names[chain(keys[key].partition("=>")[2])[0]] = kind

    def of(self, source, depth=0):
        """The schema of a source; {} where nothing is said."""
        source = source.partition("=>")[2] if source.startswith("()=>") else source
        found = chain(source)
        if not found or depth > 5:
            return {}
        name, inner, methods = found
        kind = self.names.get(name)
        if kind is None:
            later = (
                inner if inner.startswith("()=>") else self.definition(name) if re.fullmatch(r"\w*", inner) else ""
            )  # put off, or said elsewhere
            out = self.of(later, depth + 1)
            out = {} if out.get("properties") == {} else out
        elif kind in ("boolean", "string"):
            out = {"type": kind}
        elif kind == "number":
            out = {"type": "integer" if "int" in methods else "number"}
            for method, argument in methods.items():
                if method in self.LIMITS and re.fullmatch(r"-?\d*", argument):
                    out[self.LIMITS[method][0]] = int(argument or self.LIMITS[method][1])
        elif kind == "enum":
            out = {"type": "string", "enum": words(inner)} if inner.startswith("[") and "..." not in inner else {"type": "string"}
        elif kind == "object":
            parts = {k: v for k, v in members(inner, 0).items() if not k.startswith("...")} if inner.startswith("{") else {}
            out = {"type": "object", "properties": {k: self.of(v, depth + 1) for k, v in parts.items()}}
            out["properties"] = {k: v for k, v in out["properties"].items() if v}
        else:
            out = {"type": "array" if kind == "array" else "object"}
            item = self.of(inner if kind == "array" else inner.partition(",")[2], depth + 1)
            if item and "x-forgiven" not in item:
                out["items" if kind == "array" else "additionalProperties"] = item
        if {"transform", "pipe", "or", "nullable", "nullish"} & set(methods):
            return {}
        return dict(out, **{"x-forgiven": True}) if out and "catch" in methods else out

    def definition(self, name):
        """The source that a name of the program stands for."""
        name = re.escape(name)
        found = re.search(r"(?<![\w$])%s=[\w$]+\((?=\(\)=>)|function %s\(\w*\)\{return " % (name, name), self.text)
        return self.text[found.end() : found.end() + 60000] if found else ""


def read_settings(text):
    """{key of a settings.json: JSON Schema of its value, {} where it is not said plainly}."""
    _, found = around(text, first(text, r"apiKeyHelper:\(\)=>", "the settings").start())
    keys = {key: value for key, value in found.items() if not key.startswith("...")}
    shapes = Shapes(text, keys)
    out = {key: shapes.of(value) for key, value in sorted(keys.items())}
    for key in FORGIVEN:
        out[key] = dict(out.get(key) or {"type": "object"}, **{"x-forgiven": True})
    return dict(out, **{key: shape for key, shape in UNIONS.items() if key in out})


# --- Running it ------------------------------------------------------------------------------------------------------------
def environment(home):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "ANTHROPIC_API_KEY": "dummy-key-for-loopback",
        "NO_PROXY": "127.0.0.1",
    }


def ask(binary, home, *arguments, **more):
    """stdout of `claude ARGUMENTS`, with a HOME of its own."""
    env = dict(environment(home), **more)
    done = subprocess.run(
        [binary, *arguments], cwd=home, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
    )
    return done.stdout.decode(errors="replace")


def options(help_text):
    """The options and sub-commands of a --help page."""
    flags = sorted(set(re.findall(r"^\s+(?:-\w, )?(--[a-z][\w-]*)", help_text, re.M)))
    _, _, after = help_text.partition("Commands:")
    return {"options": flags, "commands": sorted(set(re.findall(r"^  ([a-z][\w-]*)", after, re.M)))}


def read_help(binary, home):
    pages = {"claude": ["--help"], "claude plugin": ["plugin", "--help"], "claude plugin validate": ["plugin", "validate", "--help"]}
    return {name: options(ask(binary, home, *arguments)) for name, arguments in pages.items()}


def known_manifest_keys(binary, home, candidates):
    """Of the candidates, the keys that `plugin validate --strict` does not call unknown in a plugin.json."""
    folder = home / "probe/.claude-plugin"
    folder.mkdir(parents=True)
    (folder / "plugin.json").write_text(
        json.dumps(dict({key: {} for key in candidates}, name="probe", version="1.0.0", description="probe"))
    )
    said = ask(binary, home, "plugin", "validate", "--strict", "--json", str(home / "probe"))
    unknown = set(re.findall(r"[Uu]n(?:known|recognized) (?:field|key)s?:? [\"'`]?([\w$-]+)", said))
    if not unknown:
        raise Unreadable("`plugin validate` named no unknown key of a manifest full of them: " + said[:300])
    return sorted(set(candidates) - unknown)


def offered_tools(binary, home):
    """The tools that a headless lead is offered, named by the session's first event."""
    sys.path.insert(0, str(ROOT / "tests/client"))
    from model import Model, Reply, say

    (home / ".claude.json").write_text(json.dumps({"hasCompletedOnboarding": True}))
    with Model(lambda call: Reply(say("done"))) as model:
        said = ask(binary, home, "-p", "hello", "--output-format", "stream-json", "--verbose", ANTHROPIC_BASE_URL=model.url)
    for line in said.splitlines():
        if line.startswith("{") and '"init"' in line:
            return sorted(json.loads(line)["tools"])
    raise Unreadable("a headless session did not begin: " + said[:300])


def sdk_tools(binary):
    """The tools whose inputs the package's sdk-tools.d.ts declares."""
    path = pathlib.Path(binary).resolve().parents[1] / "claude-code/sdk-tools.d.ts"
    if not path.is_file():
        return []
    return sorted(set(re.findall(r"^export (?:interface|type) (\w+)Input\b", path.read_text(encoding="utf-8"), re.M)))


def read(binary):
    """Everything that can be read of the client at `binary`."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="client-facts-"))
    try:
        version = first(ask(binary, home, "--version"), r"\d+\.\d+\.\d+", "claude --version").group(0)
        out = {"client": version}
        program = bundle(binary)
        out.update(read_program(program))
        out["settings"] = read_settings(program)
        candidates = sorted(
            set(out["frontmatter_and_manifest_keys"]) | {"optionalDependencies", "binaries", "types", "icon", "$schema", "nonsense"}
        )
        out["manifest_keys"] = known_manifest_keys(binary, home, candidates)
        out["tools_offered_headless"] = offered_tools(binary, home)
        out["tools_of_the_sdk"] = sdk_tools(binary)
        out["help"] = read_help(binary, home)
        out["by_hand"] = BY_HAND
        return out
    finally:
        shutil.rmtree(home, ignore_errors=True)


# --- The files ---------------------------------------------------------------------------------------------------------------
def as_version(text):
    return tuple(int(part) for part in text.split("."))


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def save(path, data):
    """JSON with one space: the files of this folder are laid out so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def versions():
    return load(FACTS / "versions.json")


def merge(facts, seen):
    """(facts with all that was read put in, list of what only a person can add)."""
    facts, todo = copy.deepcopy(facts), []
    schemas = facts["schemas"]
    for event, what in seen["events"].items():
        known = facts["events"].get(event)
        if known is None:
            matcher = "tool_name" if any(k.rstrip("?") == "tool_name" for k in what["input"]) else None
            known = facts["events"][event] = {
                "matcher": matcher,
                "blocks": "no",
                "types": ["command", "http", "mcp_tool"],
                "if": False,
                "onFailure": True,
            }
            todo.append("events.%s: matcher, blocks and types are guesses" % event)
        if what["outputs"] or known.get("outputs"):
            known["outputs"] = ordered(known.get("outputs") or [], what["outputs"])
    for event in [e for e in facts["events"] if e not in seen["events"]]:
        del facts["events"][event]
    facts["gate_events"] = ordered(facts["gate_events"], seen["gate_events"])
    for kind, keys in seen["handlers"].items():
        fit(schemas["handlers"][kind]["properties"], keys, "handlers.%s" % kind, todo)
    before = set(schemas["plugin"]["properties"])
    fit(schemas["plugin"]["properties"], seen["manifest_keys"], "plugin.json", todo, facts["manifest_directory_fields"])
    entry = schemas["marketplace"]["properties"]["plugins"]["items"]["properties"]
    todo += [
        "marketplace.json: may an entry of plugins have %s, too? Then add it, there and in the delta" % key
        for key in schemas["plugin"]["properties"]
        if key not in before and key not in entry
    ]
    fit(schemas["marketplace"]["properties"], seen["marketplace_keys"], "marketplace.json", todo)
    for tool in seen["tools_offered_headless"]:
        if tool not in facts["tools"] and tool not in facts["tool_aliases"]:
            facts["tools"].append(tool)
            todo.append("tools: %s is new; which role may use it in a run?" % tool)
    missing = [k for k in seen["command_and_skill_keys"] if k not in facts["skill_keys"]]
    facts["skill_keys"] += missing
    facts["effort"] = ordered(facts["effort"], seen["effort"])
    facts["client"] = seen["client"]
    return facts, todo


def ordered(old, new):
    """The new list in the old one's order, what is new at the end."""
    return [x for x in old if x in new] + [x for x in new if x not in old]


def fit(properties, keys, what, todo, beside=()):
    """A schema's properties as the keys that the client knows: new ones are open, gone ones go. `beside`: keys that are said elsewhere."""
    for key in keys:
        if key not in properties and key not in beside:
            properties[key] = {}
            todo.append("%s: the shape of %s" % (what, key))
    for key in [k for k in properties if k not in keys]:
        del properties[key]


def delta(old, new, facts):
    """The entry of deltas.json that leads from the facts of `new` back to those of `old`."""
    steps, what = [], []
    for event in new["events"]:
        if event not in old["events"]:
            steps.append({"remove": ["events", event]})
            what.append(event)
    for event in sorted(set(new["gate_events"]) - set(old["gate_events"]) - set(what)):
        steps.append({"drop": ["gate_events"], "value": event})
    for kind in HANDLERS:
        for key in new["handlers"][kind]:
            if key not in old["handlers"][kind]:
                steps.append({"remove": ["schemas", "handlers", kind, "properties", key]})
                what.append("%s handlers: %s" % (kind, key))
    entries = facts["schemas"]["marketplace"]["properties"].get("plugins", {}).get("items", {}).get("properties", {})
    for key in new["manifest_keys"]:
        if key not in old["manifest_keys"]:
            steps.append({"remove": ["schemas", "plugin", "properties", key]})
            if key in entries:
                steps.append({"remove": ["schemas", "marketplace", "properties", "plugins", "items", "properties", key]})
            what.append(key)
    for key in new["marketplace_keys"]:
        if key not in old["marketplace_keys"]:
            steps.append({"remove": ["schemas", "marketplace", "properties", key]})
            what.append("marketplace: " + key)
    return {"version": new["client"], "what": ", ".join(what), "before": steps}


# --- What a release changes ------------------------------------------------------------------------------------------------------
def changes(old, new):
    """Lines: what the gate and the linter must look at, in the order of how much it matters."""
    out = []

    def both(path, before, after, gate, linter):
        for name in sorted(set(after) - set(before)):
            out.append(
                "+ %s %s%s%s"
                % (path, name, "\n    gate: " + gate % name if gate else "", "\n    linter: " + linter % name if linter else "")
            )
        for name in sorted(set(before) - set(after)):
            used = uses(name)
            out.append("- %s %s%s" % (path, name, "\n    GATE: read in %s" % ", ".join(used) if used else ""))

    both(
        "event",
        old["events"],
        new["events"],
        "hooks.json does not register %s: can it carry an act that PreToolUse does not see?",
        "a hooks.json may name %s from this version on",
    )
    both("event whose broken entry unloads the plugin:", old["gate_events"], new["gate_events"], "", "%s counts as a gate")
    both("key of every hook's input:", old["base_input"], new["base_input"], "", "")
    for event in new["events"]:
        if event in old["events"]:
            both("%s input:" % event, old["events"][event]["input"], new["events"][event]["input"], "", "")
            both("%s answer:" % event, old["events"][event]["outputs"], new["events"][event]["outputs"], "", "%s is a legal answer")
    for kind in HANDLERS:
        both("%s handler:" % kind, old["handlers"][kind], new["handlers"][kind], "", "%s is a legal key")
    both(
        "tool offered to a headless lead:",
        old["tools_offered_headless"],
        new["tools_offered_headless"],
        "which role may use %s?",
        "%s is a known tool",
    )
    both("tool declared by the package:", old["tools_of_the_sdk"], new["tools_of_the_sdk"], "which role may use %s?", "")
    both("plugin.json key:", old["manifest_keys"], new["manifest_keys"], "", "the shape of %s")
    both("marketplace.json key:", old["marketplace_keys"], new["marketplace_keys"], "", "the shape of %s")
    both("settings.json key:", old["settings"], new["settings"], "", "%s is a setting")
    for kind in ("frontmatter_and_manifest_keys", "command_and_skill_keys", "agent_schema_keys", "effort"):
        both(kind.replace("_", " ") + ":", old[kind], new[kind], "", "%s")
    for page in sorted(set(old["help"]) | set(new["help"])):
        for part in ("options", "commands"):
            both("%s --help %s:" % (page, part), old["help"].get(page, {}).get(part, []), new["help"].get(page, {}).get(part, []), "", "")
    return out


def uses(name):
    """Files of the gate that speak of a key or an event by its name."""
    word = '"%s"' % name.rstrip("?")
    found = [
        p
        for folder in ("gate", "base", "store")
        for p in sorted((ROOT / "scripts/pack" / folder).glob("*.py"))
        if word in p.read_text(encoding="utf-8")
    ]
    found += [p for p in [ROOT / "hooks/hooks.json"] if word in p.read_text(encoding="utf-8")]
    return [str(p.relative_to(ROOT)) for p in found]


def disagreements(seen):
    """Where the files do not say what was read of a client they know: lines, none when they agree."""
    path = READ / (seen["client"] + ".json")
    if not path.is_file():
        return ["nothing is written down of client %s" % seen["client"]]
    return changes(load(path), seen)


def locate(client):
    done = subprocess.run([str(ROOT / "scripts/dev/install-client"), client], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout.decode().strip().splitlines()[-1]


def main(argv=None):
    parser = argparse.ArgumentParser(prog="client-facts", description=__doc__.split("\n")[0])
    parser.add_argument("client", help="a version, `newest`, or the path of a claude binary")
    parser.add_argument(
        "--write", action="store_true", help="write the facts file of that version (and the delta, when it is a new release)"
    )
    parser.add_argument("--diff", action="store_true", help="what it changes for gate and linter, against the newest one known")
    args = parser.parse_args(argv)
    try:
        seen = read(locate(args.client))
    except (Unreadable, OSError, subprocess.SubprocessError) as error:
        print("client-facts: %s: %s" % (args.client, error), file=sys.stderr)
        return 2
    newest = versions()["newest"]
    if args.diff:
        known = load(READ / (newest + ".json"))
        lines = changes(known, seen)
        print(
            "client %s against %s: %s"
            % (seen["client"], newest, "%d changes" % len(lines) if lines else "nothing that gate or linter know has changed")
        )
        print("\n".join(lines + ["by hand (not to be read; measure again): " + ", ".join(BY_HAND)]))
        return 0
    if not args.write:
        print(json.dumps(seen, indent=1))
        return 0
    return write(seen, newest)


def write(seen, newest):
    """The files of a client: what was read; for the newest, the facts; for a new release, its delta and the version's one place."""
    version = seen["client"]
    save(READ / (version + ".json"), seen)
    if as_version(version) < as_version(newest):
        print("wrote %s" % (READ / (version + ".json")).relative_to(ROOT))
        return 0
    facts, todo = merge(load(FACTS / (newest + ".json")), seen)
    left = facts.pop("to_fill_in", []) + todo  # kept until a person has filled them in: they are guesses, and no test knows better
    if left:
        facts["to_fill_in"] = left
    if version != newest:
        facts["source"] += ", %s (%s)" % (version, datetime.date.today().isoformat())
        deltas = load(FACTS / "deltas.json")
        save(FACTS / "deltas.json", [delta(load(READ / (newest + ".json")), seen, facts)] + deltas)
        (FACTS / (newest + ".json")).unlink()
        measured = dict(versions()["measured"], **{version: datetime.date.today().isoformat()})
        save_versions(dict(versions(), newest=version, measured=measured))
    save(FACTS / (version + ".json"), facts)
    print("wrote the facts of %s" % version)
    for line in left:
        print("by hand: " + line)
    if left:
        print("They stand under `to_fill_in` in the facts: fill each in, then take its line out")
    return 0


def save_versions(data):
    (FACTS / "versions.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
