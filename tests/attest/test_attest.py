"""`pack attest` and its surroundings: how it is stored and signed, an in-toto library's reading, the matrix, a server's hook, the action."""

import json
import os
import shutil
import subprocess
import time

import pytest

from tests.attest.conftest import PACK, ROOT
from pack.report import attest as making
from pack.teams import schema


def test_an_in_toto_library_reads_the_statement(lab):
    from google.protobuf import json_format
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1 import statement_pb2

    raw = lab.statement()
    message = json_format.Parse(json.dumps(raw), statement_pb2.Statement())
    read = Statement.copy_from_pb(message)
    read.validate()
    assert read.pb.predicate_type == making.PREDICATE
    blobs = {s.name: s.digest["gitBlob"] for s in read.pb.subject if "gitBlob" in s.digest}
    assert blobs == {n: lab.git("rev-parse", "HEAD:" + n) for n in ("src/a.py", ".conventions/checks/naming.md")}
    commits = [s.digest["gitCommit"] for s in read.pb.subject if "gitCommit" in s.digest]
    assert commits == lab.git("rev-list", "--reverse", "BASE..HEAD".replace("BASE", lab.base())).split()
    assert read.pb.predicate["run"]["team"] == "feature-add-a-greeting"


def test_the_predicate_is_as_its_schema_says(lab):
    import jsonschema

    predicate = lab.statement()["predicate"]
    described = schema.load(os.path.dirname(making.__file__), "attest.schema.json")
    jsonschema.Draft202012Validator(described).validate(predicate)
    assert schema.errors(predicate, described) == []
    approval = predicate["tasks"][0]["approvals"][0]
    assert approval["role"] == "unified-reviewer" and predicate["run"]["opened"] <= approval["at"] <= predicate["run"]["closed"]
    assert predicate["verification"]["passed"] and predicate["verification"]["tests"] == 1
    assert predicate["verification"]["where"] == "checkout"
    journal = lab.read(".claude/teams/feature-add-a-greeting/journal.jsonl").strip().splitlines()
    assert predicate["journal"] == {"records": len(journal), "head": json.loads(journal[-1])["sum"]}


def test_it_lies_in_a_note_and_in_a_file(lab):
    shown = lab.git("notes", "--ref", "refs/notes/team", "show", "HEAD")
    assert shown == lab.read(".claude/teams/feature-add-a-greeting/attestation.jsonl").strip() and "\n" not in shown
    lab.git("notes", "--ref", "refs/notes/team", "append", "-m", "somebody else's words", "HEAD")
    assert lab.pack("--key", lab.key)[0] == 0  # once more: it replaces its own line, and nothing else
    rows = lab.git("notes", "--ref", "refs/notes/team", "show", "HEAD").splitlines()
    assert rows[0] == "somebody else's words" and len(rows) == 2 and lab.verify()[0] == 0
    lab.note()
    file = ".claude/teams/feature-add-a-greeting/attestation.jsonl"
    assert lab.verify()[0] == 1 and lab.verify("BASE..HEAD", "--attestation", file)[0] == 0


def test_notes_of_two_clones_merge(lab):
    """`git notes merge` with the strategy that keeps both leaves both readable."""
    lab.git("update-ref", "refs/notes/theirs", lab.git("rev-parse", "refs/notes/team"))
    lab.note(lab.sealed(lab.statement(), lab.stranger))
    lab.git("notes", "--ref", "refs/notes/team", "merge", "-q", "-s", "cat_sort_uniq", "refs/notes/theirs")
    assert lab.verify()[0] == 0


def test_gits_own_setting_signs_and_without_one_it_says_unsigned(lab):
    code, out = lab.pack()
    assert code == 0 and "UNSIGNED: no key" in out
    code, out = lab.verify()
    assert code == 1 and "does not count: unsigned" in out
    assert lab.verify("BASE..HEAD", "--allow-unsigned")[0] == 0
    lab.git("config", "gpg.format", "ssh")
    lab.git("config", "user.signingkey", lab.key)
    lab.git("config", "gpg.ssh.allowedSignersFile", lab.allowed)
    assert "signed with " + lab.key in lab.pack()[1]
    assert lab.pack("verify", "HEAD~2..HEAD")[0] == 0
    lab.git("config", "user.signingkey", os.path.join(lab.home, "gone"))
    assert "UNSIGNED: ssh-keygen could not sign" in lab.pack()[1]


def test_a_key_with_a_passphrase_asks_nobody(lab):
    locked = os.path.join(lab.home, "locked")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", locked], check=True)
    code, out = lab.pack("--key", locked)
    assert code == 0 and "UNSIGNED" in out


