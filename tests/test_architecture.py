"""The house stands as designed, and the check that says so sees what is planted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHECK = ROOT / "tools/check_architecture.py"


def run_check(root: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, CHECK, root], capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Make a small house in which everything is right."""
    files = {
        "native/include/zmq.h": "#ifdef _WIN32\n#endif\n",
        "native/src/base/bytes.h": "#include <stdint.h>\n",
        "native/src/os/net.h": (
            '#include <sys/socket.h>\n#ifdef __linux__\n#endif\n#include "base/bytes.h"\n'
        ),
        "native/src/wire/wire.h": (
            '#include <sodium.h>\n#include "base/bytes.h"\n#include "zmq.h"\n'
        ),
        "native/src/core/hub.h": '#include "os/net.h"\n#include "wire/wire.h"\n',
        "native/src/link/link.h": '#include "core/hub.h"\n',
        "native/src/link/tcp.h": '#include "link/link.h"\n',
        "native/src/sock/socket.h": '#include "link/link.h"\n',
        "native/src/api/api.c": (
            '#include "sock/socket.h"\n/* abort(); */\n'
            'char *s = "#include \\"python/x.h\\" exit(1)";\n'
        ),
        "native/src/python/fast.c": '#include <Python.h>\n#include "zmq.h"\n',
        "zcffi/__init__.py": "from zcffi.socket import Socket\n",
        "zcffi/_ffi.py": (
            "from zcffi._cffi import ffi\n"
            "try:\n"
            "    from . import _fast\n"
            "except ImportError:\n"
            "    pass\n"
        ),
        "zcffi/socket.py": (
            "from typing import TYPE_CHECKING\n"
            "from . import _ffi\n"
            "if TYPE_CHECKING:\n"
            "    from zcffi._cffi import CData\n"
        ),
        "zcffi/context.py": "import zcffi.socket\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_house_stands_as_designed() -> None:
    code, output = run_check(ROOT)
    assert output == ""
    assert code == 0


def test_a_house_in_order_passes(house: Path) -> None:
    assert run_check(house) == (0, "")


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("native/src/base/bytes.h", '#include "os/net.h"', "an arrow upwards"),
        ("native/src/core/hub.h", '#  include "sock/socket.h"', "an arrow upwards"),
        ("native/src/os/net.h", '#include "../core/hub.h"', "an arrow upwards"),
        ("native/src/wire/wire.h", '#include "os/net.h"', "wire sees only base"),
        ("native/src/wire/wire.h", '#include "os/gone.h"', "wire sees only base"),
        ("native/src/python/fast.c", '#include "base/bytes.h"', "python sees only the public"),
        ("native/src/sock/socket.h", '#include "link/tcp.h"', "only link/link.h"),
        ("native/src/link/link.h", '#include "link/tcp.h"', "a way round"),
        ("native/src/core/hub.h", '#include "hub.h"', "a way round: hub.h -> hub.h"),
        ("native/include/zmq.h", '#include "base/bytes.h"', "a public header shows"),
        ("native/src/core/hub.h", "#include <sys/epoll.h>", "only os/ asks it"),
        ("native/src/core/hub.h", "#include <signal.h>", "only os/ asks it"),
        ("native/src/core/hub.h", "#include <sodium.h>", "only os/ asks it"),
        ("native/src/core/hub.h", "#ifdef _WIN32", "asks for the operating system (_WIN32)"),
        ("native/src/base/bytes.h", "#if X && defined(__APPLE__)", "(__APPLE__)"),
        ("native/src/api/api.c", "# elif defined __linux__", "(__linux__)"),
        ("native/src/core/hub.h", "void f(void) { abort(); }", "abort(): the core"),
        ("native/src/os/net.h", "if (x) exit (1);", "exit(): the core"),
        ("native/src/api/api.c", 'fprintf (stderr, "x");', "fprintf(): the core"),
        ("native/src/api/api.c", 'printf("x");', "printf(): the core"),
        ("native/src/attic/old.c", "int x;", "attic is no floor"),
        ("zcffi/socket.py", "from zcffi._cffi import lib", "imports zcffi._cffi.lib: only"),
        ("zcffi/socket.py", "from . import _fast", "imports zcffi._fast: only"),
        ("zcffi/socket.py", "def f():\n    import zcffi._fast", "imports zcffi._fast: only"),
        ("zcffi/socket.py", "from .context import Context", "a way round"),
        ("zcffi/socket.py", "if TYPE_CHECKING:\n    from . import context", "a way round"),
        ("zcffi/socket.py", "def f():\n    import zcffi.context", "a way round"),
        ("zcffi/socket.py", "import zcffi", "a way round"),
        ("zcffi/_ffi.py", "if True:\n    from zcffi import context", "a way round"),
    ],
)
def test_a_planted_violation_is_found_where_it_is(
    house: Path, name: str, line: str, reason: str
) -> None:
    path = house / name
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}{line}\n", encoding="utf-8")
    code, output = run_check(house)
    assert code == 1
    found = [said for said in output.splitlines() if reason in said]
    assert found
    if "way round" not in reason:
        last = (before + line).count("\n") + 1 if before else 1
        assert found == [said for said in found if said.startswith(f"{name}:{last}: ")]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("native/src/core/hub.h", "// #include <sys/epoll.h> abort();"),
        ("native/src/core/hub.h", "/* printf (\n abort (); */"),
        (
            "native/src/core/hub.h",
            'int n = snprintf (b, 8, "%s", s); f->exit (n); x.abort (); my_exit ();',
        ),
        ("native/src/core/hub.h", "#if defined __GNUC__ || SIZE_MAX > 4294967295u\n#endif"),
        ("native/src/core/hub.h", "char c = '\"'; /* \" */"),
        ("zcffi/context.py", "from zcffi.socket import Socket"),
    ],
)
def test_what_only_looks_like_a_violation_passes(house: Path, name: str, line: str) -> None:
    path = house / name
    path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
    assert run_check(house) == (0, "")


def test_a_violation_planted_in_a_copy_of_ours_is_found(tmp_path: Path) -> None:
    for part in ("native/src", "native/include", "zcffi"):
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.so", "__pycache__")
        )
    trie = tmp_path / "native/src/base/trie.h"
    trie.write_text(
        '#include "core/handle.h"\n' + trie.read_text(encoding="utf-8"), encoding="utf-8"
    )
    code, output = run_check(tmp_path)
    assert code == 1
    assert "native/src/base/trie.h:1: base is below core" in output
