"""JSON to and from bytes."""

from __future__ import annotations

import json

__all__ = ["dumps", "loads"]


def dumps(o: object, **kwargs: object) -> bytes:
    """A value as JSON in UTF-8; `kwargs` are those of `json.dumps()`."""
    return json.dumps(o, **kwargs).encode()  # type: ignore[arg-type]


def loads(s: bytes | str, **kwargs: object) -> object:
    """The value of a JSON text; `kwargs` are those of `json.loads()`."""
    value: object = json.loads(s, **kwargs)  # type: ignore[arg-type]
    return value
