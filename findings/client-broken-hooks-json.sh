#!/bin/sh
# Claude Code 2.1.332: a plugin whose hooks/hooks.json is not JSON (cut off, say by an interrupted update) still loads: its commands are there, its
# hooks are not, the tool call runs, `-p` ends with 0 and stderr is empty. The only word is plugin_errors (hook-load-failed) in the first event of
# --output-format stream-json; with text or json output there is none. `plugin validate` says of the same file "At runtime this breaks the entire
# plugin load", which is not so. Seen: commands [probe:hi], stderr empty, hook-load-failed. A good guess was what validate says.
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
mkdir -p home project plugin/.claude-plugin plugin/hooks plugin/agents plugin/commands
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' > plugin/.claude-plugin/plugin.json
echo 'say hi' > plugin/commands/hi.md
printf '{"hooks": {\n' > plugin/hooks/hooks.json
cat > script.json <<'END'
{"LEAD": [{"type": "tool_use", "name": "Bash", "input": {"command": "touch made", "description": "d"}}, {"type": "text", "text": "done"}]}
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "no model"; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions --output-format stream-json --verbose </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
HOME=$work/home DISABLE_AUTOUPDATER=1 timeout 240 "$claude" plugin validate plugin >verdict 2>&1 && { echo "changed: valid"; exit 1; }
grep "breaks the entire plugin load" verdict || { echo "changed: validate says something else"; exit 1; }
"$python" - <<'END'
import json, os, sys
first = next(e for e in map(json.loads, open("said")) if e.get("subtype") == "init")
commands = [c for c in first["slash_commands"] if c.startswith("probe:")]
errors = [e["type"] for e in first.get("plugin_errors", [])]
complaints = open("complaints").read()
print(commands, errors, repr(complaints), os.listdir("project"))
same = commands == ["probe:hi"] and errors == ["hook-load-failed"] and complaints == "" and os.listdir("project") == ["made"]
sys.exit(0 if same else "changed")
END
