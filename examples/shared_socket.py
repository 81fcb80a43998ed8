"""One socket, used from Python and from C: shared_socket.c sends on it.

`zcffi.get_include()` and `zcffi.get_library_dirs()` say where the headers and the library of the
package are; `Socket.underlying` is the handle that the C functions take.
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import zcffi
from zcffi import SocketType


def compile_library(folder: Path) -> ctypes.CDLL:
    """Compile shared_socket.c against the library that Python uses."""
    source = Path(__file__).with_name("shared_socket.c")
    made = folder / "shared_socket.so"
    command = ["cc", "-shared", "-fPIC", str(source), "-o", str(made), f"-I{zcffi.get_include()}"]
    for place in zcffi.get_library_dirs():
        command += [f"-L{place}", f"-Wl,-rpath,{place}"]
    subprocess.run([*command, "-lzcffi"], check=True)
    return ctypes.CDLL(str(made), use_errno=True)


def main() -> None:
    """Send from C, receive in Python."""
    if not zcffi.get_library_dirs():
        sys.exit("this zcffi runs on a library of the system: link to that one")
    with tempfile.TemporaryDirectory() as folder:
        library = compile_library(Path(folder))
        library.count_up_to.argtypes = [ctypes.c_void_p, ctypes.c_int]
        with zcffi.Context() as context:
            push, pull = context.socket(SocketType.PUSH), context.socket(SocketType.PULL)
            with push, pull:
                pull.bind("inproc://numbers")
                push.connect("inproc://numbers")
                print("sent from C:", library.count_up_to(push.underlying, 5))
                numbers = [int.from_bytes(pull.recv(), sys.byteorder) for _ in range(5)]
                print("received in Python:", numbers)


if __name__ == "__main__":
    main()
