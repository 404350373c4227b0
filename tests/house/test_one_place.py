"""One fact, one file: whoever adds one writes it in one place by hand, and `make generate` does the rest."""

import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULE = '''"""A description that shouts

Nobody reads it the better for it.

Bad `agents/reviewer.md`:

    ---
    name: reviewer
    description: REVIEWS!!! Use when a change is ready.
    tools: Read
    ---
    Review.

Good `agents/reviewer.md`:

    ---
    name: reviewer
    description: Reviews. Use when a change is ready.
    tools: Read
    ---
    Review.

Source: house style
"""

SEVERITY = "warning"
FILES = ("agent",)


def check(file, context):
    """Report three marks of exclamation."""
    if file.front and "!!!" in str(file.front.get("description")):
        yield file.hit(file.at(("description",)), "it shouts")
'''


class House:
    """A copy of what is tracked, as it is on the disk now."""

    def __init__(self, root):
        self.root = str(root)
        names = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        for name in filter(None, names.stdout.decode().split("\0")):
            if os.path.isfile(os.path.join(ROOT, name)):
                os.makedirs(os.path.dirname(os.path.join(self.root, name)), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, name), os.path.join(self.root, name))
        self.run("git", "init", "-q")
        self.keep()

    def run(self, *command):
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=os.path.join(self.root, "scripts"))
        return subprocess.run(command, cwd=self.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def keep(self):
        who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
        self.run("git", "add", "-A")
        done = self.run("git", *who, "commit", "-qm", "as it was", "--allow-empty")
        assert done.returncode == 0, done.stdout

    def text(self, name):
        with open(os.path.join(self.root, name), encoding="utf-8") as f:
            return f.read()

    def write(self, name, text):
        os.makedirs(os.path.dirname(os.path.join(self.root, name)), exist_ok=True)
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as f:
            f.write(text)

    def generate(self):
        """The files that `make generate` has written since the last commit."""
        before = self.changed()
        done = self.run(sys.executable, "scripts/dev/generate.py")
        assert done.returncode == 0, done.stdout
        return self.changed() - before

    def changed(self):
        return {line[3:] for line in self.run("git", "status", "--porcelain", "-uall").stdout.splitlines()}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"))
    assert made.generate() == set(), "what is tracked is as the tables say"
    return made


@pytest.fixture(autouse=True)
def as_it_was(house):
    yield
    house.run("git", "checkout", "-q", ".")
    house.run("git", "clean", "-fdq")


def test_a_lint_rule_is_its_module(house, tmp_path):
    house.write("scripts/pack/lint/rules/agent_shouting.py", RULE)
    assert house.generate() == {"scripts/pack/lint/rule_table.py", "references/rules.md"}
    assert "## agent-shouting" in house.text("references/rules.md")
    (tmp_path / ".claude-plugin").mkdir()
    (tmp_path / ".claude-plugin" / "plugin.json").write_text('{"name": "loud", "description": "Loud.", "version": "1.0.0"}')
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "reviewer.md").write_text(
        RULE.split("    ---", 1)[1].join(("---", "")).split("\n\nGood")[0].replace("\n    ", "\n")
    )
    done = house.run(sys.executable, "scripts/pack/cli/start.py", "lint", "--no-cache", str(tmp_path))
    assert "it shouts" in done.stdout and "[agent-shouting]" in done.stdout, done.stdout


def test_a_message_is_its_row(house):
    tables = house.text("scripts/pack/protocol/tables.py")
    row = '    "VALIDATE_PLAN": ('
    assert tables.count(row) == 1
    new = '    "LOOK_AGAIN": ("LOOK AGAIN", (TECH_LEAD,), (LEAD,), "something was overlooked"),\n'
    house.write("scripts/pack/protocol/tables.py", tables.replace(row, new + row))
    written = house.generate()
    assert {"agents/tech-lead.md", "references/messages.md", "scripts/pack/protocol/literals.py"} <= written
    assert all("LOOK AGAIN" in house.text(name) for name in ("agents/tech-lead.md", "references/messages.md"))
    assert all(name.endswith(".md") or name == "scripts/pack/protocol/literals.py" for name in written), written


def test_a_limit_is_its_row(house):
    """Every page that tells a limit follows the table."""
    tables, row = house.text("scripts/pack/protocol/tables.py"), '"PINGS_AN_HOUR": ('
    assert tables.count(row) == 1
    begin = tables.index(row) + len(row)
    house.write("scripts/pack/protocol/tables.py", tables[:begin] + "4321" + tables[tables.index(",", begin) :])
    written = house.generate()
    assert written and all(name.endswith(".md") and "4321" in house.text(name) for name in written), written
