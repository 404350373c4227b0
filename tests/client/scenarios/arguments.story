story: bad arguments are refused before any model call; the message says what is wrong and how to call it
as in honest-simple until "user types"
calls: 8
user types: /build plan.md --coders=0
    => says "--coders=0: give a whole number from 1"
user starts anew: /build plan.md --coders=many
    => says "--coders=many: give a whole number"
user starts anew: /build plan.md --coders
    => says "give a whole number"
user starts anew: /build missing.md
    => says "the plan missing.md does not exist"
user starts anew: /build plan.md --fast
    => says "unknown flag --fast", says "usage: /build"
user starts anew: /build
    => says "nothing to build"
user starts anew: /team:build plan.md --coders=99
    => says "--coders=99"
expect at most 0 calls
expect file .claude is gone
