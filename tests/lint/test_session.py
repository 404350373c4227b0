"""lint/session.py: after every edit, save, opening and closing the same findings as a run from the beginning."""

import os
import random

import pytest
from conftest import AGENT, PLUGIN, write
from test_protocol import BAD as PROTOCOL
from test_samples import BAD as SAMPLES

from pack.lint import config, discover, engine, facts, session

PIECES = [
    "\n[x](none.md)\n",
    "\n[x](../references/notes.md#there)\n",
    "\n## There\n",
    "\n---\n",
    "name: other\n",
    "tools: Foo\n",
    'Use subagent_type: "part-1:reviewer".\n',
    "Ask the `other` agent. ",
    "\n```\ncode\n```\n",
    "\n| Role | Agent |\n|-|-|\n| x | y |\n",
    "<!-- pack-lint: ignore ref-file -- because -->\n",
    '"',
    "{",
    "@docs/x.md ",
    "Use the `foo` skill. ",
    "States: `OPEN`, `DONE`\n",
    "-->",
    '"agents": "./agents/reviewer.md",',
]


@pytest.fixture
def market(tmp_path):
    """A marketplace of plugins, each with another mistake, loose components beside them, and a manifest that names its parts."""
    root = tmp_path / "market"
    many = [files for table in (SAMPLES, PROTOCOL) for all_of_rule in table.values() for files in all_of_rule[:1]]
    names = ["part-%d" % number for number in range(12)]
    entries = ", ".join('{"name": "%s", "source": "./plugins/%s"}' % (name, name) for name in names)
    write(root, {".claude-plugin/marketplace.json": '{"name": "m", "owner": {"name": "E"}, "plugins": [%s]}\n' % entries})
    chosen = random.Random(3).sample(many, len(names))
    for name, files in zip(names, chosen):
        here = dict(PLUGIN, **{"references/notes.md": "# Notes\n\nSee [it](#notes).\n"})
        here.update((path, content) for path, content in files.items() if isinstance(content, (str, bytes)))
        write(root / "plugins" / name, here)
        manifest = root / "plugins" / name / ".claude-plugin" / "plugin.json"
        manifest.write_text(manifest.read_text(encoding="utf-8", errors="replace").replace("demo-pack", name), encoding="utf-8")
    write(root, {"extra/agents/loose.md": AGENT % "loose", "extra/agents/notes.md": "# No agent\n"})
    return root


def afresh(root, settings, overlay):
    """What a run finds in the files of the overlay, from the beginning."""
    project = discover.scan(str(root), overlay, settings.exclude)
    found = {rel: [] for rel in overlay}
    for finding in engine.run(project, facts.load(), settings):
        if finding.path in found:
            found[finding.path].append(finding.values())
    return found


def held(live, overlay):
    return {rel: [finding.values() for finding in findings] for rel, findings in live.judge(overlay).items()}


@pytest.mark.parametrize("seed", range(4))
def test_every_edit_is_judged_as_by_a_new_run(market, seed):
    chance, settings = random.Random(seed), config.load(str(market), None)
    files = sorted(file.rel for file in discover.scan(str(market)).files)
    live, texts, said = session.Session(str(market), settings, facts.load()), {}, 0
    for _ in range(45):
        what = chance.random()
        if not texts or what < 0.3:
            rel = chance.choice(files)
            with open(os.path.join(str(market), rel), encoding="utf-8", errors="replace") as handle:
                texts[rel] = handle.read()
        elif what < 0.4:
            del texts[chance.choice(sorted(texts))]
        elif what < 0.45:
            texts[chance.choice(["plugins/part-1/agents/new.md", "extra/agents/new.md", "docs/new.md"])] = AGENT % "new"
        elif what < 0.55:  # an open file or another one is saved, comes or goes
            rel = chance.choice(sorted(texts) + [chance.choice(files), "plugins/part-2/agents/came.md"])
            full = os.path.join(str(market), rel)
            if chance.random() < 0.3 and os.path.exists(full):
                os.unlink(full)
            else:
                write(market, {rel: texts.get(rel, AGENT % "came")})
            live.look_again()
        else:
            rel = chance.choice(sorted(texts))
            at = chance.randrange(len(texts[rel]) + 1)
            cut = chance.randrange(30) if chance.random() < 0.3 else 0
            texts[rel] = texts[rel][:at] + ("" if cut else chance.choice(PIECES)) + texts[rel][at + cut :]
        overlay = {rel: text.encode("utf-8", "surrogatepass") for rel, text in texts.items()}
        found = held(live, overlay)
        assert found == afresh(market, settings, overlay)
        said += sum(map(len, found.values()))
    assert said > 40  # it was no walk through files without mistakes


def test_only_what_can_differ_is_looked_at(market, monkeypatch):
    live = session.Session(str(market), config.load(str(market), None), facts.load())
    rels = ["plugins/part-1/agents/reviewer.md", "plugins/part-3/agents/reviewer.md", "plugins/part-3/commands/build.md"]
    texts = {rel: (market / rel).read_bytes() for rel in rels}
    live.judge(texts)
    looked = []
    monkeypatch.setattr(engine, "_run", lambda context, name, target: looked.append(target))
    live.judge(dict(texts, **{rels[0]: texts[rels[0]] + b"\nMore.\n"}))
    assert {getattr(target, "rel", target.root if hasattr(target, "root") else None) for target in looked} == {"plugins/part-1", rels[0]}
    looked.clear()
    live.judge(dict(texts, **{rels[0]: texts[rels[0]] + b"\nMore.\n"}))
    assert looked == []
    renamed = texts[rels[0]].replace(b"name: reviewer", b"name: examiner")
    live.judge(dict(texts, **{rels[0]: renamed}))
    assert {target.rel for target in looked if hasattr(target, "rel")} == set(rels)
