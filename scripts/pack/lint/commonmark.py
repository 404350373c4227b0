"""What CommonMark decides of a document: what is a link, what a heading makes an anchor of, what stands in code or in a comment.

The rules look for candidates with markdown.py, which is quick and near enough; where a finding in a README, a CLAUDE.md or a reference
hangs on one of these questions, markdown-it-py answers it (with GitHub's tables). Prompts are another matter: there the client goes by
white space (references/rules.md, command-live-example), and the model reads what no parser has judged.
"""

from bisect import bisect_right

from .lazy import lazy
from .source import paragraph

_ATTRIBUTE = lazy(r"""\b(?:href|src)=["']?([^"'\s<>]+)""")
KINDS = ("prose", "readme", "rootdoc")  # of files that are read as Markdown


def at_hand():
    """Whether this Python has markdown-it-py: a plugin user's need not, and the linter works there all the same."""
    try:
        import markdown_it  # noqa: F401
    except ImportError:
        return False
    return True


class Document:
    """A Markdown text from `start` on, parsed."""

    def __init__(self, text, start=0):
        from markdown_it import MarkdownIt

        env = {}
        # Its own limit of 20 drops what stands deeper, from the tenth level of a list on (findings/markdown-it-py-drops-what-is-deep.sh).
        tokens = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").parse(text[start:], env)
        self._starts, at = [start], text.find("\n", start)
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._inline = [token for token in tokens if token.type == "inline" and token.map]
        self._html = [token for token in tokens if token.type == "html_block" and token.map]
        self._code = [token.map for token in tokens if token.type in ("fence", "code_block") and token.map]
        self._titles = [after for token, after in zip(tokens, tokens[1:]) if token.type == "heading_open"]
        self._targets = {plain(reference["href"]) for reference in env.get("references", {}).values()}

    def _line(self, offset):
        return bisect_right(self._starts, offset) - 1

    def in_code(self, offset):
        """Does the line belong to a code block, fenced or indented?"""
        line = self._line(offset)
        return any(first <= line < end for first, end in self._code)

    def is_link(self, offset, target):
        """Is the target, which is spelled at the offset, that of a link, an image, a definition or an HTML attribute?"""
        line, target = self._line(offset), plain(target)
        if self.in_code(offset):
            return False
        if target in self._targets:
            return True
        for token in self._inline:
            if token.map[0] <= line < token.map[1]:
                for child in token.children:
                    said = child.attrGet("href") or child.attrGet("src")
                    if said is not None and plain(said) == target or child.type == "html_inline" and _names(child.content, target):
                        return True
        return any(token.map[0] <= line < token.map[1] and _names(token.content, target) for token in self._html)

    def titles(self):
        """The text of every heading, in order."""
        return ["".join(child.content for child in token.children if child.type in ("text", "code_inline")) for token in self._titles]


def plain(target):
    """A target as CommonMark and people spell it: percent signs decoded, entities as they are."""
    from urllib.parse import unquote

    return unquote(target.replace("&amp;", "&").replace("\\", ""))


def _names(html, target):
    """Is the target the value of an attribute that links?"""
    return not html.lstrip().startswith("<!--") and any(plain(match.group(1)) == target for match in _ATTRIBUTE.finditer(html))


def doubtful(text, offset):
    """May CommonMark see something else here than a look at the marks does? In plain paragraphs both say the same (the tests ask both
    about every link that they have); what is indented, quoted, escaped, in HTML or between uneven backticks is worth the parser."""
    around = paragraph(text, offset)
    if "\\" in around or "``" in around or around.count("`") % 2:
        return True
    return any(line.startswith(("    ", "\t")) or line.lstrip(" ").startswith((">", "<")) for line in around.split("\n"))
