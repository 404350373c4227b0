"""The frontmatter reader against the client's rules, and the quick reader against the full one."""

import pytest
from conftest import lint
from hypothesis import given, settings
from hypothesis import strategies as st

from pack.lint import frontmatter as fm


def value(text):
    front = fm.read(text)
    return None if front is None else "error" if front.error else front.value


@pytest.mark.parametrize(
    "text,expected",
    [
        ("---\nname: a\n---\nx", {"name": "a"}),
        ("\ufeff---\nname: a\n---\nx", {"name": "a"}),
        ("---  \r\nname: a\r\n---\r\nx", {"name": "a"}),
        ("\n---\nname: a\n---\nx", None),
        ("----\nname: a\n---\nx", None),
        ("---\nname: a\nx", None),
        ("---\nname: a --- b\n---\nx", {"name": "a"}),
        ("---\nd: Reviews code: use it: now\n---\n", {"d": "Reviews code: use it: now"}),
        ("---\nd: [unclosed\n---\n", {"d": "[unclosed"}),
        ("---\nh: [a] [b]\n---\n", {"h": "[a] [b]"}),
        ("---\nd: %done\n---\n", {"d": "%done"}),
        ("---\nd: *bold* x\n---\n", {"d": "*bold* x"}),
        ("---\nd: 'It's fine'\n---\n", "error"),
        ('---\nd: "Reviews" a change\n---\n', "error"),
        ('---\nd: "a\nb: c"\n---\n', "error"),
        (
            "---\na: yes\nb: 010\nc: 2026-01-01\nd: 0x1F\ne: ~\nf: .5\n---\n",
            {"a": "yes", "b": 10, "c": "2026-01-01", "d": 31, "e": None, "f": 0.5},
        ),
        ("---\na: 1\na: 2\n---\n", {"a": 2}),
        ("---\nbase: &b {x: 1}\n<<: *b\n---\n", {"base": {"x": 1}, "x": 1}),
        ("---\n- a\n- b\n---\n", ["a", "b"]),
        ("---\ntools:\n  - Read\n  - Grep\n---\n", {"tools": ["Read", "Grep"]}),
        ("---\nd: ,x\n---\n", {"d": ",x"}),
        ("---\na: !!str 5\n---\n", {"a": "5"}),
    ],
)
def test_as_the_client_reads_it(text, expected):
    """Expected values: the client's own parser (Bun.YAML behind its two tries), run on these texts."""
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "name: x\ntools: Read, Grep",
        "tools:\n  - Read\n  - 'Grep'",
        "d: a: b\nname: 'x'",
        "d: [a: b\r\nname: x\r",
        "name: aname: a",
        'name: "x"\nmodel: sonnet',
    ],
)
def test_places(text):
    source = "---\n%s\n---\nBody" % text
    front = fm.read(source)
    for path, (start, end) in front.spans.items():
        inner = front.value
        for part in path:
            inner = inner[part]
        if isinstance(inner, str):
            assert source[start:end].strip("\"'") == inner
    for path, (start, end) in front.keys.items():
        assert source[start:end] == path[-1]


VALUES = st.one_of(
    st.text(alphabet=st.sampled_from("abcXYZ 0123456789,.()/-_:#'\"[]{}éß*&!|>%@`\\<$?\u2028\t"), max_size=20),
    st.sampled_from(
        ["true", "null", "~", "12", "-3.5", "1e3", "0x1f", "yes", '"quoted"', "''", "a: b", "a #b", "x:", "--type x", "<a> [b]"]
    ),
    st.sampled_from(
        [
            "[Read, Grep]",
            "[a]",
            "[]",
            "[a, ]",
            "['x', \"y\"]",
            "[Bash(git:*), b]",
            "[a: b]",
            "[-1, 2]",
            '"a \\"b\\" \\\\ c"',
            "Use: [x] & y ",
        ]
    ),
    st.sampled_from(
        ["|\n  a\n  b", ">\n  a\n  b\n\n  c", ">-\n  a\n\n\n  b\n", "|-\n a: b\n  c", ">\n\n  a", "|\n a\nb: c", ">\n  a # b\n  c: d"]
    ),
    st.sampled_from(["\n  - a\n  - b: c", "\n  - a\n# said\n  - 'b'", "\n- a", "\n  a: b"]),
)
LINES = st.lists(
    st.one_of(st.tuples(st.sampled_from(["name", "description", "tools", "model", "x-y", "A_b", "b2"]), VALUES), st.just(("# note", "x"))),
    min_size=1,
    max_size=4,
)


