#!/bin/sh
# Claude Code 2.1.332, -p: the `timeout` of a Bash call does not end the command. When it is over, the command is moved to the background and runs on; the call
# comes back at once with PostToolUse (not PostToolUseFailure), is_error is not set, and stdout holds what there was so far. What the command does afterwards,
# its files and its exit code, comes with no hook event of a tool: only a task notification as a UserPromptSubmit. So a `timeout` is no protection against a
# test run that hangs, two runs of one test command overlap after a "retry", and whoever looks at the tree at PostToolUse looks before the command has done its
# work. Seen for "echo begun; sleep 4; touch late" with a timeout of 1 s: PostToolUse with backgroundTaskId and stdout "begun", no file then; the file is there
# after the next call. A good guess was that it is killed and that the call fails. Installs the client into a temporary folder, which it removes; a scripted
# model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
"$python" - <<'END'
import json, os
here = os.getcwd()
def bash(command, **more):
    return [{"type": "tool_use", "name": "Bash", "input": dict(more, command=command, description="d")}]
json.dump({"LEAD": [bash("echo begun; sleep 4; touch late", timeout=1000), bash("for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do test -f late && break; sleep 1; done; ls")]}, open("script.json", "w"))
look = {"type": "command", "command": "cat >>'%s/events.jsonl'; echo >>'%s/events.jsonl'; ls '%s/project' | wc -l >>'%s/files'" % (here, here, here, here)}
json.dump({"hooks": {event: [{"hooks": [look]}] for event in ("PostToolUse", "PostToolUseFailure", "UserPromptSubmit")}}, open("plugin/hooks/hooks.json", "w"))
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
events = [json.loads(line) for line in open("events.jsonl") if line.strip()]
files = [int(line) for line in open("files")]
kinds = [e["hook_event_name"] for e in events]
tools = [(e, n) for e, n in zip(events, files) if "tool_name" in e]
first, after = tools[0]
told = next(block for actor, last in map(json.loads, open("asked.jsonl")) if actor for block in last[0]["content"] if isinstance(block, dict) and block["type"] == "tool_result")
answer = first.get("tool_response", {})
noticed = any("task-notification" in e.get("prompt", "") for e in events)
print(kinds, {k: answer.get(k) for k in ("stdout", "interrupted")}, "in the background:", "backgroundTaskId" in answer, "files then", after, "is_error", told.get("is_error"),
      "next call saw", tools[1][0]["tool_response"]["stdout"], "notification", noticed)
same = first["hook_event_name"] == "PostToolUse" and "backgroundTaskId" in answer and answer["stdout"] == "begun" and after == 0 and not told.get("is_error")
sys.exit(0 if same and tools[1][0]["tool_response"]["stdout"] == "late" and "PostToolUseFailure" not in kinds and noticed else "changed")
END
