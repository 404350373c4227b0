"""Ways of writing the team's folder, the journal, the plugin and the settings from Bash. Each is refused, or (where reading a
command cannot tell) found at the next event, undone from the journal and recorded."""

import json
import os
import stat
import subprocess

import pytest

T = ".claude/teams/feature-add-a-greeting"
STATE, JOURNAL = T + "/state.md", T + "/journal.jsonl"

# The forms that were tried in the real client (CLIENT 10.3: 27 of them), and more.
WAYS = {
    "redirect": "echo x > {f}",
    "append": "echo x >> {f}",
    "clobber": "echo x >| {f}",
    "both streams": "ls /nowhere &> {f}",
    "read-write": "exec 3<> {f}; echo x >&3",
    "tee": "echo x | tee {f}",
    "tee -a": "echo x | tee -a {f}",
    "cp": "echo x > t.txt; cp t.txt {f}",
    "mv": "echo x > t.txt; mv t.txt {f}",
    "install": "install -m 600 plan.md {f}",
    "ln -sf": "ln -sf /dev/null {f}",
    "hard link": "ln {f} l.txt; echo x >> l.txt",
    "rm": "rm -f {f}",
    "unlink": "unlink {f}",
    "truncate": "truncate -s 0 {f}",
    "dd": "dd if=plan.md of={f} status=none",
    "sed -i": "sed -i s/a/b/ {f}",
    "perl -i": "perl -pi -e s/a/b/ {f}",
    "python -c": "python3 -c \"open('{f}','a').write('x')\"",
    "python heredoc": "python3 <<'EOF'\nopen('{f}','a').write('x')\nEOF",
    "node or perl -e": "perl -e \"open F,'>>','{f}'; print F 1\"",
    "awk": "awk 'BEGIN{{print \"x\" > \"{f}\"}}'",
    "ed": "printf 'a\\nx\\n.\\nw\\nq\\n' | ed {f}",
    "patch": "patch {f} plan.md",
    "cat heredoc": "cat > {f} <<'EOF'\nx\nEOF",
    "sh -c": "sh -c 'echo x >> {f}'",
    "bash heredoc": "bash <<'EOF'\necho x >> {f}\nEOF",
    "eval": "eval 'echo x >> {f}'",
    "xargs": "echo {f} | xargs rm -f",
    "find -delete": "find .claude -name '*.md' -delete",
    "find -exec": "find .claude -name '*.md' -exec rm {{}} ;",
    "cd first": "cd .claude/teams && echo x >> */state.md",
    "cd twice": "cd .claude; cd teams; echo x >> feature-add-a-greeting/state.md",
    "variable": "f={f}; echo x >> $f",
    "split variable": "a=.claude; b=teams; echo x >> $a/$b/feature-add-a-greeting/state.md",
    "glob": "echo x >> .cl*/te*/*/state.md",
    "brace": "echo x >> .{{claude,}}/teams/feature-add-a-greeting/state.md",
    "dots": "echo x >> src/../{f}",
    "absolute": "echo x >> $PWD/{f}",
    "tilde cd": "cd ~ 2>/dev/null; cd - >/dev/null; echo x >> {f}",
    "quotes": "echo x >> .cl\"aud\"e/te'am's/feature-add-a-greeting/state.md",
    "ansi quoting": "echo x >> $'.\\x63laude/teams/feature-add-a-greeting/state.md'",
    "base64": "echo ZWNobyB4ID4+IC5jbGF1ZGUvdGVhbXMvZmVhdHVyZS1hZGQtYS1ncmVldGluZy9zdGF0ZS5tZA== | base64 -d | sh",
    "command substitution": "echo x >> $(echo {f})",
    "backticks": "echo x >> `echo {f}`",
    "script file": "printf 'echo x >> {f}\\n' > go.sh; sh go.sh",
    "python file": "printf \"open('{f}','a').write('x')\" > go.py; python3 go.py",
    "symlinked folder": "ln -s .claude/teams/feature-add-a-greeting d; echo x >> d/state.md",
    "rename the folder": "mv .claude/teams .claude/teamz",
    "rename .claude": "mv .claude .clod",
    "remove the folder": "rm -rf .claude",
    "chmod": "chmod 000 {f}",
    "touch": "touch -d 2001-01-01 {f}",
    "git checkout": "git checkout -- {f}",
    "git stash -u": "git add -f {f} && git stash -q",
    "git clean": "git clean -fdxq",
    "tar": "tar cf t.tar plan.md && tar xf t.tar -C {t}",
    "rsync or cp -t": "cp plan.md -t {t}",
    "curl -o": "curl -s file:///dev/null -o {f}",
    "function": "w() {{ echo x >> {f}; }}; w",
    "subshell": "(echo x >> {f})",
    "group": "{{ echo x; }} >> {f}",
    "time and env": "env A=1 nohup tee -a {f} < plan.md > /dev/null",
    "exec redirect": "exec >> {f}; echo x",
    "process substitution": "echo x > >(cat >> {f})",
    "background": "echo x >> {f} & wait",
    "printf %b path": "echo x >> \"$(printf '%b' '.claude/te\\x61ms/feature-add-a-greeting/state.md')\"",
    "reverse": "echo x >> $(echo dm.etats/gniteerg-a-dda-erutaef/smaet/edualc. | rev)",
}


