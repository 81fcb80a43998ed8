from __future__ import annotations

import pytest
from conftest import run_python

from zcffi import __main__


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_the_quick_demo_passes():
    done = run_python(
        "import runpy, sys; sys.argv = ['zcffi', 'demo', '--quick'];"
        " runpy.run_module('zcffi', run_name='__main__')",
        timeout=80,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 failed" in done.stdout
    for pattern in ("PUSH-PULL", "PUB-SUB", "REQ-REP", "ROUTER-ROUTER", "PAIR-PAIR"):
        for transport in ("tcp", "ipc", "inproc"):
            assert any(
                line.startswith(pattern) and transport in line and line.endswith("ok")
                for line in done.stdout.splitlines()
            ), (pattern, transport)


def test_the_command_line_tells_the_version(capsys):
    assert __main__.main(["version"]) == 0
    assert "zcffi" in capsys.readouterr().out


def test_a_message_that_differs_fails_the_demo():
    from zcffi import _demo

    _demo.check(_demo.body(1, 2), 1, 2)
    with pytest.raises(_demo.Mismatch):
        _demo.check(_demo.body(1, 3), 1, 2)
