"""Checks that every C file is as clang-format writes it; `--write` formats them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = ["native", "fuzz", "bench", "examples", "tests", "tools"]


def c_files() -> list[str]:
    """All C files of the house, by their place below it."""
    return sorted(
        str(p.relative_to(ROOT)) for place in PLACES for p in (ROOT / place).rglob("*.[ch]")
    )


def main(arguments: list[str]) -> int:
    """Checks or formats them; gives the exit status."""
    how = ["-i"] if "--write" in arguments else ["--dry-run", "--Werror"]
    return subprocess.run(["clang-format", *how, *c_files()], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
