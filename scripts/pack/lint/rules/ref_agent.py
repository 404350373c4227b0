"""A prompt spawns an agent that does not exist

The Agent tool refuses an unknown `subagent_type`. A plugin's agents are called `plugin:agent`; the bare name does not
resolve. A skill with `context: fork` and such an `agent` runs in general-purpose, with every tool, and nothing says so
(findings/client-skill-agent-that-is-not-there.sh).

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Spawn an agent with subagent_type: "demo-pack:ghost".

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Spawn an agent with subagent_type: "demo-pack:reviewer".

Source: client, measured
"""

from .. import ref_names, refs
from ..lazy import lazy
from ..near import nearest
from ..negation import head_of_list, negated
from ..source import line_start, line_stop

SEVERITY = "error"
FILES = ("agent", "command", "skill", "prose")


def check(file, context):  # noqa: C901 - each skip is a false alarm that was seen
    """subagent_type values, @agent- mentions, the agent key of commands and skills, `name` agent in prose."""
    project, plugin, facts = context.project, file.plugin, context.facts
    if plugin is None or plugin.scope in ("loose", "sniff") or plugin.scope.startswith("component:"):
        return  # the agents may stand in a folder that is not looked at
    own = plugin.agents()
    ids = project.agent_ids
    if file.kind == "prose" and refs.is_template(file):
        return  # what is made from it names others
    yield from _by_file(file, own)
    for ref in ref_names.agents(file):
        if ref.fenced and file.kind not in ("command", "agent"):
            continue  # a fenced call is an instruction in a command or agent; elsewhere it teaches
        name = ref.name
        if name not in own and negated(file.text, *ref.span):
            continue  # "do not spawn `x:y`, it will fail"
        if ref.kind == "key" and file.front.get("context") != "fork":
            continue  # it has no effect at all (command-value)
        if file.kind in ("prose", "readme") and ref.kind != "type" and name not in own and not _of_ours(file, own, name):
            continue
        if "/" in name:
            near = nearest(name.replace("/", ":"), ids)
            yield file.hit(ref.span, "no agent %r: plugin and agent are joined by a colon%s" % (name, near))
            continue
        if ref.kind == "prose" and name in plugin.names and name not in own:
            continue  # "delegate to the demo-pack subagents": those of the plugin
        if plugin.scope == "bare" and not plugin.manifest and not own and not plugin.of("agent"):
            continue  # skills alone, without a manifest: whose agents they speak of is not known
        if file.text.startswith("|", line_start(file.text, ref.span[0])) and _WRONG.search(head_of_list(file.text, ref.span[0])):
            continue  # a table of what is wrong and right
        if ref.kind == "prose" and name in facts.official_skills.split():
            continue  # `the `pr-review-toolkit` agents`: a plugin of Anthropic's
        if (
            _resolves_bare(plugin, own, name)
            or _said_of_another(file, ref)
            or ref_names.of_another_program(file.text, ref.span)
            or any(host in file.name.lower() for host in _HOSTS)
        ):
            continue
        if name in ids or name in facts.agent["builtin"]:
            continue
        if name.lower() in ("general-purpose", "explore", "plan"):
            if ref.kind == "key":
                right = next(one for one in facts.agent["builtin"] if one.lower() == name.lower())
                text = "no agent %r: the skill runs in general-purpose, with every tool; write %r"
                yield file.hit(ref.span, text % (name, right), [ref.span + (right,)], "warning")
            continue
        if ref.kind == "prose" and name + ".md" in file.text and plugin.path("agents/%s.md" % name) in project.listing:
            continue  # `agents/x.md` stands beside it: whoever reads this opens that file
        if _to_come(file.text, ref.span) or name not in own and _made_from_data(project, name):
            continue
        if ref.kind == "prose" and name in plugin.commands() or _is_a_file(plugin, name):
            continue  # an agent that runs the skill of that name; one that a skill puts into the user's .claude/agents
        prefix, colon, rest = name.partition(":")
        if not colon and name not in own and _of_the_user(plugin, name):
            continue
        if colon:
            if prefix in project.plugin_names and not ref_names.listed_only(project, prefix):
                if ref.kind == "mention" and name in project.command_ids:
                    continue
                yield file.hit(ref.span, "no agent %r%s" % (name, nearest(name, ids)))
            elif (
                ref.kind == "type"
                and file.kind not in ("prose", "readme")
                and not ref_names.depends_on(plugin, prefix)
                and not ref.fenced
                and prefix not in project.plugin_names
                and not _asked_for(plugin, prefix)
                and not _EXAMPLES.search(file.text, max(0, ref.span[0] - 160), ref.span[0])
            ):
                text = "no plugin %r here or among the dependencies: agent %r may not exist%s"
                yield file.hit(ref.span, text % (prefix, name, nearest(name, ids)), severity="warning")
            continue
        if plugin.scope == "project":
            if own and name not in own and not ref.fenced and ref.kind != "prose":
                yield file.hit(ref.span, "no agent %r in .claude/agents%s" % (name, nearest(name, own)), severity="warning")
            continue
        if name in own:
            if ref.kind == "prose" or plugin.scope == "bare" and not plugin.manifest:
                continue  # a folder without a manifest may be meant for .claude, where the bare name resolves
            full = "%s:%s" % (plugin.names[0], name)
            yield file.hit(ref.span, "the bare name %r does not resolve; write %r" % (name, full), [ref.span + (full,)], "warning")
        elif ref.fenced and ref.kind == "type":
            elsewhere = sorted(one for one in ids if one.split(":", 1)[1] == name)
            if elsewhere:
                yield file.hit(ref.span, "the bare name %r does not resolve; write %r" % (name, elsewhere[0]), None, "warning")
        elif not ref.fenced and own:
            elsewhere = sorted(one for one in ids if one.rpartition(":")[2] == name)
            if elsewhere and ref.kind != "prose":
                yield file.hit(ref.span, "the bare name %r does not resolve; write %r" % (name, elsewhere[0]), None, "warning")
            elif not elsewhere:
                yield file.hit(
                    ref.span,
                    "no agent %r%s" % (name, nearest(name, own)),
                    severity="warning" if ref.kind == "prose" else None,
                )
        elif not ref.fenced and ref.kind != "prose":
            elsewhere = sorted(one for one in ids if one.split(":", 1)[1] == name)
            hint = "write %r" % elsewhere[0] if elsewhere else "the plugin has no agents"
            yield file.hit(ref.span, "the bare name %r does not resolve; %s" % (name, hint), severity="warning")


