story: in the client's plan mode nobody may write or run: /build says so, opens nothing and calls no model
mode: headless
file src/a.py:
    a = 1
plan.md:
    # Say goodbye by name
permissions: plan
answers: yes
user types: /build plan.md --coders=1
    => says "plan mode, which is for looking, not for changes"
expect at most 0 calls
expect running: pack status
    => fails
