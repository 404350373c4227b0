"""A report that somebody edits by hand after pack wrote it is noticed: by `pack rt check`, and by the gates."""

import json
import os
import shutil
import zipfile

import pytest

from pack.realtime import written

from ..realtime.conftest import git, make_project, pack

PATH = {"id": "p", "adapter": "websocket", "address": "ws://127.0.0.1:9/", "rate": 200, "duration": 2, "budget_ms": {"p99": 15}, "guarantee": "at-most-once"}  # fmt: skip


@pytest.fixture
def team(tmp_path):
    folder = make_project(tmp_path / "v", {"rt": 1, "project": "V", "paths": [PATH]})
    assert pack("report", "all", "--dir", folder) == 0
    assert pack("report", "final", "--dir", folder) == 1, "nothing is measured: not certified"
    return folder


def told(team, capsys):
    """(what `pack rt check` and `pack gate check` say of edited reports, the gates' result)."""
    capsys.readouterr()
    assert pack("rt", "check", "--dir", team) == 0
    checked = [line for line in capsys.readouterr().out.splitlines() if line.startswith("EDITED")]
    pack("gate", "check", "--dir", team)
    assert checked == [line for line in capsys.readouterr().out.splitlines() if line.startswith("EDITED")]
    pack("gate", "check", "--json", "--dir", team)
    return checked, json.loads(capsys.readouterr().out)


def test_untouched_reports_are_not_told(team, capsys):
    lines, result = told(team, capsys)
    assert lines == [] == result["reports"]
    assert pack("report", "all", "--dir", team) == 0 and told(team, capsys)[0] == []
    os.remove(team / "reports" / "status_001.pptx")
    assert told(team, capsys)[0] == [], "old reports may go"


@pytest.mark.parametrize("name", ["status_001.pptx", "activity_001.pdf", "final.pdf", "final.pptx", "CERTIFICATION.md"])
def test_an_edited_report_is_told_and_blocks_the_release(team, capsys, name):
    path = team / "reports" / name
    if name.endswith("pptx"):
        with zipfile.ZipFile(path, "a") as deck:
            deck.writestr("docProps/note.txt", "P99 1 ms")
    elif name.endswith("md"):
        path.write_text(path.read_text().replace("NOT CERTIFIED", "CERTIFIED"))
    else:
        path.write_bytes(path.read_bytes() + b"\n% P99 1 ms\n")
    lines, result = told(team, capsys)
    assert len(lines) == 1 and "reports/%s was edited after pack wrote it" % name in lines[0]
    gate = {g["id"]: g for g in result["gates"]}["deployment_approved"]
    assert gate["verdict"] == "FORGED" and name in gate["reasons"][0] and "pack report" in gate["next"]
    assert {g["verdict"] for g in result["gates"] if g["id"] != "deployment_approved"} == {"MISSING"}, "no other gate looks at reports"


def test_a_report_written_again_is_as_pack_wrote_it(team, capsys):
    path = team / "reports" / "CERTIFICATION.md"
    path.write_text("status: CERTIFIED\n")
    assert told(team, capsys)[0]
    assert pack("report", "final", "--dir", team) == 1
    assert told(team, capsys)[0] == []


def test_whoever_edits_the_list_too_is_told(team, capsys):
    path, listed = team / "reports" / "final.pdf", team / "reports" / written.FILE
    before = listed.read_bytes()
    path.write_bytes(b"P99 1 ms")
    listed.write_bytes(before.replace(b'"seq":1', b'"seq":9', 1))
    assert "line 1 was changed" in told(team, capsys)[0][0]
    listed.write_bytes(b"".join(before.splitlines(True)[:2]))  # cut back to before the final one
    assert "was cut back or written anew: git notes" in told(team, capsys)[0][0]
    os.remove(listed)
    assert "was cut back or written anew" in told(team, capsys)[0][0]
    shutil.rmtree(team / "reports")
    assert "was cut back" in told(team, capsys)[0][0]


def test_without_git_the_list_itself_still_tells(tmp_path, capsys):
    team = make_project(tmp_path / "v", {"rt": 1, "project": "V", "paths": [PATH]})
    shutil.rmtree(tmp_path / "v" / ".git")
    assert pack("report", "pdf", "--dir", team) == 0
    (team / "reports" / "activity_001.pdf").write_bytes(b"P99 1 ms")
    capsys.readouterr()
    assert pack("rt", "check", "--dir", team) == 0
    assert "reports/activity_001.pdf was edited" in capsys.readouterr().out


def test_a_clone_without_notes_and_reports_says_nothing(team, tmp_path, capsys):
    (team.parent / ".gitignore").write_text("")
    git(team.parent, "add", "-A")
    git(team.parent, "commit", "-qm", "reports too")
    git(tmp_path, "clone", "-q", str(team.parent), str(tmp_path / "c"))
    assert told(tmp_path / "c" / ".team", capsys)[0] == []
