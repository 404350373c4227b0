"""Three squads on three hosts (network namespaces), each with the real client, on one PostgreSQL: a sprint to its exit criteria.

runtime       changes a contract on which experience rests, then builds src/bye.py
governance    wants src/bye.py, too: refused; plans another file; is killed with -9 in the middle, its shipper with it
experience    its task waits until the contract is merged; finishes; takes governance's run over, finishes it; the integration day, the exit criteria

`make fleet-hosts`: needs root (namespaces), PostgreSQL and the client. Prints what each host did and how long it took.
"""

import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT), str(ROOT / "scripts")]

from fleet import server as servers  # noqa: E402

from pack.fleet import policy, setup  # noqa: E402

HOSTS = {"runtime": "alice", "governance": "bob", "experience": "carol"}
HONEST = (HERE / "scenarios" / "honest-simple.story").read_text().split("\n")
SPRINT = {
    "sprint": 1,
    "title": "Greetings",
    "timezone": "UTC",
    "squads": [
        {"id": squad, "title": squad.title(), "lead": user, "smoke": [["python3", "-m", "unittest", "discover", "-s", "tests", "-q"]]}
        for squad, user in HOSTS.items()
    ],
    "rhythm": [{"at": "09:00", "what": "Standup"}],
    "integration_day": {"day": "wed", "checklist": [{"do": "Smoke suite of every squad", "smoke": True}]},
    "exit": [{"criterion": c, "check": c} for c in ("integration", "status", "links", "contracts", "backlog")],
}


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Host:
    """A network namespace with one wire to this machine."""

    def __init__(self, squad, number):
        self.squad, self.name, self.net = squad, "fh%d-%d" % (os.getpid(), number), "10.97.%d" % (os.getpid() % 60 * 4 + number)
        self.here, there = "fha%d%d" % (number, os.getpid()), "fhb%d%d" % (number, os.getpid())
        ip("netns", "add", self.name)
        ip("link", "add", self.here, "type", "veth", "peer", "name", there, "netns", self.name)
        ip("addr", "add", self.net + ".1/24", "dev", self.here)
        ip("link", "set", self.here, "up")
        ip("-n", self.name, "addr", "add", self.net + ".2/24", "dev", there)
        ip("-n", self.name, "link", "set", there, "up")
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "route", "add", "default", "via", self.net + ".1")

    def play(self, story, log):
        words = ["ip", "netns", "exec", self.name, sys.executable, str(HERE / "play.py"), str(story), "--trace"]
        return subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], stderr=subprocess.DEVNULL)


def lines(begin, end=None):
    """The honest story's lines from one that begins so up to another."""
    at = next(n for n, line in enumerate(HONEST) if line.startswith(begin))
    stop = next(n for n in range(at, len(HONEST)) if HONEST[n].startswith(end)) if end else len(HONEST)
    return HONEST[at:stop]


def renamed(text, word):
    """The same work on another file."""
    return [line.replace("bye", word).replace("Bye", word.title()).replace("standards/function", "standards/" + word) for line in text]


def until(sql):
    """A person looks until it is so."""
    return "person runs: until psql -qAt -c \"%s\" | grep -q ^t$; do sleep 0.3; done" % sql


def begins(squad, shared, told, title, word):
    """The head of a host's story: the shared repository, checked out; part of the fleet."""
    return [
        "story: squad %s of a fleet of three hosts" % squad,
        "mode: headless",
        "calls: 200",
        "patience: 1500",
        "limit: 2400",
        told,
        "plan.md:",
        "    (written below)",
        "person runs: git remote add origin %s && git fetch -q origin && git reset -q --hard origin/main && git branch -q -u origin/main && pack fleet join --squad %s && git status --porcelain"
        % (shared, squad),
        '    => lacks " M "',
        "person runs: printf '# %s\\nA module beside greet.py: %s.\\n' > plan.md" % (title, word),
    ]


