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


GUARD = '''
@guard
def claim_is_not_first(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data["task"] != 1:
        return None
    return Refusal("FIRST_TASK", "task #1 is nobody's", "it is the first", "claim another")


'''
STORY = """# PROTOCOL 6: the first task is nobody's.
= ready SIMPLE
c1: CLAIM to=supervisor task=1 revision=r1
"""
TELL = "import sys; from prove.transcript import play; print(play(sys.argv[1]))"


def test_a_guard_stands_beside_its_rule(house):
    """One file by hand: function and place. The codes' page follows, and a story is told the refusal."""
    moves, rule = house.text("scripts/pack/protocol/moves_tasks.py"), '@rule("CLAIM", tables.IMPLEMENTERS, _OPERATIONAL + ('
    assert moves.count(rule) == 1
    house.write("scripts/pack/protocol/moves_tasks.py", moves.replace(rule, GUARD.lstrip() + rule + '"claim_is_not_first", '))
    assert house.generate() == {"docs/troubleshooting.md"}
    assert "FIRST_TASK" in house.text("docs/troubleshooting.md")
    told = house.run(sys.executable, "-c", TELL, STORY)
    assert "refused FIRST_TASK: task #1 is nobody's" in told.stdout, told.stdout


RESEARCHERS = '"reference-researcher", "web-researcher")'
RISK_ROW = '    ((RISK_TESTER,), _BEYOND_SIMPLE, "for listed risks"),\n'


@pytest.mark.parametrize(
    "place, new",
    [
        (RESEARCHERS, RESEARCHERS[:-1] + ', "api-researcher")'),
        (RISK_ROW, RISK_ROW + '    (("api-researcher",), MODES, "at any time"),\n'),
    ],
    ids=["of a group", "of no group"],
)
def test_an_agent_is_its_prompt_and_its_place_in_the_tables(house, place, new):
    """By hand: the prompt, and the role's name in its group or a row of its own. When it may come and what it may edit follow from that, its
    messages from both."""
    prompt = house.text("agents/web-researcher.md").replace("web-researcher", "api-researcher")
    begin, end = prompt.index("<!-- generated: messages api-researcher -->\n"), prompt.index("<!-- end: messages")
    house.write("agents/api-researcher.md", prompt[:begin] + "<!-- generated: messages api-researcher -->\n" + prompt[end:])
    tables = house.text("scripts/pack/protocol/tables.py")
    assert tables.count(place) == 1
    house.write("scripts/pack/protocol/tables.py", tables.replace(place, new))
    house.generate()
    written = house.text("agents/api-researcher.md")
    assert written.startswith(prompt[:begin]) and (written == prompt or place == RISK_ROW)
    by_hand = {"agents/api-researcher.md", "scripts/pack/protocol/tables.py"}
    assert all(name.endswith(".md") or name == "scripts/pack/protocol/literals.py" for name in house.changed() - by_hand)
    told = house.run(sys.executable, "-c", TELL, "# PROTOCOL 8\n= ready SIMPLE\nlead: SPAWN_REQUESTED name=a1 role=api-researcher\n")
    assert "a1/1 - -> SPAWNING" in told.stdout, told.stdout
