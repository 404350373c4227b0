"""The hand-written readers of what JavaScript reads, each against the client's kind of engine: regular expressions against `new RegExp`, JSON
against JSON.parse, ranges of versions against npm's own semver. Made at random; one process of Node for all of them."""

import json
import os
import random
import shutil
import subprocess

import pytest

from pack.lint import jsondoc, jsregex, semver

SEMVER = "npm/node_modules/semver"
NODE = """
const given = JSON.parse(require('fs').readFileSync(0, 'utf8')), semver = require(process.argv[1]);
const good = make => { try { return make() } catch (error) { return null } };
process.stdout.write(JSON.stringify({
  regexes: given.regexes.map(text => good(() => new RegExp(text)) !== null),
  ranges: given.ranges.map(text => semver.validRange(text) !== null),
  inside: given.inside.map(([version, text]) => semver.satisfies(version, text)),
  texts: given.texts.map(text => good(() => [JSON.parse(text)])),
}));
"""
# No modifiers such as `(?i:a)`: the client's engine knows them, Node 20 does not yet.
REGEX = r"( ) [ ] { } | * + ? ?? . ^ $ \ \d \w \b \1 \k<n> (?<n> (?: (?= (?! (?<= (?<! (?P<n> {2} {2,} {2,1} {,3} a b Bash - [a-z] [z-a] [^".split()
REGEX += r"\u0041 \u{41} \x4 \c \cA / é 😀 0 1 , ++ *+ \p{L} [] [^] \-".split() + [" "]
NUMBERS = ("0.5", "1", "-1", "1e5", "-0", "1E+2", "01", ".5", "1.", "+1", "NaN", "Infinity", "0x1")
STRINGS = ('"a"', '"\\n"', '"\\u0041"', '"é"', '""', '"\\x"', '"a', "'a'", '"\t"')
WORDS = ("true", "false", "null", "True", "nul")


def regexes(chance):
    return ["".join(chance.choice(REGEX) for _ in range(chance.randrange(1, 9))) for _ in range(4000)]


def version(chance):
    parts = [
        chance.choice(("0", "1", "2", "10", "x", "*", "X", "01")) if chance.random() < 0.4 else str(chance.randrange(4)) for _ in range(3)
    ]
    parts = parts[: chance.randrange(1, 4)]
    more = chance.choice(("-beta", "-rc.1", "+b1", "-", "-01")) if len(parts) == 3 and chance.random() < 0.2 else ""
    return ".".join(parts) + more


def ranges(chance):
    def compared():
        return chance.choice((">=", "<", "<=", ">", "^", "~", "~>", "=", "", "v")) + chance.choice(("", "", "", " ")) + version(chance)

    def one():
        kind = chance.random()
        if kind < 0.15:
            return version(chance) + chance.choice((" - ", "-", " -")) + version(chance)
        text = " ".join(compared() for _ in range(chance.randrange(1, 3)))
        return text + (chance.choice((" || ", "||", " | ")) + compared() if kind > 0.8 else "")

    return [one() for _ in range(3000)] + ["", "*", "latest", "x", ">", "||", "^", "1.2.3.4", ">=1.0.0,<2"]


def texts(chance):
    def now_and_then(odd, plain=""):
        return chance.choice(odd) if chance.random() < 0.08 else plain

    def value(depth=0):
        kind = chance.randrange(8 if depth < 4 else 4)
        if kind < 4:
            return chance.choice((NUMBERS, STRINGS, WORDS, ("{}", "[]", '"k"'))[kind])
        inner = [value(depth + 1) for _ in range(chance.randrange(4))]
        if kind < 6:
            return "[" + now_and_then((" ", "\n", "\ufeff")) + ",".join(inner) + now_and_then((",",)) + "]"
        named = [chance.choice(('"a"', '"b"')) + now_and_then((" : ", "=", "")) + ":" + one for one in inner]
        return "{" + ",".join(named) + now_and_then((",", "c")) + "}"

    return [value() + now_and_then((" ", "x", "//c")) for _ in range(4000)]


@pytest.fixture(scope="module")
def judged():
    """(what was made, what Node says of each)."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs Node and npm (scripts/dev/setup says how)")
    home = os.path.join(subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=True).stdout.strip(), SEMVER)
    if not os.path.isdir(home):
        pytest.skip("this npm does not bring its own semver")
    chance = random.Random(15)
    made = {"regexes": regexes(chance), "ranges": ranges(chance), "texts": texts(chance)}
    made["inside"] = [("%d.%d.%d" % tuple(chance.randrange(4) for _ in range(3)), text) for text in made["ranges"]]
    done = subprocess.run(["node", "-e", NODE, home], input=json.dumps(made), capture_output=True, text=True, check=True)
    return made, json.loads(done.stdout)


def test_regular_expressions(judged):
    made, said = judged
    assert [text for text, good in zip(made["regexes"], said["regexes"]) if (jsregex.problem(text) is None) != good] == []
    assert 500 < sum(said["regexes"]) < 3500


def test_ranges_of_versions(judged):
    made, said = judged
    assert [text for text, good in zip(made["ranges"], said["ranges"]) if semver.is_range(text) != good] == []
    assert 1000 < sum(said["ranges"]) < 2500


def test_versions_in_ranges(judged):
    made, said = judged
    pairs = [(pair, good) for pair, good, legal in zip(made["inside"], said["inside"], said["ranges"]) if legal]
    assert [pair for pair, good in pairs if semver.satisfies(*pair) != good] == []
    assert sum(good for _, good in pairs) > 200


def test_what_no_version_can_satisfy(judged):
    """Only what npm finds nothing for is called impossible."""
    made, said = judged
    pairs = [(pair, good) for pair, good, legal in zip(made["inside"], said["inside"], said["ranges"]) if legal]
    assert [pair for pair, good in pairs if good and not semver.is_possible(pair[1])] == []


def test_json(judged):
    made, said = judged
    differs = []
    for text, answer in zip(made["texts"], said["texts"]):
        try:
            mine = [jsondoc.parse(text).value]
        except jsondoc.JsonError:
            mine = None
        if mine != answer:
            differs.append((text, mine, answer))
    assert differs == [] and 500 < sum(answer is not None for answer in said["texts"]) < 3500


def test_places_in_json(judged):
    """Each place holds just the value that has that path, looked for one by one and all at once."""
    made, said = judged
    seen = 0
    for text, answer in zip(made["texts"], said["texts"]):
        if answer is None:
            continue
        every, single = jsondoc.Positions(text), jsondoc.parse(text)
        for path, (start, end) in every.spans.items():
            value = every.value
            for part in path:
                value = value[part]
            seen += 1
            assert json.loads(text[start:end]) == value and single.span(path) == (start, end), (text, path)
    assert seen > 2000
