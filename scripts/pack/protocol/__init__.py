"""The protocol core: pure tables and one `step` function. No I/O, no clock, no randomness (a test reads the imports).

Theory of operation. Everything that happened is a list of events (the journal). `machine.step(state, event, now)`
folds one event into the state or raises `Refusal`; the gate, the explorer, the simulator, replay and the verbs all
call that same function, so no rule lives in a caller. Facts that only the outside knows (digests, exit codes, who the
client says is calling) come in with the event and are recorded with it, so replay needs nothing but the journal.
"""
