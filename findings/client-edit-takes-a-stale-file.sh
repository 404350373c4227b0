#!/bin/sh
# Claude Code 2.1.332, -p, two agents in one folder: agent A reads a file, agent B changes its first line, then A goes on from what it has read. A's Edit of
# another line is carried out, with a note in its result ("the file had been modified on disk since you last read it - the edit applied cleanly"); PreToolUse
# and PostToolUse come as for any other. A's Write of the whole file is refused ("File has been modified since read"), and that call raises neither PreToolUse
# nor PostToolUse nor PostToolUseFailure. So two agents that edit one file side by side are not held apart by the client, and the text of the tool, by which an
# Edit needs a fresh Read, is true of Write only; who counts conflicts by hooks sees none in either case. Seen: the file holds ONE and THREE after the Edit; for
# Write the file stays B's, events of the call: none. A good guess was that both are refused, and that a refusal is a PostToolUseFailure. Installs the client
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
mkdir plugin/agents
for name in A B; do
  printf -- '---\nname: %s\ndescription: d\ntools: Bash, Read, Edit, Write\n---\nACTOR-%s\n' $name $name >plugin/agents/$name.md
done
cat >script.py <<'END'
import json, os, sys
here = os.getcwd()
path = here + "/project/f"
def tool(name, **given):
    return [{"type": "tool_use", "name": name, "input": given}]
def agent(name, background):
    return {"type": "tool_use", "name": "Agent", "input": {"description": "d", "prompt": "go", "subagent_type": "probe:" + name, "run_in_background": False}}
def wait(name):
    return tool("Bash", command="for n in $(seq 150); do test -e ../%s && break; sleep 0.2; done; true" % name, description="d")
last = {"edit": tool("Edit", file_path=path, old_string="three", new_string="THREE"), "write": tool("Write", file_path=path, content="one\ntwo\nTHREE\n")}
end = [{"type": "text", "text": "done"}]
script = {"LEAD": [], "ACTOR-A": [], "ACTOR-B": []}
for way in ("edit", "write"):
    script["LEAD"] += [[agent("A", False), agent("B", False)], end]
    script["ACTOR-A"] += [tool("Read", file_path=path), tool("Bash", command="touch ../%s.read" % way, description="d"), wait(way + ".changed"), last[way], end]
    script["ACTOR-B"] += [wait(way + ".read"), tool("Read", file_path=path), tool("Edit", file_path=path, old_string="one", new_string="ONE"), tool("Bash", command="touch ../%s.changed" % way, description="d"), end]
json.dump(script, open("script.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'; echo >>'%s/events.jsonl'" % (here, here)}
json.dump({"hooks": {event: [{"hooks": [log]}] for event in ("PreToolUse", "PostToolUse", "PostToolUseFailure")}}, open("plugin/hooks/hooks.json", "w"))
END
"$python" script.py
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
for way in edit write; do
printf 'one\ntwo\nthree\n' >project/f
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 SHELL=/bin/bash \
  timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin --dangerously-skip-permissions \
  --output-format json </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
mv project/f $way.file
mv events.jsonl $way.events
done
"$python" - <<'END'
import json, sys
def events(way):
    rows = [json.loads(line) for line in open(way + ".events") if line.strip()]
    return [row["hook_event_name"] for row in rows if row.get("agent_type") == "probe:A" and row["tool_name"] in ("Edit", "Write")]
def told(words):
    return any(words in line for line in open("asked.jsonl"))
edit, write = events("edit"), events("write")
print("Edit:", edit, repr(open("edit.file").read()), "Write:", write, repr(open("write.file").read()))
same = edit == ["PreToolUse", "PostToolUse"] and open("edit.file").read() == "ONE\ntwo\nTHREE\n" and told("the edit applied cleanly")
sys.exit(0 if same and write == [] and open("write.file").read() == "ONE\ntwo\nthree\n" and told("File has been modified since read") else "changed")
END
