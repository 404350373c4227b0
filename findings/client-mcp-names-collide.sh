#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike): an MCP server with two tools whose names become one, my.tool and my_tool (what is no letter, digit, _ or - becomes _).
# The tool that is listed first answers to that name, also where the other one bears exactly this name: my_tool, which is there, cannot be called. Nothing says
# so: the server counts as connected, stderr is empty, the call succeeds. A hook's tool_name is the made-up name, its mcp_server has no other, so a hook that
# knows the tools by their names judges the wrong one. Listed the other way round, my.tool is what is lost. Seen: the call of mcp__plugin_probe_s__my_tool
# reaches my.tool; for the server "t", which lists my_tool first, my_tool. A good guess was that the exact name wins, or that one is numbered. Installs the
# client into a temporary folder, which it removes; the servers are children of the client; a scripted model on 127.0.0.1 stands in for the real one. Exits 0
# while that is so.
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
cat > server.py <<'END'
# An MCP server over stdio: answers what it knows.
import json, os, sys
TOOLS = [{"name": name} for name in sys.argv[1:]]
def answer(name):
    return {"content": [{"type": "text", "text": "this is " + name}]}

for line in sys.stdin:
    message = json.loads(line)
    name = message.get("method")
    if name == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
    elif name == "tools/list":
        result = {"tools": [dict(tool, description="d", inputSchema={"type": "object", "properties": {}}) for tool in TOOLS]}
    elif name == "tools/call":
        result = answer(message["params"]["name"])
    else:
        if "id" in message:
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "not known"}}), flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
END
"$python" - <<'END'
import json, os, sys
here = os.getcwd()
json.dump({"LEAD": [[{"type": "tool_use", "name": "mcp__plugin_probe_%s__my_tool" % server, "input": {}}] for server in "st"] + [[{"type": "text", "text": "done"}]]}, open("script.json", "w"))
names = {"s": ["my.tool", "my_tool"], "t": ["my_tool", "my.tool"]}
json.dump({"mcpServers": {server: {"command": sys.executable, "args": [here + "/server.py"] + tools} for server, tools in names.items()}}, open("plugin/.mcp.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % here}
json.dump({"hooks": {"PreToolUse": [{"hooks": [log]}]}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 \
  MCP_CONNECTION_NONBLOCKING=0 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions \
  --output-format stream-json --verbose </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
given = [json.dumps(block) for actor, last in map(json.loads, open("asked.jsonl")) if actor for block in last[0]["content"] if isinstance(block, dict) and block["type"] == "tool_result"]
seen = [next((name for name in ("my.tool", "my_tool") if "this is " + name in text), None) for text in given]
hooked = [(e["tool_name"], sorted(e.get("mcp_server", {}))) for e in map(json.loads, open("events.jsonl"))]
start = next(row for row in map(json.loads, open("said")) if row.get("subtype") == "init")
status = {server["name"]: server["status"] for server in start["mcp_servers"]}
print("reached:", *seen, "hooks saw:", *hooked, "servers:", status, "complaints: %r" % open("complaints").read())
same = seen == ["my.tool", "my_tool"] and [name for name, _ in hooked] == ["mcp__plugin_probe_s__my_tool", "mcp__plugin_probe_t__my_tool"]
sys.exit(0 if same and not open("complaints").read() and set(status.values()) == {"connected"} else "changed")
END