def test_a_run_that_ends_is_attested_where_the_user_wants_it(tmp_path):
    from tests.attest.conftest import Lab
    from tests.conftest import git
    from hooks.driver import Session
    from hooks.test_honest import finish

    lab = Lab(tmp_path)
    os.makedirs(os.path.join(lab.repo, "src"))
    lab.write("src/old.py", "OLD = 1\n")
    lab.write("test_old.py", "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n")
    lab.write("plan.md", "# Add a greeting\n")
    lab.write(".gitignore", "__pycache__/\n.claude/\n")
    lab.git("init", "-q")
    lab.git("config", "user.name", "t")
    lab.git("config", "user.email", "t@example.invalid")
    lab.git("config", "team.attest", "yes")
    lab.commit("start")
    s = Session(lab.repo, lab.data, now=time.time())
    s.setup()
    code, out = lab.pack()
    assert code == 1 and "phase EXECUTION" in out  # half a run
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    finish(s)
    until = time.monotonic() + 60
    while not lab.git("for-each-ref", "refs/notes/team") and time.monotonic() < until:
        time.sleep(0.1)
    assert git(lab.repo, "notes", "--ref", "refs/notes/team", "list").count("\n") == 1
    assert lab.pack("verify", "HEAD~2..HEAD", "--allow-unsigned")[0] == 0


def test_nothing_is_attested_that_git_does_not_have(lab):
    lab.git("reset", "-q", "--hard", lab.base())
    lab.git("reflog", "expire", "--expire=now", "--all")
    lab.git("update-ref", "-d", "refs/notes/team")
    lab.git("gc", "-q", "--prune=now")
    code, out = lab.pack("--key", lab.key)
    assert code == 1 and "no commit holds what was approved of task #1" in out


def test_the_json_names_every_path_and_what_is_missing(lab):
    lab.write("src/evil.py", "x\n")
    lab.commit()
    code, out = lab.verify("BASE..HEAD", "--json")
    found = json.loads(out)
    assert code == 1 and not found["ok"] and (found["commits"], found["changes"], found["approved"]) == (3, 3, 2)
    (row,) = found["missing"]
    assert (row["path"], row["mode"], row["blob"]) == ("src/evil.py", "100644", lab.git("rev-parse", "HEAD:src/evil.py"))
    (one,) = found["attestations"]
    assert one["counts"] and one["by"] == "me@example.invalid" and one["team"] == "feature-add-a-greeting"


def test_it_works_where_there_is_no_journal_and_no_client(lab, tmp_path):
    bare = str(tmp_path / "bare.git")
    lab.git("clone", "-q", "--mirror", lab.repo, bare, cwd=lab.home)
    shutil.rmtree(lab.data)
    assert lab.verify("BASE..main", cwd=bare)[0] == 0
    assert lab.verify("BASE..main", "--repository", bare, cwd=str(tmp_path))[0] == 0
    code, out = lab.verify("BASE..main", "--repository", str(tmp_path), cwd=str(tmp_path))
    assert code == 2 and "no git repository" in out


@pytest.mark.parametrize("text, code, says", [
    ("default: mode\n", 0, "OK"),
    ("default: [unified-reviewer]\n", 0, "OK"),
    ("default: [security-reviewer]\n", 1, "missing: security-reviewer"),
    ('paths:\n  "src/**": [unified-reviewer, tech-lead]\n', 1, "missing: tech-lead"),
    ('paths:\n  "src/": [tech-lead]\n  ".conventions/**": []\n', 1, "src/a.py"),
    ('default: [security-reviewer]\npaths:\n  "**": []\n', 0, "OK"),
    ('paths:\n  "**": []\n  "src/*.py": [tech-lead]\n', 1, "missing: tech-lead"),
    ('paths:\n  "*.py": [tech-lead]\n', 0, "OK"),
    ("enforcement: full\n", 1, "enforcement was partial"),
    ("verified: true\ncheckout: true\n", 0, "OK"),
    ("", 0, "OK"),
    ("defualt: mode\n", 2, "defualt"),
    ("default: [boss]\n", 2, "boss"),
    ("default: security-reviewer\n", 2, "a list of roles"),
    ("enforcement: strong\n", 2, "enforcement is one of"),
    ("verified: 1\n", 2, "true or false"),
    ("- a\n", 2, "a mapping"),
    ("a: [\n", 2, "matrix.yaml"),
])  # fmt: skip
def test_the_matrix(lab, text, code, says):
    path = os.path.join(lab.home, "matrix.yaml")
    with open(path, "w") as f:
        f.write(text)
    found, out = lab.verify("BASE..HEAD", "--require", path)
    assert found == code and says in out, out


