"""README.md, to the letter: its install commands in the real client, in a fresh clone whose path is no easy one."""

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