def told(server, host, user):
    return "env: PGHOST=%s.1 PGPORT=%d PGDATABASE=postgres PGUSER=%s PGPASSWORD=pw PACK_PYTHON=%s USER=%s NO_PROXY=*" % (
        host.net,
        server.port,
        user,
        sys.executable,
        user,
    )


PUSH = "person runs: for n in 1 2 3 4 5; do git pull -q --no-rebase --no-edit && git push -q && exit 0; done; exit 1"
JOB = ("user types: /build", "lead runs: pack verify")
END = lines("lead runs: pack verify", "expect journal")


def item(number, squad):
    return "person runs: pack sprint add %s 'Part of %s' --owner %s && pack sprint set B%d doing" % (squad, squad, squad, number)


def runtime(host, server, shared, answer, url):
    contract = "person runs: %spack record http %s --name greeting --date 2026-03-0%d && git add docs && git commit -qm 'contract %d' && git push -q && pack sprint contract publish greeting"
    return [
        *begins("runtime", shared, told(server, host, "alice"), "Say goodbye", "bye"),
        contract % ("", url, 4, 1),
        '    => says "version 1"',
        item(1, "runtime"),
        until("select facts->>'tasks' = '2' from fleet.runs where squad = 'experience'"),
        contract % ("echo '{\"id\": 1}' > %s && " % answer, url, 5, 2),
        '    => says "version 2", says "DRIFT total is gone"',
        *lines(JOB[0], "lead spawns supervisor"),
        until("select count(*) > 0 from fleet.runs where squad = 'governance' and facts->>'tasks' = '2'"),
        *lines("lead spawns supervisor", "lead runs: pack verify"),
        *END,
        PUSH,
        "person runs: pack sprint set B1 done",
        "expect status: phase=CLOSED",
        "expect exit code 0",
    ]


def governance(host, server, shared):
    planned = lines("lead runs: pack plan", "lead spawns supervisor")
    refused = [line for line in planned if not line.strip().startswith("=> says")]
    return [
        *begins("governance", shared, told(server, host, "bob"), "Say who governs", "law"),
        until("select count(*) = 1 from fleet.items where version > 1"),
        "person runs: pack sprint add governance 'Part of governance' --owner governance && pack sprint set B2 doing",
        until("select count(*) = 1 from fleet.leases where path = 'src/bye.py'"),
        *lines("user types: /build", "lead runs: pack plan"),
        *refused,
        '    => refused LEASED_ELSEWHERE, says "src/bye.py is squad runtime\'s"',
        *renamed(planned, "law"),
        "lead runs: pack fleet ask runtime 'when is src/bye.py free?'",
        '    => says "is stored"',
        *renamed(lines("lead spawns supervisor", "coder-1 tells supervisor: DONE: task #1"), "law"),
        "coder-1 tells supervisor: DONE: task #1",
        "meanwhile coder-1 runs: python3 -c 'import time; time.sleep(60)'",
        until(
            "select count(*) = 1 from fleet.bundles b join fleet.runs r using (run) where r.squad = 'governance' and b.head = r.head and r.facts->>'done' = '1'"
        ),
        "the client is killed",
        "person runs: kill -9 $(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' $(find \"$HOME\" -name ship.json))",
        "expect status: tasks.1.state=DONE",
    ]


