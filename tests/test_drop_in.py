"""The drop-in build: programs for libzmq compile and run against it, pyzmq's wheel runs on it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from prefixes import ROOT, installed, need, pkg_config, python, run, says

pytestmark = pytest.mark.timeout(300)

PROGRAM = ROOT / "tests/programs/every_pattern.c"


@pytest.fixture(scope="module")
def prefix() -> Path:
    return installed(drop_in=True)


def test_it_installs_what_libzmq_installs(prefix: Path) -> None:
    for name in (
        *("lib/libzmq.so", "lib/libzmq.so.5", "lib/libzmq.a", "lib/pkgconfig/libzmq.pc"),
        *("lib/cmake/ZeroMQ/ZeroMQConfig.cmake", "include/zmq.h", "include/zmq_utils.h"),
    ):
        assert (prefix / name).exists(), name
    assert pkg_config(prefix, "--modversion", "libzmq") == ["4.3.5"]


@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_a_program_for_libzmq_runs_by_pkg_config(
    prefix: Path, tmp_path: Path, standard: str
) -> None:
    flags = pkg_config(prefix, "--cflags", "--libs", "libzmq")
    strict = ("-Wall", "-Wextra", "-pedantic", "-Werror", f"-std={standard}", "-D_GNU_SOURCE")
    run("cc", *strict, PROGRAM, "-o", tmp_path / "program", *flags)
    assert says(tmp_path / "program", library=prefix / "lib") == "ok\n"


def test_a_program_for_libzmq_links_the_archive(prefix: Path, tmp_path: Path) -> None:
    archive = prefix / "lib/libzmq.a"
    run("cc", f"-I{prefix}/include", PROGRAM, archive, "-lpthread", "-o", tmp_path / "program")
    assert says(tmp_path / "program") == "ok\n"


def test_the_header_is_good_for_cplusplus(prefix: Path, tmp_path: Path) -> None:
    need("c++")
    source = tmp_path / "version.cpp"
    source.write_text(
        "#include <zmq.h>\n#include <zmq_utils.h>\n"
        "int main() { int a, b, c; zmq_version(&a, &b, &c);"
        " return ZMQ_MAKE_VERSION(a, b, c) == ZMQ_VERSION ? 0 : 1; }\n"
    )
    flags = pkg_config(prefix, "--cflags", "--libs", "libzmq")
    run("c++", "-Wall", "-Wextra", "-Werror", source, "-o", tmp_path / "version", *flags)
    says(tmp_path / "version", library=prefix / "lib")


CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(ZeroMQ 4.3 REQUIRED)
foreach(target libzmq libzmq-static)
  add_executable(with_${{target}} {program})
  target_link_libraries(with_${{target}} PRIVATE ${{target}})
endforeach()
"""


def test_a_program_for_libzmq_builds_with_its_cmake_package(prefix: Path, tmp_path: Path) -> None:
    # The tree may have been moved since it was installed.
    moved = tmp_path / "moved"
    shutil.copytree(prefix, moved, symlinks=True)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_PROJECT.format(program=PROGRAM))
    build = tmp_path / "build"
    run("cmake", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={moved}")
    run("cmake", "--build", build)
    assert says(build / "with_libzmq") == "ok\n"
    assert says(build / "with_libzmq-static") == "ok\n"
    assert f"{moved}/lib/libzmq.so.5" in run("ldd", build / "with_libzmq")


def test_pyzmqs_own_wheel_runs_on_it(prefix: Path) -> None:
    """pyzmq carries a libzmq of its own; a library that is loaded before it is asked first."""
    pytest.importorskip("zmq")
    library = prefix / "lib/libzmq.so.5"
    said = python(ROOT / "tests/programs/pyzmq_tour.py", LD_PRELOAD=str(library))
    assert said.splitlines()[-1] == "ok"


def test_pyzmqs_calls_go_to_the_library_before_it(prefix: Path) -> None:
    pytest.importorskip("zmq")
    library = prefix / "lib/libzmq.so.5"
    bindings = python(
        "import zmq; zmq.Context().term()", LD_PRELOAD=str(library), LD_DEBUG="bindings"
    )
    ours = [line for line in bindings.splitlines() if "symbol `zmq_ctx_new'" in line]
    if not ours:
        pytest.skip("this dynamic linker doesn't tell what it binds")
    assert all(f" to {library} " in line for line in ours)