def _to_come(text, span):
    """Does the paragraph say that the agent is not there yet (`is tracked as a follow-up. When wired, ...`)?"""
    begin = max(text.rfind("\n\n", max(0, span[0] - 500), span[0]), span[0] - 500, 0)
    return _LATER.search(text, begin, line_stop(text, span[0])) is not None


def _made_from_data(project, name):
    """Is there `agents/yaml/NAME.yaml`, from which a build writes the agent?"""
    ends = tuple("/%s%s" % (name, end) for end in (".yaml", ".yml", ".toml"))
    return any(rel.endswith(ends) and "agents/" in rel for rel in project.listing)


_LATER = lazy(
    r"(?i)\b(?:as an? follow-?up|when wired|not (?:yet )?(?:wired|implemented|built|shipped)|coming soon|planned for|in a later (?:release|slice|phase))\b"
)
_WRONG = lazy(r"(?i)anti-?patterns?|\b(?:wrong|mistakes?|bad|don't|do not|never|deprecated|old)\b|❌")
_EXAMPLES = lazy(r"(?i)\((?:e\.g\.|for example)[^)]*\Z")
_LIVE_EXAMPLE = lazy(r"(?i)\bexample: [^\n]*\Z")
_HOSTS = ("opencode", "codex", "cursor", "gemini", "copilot", "windsurf")  # a page on another program
_OF_PROJECT = lazy(r"(?i)\bproject agents?\b|[\"'`] \(project-level\)")
_IN_BRACKETS = lazy(r"`?\*{0,2} (?:sub-?)?agents?\*{0,2} \(`?([\w.-]+)`? plugin\b")
_USERS = lazy(r"~/\.claude/agents/([\w-]+)")
_ADJECTIVE = lazy(r"`\*{0,2} agents\b")
_MADE = lazy(r"(?i)\b(?:creates?|generates?|scaffolds?|produces?|makes?):? (?:the |an? )?`?\Z")
_AT_HOME = lazy(r"`?\*{0,2} (?:sub-?)?agents?\b[^.;]{0,40}[\s`]~/\.claude/")
_FROM = lazy(r"`?\*{0,2} (?:sub-?)?agents? (?:\([^)\n]{0,60}\) )?(?:from|of|by|in) (?:the )?[\[`]{0,2}[\w.-]+/[\w.-]+")