def test_what_the_user_accepted_counts_where_the_matrix_says_so(lab):
    lab.write("src/extra.py", "x\n")
    lab.commit()
    blob = lab.git("rev-parse", "HEAD:src/extra.py")
    lab.bend(lambda p: p["waivers"].append({"path": "src/extra.py", "mode": "100644", "blob": blob, "at": p["run"]["closed"]}))
    path = os.path.join(lab.home, "matrix.yaml")
    with open(path, "w") as f:
        f.write("waivers: true\n")
    assert lab.verify()[0] == 1 and lab.verify("BASE..HEAD", "--require", path)[0] == 0


def test_medium_asks_for_its_reviewers_and_the_tech_lead(medium):
    assert medium.verify()[0] == 0
    roles = sorted(a["role"] for a in medium.statement()["predicate"]["tasks"][0]["approvals"])
    assert roles == ["logic-reviewer", "tech-lead"]
    medium.bend(lambda p: p["tasks"][0].update(approvals=[a for a in p["tasks"][0]["approvals"] if a["role"] != "tech-lead"], required=[]))
    code, out = medium.verify()
    assert code == 1 and "missing: tech-lead" in out


# --- a server that asks ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def server(lab):
    """A bare repository with the example's hook; its main is where the run began."""
    bare = os.path.join(lab.home, "server.git")
    lab.git("init", "-q", "--bare", "-b", "main", bare, cwd=lab.home)
    lab.git("push", "-q", bare, lab.base() + ":refs/heads/main")
    os.makedirs(os.path.join(bare, "team"))
    shutil.copy(lab.allowed, os.path.join(bare, "team", "allowed_signers"))
    with open(os.path.join(bare, "team", "matrix.yaml"), "w") as f:
        f.write("default: mode\n")
    hook = os.path.join(bare, "hooks", "pre-receive")
    os.makedirs(os.path.dirname(hook), exist_ok=True)
    shutil.copy(os.path.join(ROOT, "docs", "examples", "pre-receive"), hook)

    def push(*refs, force=False):
        done = subprocess.run(
            ["git", "-C", lab.repo, "push", *(["--force"] if force else []), bare, *refs],
            env=dict(lab.env(), PACK=PACK, PROTECTED="main release"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    lab.server, lab.push = bare, push
    return lab


def test_a_server_takes_approved_content_with_its_notes(server):
    code, out = server.push("main")
    assert code and "no attestation that counts" in out and "push refs/notes/team along" in out
    assert server.git("rev-parse", "main", cwd=server.server) == server.base()
    code, out = server.push("main", "refs/notes/team")
    assert code == 0 and "OK: 2 of 2 changes" in out, out
    assert server.git("rev-parse", "main", cwd=server.server) == server.git("rev-parse", "main")


def test_a_server_takes_notes_first_and_a_squash_later(server):
    assert server.push("refs/notes/team")[0] == 0
    server.git("checkout", "-qb", "squashed", server.base())
    server.git("merge", "-q", "--squash", "main")
    server.git("commit", "-qm", "squashed")
    assert server.push("squashed:main")[0] == 0


def test_a_server_refuses_what_nobody_approved(server):
    server.write("src/evil.py", "x\n")
    server.commit()
    code, out = server.push("main", "refs/notes/team")
    assert code and "src/evil.py" in out
    assert server.push("main:topic", "refs/notes/team")[0] == 0  # not protected
    code, out = server.push("main:release")  # known from another branch, and checked all the same
    assert code and "src/evil.py" in out
    code, out = server.push("main")
    assert code and "src/evil.py" in out


def test_a_server_refuses_to_lose_commits(server):
    assert server.push("main", "refs/notes/team")[0] == 0
    code, out = server.push(server.base() + ":refs/heads/main", force=True)
    assert code and "takes commits away" in out
    code, out = server.push(":main")
    assert code and "cannot be deleted" in out


def test_the_action_asks_for_the_same(lab):
    import yaml

    with open(os.path.join(ROOT, "action.yml"), encoding="utf-8") as f:
        action = yaml.safe_load(f)
    (step,) = [s for s in action["runs"]["steps"] if s.get("if") == "inputs.mode == 'attest'"]
    assert all(
        s.get("if", "").startswith("inputs.mode != 'attest'")
        for s in action["runs"]["steps"]
        if s["name" if "name" in s else "uses"] in ("SARIF", "Lint")
    )

    def ran(words, signers):
        env = dict(
            lab.env(),
            PATH=os.path.dirname(PACK) + os.pathsep + os.environ["PATH"],
            ATTEST_RANGE=words,
            ATTEST_SIGNERS=signers,
            ATTEST_REQUIRE="",
        )
        return subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=lab.repo, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).returncode

    assert ran("HEAD~2..HEAD", lab.allowed) == 0 and ran("HEAD", lab.allowed) == 1 and ran("HEAD", "") == 2
    with open(os.path.join(ROOT, "docs", "examples", "protected-branch.yml"), encoding="utf-8") as f:
        example = yaml.safe_load(f)
    used = example["jobs"]["approved"]["steps"][-1]["with"]
    assert set(used) <= set(action["inputs"]) and used["mode"] == "attest"


def test_what_is_committed_in_gits_own_form_is_attested_as_it_is_committed(tmp_path, monkeypatch):
    """Line ends, a pointer of Git LFS, the new commit of a submodule: the blob, or the commit, that git keeps is what counts."""
    from tests.conftest import git, make_project
    from hooks.driver import Session, plan
    from hooks.test_leftovers import LFS, WHO, settled, submodule
    from hooks.test_result import end, write

    s = Session(make_project(tmp_path / "proj", ".claude/"), tmp_path / "data", now=time.time() - 60)
    monkeypatch.setenv("LFS_STORE", s.data)
    os.makedirs(s.data)
    with open(os.path.join(s.data, "lfs.py"), "w") as f:
        f.write(LFS)
    for way in ("clean", "smudge"):
        git(s.project, "config", "filter.lfs." + way, "python3 %s/lfs.py %s" % (s.data, way))
    write(s, ".gitattributes", "*.bat text eol=crlf\n*.bin filter=lfs -text\n")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "attributes")
    submodule(s, "lib")
    settled()
    base = git(s.project, "rev-parse", "HEAD").strip()
    raw = plan()
    raw["tasks"][0]["files"] = ["src/", "lib"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    made = "printf 'a\\r\\nb\\r\\n' > src/a.bat; printf '\\001\\002' > src/a.bin; echo 'L = 2' > lib/lib"
    assert s.bash("coder-1", "%s; git -C lib %s commit -qam two" % (made, " ".join(WHO))) is None
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add src lib && git commit -qm 'feat: task #1'") is None
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    s.bash("lead", "pack verify --build true --test 'python3 -m unittest -q'")
    assert s.bash("lead", "pack teardown") is None
    end(s)
    write(s, "src/a.bin", "what lies on the disk later does not matter\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CLAUDE"))}
    env.update(HOME=s.data, CLAUDE_PLUGIN_DATA=s.data)

    def attest(*words):
        return subprocess.run([PACK, "attest", *words], env=env, cwd=s.project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    done = attest("--unsigned")
    assert done.returncode == 0, done.stdout
    done = attest("verify", base + "..HEAD", "--allow-unsigned")
    assert done.returncode == 0, done.stdout
    git(s.project, "commit", "-qam", "another pointer")
    done = attest("verify", base + "..HEAD", "--allow-unsigned")
    assert done.returncode == 1 and "src/a.bin" in done.stdout and "other content of it was approved" in done.stdout


def test_waivers_of_a_run_in_a_sub_folder_are_named_from_the_top(tmp_path):
    from tests.conftest import git
    from hooks.driver import Session
    from hooks.test_result import end, write

    app, data = tmp_path / "mono" / "app", str(tmp_path / "data")
    (app / "src").mkdir(parents=True)
    (app / "src" / "old.py").write_text("OLD = 1\n")
    (app / "plan.md").write_text("# Add a greeting\n\nSay hello.\n")
    (tmp_path / "mono" / "shared.py").write_text("S = 1\n")
    top = tmp_path / "mono"
    git(top, "init", "-q", "-b", "main")
    git(top, "config", "user.name", "t")
    git(top, "config", "user.email", "t@example.invalid")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "start")
    s = Session(app, data)
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    write(s, "src/old.py", "OLD = 2\n")
    write(s, "../shared.py", "S = 2\n")
    git(top, "commit", "-qam", "the user's own")
    assert "Still" not in s.send("UserPromptSubmit", prompt="team accept src/old.py ../shared.py")[1]["reason"]
    s.bash("lead", "pack verify --build true --test 'python3 -m py_compile src/a.py'")
    assert s.bash("lead", "pack teardown") is None
    end(s)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CLAUDE"))}
    env.update(HOME=data, CLAUDE_PLUGIN_DATA=data)
    done = subprocess.run(
        [PACK, "attest", "--print", "--project", str(app)], env=env, cwd=str(top), stdout=subprocess.PIPE, text=True, check=True
    )
    waivers = {w["path"]: w["blob"] for w in json.loads(done.stdout)["predicate"]["waivers"]}
    assert waivers == {n: git(top, "rev-parse", "HEAD:" + n).strip() for n in ("app/src/old.py", "shared.py")}
