#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p: SIGINT while a tool runs (Ctrl-C, or a program that ends its child the polite way) ends the client with exit code 0
# and an empty stderr. With --output-format text, standard output is "Execution error", which a script takes for the answer; with json, subtype is
# error_during_execution and is_error true, the only signs. There is no Stop, no StopFailure, no PostToolUseFailure for the tool that was cut off: after
# PreToolUse comes SessionEnd. SIGTERM instead ends it with 143 and prints nothing. So `claude -p ... && next` goes on to next after Ctrl-C, and who books tool
# calls in and out by hooks keeps one open. Seen: as said, events PreToolUse SessionEnd. A good guess was 130. Installs the client into a temporary folder,
# which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
call = {"type": "tool_use", "name": "Bash", "input": {"command": "touch begun; sleep 20; touch survived", "description": "d"}}
json.dump({"LEAD": [[call], [call], [call]]}, open("script.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % here}
json.dump({"hooks": {event: [{"hooks": [log]}] for event in ("PreToolUse", "PostToolUse", "PostToolUseFailure", "Stop", "StopFailure", "SessionEnd")}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cat > interrupt.py <<'END'
# interrupt.py CLIENT FORMAT SIGNAL: starts the client, sends the signal while its tool runs, prints [exit code, what it said, events].
import json, os, signal, subprocess, sys, time
client, form, name = sys.argv[1:]
env = {"PATH": os.environ["PATH"], "HOME": os.path.abspath("home"), "TERM": "xterm", "ANTHROPIC_BASE_URL": "http://127.0.0.1:" + open("port").read(),
       "ANTHROPIC_API_KEY": "none", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1", "IS_SANDBOX": "1"}
process = subprocess.Popen([client, "-p", "LEAD go", "--plugin-dir", "../plugin", "--dangerously-skip-permissions", "--output-format", form], cwd="project", env=env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
try:
    end = time.time() + 200
    while not os.path.exists("project/begun"):
        if time.time() > end or process.poll() is not None:
            sys.exit("the tool did not start")
        time.sleep(0.2)
    process.send_signal(getattr(signal, name))
    said, complaints = process.communicate(timeout=100)
finally:
    process.kill()
events = [json.loads(line)["hook_event_name"] for line in open("events.jsonl")]
os.remove("events.jsonl")
os.remove("project/begun")
print(json.dumps([process.returncode, said, complaints, events]))
END
for way in "json SIGINT" "text SIGINT" "text SIGTERM"; do
  "$python" interrupt.py "$claude" $way >>seen
done
"$python" - <<'END'
import json, sys
(code, said, complaints, events), (text_code, text, _, _), (ended, left, _, _) = map(json.loads, open("seen"))
result = json.loads(said)
print("SIGINT: exit %d, subtype %s, is_error %s, stderr %r, events %s; text: exit %d, %r; SIGTERM: exit %d, %r" % (
    code, result["subtype"], result["is_error"], complaints, " ".join(events), text_code, text, ended, left))
same = (code, result["subtype"], result["is_error"], complaints) == (0, "error_during_execution", True, "") and events == ["PreToolUse", "SessionEnd"]
sys.exit(0 if same and (text_code, text.strip(), ended, left) == (0, "Execution error", 143, "") else "changed")
END
