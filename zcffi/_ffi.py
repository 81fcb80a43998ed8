"""The doors to C: the only module that imports compiled code.

`ffi` and `lib` are cffi's: every function of the core. `fast` is the second door, the hot calls
that keep the GIL (CPython only); it is None on PyPy and with `ZCFFI_PURE_CFFI=1` in the
environment, and everything goes through cffi.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

try:
    from zcffi import _cffi
except ImportError:
    # Started in the project's own folder, Python finds the sources before the installed package;
    # the compiled modules are only there.
    from pkgutil import extend_path

    package = sys.modules["zcffi"]
    package.__path__ = extend_path(package.__path__, "zcffi")
    from zcffi import _cffi
from zcffi._cffi import ffi, lib

if TYPE_CHECKING:
    from types import ModuleType

    from zcffi._cffi import CData

__all__ = ["FOLDER", "HAS_ZCFFI", "NULL", "CData", "fast", "ffi", "lib"]

FOLDER = os.path.dirname(str(_cffi.__file__))  # noqa: PTH120 (pathlib is slow to import)
"""Where the compiled modules lie, and with the bundled core its library and headers."""

NULL = ffi.NULL

HAS_ZCFFI = hasattr(lib, "zcffi_version")
"""Whether the core is zcffi; else it is libzmq, and what only zcffi has falls back or fails."""

fast: ModuleType | None
if os.environ.get("ZCFFI_PURE_CFFI", "0") not in ("", "0"):
    fast = None
else:
    try:
        from zcffi import _fast as fast
    except ImportError:
        fast = None
