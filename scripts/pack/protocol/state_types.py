"""The shapes of state, events and records, for the type checker and for whoever reads: what `machine.initial` makes and the moves change.

Never imported when the program runs (`if TYPE_CHECKING:`, a test holds it): the hooks' path loads no `typing`. A class `X` with a base `_X`
has in the base what may be missing. Times are seconds since 1970, numbers of tasks are whole numbers from 1 (keys of JSON objects: as text).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple, TypedDict, TypeVar

from .literals import EventName, Mode, OwnerState, Phase, RosterState, TaskState, TeardownState
from .refusal import Refusal


# --- Who ----------------------------------------------------------------------------------------------------------------
class Actor(TypedDict):
    """Who the client says is calling. role None: an agent that is not in the roster; inc: its incarnation, from 1 (0: lead, gate, person)."""

    name: str
    role: str | None
    inc: int
    agent_id: str | None


class AddressedActor(Actor, total=False):
    """What the two guards on sender and receiver are given."""

    event: EventName


class _Entry(TypedDict, total=False):
    orders: list[list[Any]]  # what its prompt ordered and nobody has given it yet: [event, fields]
    cut: bool  # its client died in the middle of its turn


class Entry(_Entry):
    """One name of the roster, in its present incarnation."""

    role: str
    state: RosterState
    inc: int
    agent_id: str | None
    pane: bool
    call: str | None
    since: float
    seen: float
    mail: int


class Owner(TypedDict):
    """Who owns the operational state (PROTOCOL 3). minted: the highest epoch that was ever offered."""

    state: OwnerState
    epoch: int
    minted: int
    holder: str | None
    inc: int


# --- The plan -----------------------------------------------------------------------------------------------------------
class Fact(TypedDict):
    """What only the lead can see, and what it rests on."""

    value: bool
    evidence: str


class Facts(TypedDict):
    """tables.FACTS, and the layers touched."""

    layers: list[str]
    changes_existing: Fact
    near_sensitive: Fact
    shared_by_3_modules: Fact
    direct_sensitive: Fact
    gold_standard_exists: Fact


class Classification(TypedDict):
    """The mode with the triggers that fired, by their numbers in tables."""

    mode: Mode
    text: str
    medium: list[int]
    complex: list[int]


class PlanState(TypedDict):
    registered: bool
    asked: bool
    ok: bool | None


class Risk(TypedDict):
    """One risk as the tech lead listed it."""

    id: int
    severity: str
    tasks: List[int]
    what: str


class RiskVerdict(TypedDict):
    """What a risk tester found. by, inc: who said it."""

    verdict: str
    severity: str | None
    by: str
    inc: int


class Risks(TypedDict):
    asked: bool
    counts: dict[str, int] | None
    results: bool
    mitigated: bool
    testers: int
    list: List[Risk]
    verdicts: Dict[str, RiskVerdict]  # risk, as text
    decided: List[int]  # named in DECISIONS.md since they were tested
    changed: List[int]  # tasks changed since they were listed


class PlannedTask(TypedDict):
    """A task as plan.check hands it on."""

    id: int
    subject: str
    files: list[str]
    references: list[str]
    acceptance: list[str]
    checks: list[str]
    tooling: dict[str, str]
    blocked_by: list[int]
    reviewers: list[str]
    high_risk: bool
    sensitive: list[str]  # tables.SENSITIVE; what is read with .get: plans of older versions lack it


class CheckedPlan(TypedDict):
    tasks: dict[int, PlannedTask]
    facts: Facts
    definition_of_done: list[str]
    trade_offs: list[str]


class Verdict(TypedDict):
    """One role's word on one revision."""

    verdict: str
    revision: str
    name: str
    inc: int


class _Finding(TypedDict, total=False):
    between: list[int]
    at_work: list[str]
    commit: str
    task: int


class Finding(_Finding):
    """A difference that nobody approved. was, now: digests, or what stands for them; between: numbers of two events."""

    id: str
    path: str
    kind: str
    was: str
    now: str


class Task(PlannedTask):
    """A task of the run. revision: the digest of its files that is under review; requests: role -> revision it was asked to review."""

    state: TaskState
    owner: str | None
    revision: str | None
    approvals: dict[str, Verdict]
    requests: dict[str, str]
    rounds: list[str]
    touched: list[str]
    cause: str | None
    resume: TaskState | None
    since: float
    content: str | None
    drift: list[Finding]
    sealed: str | None
    void: list[str]
    commits: list[str]


