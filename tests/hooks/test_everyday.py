"""Everyday commands of twenty kinds of projects: none that is harmless is refused, and what is refused names the way out."""

import os
import pathlib
import re
import subprocess

import pytest

from tests.conftest import git
from hooks.driver import Processes
from pack.base import interpreted, shell_writes
from pack.base.paths import PLUGIN_ROOT

HERE = pathlib.Path(__file__).resolve().parent
FILES = {
    "common": ("package.json", ".claude/settings.json", "src/x.gz"),
    "node": ("package.json", "tsconfig.json", "packages/api/src/index.ts", "packages/api/test/index.test.ts", "plugins/data/seed.json"),
    "django": ("manage.py", "app/models.py", "app/migrations/0001_initial.py", "teams/models.py"),
    "rust": ("Cargo.toml", "crates/core/Cargo.toml", "crates/core/src/lib.rs"),
    "go": ("go.mod", "go.work", "cmd/app/main.go", "internal/a/a.go"),
    "terraform": ("main.tf", "modules/vpc/main.tf", "env/prod.tfvars"),
    "plugin": (".claude-plugin/plugin.json", "hooks/hooks.json", "hooks/guard.py", "agents/a.md", ".claude/settings.json", "snapshot.json"),
    "jupyter": ("nb/a.ipynb", "notebooks/teams.ipynb", "data/raw.csv"),
    "docs": ("docs/index.md", "docs/conf.py", "mkdocs.yml"),
    "c": ("Makefile", "CMakeLists.txt", "src/main.c"),
    "java": ("gradlew", "build.gradle", "app/src/main/java/x/A.java", "pom.xml"),
    "rails": ("Gemfile", "config/database.yml", "app/models/user.rb", "db/schema.rb", "log/.keep"),
    "elixir": ("mix.exs", "lib/app.ex", "test/app_test.exs"),
    "haskell": ("app.cabal", "stack.yaml", "src/Greet.hs"),
    "android": ("gradlew", "build.gradle.kts", "app/src/main/AndroidManifest.xml", "app/src/main/java/x/A.kt"),
    "ios": ("Package.swift", "Sources/Greet.swift", "App/Info.plist"),
    "embedded": ("Makefile", "CMakeLists.txt", "fw/main.c", "boards/x.dts"),
    "game": ("project.godot", "scripts/main.gd", "scenes/a.tscn", "assets/a.png", "assets/hit.ogg", "shaders/a.frag"),
    "monorepo": ("WORKSPACE", "BUILD", "pkg/BUILD", "pkg/lib.py", "nx.json", "packages/api/package.json"),
    "database": ("alembic.ini", "migrations/001.sql", "seed.csv", "prisma/schema.prisma"),
    "release": ("package.json", "CHANGELOG.md", "pyproject.toml"),
    "containers": ("Dockerfile", "compose.yml", "k8s/deploy.yaml", "chart/values.yaml"),
    "lines": ("package.json", "data.json", "data.csv", "conf.yaml"),
}
IGNORED = {
    "common": "dist/",
    "node": "node_modules/\ndist/\ncoverage/",
    "django": "*.sqlite3\n.venv/\nstaticfiles/\nhtmlcov/",
    "rust": "target/",
    "go": "bin/\n*.out\n*.test",
    "terraform": ".terraform/\n*.tfstate*\n*.tfplan",
    "jupyter": ".ipynb_checkpoints/\nout/\nmodels/",
    "docs": "site/\n_build/",
    "c": "build/\n*.o\n/app",
    "java": "build/\n.gradle/\ntarget/",
    "rails": "tmp/\n*.log",
    "elixir": "_build/\ndeps/",
    "haskell": "dist-newstyle/\n.stack-work/",
    "android": "build/\n.gradle/\nlocal.properties",
    "ios": ".build/\nDerivedData/",
    "embedded": "build/",
    "game": "build/\n.godot/",
    "monorepo": "bazel-*\nnode_modules/\ndist/",
    "database": "*.db",
    "release": "dist/\nbuild/\n*.egg-info/",
}


