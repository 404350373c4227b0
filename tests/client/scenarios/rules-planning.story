story: nothing starts without a plan, and no bad plan is registered; then the honest run
as in honest-simple until "lead runs: pack plan"
calls: 130
lead runs: pack verify --build "python3 -m compileall -q src" --test "python3 -m unittest discover -s tests -q"
    => refused NO_PLAN, says "pack plan"
lead runs: pack teardown
    => refused NO_PLAN
lead spawns coder-1 as coder
    => refused NO_PLAN, says "pack plan"
lead spawns unified-reviewer as unified-reviewer
    => refused NO_PLAN
lead spawns tech-lead as tech-lead
    => refused NO_PLAN
lead runs: pack plan
    not JSON
    => refused BAD_JSON
lead runs: pack plan && git status
    => refused VERB_NOT_ALONE, says "run it alone"
lead runs: PACK_VOUCHER=/tmp/forged pack plan
    => refused FORGED_VOUCHER
lead runs: pack plan --now
    => refused USAGE, says "--help"
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": []}
    => refused PLAN_INCOMPLETE
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["a.py"], "references": [], "checks": ["c"], "tooling": {"test": "true"}}]}
    => refused PLAN_INCOMPLETE, says "acceptance"
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["../a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}}]}
    => refused PLAN_PATH
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}},
     {"id": 1, "subject": "B", "files": ["b.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}}]}
    => refused DUPLICATE_TASK_KEY
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [7]}]}
    => refused PLAN_UNKNOWN_TASK
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [2]},
     {"id": 2, "subject": "B", "files": ["b.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [1]}]}
    => refused PLAN_CYCLE, says "#1 -> #2 -> #1"
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}}]}
    => refused PLAN_CONVENTIONS, says "Update .conventions/ with discovered patterns"
lead runs: pack plan
    {"facts": {}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["src/a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}},
     {"id": 2, "subject": "B", "files": ["src/A.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}},
     {"id": 3, "subject": "C", "files": [".conventions/"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [1, 2]}]}
    => refused FILE_OVERLAP, says "one file = one coder"
lead runs: pack plan
    {"facts": {"layers": ["api"]}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["src/a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}},
     {"id": 2, "subject": "C", "files": [".conventions/"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [1]}]}
    => refused PLAN_FACTS, says "evidence"
lead runs: pack plan
    {"facts": {"layers": ["api", "ui"], "changes_existing": {"value": true, "evidence": "e"}, "near_sensitive": {"value": false, "evidence": "e"},
     "shared_by_3_modules": {"value": false, "evidence": "e"}, "direct_sensitive": {"value": false, "evidence": "e"},
     "gold_standard_exists": {"value": true, "evidence": "e"}}, "definition_of_done": ["tests"], "tasks": [
     {"id": 1, "subject": "A", "files": ["src/a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}},
     {"id": 2, "subject": "C", "files": [".conventions/"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [1]}]}
    => refused PLAN_REVIEWERS, says "at least one"
lead runs: pack plan
    {"facts": {"layers": ["api"], "changes_existing": {"value": false, "evidence": "e"}, "near_sensitive": {"value": false, "evidence": "e"},
     "shared_by_3_modules": {"value": false, "evidence": "e"}, "direct_sensitive": {"value": false, "evidence": "e"},
     "gold_standard_exists": {"value": true, "evidence": "e"}}, "tasks": [
     {"id": 1, "subject": "A", "files": ["src/a.py"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}},
     {"id": 2, "subject": "C", "files": [".conventions/"], "references": [], "acceptance": ["a"], "checks": ["c"], "tooling": {"test": "true"}, "blocked_by": [1]}]}
    => refused PLAN_INCOMPLETE, says "definition_of_done"
as in honest-simple from "lead runs: pack plan"
expect status: phase=CLOSED