class Quorum(TypedDict):
    """The decision on a task's approvals; lists of roles."""

    result: str
    have: list[str]
    missing: list[str]
    stale: list[str]
    rejected: list[str]
    absent: list[str]


# --- The end ------------------------------------------------------------------------------------------------------------
class Target(TypedDict):
    """An agent that has to acknowledge its shutdown."""

    inc: int
    acked: bool
    sends: int
    how: str | None
    rejections: int


class Teardown(TypedDict):
    state: TeardownState
    attempt: int
    aborted: bool
    targets: dict[str, Target]
    sends: int
    sent_at: float
    ack_status: str | None
    unresolved: list[str]
    reason: str | None


class CommandRun(TypedDict):
    command: str
    exit: int | None


class Measured(TypedDict, total=False):
    """What a verification has shown beside its exit codes; records of earlier versions lack all of it."""

    where: str
    where_why: str | None
    runner: str | None
    tests: int | None
    failed: int | None
    skipped: int | None
    unit: str
    why: str | None
    noticed: bool | None
    noticed_why: str | None


class Verify(Measured):
    ok: bool
    tree: str | None
    nonce: str | None
    build: CommandRun
    test: CommandRun


class Start(TypedDict):
    """Where the run began. repo: whole | sub | none; sum: digest of the table in start.json."""

    repo: str
    prefix: str | None
    head: str
    branch: str
    dirty: int
    untracked: int
    sum: str
    late: bool


class StartRecord(Start):
    """As it is journalled: with what no commit held, name -> digest, and what was staged, name -> "mode blob"."""

    files: dict[str, str]
    staged: dict[str, str]


class Divergence(TypedDict):
    """A commit that holds something else than what was approved."""

    task: int | None  # None: a commit as approved stands on it
    why: str
    by: str | None


class Unseen(TypedDict):
    """A change outside every task that no hook saw being made."""

    now: str
    between: list[int]
    at_work: list[str]


class Result(TypedDict):
    """What the run leaves behind (PROTOCOL 12)."""

    start: Start | None
    head: str | None
    open: list[Finding]
    diverged: dict[str, Divergence]
    accepted: dict[str, list[str]]
    unseen: dict[str, Unseen]


# --- Supervision --------------------------------------------------------------------------------------------------------
class _Watched(TypedDict, total=False):
    looked: float
    minutes: int


class Watched(_Watched):
    """What the watch knows of one agent. level: 0, or the stage that counts; noted: the level seen at the last look."""

    row: str
    since: float
    level: int
    noted: int
    told: bool
    pings: list[float]


class Notice(TypedDict):
    text: str
    who: str | None


class Step(TypedDict):
    """What somebody could do next. step: a key that stays the same while the step does."""

    who: str
    step: str
    text: str
    task: int | None


# --- Teams with waves ---------------------------------------------------------------------------------------------------
class _WaveRole(TypedDict, total=False):
    writes: list[str]
    edits: list[str]
    artifacts: list[str]


class WaveRole(_WaveRole):
    id: str
    agent: str
    title: str
    spawning: str


class _Wave(TypedDict, total=False):
    after: list[str]
    beside: list[str]
    entry: list[dict[str, Any]]
    exit: list[dict[str, Any]]
    when: dict[str, list[str]]
    gates: list[str]


class Wave(_Wave):
    id: str
    title: str
    mode: str
    roles: list[str]


class _OnFail(TypedDict, total=False):
    say: str
    retries: int


class OnFail(_OnFail):
    respawn: list[str]


class _QualityGate(TypedDict, total=False):
    hard_stop: bool
    approves_matrix: bool
    survives_resume: bool
    needs: list[str]
    artifacts: list[str]
    artifacts_of: list[str]
    checks: list[dict[str, Any]]


class QualityGate(_QualityGate):
    id: str
    title: str
    after_role: str
    on_fail: OnFail


class _Definition(TypedDict, total=False):
    lead: str
    guarded: list[str]
    sealed: dict[str, str]
    retries: int
    prefix: str
    digest: str
    session_commands: list[dict[str, Any]]
    errors: list[dict[str, Any]]


