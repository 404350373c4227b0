"""--fix on every made-up plugin that holds something fixable: one run mends it all, a second changes nothing."""

import json
import os
import subprocess

import pytest
from conftest import AGENT, PLUGIN, ROOT, lint, write
from test_client_cases import CORPUS, build
from test_hunt import CASES, lay
from test_samples import BAD

from pack.lint.cli import main
from pack.lint.fix import apply


def _hunt(root, case):
    build(root, {"base": "ok-baseline", "files": {}})
    lay(root, case["files"])


def _sample(root, files):
    write(root, PLUGIN)
    write(root, files)


ALL = [(case["name"], build, case) for case in CORPUS["cases"]]
ALL += [("hunt-" + case["name"], _hunt, case) for case in CASES]
ALL += [("%s-%d" % (rule, index), _sample, files) for rule, many in BAD.items() for index, files in enumerate(many)]


def content(root):
    """{path: bytes} of the regular files of a tree."""
    found = {}
    for folder, _, names in os.walk(str(root)):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as handle:
                    found[os.path.relpath(path, str(root)).replace(os.sep, "/")] = handle.read()
    return found


@pytest.mark.parametrize("part", range(8))
def test_one_run_mends_all_that_can_be_mended(part, tmp_path, capsys):
    mended = 0
    for name, make, case in ALL[part::8]:
        root = tmp_path / name / "demo-pack"
        make(root, case)
        found = lint(root)[1]
        fixable = [finding for finding in found if finding["fixable"]]
        if not fixable:
            continue
        mended += 1
        before = content(root)
        assert main([str(root), "--fix", "--no-cache"]) in (0, 1)
        after = content(root)
        changed = {path for path in before if before[path] != after[path]}
        assert set(after) == set(before) and changed, name
        for path in changed:  # line ends, a byte-order mark and the last line break stay as they were
            old, new = before[path], after[path]
            assert old.count(b"\r") == new.count(b"\r"), name
            assert old[:3] == b"\xef\xbb\xbf" or new[:3] != b"\xef\xbb\xbf", name
            assert old.endswith(b"\n") == new.endswith(b"\n"), name
        left = lint(root)[1]
        assert not [finding for finding in left if finding["fixable"]], name
        said = {(finding["path"], finding["rule"], finding["message"]) for finding in left}
        assert not [f for f in fixable if (f["path"], f["rule"], f["message"]) in said], name
        main([str(root), "--fix", "--no-cache"])
        assert content(root) == after, name
    capsys.readouterr()
    assert mended > 2


def test_only_the_named_files_change(tmp_path, capsys):
    bad = "---\nname: %s\ndescription: Reviews a change. Use when one is ready.\ntools: read\n---\nx\n"
    _sample(tmp_path, {"agents/a.md": bad % "a", "agents/b.md": bad % "b"})
    main([str(tmp_path / "agents" / "a.md"), "--fix"])
    assert "tools: Read" in (tmp_path / "agents" / "a.md").read_text()
    assert (tmp_path / "agents" / "b.md").read_text() == bad % "b"


def test_fixes_that_touch_wait_for_the_next_round():
    assert apply("abcdef", [[(0, 2, "X")], [(1, 3, "Y")], [(4, 5, "Z")]]) == "XcdZf"
    assert apply("abc", [[(1, 1, "X")], [(1, 1, "Y")]]) == "aXbc"


def test_fixes_that_undo_each_other_come_to_an_end(tmp_path):
    from pack.lint import discover, fix
    from pack.lint.engine import Finding

    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "a.md").write_text("a")
    rounds = []

    def again(overlay):
        project = discover.scan(str(tmp_path), overlay)
        text = project.files[0].text
        rounds.append(text)
        swap = [(0, 1, "b" if text == "a" else "a")]
        return project, [Finding("agents/a.md", (1, 1, 1, 1), "error", "x", "x", swap)]

    project, findings = again(None)
    changes, left = fix.mend(project, findings, None, again)
    assert len(rounds) < 5 and left and changes == {}, "neither holds: nothing is written"


