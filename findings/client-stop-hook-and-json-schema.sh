#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p --json-schema with a Stop hook that blocks. (1) Once the model has called StructuredOutput, Stop is sent, but the
# hook's answer is not heard: neither {"decision": "block"} nor exit 2 makes the model go on, and its reason stands nowhere. (2) Where the model ends with words
# first, the hook is heard; but the client's own insistence ("You MUST call the StructuredOutput tool") comes once, where no hook blocks, and then does not
# come: the next end with words is the end, with exit code 0, subtype success and no structured_output. So a gate at Stop holds nothing in such a session, and
# takes the schema away. Seen: (1) Stop once, one request, structured_output {"a": 1}; (2) blocked: requests 2, result "words again", structured_output absent;
# not blocked: requests 2, the second with MUST call, structured_output {"a": 2}. A good guess was that Stop blocks as ever, and that the schema holds. Installs
# the client into a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
cat > stop.sh <<'END'
#!/bin/sh
# stop.sh LOG: notes the hook's input; blocks the first end of each session, where the project does not say otherwise
read -r input
printf '%s\n' "$input" >>"$1"
[ ! -e "$CLAUDE_PROJECT_DIR/open" ] || exit 0
case $input in *'"stop_hook_active":false'*) echo '{"decision": "block", "reason": "GO-ON"}' ;; esac
END
chmod +x stop.sh
"$python" - <<'END'
import json, os
here = os.getcwd()
gives = lambda number: [{"type": "tool_use", "name": "StructuredOutput", "input": {"a": number}}]
says = lambda text: [{"type": "text", "text": text}]
json.dump({"ACTOR-FIRST": [gives(1), says("more")], "ACTOR-SECOND": [says("words"), says("words again"), gives(3)], "ACTOR-THIRD": [says("words"), gives(2)]}, open("script.json", "w"))
handler = {"type": "command", "command": here + "/stop.sh", "args": [here + "/events.jsonl"]}
json.dump({"hooks": {"Stop": [{"hooks": [handler]}]}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
schema='{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "ACTOR-FIRST go" --plugin-dir ../plugin \
  --dangerously-skip-permissions \
  --output-format json --json-schema "$schema" </dev/null >../first 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "ACTOR-SECOND go" --plugin-dir ../plugin \
  --dangerously-skip-permissions \
  --output-format json --json-schema "$schema" </dev/null >../second 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
touch project/open
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "ACTOR-THIRD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions \
  --output-format json --json-schema "$schema" </dev/null >../third 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
asked = [[actor, json.dumps(last)] for actor, last in map(json.loads, open("asked.jsonl")) if actor]
seen = {}
for name in ("first", "second", "third"):
    said, mine = json.load(open(name)), [last for actor, last in asked if actor == "ACTOR-" + name.upper()]
    seen[name] = (len(mine), said["subtype"], said.get("structured_output"), "GO-ON" in mine[-1], "MUST call" in mine[-1])
    print(name, *seen[name], repr(said["result"]))
stops = [json.loads(line)["stop_hook_active"] for line in open("events.jsonl")]
print("Stop:", *stops)
same = seen["first"] == (1, "success", {"a": 1}, False, False) and seen["second"] == (2, "success", None, True, False)
sys.exit(0 if same and seen["third"] == (2, "success", {"a": 2}, False, True) and stops[:3] == [False, False, True] else "changed")
END
