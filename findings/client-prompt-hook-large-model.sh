#!/bin/sh
# Claude Code 2.1.332, -p, behind an ANTHROPIC_BASE_URL: a hook of type "prompt" that names no model asks the session's own, large one (a small fast one is what
# it is said to ask), without thinking of a cache: the request has another system prompt and no tools. On PreToolUse it gets its prompt and the payload, on Stop
# the whole conversation in front of it, so that each end of a turn pays for everything once more. The result's `usage` has the main thread's calls only;
# total_cost_usd has the hooks' too. Seen for two Bash calls: LEAD 2, PRE-HOOK 1, LEAD 4, PRE-HOOK 1, LEAD 6, STOP-HOOK 8 messages, one model in all six,
# usage.output_tokens 60 of 120. A good guess was a small model that sees the prompt alone, counted with the rest. Installs the client into a temporary folder,
# which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
# A model on loopback: answers the request of each actor with that actor's next block; `order` gets a line for each request.
import http.server, json, sys, time

class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self): self.send_response(404); self.end_headers()
    do_HEAD = do_GET
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        whole = json.dumps([request.get("system"), request.get("messages")])
        script = json.load(open("script.json"))
        actor = next((a for a in script if a in whole and request.get("tools")), None)
        block = script[actor].pop(0) if actor and script[actor] else {"type": "text", "text": "nothing more"}
        asked = request["messages"]
        hook = next((word for word in ("PRE-HOOK", "STOP-HOOK") if word in json.dumps(asked[-1])), None)
        if hook:
            block = {"type": "text", "text": json.dumps({"ok": True, "reason": "fine"})}
        elif actor:
            json.dump(script, open("script.json", "w"))
        with open("order", "a") as log:
            log.write("%s %s %d\n" % (hook or actor, request["model"], len(asked)))
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
mkdir -p home project plugin/.claude-plugin plugin/hooks
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' > plugin/.claude-plugin/plugin.json
cat > plugin/hooks/hooks.json <<'END'
{"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "prompt", "prompt": "PRE-HOOK $ARGUMENTS"}]}],
           "Stop": [{"hooks": [{"type": "prompt", "prompt": "STOP-HOOK $ARGUMENTS"}]}]}}
END
cat > script.json <<'END'
{"LEAD": [{"type": "tool_use", "name": "Bash", "input": {"command": "echo one", "description": "d"}},
          {"type": "tool_use", "name": "Bash", "input": {"command": "echo two", "description": "d"}}, {"type": "text", "text": "done"}]}
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "no model"; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --output-format json --dangerously-skip-permissions </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
rows = [line.split() for line in open("order")]
said = json.load(open("said"))
print(*(" ".join(row) for row in rows), said["usage"]["output_tokens"], said["total_cost_usd"], sep="; ")
same = [(row[0], int(row[2])) for row in rows] == [("LEAD", 2), ("PRE-HOOK", 1), ("LEAD", 4), ("PRE-HOOK", 1), ("LEAD", 6), ("STOP-HOOK", 8)]
used = sum(m["outputTokens"] for m in said["modelUsage"].values())
sys.exit(0 if same and len({row[1] for row in rows}) == 1 and (said["usage"]["output_tokens"], used) == (60, 120) else "changed")
END