FRONT = "---\nname: %s\ndescription: Does a thing. Use when asked.\n%s---\nGo.\n"
UNSURE = [
    # two slips of one key: one of them is mended, the other would be there twice
    {"skills/s/SKILL.md": FRONT % ("s", "allowed_tool: Read\nallowed-tool: Grep\n")},
    {"skills/s/SKILL.md": FRONT % ("s", "allowed_tools: Read\nallowed-tools: Grep\n")},
    {"agents/a.md": FRONT % ("a", "tool: Read\nTools: Grep\n")},
    {"hooks/hooks.json": '{"hooks": {"stop": [], "STOP": []}}\n'},
    # a word of the prose
    {
        "references/states.md": "# S\n\n| State | Meaning |\n|---|---|\n| `ACTIVE` | runs |\n| `CLOSING` | ends |\n",
        "commands/build.md": FRONT.replace("name: %s\n", "") % ""
        + "See references/states.md. It prints ACTION REQUIRED, `ACTION REQUIRED` and CLOSNG.\n",
    },
]


@pytest.mark.parametrize("files", UNSURE)
def test_what_is_not_sure_is_left_alone(files, tmp_path, capsys):
    _sample(tmp_path, files)
    main([str(tmp_path), "--fix", "--no-cache"])
    capsys.readouterr()
    for path, text in files.items():
        new = (tmp_path / path).read_text(encoding="utf-8")
        keys = [line.split(":")[0].strip('" {') for line in new.split("\n") if ":" in line]
        assert path.endswith(".json") or len(keys) == len(set(keys)), new
        if path.endswith(".json"):
            assert len(json.loads(new)["hooks"]) == 2, new
        assert new.split("\n---\n", 1)[-1] == text.split("\n---\n", 1)[-1] or path.endswith(".json"), "the body"


def test_an_event_in_yaml_is_mended_whole(tmp_path, capsys):
    hooks = "hooks:\n  stop:\n    - hooks:\n        - type: command\n          command: 'true'\n"
    _sample(tmp_path, {"skills/s/SKILL.md": FRONT % ("s", hooks)})
    main([str(tmp_path), "--fix", "--no-cache"])
    capsys.readouterr()
    assert (tmp_path / "skills/s/SKILL.md").read_text() == FRONT % ("s", hooks.replace("stop:", "Stop:"))


@pytest.mark.parametrize(
    "line,mended",
    [
        ("argument: The bug to look for, or where it shows", "argument-hint: The bug to look for, or where it shows"),
        ("argument: target", "arguments: target"),
        ("argument: |\n  The bug.\n  Where it shows.", None),
    ],
)
def test_a_hint_does_not_become_names(line, mended, tmp_path, capsys):
    """`arguments` declares the names of placeholders: a sentence there would make one of each word."""
    _sample(tmp_path, {"skills/s/SKILL.md": FRONT % ("s", line + "\n")})
    main([str(tmp_path), "--fix", "--no-cache"])
    capsys.readouterr()
    assert (tmp_path / "skills/s/SKILL.md").read_text(encoding="utf-8") == FRONT % ("s", (mended or line) + "\n")


PACK = os.path.join(ROOT, "bin", "pack")
READS = (AGENT % "reviewer").replace("tools: Read", "tools: read")


@pytest.mark.parametrize("text", [READS, READS.replace("\n", "\r\n"), READS.rstrip("\n"), "\ufeff" + READS])
def test_git_applies_the_diff(text, tmp_path):
    write(tmp_path, dict(PLUGIN, **{"agents/my reviewer.md": text, "agents/reviewer.md": None}))
    shown = subprocess.run([PACK, "lint", "--diff", "--no-cache"], cwd=tmp_path, stdout=subprocess.PIPE, check=False).stdout
    done = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=shown, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert not done.stdout, done.stdout
    assert content(tmp_path)["agents/my reviewer.md"] == text.replace("tools: read", "tools: Read").encode()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"), reason="root writes everywhere"
)
def test_a_folder_that_nobody_may_write_into(tmp_path):
    write(tmp_path / "demo-pack", dict(PLUGIN, **{"agents/reviewer.md": READS}))
    os.chmod(tmp_path / "demo-pack" / "agents", 0o555)
    command = [PACK, "lint", "--fix", "--no-cache", str(tmp_path / "demo-pack")]
    if os.geteuid() == 0:  # root without what lets it write everywhere
        command = ["/usr/bin/setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-fowner"] + command
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    assert done.returncode == 2 and b"agents/reviewer.md cannot be written: Permission denied" in done.stderr, done.stderr
    assert content(tmp_path)["demo-pack/agents/reviewer.md"] == READS.encode()
