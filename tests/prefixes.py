"""What a C programmer's machine would hold: the library, installed by its own CMake files."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Kept between runs, so that only what changed is compiled again.
BUILD = ROOT / "build" / "tests"


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a program to its end. Gives its output; a failure shows all it said."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{command} gave {done.returncode}:\n{done.stdout}", pytrace=False)
    return done.stdout


def need(*programs: str) -> None:
    """Skip the test on a machine that lacks a program."""
    for name in programs:
        if not shutil.which(name):
            pytest.skip(f"needs {name}")


@functools.cache
def installed(*, drop_in: bool) -> Path:
    """Build the core in its default build type and install it. Gives the prefix."""
    need("cc", "cmake")
    name = "drop-in" if drop_in else "zcffi"
    prefix = BUILD / f"{name}-prefix"
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        switch = "ON" if drop_in else "OFF"
        run(
            *("cmake", "-S", ROOT, "-B", BUILD / name, "-DZCFFI_TESTS=OFF", "-DZCFFI_WERROR=OFF"),
            f"-DZCFFI_DROP_IN={switch}",
        )
        run("cmake", "--build", BUILD / name, "--parallel", str(os.cpu_count() or 1))
        shutil.rmtree(prefix, ignore_errors=True)
        run("cmake", "--install", BUILD / name, "--prefix", prefix)
    return prefix


def pkg_config(prefix: Path, *arguments: str) -> list[str]:
    """What pkg-config says of a package below the prefix."""
    need("pkg-config")
    return run("pkg-config", *arguments, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig")).split()


def says(program: Path, *arguments: str, library: Path | None = None) -> str:
    """Run a compiled program, with its shared library in a folder."""
    environment = {"LD_LIBRARY_PATH": str(library)} if library else {}
    return run(program, *arguments, **environment)


def python(code: str | Path, *arguments: str, **environment: str) -> str:
    """Run a Python program with this interpreter: a file, or text."""
    first = [str(code)] if isinstance(code, Path) else ["-c", code]
    return run(sys.executable, "-P", *first, *arguments, **environment)
