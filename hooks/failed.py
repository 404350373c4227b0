"""What hooks/gate.py answers where the gate could not even start. Read only then: what gate.py holds is read in every call."""


def answer(event, guarded, error):
    """(exit code, standard output, standard error) for an event; guarded: the events that fail closed."""
    text = (
        "team: the gate could not start (%s: %s). Guarded calls stay refused while a team is active. Run `pack doctor` in your own "
        "terminal; `pack abort --reason WHY` there ends the run." % (type(error).__name__, error)
    )
    if type(error).__name__ == "OutOfTime":
        text = str(error)
    if event == "UserPromptExpansion":  # of exit 2 the user would read the hook's whole command line first
        quoted = "".join(c if c >= " " and c not in '"\\' else " " for c in text)
        return 0, '{"decision": "block", "reason": "%s"}' % quoted, text
    return (2 if event in guarded else 0), "", text
