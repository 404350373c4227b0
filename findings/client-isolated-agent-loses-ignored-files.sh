#!/bin/sh
# Claude Code 2.1.332, -p: an agent with `isolation: worktree` that leaves `git status` clean. At its end the client removes its worktree and its branch,
# without a word to the agent, the lead or a hook, and everything that git ignores goes with it: a report in an ignored folder, a built file, a coverage result,
# of which the agent's last words may well speak. What it has put on the stash is kept, but in the one stash of the whole repository ("WIP on
# worktree-agent-..."), where the next `git stash pop` of anybody brings it into another tree. Only a commit on the branch, or a change that git sees, keeps the
# worktree. Seen: agent one writes out/report (ignored by .gitignore): worktree, branch and report gone; agent two writes a file and stashes it: worktree and
# branch gone, one entry in the stash of the main checkout. A good guess was that a worktree in which files were written counts as changed. Installs the client
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
mkdir plugin/agents
for name in one two; do
  printf -- '---\nname: %s\ndescription: d\ntools: Bash\nisolation: worktree\n---\nACTOR-%s\n' $name $name >plugin/agents/$name.md
done
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init -q project
echo out/ >project/.gitignore
git -C project config user.name n
git -C project config user.email n@example.invalid
git -C project add .gitignore
git -C project commit -q -m first
"$python" - <<'END'
import json, os
here = os.getcwd()
def bash(command):
    return [{"type": "tool_use", "name": "Bash", "input": {"command": command, "description": "d"}}]
def agent(name):
    return [{"type": "tool_use", "name": "Agent", "input": {"description": "d", "prompt": "go", "subagent_type": "probe:" + name, "run_in_background": False}}]
end = [{"type": "text", "text": "see out/report"}]
json.dump({"LEAD": [agent("one"), agent("two")], "ACTOR-one": [bash("mkdir out; echo r >out/report; pwd >%s/where; cat out/report" % here), end],
           "ACTOR-two": [bash("echo w >work; git add work; git stash; git status --porcelain"), end]}, open("script.json", "w"))
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
where=$(cat where)
[ -e "$where" ] && folder=there || folder=gone
trees=$(git -C project worktree list | wc -l)
branches=$(git -C project branch --list 'worktree-agent-*' | wc -l)
stash=$(git -C project stash list)
reports=$(find . -name report -not -path './node_modules/*' | wc -l)
echo "worktree of agent one: $folder, worktrees $trees, branches of agents $branches, reports anywhere $reports, stash: $stash"
case $where in */.claude/worktrees/agent-*) ;; *) echo changed; exit 1 ;; esac
case $stash in *'WIP on worktree-agent-'*) ;; *) echo changed; exit 1 ;; esac
[ "$folder $trees $branches $reports" = 'gone 1 0 0' ] || { echo changed; exit 1; }
