#!/usr/bin/env python3
"""Make everything that follows from the tables of facts (`native/src/**/*.def`).

python tools/generate.py           write what has changed
python tools/generate.py --check   write nothing; name what is stale and exit with 1
"""

from __future__ import annotations

import argparse
import sys

import emit_c
import emit_docs
import emit_python
from tables import ROOT, read_tables


def outputs() -> dict[str, str]:
    """Make what each generated file should hold, by its path from the root."""
    tables = read_tables()
    files = {
        "zcffi/_constants.py": emit_python.constants(tables),
        "zcffi/_options.py": emit_python.options(tables),
        "docs/reference/options.rst": emit_docs.options(tables),
        "docs/reference/constants.rst": emit_docs.constants(tables),
        "docs/reference/events.rst": emit_docs.events(tables),
    }
    for header in ("native/include/zmq.h", "native/include/zcffi.h"):
        files[header] = emit_c.fill((ROOT / header).read_text(encoding="utf-8"), tables)
    return files


def main() -> int:
    """Write or compare the generated files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale")
    check = parser.parse_args().check
    stale = 0
    for name, text in outputs().items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"stale: {name}" if check else f"wrote {name}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
