"""Text to bytes and back."""

from __future__ import annotations

__all__ = ["asbytes", "b", "cast_bytes", "cast_unicode", "u"]


def cast_bytes(s: str | bytes, encoding: str = "utf8", errors: str = "strict") -> bytes:
    """Bytes of a text; bytes as they are."""
    return s if isinstance(s, bytes) else s.encode(encoding, errors)


def cast_unicode(s: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """The text of bytes; a text as it is."""
    return s.decode(encoding, errors) if isinstance(s, bytes) else s


b = asbytes = cast_bytes
u = cast_unicode