class Definition(_Definition):
    """What a run of waves keeps of its team's definition (realtime/wave_opening.py compiles it)."""

    team: str
    title: str
    root: str
    roles: list[WaveRole]
    waves: list[Wave]
    gates: list[QualityGate]


class UnmetOfWave(TypedDict, total=False):
    """Why a wave may not begin, and why it is not over, as far as files tell."""

    entry: list[str]
    exit: list[str]


Unmet = Dict[str, UnmetOfWave]


class Word(TypedDict):
    """What the user answered to a gate that asked."""

    approve: bool
    why: str
    content: str
    at: float


class WavesState(TypedDict):
    """Of a run of waves; keys of the dictionaries are gate ids, of spawned and lost role ids."""

    verdicts: dict[str, str]
    failures: dict[str, int]
    failed_on: dict[str, list[str]]
    reasons: dict[str, list[str]]
    halted: str | None
    halts: list[str]
    spawned: dict[str, int]
    lost: dict[str, int]
    unmet: Unmet
    nonce: str | None
    words: dict[str, Word]
    anchors: list[Any]
    approved: Any  # the matrix of rt.yaml as it was approved
    heard: bool
    resumed_at: float | None
    lead: str | None
    found: list[str]  # roles whose work of an earlier run was there at the opening


# --- The run ------------------------------------------------------------------------------------------------------------
class Seal(TypedDict):
    """What enforces the run, as it was when the run opened."""

    root: str
    version: str
    digest: str


class Enforcement(TypedDict):
    level: str
    why: list[str]


class _Team(TypedDict, total=False):
    plan: str | None
    description: str
    strategy: str
    source: str
    resumed: bool
    typed: bool
    main: str | None
    conventions: str | None
    tools: dict[str, list[str]]
    enforcement: Enforcement
    client: str
    sealed: Seal
    vouched: str | None
    client_pid: str | None


class Team(_Team):
    """RUN_OPENED's data: what the run was opened with, and what a resume brings anew."""

    name: str
    session: str
    headless: bool
    coders: int
    no_research: bool
    opened: float
    definition: Definition  # only of a run of waves: `state["waves"]` tells


class State(TypedDict):
    """The whole state of a run.

    `team` and `phase` are None before RUN_OPENED, and `waves` is None in a run of tasks. They are typed as they are afterwards: `run_is_live`
    or `team_has_waves` stands before every move that reads them, and whoever may come earlier asks `view.team` or `view.waves` first.
    """

    v: int
    team: Team
    phase: Phase
    mode: Mode | None  # None before PLAN_REGISTERED, and in a run of waves
    classification: Classification | None
    paused: bool
    owner: Owner
    roster: dict[str, Entry]
    agents: dict[str, list[Any]]  # the client's agent_id -> [name, incarnation]
    tasks: dict[str, Task]
    definition_of_done: list[str]
    plan: PlanState
    risks: Risks
    verify: Verify | None
    consistency: str | None
    commit: str | None
    teardown: Teardown
    tampered: dict[str, str]
    result: Result
    requests: dict[str, list[str]]
    refusals: dict[str, int]
    nudges: dict[str, int]
    client_tasks: dict[str, int]
    escalations: list[dict[str, Any]]
    waves: WavesState
    lead_mail: int
    lead_idle_news: bool
    watch: dict[str, Watched]
    notices: dict[str, Notice]
    unavailable: dict[str, list[str]]


# --- Events -------------------------------------------------------------------------------------------------------------
_Spoken = TypedDict("_Spoken", {"as": str}, total=False)  # what the sender called the receiver; a keyword cannot stand in a class


