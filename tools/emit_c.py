"""The generated blocks of the public headers: `#define`s, which programs test with `#ifdef`."""

from __future__ import annotations

import re
import textwrap

from tables import Constant, Error, Event, Tables
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


def told(text: str, line: str) -> list[str]:
    """Put a comment before a line."""
    words = textwrap.wrap(comment(text.strip()), 112)
    return ["/** " + "\n * ".join(words) + " */", line]


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
    sockets = {o.name: o for o in tables.options}
    lines = []
    for option in tables.context_options:
        text = f"{option.text} {c_text(option, 'context')}"
        if option.name in sockets:
            same = sockets[option.name]
            text += f" Of a socket: {same.text} {c_text(same)}"
        lines += told(text, define("ZMQ_" + option.name, option.number))
    return lines + [
        define(f"ZMQ_{option.name}_DFLT", int(option.default))
        for option in tables.context_options
        if option.name in with_default
    ]


def socket_types(tables: Tables) -> list[str]:
    """Define the types of sockets, and their older names."""
    numbers = {t.name: t.number for t in tables.types}
    lines = []
    for type in tables.types:
        peers = f" Peers: {', '.join(type.peers)}." if type.peers else ""
        lines += told(type.text + peers, define("ZMQ_" + type.name, type.number))
    return lines + [
        define("ZMQ_" + alias, numbers[name]) for alias, name in tables.type_aliases.items()
    ]


def constants(tables: Tables) -> str:
    """Define every number of zmq.h, each with its meaning."""
    values = {c.name: c.value for c in tables.constants}
    lines: list[str] = []

    def group(title: str, entries: list[str]) -> None:
        lines.extend(["", f"/* ---- {title} ---- */", "", *entries])

    def of(name: str) -> list[Constant]:
        return [c for c in tables.constants if c.group == name]

    def meanings(
        found: list[Constant], prefix: str = "ZMQ_", hexadecimal: bool = False
    ) -> list[str]:
        return [
            line
            for c in found
            for line in told(c.text, define(prefix + c.name, c.value, hexadecimal))
        ]

    group("Version, sizes", meanings([c for c in of("-") if "GSSAPI" not in c.name]))
    own = [error for error in tables.errors if error.kind == "OWN"]
    group(
        "Errors",
        [
            line
            for error, number in zip(own, own_errors(tables, "OWN", ""), strict=True)
            for line in told(error.text, number)
        ],
    )
    group("Socket types", socket_types(tables))
    group("Context options: zmq_ctx_set(), zmq_ctx_get()", context_options(tables))
    shared = [o for o in tables.options if not o.ours]
    numbers = {o.name: o.number for o in shared}
    in_contexts = {o.name for o in tables.context_options}
    for later, title in (
        (False, "Socket options: zmq_setsockopt(), zmq_getsockopt()"),
        (True, "Socket options that are not supported yet: EINVAL"),
    ):
        group(
            title,
            [
                line
                for o in shared
                if o.later == later and o.name not in in_contexts
                for line in told(f"{o.text} {c_text(o)}", define(o.macro, o.number))
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
            meanings(of(name))
            + [
                define("ZMQ_" + alias, values[other])
                for alias, other in tables.constant_aliases.items()
                if other in {c.name for c in of(name)}
            ],
        )
    group("Kinds of GSSAPI names", meanings([c for c in of("-") if "GSSAPI" in c.name]))
    group(
        "Monitor events: zmq_socket_monitor()",
        [
            line
            for e in tables.events
            if not e.ours
            for line in told(event_text(e), define("ZMQ_EVENT_" + e.name, e.bits, True))
        ],
    )
    group(
        "Protocol errors, told by ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: what the peer did",
        meanings(tables.protocol_errors, "ZMQ_PROTOCOL_ERROR_", True),
    )
    return "\n".join(lines).strip()


def zcffi_constants(tables: Tables) -> str:
    """Define every number of zcffi.h, each with its meaning."""
    lines: list[str] = []

    for option in tables.options:
        if option.ours:
            line = define(option.macro, option.number)
            lines += told(f"{option.text} {c_text(option)}", line)
    for event in tables.events:
        if event.ours:
            line = define("ZCFFI_EVENT_" + event.name, event.bits, True)
            lines += told(event_text(event), line)
    for error, line in zip(
        (e for e in tables.errors if e.kind == "ZCFFI"),
        own_errors(tables, "ZCFFI", "ZCFFI_"),
        strict=True,
    ):
        lines += told("Error: the object was made before a fork. " + error.text, line)
    return "\n".join(lines)


def event_text(event: Event) -> str:
    """Tell when an event comes and what comes with it."""
    return event.text + (f" The value: {event.value}." if event.value else "")


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