def _asked_for(plugin, prefix):
    """Does the README name the other plugin among what has to be installed?"""
    return any(
        "plugin install " + prefix in file.text or "%s plugin" % prefix in file.text.replace("`", "").lower()
        for file in plugin.of("readme")
    )


def _of_the_user(plugin, name):
    """Does a page of the plugin say that it is one of ~/.claude/agents? There the bare name resolves."""
    if "at home" not in plugin.memo:
        texts = "\n".join(
            file.text for file in plugin.of("readme", "agent", "prose", "command", "skill") if "~/.claude/agents/" in file.text
        )
        plugin.memo["at home"] = frozenset(_USERS.findall(texts))
    return name in plugin.memo["at home"]


def _resolves_bare(plugin, own, name):
    """In a folder without a manifest agents of subfolders are meant for .claude/agents, where the name in the frontmatter counts."""
    if not plugin.is_collection or ":" in name:
        return False
    return any(one.rpartition(":")[2] == name for one in own)


def _said_of_another(file, ref):
    """`the official `x` agent from [owner/repository](...)`"""
    text, (start, end) = file.text, ref.span
    if ref.kind == "prose" and file.kind == "prose" and _LIVE_EXAMPLE.search(text, line_start(text, start), start):
        return True  # (live example: the `x` agent of some repository)
    if ":" not in ref.name and _OF_PROJECT.search(text, line_start(text, start), line_stop(text, end)):
        return True  # the project's, which is found by its bare name
    if ref.kind == "prose" and (_MADE.search(text, max(0, start - 30), start) or _AT_HOME.match(text, end)):
        return True  # one that is made, or one of the user's own
    named = _IN_BRACKETS.match(text, end) if ref.kind == "prose" else None
    if named and named.group(1) not in file.plugin.names:
        return True  # `x` agent (other plugin)
    if ref.kind == "prose" and "-" not in ref.name and _ADJECTIVE.match(text, end):
        return True  # `active` agents: those that are so
    if ref.kind == "prose" and text.endswith((" a `", " an `", "*a `"), 0, start):
        return True  # `a `db-migration` agent`: one of that sort, which is to be made
    before = text[max(0, start - 14) : start].strip("`* \n").split()[-1:]
    return ref.kind == "prose" and (_FROM.match(text, end) is not None or before[:1] in (["official"], ["old"], ["former"], ["legacy"]))


def _is_a_file(plugin, name):
    """Does the plugin hold NAME.agent.md, or NAME.md in a folder of agents that is not loaded as such (templates, say)?"""
    if name in plugin.agents() or ":" in name:
        return False
    ends, own = ("/" + name + ".agent.md", "/agents/" + name + ".md"), plugin.path("agents/%s.md" % name)
    if any(("/" + rel).endswith(ends) and rel != own for rel in plugin.project.below(plugin.root)):
        return True
    end = "/agents/%s.md" % name  # or below a skill of another plugin of the tree
    return any(rel.endswith(end) and "/skills/" in rel for rel in plugin.project.listing)


def _of_ours(file, own, name):
    """Does a document speak of the plugin's agents, or of agents at large (a page of the client's own guide, say)?"""
    return any(one in file.text for one in own) or nearest(name, own) != ""


def _by_file(file, own):
    """`the coder agent`, when agents/coder.md calls itself something else and nothing is called coder."""
    renamed = file.plugin.memo.get("renamed")
    if renamed is None:
        renamed = file.plugin.memo["renamed"] = [
            (stem, name, agent)
            for name, agent in own.items()
            for stem in [agent.rel.rpartition("/")[2][:-3]]
            if not (name.endswith(stem) or name.startswith(stem) or stem in own or len(stem) < 4)
        ]
    for stem, name, agent in renamed:
        if stem + " agent" not in file.text:
            continue
        at = file.text.find("the %s agent" % stem, file.body_start)
        if at >= 0 and not file.prose.hidden(at):
            text = "no agent %r: %s is called %r"
            yield file.hit((at + 4, at + 4 + len(stem)), text % (stem, agent.plugin.sub(agent.rel), name), severity="warning")
