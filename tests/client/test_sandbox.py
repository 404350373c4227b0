"""Every way of writing the team's folder from Bash (tests/faults/test_bash_ways.py), in the real client, with the sandbox setting that
`pack doctor --fix` offers and no gate at all: none succeeds. Without the setting most do: the ways are real."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess

import play
import pytest

from pack.cli import doctor

FAULTS = pathlib.Path(__file__).resolve().parents[1] / "faults" / "test_bash_ways.py"


def ways():
    """The forms, and the folder that they attack."""
    spec = importlib.util.spec_from_file_location("bash_ways", FAULTS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WAYS, module.T


def sandbox_works():
    """bubblewrap and socat are there, and this machine lets a process make namespaces."""
    if not shutil.which("bwrap") or not shutil.which("socat"):
        return False
    return (
        subprocess.run(
            ["bwrap", "--ro-bind", "/", "/", "--unshare-net", "--unshare-pid", "--proc", "/proc", "--dev", "/dev", "true"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ).returncode
        == 0
    )


def tell(path, settings, files, folder):
    """A story that plays the forms, a sentinel after each: its folder as it was, or a line in changed.txt and everything put back."""
    forms, root = ways()
    lines = ["story: every way, one after the other", "plugin: " + str(path / "plain"), "limit: 400", "calls: 400", "grace: 0.1"]
    lines += ["file .claude/settings.json:", "    " + json.dumps(settings)] if settings else []
    for name in files:
        lines += ["file %s/%s:" % (folder, name), "    the hooks wrote this"]
    lines += ["file plan.md:", "    # Plan", "user types: hello"]
    check = "cmp -s {0}/{1} ../kept/{1} || {{ echo {2} >> ../changed.txt; rm -rf .claude/teams .clod; mkdir -p {0}; cp ../kept/* {0}/; git checkout -q .claude 2>/dev/null; true; }}"
    lines.append("person runs: mkdir ../kept && cp %s/* ../kept/ && touch ../changed.txt" % folder)
    for number, (name, form) in enumerate(forms.items()):
        for target in files:
            command = form.format(f=folder + "/" + target, t=folder)
            command = command if target == "state.md" else command.replace("state.md", target)
            command = "cd {project}\n" + command  # the client's shell stays where the last command left it
            lines += [
                "lead calls Bash: " + json.dumps({"command": command, "description": name, "timeout": 20000}),
                "    => any",
                "person runs: " + check.format(folder, target, "%d:%s" % (number, target)),
                "    => any",
            ]
    lines += ["lead rests", "person runs: cp ../changed.txt " + str(path / "changed.txt")]
    story = path / "ways.story"
    story.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return story, list(forms)


@pytest.mark.client
@pytest.mark.parametrize("boxed", [True, False], ids=["sandbox", "none"])
def test_no_way_gets_through_the_sandbox(tmp_path, client_binary, boxed):
    if boxed and not sandbox_works():
        pytest.skip("the client's sandbox needs bubblewrap, socat and user namespaces (scripts/dev/setup installs the first two)")
    plain = tmp_path / "plain"  # a plugin without hooks: nothing but the sandbox stands in the way
    shutil.copytree(pathlib.Path(__file__).parent / "toy", plain)
    shutil.rmtree(plain / "hooks")
    _forms, folder = ways()
    story, names = tell(tmp_path, doctor.SANDBOX if boxed else None, ("state.md", "journal.jsonl"), folder)
    result = play.play(story, client_binary)
    assert not result.failures, str(result)
    changed = [(names[int(line.split(":")[0])], line.split(":")[1]) for line in (tmp_path / "changed.txt").read_text().split()]
    if os.environ.get("PROVE_FIGURES"):
        with open(os.path.join(os.environ["PROVE_FIGURES"], "sandbox-%s.json" % ("on" if boxed else "off")), "w") as f:
            json.dump({"ways": len(names), "targets": 2, "through": sorted({name for name, _file in changed})}, f)
    if boxed:
        assert changed == []
    else:
        assert len({name for name, _file in changed}) >= 50, changed
