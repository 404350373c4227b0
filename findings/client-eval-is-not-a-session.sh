#!/bin/sh
# Claude Code 2.1.332, `claude plugin eval`: the plugin that is tested is not the one that users run. (1) A case's execution.allowed_tools grants nothing:
# without --allow-tools Bash on the command line the model is told "Bash is disabled for this session", one line of the report says "not granted", and a case
# whose graders look at the last words passes all the same. (2) With it, Bash has not the plugin's bin/ on PATH, which every session with that plugin has: a
# command of the plugin is "command not found", in the eval only. Seen: eval without the grant score 1.00 and the tool refused; with it rc 127; `claude -p
# --plugin-dir` HELLO. A good guess was that the case's tools are granted, and that the plugin is whole. Installs the client into a temporary folder, which it
# removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
        if actor:
            json.dump(script, open("script.json", "w"))
            with open("asked.jsonl", "a") as log:
                log.write(json.dumps(request["messages"][-1]) + "\n")
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
mkdir -p home project plugin/.claude-plugin plugin/bin plugin/evals/one
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' > plugin/.claude-plugin/plugin.json
printf '#!/bin/sh\necho HELLO\n' > plugin/bin/probe-hello
chmod +x plugin/bin/probe-hello
cat > plugin/evals/one/case.yaml <<'END'
schema_version: "1.1"
name: one
execution:
  prompt: LEAD go
  max_turns: 5
  timeout_seconds: 60
  allowed_tools: [Bash]
runs: 1
graders:
  - {type: regex, name: said, pattern: done}
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "no model"; exit 1; }; sleep 0.2; done
run() {  # run NAME ARGUMENTS...: the client; asked.NAME has what the model was asked
  name=$1
  shift
  cat > script.json <<'END'
{"LEAD": [{"type": "tool_use", "name": "Bash", "input": {"command": "probe-hello; echo rc=$?", "description": "d"}}, {"type": "text", "text": "done"}]}
END
  : > asked.jsonl
  (cd project; env -i PATH="$PATH" HOME="$work/home" TERM=xterm SHELL=/bin/bash ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none \
    DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" "$@" </dev/null >"../said.$name" 2>&1) ||
    { echo "the client ended with $?"; cat "said.$name"; exit 1; }
  mv asked.jsonl "asked.$name"
}
run refused plugin eval ../plugin --trust-plugin --ablation none
run granted plugin eval ../plugin --trust-plugin --ablation none --allow-tools Bash
run session -p "LEAD go" --plugin-dir ../plugin --dangerously-skip-permissions
grep -o "not granted.*" said.refused
grep -o "one   *1.00" said.refused
grep -q "Bash is disabled for this session" asked.refused
grep -o "command not found.n*rc=127\|not found.*rc=127" asked.granted
grep -o "HELLO.nrc=0" asked.session
