#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike): a tool of an MCP server that answers with content (words for the model) and structuredContent. The model is given the
# structured part alone, as compact JSON; the words are dropped without a word, a hint or a warning in them too, also where the tool declares no outputSchema. A
# hook sees the same: tool_response is one string of JSON, whereas for a tool with content only it is a list of blocks, so a hook that reads
# tool_response[0].text breaks. With isError it is the other way round: the words are kept, the structure goes. And annotations.audience is not looked at: a
# block for ["user"] goes to the model like one for ["assistant"], without its annotation. Seen: both {"n":1}; failed WORDS; audience FOR-USER FOR-MODEL. A good
# guess was that the model reads content, which the protocol wants for all clients, and that the structure is for programs. Installs the client into a temporary
# folder, which it removes; the server is a child of the client; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
TOOLS = [{"name": name} for name in ("both", "failed", "audience")]
def answer(name):
    if name == "audience":
        return {"content": [{"type": "text", "text": "FOR-" + who, "annotations": {"audience": [role]}} for who, role in (("USER", "user"), ("MODEL", "assistant"))]}
    return {"content": [{"type": "text", "text": "WORDS"}], "structuredContent": {"n": 1}, "isError": name == "failed"}

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
json.dump({"LEAD": [[{"type": "tool_use", "name": "mcp__plugin_probe_s__" + name, "input": {}}] for name in ("both", "failed", "audience")] + [[{"type": "text", "text": "done"}]]}, open("script.json", "w"))
json.dump({"mcpServers": {"s": {"command": sys.executable, "args": [here + "/server.py"]}}}, open("plugin/.mcp.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % here}
json.dump({"hooks": {event: [{"hooks": [log]}] for event in ("PostToolUse", "PostToolUseFailure")}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 \
  MCP_CONNECTION_NONBLOCKING=0 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
given = [block for actor, last in map(json.loads, open("asked.jsonl")) if actor for block in last[0]["content"] if isinstance(block, dict) and block["type"] == "tool_result"]
both = given[0]["content"] if given else None
rest = json.dumps(given[1:])
hooked = [e.get("tool_response", e.get("error")) for e in map(json.loads, open("events.jsonl"))]
print("given to the model: both %r; failed %r" % (both, "WORDS" in rest and '"n"' not in rest))
print("to the hooks:", *map(repr, hooked))
same = both == '{"n":1}' and hooked[0] == both and hooked[1].startswith("WORDS") and '"n"' not in hooked[1]
same = same and hooked[2] == [{"type": "text", "text": "FOR-USER"}, {"type": "text", "text": "FOR-MODEL"}]
sys.exit(0 if same and "FOR-USER" in rest and "FOR-MODEL" in rest and "audience\"" not in rest else "changed")
END
