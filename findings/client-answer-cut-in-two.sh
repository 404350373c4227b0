#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p: an answer that is cut off, by the connection in the middle of the stream or by stop_reason max_tokens, is not asked
# for again: the client keeps the first half as the assistant's and asks the model to go on ("Your response above was cut off mid-stream. Resume directly from
# where it stops", "Output token limit hit. Resume directly"). What -p prints, `result` of --output-format json and last_assistant_message of the Stop hook are
# the second half alone; exit code 0, stderr empty, subtype success. So a script that takes the output for the answer gets its end, of a JSON text the closing
# half. A subagent is told something else in the same two cases ("only your next message is delivered. Write the complete response again from the start", "Your
# caller does not receive an answer in pieces"), so its last words may be whole. Seen: the model sent FIRST-HALF and SECOND-HALF, printed is SECOND-HALF, in
# both cases. A good guess was a retry, or both halves together. Installs the client into a temporary folder, which it removes; a scripted model on 127.0.0.1
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
            if block["type"] == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if block["type"] == "full":
                stop = "max_tokens"
                break
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
half = lambda text: {"type": "text", "text": text}
json.dump({actor: [[half("FIRST-HALF"), {"type": end}], [half("SECOND-HALF")]] for actor, end in (("DROPPED", "cut"), ("LIMIT", "full"), ("WORKER", "cut"))}
          | {"LEAD": [[{"type": "tool_use", "name": "Agent", "input": {"description": "w", "prompt": "do", "subagent_type": "probe:worker", "run_in_background": False}}], [half("done")]]},
          open("script.json", "w"))
os.mkdir("plugin/agents")
open("plugin/agents/worker.md", "w").write("---\nname: worker\ndescription: works\n---\nWORKER\n")
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % os.getcwd()}
json.dump({"hooks": {"Stop": [{"hooks": [log]}]}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "DROPPED go" --plugin-dir ../plugin \
  --dangerously-skip-permissions \
  --output-format json </dev/null >../dropped.json 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
[ ! -s complaints ] || { cat complaints; exit 1; }
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LIMIT go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../limit 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../lead 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
dropped, limit = json.load(open("dropped.json")), open("limit").read()
ends = [json.loads(line)["last_assistant_message"] for line in open("events.jsonl")]
asked = {name: [json.dumps(last) for actor, last in map(json.loads, open("asked.jsonl")) if actor == name] for name in ("DROPPED", "LIMIT", "WORKER")}
again = "Write the complete response again" in asked["WORKER"][-1]
print("printed: %r and %r, Stop: %s, requests: %s, agent asked for the whole: %s" % (dropped["result"], limit, ends[:2], [len(x) for x in asked.values()], again))
same = (dropped["result"], dropped["subtype"], limit) == ("SECOND-HALF", "success", "SECOND-HALF\n") and ends[:2] == ["SECOND-HALF", "SECOND-HALF"]
same = same and len(asked["DROPPED"]) == len(asked["LIMIT"]) == 2 and "Resume directly from where it stops" in asked["DROPPED"][1]
sys.exit(0 if same and "Output token limit hit. Resume directly" in asked["LIMIT"][1] and again else "changed")
END
