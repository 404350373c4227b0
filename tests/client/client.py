"""The real client: where it is, what it needs to start, and three ways to run it (headless, in a terminal, with panes).

Nothing of the user's own set-up is seen by a run: a clean environment, a HOME of its own, a dummy key, the model on loopback.
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "dummy-key-for-loopback"
# Keys by their names in stories: the bytes that a terminal sends, and what tmux calls them.
KEYS = {
    "Shift+Tab": (b"\x1b[Z", "BTab"),
    "Tab": (b"\t", "Tab"),
    "Enter": (b"\r", "Enter"),
    "Escape": (b"\x1b", "Escape"),
    "Up": (b"\x1b[A", "Up"),
    "Down": (b"\x1b[B", "Down"),
    "Ctrl+C": (b"\x03", "C-c"),
    "Ctrl+U": (b"\x15", "C-u"),
}
ANSI = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")


def locate():
    """The client's binary: the pinned one, or what TEAM_CLIENT says (a version, `newest`, a path); installed when it is not there yet."""
    out = subprocess.run([str(ROOT / "scripts/dev/install-client")], stdout=subprocess.PIPE, check=True)
    return out.stdout.decode().strip().splitlines()[-1]


class Home:
    """A HOME and a project folder for one run, with what the client asks of a first-time user already answered."""

    def __init__(self, base, url, teams=False, env=None, project="project", settings=None):
        """settings: the user's own, {} or None for none."""
        self.settings = dict(settings or {})
        self.base = pathlib.Path(base)
        self.home, self.project = self.base / "home", self.base / project
        self.home.mkdir(parents=True, exist_ok=True)
        self.project.mkdir(exist_ok=True, parents=True)
        self.tmp = self.base / "tmp"
        self.tmp.mkdir(exist_ok=True)
        self.env = {
            # a real interpreter first: a pyenv-like shim would cost every hook 50-110 ms
            "PATH": "%s:%s" % (os.path.dirname(os.path.realpath(sys.executable)), os.environ["PATH"]),
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.tmp),
            "CLAUDE_CODE_TMPDIR": str(self.tmp),
            "SHELL": shutil.which("bash") or "/bin/sh",  # with neither bash nor zsh in it the client takes zsh where it is
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": KEY,
            "NO_PROXY": "127.0.0.1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
        }
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self.env["IS_SANDBOX"] = "1"
        if teams:
            self.env["CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS"] = "1"
        self.env.update(env or {})
        (self.home / ".claude.json").write_text(
            json.dumps(
                {
                    "hasCompletedOnboarding": True,
                    "theme": "dark",
                    "bypassPermissionsModeAccepted": True,
                    "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
                    "projects": {str(self.project): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}},
                }
            )
        )
        if self.settings:
            self._keep_settings()

    def _keep_settings(self):
        (self.home / ".claude").mkdir(exist_ok=True)
        (self.home / ".claude/settings.json").write_text(json.dumps(self.settings))

    def answer_questions(self):
        """A person who says yes to whatever the client asks leave for; every question is noted in questions.jsonl."""
        script = self.base / "answer.sh"
        script.write_text(
            "cat >> '%s'; echo >> '%s'\n" % ((self.base / "questions.jsonl",) * 2)
            + """echo '{"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": {"behavior": "allow"}}}'\n"""
        )
        hook = {"type": "command", "command": "sh %s" % script}
        self.settings["hooks"] = {"PermissionRequest": [{"hooks": [hook]}]}
        self._keep_settings()

    def questions(self):
        """[{"tool_name", "tool_input", "agent_id"?, ...}] that the client has asked its user."""
        path = self.base / "questions.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()] if path.exists() else []

    def notices(self):
        """What the client told its user apart from the model's words (a hook that blocked, for one), from the transcripts."""
        out = []
        for path in sorted((self.home / ".claude/projects").glob("*/*.jsonl")):
            for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
                if '"subtype":"informational"' in text:
                    out.append(json.loads(text).get("content") or "")
        return out


def run_cli(binary, home, *args, timeout=600):
    """A plain `claude ARGS` that ends by itself (plugin install and the like)."""
    return subprocess.run(
        [binary, *args],
        cwd=home.project,
        env=home.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )


class Headless:
    """`claude -p PROMPT` with its stream of JSON events."""

    def __init__(self, binary, home, prompt, *args, seen=None):
        dashed = prompt.startswith("-")  # the client would take it for an option: it comes on standard input instead
        command = [
            binary,
            "-p",
            *([] if dashed else [prompt]),
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-hook-events",
            *args,
        ]
        self.events, self.seen = [], seen or (lambda event: None)
        self.process = subprocess.Popen(
            command,
            cwd=home.project,
            env=home.env,
            stdin=subprocess.PIPE if dashed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if dashed:
            self.process.stdin.write(prompt.encode())
            self.process.stdin.close()
        self.stderr, self.closed = b"", False
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self._read, self._read_errors)]
        for t in self._threads:
            t.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"type": "noise", "text": line.decode(errors="replace")}
            self.events.append(event)
            self.seen(event)

    def _read_errors(self):
        self.stderr = self.process.stderr.read()

    def wait(self, timeout):
        """Exit code, or None when the time is over (the process is then ended)."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        return code

    def result(self):
        """The text of the run's last result and of the notices before it."""
        return "\n".join(
            str(e.get("result") or e.get("content") or "")
            for e in self.events
            if e.get("type") == "result" or e.get("subtype") == "informational"
        )

    def close(self):
        if self.closed:
            return
        self.closed = True
        end_group(self.process)
        for t in self._threads:
            t.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    @property
    def session(self):
        """The session's id; the last event's, because with --continue the first events carry another."""
        return next((e["session_id"] for e in reversed(self.events) if e.get("session_id")), None)


