# The project that the case begins in: one module, one test, a plan, one commit.
set -e
mkdir -p src tests
printf '# Greeter\nPython, standard library. Tests: `python3 -m unittest discover -s tests -q`.\n' > CLAUDE.md
printf 'def greet():\n    return "hello"\n' > src/greet.py
printf '# Say goodbye\nA module beside greet.py that says goodbye by name, with a test.\n' > plan.md
git init -q && git config user.name eval && git config user.email eval@example.invalid
git add -A && git commit -qm start
