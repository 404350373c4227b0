#!/bin/sh
# tree-sitter-bash 0.25.1 (tree-sitter 0.26.1) against bash 5.2: commands in back-ticks that bash runs and of which the tree has no node, without an error node either:
# in the body of a heredoc, in the default of a variable inside double quotes ("${x:-`date`}"), and nested with a backslash (`echo \`date\``). The same three with
# $( ) each have their command. And a name that a backslash goes on in the next line (da\ te) is the command "da" with the argument "te", a `{date;}`,
# for bash a command of the name "{date", is a group in which date runs. So a tool that lists the commands of a script by this grammar (a linter, an editor, a
# documentation of what a script needs) leaves out what runs, and names what does not. Seen: bash runs date in the first four, the tree has it in none of
# them; with $( ) in all three. A good guess was that back-ticks and $( ) are one thing to a grammar. Installs both into a temporary folder, which it removes; bash is
# the machine's, and date there is a function. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" tree-sitter==0.26.1 tree-sitter-bash==0.25.1 2>/dev/null
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import os, subprocess, sys
import tree_sitter, tree_sitter_bash
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
def named(script):
    """(whether the tree has an error, whether a node names the command date)."""
    root, found = parser.parse(script.encode()).root_node, []
    def walk(node):
        if node.type == "command_name":
            found.append(node.text.decode())
        for child in node.children:
            walk(child)
    walk(root)
    return root.has_error, "date" in found
def runs(script):
    subprocess.run(["bash", "-c", "date() { : >ran; }\n" + script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
    ran = os.path.exists("ran")
    if ran:
        os.remove("ran")
    return ran
scripts = ["cat <<E\n`date`\nE", 'echo "${x:-`date`}"', "echo `echo \\`date\\``", "da\\\nte", "{date;}", "cat <<E\n$(date)\nE", 'echo "${x:-$(date)}"', "echo $(echo $(date))"]
seen = [(runs(script),) + named(script) for script in scripts]
for script, (ran, error, there) in zip(scripts, seen):
    print("%-28r bash runs date: %-5s error node: %-5s in the tree: %s" % (script, ran, error, there))
missed, made_up, right = (True, False, False), (False, False, True), (True, False, True)
sys.exit(0 if seen == [missed] * 4 + [made_up] + [right] * 3 else "changed")
END