@settings(max_examples=1500, deadline=None)
@given(lines=LINES)
def test_the_quick_reader_agrees_with_the_full_one(lines):
    block = "".join("%s: %s\n" % pair for pair in lines)
    quick, full = fm.Frontmatter(), fm.Frontmatter()
    quick.end = full.end = len(block)
    if not fm._quick(block, quick):
        return
    fm._full(block, full)
    assert full.error is None and full.lenient == quick.lenient
    assert repr(quick.value) == repr(full.value)
    assert quick.keys == full.keys
    for path in quick.spans:
        listed = len(path) == 1 and isinstance(quick.value[path[0]], list) and block[quick.spans[path][0]] == "-"
        if path and quick.value[path[0]] is not None and not listed:  # libyaml ends a list of lines where the next word begins
            assert quick.spans[path] == full.spans[path]
    assert [path for path, _, _ in quick.duplicates] == [path for path, _, _ in full.duplicates]


@pytest.mark.parametrize("front", ["<<: {tools: Reed}", "x: &x {tools: [Reed]}\n<<: *x", "<<: [{tools: Reed}, {model: sonnet}]"])
def test_what_a_merge_key_brings_in_stands_where_it_was_written(plugin, front):
    root = plugin({"agents/a.md": "---\nname: a\ndescription: Reads. Use when asked.\n%s\n---\nRead.\n" % front})
    (finding,) = [finding for finding in lint(root)[1] if finding["rule"] == "tool-unknown"]
    line = ("---\nname: a\ndescription: Reads. Use when asked.\n%s" % front).split("\n")[finding["line"] - 1]
    assert line[finding["column"] - 1 : finding["end_column"] - 1] == "Reed"


@pytest.mark.parametrize(
    "text",
    [
        "tools:\tRead\n",
        "tools: \tRead\tGrep\n",
        "a: x\t# c\n",
        'a: "x\ty"\nb: [a,\tb]\n',
        "a:\t\n  - b\n",
        "a: [x,\t\n y]\n",
        "\ta: b\n",
        "a: {b:\tc}\n",
    ],
)
def test_tabs_without_libyaml(text, monkeypatch):
    """PyYAML in pure Python reads a tab as libyaml (and the client) do."""

    def built():
        try:
            return fm._Builder(text).build()
        except fm.FrontmatterError:
            return "refused"

    import yaml

    fast = built()
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert built() == fast


@settings(max_examples=1500, deadline=None)
@given(lines=LINES, nested=st.booleans())
def test_what_the_packs_own_reader_takes_libyaml_reads_alike(lines, nested):
    """Values, places of values and of keys; what it does not take libyaml gets."""
    block = "".join("%s: %s\n" % pair for pair in dict(lines).items())
    block = "x:\n" + "".join("  %s\n" % line for line in block.split("\n")) if nested else block
    ours, full = fm._Read(block), fm._Builder(block)
    if not ours.at_once():
        return
    assert repr(full.build()) == repr(ours.value)
    assert (ours.spans, ours.keys, ours.duplicates) == (full.spans, full.keys, full.duplicates)


@pytest.mark.parametrize(
    "block,taken",
    [
        ("a:\n  b: [c: d, e]\n  f:\n", True),
        ("a:\n  - b\n  -\n  - [x\n\n    y]\n", True),
        ("a: &x b\nc: *x\n", False),
        ("a: >\n  b\n\n  c\nd: |-\n  e\n   f\n", True),
        ('a: "b\n  c"\n', True),
        ('a: "b\nc"\n', False),
        ("a: >\n: b\n", False),
        ("a: [\n - b]\n", False),
        ("a: [#b, c]\n", False),
        ("a: &x *y\n", False),
        ("a: {{b}}\n", False),
        ("a: !!str 5\n", False),
        ("a: 1\na: 2\n", False),
    ],
)
def test_what_the_packs_own_reader_leaves_to_libyaml(block, taken):
    ours, full = fm._Read(block), fm._Builder(block)
    assert ours.at_once() is taken
    if taken:
        assert repr(full.build()) == repr(ours.value)
        assert (ours.spans, ours.keys) == (full.spans, full.keys)
