#!/bin/sh
# Claude Code 2.1.332, -p: which event a Bash call raises goes by the name of its last command, not by its exit code alone. `test -f REPORT`, `[ 1 = 2 ]`, `diff
# a b`, `git diff --exit-code`, `grep` and `false; grep x f` end with 1 and raise PostToolUse, as what succeeds does: the model gets a result that is no error,
# and neither "Exit code 1" nor anything else that says 1; the hook has a key returnCodeInterpretation ("Condition is false", "Files differ", "No matches
# found") and no exit code. The same check spelt otherwise, `cmp a b`, `X=1 grep x f`, `timeout 5 grep x f`, `test -f REPORT || exit 1`, raises
# PostToolUseFailure with "Exit code 1". So a check that a model runs as its gate can fail without a failure for anybody, and a hook that takes PostToolUse for
# "it passed" is wrong for the commands that check most. Seen: as said. A good guess was PostToolUseFailure for every exit code but 0. Installs the client into
# a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
# A model on loopback: answers the request of each actor with that actor's next list of blocks; asked.jsonl keeps the last messages of every request.
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
            log.write(json.dumps([actor, request.get("messages", [])[-3:]]) + "\n")
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
"$python" - <<'END'
import json, os
here = os.getcwd()
checks = ["test -f REPORT", "[ 1 = 2 ]", "diff a b", "git diff --no-index --exit-code a b", "false; grep x a", "cmp a b", "X=1 grep x a", "timeout 5 grep x a", "test -f REPORT || exit 1"]
json.dump({"LEAD": [[{"type": "tool_use", "name": "Bash", "input": {"command": c, "description": "d"}}] for c in checks]}, open("script.json", "w"))
json.dump(checks, open("checks.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % here}
json.dump({"hooks": {event: [{"hooks": [log]}] for event in ("PostToolUse", "PostToolUseFailure")}}, open("plugin/hooks/hooks.json", "w"))
for name in "ab":
    open("project/" + name, "w").write(name + "\n")
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 SHELL=/bin/bash \
  timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin --dangerously-skip-permissions \
  --output-format json </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
checks = json.load(open("checks.json"))
events = {e["tool_input"]["command"]: e for e in map(json.loads, open("events.jsonl"))}
told = {}
for actor, messages in map(json.loads, open("asked.jsonl")):
    for message in messages if actor else []:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "tool_result":
                told[block["tool_use_id"]] = block
told = [told[events[check]["tool_use_id"]] for check in checks]
same = len(events) == len(checks) == len(told)
for n, (check, block) in enumerate(zip(checks, told)):
    event, error = events[check]["hook_event_name"], bool(block.get("is_error"))
    meaning = events[check].get("tool_response", {}).get("returnCodeInterpretation")
    says_code = "Exit code 1" in json.dumps(block["content"])
    print("%-38s %-18s for the model: error %s, code %s  %s" % (check, event, error, says_code, meaning or ""))
    same = same and ((event, error, says_code, bool(meaning)) == (("PostToolUse", False, False, True) if n < 5 else ("PostToolUseFailure", True, True, False)))
sys.exit(0 if same else "changed")
END
