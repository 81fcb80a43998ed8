"""Functions beside the objects: what the core is and can do, keys and their text form."""

from __future__ import annotations

from zcffi._ffi import HAS_ZCFFI, NULL, ffi, lib
from zcffi._values import as_bytes
from zcffi.errors import error_for

__all__ = [
    "backend",
    "curve_keypair",
    "curve_public",
    "has",
    "z85_decode",
    "z85_encode",
    "zcffi_version_info",
    "zmq_version",
    "zmq_version_info",
]

_KEY = 41  # characters of a key as text, with the final NUL


def backend() -> str:
    """What the package runs on: "zcffi", or "libzmq" when it was built for the system's."""
    return "zcffi" if HAS_ZCFFI else "libzmq"


def zmq_version_info() -> tuple[int, int, int]:
    """The level of the ZeroMQ API that the core implements."""
    numbers = [ffi.new("int *") for _ in range(3)]
    lib.zmq_version(*numbers)
    major, minor, patch = (int(number[0]) for number in numbers)
    return major, minor, patch


def zmq_version() -> str:
    """The level of the ZeroMQ API that the core implements, as text."""
    return ".".join(map(str, zmq_version_info()))


def zcffi_version_info() -> tuple[int, int, int] | None:
    """The core's own version; None when the core is libzmq."""
    if not HAS_ZCFFI:
        return None
    numbers = [ffi.new("int *") for _ in range(3)]
    lib.zcffi_version(*numbers)
    major, minor, patch = (int(number[0]) for number in numbers)
    return major, minor, patch


def has(capability: str) -> bool:
    """Whether the core offers a capability: "ipc", "curve", "gssapi", "pgm", "norm", "draft"..."""
    return bool(lib.zmq_has(capability.encode()))


def curve_keypair() -> tuple[bytes, bytes]:
    """A new CURVE key pair.

    Returns (public, secret), 40 characters of Z85 each. Raises `NotSupported` without CURVE.
    """
    public, secret = ffi.new("char[]", _KEY), ffi.new("char[]", _KEY)
    if lib.zmq_curve_keypair(public, secret) < 0:
        raise error_for(ffi.errno, "curve_keypair")
    return ffi.string(public), ffi.string(secret)


def curve_public(secret_key: bytes | str) -> bytes:
    """The public key of a secret CURVE key, both 40 characters of Z85.

    Raises `InvalidArgument`, `NotSupported`.
    """
    secret = as_bytes(secret_key)
    public = ffi.new("char[]", _KEY)
    if lib.zmq_curve_public(public, secret) < 0:
        raise error_for(ffi.errno, "curve_public")
    return ffi.string(public)


def z85_encode(data: bytes) -> bytes:
    """Bytes as Z85 text, 5 characters for 4 bytes.

    Raises `ValueError` when their number is no multiple of 4.
    """
    if len(data) % 4:
        raise ValueError(f"Z85 needs a multiple of 4 bytes, not {len(data)}")
    text = ffi.new("char[]", len(data) // 4 * 5 + 1)
    lib.zmq_z85_encode(text, data, len(data))
    return ffi.string(text)


def z85_decode(text: bytes | str) -> bytes:
    """The bytes of Z85 text. Raises `ValueError` when it is none."""
    data = as_bytes(text)
    if not data:
        return b""
    if len(data) % 5:
        raise ValueError(f"Z85 text has a multiple of 5 characters, not {len(data)}")
    result = ffi.new("uint8_t[]", len(data) // 5 * 4)
    if b"\0" in data or lib.zmq_z85_decode(result, data) == NULL:
        raise ValueError(f"{data!r} is no Z85 text")
    return bytes(ffi.buffer(result)[:])
