"""Suppression comments: suppression-unused, suppression-reason."""

from conftest import lint

COMMAND = "---\ndescription: Builds\n---\n%s\n"
BROKEN = "See [x](../references/none.md)."


def run(plugin, text):
    return [(f["rule"], f["line"]) for f in lint(plugin({"commands/build.md": COMMAND % text}))[1]]


def test_the_finding_without_a_comment(plugin):
    assert run(plugin, BROKEN) == [("ref-file", 4)]


def test_a_comment_before_the_line(plugin):
    assert run(plugin, "<!-- pack-lint: ignore ref-file -- made later -->\n" + BROKEN) == []


def test_a_comment_for_the_file(plugin):
    assert run(plugin, "<!-- pack-lint: ignore-file ref-file -- made later -->\n\n\n\n" + BROKEN) == []


def test_a_comment_in_the_frontmatter(plugin):
    text = "---\nname: reviewer\n# pack-lint: ignore model-unknown -- our gateway knows it\nmodel: gpt-4\ndescription: Reviews\ntools: Read\n---\nReview.\n"
    assert lint(plugin({"agents/reviewer.md": text})) == (0, [])


def test_another_line_is_not_suppressed(plugin):
    assert run(plugin, "<!-- pack-lint: ignore ref-file -- why -->\n\n\n" + BROKEN) == [
        ("suppression-unused", 4),
        ("ref-file", 7),
    ]


def test_without_a_reason(plugin):
    assert run(plugin, "<!-- pack-lint: ignore ref-file -->\n" + BROKEN) == [("suppression-reason", 4)]


def test_unused_and_unknown(plugin):
    text = "<!-- pack-lint: ignore ref-file, ref-fil -- why -->\nNothing here."
    assert run(plugin, text) == [("suppression-unused", 4), ("suppression-unused", 4)]


def test_inside_a_fence_it_is_an_example(plugin):
    assert run(plugin, "```\n<!-- pack-lint: ignore ref-file -->\n```") == []


def test_a_comment_that_is_not_understood_says_so(plugin):
    for comment in ("<!-- pack-lint:ignore -->", "<!-- pack-lint: ignroe ref-file -- why -->"):
        assert run(plugin, comment + "\nNothing here.") == [("suppression-unused", 4)]
    assert run(plugin, "# pack-lint: a heading\n\nNothing here.") == []
