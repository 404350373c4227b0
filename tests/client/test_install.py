"""README.md and docs/upgrade.md, to the letter: its install commands in the real client, in a fresh clone whose path is no easy one."""

import os
import shlex
import shutil
import subprocess

import client


def test_the_install_commands_of_the_readme_work_as_they_stand(client_binary, tmp_path):
    """`marketplace add .` did not: the client wants `./`."""
    readme = (client.ROOT / "README.md").read_text(encoding="utf-8")
    commands = [shlex.split(line, comments=True)[1:] for line in readme.splitlines() if line.startswith("claude plugin ")]
    assert [words[:2] for words in commands] == [["plugin", "marketplace"], ["plugin", "install"]]
    home = client.Home(tmp_path, "", project="Käse und Brot")
    home.project.rmdir()
    subprocess.run(["git", "clone", "-q", str(client.ROOT), str(home.project)], check=True)
    for words in commands:
        done = client.run_cli(client_binary, home, *words)
        assert done.returncode == 0, done.stdout
    listed = client.run_cli(client_binary, home, "plugin", "list").stdout
    assert "team@team-pack" in listed and "enabled" in listed
    # docs/upgrade.md: `marketplace update`, `update`, `uninstall`, `marketplace remove`, as they stand
    upgrade = (client.ROOT / "docs" / "upgrade.md").read_text(encoding="utf-8")
    more = [shlex.split(line, comments=True)[1:] for line in upgrade.splitlines() if line.startswith("claude plugin ")]
    assert [words[1] for words in more] == ["marketplace", "update", "uninstall", "marketplace"]
    for words in more:
        done = client.run_cli(client_binary, home, *words)
        assert done.returncode == 0, done.stdout
    assert "team@team-pack" not in client.run_cli(client_binary, home, "plugin", "list").stdout


def started(folder, path, **env):
    """What `make start` says in a clone whose demo says only that it was played."""
    subprocess.run(["git", "clone", "-q", str(client.ROOT), str(folder)], check=True)
    (folder / "scripts" / "demo").write_text("#!/bin/sh\necho PLAYED\n")
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC", "CLAUDE"))}
    home = folder.parent / (folder.name + "-home")
    home.mkdir()
    mine.update(env, HOME=str(home), PATH="%s:%s" % (path, os.environ["PATH"]))
    done = subprocess.run(["make", "start"], cwd=folder, env=mine, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / ".venv").exists(), "a user waits for no test's packages"
    return done.stdout


def test_make_start_needs_only_python_and_says_what_is_next(tmp_path):
    bin = tmp_path / "bin"
    bin.mkdir()
    if not shutil.which("claude"):
        told = started(tmp_path / "none", bin)
        assert "No claude on PATH" in told and told.index("PLAYED") < told.index("To use it: npm install -g @anthropic-ai/claude-code"), (
            told
        )
    (bin / "claude").write_text("#!/bin/sh\nexit 0\n")
    (bin / "claude").chmod(0o755)
    told = started(tmp_path / "keyless", bin)
    assert "No key was found" in told and told.index("PLAYED") < told.index("Installed. In your project start claude"), told
    told = started(tmp_path / "token", bin, CLAUDE_CODE_OAUTH_TOKEN="x")
    assert "Installed. In your project start claude" in told and "PLAYED" not in told, told
    (bin / "security").write_text('#!/bin/sh\n[ "$1 $3" = "find-generic-password Claude Code-credentials" ]\n')
    (bin / "security").chmod(0o755)
    assert "PLAYED" not in started(tmp_path / "keychain", bin), "macOS keeps the login in its keychain"
    (bin / "claude").write_text("#!/bin/sh\n[ \"$1\" = --version ] || { echo no such plugin; exit 1; }\n")
    told = started(tmp_path / "refused", bin)
    assert "Your client did not take the plugin" in told and "mend what is said above" in told and "Installed." not in told, told


def test_make_start_installs_what_is_committed_and_no_virtual_environment(client_binary, tmp_path):
    """From a folder the client copies ignored files too, so `make start` gives it a clone."""
    home = client.Home(tmp_path, "http://127.0.0.1:9", project="my team")
    home.project.rmdir()
    subprocess.run(["git", "clone", "-q", str(client.ROOT), str(home.project)], check=True)
    for folder in (".venv", "build", "scripts/pack/__pycache__"):
        (home.project / folder).mkdir()
        (home.project / folder / "left-over").write_text("x")
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "claude").symlink_to(client_binary)
    env = dict(home.env, PATH="%s:%s" % (bin, home.env["PATH"]))
    for _again in range(2):
        done = subprocess.run(
            ["sh", "scripts/dev/start"],
            cwd=home.project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0 and "Installed. In your project" in done.stdout, done.stdout
    (cached,) = (home.home / ".claude" / "plugins" / "cache" / "team-pack" / "team").iterdir()
    names = {os.path.relpath(os.path.join(base, f), cached) for base, _folders, files in os.walk(cached) for f in files}
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=home.project, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    assert "hooks/gate" in names and [n for n in names if n.endswith("left-over")] == []
    assert {n for n in names if not n.startswith(".git/")} - set(tracked) - {".claude-plugin/.in_use"} == set()
