#!/bin/sh
# Claude Code 2.1.332, -p: `tools: Read, Agent(worker)` limits whom an agent of a plugin may spawn. It does so where the agent is the main thread
# (`claude --agent`), and only there. There the name in parentheses must be the whole one: `Agent(worker)` of the plugin's own worker allows nobody, neither
# `probe:worker` nor `worker`; `Agent(probe:worker)` allows it and refuses another. The same agent as a subagent spawns whom it likes. Of a refusal
# only the model reads, and `plugin validate` takes all of it. Seen: bare list, probe:worker refused and worker refused; whole list, probe:worker runs and probe:other is refused;
# as a subagent, probe:other runs. A good guess was that a plugin's own agents may be named without the prefix, as files lie beside each other, and that a
# list of tools means the same wherever the agent runs.
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
mkdir -p home project plugin/.claude-plugin plugin/hooks plugin/agents
echo '{"name": "probe", "version": "1.0.0", "description": "d"}' >plugin/.claude-plugin/plugin.json
for name in worker other; do
  printf -- '---\nname: %s\ndescription: d\ntools: Read\n---\nACTOR-%s\n' $name $name >plugin/agents/$name.md
done
printf -- '---\nname: bare\ndescription: d\ntools: Read, Agent(worker)\n---\nACTOR-bare\n' >plugin/agents/bare.md
printf -- '---\nname: whole\ndescription: d\ntools: Read, Agent(probe:worker)\n---\nACTOR-whole\n' >plugin/agents/whole.md
cat >script.py <<'END'
import json, os, sys
def spawn(name):
    return [{"type": "tool_use", "name": "Agent", "input": {"description": "d", "prompt": "go", "subagent_type": name, "run_in_background": False}}]
end = [{"type": "text", "text": "done"}]
worker = {"ACTOR-worker": [end, end], "ACTOR-other": [end, end]}
plays = {
    "bare": dict(worker, **{"ACTOR-bare": [spawn("probe:worker"), spawn("worker"), end]}),
    "whole": dict(worker, **{"ACTOR-whole": [spawn("probe:worker"), spawn("probe:other"), end]}),
    "below": dict(worker, **{"ACTOR-whole": [spawn("probe:other"), end], "LEAD": [spawn("probe:whole"), end]}),
}
json.dump(plays[sys.argv[1]], open("script.json", "w"))
log = {"type": "command", "command": "cat >>'%s/events-%s.jsonl'" % (os.getcwd(), sys.argv[1])}
json.dump({"hooks": {"SubagentStart": [{"hooks": [log]}]}}, open("plugin/hooks/hooks.json", "w"))
open("events-%s.jsonl" % sys.argv[1], "w").close()
END
play() {
  "$python" script.py "$1"
  rm -f port
  timeout 300 "$python" model.py &
  model=$!
  tries=0
  until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
  shift
  (cd project && env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none \
    DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 SHELL=/bin/bash \
    timeout 120 "$claude" -p "LEAD go" --plugin-dir ../plugin --dangerously-skip-permissions "$@" </dev/null >../said 2>>../complaints) ||
    { echo "the client ended with $?"; exit 1; }
  kill "$model" && wait "$model" 2>/dev/null || true
  model=
}
play bare --agent probe:bare
play whole --agent probe:whole
play below
HOME=$work/home timeout 100 "$claude" plugin validate plugin >/dev/null 2>&1 && valid=0 || valid=$?
"$python" - "$valid" <<'END'
import json, sys
ran = {play: [json.loads(line)["agent_type"] for line in open("events-%s.jsonl" % play)] for play in ("bare", "whole", "below")}
print("spawned:", ran, "stderr: %r" % open("complaints").read(), "validate", sys.argv[1])
same = ran == {"bare": [], "whole": ["probe:worker"], "below": ["probe:whole", "probe:other"]}
sys.exit(0 if same and not open("complaints").read() and sys.argv[1] == "0" else "changed")
END
