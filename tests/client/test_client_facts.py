"""What is written down of the client is what the client says: read anew from the installed one, and every file against every other."""

import json
import os
import subprocess
import sys
import tokenize

import client
import pytest

sys.path.insert(0, str(client.ROOT / "scripts/dev"))
sys.path.insert(0, str(client.ROOT / "scripts"))

import client_facts as reader  # noqa: E402
from pack.lint import facts  # noqa: E402

KNOWN = sorted(reader.READ.glob("*.json"))


def keys(found):
    return sorted(found)


@pytest.mark.parametrize("path", KNOWN, ids=lambda p: p.stem)
def test_the_linters_facts_of_a_version_are_what_was_read_of_it(path):
    seen, known = reader.load(path), facts.load(path.stem)
    assert keys(known.events) == keys(seen["events"])
    for event, what in seen["events"].items():
        assert keys(known.events[event].get("outputs") or []) == keys(what["outputs"]), event
    assert set(known.gate_events) & set(known.events) == set(seen["gate_events"])
    for kind, legal in seen["handlers"].items():
        assert keys(known.schemas["handlers"][kind]["properties"]) == keys(legal), kind
    assert set(known.schemas["plugin"]["properties"]) == set(seen["manifest_keys"]) - set(known.manifest_directory_fields)
    assert keys(known.schemas["marketplace"]["properties"]) == keys(seen["marketplace_keys"])
    assert set(seen["tools_offered_headless"]) <= set(known.tools) | set(known.tool_aliases)
    assert set(seen["command_and_skill_keys"]) <= set(known.skill_keys)
    assert known.effort == seen["effort"]


def test_a_release_is_absorbed_by_the_command_alone():
    """The newest facts with the newest client merged in are the newest facts, and the delta to the release before is the one on file."""
    names = sorted((p.stem for p in KNOWN), key=reader.as_version)
    newest = reader.versions()["newest"]
    assert names[-1] == newest
    on_file = reader.load(reader.FACTS / (newest + ".json"))
    merged, todo = reader.merge(on_file, reader.load(reader.READ / (newest + ".json")))
    assert merged == on_file and not todo
    made = reader.delta(reader.load(reader.READ / (names[-2] + ".json")), reader.load(reader.READ / (newest + ".json")), on_file)
    assert made == reader.load(reader.FACTS / "deltas.json")[0]


def test_what_a_release_leaves_to_a_person_stays_in_the_facts_until_it_is_filled_in(tmp_path, monkeypatch, capsys):
    for path in reader.FACTS.rglob("*.json"):
        target = tmp_path / path.relative_to(reader.FACTS)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    newest = reader.versions()["newest"]
    monkeypatch.setattr(reader, "FACTS", tmp_path)
    monkeypatch.setattr(reader, "READ", tmp_path / "read")
    seen = json.loads(json.dumps(dict(reader.load(reader.READ / (newest + ".json")), client="99.0.0")))
    seen["events"]["PreNap"] = {"input": ["tool_name"], "outputs": []}
    seen["manifest_keys"] = sorted(seen["manifest_keys"] + ["naps"])
    wanted = ("events.PreNap: matcher", "plugin.json: the shape of naps", "marketplace.json: may an entry of plugins have naps")
    for version in (newest, "99.0.0"):  # written again, nothing is forgotten
        assert reader.write(seen, version) == 0
        told, left = capsys.readouterr().out, reader.load(tmp_path / "99.0.0.json")["to_fill_in"]
        assert len(left) == len(wanted) and all(any(line.startswith(w) for line in left) and "by hand: " + w in told for w in wanted)


def test_nothing_of_the_newest_client_is_left_to_be_filled_in():
    assert reader.load(reader.FACTS / (reader.versions()["newest"] + ".json")).get("to_fill_in") is None


