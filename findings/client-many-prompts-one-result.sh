#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p --input-format stream-json: three user messages sent at once, the first of which makes the model call a tool. There is
# one `result`, one Stop and one turn for all three: the other two are put beside the tool's result ("The user sent a new message while you were working"),
# after a UserPromptSubmit each, in the middle of the turn. A hook that blocks one of them takes it out of the running turn: the model sees nothing of it, the
# output has one line system/informational with the reason, and no result. So a program that sends N messages and waits for N results waits for ever, and one
# that resets its state at UserPromptSubmit does so between a PostToolUse and the Stop of the same turn. Seen: prompts one two three, events PreToolUse
# PostToolUse before the second and third, result 1, words in the request: three, not two. A good guess was a turn and a result for each. Installs the client
# into a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
cat > log.sh <<'END'
#!/bin/sh
# log.sh LOG: notes the hook's input, and blocks the prompt that says two
read -r input
printf '%s\n' "$input" >>"$1"
case $input in *'"UserPromptSubmit"'*'LEAD two'*) echo '{"decision": "block", "reason": "NOT-THIS-ONE"}' ;; esac
END
chmod +x log.sh
"$python" - <<'END'
import json, os
here = os.getcwd()
wait = {"type": "tool_use", "name": "Bash", "input": {"command": "sleep 3", "description": "d"}}
json.dump({"LEAD": [[wait]] + [[{"type": "text", "text": "end %d" % n}] for n in (1, 2, 3)]}, open("script.json", "w"))
log = {"type": "command", "command": here + "/log.sh", "args": [here + "/events.jsonl"]}
json.dump({"hooks": {event: [{"hooks": [log]}] for event in ("UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop")}}, open("plugin/hooks/hooks.json", "w"))
with open("messages", "w") as messages:
    for word in ("one", "two", "three"):
        messages.write(json.dumps({"type": "user", "message": {"role": "user", "content": "LEAD " + word}}) + "\n")
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p --plugin-dir ../plugin \
  --dangerously-skip-permissions \
  --input-format stream-json --output-format stream-json --verbose <../messages >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
events = [json.loads(line) for line in open("events.jsonl")]
names = [e["hook_event_name"] + e.get("prompt", "")[4:] for e in events]
said = open("said").read()
results = [row["result"] for row in map(json.loads, said.splitlines()) if row["type"] == "result"]
asked = [json.dumps(last) for actor, last in map(json.loads, open("asked.jsonl")) if actor]
words = [word for word in ("LEAD two", "LEAD three") if word in asked[-1]]
print(*names, "results:", results, "requests:", len(asked), "in the last:", words, "told of the refusal:", "NOT-THIS-ONE" in asked[-1])
same = names == ["UserPromptSubmit one", "PreToolUse", "PostToolUse", "UserPromptSubmit two", "UserPromptSubmit three", "Stop"]
told = [(row["type"], row.get("subtype")) for row in map(json.loads, said.splitlines()) if "NOT-THIS-ONE" in json.dumps(row) and row.get("subtype") not in ("hook_started", "hook_response")]
print("lines of the output with the reason:", told)
sys.exit(0 if same and results == ["end 1"] and len(asked) == 2 and words == ["LEAD three"] and told == [("system", "informational")] else "changed")
END
