"""The documentation site: `make docs` (Sphinx and MyST read the same Markdown that is read in the repository)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
from pack import __version__  # noqa: E402

project, author, release = "team", "the team pack authors", __version__
copyright = author
extensions = ["myst_parser"]
exclude_patterns = ["docs/seeds.md"]  # of the makers: it names files of the repository
root_doc = "docs/index"
include_patterns = ["docs/*.md", "references/*.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "README.md", "changes/README.md"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "team " + __version__
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
# Fences that say what a block is (tests/docs): shown as plain text. `mermaid` blocks are GitHub's. Files of the repository are no pages.
suppress_warnings = ["misc.highlighting_failure", "myst.header", "toc.not_included", "toc.excluded", "myst.directive_unknown"]


def setup(app):
    """Names of fences that no lexer knows."""
    from pygments.lexers.special import TextLexer

    for name in ("client", "file", "setup", "story", "mermaid"):
        app.add_lexer(name, TextLexer)
