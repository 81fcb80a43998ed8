"""Sentences about options, for docstrings and the reference."""

from __future__ import annotations

from tables import LIMITS, Option

BOOLS = {"BOOL", "FLAG", "ANYINT", "INVERSE"}
NUMBERS = {"INT", "INT64", "UINT64", "TTL"}
TEXTS = {"TEXT", "BYTES", "BLOB"}
UNITS = {"ms": "milliseconds", "s": "seconds", "µs": "microseconds"}


def default_value(option: Option) -> str:
    """Write the default as Python does; empty for what has none."""
    if option.kind in BOOLS:
        return "False" if option.default == "0" else "True"
    if option.kind in NUMBERS:
        return str(LIMITS.get(option.default, option.default))
    return ""


def unit(option: Option) -> str:
    """Put the unit in words."""
    return UNITS.get(option.unit, option.unit)


def unit_text(option: Option) -> str:
    """Tell the unit, as a sentence; empty for what has none."""
    if not unit(option) or option.kind not in NUMBERS:
        return ""
    measure = option.unit in UNITS or option.unit == "bytes"
    return f"In {unit(option)}." if measure else f"Unit: {unit(option)}."


def default_text(option: Option) -> str:
    """Tell unit and default."""
    parts = [unit_text(option)]
    if option.access != "GET" and default_value(option):
        parts.append(f"Default: {default_value(option)}.")
    return " ".join(part for part in parts if part)


C_TYPES = {
    "INT": "int",
    "TTL": "int",
    "ASK": "int",
    "BOOL": "int, 0 or 1",
    "INVERSE": "int, 0 or 1",
    "FLAG": "int, 0: off, more: on",
    "ANYINT": "int, 0: off, else on",
    "INT64": "int64_t",
    "UINT64": "uint64_t",
    "FD": "zmq_fd_t",
    "TEXT": "text",
    "FILTER": "text",
    "BYTES": "bytes",
    "BLOB": "bytes, any number",
    "KEY": "32 bytes, or 40 characters of Z85",
    "PID": "pid_t",
    "UID": "uid_t",
    "GID": "gid_t",
    "CPU_ADD": "int",
    "CPU_REMOVE": "int",
}
ACCESS = {"GET": ", read only", "SET": ", cannot be read", "BOTH": ""}


def c_default(option: Option) -> str:
    """Tell the default as a C program sees it."""
    if option.access == "GET" or option.later:
        return ""
    if option.kind in BOOLS | NUMBERS:
        return f"Default: {LIMITS.get(option.default, option.default)}."
    return "Default: empty." if option.access == "BOTH" else ""


def c_text(option: Option, place: str = "socket") -> str:
    """Tell a C program what to pass: type, unit, range, default, when it counts, since when."""
    parts = [
        f"Type: {C_TYPES[option.kind]}{ACCESS[option.access]}.",
        unit_text(option),
        c_default(option),
        range_text(option),
        types_text(option),
        when_text(option, place) if option.access != "GET" and not option.later else "",
        f"Since {option.since}.",
    ]
    return " ".join(part for part in parts if part)


def range_value(option: Option) -> str:
    """Tell what is allowed, in short; empty when everything is."""
    if option.kind in TEXTS and option.access != "GET":
        most = "" if option.most == LIMITS["SIZE_MAX"] else f" to {option.most}"
        return f"{option.least}{most} bytes" if most else ""
    if option.kind not in NUMBERS or option.access == "GET":
        return ""
    low = option.least in (LIMITS["INT_MIN"], LIMITS["INT64_MIN"])
    high = option.most in (LIMITS["INT_MAX"], LIMITS["INT64_MAX"], LIMITS["UINT64_MAX"])
    if low and high:
        return ""
    return f"{option.least} or more" if high else f"{option.least} to {option.most}"


def range_text(option: Option) -> str:
    """Tell what is allowed, as a sentence."""
    return f"Allowed: {range_value(option)}." if range_value(option) else ""


def types_text(option: Option) -> str:
    """Tell which sockets have the option; empty for all."""
    return f"Only on {', '.join(option.types)} sockets." if option.types else ""


def when_text(option: Option, place: str) -> str:
    """Tell when a new value counts."""
    return {
        ("LIVE", "socket"): "Takes effect at once.",
        ("NEXT", "socket"): "Takes effect for later binds and connects.",
        ("LIVE", "context"): "Takes effect at once.",
        ("NEXT", "context"): "Takes effect for sockets made later.",
        ("START", "context"): "Must be set before the first socket is made.",
    }.get((option.when, place), "")
