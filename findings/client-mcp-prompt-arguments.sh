#!/bin/sh
# Claude Code 2.1.332 (-p): a prompt of an MCP server typed as a command, /mcp__plugin_probe_s__hello with its arguments. They are cut at each blank, quotes are
# not read, and what is more than the prompt's arguments is dropped without a word: `"two words" y` gives the server a = the quote and two, b = words and the
# quote, and y is lost; `x y z` gives x and y. A plugin's own command cuts its $0 and $1 as a shell does, with quotes, and keeps all in $ARGUMENTS, so the same
# line means two things by who offers the command. There is no way to give such a prompt a value with a blank in it; the hook UserPromptExpansion
# (expansion_type mcp_prompt) has the whole line in command_args. Seen: as said; for the plugin's command "two words" and y. A good guess was one way of quoting
# for both, or the rest of the line in the last argument. Installs the client into a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in
# for the real one. Exits 0 while that is so.
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
cat > server.py <<'END'
# An MCP server over stdio: answers what it knows, keeps what it was sent in sent.jsonl.
import json, sys, threading, time
def send(message):
    print(json.dumps(dict(message, jsonrpc="2.0")), flush=True)
def slow(message):
    token = message["params"].get("_meta", {}).get("progressToken")
    for second in range(6):
        time.sleep(0.5)
        send({"method": "notifications/progress", "params": {"progressToken": token, "progress": second, "total": 6}})
    send({"id": message["id"], "result": {"content": [{"type": "text", "text": "whole"}]}})
for line in sys.stdin:
    message = json.loads(line)
    with open(sys.argv[1], "a") as log:
        log.write(line)
    name = message.get("method")
    if name == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}, "prompts": {}}, "serverInfo": {"name": "s", "version": "1"}}
    elif name == "tools/list":
        result = {"tools": [{"name": "slow", "description": "d", "inputSchema": {"type": "object", "properties": {}}}]}
    elif name == "prompts/list":
        result = {"prompts": [{"name": "hello", "arguments": [{"name": "a", "required": True}, {"name": "b"}]}]}
    elif name == "prompts/get":
        result = {"messages": [{"role": "user", "content": {"type": "text", "text": "LEAD hello"}}]}
    elif name == "tools/call":
        threading.Thread(target=slow, args=(message,), daemon=True).start()
        continue
    elif "id" in message:
        send({"id": message["id"], "error": {"code": -32601, "message": "not known"}})
        continue
    else:
        continue
    send({"id": message["id"], "result": result})
END
mkdir -p plugin/commands
printf -- '---\ndescription: d\n---\nLEAD own first=[$0] second=[$1]\n' >plugin/commands/own.md
"$python" - <<'END'
import json, os, sys
here = os.getcwd()
json.dump({"LEAD": []}, open("script.json", "w"))
json.dump({"mcpServers": {"s": {"command": sys.executable, "args": [here + "/server.py", here + "/sent.jsonl"]}}}, open("plugin/.mcp.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % here}
json.dump({"hooks": {"UserPromptExpansion": [{"hooks": [log]}]}}, open("plugin/hooks/hooks.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
for typed in '/mcp__plugin_probe_s__hello "two words" y' '/mcp__plugin_probe_s__hello x y z' '/probe:own "two words" y'; do
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 SHELL=/bin/bash MCP_CONNECTION_NONBLOCKING=0 \
  timeout 240 "$claude" -p "$typed" --plugin-dir ../plugin --dangerously-skip-permissions \
  --output-format json </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
done
"$python" - <<'END'
import json, re, sys
given = [m["params"]["arguments"] for m in map(json.loads, open("sent.jsonl")) if m.get("method") == "prompts/get"]
typed = [(e["expansion_type"], e["command_args"]) for e in map(json.loads, open("events.jsonl"))]
own = re.search(r"first=\[(.*?)\] second=\[(.*?)\]", open("asked.jsonl").read())
print(given, typed, own.groups())
same = given == [{"a": '"two', "b": 'words"'}, {"a": "x", "b": "y"}] and typed[:2] == [("mcp_prompt", '"two words" y'), ("mcp_prompt", "x y z")]
sys.exit(0 if same and own.groups() == ("two words", "y") else "changed")
END