def experience(host, server, shared):
    taken = [
        until("select until < clock_timestamp() from fleet.runs where squad = 'governance'"),
        "person runs: git checkout -q --detach origin/main && git branch -q -D main && pack fleet resume $(psql -qAt -c \"select run from fleet.runs where squad = 'governance'\")",
        '    => says "goes on here", says "fenced"',
        "user starts anew: team resume",
        '    => says "leads"',
        "user types: go on",
        "lead spawns supervisor-2 as supervisor, played by supervisor-2",
        "lead tells supervisor-2: STATE_OWNERSHIP_HANDOFF(2)",
        "supervisor-2 tells lead: STATE_OWNERSHIP_ACK(2)",
        "supervisor-2 rests",
        "lead rests until journal has STATE_OWNERSHIP_ACK by supervisor-2",
        "lead spawns unified-2 as unified-reviewer: Wait for REVIEW.",
        "unified-2 rests: ready",
        "lead spawns coder-9 as coder: Claim task #2.",
        "coder-9 tells supervisor-2: CLAIM: task #2",
        "coder-9 writes .conventions/gold-standards/law.md:",
        "    # A module of this project",
        "    One module, one function, one test beside it; see src/law.py.",
        "coder-9 tells supervisor-2: IN_REVIEW: task #2",
        "coder-9 tells unified-2: REVIEW: task #2",
        "coder-9 rests",
        "unified-2 tells coder-9: APPROVED: task #2",
        "unified-2 rests",
        'coder-9 runs: git add .conventions && git commit -qm "docs: conventions (task #2)" -- .conventions',
        "coder-9 tells supervisor-2: DONE: task #2. ALL MY TASKS COMPLETE",
        "coder-9 rests: all my tasks are done",
        "lead rests until journal has DONE by coder-9 task=2",
        *[line.replace("ask supervisor", "ask supervisor-2") for line in END],
    ]
    return [
        *begins("experience", shared, told(server, host, "carol"), "Say it nicely", "nice"),
        until("select count(*) = 1 from fleet.contracts"),
        "person runs: git pull -q && pack sprint contract need greeting --path src/ && pack sprint contract list",
        '    => says "needed by experience"',
        until("select count(*) = 2 from fleet.items where version > 1"),
        "person runs: pack sprint add experience 'Part of experience' --owner experience && pack sprint set B3 doing",
        *renamed(lines("user types: /build", "coder-1 tells supervisor: CLAIM"), "nice"),
        until("select count(*) = 2 from fleet.contracts"),
        "coder-1 tells supervisor: CLAIM: task #1",
        '    => refused, says "CONTRACT_DRIFTED", says "total is gone", says "squad runtime"',
        "person runs: git pull -q --no-rebase --no-edit && pack sprint contract list",
        '    => says "version 2"',
        *renamed(lines("coder-1 tells supervisor: CLAIM", "coder-1 tells supervisor: DONE: task #1"), "nice"),
        until("select count(*) = 1 from fleet.runs where squad = 'runtime' and closed is not null"),  # one at a time writes .conventions/
        *renamed(lines("coder-1 tells supervisor: DONE: task #1", "lead runs: pack verify"), "nice"),
        *END[:2],
        "lead runs: pack teardown",  # what the merge brought in is the user's to accept
        '    => refused, says "NOT_APPROVED", says "docs/design/contracts"',
        "lead rests until journal has NUDGED by gate who=lead",
        "user types: team accept docs",
        '    => says "accepted as it is"',
        "user types: go on",
        *END[2:],
        PUSH,
        "person runs: pack sprint set B3 done",
        *taken,
        "person runs: git branch --show-current",
        '    => says "main"',
        "person runs: git fetch -q && git merge -q --no-edit origin/main && git push -q origin HEAD:main && git fetch -q",
        "person runs: git config team.squad governance && psql -qAt -c \"select member from fleet.runs where squad = 'governance'\" && pack sprint set B2 done; git config team.squad experience",
        "person runs: pack sprint integration && pack sprint status && for f in docs/sprints/status/*.md; do echo http://127.0.0.1/panel >> $f; done; pack sprint exit",
        '    => says "met  integration", says "met  status", says "met  links", says "met  contracts", says "met  backlog", lacks "OPEN"',
        "expect status: phase=CLOSED",
    ]


