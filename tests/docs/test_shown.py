"""What the pages show is so: the tutorial is the story that the real client plays, each command exists with its options, and those that look are run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest

from pack.base.paths import PLUGIN_ROOT
from pack.cli import completion
from pack.cli.main import VERBS

sys.path.insert(0, os.path.join(PLUGIN_ROOT, "tests", "client"))
import story  # noqa: E402

PACK = os.path.join(PLUGIN_ROOT, "bin", "pack")
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md"] + sorted(
    os.path.join("docs", n) for n in os.listdir(os.path.join(PLUGIN_ROOT, "docs")) if n.endswith(".md") and n != "seeds.md"
)
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
CHAINED = re.compile(r"\s(?:&&|\|\||;|\|)\s")


def page(name):
    with open(os.path.join(PLUGIN_ROOT, name), encoding="utf-8") as f:
        return f.read()


def lines(body):
    """Commands of a fence: without comments, one for each part of a chain. Where one begins with a prompt (`$ `), the others are output."""
    every = body.split("\n")
    for line in [line[2:] for line in every if line.startswith("$ ")] or every:
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        yield from (part.strip() for part in CHAINED.split(line) if part.strip())


def fenced(name, kinds=("sh", "setup")):
    return [line for kind, _arg, body in FENCE.findall(page(name)) if kind in kinds for line in lines(body)]


def inline(name):
    """`pack ...` in a sentence; a table's example with a choice in it counts as its first form."""
    text = FENCE.sub("", page(name)).partition("<!-- generated: refusals -->")[0]
    return [m for m in re.findall(r"`(pack [^`\n]+)`", text)]


# --- The tutorial ------------------------------------------------------------------------------------------------------------------
def test_the_tutorial_is_the_story_that_the_client_plays():
    told = story.read(os.path.join(PLUGIN_ROOT, "tests", "client", "scenarios", "tutorial.story"))
    blocks = FENCE.findall(page("docs/tutorial.md"))
    files = {path: body for kind, path, body in blocks if kind == "file"}
    assert {k: v.rstrip("\n") for k, v in told.files.items()} == {k: v.rstrip("\n") for k, v in files.items()}
    played = [
        (line.kind, line.data.get("text") or line.data.get("command"), line) for line in told.lines if line.kind in ("types", "person")
    ]
    shown = [({"client": "types", "sh": "person"}[kind], body.strip()) for kind, _path, body in blocks if kind in ("client", "sh")]
    assert [(kind, words) for kind, words, _line in played] == shown
    at, checked = -1, 0
    for kind, _path, body in blocks:
        if kind in ("client", "sh"):
            at += 1
        elif kind == "text" and at >= 0:
            says = played[at][2].data["outcome"].says if "outcome" in played[at][2].data else played[at][2].uses[0].outcome.says
            assert body.strip().split("\n") == says, shown[at]
            checked += 1
    assert checked >= 8


def test_a_file_that_the_tutorial_shows_is_named_in_its_text():
    """The fence's own words are seen by nobody: neither the site nor a Git server shows them."""
    parts = re.split(r"^```file (\S+)$", page("docs/tutorial.md"), flags=re.M)
    assert len(parts) > 7
    for before, name in zip(parts[::2], parts[1::2]):
        assert "`%s`" % name in before.rpartition("```")[2], name


