#!/bin/sh
# Claude Code 2.1.329: `claude plugin install` of a plugin from a marketplace that is a folder copies everything that lies in it into the
# plugin cache, what git ignores too (.venv, build, __pycache__); only .git is left out. A marketplace given as file:// is refused as a format.
# Exits 0 while that is so, 1 when it has changed. Needs npm; starts no session and asks no model.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 600 npm install --silent --no-audit --no-fund --prefix "$work/client" @anthropic-ai/claude-code@2.1.329 >/dev/null
mkdir -p home "market/.claude-plugin" market/.venv market/build market/commands
echo '{"name": "m", "owner": {"name": "o"}, "plugins": [{"name": "p", "source": "./"}]}' > market/.claude-plugin/marketplace.json
echo '{"name": "p", "version": "1.0.0", "description": "d"}' > market/.claude-plugin/plugin.json
printf -- '---\ndescription: says hello\n---\nSay hello.\n' > market/commands/hello.md
printf '.venv/\nbuild/\n' > market/.gitignore
touch market/.venv/left-over market/build/left-over
git -C market init -q
git -C market add -A
git -C market -c user.name=n -c user.email=n@example.invalid commit -qm one
export HOME="$work/home" ANTHROPIC_BASE_URL=http://127.0.0.1:9 DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
unset CLAUDE_CONFIG_DIR
claude="$work/client/node_modules/.bin/claude"
timeout 240 "$claude" --version
if timeout 240 "$claude" plugin marketplace add "file://$work/market"; then echo "changed: file:// is taken"; exit 1; fi
timeout 240 "$claude" plugin marketplace add "$work/market"
timeout 240 "$claude" plugin install p@m
cd home/.claude/plugins/cache/m/p/1.0.0
find . -name left-over
[ -e .venv/left-over ] && [ -e build/left-over ] && [ ! -e .git ] || { echo "changed: ignored files are not copied, or .git is"; exit 1; }
echo "as described"