def main():
    base, hosts, server, logs = pathlib.Path(tempfile.mkdtemp(prefix="hosts-")), [], None, {}
    base.chmod(0o755)
    answer = base / "answer.json"
    answer.write_text('{"id": 1, "total": 9}')

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = answer.read_bytes()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    endpoint = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    try:
        server = servers.Server(host="0.0.0.0").start()
        where = {"host": server.folder, "port": str(server.port), "dbname": "postgres", "user": "postgres"}
        setup.init(where)
        for user in HOSTS.values():
            server.sql("create role %s login password 'pw'" % user)
            setup.grant(where, user, "member")
        for n, squad in enumerate(HOSTS):
            hosts.append(Host(squad, n))
        shared = repository(base)
        url = "http://%s.1:%d/greeting" % (hosts[0].net, endpoint.server_port)
        texts = [runtime(hosts[0], server, shared, answer, url), governance(hosts[1], server, shared), experience(hosts[2], server, shared)]
        began, playing = time.time(), []
        for host, text in zip(hosts, texts):
            path = base / ("%s.story" % host.squad)
            path.write_text("\n".join(text) + "\n")
            logs[host.squad] = base / ("%s.log" % host.squad)
            playing.append(host.play(path, open(logs[host.squad], "w")))
        while any(p.poll() is None for p in playing):
            if any(p.poll() for p in playing):  # the others would wait for it
                for p in playing:
                    p.send_signal(signal.SIGINT)
            time.sleep(0.5)
        codes = [p.wait() for p in playing]
        for host, code in zip(hosts, codes):
            out = logs[host.squad].read_text()
            print("%-12s %s" % (host.squad, out.strip().split("\n")[-1]) if not code else out)
        for name, sql in (
            (
                "runs closed, open",
                "select count(*) filter (where closed is not null), count(*) filter (where closed is null) from fleet.runs",
            ),
            ("records", "select count(*) from fleet.records"),
            (
                "leases: granted, refused to nobody who lives, moved by take-over, released, held now",
                "select count(*) filter (where what = 'granted'), count(*) filter (where what = 'expired'), count(*) filter (where what = 'moved'), count(*) filter (where what = 'released'), (select count(*) from fleet.leases) from fleet.lease_log",
            ),
            ("commits under a lease", "select count(*) from fleet.writes"),
            ("messages, delivered", "select count(*), count(got_at) from fleet.messages"),
        ):
            print("%-40s %s" % (name.split(":")[0], ", ".join(map(str, server.sql(sql)[0]))))
        print("three hosts: %s in %.0f s" % ("passed" if not any(codes) else "FAILED (%s)" % base, time.time() - began))
        return 1 if any(codes) else 0
    finally:
        for host in hosts:
            host.remove()
        if server:
            server.remove()
        endpoint.shutdown()
        if not os.environ.get("KEEP"):
            shutil.rmtree(base, ignore_errors=True)


def repository(base):
    """The repository between the hosts, with the sprint in it."""
    seed, shared = base / "seed", base / "shared.git"
    at = HONEST.index("file CLAUDE.md:")
    files, name = {}, None
    for line in HONEST[at : next(n for n, x in enumerate(HONEST) if x.startswith("plan.md:"))]:
        if line.startswith("file "):
            name = line[5:-1]
            files[name] = ""
        else:
            files[name] += line[4:] + "\n"
    files["docs/sprints/sprint.yaml"] = json.dumps(SPRINT)
    files[".gitignore"] = "docs/sprints/\n!docs/sprints/sprint.yaml\n.claude/teams/\n__pycache__/\nplan.md\n"
    files[".claude/fleet.yaml"] = policy.text(policy.settled({"project": "greetings", "lease_minutes": 0.5}))
    for name, text in files.items():
        (seed / name).parent.mkdir(parents=True, exist_ok=True)
        (seed / name).write_text(text)
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A", "-f"],
        ["-c", "user.name=s", "-c", "user.email=s@example.invalid", "commit", "-qm", "the project"],
    ):
        subprocess.run(["git", "-C", str(seed), *words], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(seed), str(shared)], check=True)
    return shared


if __name__ == "__main__":
    sys.exit(main())
