"""Every name, constant and legal combination of the protocol, once (docs/protocol.md says why each is as it is).

The engine reads these tables; `make generate` prints them into references/, into the agents' prompts and into the
linter's vocabulary. Change a fact here and nowhere else.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .literals import EventName, Mode, Phase, TaskState, TeardownState

# --- Roles (PROTOCOL 1) -----------------------------------------------------------------------------------------
LEAD = "lead"
MAIN = "main"  # what the client calls the main session in -p and in a team
PANE_LEAD = "team-lead"  # what it calls the main session in a pane
LEAD_NAMES = (LEAD, MAIN, PANE_LEAD)
NOBODYS_NAMES = LEAD_NAMES + ("gate", "person")  # no agent may be called so
SUPERVISOR = "supervisor"
TECH_LEAD = "tech-lead"
CODER = "coder"  # the one that the lead is told to spawn
CODERS: tuple[str, ...] = (CODER, "realtime-dev", "realtime-engineer")
TEST_WRITER = "test-writer"
NO_TESTS: tuple[str, ...] = ("realtime-dev",)  # implementers that edit no test
REAL_TIME: tuple[str, ...] = ("realtime-dev", "realtime-engineer")
# What each reviewer of theirs is asked (the seed's constraints and anti-patterns); it goes with the REVIEW.
REAL_TIME_CHECKS = (
    "say by path:line that every send is bounded, with the planned backpressure; every close, error and timeout path frees timers, subscriptions and "
    "buffers; no handler blocks the event loop; push where the plan says push, never polling; nothing sensitive is broadcast; messages are versioned "
    "or self-describing as planned; no channel, event or message type beyond the plan. What is missing is MAJOR"
)
IMPLEMENTERS: tuple[str, ...] = CODERS + (TEST_WRITER,)
SPECIALISTS: tuple[str, ...] = ("security-reviewer", "logic-reviewer", "quality-reviewer")
QUALITY = "quality-reviewer"  # whose subject conventions are
UNPINGED: tuple[str, ...] = ("security-reviewer",)  # as often as it takes (PROTOCOL 10)
UNIFIED = "unified-reviewer"
REVIEWERS: tuple[str, ...] = SPECIALISTS + (UNIFIED,)
CODEBASE_RESEARCHER = "codebase-researcher"  # what it reports last is the project's profile
RESEARCHERS: tuple[str, ...] = (CODEBASE_RESEARCHER, "reference-researcher", "web-researcher")
RISK_TESTER = "risk-tester"
ENABLING = "enabling-agent"  # one-shot, by trigger: a specialist of the sensitive area that a high-risk task touches
APPROVERS: tuple[str, ...] = REVIEWERS + (ENABLING, TECH_LEAD)

# One living holder at a time: two of these at once could not be told apart by the matrix or the epochs.
SINGLETONS: tuple[str, ...] = (SUPERVISOR, TECH_LEAD) + REVIEWERS

# --- Roster (PROTOCOL 1) ----------------------------------------------------------------------------------------
ROSTER_STATES = ("SPAWNING", "ACTIVE", "IDLE", "ENDED", "LOST")
LIVING = ("SPAWNING", "ACTIVE", "IDLE")
PRESENT = ("ACTIVE", "IDLE")  # bound to an agent that can be spoken to: what the matrix calls ACTIVE

# --- Complexity (seed, Step 3) ----------------------------------------------------------------------------------
SIMPLE: Final = "SIMPLE"
MEDIUM: Final = "MEDIUM"
COMPLEX: Final = "COMPLEX"
ESCALATED: Final = "SIMPLE_ESCALATED_TO_MEDIUM"
MODES: tuple[Mode, ...] = (SIMPLE, ESCALATED, MEDIUM, COMPLEX)

# number -> (what fires it, what it is computed from or which fact the lead supplies)
MEDIUM_TRIGGERS = (
    ("2+ layers touched (DB, API, UI)", "layers"),
    ("changes existing behavior", "changes_existing"),
    ("near sensitive areas (auth, payments, permissions)", "near_sensitive"),
    ("3+ tasks in decomposition", "plan"),
    ("dependencies between tasks", "plan"),
    ("5+ files created or edited", "plan"),
)
COMPLEX_TRIGGERS = (
    ("3 layers simultaneously (DB + API + UI)", "layers"),
    ("changes behavior other features depend on (3+ modules)", "shared_by_3_modules"),
    ("direct changes to auth/payments/billing", "direct_sensitive"),
    ("5+ tasks in decomposition", "plan"),
    ("chain of 3+ dependent tasks", "plan"),
    ("no gold standard exists for this type of code", "gold_standard_exists"),
    ("10+ files created or edited", "plan"),
)
# What code cannot see; each is {"value": bool, "evidence": str}. `layers` is a list of names.
FACTS = ("changes_existing", "near_sensitive", "shared_by_3_modules", "direct_sensitive", "gold_standard_exists")

# --- Approvals (PROTOCOL 6): runtime mode -> required roles; "task reviewers" stands for those the plan named -------
TASK_REVIEWERS = "the task's reviewers"
APPROVAL_MATRIX: dict[str, tuple[str, ...]] = {
    SIMPLE: (UNIFIED,),
    ESCALATED: SPECIALISTS + (TECH_LEAD,),
    MEDIUM: (TASK_REVIEWERS, TECH_LEAD),
    COMPLEX: SPECIALISTS + (TECH_LEAD,),
}
# A row for each group of roles: the modes that have it at all (PROTOCOL 8: "no role that the mode does not have"), and what its spawn waits for
# (a row of STAGES in guards_spawn.py). Who is in no row is no role; who belongs to none of the groups above edits no file (access.py).
_BEYOND_SIMPLE: tuple[Mode, ...] = (ESCALATED, MEDIUM, COMPLEX)
ROLE_ROWS: tuple[tuple[tuple[str, ...], tuple[Mode, ...], str], ...] = (
    ((SUPERVISOR,), MODES, "at any time"),
    ((TECH_LEAD,), _BEYOND_SIMPLE, "after the plan"),
    (CODERS, MODES, "to implement, within --coders"),
    ((TEST_WRITER,), MODES, "to implement"),
    (SPECIALISTS, _BEYOND_SIMPLE, "to review"),
    ((UNIFIED,), (SIMPLE, ESCALATED), "to review"),
    ((ENABLING,), _BEYOND_SIMPLE, "to review"),
    (RESEARCHERS, MODES, "at any time"),
    ((RISK_TESTER,), _BEYOND_SIMPLE, "for listed risks"),
)
ROLES: tuple[str, ...] = tuple(role for roles, _modes, _stage in ROLE_ROWS for role in roles)
MODE_ROLES: dict[str, tuple[str, ...]] = {
    mode: tuple(role for roles, modes, _stage in ROLE_ROWS if mode in modes for role in roles) for mode in MODES
}
# Sensitive areas (the seed's): words of a path, whole, in any case. What is sensitive by what it imports the plan says (`sensitive`), from the
# researcher's report. A high-risk task that touches one needs the enabling agent's approval beside the three reviewers'.
SENSITIVE = {
    "auth": "auth authn authz authentication authorization authorisation login logout signin signup oauth oauth2 oidc saml sso jwt password passwords".split(),
    "permissions": "permission permissions rbac acl acls".split(),
    "payments": "payment payments checkout paypal stripe invoice invoices refund refunds".split(),
    "billing": "billing subscription subscriptions".split(),
    "migrations": "migration migrations migrate alembic flyway liquibase".split(),
}
VALIDATED_MODES = (MEDIUM, COMPLEX)  # PLAN OK and RISKS MITIGATED before coders, CONSISTENCY OK before the end

# --- Phases (PROTOCOL 8) ----------------------------------------------------------------------------------------
PHASES: tuple[Phase, ...] = ("DISCOVERY", "PLANNING", "SETUP", "EXECUTION", "COMPLETION", "TEARDOWN", "CLOSED", "FAILED_SAFE")
DELEGATE_PHASES = ("SETUP", "EXECUTION", "COMPLETION")  # the lead edits no project file here, nor in what follows (access.py)
OPEN_PHASES: tuple[Phase, ...] = PHASES[:5]

# --- Tasks (PROTOCOL 5): state -> states it may go to. Terminal states have no exits. ------------------------------
TASK_STATES: dict[TaskState, tuple[TaskState, ...]] = {
    "PENDING": ("IN_PROGRESS", "CANCELLED"),
    "IN_PROGRESS": ("IN_REVIEW", "STUCK", "STUCK_ESCALATED", "CANCELLED"),
    "IN_REVIEW": ("CHANGES_REQUESTED", "APPROVED", "STUCK", "REVIEW_LOOP", "STUCK_ESCALATED", "CANCELLED"),
    "CHANGES_REQUESTED": ("IN_REVIEW", "STUCK", "REVIEW_LOOP", "STUCK_ESCALATED", "CANCELLED"),
    "APPROVED": ("DONE", "IN_REVIEW", "STUCK_ESCALATED", "CANCELLED"),
    "STUCK": ("IN_PROGRESS", "PENDING", "CANCELLED"),
    "REVIEW_LOOP": ("IN_PROGRESS", "PENDING", "CANCELLED"),
    "STUCK_ESCALATED": ("IN_PROGRESS", "PENDING", "IN_REVIEW", "CANCELLED"),
    "DONE": (),
    "CANCELLED": (),
}
TERMINAL: tuple[TaskState, ...] = ("DONE", "CANCELLED")
WORKING: tuple[TaskState, ...] = ("IN_PROGRESS", "IN_REVIEW", "CHANGES_REQUESTED", "APPROVED")  # its coder may edit its files here
BLOCKED_ON_LEAD: tuple[TaskState, ...] = ("STUCK", "REVIEW_LOOP", "STUCK_ESCALATED")  # left only by a lead decision
SEVERITIES = ("CRITICAL", "MAJOR", "MINOR")
# What a risk tester finds: it happens; what is there keeps it from happening; it cannot happen.
RISK_VERDICTS = ("CONFIRMED", "MITIGATED", "THEORETICAL")

# The seed's Feature Definition of Done: (key, words by which a line of the lead's says it, the line otherwise). `%(build)s` and `%(test)s` are
# the commands of the tasks' tooling. What the lead must say itself is how tests are told to pass. A word is one of the line's, whole; `*` at its
# end: any that begins so; one with a blank or a dot in it: as it stands.
DONE_LINES = (
    ("build", ("build", "builds", "built", "compil*"), "Build passes: %(build)s"),
    (
        "tests",
        (
            "test*",
            "spec",
            "specs",
            "rspec",
            "jest",
            "phpunit",
            *(a + b for a in "py vi unit doc self c g nose".split() for b in ("test", "tests")),
        ),
        "All tests pass: %(test)s",
    ),
    ("checks", ("check", "checks", "lint", "lints", "linter", "linting"), "Automated convention checks pass (naming, imports, structure)"),
    ("critical", ("critical",), "No unresolved CRITICAL review findings"),
    ("architecture", ("architect*",), "Consistent with project architecture"),
    ("claude", ("claude.md",), "CLAUDE.md conventions followed"),
    (
        "gold",
        ("gold standard", "reference", "references", "deviation", "deviations"),
        "Gold standard patterns matched (or deviation explicitly justified)",
    ),
)

TASK_PARTS = ("subject", "files", "references", "acceptance", "checks", "tooling")

# --- Limits ------------------------------------------------------------------------------------------------------
LIMITS: dict[str, tuple[int, str]] = {
    "CODERS_DEFAULT": (3, "coders ACTIVE at once unless --coders says otherwise (PROTOCOL 8)"),
    "CODERS_MAX": (16, "highest --coders; the client itself stops at 20 concurrent agents (CLIENT 2.2)"),
    "ACK_RETRY_ROUNDS": (3, "shutdown requests sent to one target in all (PROTOCOL 9, H18)"),
    "ACK_RETRY_TIMEOUT_SEC": (60, "seconds to wait for an acknowledgement before the next send (PROTOCOL 9)"),
    "CANDIDATE_TIMEOUT_SEC": (300, "seconds for the lead to answer FORCED_FINALIZE_CANDIDATE (H21)"),
    "REVIEW_ROUNDS": (3, "rounds of CHANGES_REQUESTED that make a REVIEW_LOOP (PROTOCOL 5)"),
    "MAJOR_RISKS_TESTED": (3, "risk testers for MAJOR risks at most; every CRITICAL risk has one (PROTOCOL 8)"),
    "SAME_STEP_NUDGES": (3, "times the same (who, step) is told before it is escalated (PROTOCOL 10)"),
    "SAME_REFUSALS": (5, "times the same (who, reason) is refused before the lead is told (DESIGN rule 7)"),
    "SPAWN_TIMEOUT_SEC": (120, "seconds after which a spawn that never started is LOST"),
    "WATCH_MINUTE_SEC": (60, "seconds in a minute of the supervision's table below (tests shorten it)"),
    "WATCH_GRACE_SEC": (420, "seconds after a spawn in which silence does not count (PROTOCOL 10)"),
    "WATCH_LOOK_SEC": (60, "seconds at least between the two looks in a row that make a breach count (PROTOCOL 10)"),
    "PING_EVERY_SEC": (1200, "seconds at least between two pings of the same agent; security-reviewer exempt (PROTOCOL 10)"),
    "PINGS_AN_HOUR": (2, "pings of the same agent in an hour at most; security-reviewer exempt (PROTOCOL 10)"),
    "SAME_CALLS": (5, "identical tool calls in a row that make LOOP_SUSPECTED (PROTOCOL 10)"),
    "SYSTEMIC_AGENTS": (3, "agents that miss the same tool before it is reported as systemic (PROTOCOL 10)"),
    "ACTIVITY_SEC": (60, "an agent's activity is recorded at most once in so many seconds (PROTOCOL 10)"),
    "DIGEST_BYTES": (1024, "size of the digest handed to the lead after a compaction (H28)"),
}


def limit(name: str) -> int:
    """The value of one limit."""
    return LIMITS[name][0]


# --- Supervision (PROTOCOL 10): minutes to ping / escalate / replace --------------------------------------------------
WATCH = {
    "coder coding": (15, 45, 60),
    "coder waiting for review": (20, 35, 50),
    "reviewer": (10, 20, 30),
    TECH_LEAD: (12, 25, 40),
}

# --- Ownership (PROTOCOL 3) ---------------------------------------------------------------------------------------
# LEAD: nobody was offered the state yet. LOST: the owner ended; the lead may only spawn and re-offer.
OWNER_STATES = ("LEAD", "OFFERED", "ACTIVE", "LOST", "RECONCILE_LOCK")

# --- Teardown (PROTOCOL 9) ------------------------------------------------------------------------------------------
# state -> {what moves it: the next state}. consequences.move_teardown goes by this table and by nothing else; the guards of a move stand
# with the rule of its event. BEGUN: `pack teardown`, its retry, an abort. RESTARTED: what was collected counts no more. ALL_ASKED: nobody
# who is missing has yet to be asked in this round.
_ASKED_ANEW: dict[str, TeardownState] = {"BEGUN": "TEARDOWN_INIT", "RESTARTED": "TEARDOWN_INIT"}
_COLLECTING: dict[str, TeardownState] = dict(_ASKED_ANEW, READY_TO_DELETE="READY_TO_DELETE")
TEARDOWN: dict[TeardownState, dict[str, TeardownState]] = {
    "NONE": {"BEGUN": "TEARDOWN_INIT"},
    "TEARDOWN_INIT": dict(_COLLECTING, SHUTDOWN_REQUESTED="SHUTDOWN_REQUESTED"),
    "SHUTDOWN_REQUESTED": dict(_COLLECTING, SHUTDOWN_REQUESTED="SHUTDOWN_REQUESTED", ALL_ASKED="WAITING_ACKS"),
    "WAITING_ACKS": dict(
        _COLLECTING,
        SHUTDOWN_REQUESTED="WAITING_ACKS",
        TEARDOWN_RETRYING="RETRYING",
        FORCED_FINALIZE_CANDIDATE="FORCED_FINALIZE_CANDIDATE",
    ),
    "RETRYING": dict(_COLLECTING, SHUTDOWN_REQUESTED="RETRYING", ALL_ASKED="WAITING_ACKS"),
    "FORCED_FINALIZE_CANDIDATE": dict(
        _COLLECTING,
        SHUTDOWN_REQUESTED="FORCED_FINALIZE_CANDIDATE",
        FORCED_FINALIZE_CANDIDATE="FORCED_FINALIZE_CANDIDATE",
        TEARDOWN_FAILED_SAFE="TEARDOWN_FAILED_SAFE",
    ),
    "READY_TO_DELETE": dict(_COLLECTING, SHUTDOWN_REQUESTED="READY_TO_DELETE", TEAM_DELETED="TEAM_DELETED"),
    "TEARDOWN_FAILED_SAFE": {"BEGUN": "TEARDOWN_INIT"},
    "TEAM_DELETED": {},
}
# What moves it -> (how references/teardown.md says it, under which guard)
TEARDOWN_MOVES = {
    "BEGUN": ("`pack teardown`, `pack teardown retry` or an abort", "completion gate passed and owner ACTIVE; an abort needs neither"),
    "RESTARTED": ("a task reopens, or the owner is lost", "targets = living roster minus supervisor, under the new epoch"),
    "SHUTDOWN_REQUESTED": ("a `shutdown_request`", "to a living target that was not asked in this round"),
    "ALL_ASKED": ("the last request of the round", ""),
    "TEARDOWN_RETRYING": ("%d s passed" % limit("ACK_RETRY_TIMEOUT_SEC"), "acks missing, sends < %d" % limit("ACK_RETRY_ROUNDS")),
    "FORCED_FINALIZE_CANDIDATE": (
        "%d s passed, or the supervisor says it" % limit("ACK_RETRY_TIMEOUT_SEC"),
        "acks missing, sends = %d" % limit("ACK_RETRY_ROUNDS"),
    ),
    "READY_TO_DELETE": (
        "the last ack, or `FORCED_FINALIZE_ACK`",
        "no open task, what is delivered is approved, summary and decisions persisted",
    ),
    "TEARDOWN_FAILED_SAFE": ("`FORCED_FINALIZE_DENY`, or no answer in %d s" % limit("CANDIDATE_TIMEOUT_SEC"), ""),
    "TEAM_DELETED": ("the supervisor was shut down last", "nobody lives, what is delivered is approved"),
}

# --- Messages (PROTOCOL 7) ----------------------------------------------------------------------------------------
# event -> (form, senders, receivers, when). A form's <epoch>, <N>, <M> are numbers; " ..." is free text on that line.
MESSAGES: dict[EventName, tuple[str, tuple[str, ...], tuple[str, ...], str]] = {
    "STATE_OWNERSHIP_HANDOFF": (
        "STATE_OWNERSHIP_HANDOFF(<epoch>)",
        (LEAD,),
        (SUPERVISOR,),
        "offer the operational state; `pack status` tells the epoch",
    ),
    "STATE_OWNERSHIP_ACK": ("STATE_OWNERSHIP_ACK(<epoch>)", (SUPERVISOR,), (LEAD,), "take the epoch you were offered"),
    "VALIDATE_PLAN": ("VALIDATE PLAN", (LEAD,), (TECH_LEAD,), "the plan is registered (MEDIUM, COMPLEX)"),
    "PLAN_OK": ("PLAN OK", (TECH_LEAD,), (LEAD,), "the plan can be executed as registered"),
    "PLAN_CHANGES": ("PLAN CHANGES", (TECH_LEAD,), (LEAD,), "the plan must change first; say how below"),
    "IDENTIFY_RISKS": ("IDENTIFY RISKS", (LEAD,), (TECH_LEAD,), "after PLAN OK"),
    "RISKS": ("RISKS: <N>", (TECH_LEAD,), (LEAD,), "N risks follow, each as `RISK-1: ...` with `Severity: CRITICAL|MAJOR|MINOR`"),
    "RISK_ANALYSIS_RESULTS": ("RISK ANALYSIS RESULTS", (LEAD,), (TECH_LEAD,), "the risk testers have answered"),
    "RISKS_MITIGATED": ("RISKS MITIGATED", (TECH_LEAD,), (LEAD,), "confirmed risks are in the tasks and DECISIONS.md"),
    "CLAIM": ("CLAIM: task #<N>", IMPLEMENTERS, (SUPERVISOR,), "never needed: the first edit of a free task's file claims it"),
    "IN_REVIEW": ("IN_REVIEW: task #<N>", IMPLEMENTERS, (SUPERVISOR,), "never needed: the first REVIEW says it"),
    "REVIEW": ("REVIEW: task #<N>", IMPLEMENTERS, APPROVERS, "once it is ready, and again after every change"),
    "APPROVED": ("APPROVED: task #<N>", APPROVERS, IMPLEMENTERS, "the revision you were asked to review may pass"),
    "CHANGES_REQUESTED": ("CHANGES_REQUESTED: task #<N>", APPROVERS, IMPLEMENTERS, "findings with severity and confidence below"),
    "DONE": (
        "DONE: task #<N>",
        IMPLEMENTERS,
        (SUPERVISOR,),
        "never needed: the commit of approved content says it; may end in `, claiming task #M` or `. ALL MY TASKS COMPLETE`",
    ),
    "STUCK": ("STUCK: task #<N>", IMPLEMENTERS + (SUPERVISOR,), (SUPERVISOR, LEAD), "you cannot go on; evidence below"),
    "REVIEW_LOOP": ("REVIEW_LOOP: task #<N>", IMPLEMENTERS + (SUPERVISOR,), (SUPERVISOR, LEAD), "review goes in circles"),
    "IMPOSSIBLE_WAIT": (
        "IMPOSSIBLE_WAIT: task #<N>",
        IMPLEMENTERS + (SUPERVISOR,),
        (SUPERVISOR, LEAD),
        "a required approver is not ACTIVE",
    ),
    "QUESTION": ("QUESTION: ...", IMPLEMENTERS, (LEAD,), "something the task does not say"),
    "PATTERN_DOES_NOT_FIT": (
        "PATTERN DOES NOT FIT: task #<N>",
        IMPLEMENTERS,
        (TECH_LEAD, LEAD),
        "before you deviate from a gold standard; below: why, and what you propose (to the lead in a SIMPLE run)",
    ),
    "ESCALATE_TO_MEDIUM": (
        "ESCALATE TO MEDIUM: task #<N>",
        (UNIFIED,) + IMPLEMENTERS + (SUPERVISOR,),
        (SUPERVISOR, LEAD),
        "sensitive code in a SIMPLE run; the supervisor passes it on to the lead",
    ),
    "CONSISTENCY_OK": ("CONSISTENCY OK", (TECH_LEAD,), (LEAD,), "all tasks together fit the architecture"),
    "CONSISTENCY_CHANGES": ("CONSISTENCY CHANGES", (TECH_LEAD,), (LEAD,), "something across tasks must be fixed"),
    "FORCED_FINALIZE_CANDIDATE": ("FORCED_FINALIZE_CANDIDATE", (SUPERVISOR,), (LEAD,), "three sends, acks still missing"),
    "FORCED_FINALIZE_ACK": ("FORCED_FINALIZE_ACK", (LEAD,), (SUPERVISOR,), "finish without the missing acks"),
    "FORCED_FINALIZE_DENY": ("FORCED_FINALIZE_DENY", (LEAD,), (SUPERVISOR,), "stop in TEARDOWN_FAILED_SAFE instead"),
    "SUPERVISOR_REPORT": (
        "SUPERVISOR_REPORT ...",
        (SUPERVISOR,),
        (LEAD,),
        "severity INFO|WARN|CRITICAL, then action PING|NUDGE|ESCALATE|REASSIGN_PROPOSAL|TEARDOWN_RETRY",
    ),
}
# Facts that the gate sees need no message (PROTOCOL 12): these stay legal, and no prompt asks for them.
UNASKED = ("CLAIM", "IN_REVIEW", "DONE")
# Who answers the lead in its last words: they reach it with the news of the turn's end, and a message beside them would wake it twice.
LAST_WORDS = {
    SUPERVISOR: ("STATE_OWNERSHIP_ACK",),
    TECH_LEAD: ("PLAN_OK", "PLAN_CHANGES", "RISKS", "RISKS_MITIGATED", "CONSISTENCY_OK", "CONSISTENCY_CHANGES"),
}
# What the prompt of a spawn may order, on a line of its own: said to the agent once it is there.
ORDERS = {SUPERVISOR: ("STATE_OWNERSHIP_HANDOFF",), TECH_LEAD: ("VALIDATE_PLAN", "IDENTIFY_RISKS")}
REPORT_SEVERITIES = ("INFO", "WARN", "CRITICAL")
REPORT_ACTIONS = ("PING", "NUDGE", "ESCALATE", "REASSIGN_PROPOSAL", "TEARDOWN_RETRY")

# How the reason of a gate begins that waits for the user's word (pack.realtime.checks writes it, waves.py looks for it).
USER_DECIDES = "the user decides: "

# --- Everything else that is journalled: event -> what it means ---------------------------------------------------------
RECORDS: dict[EventName, str] = {
    "RUN_OPENED": "the command was expanded; arguments, enforcement level and what was found",
    "RUN_RESUMED": "a main session took the run up again",
    "RUN_PAUSED": "the user paused the run",
    "SPAWN_REQUESTED": "the lead's Agent call passed the gate",
    "SPAWN_FAILED": "the client did not start the agent",
    "AGENT_BOUND": "the client's agent_id was bound to the name and role that were requested",
    "PANE_OPENED": "the client opened a terminal pane for the agent",
    "AGENT_ACTIVE": "a bound agent woke up or worked",
    "AGENT_IDLE": "a bound agent ended its turn",
    "AGENT_ENDED": "the incarnation is over",
    "AGENT_LOST": "the incarnation failed or never came",
    "PLAN_REGISTERED": "the whole plan, checked and classified",
    "TASK_ADDED": "a task added after planning (a fix, a mitigation)",
    "TASK_ASSIGNED": "the lead gave a task to an implementer",
    "TASK_CANCELLED": "the lead cancelled a task",
    "TASK_RESCOPED": "the lead changed a task",
    "RISK_VERDICT": "a risk tester's answer: CONFIRMED, MITIGATED or THEORETICAL",
    "DECISIONS_WRITTEN": "the tech lead wrote DECISIONS.md; the risks that it names there",
    "FILE_WRITTEN": "a task's file changed; the task has a new revision",
    "COMMITTED": "a commit was made; the tasks whose approved content it holds",
    "START_RECORDED": "where a run begins that an older version opened: commit, branch, index, every file that is dirty or untracked",
    "CONTENT_SEALED": "a task is DONE: the digests of its files, as its required roles approved them",
    "CONTENT_DRIFTED": "files of a DONE task are no longer what was approved",
    "CONTENT_RESTORED": "they are again",
    "CONTENT_ACCEPTED": "the user typed `team accept PATH`: a difference that nobody approved is taken as it is",
    "TASK_REOPENED": "the lead reopened a DONE task; its approvals count no more",
    "HEAD_MOVED": "HEAD names another commit, and no commit that passed the gate did that",
    "COMMIT_DIVERGES": "a commit holds something else than what was approved",
    "RESULT_CHECKED": "the closing proof: what differs from the start and nobody approved",
    "CLIENT_TASK": "a Task tool of the client created or changed an entry",
    "GATES_STARTED": "the quality gates are about to be judged by `pack gate check`",
    "GATES_RECORDED": "their verdicts, derived from the evidence",
    "MATRIX_APPROVED": "the user approved the present budgets and waivers",
    "GATE_DECIDED": "the user approved or rejected what a gate asks for",
    "WAVES_SEEN": "what the waves of the team still lack",
    "VERIFY_STARTED": "build and tests are about to be run by `pack verify`",
    "VERIFIED": "their exit codes and the tree they ran on",
    "TEARDOWN_INIT": "the completion gate passed, or the run was aborted",
    "SHUTDOWN_REQUESTED": "the lead asked one agent to shut down",
    "SHUTDOWN_ACK": "the agent agreed, or ended",
    "SHUTDOWN_REJECTED": "the agent answered no; its reason goes to the lead",
    "SHUTDOWN_RESPONSE": "the agent's answer to a shutdown request, with the id it was given",
    "SHUTDOWN_ID": "the client's id of a shutdown request",
    "TEARDOWN_RETRYING": "an acknowledgement is overdue and may be asked for again",
    "READY_TO_DELETE": "every acknowledgement is there, or their lack was accepted",
    "TEAM_DELETED": "the supervisor was shut down last; a tombstone is written",
    "TEARDOWN_FAILED_SAFE": "the teardown stopped where nothing is lost",
    "TEARDOWN_RETRY": "a new attempt after TEARDOWN_FAILED_SAFE",
    "MAIL": "a message waits for an idle agent and will wake it",
    "RUN_ABORTED": "the run was stopped with `pack abort`",
    "RUN_CLOSED": "a person closed the run from their own terminal",
    "NUDGED": "somebody ended its turn with a step to do and was told it",
    "STUCK_ESCALATED": "told too often; the lead must decide",
    "WAIT_RESUMED": "a wait that was impossible is possible again",
    "TICK": "time passed",
    "LEAD_WOKE": "news of an agent reached the lead",
    "LEAD_STOPPED": "the lead ended its turn with news on their way",
    "BREACH": "an agent has been silent beyond a threshold; it counts at the second look in a row",
    "LOOP_SUSPECTED": "an agent made the same call again and again",
    "TOOL_UNAVAILABLE": "a command that an agent ran is not installed; missing for three agents it is systemic",
    "OVERLAP_SCOPE": "a file changed that is in no task worked on, or is another's; between which events, and who was at work then",
    "DELIVERY_FAILED": "the client did not deliver a message that the gate had accepted",
    "REFUSED": "a call or message was refused; nothing changed",
    "HANDOFF_DUPLICATE": "the same offer again: idempotent",
    "HANDOFF_MISSING": "an ACK or owner-only event with no offer: refused",
    "SPLIT_BRAIN_DETECTED": "a second incarnation claimed an epoch: refused, reconcile lock until a new offer",
    "STALE_EPOCH": "a fenced owner acted: refused",
    "OWNER_LOST": "the owner's incarnation ended; the lead may only spawn and re-offer",
    "STATE_DIVERGENCE": "a derived file or the journal was changed by somebody else and was restored; or, with `enforces`, a script or "
    "setting that enforces the run was changed",
    "SNAPSHOT_NOT_FOUND": "the snapshot was gone and was rebuilt from the journal",
    "SNAPSHOT_CONFLICT": "the snapshot did not match the journal and was rebuilt",
    "RECONCILE_CONFLICT": "journal and mirror could not be reconciled",
    "RECONCILE_LOCK_ENTER": "operational events wait for a new offer",
    "RECONCILE_LOCK_EXIT": "a new epoch was offered",
    "STATE_FROZEN": "no event is accepted until a person resumes the run",
}
TROUBLE = ("REFUSED", "HANDOFF_MISSING", "SPLIT_BRAIN_DETECTED", "STALE_EPOCH")  # refusals as journal events

EVENTS: dict[EventName, str] = dict(RECORDS)
EVENTS.update((name, spec[3]) for name, spec in MESSAGES.items())
