"""README.md and docs/upgrade.md, to the letter: its install commands in the real client, in a fresh clone whose path is no easy one."""

import os
import shlex
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
    # docs/upgrade.md: `claude plugin marketplace update`, `claude plugin update`, `claude plugin uninstall`, as they stand
    upgrade = (client.ROOT / "docs" / "upgrade.md").read_text(encoding="utf-8")
    more = [shlex.split(line, comments=True)[1:] for line in upgrade.splitlines() if line.startswith("claude plugin ")]
    assert [words[1] for words in more] == ["marketplace", "update", "uninstall"]
    for words in more:
        done = client.run_cli(client_binary, home, *words)
        assert done.returncode == 0, done.stdout
    assert "team@team-pack" not in client.run_cli(client_binary, home, "plugin", "list").stdout


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