def everyday():
    """{kind: [command]}; a command whose quote or here-document is open goes on in the next line."""
    out, kind, open_until, quoted, lines = {}, None, None, False, []
    for line in (HERE / "everyday.txt").read_text().splitlines():
        if not lines and line.startswith("== "):
            kind = line[3:]
            out[kind] = []
            continue
        if not lines and line.startswith("# "):
            continue
        lines.append(line)
        here = None if open_until or quoted else re.search(r"<<-?\s*'?(EOF|SQL)\b", line)
        if here:
            open_until = here.group(1)
            continue
        if open_until:
            if line != open_until:
                continue
            open_until = None
        elif line.count('"') % 2:
            quoted = not quoted
        if not quoted:
            out[kind].append("\n".join(lines))
            lines = []
    assert not lines
    return out


EVERYDAY = everyday()


def begun(s, kind, mode="SIMPLE"):
    """A run in a project of that kind, in which coder-1 works on src/a.py."""
    for name in FILES[kind]:
        path = pathlib.Path(s.project, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")
    with open(s.project + "/.gitignore", "w") as f:
        f.write("__pycache__/\n.claude/teams/\n%s\n" % IGNORED.get(kind, ""))
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", kind)
    s.setup(mode)
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert s.edit("coder-1", "src/a.py") is None
    return s


def refused(s, who, command):
    """The refusal's code and text, None where the command passes."""
    text = s.call(who, "Bash", command=command, post=False)
    return re.sub(r"\s+", " ", text)[:200] if text else None


def test_there_are_many():
    assert sum(map(len, EVERYDAY.values())) > 1000 and set(EVERYDAY) == set(FILES) | {"own"}
    assert all(len(commands) > 35 for commands in EVERYDAY.values())


@pytest.mark.parametrize("kind", sorted(FILES))
def test_nothing_harmless_is_refused(session, kind):
    s = begun(session, kind)
    found = {(c, who): refused(s, who, c) for c in EVERYDAY[kind] for who in ("lead", "coder-1", "unified-reviewer")}
    assert {k: v for k, v in found.items() if v} == {}


def test_a_coder_changes_its_own_file_in_whatever_way(session):
    s = begun(session, "common")
    found = {c: refused(s, "coder-1", c) for c in EVERYDAY["own"]}
    assert {k: v for k, v in found.items() if v} == {}
    told = {c: refused(s, "unified-reviewer", c) for c in EVERYDAY["own"]}  # that it is read at all
    plain = [c for c in EVERYDAY["own"] if c.startswith(("sed -", "perl -", "ruby -"))]
    assert len(plain) > 20 and all("src/a.py" in (told[c] or "") for c in plain), {c: told[c] for c in plain}


def test_those_who_only_look_may_look_before_there_is_a_plan(session):
    s = session
    pathlib.Path(s.project, ".claude").mkdir(exist_ok=True)
    pathlib.Path(s.project, ".claude/settings.json").write_text("{}\n")
    s.build("plan.md")
    for role in ("codebase-researcher", "reference-researcher"):
        assert s.spawn(role, role) is None
    found = {(c, who): refused(s, who, c) for c in EVERYDAY["common"] for who in ("lead", "codebase-researcher", "reference-researcher")}
    assert {k: v for k, v in found.items() if v and "dist/" not in k[0]} == {}


def test_the_hook_as_the_client_calls_it_says_the_same(project, tmp_path):
    """Every thirtieth command, through the line of hooks.json in a process of its own."""
    s = begun(Processes(project, tmp_path / "data", PLUGIN_ROOT), "common")
    assert {c: said for c in EVERYDAY["common"][::30] for said in [refused(s, "unified-reviewer", c)] if said} == {}
    assert "ROLE_EDITS_NOTHING" in refused(s, "unified-reviewer", "sed -i s/x/y/ src/a.py")


# --- A protected place in the words of whatever program ----------------------------------------------------------------------
NAMED = r"""prettier --write FILE
eslint --fix FILE
clang-format -i FILE
gdformat FILE
ormolu --mode inplace FILE
buildifier FILE
shfmt -w FILE
black FILE
yq -i '.a = 1' FILE
yq e -i '.a = 1' FILE
yq eval --inplace '.a = 1' FILE
jq . FILE | sponge FILE
sed -n 'w FILE' plan.md
sed 's/a/b/w FILE' plan.md
sed -e 's|a|b|;w FILE' plan.md
sed '/x/ w FILE' plan.md
sed -n '/a/{p;w FILE' -e '}' plan.md
sed '1e rm FILE' plan.md
sed -ni 1p FILE
awk '{print > "FILE"}' plan.md
awk '{print | "tee FILE"}' plan.md
awk -v f=FILE '{print > f}' plan.md
gawk -iinplace '{print}' FILE
perl -i -F, -lane 'print $F[1]' FILE
perl -e 'unlink "FILE"'
parallel 'echo x > {}' ::: FILE
parallel rm ::: FILE
parallel -j2 sed -i s/a/b/ {} ::: FILE src/a.py
parallel --joblog FILE echo ::: a
echo FILE | parallel rm
rsync -a --log-file=FILE plan.md /tmp/x
rsync -a --write-batch=FILE plan.md /tmp/x
rsync --remove-source-files FILE /tmp/x/
rsync plan.md FILE
tar -xf /tmp/x.tar FILE
tar xf /tmp/x.tar FILE
tar -cf FILE plan.md
curl -D FILE localhost
curl -c FILE localhost
curl --trace FILE localhost
curl --etag-save FILE localhost
wget --save-cookies FILE localhost
wget -o FILE localhost
sqlite3 /tmp/x.db '.output FILE' '.dump'
psql -c '\copy a to FILE'
psql -o FILE -c 'select 1'
pg_dump test -f FILE
mysqldump -r FILE test
docker cp web:/app/x FILE
docker run --rm -v "$PWD":/w x sh -c 'echo x > /w/FILE'
kubectl cp web:/a FILE
git cliff -o FILE
git diff --output FILE
convert /tmp/a.png FILE
mogrify -resize 50% FILE
ffmpeg -y -i /tmp/a.wav FILE
exiftool -Artist=x FILE
plutil -convert xml1 FILE
/usr/libexec/PlistBuddy -c 'Set :a b' FILE
script -qc date FILE
openssl rand -out FILE 8
gpg -o FILE -d /tmp/x
base64 -d -o FILE /tmp/x
strace -o FILE date
time -o FILE date
/usr/bin/time -o FILE date
flock /tmp/l -c 'rm FILE'
trap 'rm FILE' EXIT
ssh localhost "cat > $PWD/FILE"
f() { rm "$1"; }; f FILE
function g { sed -i s/a/b/ "$@"; }; g FILE
while read -r f; do rm "$f"; done <<< FILE
echo FILE | while read -r f; do echo > "$f"; done
printf 'FILE\n' | xargs rm
$(echo rm) FILE
`echo rm` FILE
rm{,} FILE
{rm,FILE}
r'm' FILE
busybox rm FILE
ed FILE <<< w
ex -sc wq FILE
vim -es -c wq FILE
crudini --set FILE a b c
dasel put -f FILE -o FILE a=1
npx json -I -f FILE -e 'this.a=1'
exec 3<> FILE; echo x >&3
cat <<< x > FILE
echo x | tee >(cat > FILE)
x=FILE; echo a > $x""".split("\n")
NAMED_READ = r"""cat FILE
prettier --check FILE
eslint FILE
check-jsonschema --schemafile /tmp/s.json FILE
ajv validate -s /tmp/s.json -d FILE
yq -o=json . FILE
yq '.hooks | keys' FILE
jq -e .hooks FILE >/dev/null && echo has
[ -e FILE ] && echo there
[[ -s FILE ]] || echo none
test -f FILE; echo $?
wc -w FILE
cmp -i 1 FILE plan.md
diff -w <(jq -S . FILE) <(git show HEAD:FILE | jq -S .)
grep -o hooks FILE
rg -o hooks FILE
sed -n '/hooks/p' FILE
sed 's/w /x/' FILE
sed -n '/FILE/p' plan.md
awk 'NR < 3' FILE
perl -e 'print 1' && cat FILE
while read -r l; do echo "$l"; done < FILE
while read -r f; do wc -l "$f"; done <<< FILE
for f in FILE plan.md; do head -3 "$f"; done
git log --oneline -- FILE
git log -p -- FILE | head
git blame FILE
git diff HEAD -- FILE
git show HEAD:FILE
git commit --dry-run -m "FILE is the user's"
gh issue create --title x --body "FILE is not read" --dry-run
echo "see FILE" >> /tmp/notes
cp FILE /tmp/
tar -cf /tmp/x.tar FILE
rsync FILE /tmp/
rsync -n plan.md FILE
curl -sd @FILE localhost
python3 -m json.tool FILE
stat -c %s FILE
ls -la FILE
cat FILE | python3 -m json.tool | head""".split("\n")


def test_a_program_that_is_not_known_only_to_read_is_not_handed_a_protected_place(session):
    s = begun(session, "common")
    for place in (".claude/settings.json", ".claude/teams/feature-add-a-greeting/state.md"):
        said = {c: refused(s, who, c.replace("FILE", place)) for c in NAMED for who in ("unified-reviewer", "coder-1")}
        assert {c: text for c, text in said.items() if not text or "PROTECTED" not in text} == {}, place


def test_what_reads_a_protected_place_passes(session):
    s = begun(session, "common")
    for place in (".claude/settings.json", ".claude/teams/feature-add-a-greeting/state.md"):
        found = {(c, who): refused(s, who, c.replace("FILE", place)) for c in NAMED_READ for who in ("lead", "unified-reviewer", "coder-1")}
        assert {k: v for k, v in found.items() if v} == {}, place


# --- What reads alike and is none -----------------------------------------------------------------------------------------
WRITES = """perl -lni.bak -e 'print' src/old.py
perl -pi -e 's/a/b/' src/old.py
perl -i -pe 's/a/b/' src/old.py
perl -MList::Util=sum -i -ne 'print' src/old.py
ruby -rdigest -i -ne 'print' src/old.py
sed -ni '1p' src/old.py
sed -Ei 's/a/b/' src/old.py
sed -es/a/b/ -i src/old.py
gzip src/old.py
gzip -9 src/old.py
xz -k src/old.py
bzip2 src/old.py
dos2unix src/old.py
dos2unix -n plan.md src/old.py
patch src/old.py /tmp/x.patch
patch -o src/old.py src/a.py /tmp/x.patch
rename 's/old/new/' src/old.py
rsync --remove-source-files src/ /tmp/x/
rsync -a --log-file=src/old.py plan.md /tmp/x
rsync -a --delete /tmp/empty/ src/
curl -D src/old.py localhost
curl --etag-save src/old.py localhost
wget --save-cookies src/old.py localhost
tar -xf /tmp/x.tar src/old.py
tar -xzf /tmp/x.tgz --strip-components=1
curl -sSL https://x/y.tgz | tar -xz
git archive HEAD src | tar -x
uniq plan.md src/old.py
uniq -f 1 plan.md src/old.py
xxd -r plan.md src/old.py
tar -cf src/old.py plan.md
tar xf /tmp/x.tar -C src
tar -C src -xf /tmp/x.tar
unzip /tmp/x.zip -d src
7z x /tmp/x.7z -osrc
curl -O --output-dir src https://x/old.py
wget -qP src https://x/old.py
csplit -f src/old plan.md 3
find . -name plan.md -exec cp {} src/old.py \\;
find . -name old.py -exec cp {} {}.bak \\;
find . -name old.py -exec mv {} /tmp \\;
find . -name plan.md -fprint src/old.py
git rm src/old.py
git mv src/old.py src/b.py
git -C src rm old.py
cd /tmp; git -C {project} rm src/old.py
git reset --hard
git stash
(( $(> src/old.py) ))
echo $(( $(rm src/old.py) + 1 ))
x=$((1 > 0)); echo x > src/old.py
((echo a); (rm src/old.py))
rm src/gone.py; echo x > src/gone.py
install -m 644 plan.md src/old.py""".split("\n")


def test_what_writes_is_refused_to_who_writes_nothing(session):
    s = begun(session, "common")
    said = {c: refused(s, "unified-reviewer", c.replace("{project}", s.project)) for c in WRITES}
    assert {c: text for c, text in said.items() if not text or "ROLE_EDITS_NOTHING" not in text and "MOVES_THE_TREE" not in text} == {}


MOVES = """git pull
git read-tree HEAD
git worktree prune
git worktree add /tmp/wt HEAD
git sparse-checkout set src
git submodule foreach 'git checkout main'
git submodule foreach 'git log; git checkout main'""".split("\n")


def test_what_moves_the_tree_is_refused_and_says_what_to_do_instead(session):
    s = begun(session, "common")
    for command in MOVES:
        text = s.call("coder-1", "Bash", command=command, post=False)
        assert text and "MOVES_THE_TREE" in text, command
        if "worktree" in command:
            assert "git clone . /tmp/NAME" in text and "git show REVISION:FILE" in text


READS = {
    "python3 -c \"print(open('.claude/settings.json').read())\"": True,
    "python3 -c \"print(open('.claude/settings.json', 'rb').read())\"": True,
    "python3 -c \"open('.claude/settings.json', 'w')\"": False,
    "python3 -c \"open('.claude/settings.json', mode='a')\"": False,
    "python3 -c \"open('.claude/settings.json', **{'mode': 'w'})\"": False,
    "python3 -c \"list(map(open, ['.claude/settings.json'], ['w']))\"": False,
    "python3 -c \"import os; os.remove('.claude/settings.json')\"": False,
    "python3 -c \"import pathlib; pathlib.Path('.claude/settings.json').write_text('')\"": False,
    "python3 -c \"import pathlib; pathlib.Path('.claude/settings.json').replace('x')\"": False,
    "python3 -c \"import shutil; shutil.rmtree('.claude/teams')\"": False,
    "python3 -c \"exec('.claude/settings')\"": False,
    "python3 -c \"getattr(0, '.claude/settings')\"": False,
    "python3 -c \"def print(x): pass; print('.claude/settings')\"": False,
    "python3 -c \"from json import load as open; print('.claude/settings')\"": False,
    "python3 -c \"print(f'{__import__(chr(111))}.claude/settings')\"": False,
    "python3 -c \"not python .claude/settings\"": False,
    "python3 -m json.tool .claude/settings.json": True,
    "python3 -m json.tool /tmp/x .claude/settings.json": False,
    "python3 tool.py .claude/settings.json": False,
    "python3 -c \"open(*['.claude/settings.json', 'w'])\"": False,
    "node -e \"console.log(require('./.claude/settings.json'))\"": True,
    "node -e \"require('fs').writeFileSync('.claude/settings.json', '')\"": False,
    "node -e \"const rm = 1; require('fs').rm('.claude/settings.json')\"": False,
    "node -e \"/'/;require('fs').unlinkSync('.claude/settings.json');/'/\"": False,
    "node -e \"require('fs')['rm']('.claude/settings.json')\"": False,
    "node -e \"require('./x.js')('.claude/settings.json')\"": False,
    "node -e \"JSON.parse('x', require('child_process').exec, '.claude/settings.json')\"": False,
    "awk 'NR < 5' .claude/settings.json": True,
    "awk '{print > \".claude/settings.json\"}' x": False,
    "awk 'BEGIN {system(\"rm .claude/settings.json\")}'": False,
    "ls .claude/teams | awk '{print $1}'": True,
    "ls .claude/teams | python3": False,
    "ls .claude/teams | python3 -": False,
    "echo .claude/settings.json | python3 -c \"import os; os.remove(input())\"": False,
    "echo .claude/settings.json | ed": False,
    "perl -ne 'print' .claude/settings.json": False,
}


def test_code_that_names_a_protected_place_passes_only_where_it_plainly_reads(session):
    s = begun(session, "common")
    for command, passes in READS.items():
        for who in ("coder-1", "unified-reviewer"):
            said = s.call(who, "Bash", command=command, post=False)
            assert (said is None) == passes, (who, command, said)
            assert passes or "PROTECTED" in said and ("read it with `cat`" in said or "read with `cat` or `jq`" in said), said


def test_what_is_said_to_read_was_tried(tmp_path):
    """Each form that passes is run: the file is as it was afterwards."""
    (tmp_path / ".claude/teams").mkdir(parents=True)
    (tmp_path / ".claude/settings.json").write_text("{}\n")
    for command in [c for c, passes in READS.items() if passes]:
        code = shell_writes.writes(command, str(tmp_path))[1]
        assert code and all(interpreted.only_reads(one) for one in code), command
        if not command.startswith("node"):
            subprocess.run(["sh", "-c", command], cwd=tmp_path, stdout=subprocess.DEVNULL, check=True)
    assert (tmp_path / ".claude/settings.json").read_text() == "{}\n" and sorted(os.listdir(tmp_path / ".claude")) == [
        "settings.json",
        "teams",
    ]


WAYS = {
    "echo {} > .claude/settings.json": "a change of it is the user's",
    "tar xf x.tar -C {above}": "name a folder that holds nothing of the client's",
    "echo x > .claude/teams/feature-add-a-greeting/state.md": "use the `pack` verbs",
}


def test_each_protected_place_says_what_to_do_instead(session):
    s = begun(session, "common")
    for command, way in WAYS.items():
        said = s.call("coder-1", "Bash", command=command.replace("{above}", os.path.dirname(s.data)), post=False)
        assert "PROTECTED" in said and way in said, said


STARTS = {
    "claude doctor": False,
    "claude plugin marketplace list": False,
    "claude plugin marketplace add x": True,
    "claude plugin tag --dry-run": False,
    "claude plugin tag": True,
    "claude plugin tag --dry-run --push": True,
    "claude plugin eval --help": False,
    "claude plugin eval": True,
    "claude config list": True,  # no subcommand: the words are a prompt
    "claude explain --help": True,
    "claude -p --help": True,
    "claude mcp add x --help": False,
}


def test_what_of_the_client_starts_no_agent(session):
    s = begun(session, "common")
    said = {command: refused(s, "lead", command) for command in STARTS}
    assert {c for c, text in said.items() if text and "NESTED_CLIENT" in text} == {c for c, starts in STARTS.items() if starts}
    assert not any(text for c, text in said.items() if not STARTS[c])


def test_a_look_at_the_run_is_the_same_from_a_folder_of_add_dir(session, tmp_path):
    """The client's shell stays where it went, also in a folder that --add-dir brought in."""
    s = begun(session, "common")
    elsewhere = tmp_path / "it's elsewhere"
    elsewhere.mkdir()
    for command in ("pack status", "pack log", "cd . && pack explain 1"):
        out = s.send("PreToolUse", tool_name="Bash", tool_use_id="t-" + command, cwd=str(elsewhere), tool_input={"command": command})[1]
        env = dict(os.environ, PATH=os.path.join(PLUGIN_ROOT, "bin") + os.pathsep + os.environ["PATH"], HOME=s.data)
        env.pop("CLAUDE_PROJECT_DIR", None)
        run = subprocess.run(
            ["sh", "-c", out["hookSpecificOutput"]["updatedInput"]["command"]], cwd=elsewhere, env=env, stdout=subprocess.PIPE, text=True
        )
        assert run.returncode == 0 and run.stdout and "NO_RUN" not in run.stdout, run.stdout
    for command in ("pack lint .", "pack --version"):  # what is not the run's stays there
        out = s.send("PreToolUse", tool_name="Bash", tool_use_id="t-" + command, cwd=str(elsewhere), tool_input={"command": command})[1]
        assert out["hookSpecificOutput"]["updatedInput"]["command"] == command
    out = s.send("PreToolUse", tool_name="Bash", tool_use_id="t-here", tool_input={"command": "pack status"})[1]
    assert out["hookSpecificOutput"]["updatedInput"]["command"] == "pack status"
