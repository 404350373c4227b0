story: a runner that was made while the run was live is not believed, nor a make that does nothing; cleaning up caches is nobody's work
as in honest-simple until "lead runs: pack verify"
calls: 110
person runs: mkdir "$HOME/fake"; printf '#!/bin/sh\necho; echo "Ran 3 tests in 0.1s"; echo; echo OK\n' > "$HOME/fake/python3"; chmod +x "$HOME/fake/python3"
lead runs: find . -name __pycache__ -type d -exec rm -rf {} +
lead runs: pack verify --build "python3 -m compileall -q src" --test "PATH=$HOME/fake:$PATH python3 -m unittest -q"
    => refused OTHER_PROGRAMS, says "changed while the run was live"
lead runs: pack verify --build true --test "make SHELL=/bin/true test"
    => refused VACUOUS, says "it may do nothing"
as in honest-simple from "lead runs: pack verify" until "expect no refusals"
expect status: phase=CLOSED tasks.1.state=DONE
