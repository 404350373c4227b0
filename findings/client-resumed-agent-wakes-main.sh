#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p: an agent that has ended and that another agent's SendMessage resumes ("resumed from transcript in the background
# with your message. You'll be notified when it finishes") does not wake that other one when it ends: the notification goes to the main thread.
# Who asked has ended its own turn meanwhile and is not asked again; it learns of the end only with its own next call, if there is one.
# So an answer between agents must be a message; as last words it reaches nobody who waits for it. A good guess was that the asker is woken.
# Installs the client into a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
work=$(mktemp -d)
model=
trap '[ -z "$model" ] || kill "$model" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
timeout 600 npm install --no-audit --no-fund --ignore-scripts --loglevel=error --prefix "$work" @anthropic-ai/claude-code@2.1.332 >/dev/null
claude=$(ls node_modules/@anthropic-ai/claude-code-*/claude)
claude=$work/$claude
cat > model.py <<'END'
# A model on loopback: answers the request of each actor with that actor's next block; asked.jsonl keeps the last message of every request.
import http.server, json, sys, time
script = json.load(open("script.json"))

class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self): self.send_response(404); self.end_headers()
    do_HEAD = do_GET
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        whole = json.dumps([request.get("system"), request.get("messages")])
        actor = next((a for a in script if a in whole and request.get("tools")), None)
        block = script[actor].pop(0) if actor and script[actor] else {"type": "text", "text": "nothing more"}
        with open("asked.jsonl", "a") as log:
            log.write(json.dumps([actor, request.get("messages", [])[-1:]]) + "\n")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        def event(kind, **data):
            self.wfile.write(("event: %s\ndata: %s\n\n" % (kind, json.dumps({"type": kind, **data}))).encode())
        event("message_start", message={"id": "msg_%d" % time.time_ns(), "type": "message", "role": "assistant", "content": [], "stop_reason": None,
              "model": request.get("model"), "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}})
        if block["type"] == "text":
            start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            start = {"type": "tool_use", "id": "toolu_%d" % time.time_ns(), "name": block["name"], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        event("content_block_start", index=0, content_block=start)
        event("content_block_delta", index=0, delta=delta)
        event("content_block_stop", index=0)
        event("message_delta", delta={"stop_reason": "end_turn" if block["type"] == "text" else "tool_use", "stop_sequence": None}, usage={"output_tokens": 20})
        event("message_stop")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
open("port.part", "w").write(str(server.server_address[1]))
__import__("os").replace("port.part", "port")
server.serve_forever()
END
mkdir -p home project plugin/.claude-plugin plugin/agents plugin/commands
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' > plugin/.claude-plugin/plugin.json
printf -- '---\nname: reviewer\ndescription: reviews\ntools: Read, SendMessage\n---\nREVIEWERBODY\n' > plugin/agents/reviewer.md
printf -- '---\nname: coder\ndescription: codes\ntools: Read, SendMessage\n---\nCODERBODY\n' > plugin/agents/coder.md
cat > script.json <<'END'
{"REVIEWERBODY": [{"type": "text", "text": "ready"}, {"type": "text", "text": "VERDICT fine"}],
 "CODERBODY": [{"type": "tool_use", "name": "SendMessage", "input": {"to": "reviewer", "summary": "look", "message": "please look"}},
               {"type": "text", "text": "asked, waiting"}, {"type": "text", "text": "WOKEN"}],
 "LEAD": [{"type": "tool_use", "name": "Agent", "input": {"description": "r", "prompt": "wait", "subagent_type": "probe:reviewer", "name": "reviewer",
            "run_in_background": false}},
          {"type": "tool_use", "name": "Agent", "input": {"description": "c", "prompt": "go", "subagent_type": "probe:coder", "name": "coder",
            "run_in_background": true}},
          {"type": "text", "text": "waiting"}]}
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "no model"; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
asked = [json.loads(line) for line in open("asked.jsonl")]
count = {a: [actor for actor, _ in asked].count(a) for a in ("LEAD", "CODERBODY", "REVIEWERBODY")}
told = [actor for actor, last in asked if "VERDICT fine" in json.dumps(last) and "task-notification" in json.dumps(last)]
print(count, "told of the reviewer's end:", told)
sys.exit(0 if count["REVIEWERBODY"] == 2 and count["CODERBODY"] == 2 and told == ["LEAD"] else "changed")
END
