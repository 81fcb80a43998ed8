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


def default_text(option: Option) -> str:
    """Tell unit and default."""
    parts = []
    if unit(option) and option.kind in NUMBERS:
        measure = option.unit in UNITS or option.unit == "bytes"
        parts.append(f"In {unit(option)}." if measure else f"Unit: {unit(option)}.")
    if option.access != "GET" and default_value(option):
        parts.append(f"Default: {default_value(option)}.")
    return " ".join(parts)


C_TYPES = {"INT": "int", "BOOL": "int", "INT64": "int64_t", "UINT64": "uint64_t"}


def c_text(option: Option) -> str:
    """Tell a C program what to pass: type, unit, range, default, when it counts, since when."""
    access = ", read only" if option.access == "GET" else ""
    parts = [
        f"Type: {C_TYPES[option.kind]}{access}.",
        default_text(option),
        range_text(option),
        when_text(option, "socket"),
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
