#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p: a skill's front matter with allowed-tools and hooks, loaded by the model in the first of two turns of one session.
# The two keys do not live equally long: allowed-tools ends with the turn (the next turn's call is refused for want of permission), the hooks go on: they run at
# the call that is refused, and in every later turn, though nothing loads the skill again. So a skill that brings its own guard or log keeps it in the session
# for good, and what a skill's hook may take for "my skill is at work" is only "it once was". Seen: turn 1 touch a1 ran, hook once; turn 2 touch a2 refused,
# hook again. A good guess was one life for both, that of the turn. Installs the client into a temporary folder, which it removes; a scripted model on 127.0.0.1
# stands in for the real one. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
work=$(mktemp -d)
model=
trap '[ -z "$model" ] || kill "$model" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel=error --prefix "$work" @anthropic-ai/claude-code@${CLIENT:-2.1.332} >/dev/null
claude=$(ls node_modules/@anthropic-ai/claude-code-*/claude)
claude=$work/$claude
cat > model.py <<'END'
# A model on loopback: answers the request of each actor with that actor's next list of blocks; asked.jsonl keeps the last message of every request.
import http.server, json, os, socket, time
script = json.load(open("script.json"))

class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self): self.send_response(404); self.end_headers()
    do_HEAD = do_GET
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        whole = json.dumps([request.get("system"), request.get("messages")])
        actor = next((a for a in script if a in whole and request.get("tools")), None)
        blocks = script[actor].pop(0) if actor and script[actor] else [{"type": "text", "text": "nothing more"}]
        with open("asked.jsonl", "a") as log:
            log.write(json.dumps([actor, request.get("messages", [])[-1:]]) + "\n")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        def event(kind, **data):
            self.wfile.write(("event: %s\ndata: %s\n\n" % (kind, json.dumps({"type": kind, **data}))).encode())
        event("message_start", message={"id": "msg_%d" % time.time_ns(), "type": "message", "role": "assistant", "content": [], "stop_reason": None,
              "model": request.get("model"), "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}})
        stop = "end_turn"
        for index, block in enumerate(blocks):
            if block["type"] == "text":
                start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
            else:
                stop = "tool_use"
                start = {"type": "tool_use", "id": "toolu_%d" % time.time_ns(), "name": block["name"], "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            event("content_block_start", index=index, content_block=start)
            event("content_block_delta", index=index, delta=delta)
            event("content_block_stop", index=index)
        event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 20})
        event("message_stop")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
open("port.part", "w").write(str(server.server_address[1]))
os.replace("port.part", "port")
server.serve_forever()
END
mkdir -p home project plugin/.claude-plugin plugin/hooks
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' > plugin/.claude-plugin/plugin.json
mkdir -p plugin/skills/careful
cat > plugin/skills/careful/SKILL.md <<END
---
name: careful
description: d
allowed-tools: Bash(touch a*)
hooks:
  PreToolUse:
    - matcher: Bash
      hooks:
        - type: command
          command: cat >>'$work/hooked'
---
BODY
END
"$python" - <<'END'
import json
call = lambda name, **given: [{"type": "tool_use", "name": name, "input": given}]
says = lambda text: [{"type": "text", "text": text}]
touch = lambda file: call("Bash", command="touch " + file, description="d")
json.dump({"LEAD": [call("Skill", skill="probe:careful"), touch("a1"), says("one"), touch("a2"), says("two")]}, open("script.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cat > turns.py <<'END'
# turns.py CLIENT: two turns of one session; prints what each was refused.
import json, os, subprocess, sys
env = {"PATH": os.environ["PATH"], "HOME": os.path.abspath("home"), "TERM": "xterm", "ANTHROPIC_BASE_URL": "http://127.0.0.1:" + open("port").read(),
       "ANTHROPIC_API_KEY": "none", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1", "IS_SANDBOX": "1"}
process = subprocess.Popen([sys.argv[1], "-p", "--plugin-dir", "../plugin", "--permission-mode", "default", "--allowedTools", "Skill", "--input-format", "stream-json",
                            "--output-format", "stream-json", "--verbose"], cwd="project", env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
seen = []
for word in ("one", "two"):
    process.stdin.write(json.dumps({"type": "user", "message": {"role": "user", "content": "LEAD " + word}}) + "\n")
    process.stdin.flush()
    row = next(row for row in map(json.loads, process.stdout) if row["type"] == "result")
    hooked = open("hooked").read() if os.path.exists("hooked") else ""
    seen.append((row["result"], [denied["tool_input"]["command"] for denied in row["permission_denials"]], hooked.count('"hook_event_name":"PreToolUse"')))
process.stdin.close()
process.wait()
print(*seen, sorted(os.listdir("project")))
sys.exit(0 if seen == [("one", [], 1), ("two", ["touch a2"], 2)] and os.listdir("project") == ["a1"] else "changed")
END
timeout 240 "$python" turns.py "$claude"
