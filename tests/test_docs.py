"""The documentation: its programs run and print what they say, no name of the API is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import zcffi

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.rst") if "_build" not in page.parts)

pytestmark = pytest.mark.zcffi_only

BLOCK = re.compile(
    r"^( *)\.\. code-block:: (python|c)\n((?:\1 +:.*\n)*)((?:\1 +.*\n|\s*\n)+)", re.MULTILINE
)
CAPTION = re.compile(r":caption: (\S+)$", re.MULTILINE)
SAYS = re.compile(r"^\s*print\(.*\)\s+# (.*)$", re.MULTILINE)


def programs(page: Path) -> dict[str, str]:
    """The programs of a page by their names: each block with a caption, and all others as one.

    That one has its lines where the page has them, so that a traceback leads there.
    """
    text = page.read_text(encoding="utf-8") + "\n"
    found: dict[str, str] = {}
    joined = ""
    for block in BLOCK.finditer(text):
        code = "".join(line[len(block[1]) + 3 :] or "\n" for line in block[4].splitlines(True))
        caption = CAPTION.search(block[3])
        if caption and caption[1] == "setup.py":
            continue  # a piece of a project of the reader's
        if caption:
            found[caption[1]] = code
        elif block[2] == "python":
            joined += "\n" * (text.count("\n", 0, block.start(4)) - joined.count("\n")) + code
    if joined:
        found[f"{page.stem}.rst.py"] = joined
    return found


def pages_with(ending: str) -> list[Path]:
    return [page for page in PAGES if any(name.endswith(ending) for name in programs(page))]


def written(page: Path, folder: Path, ending: str) -> list[Path]:
    """Write the programs of a page into a folder; gives those with this ending."""
    for name, code in programs(page).items():
        (folder / name).write_text(code, encoding="utf-8")
    return [folder / name for name in programs(page) if name.endswith(ending)]


def run(*command: str | Path, cwd: Path) -> str:
    path = os.pathsep.join([str(cwd), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=25, cwd=cwd, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr or done.stdout
    return done.stdout


def check_output(code: str, output: str) -> None:
    """Each `print(...)  # text` has printed its text, in this order."""
    lines = iter(output.splitlines())
    for expected in SAYS.findall(code):
        assert expected in lines, f"{expected!r} was not printed:\n{output}"


@pytest.mark.parametrize("page", pages_with(".py"), ids=lambda page: str(page.relative_to(DOCS)))
def test_python_programs_run_and_print_what_they_say(page, tmp_path):
    for program in written(page, tmp_path, ".py"):
        # fork() beside the core's threads is what one page is about.
        warnings = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
        output = run(sys.executable, *warnings, program, cwd=tmp_path)
        check_output(program.read_text(encoding="utf-8"), output)


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.skipif(not zcffi.get_library_dirs(), reason="the core is the system's")
@pytest.mark.parametrize("page", pages_with(".c"), ids=lambda page: str(page.relative_to(DOCS)))
def test_c_programs_compile_and_run(page, tmp_path):
    [folder] = zcffi.get_library_dirs()
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{zcffi.get_include()}"]
    for program in written(page, tmp_path, ".c"):
        binary, compiled = program.with_suffix(""), program.with_suffix(".o")
        run("cc", *flags, "-c", program, "-o", compiled, cwd=tmp_path)
        link = ["cc", compiled, f"-L{folder}", "-lzcffi", f"-Wl,-rpath,{folder}", "-o", binary]
        subprocess.run(link, check=True)  # the linker has words about a sanitizer's runtime
        run(binary, cwd=tmp_path)


def test_there_are_programs_in_the_pages():
    assert len(pages_with(".py")) >= 5


@pytest.mark.parametrize("header", ["zmq.h", "zcffi.h"])
def test_every_function_of_the_headers_is_in_the_reference(header):
    text = (ROOT / "native/include" / header).read_text(encoding="utf-8")
    names = re.findall(r"^ZMQ_EXPORT [^(]*?(\w+) \(", text, re.MULTILINE)
    pages = "\n".join(
        page.read_text(encoding="utf-8") for page in (DOCS / "reference/c").glob("*.rst")
    )
    listed = re.findall(
        rf"c:autofunction:: (\w+)\n +:file: {re.escape(header)}$", pages, re.MULTILINE
    )
    assert sorted(listed) == sorted(names)


def test_every_public_name_is_in_the_reference():
    pages = "\n".join(
        page.read_text(encoding="utf-8") for page in (DOCS / "reference/python").glob("*.rst")
    )
    listed = set(re.findall(r"^\.\. (?:auto|py:)\w+:: (\w+)$", pages, re.MULTILINE))
    assert set(zcffi.__all__) <= listed


def test_every_method_of_a_socket_is_in_the_reference():
    page = (DOCS / "reference/python/socket.rst").read_text(encoding="utf-8")
    from zcffi._options import SocketOptions

    for name in dir(zcffi.Socket):
        if not name.startswith("_") and name not in vars(SocketOptions):
            assert f" Socket.{name}\n" in page, name
