#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p: a tool call runs as soon as its block is whole, while the model still writes the rest of the same answer, and its
# PreToolUse and PostToolUse hooks with it. So a hook that judges the first call of an answer cannot know whether another one follows, and what one answer asked
# for can be judged against two states of the disk. If the stream then breaks off, the answer is neither asked for again nor taken back: what ran has run, its
# results go into the next request, a call of which only half had come is dropped without a word and without any event, exit code 0. Seen: the model holds its
# stream open until PostToolUse of call 1 has come, sends call 2, waits again, sends half of a call 3 and closes the connection: Pre 1, Post 1, Pre 2, Post 2,
# PostToolBatch of 2, next request with results one and two, no third. A good guess was that calls wait for the end of the answer, and that a broken stream is
# sent again. Installs the client into a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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

def until_run(number):
    """Waits until PostToolUse has come so many times; the stream stays open meanwhile."""
    for _ in range(1200):
        if number == 0 or os.path.exists("events.jsonl") and open("events.jsonl").read().count('"hook_event_name":"PostToolUse"') >= number:
            return
        time.sleep(0.1)

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
            until_run(index)
            if block["type"] == "half":
                event("content_block_start", index=index, content_block={"type": "tool_use", "id": "toolu_half", "name": "Bash", "input": {}})
                event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": '{"command": "touch thr'})
                self.connection.shutdown(socket.SHUT_RDWR)
                return
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
call = lambda word: {"type": "tool_use", "name": "Bash", "input": {"command": "echo %s >>done; echo %s" % (word, word), "description": "d"}}
json.dump({"LEAD": [[call("one"), call("two"), {"type": "half"}], [{"type": "text", "text": "done"}]]}, open("script.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % os.getcwd()}
json.dump({"hooks": {event: [{"hooks": [log]}] for event in ("PreToolUse", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "Stop", "StopFailure")}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
events = [json.loads(line) for line in open("events.jsonl")]
names = [e["hook_event_name"] + e.get("tool_input", {}).get("command", "")[-4:] for e in events]
batch = [len(e["tool_calls"]) for e in events if "tool_calls" in e]
asked = [last[0]["content"] for actor, last in map(json.loads, open("asked.jsonl")) if actor]
results = [block.get("content") for block in asked[1] if block["type"] == "tool_result"]
print(*names, "batch of", *batch, "requests:", len(asked), "results:", *results, "on disk:", *open("project/done").read().split())
same = names == ["PreToolUse one", "PostToolUse one", "PreToolUse two", "PostToolUse two", "PostToolBatch", "Stop"] and batch == [2]
sys.exit(0 if same and len(asked) == 2 and results == ["one", "two"] and open("project/done").read() == "one\ntwo\n" else "changed")
END
