"""The copy that each step folds its event into: equal, in the same order, and no container of it is one of the original."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pack.protocol.kernel import clone

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just(("a", "tuple")))
INNER = st.recursive(LEAVES, lambda some: st.one_of(st.lists(some, max_size=4), st.dictionaries(st.text(max_size=3), some, max_size=4)))
STATES = st.one_of(st.lists(INNER, max_size=5), st.dictionaries(st.text(max_size=3), INNER, max_size=5))


def containers(value):
    if type(value) in (dict, list):
        yield value
        for inner in value.values() if type(value) is dict else value:
            yield from containers(inner)


@settings(max_examples=200, deadline=None)
@given(STATES)
def test_a_copy_is_equal_and_shares_no_container(state):
    written = json.dumps(state)
    copy = clone(state)
    assert json.dumps(copy) == written
    assert not {id(c) for c in containers(copy)} & {id(c) for c in containers(state)}
    for container in containers(copy):
        container.clear()
    assert json.dumps(state) == written
