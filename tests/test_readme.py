"""The README is true: its programs run, its commands are tested, its links lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from prefixes import ROOT, installed, pkg_config, python, run, says

pytestmark = pytest.mark.timeout(300)

README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN = (
    "python3 -m venv .venv && . .venv/bin/activate && python -m pip install . "
    "&& python -m zcffi demo"
)
TEST = "python -m pip install tox && python -m tox"


def program(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return str(text)


def test_the_python_program_runs() -> None:
    assert python(program("python")) == "hello\n[b'world', b'!']\n"


@pytest.mark.parametrize("drop_in", [False, True], ids=["zcffi", "libzmq"])
def test_the_c_program_runs(tmp_path: Path, drop_in: bool) -> None:
    prefix = installed(drop_in=drop_in)
    (tmp_path / "hello.c").write_text(program("c"))
    flags = pkg_config(prefix, "--cflags", "--libs", "libzmq" if drop_in else "zcffi")
    strict = ("-std=c11", "-Wall", "-Wextra", "-Werror")
    run("cc", *strict, "hello.c", "-o", "hello", *flags, cwd=tmp_path)
    assert says(tmp_path / "hello", library=prefix / "lib") == "hello\n"


def test_the_two_commands_are_told() -> None:
    lines = [line.strip() for line in README.splitlines()]
    assert RUN in lines
    assert TEST in lines


def test_the_first_command_ends_in_the_projects_folder() -> None:
    """`python -m` looks in the current folder first: the sources don't hide what is installed."""
    assert "zcffi" in run(sys.executable, "-m", "zcffi", "version", cwd=ROOT)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "examples/README.md"])
def test_links_lead_somewhere(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert ((ROOT / file).parent / target).exists(), target
