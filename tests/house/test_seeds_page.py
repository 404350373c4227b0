"""docs/seeds.md: every place that it names is there, and says what it is named for."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "dev"))

import seeds  # noqa: E402

SEEDS = ("build-command", "parallel-sprint-command-center", "realtime-dev", "realtime-engineer", "realtime-systems-team", "design-card")


def gone(text):
    """What of a place is not there, "" where all is."""
    try:
        path, needle, _words = seeds.place(text)
    except KeyError:
        return "no test is called so"
    full = os.path.join(ROOT, path)
    if not os.path.exists(full):
        return "no such file"
    if not needle:
        return ""
    with open(full, encoding="utf-8") as f:
        return "" if needle in f.read() else "%r does not stand in it" % needle


def test_every_place_that_the_page_names_is_there():
    wrong = []
    for seed, section, item, held, seen in seeds.rows():
        if held and held[0].startswith("open:"):
            assert not seen, item
            continue
        assert held and seen, "%s: no place" % item
        wrong += ["%s: %s: %s" % (item, text, gone(text)) for text in held + seen if gone(text)]
    assert not wrong, "\n".join(wrong)


def test_what_only_a_prompt_holds_is_asked_for_by_its_words():
    """A story of which the words are not asked passes without them: the scripted model does what its lines say, whatever it was told."""
    wrong = []
    for _seed, _section, item, held, seen in seeds.rows():
        prompts = all(place.startswith(("agents/", "commands/", "references/")) for place in held)
        if prompts and not any(place.startswith("t:") or place.startswith("s:") and "#" in place for place in seen):
            wrong.append(item)
    assert not wrong, "\n".join(wrong)


def test_what_is_held_is_seen_by_another_that_runs_it():
    """Held by code, a prompt or a decision; seen in a test or a story. A file that holds something is no witness of itself."""
    wrong = []
    for _seed, _section, item, held, seen in seeds.rows():
        if not any(place.startswith(("t:", "s:")) for place in seen):
            wrong.append("%s: no test and no story" % item)
        if any(place.startswith(("t:", "s:")) for place in held):
            wrong.append("%s: held by a test or a story" % item)
        both = {seeds.place(p)[0] for p in held} & {seeds.place(p)[0] for p in seen}
        wrong += ["%s: %s holds it and sees it" % (item, path) for path in sorted(both)]
    assert not wrong, "\n".join(wrong)


def test_every_seed_has_its_items_and_nothing_is_open():
    rows = seeds.rows()
    assert {r[0] for r in rows} == set(SEEDS)
    assert sum(r[0] == "build-command" for r in rows) >= 120 and len(rows) >= 240
    assert not [r[2] for r in rows if r[3][0].startswith("open:")]
    assert len({(r[0], r[2]) for r in rows}) == len(rows), "an item twice"


def test_a_place_that_is_gone_is_found():
    assert gone("t:test_that_nobody_wrote") and gone("k:protocol/nowhere.py") and gone("k:protocol/plan.py#no such words anywhere")
    assert not gone("k:protocol/plan.py#def classify") and not gone("s:realtime") and not gone("D:Idle is alive")
