"""The gate reads a command before the client's shell runs it, and that shell is bash or zsh. Each text runs in the real shell, in a folder of its
own: what it changed there is among what the gate had read as written; and an honest text is read as writing what it writes, no more."""

import os
import shutil
import subprocess

import pytest
from pack.base import shell_patterns, shell_writes

FILES = ("a", "b", "c d", "keep", "src/x.py", "src/y.py", "lib/x.py", "deep/er/x.py", ".h/z", "l.txt", "m.txt", "n1.md", "n2.md")

BOTH = {
    "braces": "rm -f src/{x,y}.py",
    "nested braces": "rm -f {src/{x,y},lib/x}.py",
    "a range": "rm -f n{1..2}.md",
    "braces beside quotes": 'rm -f "src"/{x,y}.py',
    "braces in a redirection's folder": "for d in src lib; do echo 1 > $d/x.py; done",
    "the command in a variable": "c=rm; $c a",
    "a loop": "for f in a b; do rm $f; done",
    "a quoted loop": 'for f in a "c d"; do rm "$f"; done',
    "a loop over a pattern": 'for f in src/*; do rm "$f"; done',
    "a function": "w() { rm a; }; w",
    "function": "function w { rm a; }; w",
    "a shell that reads a substitution": "bash <(echo rm a)",
    "source": ". <(echo rm a)",
    "eval of a substitution": 'eval "$(echo rm a)"',
    "an alias": "shopt -s expand_aliases 2>&1\nalias w='rm a'\neval w",
    "a subshell behind a keyword": "if (true) then rm a; fi",
    "case": "case x in (x) rm a;; (y) rm b;; esac",
    "tilde plus": "rm ~+/a",
    "an array": "f=(a b); rm a",
    "!": "! (rm a)",
}
ZSH = {
    ">!": "setopt noclobber; echo 1 >! a",
    ">! without a blank": "echo 1 >!a",
    ">>!": "echo 1 >>! a",
    "&>|": "echo 1 &>| a",
    ">>&": "echo 1 >>& a",
    "multios": "echo 1 > a > b",
    "a pattern as a target": "echo 1 > *.txt",
    "print": "print -r -- 1 > a",
    "a redirection alone": "> a < b",
    "=command": "=rm a",
    "=command behind a prefix": "command =rm a",
    "=( )": "cp =(echo 1) a",
    "a qualifier": "rm src/*(.)",
    "a qualifier, and one more word": "rm src/*(.om[1]) b",
    "a recursive pattern": "rm **/x.py",
    "alternatives": "rm (a|b)",
    "alternatives in a name": "rm (l|m).txt",
    "the dotted": "rm -r .h(N) *(D.)",
    "all but one": "setopt extendedglob; rm ^keep(.)",
    "the short for": "for f (a b) rm $f",
    "foreach": "foreach f (a b); rm $f; end",
    "the short if": "if [[ -f a ]] rm a",
    "the short while": "while [[ -f a ]] { rm a }",
    "repeat": "repeat 1 rm a",
    "repeat with a body": "repeat 1 { rm a }",
    "always": "{ true } always { rm a }",
    "the short function": "w() rm a; w",
    "a function in braces": "function w { rm a }; w",
    "noglob": "noglob rm a",
    "nocorrect": "nocorrect rm a",
    "a dash before it": "true; - rm a",
    "no splitting": "f='c d'; rm $f",
    "splitting asked for": "f='a b'; rm $=f",
    "a pattern in a variable": "f='src/*'; rm $~f",
    "the other folder": "cd src; cd src lib; rm x.py",
    "a folder with a name": "hash -d q=$PWD/src; rm ~q/x.py",
    "a variable that is a folder": "q=$PWD/src; rm ~q/x.py",
    "zmv": "autoload -U zmv; zmv '(*).txt' '$1.old'",
    "zsh/files": "zmodload -F zsh/files b:zf_rm; zf_rm a",
    "zsh/mapfile": "zmodload zsh/mapfile; mapfile[a]=1",
    "in the background": "rm a &!\nwhile [[ -f a ]] { sleep 0.02 }",
    "a global alias": "alias -g W='> a'\neval 'echo 1 W'",
    "a here-string": "zsh <<< 'rm a'",
}
# What a coder really types: exactly these files are read as written.
HONEST = {
    "git commit -m 'feat(x): y (task #1)' -- a": set(),
    "python3 -m pytest tests -k 'a or (b and c)'": set(),
    "print -l *(.)": set(),
    "ls **/*.py(N) | wc -l": set(),
    "grep -rn 'def (a|b)' src": set(),
    "if [[ -f a && ( -n $x || -z $y ) ]]; then cat a; fi": set(),
    "for f in src/*.py; do python3 -m py_compile $f; done": set(),
    "diff <(sort a) =(sort b)": set(),
    "case $1 in (x|y) echo 1;; *) echo 2;; esac": set(),
    "a=(x y z); echo $#a": set(),
    "x=1; (( x > 0 )) && echo yes": set(),
    "for ((i = 0; i < 3; i++)); do echo $i; done": set(),
    '[[ "$a" > "$b" || ! ( -f a ) ]] && echo yes': set(),
    "[[ a < b ]] && rm b": {"b"},
    "((rm a); rm b)": {"a", "b"},
    'f="c d"; touch "$f"': {"c d"},
    "echo 1 >| a": {"a"},
    "sed -i 's/(x)/y/' a": {"a"},
    "touch src/{x,y}.py": {"src/x.py", "src/y.py"},
    "repeat 3 echo x >> a": {"a"},
    "rm -f src/x.py(N)": {"src/x.py"},
    "mkdir -p out && cp a out/": {"out"},
    "cd src && rm x.py": {"src/x.py"},
    "find . -name '*.py' -exec grep -l '{x}' {} +": set(),
}


@pytest.fixture
def folder(tmp_path):
    base = tmp_path / "p"
    for name in FILES:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return base


def read(text, folder):
    """The paths below the folder that the gate reads as written."""
    targets, _code = shell_writes.writes(text, str(folder))
    return {os.path.relpath(one, folder) for path, _effect in targets for one in shell_patterns.expanded(path)}


def ran(shell, text, folder):
    """What is another content, gone or new, once the real shell has run the text."""

    def seen():
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    before = seen()
    arguments = ["-f"] if shell == "zsh" else ["--norc"]
    subprocess.run(
        [shell, *arguments, "-c", text],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )
    after = seen()
    return {name for name in set(before) | set(after) if before.get(name) != after.get(name)}


@pytest.mark.parametrize("shell, name", [(s, n) for s in ("bash", "zsh") for n in BOTH] + [("zsh", n) for n in ZSH])
def test_what_the_shell_changed_was_read_as_written(folder, shell, name):
    if not shutil.which(shell):
        pytest.skip("%s is not installed: apt-get install %s" % (shell, shell))
    text = (BOTH if name in BOTH else ZSH)[name]
    told = read(text, folder)
    changed = ran(shell, text, folder)
    assert changed, "the text does nothing in this shell: it proves nothing"
    if name != "zmv":
        assert {c for c in changed if not any(c == t or c.startswith(t + "/") for t in told)} == set()
    else:  # where to is computed; what goes is known
        assert {"l.txt", "m.txt"} <= told & changed


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_is_read_as_what_it_writes_and_no_more(folder, text):
    assert read(text, folder) == HONEST[text]
