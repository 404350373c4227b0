#!/bin/sh
# markdown-it-py 4.3.0, MarkdownIt("commonmark"), the preset that promises strict CommonMark: what is nested deeper than 20 levels is dropped, text and all, without an
# error, a warning or a token. A list takes two levels (list and item), so from its tenth level on a list's text is gone from the page and from what a linter looks
# through; CommonMark has no limit. MarkdownIt("default"), the lenient preset, allows 100 and keeps it, so does the option {"maxNesting": 100}; commonmark 0.31.2
# (npm, the reference) and mistune 3.4.0 keep all. Seen for 30 nested items, each with a word of
# its own: words kept commonmark 9, default 30, with the option 30, reference 30, mistune 30. A good guess was that the strict preset is the complete one. Installs
# them into a temporary folder, which it removes; node is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" markdown-it-py==4.3.0 mistune==3.4.0 2>/dev/null
timeout 600 npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$home" commonmark@0.31.2 >/dev/null
cat >reference.js <<'END'
const cm = require("commonmark"), text = require("fs").readFileSync("deep.md", "utf8");
console.log(new cm.HtmlRenderer().render(new cm.Parser().parse(text)));
END
PYTHONPATH=$home/py timeout 100 "$python" - <<'END'
import re, subprocess, sys
import mistune
from markdown_it import MarkdownIt
text = "".join("%s- word%d\n" % ("  " * n, n) for n in range(30))
open("deep.md", "w").write(text)
def words(html):
    return len(set(re.findall(r"word\d+", html)))
seen = {"commonmark": words(MarkdownIt("commonmark").render(text)), "default": words(MarkdownIt("default").render(text)),
        "option": words(MarkdownIt("commonmark", {"maxNesting": 100}).render(text)), "mistune": words(mistune.html(text)),
        "reference": words(subprocess.check_output(["node", "reference.js"], text=True))}
print(seen)
sys.exit(0 if seen == {"commonmark": 9, "default": 30, "option": 30, "mistune": 30, "reference": 30} else "changed")
END
