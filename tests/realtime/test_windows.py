"""The plan of a stream test against an oracle that counts by hand, and what the gate says of a stream."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from pack.realtime import claims, judge_load, rtfile, streaming, windows

SPECS = some.fixed_dictionaries(
    {
        "events": some.integers(40, 400),
        "keys": some.integers(1, 4),
        "window_s": some.sampled_from([0.2, 0.5, 1.0]),
        "rate": some.sampled_from([40, 100, 250]),
        "late": some.integers(0, 6),
        "too_late": some.integers(0, 4),
        "lateness_s": some.just(0.1),
    },
    optional={"slide_s": some.sampled_from([0.05, 0.1, 0.2]), "gap_s": some.sampled_from([0.3, 1.0])},
)


def by_hand(told):
    """{(key, start in ms): events}, from what a processor is sent: whole milliseconds, every window is looked through."""
    events = [(key, int(round(at * 1000))) for _, key, at, late in windows.plan(**told) if late is not None]
    counts, size = {}, int(round(told["window_s"] * 1000))
    if told["gap_s"]:
        gap = int(round(told["gap_s"] * 1000))
        for key in {k for k, _ in events}:
            sessions = []
            for at in sorted(t for k, t in events if k == key):
                if sessions and at - sessions[-1][-1] < gap:
                    sessions[-1].append(at)
                else:
                    sessions.append([at])
            counts.update({(key, s[0]): len(s) for s in sessions})
        return counts
    step = int(round((told["slide_s"] or told["window_s"]) * 1000))
    last = max(at for _, at in events)
    for start in range(-size - size % step - step * (size // step), last + 1):
        if start % step == 0:
            for key, at in events:
                if start <= at < start + size:
                    counts[key, start] = counts.get((key, start), 0) + 1
    return counts


@settings(max_examples=150, deadline=None)
@given(SPECS)
def test_expected_windows_are_what_counting_by_hand_gives(spec):
    if windows.unready(spec, spec["rate"]):
        return
    told = windows.of(spec, spec["rate"])
    got = {(key, int(round(start * 1000))): n for (key, start), n in windows.expected(**told).items()}
    assert got == by_hand(told)
    planned = windows.plan(**told)
    assert sorted(item[0] for item in planned) == list(range(spec["events"])), "each is sent once"
    assert sum(item[3] is True for item in planned) == spec["late"] and len(windows.left_out(told)) == spec["too_late"]
    assert [item[0] for item in planned][len(planned) - spec["too_late"] :] == windows.left_out(told), "too late: after all others"


@pytest.mark.parametrize(
    "more, why",
    [
        ({"slide_s": 0.1, "gap_s": 1}, "give one of them"),
        ({"slide_s": 2}, "miss events between them"),
        ({"gap_s": 0.01}, "would split its session"),
        ({"late": 900, "too_late": 200}, "cannot be late"),
        ({"too_late": 3, "lateness_s": 60}, "are still open when the last event comes"),
    ],
)
def test_a_stream_that_shows_nothing_is_refused_before_it_is_sent(more, why):
    spec = dict({"window_s": 0.5, "events": 1000, "keys": 4, "rate": 200}, **more)
    assert any(why in text for text in windows.unready(spec, 200))
    path = {"id": "p", "adapter": "m:C", "rate": 200, "stream": spec}
    assert any(why in text for text in rtfile._cannot(path))


SPEC = {"window_s": 0.5, "events": 400, "keys": 2, "rate": 200, "late": 4, "too_late": 3, "slide_s": 0.25, "lateness_s": 0.1}
KIND = {"thresholds": {"rate": "stream_rate"}}
LIMIT = (100, {"op": ">"}, None)


def entry(got=None, aside=None, **more):
    """What a measurement files of a processor that says `got` and sets `aside` aside; without them, of a right one."""
    told = windows.of(SPEC, 200)
    got = windows.expected(**told) if got is None else got
    aside = windows.left_out(told) if aside is None else aside
    base = {"rate": 200.0, "duration_s": 2.0, "sent": 400, "window_s": 0.5, "keys": 2, "lateness_s": 0.1, "usage": []}
    return dict(streaming.verdict_of(told, got, aside), **dict(base, **more))


def judged(filed, spec=SPEC):
    try:
        return judge_load.stream(KIND, {"rate": 200, "stream": spec}, filed, {"start": 0, "end": 2}, lambda name: LIMIT, None)
    except claims.Finding as finding:
        return finding


def test_a_right_processor_passes_and_each_fault_is_named():
    told = windows.of(SPEC, 200)
    right, out = windows.expected(**told), windows.left_out(told)
    assert judged(entry()).verdict == "PASS"
    one_less = dict(right)
    where = sorted(right)[5]
    one_less[where] -= 1
    stranger = dict(right)
    stranger["nobody", 0.0] = 4
    for filed, why in [
        (entry(one_less), "expected %d, observed %d" % (right[where], right[where] - 1)),
        (entry({k: v for k, v in right.items() if k != where}), "observed None"),
        (entry(stranger), "window nobody@0: expected 0, observed 4"),
        (entry(aside=out[1:]), "1 of 3 events that came too late were not set aside"),
        (entry(aside=out + [0]), "1 events were set aside and belong into a window"),
    ]:
        found = judged(filed)
        assert found.verdict == "FAIL" and why in " ".join(found.reasons), (why, found.reasons)
    assert judged(entry(aside=out + out[:1])).verdict == "PASS", "a job that recovers may set aside twice"
    forged = entry()
    forged["windows"] = forged["windows"][1:]
    assert judged(forged).verdict == "FORGED"


def job(**more):
    return dict({"name": "j", "restarts": 1, "restored": 1, "checkpoint": 7, "up": True, "down_s": 2.5}, **more)


@pytest.mark.parametrize(
    "done, verdict, why",
    [
        ({"jobs": [job()]}, "PASS", ""),
        ({"jobs": [job(restored=0, checkpoint=None)]}, "FAIL", "restarted, and not from a checkpoint"),
        ({"jobs": [job(up=False, down_s=None)]}, "FAIL", "does not run after the kill"),
        ({"jobs": [job(restarts=0, restored=0)]}, "INVALID", "killed nothing that one ran on"),
        ({"jobs": []}, "INVALID", "killed nothing that one ran on"),
        ({"code": 1}, "INVALID", "ended with exit code 1"),
        ({"command": ["true"]}, "INVALID", "another kill"),
        (None, "INVALID", "another kill"),
    ],
)
def test_a_kill_in_the_middle(done, verdict, why):
    spec = dict(SPEC, kill={"command": ["kill-it"], "flink": "127.0.0.1:1"})
    filed = entry(**({"kill": dict({"command": ["kill-it"], "code": 0}, **done)} if done is not None else {}))
    found = judged(filed, spec)
    assert found.verdict == verdict and why in " ".join(found.reasons), found
    assert verdict != "PASS" or found.facts["down_s"] == 2.5