class Terminal:
    """`claude PROMPT` in a pseudo-terminal, as a user sits before it."""

    def __init__(self, binary, home, prompt, *args):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 180, 0, 0))
        command = [binary, *args] + ([prompt] if prompt else [])
        self.process = subprocess.Popen(
            command, cwd=home.project, env=home.env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.raw, self._lock, self.closed = b"", threading.Lock(), False
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data

    def text(self):
        """What was drawn, without the drawing; good for searching, not for reading in order."""
        with self._lock:
            return re.sub(r"[ \r\n\u2500-\u259f]+", " ", ANSI.sub(b" ", self.raw).decode(errors="replace"))

    def type(self, line, taken=None):
        """Type a line and press Enter: see `typing`. Ctrl-U first: a prompt that a hook refused stays in the input line."""
        typing(self._shown, self._keys, line, taken)

    def press(self, key):
        """One key, by its name in KEYS."""
        os.write(self.master, KEYS[key][0])

    def drawn(self, since=None):
        """What was drawn since a mark; without one, the mark of now."""
        with self._lock:
            return len(self.raw) if since is None else plain(ANSI.sub(b"", self.raw[since:]).decode(errors="replace"))

    def _shown(self):
        with self._lock:
            return self.raw[-20000:]

    def _keys(self, key):
        os.write(self.master, {"C-u": b"\x15", "Enter": b"\r"}.get(key) or key.encode())

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.close()

    def close(self):
        if self.closed:
            return
        self.closed = True
        if self.alive():
            try:
                self.type("/exit")
                self.process.wait(6)
            except (OSError, subprocess.TimeoutExpired):
                pass
        end_group(self.process)
        os.close(self.master)
        self._thread.join(2)


class Panes:
    """`claude PROMPT --teammate-mode tmux` inside a tmux server of its own."""

    flags = ("--teammate-mode", "tmux")

    def __init__(self, binary, home, prompt, *args):
        self.socket = str(home.base / "tmux.sock")
        self.home = home
        command = [binary, *self.flags, *args] + ([prompt] if prompt else [])
        env = dict(home.env)
        self._tmux(
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "200",
            "-y",
            "50",
            "-c",
            str(home.project),
            "exec env -i "
            + " ".join("%s=%s" % (k, quote(v)) for k, v in env.items())
            + " TMUX=\"$TMUX\" TMUX_PANE=\"$TMUX_PANE\" "
            + " ".join(quote(c) for c in command),
        )

    def _tmux(self, *args, check=True):
        return subprocess.run(
            ["tmux", "-S", self.socket, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(self.home.env),
            text=True,
            check=check,
        ).stdout

    def panes(self):
        return self._tmux("list-panes", "-a", "-F", "#{pane_id} #{pane_pid} #{pane_title}", check=False)

    def text(self):
        out = []
        for line in self.panes().splitlines():
            if line.startswith("%"):
                out.append(self._tmux("capture-pane", "-p", "-S", "-200", "-t", line.split()[0], check=False))
        return "\n".join(out)

    def press(self, key):
        """As Terminal.press."""
        self._tmux("send-keys", "-t", "%0", KEYS[key][1])

    def drawn(self, since=None):
        """As Terminal.drawn: what the screen shows now, for tmux keeps no record of what was drawn when."""
        return 0 if since is None else plain(self._tmux("capture-pane", "-p", "-t", "%0", check=False))

    def type(self, line, taken=None):
        """As Terminal.type."""
        shown = lambda: self._tmux("capture-pane", "-p", "-t", "%0", check=False).encode()  # noqa: E731

        def press(key):
            """tmux takes a last semicolon for its own mark between two commands, also with -l (findings/tmux-send-keys-semicolon.sh)."""
            typed = [key] if key in ("C-u", "Enter") else ["-l", key[:-1] + "\\;" if key.endswith(";") else key]
            self._tmux("send-keys", "-t", "%0", *typed)

        typing(shown, press, line, taken)

    def alive(self):
        """Whether the lead's pane is there."""
        return any(line.startswith("%0 ") for line in self.panes().splitlines())

    def kill(self):
        self._tmux("kill-server", check=False)

    def close(self):
        if self.alive():
            try:
                self.type("/exit")
            except subprocess.CalledProcessError:
                pass
            for _ in range(30):
                if not self.alive():
                    break
                time.sleep(0.2)
        self._tmux("kill-server", check=False)


class Tmux(Panes):
    """`claude PROMPT` in a tmux window; teammates in its own process, as a user's client has them by default."""

    flags = ()


def typing(shown, press, line, taken=None):
    """Type a line before a client and press Enter, by what is seen: Enter comes after the line stands on the screen, because the client
    takes both together for a paste, and again while `taken()` says that the line has not arrived."""
    press("C-u")
    time.sleep(0.1)
    before = shown()
    press(line)
    last = re.sub(rb"[^\w]", b"", line.encode())[-6:]
    until(lambda: shown() != before and last in re.sub(rb"[^\w]", b"", ANSI.sub(b"", shown()))[-4000:], 10)
    time.sleep(0.2)
    press("Enter")
    while taken is not None and not until(taken, 15):
        press("Enter")


def plain(text):
    """Letters and digits alone: the client moves the cursor where a blank would stand."""
    return re.sub(r"\W", "", text)


def until(happened, seconds):
    """Whether `happened()` within so many seconds."""
    end = time.time() + seconds
    while not happened():
        if time.time() > end:
            return False
        time.sleep(0.05)
    return True


def quote(text):
    return "'" + str(text).replace("'", "'\\''") + "'"


def end_group(process):
    """End a process we started and its children (it leads its own session)."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sig)
        except (ProcessLookupError, PermissionError):
            break
        for _ in range(20):
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.1)
    process.poll()
