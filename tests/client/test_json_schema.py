"""`claude -p --json-schema` with a team: the answer waits for the lead's next step, since Stop's hooks are not heard after it (CLIENT 1.33)."""

import json
import subprocess

import client
import model
import pytest

SCHEMA = json.dumps({"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]})


@pytest.mark.client
def test_the_leads_answer_is_held_until_it_was_told_its_next_step(tmp_path, client_binary):
    told = []

    def answer(call):
        told.append(call.told)
        return model.Reply(model.use("StructuredOutput", done=True))

    with model.Model(answer) as m:
        home = client.Home(tmp_path, m.url)
        command = [client_binary, "-p", "/team:build say hello in src/hello.py", "--plugin-dir", str(client.ROOT), "--json-schema", SCHEMA]
        command += ["--output-format", "json", "--dangerously-skip-permissions"]
        done = subprocess.run(
            command, cwd=home.project, env=home.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200
        )
    said = json.loads(done.stdout)
    assert said["structured_output"] == {"done": True}, said
    assert len(told) == 4 and "before you end your turn" not in told[0], told  # three times like every step, then it may end
    assert [text.count("before you end your turn") for text in told] == [0, 1, 2, 3], told