def test_changes_name_what_gate_and_linter_must_look_at():
    seen = reader.load(KNOWN[-1])
    other = json.loads(json.dumps(seen))
    other["events"]["PreNap"] = {"input": ["tool_name"], "outputs": []}
    other["base_input"].remove("session_id")
    del other["events"]["PreToolUse"]
    told = "\n".join(reader.changes(seen, other))
    assert "+ event PreNap" in told and "does not register PreNap" in told
    assert "- key of every hook's input: session_id\n    GATE: read in scripts/pack/gate/" in told
    assert "- event PreToolUse\n    GATE: read in" in told and "hooks/hooks.json" in told
    assert reader.changes(seen, seen) == []
    merged, todo = reader.merge(reader.load(reader.FACTS / (reader.versions()["newest"] + ".json")), other)
    assert "PreNap" in merged["events"] and "PreToolUse" not in merged["events"] and any("events.PreNap" in line for line in todo)


def test_a_program_text_of_another_shape_is_named_not_guessed():
    with pytest.raises(reader.Unreadable, match="events"):
        reader.read_program('var a=["PreToolUse"];')
    assert reader.members('{a:r(),"b-c":u({d:[1,2]}).optional(),...e}', 0) == {"a": "r()", "b-c": "u({d:[1,2]}).optional()", "...e": "...e"}
    assert reader.optional("u({d:r().optional()})") is False and reader.optional("r().optional().describe('x')") is True


def test_versions_stand_in_one_place():
    """No rule, script or test of ours repeats the version that the pack is pinned to."""
    pinned = reader.versions()["pinned"]
    assert (
        subprocess.run([client.ROOT / "scripts/dev/install-client", "--version"], stdout=subprocess.PIPE, check=True)
        .stdout.decode()
        .strip()
        == pinned
    )
    listed = subprocess.run(["git", "ls-files"], cwd=client.ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.split("\n")
    found, both = {}, [v for version in (pinned, reader.versions()["newest"]) for v in spelled(version)]
    for name in listed:
        path = client.ROOT / name
        if name and path.is_file() and path.suffix in (".py", ".mk", ".story", ".sh", ".yml", "") and not name.startswith("findings/"):
            text = path.read_text(encoding="utf-8", errors="replace")
            if path.suffix == ".py" and any(v in text for v in both):
                text = program(path)
            found[name] = [v for v in both if v in text]
    assert {name: seen for name, seen in found.items() if seen and name not in FIRST_CLIENT_WITH} == {}
    assert [name for name in FIRST_CLIENT_WITH if not found[name]] == []


# What began with a version stays a fact of that version, whatever is pinned later: one named constant each.
FIRST_CLIENT_WITH = ("scripts/pack/gate/answers.py", "scripts/pack/gate/skill_files.py")


def spelled(version):
    """The ways in which a program writes a version."""
    return (version, version.replace(".", "-"), version.replace(".", ", "))


def program(path):
    """A Python file without its comments and docstrings, which may say what was measured with which client."""
    kept, line_began = [], True
    with open(path, "rb") as f:
        for token in tokenize.tokenize(f.readline):
            if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING):
                line_began = True
            elif token.type != tokenize.COMMENT:
                if not (line_began and token.type == tokenize.STRING):
                    kept.append(token.string)
                line_began = False
    return " ".join(kept).replace(" ,", ",")


def test_the_quick_start_names_the_pinned_client():
    page = (client.ROOT / "docs/quick-start.md").read_text(encoding="utf-8")
    assert "(%s and newer are tested)" % reader.versions()["pinned"] in page


@pytest.mark.client
def test_the_client_says_what_the_files_say(client_binary):
    """Read anew: this is the test that fails when a client changes under its version or the reader goes blind."""
    seen = reader.read(client_binary)
    if not (reader.READ / (seen["client"] + ".json")).is_file():
        assert os.environ.get("TEAM_CLIENT"), "nothing is written down of the pinned client"
        pytest.skip("client %s is not known yet: scripts/dev/client-facts %s --write" % (seen["client"], seen["client"]))
    assert reader.disagreements(seen) == []