class Data(_Spoken, total=False):
    """What events carry, all of them: each has the few keys that its rule reads. A guard asks for what its events share."""

    # who and what
    task: int
    to: str
    name: str
    role: str
    who: str
    path: str
    paths: Any  # of CONTENT_DRIFTED findings, of CONTENT_ACCEPTED names
    agent_id: str
    agent_type: str
    alias: str | None
    inc: int
    by: Any  # a role, or who wrote: {"name", "role"}
    why: str
    how: str
    cause: str
    reason: str
    step: str
    tool: str
    times: int
    fact: bool
    call: str | None
    # messages
    epoch: int
    revision: str
    claims: int | None
    after: int
    counts: dict[str, int]
    n: int
    list: List[Risk]
    risk: int
    risks: List[int]
    verdict: str
    severity: str | None
    gold: List[str]
    trade_offs: List[str]
    sensitive: List[str]  # of AGENT_IDLE lines of the researcher's report, of TASK_RESCOPED areas
    body: str
    report: str
    orders: List[List[Any]]
    news: int
    request_id: str
    approve: bool
    # plan and tasks
    tasks: Any  # of PLAN_REGISTERED {number: task}, of COMMITTED [numbers]
    elsewhere: List[str]
    facts: Facts
    definition_of_done: List[str]
    task_record: PlannedTask
    files: List[str]
    reviewers: List[str]
    subject: str
    acceptance: List[str]
    tooling: Dict[str, str]
    high_risk: bool
    present: int
    client_id: str
    # the run
    start: StartRecord
    definition: Definition
    found: List[str]
    session: str
    main: str | None
    headless: bool
    client_pid: str | None
    vouched: str | None
    sealed: Seal
    tools: dict[str, List[str]]
    accepts: bool
    agents_gone: bool
    agents_stopped: bool
    # verification and result
    nonce: str
    build: str
    test: str
    build_exit: int
    test_exit: int
    tree: str
    where: str
    where_why: str | None
    runner: str | None
    tests: int | None
    failed: int | None
    skipped: int | None
    unit: str
    noticed: bool | None
    noticed_why: str | None
    conventions: str | None
    persisted: bool
    retry: bool
    unapproved: List[Finding]
    open: List[Finding]
    ids: List[str]
    commits: List[str]
    missing: List[str]
    absent: List[str]
    holder: str
    gone: List[str]
    content: Any  # of CONTENT_SEALED {path: digest}, of CONTENT_RESTORED and GATE_DECIDED a text
    sum: str
    sha: str
    head: str
    old: str
    new: str
    lost: List[str]
    rewritten: List[str]
    findings: List[Finding]
    left: Any  # of CONTENT_ACCEPTED findings, of RESULT_CHECKED sentences
    rest: List[str]
    uncommitted: List[str]
    gated: bool
    file: str
    was: str
    now: str
    between: List[int]
    at_work: List[str]
    enforces: str  # plugin | settings | session
    # supervision
    watched: str
    level: int
    since: float
    minutes: int
    # waves
    unmet: Unmet
    gate: str
    verdicts: dict[str, str]
    reasons: dict[str, List[str]]
    evidence: dict[str, List[str]]
    anchor: Any
    approved: Any
    # a refusal that is journalled
    code: str
    event: str
    what: str
    seen: str
    next: str


class Event(TypedDict):
    """What `step` takes. key: two events with the same one are one (idempotency)."""

    event: EventName
    actor: Actor
    data: Data
    key: str | None


class _Record(Event, total=False):
    len: int  # these two are on the line, behind what they cover
    sum: str
    at: int  # where the line begins in the file that it was read from


class Record(_Record):
    """An event as the journal holds it. more: how many records of the same operation follow; state: digest of the state after the last."""

    seq: int
    ts: float
    epoch: int
    v: int
    more: int
    state: str | None


Effect = Tuple[str, Event]
Effects = List[Effect]
Due = List[Tuple[EventName, Data]]

MakeStep = Callable[[str, str, str], Step]  # advice._step: who, key, text
FindSteps = Callable[[State], List[Step]]  # advice.steps, handed down to the watch below it

# --- Rules --------------------------------------------------------------------------------------------------------------
Guard = Callable[[State, Data, Any], Optional[Refusal]]  # the two guards on sender and receiver take an AddressedActor
AnyGuard = TypeVar("AnyGuard", bound=Guard)
Apply = Callable[[State, Data, Actor, float, Effects], None]


class Rule(TypedDict):
    """Who may raise an event, the names of the guards before it, and what it changes."""

    roles: tuple[str, ...] | None
    guards: tuple[str, ...]
    epoch: tuple[str, ...]
    apply: Apply


class RefusalData(TypedDict, total=False):
    """A refusal as journal data."""

    code: str
    event: str
    what: str
    seen: str
    next: str
    task: int
