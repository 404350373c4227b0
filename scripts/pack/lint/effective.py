"""`pack lint --effective`: what the client makes of each agent, and which hooks guard which tools."""

from . import hookfile, tools
from .matchers import names


def render(projects, facts):
    """One block a plugin."""
    lines = []
    for project in projects:
        for plugin in project.plugins:
            block = _agents(plugin, facts) + _guards(plugin, facts)
            if block:
                title = plugin.names[0] if plugin.names else plugin.scope
                lines += ["%s (%s)" % (title, plugin.root or "."), ""] + block
    return "\n".join(lines) + "\n" if lines else "no agents and no hooks\n"


def agent_state(file, facts):
    """{id, description, tools, model, notes} of one agent, as it runs."""
    plugin, front = file.plugin, file.front
    prefix = plugin.names[0] + ":" if plugin.is_plugin else ""
    notes = []
    description = None
    for key in ("description", "when_to_use", "when-to-use"):
        value = front.get(key) if front else None
        if description is None and isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            description = str(value).strip()
    granted = tools.granted(file, facts)
    if front is None or front.error:
        granted = None
        notes.append("the frontmatter is not read")
    listed = tools.listed(file, "tools") or []
    lost = [tool.text for tool in listed if not tools.is_known(tool.name, facts) or not tool.balanced]
    if lost:
        notes.append("unknown and dropped: " + ", ".join(lost))
    folded = [t.name for t in listed if t.name in facts.agent["folded_into_bash"] and granted is not None and t.name not in granted]
    if folded:
        notes.append("folded into Bash: " + ", ".join(folded))
    if granted is not None and not granted and "tools" in (front or {}):
        notes.append("cannot be spawned: no tool is left" if listed else "starts without any tool")
    ignored = [key for key in facts.agent["ignored_in_plugins"] if front and key in front and prefix]
    if ignored:
        notes.append("ignored: " + ", ".join(ignored))
    model = front.get("model") if front else None
    model = model.strip() if isinstance(model, str) and model.strip() else "inherit"
    return {
        "id": prefix + plugin.agent_name(file),
        "description": description or ("Agent from %s plugin" % plugin.names[0] if prefix else "(none: not loaded)"),
        "tools": "all tools" if granted is None else ", ".join(sorted(granted)) or "none",
        "model": model,
        "notes": notes,
    }


def _agents(plugin, facts):
    lines = []
    files = plugin.agents()
    for name in sorted(files):
        state = agent_state(files[name], facts)
        lines.append("  agent %s" % state["id"])
        lines.append("    model sees  %s" % " ".join(state["description"].split())[:160])
        lines.append("    tools       %s" % state["tools"])
        lines.append("    model       %s" % state["model"])
        lines += ["    note        %s" % note for note in state["notes"]] + [""]
    return lines


def _guards(plugin, facts):
    lines = []
    for file in plugin.of("hooks", "manifest", "settings-hooks"):
        for handler in hookfile.handlers(file):
            event = facts.events.get(handler.event)
            if event is None or event["blocks"] == "no":
                continue
            matcher = handler.group.get("matcher")
            listed = names(matcher, handler.event) if isinstance(matcher, str) and matcher not in ("", "*") else None
            covers = (
                "everything"
                if matcher in (None, "", "*") or event["matcher"] is None
                else ", ".join(listed)
                if listed
                else "/%s/" % matcher
            )
            what = handler.command or handler.value.get("url") or handler.value.get("prompt") or handler.value.get("tool") or ""
            closed = "closed" if handler.value.get("onFailure") == "block" and event["onFailure"] else "open"
            lines.append("  guard %s on %s: %s (fails %s)" % (handler.event, covers, " ".join(str(what).split())[:100], closed))
    return lines + [""] if lines else lines