def snapshot(project):
    out = {}
    for name in ("journal.jsonl", "state.md"):
        try:
            with open(os.path.join(project, T, name), "rb") as f:
                out[name] = f.read()
        except OSError:
            out[name] = None
    return out


def attack(s, who, command):
    """Run the command as the client would; answers ("refused", why, None) or ("ran", troubles recorded afterwards, files right after it)."""
    before, left = len(s.events()), {}

    def run(given):
        subprocess.run(
            ["bash", "-c", given["command"]],
            cwd=s.project,
            env=dict(os.environ, HOME=s.data),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        left.update(snapshot(s.project))
        return {"stdout": "", "stderr": "", "interrupted": False}

    refused = s.call(who, "Bash", command=command, response=run)
    if refused:
        return "refused", refused, None
    s.send("Stop", "lead", stop_hook_active=False, background_tasks=[])  # the next event, whatever it is
    s.send("Stop", "lead", stop_hook_active=False, background_tasks=[])
    return (
        "ran",
        [r["event"] for r in s.events()[before:] if r["event"] in ("STATE_DIVERGENCE", "SNAPSHOT_NOT_FOUND", "SNAPSHOT_CONFLICT")],
        left,
    )


def healthy(s):
    """Journal whole, state.md what the journal says."""
    from pack.store.journal import read_chain
    from pack.store.render import state_md
    from pack.protocol import machine

    with open(os.path.join(s.project, JOURNAL), "rb") as f:
        raw = f.read()
    records, end, problem = read_chain(raw)
    assert problem == "" and end == len(raw)
    state = machine.initial()
    for r in records:
        machine.replay(state, r)
    with open(os.path.join(s.project, STATE), "rb") as f:
        assert sorted(f.read().split(b"\n")) == sorted(state_md(state, records[-1]["seq"]).encode().split(b"\n"))


@pytest.mark.parametrize("way", WAYS)
def test_writing_the_teams_folder(session, way):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for target in ("state.md", "journal.jsonl"):
        try_it(s, way, target)


def try_it(s, way, target):
    command = WAYS[way].format(f=T + "/" + target, t=T)
    if target != "state.md":
        command = command.replace("state.md", target)
    before = snapshot(s.project)
    what, said, left = attack(s, "coder-1", command)
    if what == "refused":
        assert snapshot(s.project)["journal.jsonl"].startswith(before["journal.jsonl"])
    elif left != before:
        assert said, "what %r wrote was not recorded" % command
    healthy(s)
    after = s.events()
    assert [r["seq"] for r in after] == list(range(1, len(after) + 1))


def test_most_forms_are_refused_before_they_run(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    refused = {w: bool(s.call("coder-1", "Bash", post=False, command=c.format(f=STATE, t=T))) for w, c in WAYS.items()}
    past = sorted(w for w, r in refused.items() if not r)
    assert len(past) <= 12, "only detected afterwards: %s" % past
    with open(os.path.join(os.environ.get("PROVE_FIGURES") or s.data, "bash-ways.json"), "w") as f:
        json.dump({"ways": len(WAYS), "refused": len(WAYS) - len(past), "detected": past}, f)


@pytest.mark.parametrize(
    "command",
    [
        "echo '{}' > .claude/settings.json",
        "mkdir -p .claude && echo '{\"disableAllHooks\":true}' > .claude/settings.local.json",
        "cp plan.md .claude/settings.json",
        "rm -rf .claude",
    ],
)
def test_settings_are_protected(session, command):
    s = session
    s.setup("SIMPLE")
    assert "PROTECTED" in s.bash("coder-1", command)


def test_the_plugin_is_protected(session):
    from pack.base.paths import PLUGIN_ROOT

    s = session
    s.setup("SIMPLE")
    target = os.path.join(PLUGIN_ROOT, "scripts", "pack", "gate", "entry.py")
    assert "PROTECTED" in s.call("coder-1", "Bash", post=False, command="echo x >> " + target)
    assert "PROTECTED" in s.call("coder-1", "Write", post=False, file_path=target, content="x")
    assert stat.S_ISREG(os.stat(target).st_mode)


def test_the_mirror_and_its_folder_are_protected(session):
    s = session
    s.setup("SIMPLE")
    for path in ("runs", "active", ""):
        assert "PROTECTED" in s.call("coder-1", "Bash", post=False, command="rm -rf " + os.path.join(s.data, path))
