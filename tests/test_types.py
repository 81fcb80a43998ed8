"""What users' type checkers see: `tox -e types` checks these programs, here they run."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


def test_the_package_says_that_it_is_typed():
    assert (resources.files("zcffi") / "py.typed").is_file()


@pytest.mark.parametrize("name", ["typed", "typed_zmq"])
def test_a_typed_program_runs(name):
    done = subprocess.run(
        [sys.executable, "-P", PROGRAMS / f"{name}.py"], capture_output=True, text=True, timeout=25
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
