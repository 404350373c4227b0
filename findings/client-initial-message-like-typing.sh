#!/bin/sh
# Claude Code 2.1.332, -p: what a SessionStart hook of a plugin gives as initialUserMessage is a prompt of its own, in a turn *before* the user's: a model call,
# a Stop, and a UserPromptSubmit whose payload has the same keys as the user's own and no source. A slash command in it is expanded (UserPromptExpansion,
# command_source plugin). Of several hooks only the last one's message is taken. A hook that treats a prompt as typed by a person takes the word of any
# installed plugin for it; the transcript, which would tell, is not written yet (no file at the first prompt of a new session). Seen: prompts "/probe:say BY-
# HOOK", "LEAD go", equal keys, source in neither, two turns. A good guess was a text in front of the user's prompt, in the same turn. Installs the client into
# a temporary folder, which it removes; a scripted model on 127.0.0.1 stands in for the real one. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
work=$(mktemp -d)
model=
trap '[ -z "$model" ] || kill "$model" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
timeout 600 npm install --no-audit --no-fund --ignore-scripts --loglevel=error --prefix "$work" @anthropic-ai/claude-code@2.1.332 >/dev/null
claude=$(ls node_modules/@anthropic-ai/claude-code-*/claude)
claude=$work/$claude
cat > model.py <<'END'
# A model on loopback: answers the request of each actor with that actor's next block; `order` gets a line for each request.
import http.server, json, sys, time

class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self): self.send_response(404); self.end_headers()
    do_HEAD = do_GET
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        whole = json.dumps([request.get("system"), request.get("messages")])
        script = json.load(open("script.json"))
        actor = next((a for a in script if a in whole and request.get("tools")), None)
        block = script[actor].pop(0) if actor and script[actor] else {"type": "text", "text": "nothing more"}
        if actor:
            json.dump(script, open("script.json", "w"))
            with open("order", "a") as log:
                log.write("asked-with-it\n" if "REWAKE" in json.dumps(request["messages"][-1]) else "asked\n")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        def event(kind, **data):
            self.wfile.write(("event: %s\ndata: %s\n\n" % (kind, json.dumps({"type": kind, **data}))).encode())
        event("message_start", message={"id": "msg_%d" % time.time_ns(), "type": "message", "role": "assistant", "content": [], "stop_reason": None,
              "model": request.get("model"), "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}})
        if block["type"] == "text":
            start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            start = {"type": "tool_use", "id": "toolu_%d" % time.time_ns(), "name": block["name"], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        event("content_block_start", index=0, content_block=start)
        event("content_block_delta", index=0, delta=delta)
        event("content_block_stop", index=0)
        event("message_delta", delta={"stop_reason": "end_turn" if block["type"] == "text" else "tool_use", "stop_sequence": None}, usage={"output_tokens": 20})
        event("message_stop")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
open("port.part", "w").write(str(server.server_address[1]))
__import__("os").replace("port.part", "port")
server.serve_forever()
END
mkdir -p home project plugin/.claude-plugin plugin/hooks plugin/commands
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' > plugin/.claude-plugin/plugin.json
printf -- '---\nname: say\ndescription: d\n---\nSAY $ARGUMENTS\n' > plugin/commands/say.md
cat > log.sh <<'END'
#!/bin/sh
# log.sh LOG: notes the hook's input, and whether the transcript is there
read -r input
there=no
[ -f "$(printf '%s' "$input" | sed 's/.*"transcript_path":"\([^"]*\)".*/\1/')" ] && there=yes
printf '%s\t%s\n' "$there" "$input" >> "$1"
END
chmod +x log.sh
"$python" - <<'END'
import json, os
here = os.getcwd()
def gives(text):
    answer = {"hookSpecificOutput": {"hookEventName": "SessionStart", "initialUserMessage": text}}
    return {"type": "command", "command": "echo '%s'" % json.dumps(answer)}
log = {"hooks": [{"type": "command", "command": here + "/log.sh", "args": [here + "/events"]}]}
hooks = {"SessionStart": [{"hooks": [gives("NEVER SEEN"), gives("/probe:say BY-HOOK")]}], "UserPromptSubmit": [log], "UserPromptExpansion": [log], "Stop": [log]}
json.dump({"hooks": hooks}, open("plugin/hooks/hooks.json", "w"))
END
echo '{"LEAD": [{"type": "text", "text": "done"}], "SAY": [{"type": "text", "text": "said"}]}' > script.json
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "no model"; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
rows = [line.rstrip("\n").split("\t", 1) for line in open("events")]
events = [json.loads(text) for _, text in rows]
names = [e["hook_event_name"] for e in events]
prompts = [e for e in events if e["hook_event_name"] == "UserPromptSubmit"]
expanded = [e.get("command_source") for e in events if e["hook_event_name"] == "UserPromptExpansion"]
print(*names, [e["prompt"] for e in prompts], "transcript at the first:", rows[0][0])
same = names == ["UserPromptSubmit", "UserPromptExpansion", "Stop", "UserPromptSubmit", "Stop"] and expanded == ["plugin"]
same = same and [e["prompt"] for e in prompts] == ["/probe:say BY-HOOK", "LEAD go"] and sorted(prompts[0]) == sorted(prompts[1])
same = same and not any("source" in e for e in prompts) and rows[0][0] == "no"
sys.exit(0 if same and [line.strip() for line in open("order")] == ["asked", "asked"] else "changed")
END