def test_the_tutorial_s_project_is_set_up_by_its_own_commands(tmp_path):
    env = dict(os.environ, HOME=str(tmp_path), PATH=os.path.dirname(PACK) + os.pathsep + os.environ["PATH"], GIT_AUTHOR_NAME="a")
    env.update(GIT_AUTHOR_EMAIL="a@example.invalid", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@example.invalid")
    project, said = tmp_path / "greeter", ""
    for kind, path, body in FENCE.findall(page("docs/tutorial.md")):
        if kind == "file":
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(body)
        elif kind == "setup":
            done = subprocess.run(["sh", "-ec", body], cwd=project, env=env, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            said = done.stdout
        elif kind == "text":
            assert body.strip() in said
            return
    raise AssertionError("no text block")


# --- Every command -----------------------------------------------------------------------------------------------------------------
def checked(words, name):
    """Whether `pack WORDS` is one that there is, option by option. Placeholders in capitals and an ellipsis stand for anything."""
    found, rest = None, list(words)
    if not rest or rest[0].startswith("-") and rest[0] in ("--help", "--version"):
        return
    verb = rest.pop(0)
    if verb in ("VERB", "...") or not re.fullmatch(r"[a-z]+", verb):
        return
    assert verb in VERBS, "%s shows `pack %s`" % (name, verb)
    found = completion.command(verb)
    while isinstance(found, click.Group) and rest and found.get_command(None, rest[0]) is not None:
        found = found.get_command(None, rest.pop(0))
    known = set(re.findall(r'"(--[a-z-]+)"', page("scripts/pack/gate/pack_verbs.py"))) if verb == "task" else set()  # the hook reads those
    known |= {o for p in found.params if isinstance(p, click.Option) for o in p.opts + p.secondary_opts} | {"--help", "-h"}
    for word in rest:
        option = re.match(r"-{1,2}[a-z][a-z-]*", word)
        if option and option.group() not in known:
            raise AssertionError("%s shows `pack %s`: there is no option %s; there are %s" % (name, " ".join(words), word, sorted(known)))


@pytest.mark.parametrize("name", PAGES)
def test_each_pack_command_that_a_page_shows_exists_with_its_options(name):
    for line in fenced(name) + inline(name):
        line = re.sub(r"^([A-Z_]+=\S+ )+", "", line).replace(".venv/bin/", "").replace("bin/pack", "pack")
        line = re.sub(r"[|;&<>()].*$", "", line)
        try:
            words = shlex.split(line)
        except ValueError:
            words = line.split()
        if words[:1] == ["pack"]:
            checked(words[1:], name)


def test_each_make_target_that_a_page_shows_exists():
    rules = "".join(page(p) for p in ["Makefile"] + ["mk/" + n for n in os.listdir(os.path.join(PLUGIN_ROOT, "mk"))])
    targets = set(re.findall(r"^([a-z][a-z-]*):", rules, re.M))
    shown = {
        m
        for name in PAGES
        for m in re.findall(
            r"(?:`|^|\s)make ([a-z][a-z-]+)", "\n".join(fenced(name)) + "\n" + "\n".join(re.findall(r"`make [^`]+`", page(name)))
        )
    }
    assert shown and shown <= targets, shown - targets


# Every line of a fence is run below, or by the test that stands here with words that stand in it, or has the reason why it is not run.
RUN_BY = {  # how a line begins -> (the file that runs it, what stands there)
    "git clone": ("tests/client/test_install.py", '"git", "clone"'),
    "cd team": ("tests/client/test_install.py", "cwd=home.project"),
    "claude plugin": ("tests/client/test_install.py", 'startswith("claude plugin ")'),
    "make start": ("tests/client/test_install.py", "scripts/dev/start"),
    "make docs": ("tests/docs/test_shown.py", "sphinx -q -W"),
    "make evals": ("tests/client/test_evals.py", "scripts/dev/evals.py"),
    "pack lint": ("tests/lint/test_docs.py", "main("),  # each example of docs/lint.md, with what it prints
    ".venv/bin/python tests/client/play.py": ("tests/client/test_scenarios.py", "play."),
    "pack watch": ("tests/report/test_watch.py", '[PACK, "watch"]'),
    "pack log --follow": ("tests/hooks/test_eyes.py", '"log", "--follow"'),
    "pack export --otlp http": ("tests/report/test_export.py", "http://127.0.0.1"),
    "pack attest": ("tests/attest/test_attest.py", '"verify"'),
    "git config team.attest": ("tests/attest/test_attest.py", '"config", "team.attest"'),
    "git push origin refs/notes": ("tests/attest/test_attest.py", "refs/notes/team"),
    "PGSERVICE=fleet pack fleet": ("tests/fleet/test_setting_up.py", '("grant", "eve")'),
    "pack fleet": ("tests/fleet/conftest.py", '"fleet", "join"'),
    "pack lint --lsp": ("tests/lint/test_lsp_client.py", "--lsp"),
    "eval ": ("tests/docs/test_shown.py", 'eval "$(pack completion bash)"'),
    "pip install -e .": ("Makefile", "pip install -q -e '.["),
}
NOT_RUN = {  # how a line begins -> why no test runs it
    "make test": "it runs this very test",
    ".venv/bin/python -m pytest": "the same; that its files are there is asked below",
    "PACK_REWRITE=1": "it would write the stories anew",
    "git diff tests/protocol": "what the line before it is looked at with",
    "git add -f .claude/fleet.yaml": "git's own, in the reader's repository",
    "git commit": "the same",
    "make lint": "every part of it is a program of its own, which its author runs before a commit",
    "make format": "it would lay the files out that are being tested",
    "make generate": "it would write files of this checkout; that they are as it would write them, `make lint` asks",
    "make bench": "it measures for minutes and asserts nothing",
    "make slow-tests": "it runs every test, this one too",
    "make mutants": "its name is a reader's; every guard takes half an hour",
    "make client-": "it needs the newest client of the registry",
}
USER_PAGES = (
    "README.md",
    "docs/rules.md",
    "docs/quick-start.md",
    "docs/eyes.md",
    "docs/upgrade.md",
    "docs/evals.md",
    "docs/teams.md",
    "CONTRIBUTING.md",
)
PLAYED = ("docs/tutorial.md",)  # the tests above, and the story in the real client
REFERENCES = sorted(
    os.path.join(folder, n)
    for folder in ("references", "commands")
    for n in os.listdir(os.path.join(PLUGIN_ROOT, folder))
    if n.endswith(".md")
)


def begins(line, table):
    """The longest beginning of a line that the table has, None without one."""
    return max((b for b in table if (line + " ").startswith(b)), key=len, default=None)


def test_every_command_that_is_shown_is_run_or_says_why_not():
    used, nobody = set(), []
    for name in PAGES + REFERENCES:
        for line in fenced(name, ("sh", "setup", "bash", "shell", "console")):
            found = begins(line, {**RUN_BY, **NOT_RUN})
            used.add(found)
            if found is None and name not in PLAYED and not (name in USER_PAGES and run_here(line)):
                nobody.append((name, line))
            if "-m pytest" in line:
                assert [p for p in re.findall(r"tests/\S+", line) if not os.path.exists(os.path.join(PLUGIN_ROOT, p))] == [], line
            if "play.py" in line:
                assert os.path.exists(os.path.join(PLUGIN_ROOT, "tests/client/scenarios", line.split()[2] + ".story")), line
    assert nobody == [], "run them in a test: RUN_BY says which; or NOT_RUN says why not"
    assert set(RUN_BY) | set(NOT_RUN) <= used | {"claude plugin"}, "no page shows these any more"
    for path, words in RUN_BY.values():
        assert words in page(path), (path, words)


def run_here(line):
    """Whether the test below runs a line."""
    return line.replace(".venv/bin/", "").split()[0] == "pack" and begins(line, {**RUN_BY, **NOT_RUN}) is None


def test_what_a_user_is_shown_is_run(session, tmp_path):
    """Each `pack` line of the first pages, in a project with a run, as a user runs it."""
    session.setup("SIMPLE")
    home = tmp_path / "home"
    home.mkdir()
    env = {**os.environ, **session.env, "HOME": str(home), "PACK_PYTHON": sys.executable, "PACK_SCREEN": "80x24"}
    for name in ("CLAUDE_PID", "CLAUDE_CODE_ENTRYPOINT", "AI_AGENT"):
        env.pop(name)
    ran = []
    for name in USER_PAGES:
        for line in fenced(name, ("sh",)):
            if line in ran or not run_here(line):
                continue
            ran.append(line)
            command = line.replace(".venv/bin/", "")
            command = command.replace("PATH", "src") if "lint" in line else command.replace(" NAME", " aTeamOfMine")
            done = subprocess.run(
                ["bash", "-c", 'pack() { "%s" "$@"; }; %s' % (PACK, command)],
                cwd=session.project,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
            )
            expected = (0, 1) if "uninstall" in line and "statusline" not in line else (0,)  # a run is live
            assert done.returncode in expected and "Traceback" not in done.stderr, (name, line, done.stdout, done.stderr)
    assert len(ran) >= 20, ran


def starts(test, words):
    """Whether the text of a test has `pack WORDS` in it, in one string or word by word: tests of one verb often hand over the words after it."""
    said = re.search(r"(?:pack |[\"'])%s(?![\w-])" % re.escape(" ".join(words)), test)
    return bool(said or all(re.search(r"[\"']%s[\"' ]|\b%s\(" % (w, w), test) for w in map(re.escape, words)))


def test_each_verb_that_a_sentence_shows_is_started_by_some_test():
    """`pack VERB` and `pack VERB SUBVERB` of the running text: that they exist with their options is asked above."""
    tests = []
    for folder, _folders, names in os.walk(os.path.join(PLUGIN_ROOT, "tests")):
        tests += [page(os.path.join(folder, n)) for n in names if n.endswith((".py", ".story"))]
    shown = set()
    for name in PAGES + REFERENCES:
        for line in inline(name):
            verb, *rest = line.split()[1:]
            if verb not in VERBS:
                continue
            found, words = completion.command(verb), [verb]
            while isinstance(found, click.Group) and rest and found.get_command(None, rest[0]) is not None:
                words.append(rest[0])
                found = found.get_command(None, rest.pop(0))
            shown.add(tuple(words))
    nobody = {" ".join(words) for words in shown if not any(starts(test, words) for test in tests)}
    assert nobody == set(), "start them in a test"


def test_what_the_tables_are_made_with_is_run(tmp_path):
    env = {**os.environ, "PACK_PYTHON": sys.executable}
    asked = [["team", "schema"], ["lint", "--rules-markdown"], ["lint", "--check-rules", os.path.join(PLUGIN_ROOT, "references/rules.md")]]
    schema, rules, checked_ = (subprocess.run([PACK, *words], cwd=tmp_path, env=env, capture_output=True, text=True) for words in asked)
    assert json.loads(schema.stdout)["$id"] == "team.schema.json" and rules.stdout == page("references/rules.md")
    (tmp_path / "old.md").write_text(rules.stdout.replace("# Rules", "# Rules of old", 1))
    stale = subprocess.run([PACK, "lint", "--check-rules", "old.md"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (checked_.returncode, stale.returncode) == (0, 1), stale


# --- Completion and the manual page -------------------------------------------------------------------------------------------------
def complete(shell, words, session):
    """What a shell offers at a TAB, by its own machinery."""
    if shutil.which(shell) is None:
        pytest.skip("needs %s" % shell)
    env = {**os.environ, **session.env, "PATH": os.path.dirname(PACK) + os.pathsep + os.environ["PATH"], "PACK_PYTHON": sys.executable}
    line = " ".join(words)
    script = {
        "bash": 'eval "$(pack completion bash)"; COMP_WORDS=(%s); COMP_CWORD=%d; _pack_completion pack; printf "%%s\\n" "${COMPREPLY[@]}"'
        % (" ".join(shlex.quote(w) for w in words), len(words) - 1),
        "fish": "pack completion fish | source; complete -C%s" % shlex.quote(line),
        "zsh": "autoload -U compinit; compinit -D; eval \"$(pack completion zsh)\"; whence -w _pack_completion; _PACK_COMPLETE=zsh_complete "
        "COMP_WORDS=%s COMP_CWORD=%d pack" % (shlex.quote(line), len(words) - 1),
    }[shell]
    flags = {"bash": ["--norc", "-c"], "fish": ["--no-config", "-c"], "zsh": ["-f", "-c"]}[shell]
    done = subprocess.run([shell, *flags, script], cwd=session.project, env=env, capture_output=True, text=True, timeout=60)
    return done.stdout.split("\n")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_shell_completes_verbs_and_the_tasks_of_the_run(shell, session):
    session.setup("SIMPLE")
    assert {"status", "statusline", "stats"} <= {line.split("\t")[0] for line in complete(shell, ["pack", "stat"], session)}
    offered = complete(shell, ["pack", "explain", ""], session)
    assert "1" in [line.split("\t")[0] for line in offered] and (shell == "bash" or "Add greeting" in "\n".join(offered))


def test_every_verb_can_be_completed_and_has_its_place_in_the_manual():
    manual = page("docs/pack.1")
    for verb in VERBS:
        assert completion.command(verb).params or isinstance(completion.command(verb), click.Group) or verb in ("go",), verb
        assert "\n.SS pack %s\n" % verb in manual


def test_the_manual_page_is_one_that_groff_takes():
    if shutil.which("groff") is None:
        pytest.skip("needs groff")
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", os.path.join(PLUGIN_ROOT, "docs", "pack.1")], capture_output=True, text=True, errors="replace"
    )
    assert (
        done.returncode == 0
        and done.stderr == ""
        and "LINTER" not in done.stderr
        and "pack explain" in re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout)
    )


# --- The site ----------------------------------------------------------------------------------------------------------------------
def test_the_site_is_built_and_no_link_in_it_is_broken(tmp_path):
    """What `make docs` runs."""
    pytest.importorskip("myst_parser", reason="needs the extra `docs`")
    pytest.importorskip("furo", reason="needs the extra `docs`")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-c",
        "docs/site",
        "-d",
        str(tmp_path / "trees"),
        ".",
        str(tmp_path / "site"),
    ]
    assert "sphinx -q -W --keep-going -c docs/site" in page("mk/docs.mk")
    done = subprocess.run(command, cwd=PLUGIN_ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    start = (tmp_path / "site" / "docs" / "troubleshooting.html").read_text(encoding="utf-8")
    assert 'id="not_in_task"' in start and (tmp_path / "site" / "docs" / "tutorial.html").exists()


def test_every_refusal_that_a_story_meets_has_its_row():
    folder = os.path.join("tests", "client", "scenarios")
    met = {
        m for n in os.listdir(os.path.join(PLUGIN_ROOT, folder)) for m in re.findall(r"=> refused ([A-Z_]+)", page(os.path.join(folder, n)))
    }
    rows = set(re.findall(r'^\| <a id="[a-z_]+"></a>`([A-Z_]+)` \| \S', page("docs/troubleshooting.md"), re.M))
    assert len(met) > 40 and met <= rows, met - rows
