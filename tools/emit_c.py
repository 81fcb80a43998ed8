"""The generated blocks of the public headers: `#define`s, which programs test with `#ifdef`."""

from __future__ import annotations

import re
import textwrap

from tables import Constant, Error, Tables
from texts import c_text


def define(name: str, value: int, hexadecimal: bool = False) -> str:
    """Write one `#define` line."""
    return f"#define {name} {value:#x}" if hexadecimal else f"#define {name} {value}"


def base(tables: Tables) -> int:
    """Find ZMQ_HAUSNUMERO."""
    return next(c.value for c in tables.constants if c.name == "HAUSNUMERO")


def fallback_errors(tables: Tables) -> str:
    """Define the errors that some systems lack."""
    lines: list[str] = []
    for error in tables.errors:
        if error.kind == "FALLBACK":
            lines += [
                f"#ifndef {error.name}",
                f"#define {error.name} (ZMQ_HAUSNUMERO + {error.offset})",
                "#endif",
            ]
    return "\n".join(lines)


def own_errors(tables: Tables, kind: str, prefix: str) -> list[str]:
    """Define the errors with a number of ours on every system."""

    def value(error: Error) -> int:
        assert error.offset is not None
        return base(tables) + error.offset

    return [
        define(prefix + error.name, value(error)) for error in tables.errors if error.kind == kind
    ]


def context_options(tables: Tables) -> list[str]:
    """Define context options, and the names of some defaults."""
    with_default = ("IO_THREADS", "MAX_SOCKETS", "THREAD_PRIORITY", "THREAD_SCHED_POLICY")
    return [define("ZMQ_" + option.name, option.number) for option in tables.context_options] + [
        define(f"ZMQ_{option.name}_DFLT", int(option.default))
        for option in tables.context_options
        if option.name in with_default
    ]


def constants(tables: Tables) -> str:
    """Define every number of zmq.h."""
    values = {c.name: c.value for c in tables.constants}
    lines: list[str] = []

    def group(title: str, entries: list[str]) -> None:
        lines.extend(["", f"/* {title} */", *entries])

    def of(name: str) -> list[Constant]:
        return [c for c in tables.constants if c.group == name]

    group(
        "Version, sizes",
        [define("ZMQ_" + c.name, c.value) for c in of("-") if "GSSAPI" not in c.name],
    )
    group("Errors", own_errors(tables, "OWN", ""))
    types = {t.name: t.number for t in tables.types}
    group(
        "Socket types",
        [define("ZMQ_" + name, value) for name, value in types.items()]
        + [define("ZMQ_" + alias, types[name]) for alias, name in tables.type_aliases.items()],
    )
    group("Context options", context_options(tables))
    shared = [o for o in tables.options if not o.ours]
    numbers = {o.name: o.number for o in shared}
    in_contexts = {o.name for o in tables.context_options}
    for later, title in (
        (False, "Socket options"),
        (True, "Socket options that are not supported yet: EINVAL"),
    ):
        group(
            title,
            [
                define(o.macro, o.number)
                for o in shared
                if o.later == later and o.name not in in_contexts
            ],
        )
    group(
        "Older names",
        [define("ZMQ_" + alias, numbers[name]) for alias, name in tables.option_aliases.items()],
    )
    for name, title in (
        ("MessageOption", "Properties of messages"),
        ("Flag", "Flags of send and receive"),
        ("PollEvent", "What zmq_poll() waits for"),
        ("SecurityMechanism", "Security mechanisms"),
        ("DeviceType", "Devices"),
    ):
        group(
            title,
            [define("ZMQ_" + c.name, c.value) for c in of(name)]
            + [
                define("ZMQ_" + alias, values[other])
                for alias, other in tables.constant_aliases.items()
                if other in {c.name for c in of(name)}
            ],
        )
    group(
        "Kinds of GSSAPI names",
        [define("ZMQ_" + c.name, c.value) for c in of("-") if "GSSAPI" in c.name],
    )
    group(
        "Monitor events",
        [define("ZMQ_EVENT_" + e.name, e.bits, True) for e in tables.events if not e.ours],
    )
    group(
        "Protocol errors, told by ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL",
        [define("ZMQ_PROTOCOL_ERROR_" + c.name, c.value, True) for c in tables.protocol_errors],
    )
    return "\n".join(lines).strip()


def zcffi_constants(tables: Tables) -> str:
    """Define every number of zcffi.h, each with its meaning."""
    lines: list[str] = []

    def entry(text: str, line: str, more: str = "") -> None:
        words = textwrap.wrap(f"{text} {more}".strip(), 112)
        lines.extend(["/** " + "\n * ".join(words) + " */", line])

    for option in tables.options:
        if option.ours:
            line = define(option.macro, option.number)
            entry(comment(option.text), line, c_text(option))
    for event in tables.events:
        if event.ours:
            value = f" The value: {event.value}." if event.value else ""
            entry(event.text + value, define("ZCFFI_EVENT_" + event.name, event.bits, True))
    for error, line in zip(
        (e for e in tables.errors if e.kind == "ZCFFI"),
        own_errors(tables, "ZCFFI", "ZCFFI_"),
        strict=True,
    ):
        entry("Error: the object was made before a fork. " + error.text, line)
    return "\n".join(lines)


def comment(text: str) -> str:
    """Make sure that text can't end a comment."""
    return text.replace("*/", "* /")


BLOCKS = {
    "fallback errors": fallback_errors,
    "constants": constants,
    "": zcffi_constants,
}


def fill(header: str, tables: Tables) -> str:
    """Make the generated blocks of a header anew."""

    def block(match: re.Match[str]) -> str:
        text = BLOCKS[match[2] or ""](tables)
        return f"{match[1]}\n{text}\n{match[3]}"

    begin = r"(/\* zcffi: generated begin \(tools/generate\.py(?:: ([\w ]+))?\) \*/)"
    end = r"(/\* zcffi: generated end \*/)"
    return re.sub(begin + r"\n.*?" + end, block, header, flags=re.DOTALL)
