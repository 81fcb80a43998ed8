"""Z85: bytes as text that passes anywhere (RFC 32)."""

from __future__ import annotations

from zcffi.helpers import z85_decode as decode
from zcffi.helpers import z85_encode as encode

__all__ = ["decode", "encode"]
