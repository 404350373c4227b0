#!/bin/sh
# Claude Code 2.1.332 (2.1.329 alike), a plugin's language server (.lsp.json): the client opens a file for it at the model's own Write or Edit, and sends
# didChange for Edit and Write only. What a command of the Bash tool changes (a formatter, a generator, git checkout) is not sent, neither at once nor when the
# model then reads the file or asks the LSP tool about it, nor as didChangeWatchedFiles, though the client tells the *model* that the file has changed on disk.
# So the server answers for, and reports problems of, text that is no more, until the next Edit, and a file that was removed stays open. Seen by the server:
# didOpen "first", hover, (Bash writes "second"), hover, (Read), hover, (Edit) didChange "third"; no didClose after rm. A good guess was that the client brings
# the file up to date before it asks. Installs the client into a temporary folder, which it removes; the server is a child of the client; a scripted model on
# 127.0.0.1 stands in for the real one. Exits 0 while that is so.
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
# A language server over stdio: notes what it is sent about documents, answers every request.
import json, sys
log = open(sys.argv[1], "a")
while True:
    length = 0
    for line in iter(sys.stdin.buffer.readline, b"\r\n"):
        if not line:
            sys.exit()
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    message = json.loads(sys.stdin.buffer.read(length))
    name, given = message.get("method", ""), message.get("params") or {}
    if name.startswith(("textDocument/", "workspace/")):
        texts = [given.get("textDocument", {}).get("text")] + [change["text"] for change in given.get("contentChanges", ())]
        log.write(json.dumps([name] + [text.strip() for text in texts if text]) + "\n")
        log.flush()
    if "id" in message and name:
        result = {"capabilities": {"textDocumentSync": 1, "hoverProvider": True}} if name == "initialize" else {"contents": "h"} if name.endswith("hover") else None
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        sys.stdout.buffer.flush()
END
"$python" - <<'END'
import json, os, sys
here = os.getcwd()
call = lambda name, **given: [{"type": "tool_use", "name": name, "input": given}]
hover = call("LSP", operation="hover", filePath="a.zz", line=1, character=1)
shell = lambda line: call("Bash", command=line, description="d")
steps = [call("Write", file_path="a.zz", content="first\n"), hover, shell("echo second >a.zz"), hover, call("Read", file_path="a.zz"), hover]
steps += [call("Edit", file_path="a.zz", old_string="second", new_string="third"), hover, shell("rm a.zz"), hover, [{"type": "text", "text": "done"}]]
json.dump({"LEAD": steps}, open("script.json", "w"))
json.dump({"zz": {"command": sys.executable, "args": [here + "/server.py", here + "/sent"], "extensionToLanguage": {".zz": "zz"}}}, open("plugin/.lsp.json", "w"))
END
timeout 600 "$python" model.py &
model=$!
tries=0
until [ -f port ]; do tries=$((tries + 1)); [ $tries -lt 300 ] || { echo 'no model'; exit 1; }; sleep 0.2; done
cd project
env -i PATH="$PATH" HOME="$work/home" TERM=xterm ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat ../port)" ANTHROPIC_API_KEY=none DISABLE_AUTOUPDATER=1 \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_TELEMETRY=1 IS_SANDBOX=1 timeout 240 "$claude" -p "LEAD go" --plugin-dir ../plugin \
  --dangerously-skip-permissions </dev/null >../said 2>../complaints || { echo "the client ended with $?"; exit 1; }
cd ..
"$python" - <<'END'
import json, sys
sent = [row for row in map(json.loads, open("sent")) if row[0] != "textDocument/didSave"]
told = "changed on disk since you last read it" in open("asked.jsonl").read()
print(*(" ".join(row).replace("textDocument/", "") for row in sent), "the model was told:", told, sep="; ")
hover = ["textDocument/hover"]
same = sent[:5] == [["textDocument/didOpen", "first"], hover, hover, hover, ["textDocument/didChange", "third"]]
sys.exit(0 if same and told and sent[5:] in ([hover], [hover, hover]) else "changed")
END
