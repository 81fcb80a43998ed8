"""Every program of examples/ runs, and says what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefixes import ROOT, installed, need, pkg_config, python, run, says

import zcffi

EXAMPLES = ROOT / "examples"
SUM = f"the sum of the squares is {sum(n * n for n in range(3000))}\n"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C examples, compiled as their README says. Gives the folder of the programs."""
    prefix, folder = installed(drop_in=False), tmp_path_factory.mktemp("examples")
    flags = pkg_config(prefix, "--cflags", "--libs", "zcffi")
    for source in EXAMPLES.glob("*.c"):
        if "int main" in source.read_text():
            strict = ("-std=c11", "-Wall", "-Wextra", "-Werror", f"-Wl,-rpath,{prefix}/lib")
            run("cc", *strict, source, "-o", folder / source.stem, *flags)
    return folder


def test_every_example_is_told_of_and_tested() -> None:
    readme = (EXAMPLES / "README.md").read_text()
    for file in EXAMPLES.iterdir():
        if file.suffix in {".c", ".py"}:
            assert f"`{file.name}`" in readme
            assert file.name in Path(__file__).read_text()


@pytest.mark.parametrize("server", ["hello.py", "hello_server.c"])
@pytest.mark.parametrize("client", ["hello.py", "hello_client.c"])
def test_hello(request: pytest.FixtureRequest, server: str, client: str) -> None:
    def command(name: str, half: str) -> list[str]:
        if name.endswith(".py"):
            return [sys.executable, "-P", str(EXAMPLES / name), half]
        return [str(request.getfixturevalue("compiled") / Path(name).stem)]

    serving = subprocess.Popen(
        [*command(server, "server"), "tcp://127.0.0.1:*"], stdout=subprocess.PIPE, text=True
    )
    with serving:
        try:
            assert serving.stdout
            address = serving.stdout.readline().split()[-1]
            assert run(*command(client, "client"), address) == "answer: world\n" * 3
            assert serving.stdout.read() == "asked: hello\n" * 3
            assert serving.wait(10) == 0
        finally:
            serving.kill()


def test_weather() -> None:
    lines = python(EXAMPLES / "weather.py").splitlines()
    assert sorted(lines[:2]) == ["reader of Lagos", "reader of Turku"]
    for town, first in (("Lagos", 29), ("Turku", -2)):
        reports = [line for line in lines if line.startswith(f"{town}:")]
        assert reports == [f"{town}: {first + hour} degrees" for hour in range(3)]
    assert len(lines) == 8


def test_pipeline_of_processes() -> None:
    assert python(EXAMPLES / "pipeline.py") == SUM


def test_pipeline_of_threads(compiled: Path) -> None:
    assert says(compiled / Path("pipeline.c").stem) == SUM


def test_echo_asyncio() -> None:
    lines = python(EXAMPLES / "echo_asyncio.py").splitlines()
    assert sorted(lines) == [f"{name} {i}" for name in ("anna", "bela", "cleo") for i in range(3)]


@pytest.mark.skipif(not zcffi.get_library_dirs(), reason="the core is the system's library")
def test_shared_socket() -> None:
    need("cc")
    assert (EXAMPLES / "shared_socket.c").exists()
    said = python(EXAMPLES / "shared_socket.py", **os.environ)
    assert said == "sent from C: 5\nreceived in Python: [1, 2, 3, 4, 5]\n"
