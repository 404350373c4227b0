"""What judging the result costs, in CPU of the hook's whole process tree. Prints; asserts nothing.

    python bench/result.py [--base REVISION] [--files 20,2000]

guarded   an Edit by the owner of a task beside so many files of a DONE task; with --base against that revision's build, pair by pair
proof     `pack teardown` of a run whose DONE task changed 2,000 files in 200 commits: the hook that makes the closing proof
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "scripts")]
COMMITS = 200


def git(folder, *args):
    subprocess.run(("git", "-C", folder) + args, check=True, stdout=subprocess.DEVNULL)


def prepare(root, folder, files, commits):
    """In a process of its own, with the code of `root`: a run with a DONE task of so many files. Prints {"env", "line", "payload"} of the
    call that is measured: an Edit, or with commits `pack teardown`."""
    sys.path[:0] = [os.path.join(root, "tests"), os.path.join(root, "scripts")]
    from hooks.driver import Session, plan

    project = os.path.join(folder, "proj")
    os.makedirs(os.path.join(project, "src"))
    for name, text in (("plan.md", "# Bench\n\nx\n"), (".gitignore", ".claude/\n"), ("src/old.py", "OLD = 1\n")):
        with open(os.path.join(project, name), "w") as f:
            f.write(text)
    git(project, "init", "-q", "-b", "main")
    git(project, "config", "user.name", "t")
    git(project, "config", "user.email", "t@example.invalid")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "start")
    s = Session(project, os.path.join(folder, "data"))
    raw = plan()
    raw["tasks"][0]["files"] = ["src/"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    make = "mkdir -p src/d; for i in $(seq %d); do echo \"x = $i\" > src/d/f$i.py; done" % files
    s.bash("coder-1", make)
    s.review("coder-1", 1)
    for n in range(commits - 1):
        step = files // commits
        git(project, "add", *["src/d/f%d.py" % i for i in range(n * step + 1, n * step + step + 1)])
        git(project, "commit", "-qm", "feat: task #1, part %d" % n)
    s.bash("coder-1", "git add src && git commit -qm 'feat: task #1'")
    s.say("coder-1", "supervisor", "DONE: task #1")
    if commits:
        s.do_task("coder-1", 2, ".conventions/checks/naming.md")
        s.bash("lead", "pack verify --build true --test 'python3 -m py_compile src/d/f1.py'")
        tool, given, who = "Bash", {"command": "pack teardown"}, {}
    else:
        s.say("coder-1", "supervisor", "CLAIM: task #2")
        tool = "Edit"
        given = {"file_path": os.path.join(project, ".conventions", "checks", "naming.md"), "old_string": "a", "new_string": "b"}
        who = dict(zip(("agent_id", "agent_type"), s.agents["coder-1"]))
    payload = dict(
        who, session_id=s.session, transcript_path=os.path.join(folder, "t.jsonl"), cwd=project, hook_event_name="PreToolUse",
        permission_mode="default", tool_name=tool, tool_use_id="toolu_bench", tool_input=given,
    )  # fmt: skip
    with open(os.path.join(root, "hooks", "hooks.json")) as f:
        line = json.load(f)["hooks"]["PreToolUse"][0]["hooks"][0]["command"].replace("${CLAUDE_PLUGIN_ROOT}", root)
    print(json.dumps({"env": s.env, "line": line, "payload": payload}))


def prepared(root, folder, files, commits=0):
    """The measured call as a function that answers its CPU in milliseconds."""
    from measure import cpu

    os.makedirs(folder)
    words = [sys.executable, os.path.abspath(__file__), "--prepare", root, folder, str(files), str(commits)]
    found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    data = json.dumps(found["payload"]).encode()
    return lambda: cpu(["sh", "-c", found["line"]], dict(os.environ, **found["env"]), data)


def main():
    if sys.argv[1:2] == ["--prepare"]:
        return prepare(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    p = argparse.ArgumentParser(description="what judging the result costs")
    p.add_argument("--base", help="a revision to compare a guarded call with")
    p.add_argument("--files", default="20,2000")
    given = p.parse_args()
    from measure import cpu, pair

    with tempfile.TemporaryDirectory() as temp:
        base = os.path.join(temp, "base")
        if given.base:
            os.makedirs(base)
            archive = subprocess.run(["git", "-C", ROOT, "archive", given.base], check=True, stdout=subprocess.PIPE).stdout
            subprocess.run(["tar", "-x", "-C", base], input=archive, check=True)
        bare = lambda: cpu([os.path.realpath(sys.executable), "-I", "-S", "-E", "-c", "pass"], dict(os.environ))
        for files in map(int, given.files.split(",")):
            mine = prepared(ROOT, os.path.join(temp, "now%d" % files), files)
            other = prepared(base, os.path.join(temp, "base%d" % files), files) if given.base else bare
            pair("%d files" % files, mine, other)
        proof = prepared(ROOT, os.path.join(temp, "proof"), 2000, COMMITS)()
        print("proof     %6.0f ms  of CPU: 2,000 changed files, %d commits" % (proof, COMMITS))


if __name__ == "__main__":
    main()
