"""Values that programs hand over, as the core wants them; what can't be meant is refused."""

from __future__ import annotations

import operator

__all__ = ["as_bytes", "as_int"]


def as_bytes(value: str | bytes) -> bytes:
    """A text or a buffer as bytes; not a number, of which `bytes()` would make so many NULs."""
    return value.encode() if isinstance(value, str) else memoryview(value).tobytes()


def as_int(value: object, name: str) -> int:
    """What is a whole number as an int; a fraction is refused, not cut off."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} needs an int, not {type(value).__name__}: {value!r}") from None
