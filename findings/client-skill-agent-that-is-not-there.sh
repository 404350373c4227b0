#!/bin/sh
# Claude Code 2.1.332, -p: a skill of a plugin with `context: fork` and `agent: probe:reader`, an agent of the same plugin that has Read alone. The skill runs
# in that agent, without Bash. With one letter wrong in the name it does not fail: it runs in the built-in general-purpose agent, which has every tool, and
# nothing says so, neither to the model ("completed (forked execution)") nor on stderr; the exit code is 0. `plugin validate` takes it as well. Of the
# Agent tool the same wrong name is an error. So the limits of a skill rest on the spelling of a name that nobody checks. Seen: right name: agent_type
# probe:reader, no Bash among its tools; wrong name: general-purpose, Bash among them and run; validate 0. A good guess was an error, as with the Agent tool.
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
        with open("tools.jsonl", "a") as log:
            log.write(json.dumps([actor, [tool["name"] for tool in request.get("tools") or []]]) + "\n")
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
mkdir -p plugin/agents plugin/skills/right plugin/skills/wrong
printf -- '---\nname: reader\ndescription: d\ntools: Read\n---\nYou read.\n' >plugin/agents/reader.md
for name in right wrong; do
  [ $name = right ] && agent=probe:reader || agent=probe:raeder
  printf -- '---\nname: %s\ndescription: d\ncontext: fork\nagent: %s\n---\nACTOR-%s\n' $name $agent $name >plugin/skills/$name/SKILL.md
done
"$python" - <<'END'
import json, os
here = os.getcwd()
def skill(name):
    return [{"type": "tool_use", "name": "Skill", "input": {"skill": "probe:" + name}}]
bash = [{"type": "tool_use", "name": "Bash", "input": {"command": "touch ran", "description": "d"}}]
end = [{"type": "text", "text": "done"}]
agent = [{"type": "tool_use", "name": "Agent", "input": {"description": "d", "prompt": "go", "subagent_type": "probe:raeder", "run_in_background": False}}]
json.dump({"LEAD": [skill("right"), skill("wrong"), agent, end], "ACTOR-right": [end], "ACTOR-wrong": [bash, end]}, open("script.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events.jsonl'" % here}
json.dump({"hooks": {"SubagentStart": [{"hooks": [log]}]}}, open("plugin/hooks/hooks.json", "w"))
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
HOME=$work/home timeout 100 "$claude" plugin validate plugin >/dev/null 2>&1 && valid=0 || valid=$?
"$python" - "$valid" <<'END'
import json, os, sys
types = [json.loads(line)["agent_type"] for line in open("events.jsonl")]
tools = {actor: "Bash" in names for actor, names in map(json.loads, open("tools.jsonl")) if actor and actor != "LEAD"}
refused = any("probe:raeder" in line and "not found" in line for line in open("asked.jsonl"))
print("agents:", types, "Bash offered:", tools, "ran:", os.path.exists("project/ran"), "the Agent tool refuses:", refused, "stderr: %r" % open("complaints").read(), "validate", sys.argv[1])
same = types == ["probe:reader", "general-purpose"] and tools == {"ACTOR-right": False, "ACTOR-wrong": True} and os.path.exists("project/ran") and refused
sys.exit(0 if same and not open("complaints").read() and sys.argv[1] == "0" else "changed")
END
