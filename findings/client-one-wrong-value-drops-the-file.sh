#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), -p: a project's .claude/settings.json in which one value is of the wrong kind is dropped as a whole, and nothing says so: what
# its `env` sets is not set, exit code 0, stderr empty. It is enough that model is a number, that statusLine is a text or that defaultMode has a letter too many.
# What is forgiven instead: an unknown key, an unknown hook event, a rule that is broken in a list of rules. So settings of a team vanish with a slip in a part that
# has nothing to do with them, and who tests only that the file is JSON sees nothing. Seen for PROBE=here in `env`, read by a Bash call: file right: here; unknown
# key: here; broken rule: here, and named on stderr; defaultMode "acceptEdit", model 7, statusLine "x": not set. A good guess was that the wrong value alone is
# left out, and named.
# Installs the client into a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
import json
env = {"env": {"PROBE": "here"}}
files = {"right": env, "unknown-key": dict(env, nosuch=1), "broken-rule": dict(env, permissions={"allow": ["Read(", "Read"]}),
         "default-mode": dict(env, permissions={"defaultMode": "acceptEdit"}), "model": dict(env, model=7), "status-line": dict(env, statusLine="x")}
for name, settings in files.items():
    json.dump(settings, open(name + ".json", "w"))
json.dump(list(files), open("names.json", "w"))
json.dump({"LEAD": [x for name in files for x in ([{"type": "tool_use", "name": "Bash", "input": {"command": "echo $PROBE > x", "description": "d"}}], [{"type": "text", "text": "done"}])]}, open("script.json", "w"))
END
mkdir project/.claude
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
for name in $("$python" -c 'import json; print(*json.load(open("names.json")))'); do
cp "$name.json" project/.claude/settings.json
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 SHELL=/bin/bash \
  timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin --dangerously-skip-permissions \
  --output-format json </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
value=$(cat project/x)
rm -f project/x
echo "$name ${value:-unset} $(wc -c <complaints)" >>seen
done
"$python" - <<'END'
import json, sys
seen = [line.split() for line in open("seen")]
print(seen)
wanted = {"right": "here", "unknown-key": "here", "broken-rule": "here", "default-mode": "unset", "model": "unset", "status-line": "unset"}
sys.exit(0 if [row[0] for row in seen] == json.load(open("names.json")) and dict(row[:2] for row in seen) == wanted and {row[0] for row in seen if row[2] != "0"} == {"broken-rule"} else "changed")
END
