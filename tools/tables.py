"""The tables of facts (`*.def`) as Python objects.

A table is a C file of rows `MACRO (argument, ...)`; the C core includes it, this module reads it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "native" / "src"

LIMITS = {
    "INT_MIN": -(2**31),
    "INT_MAX": 2**31 - 1,
    "INT64_MIN": -(2**63),
    "INT64_MAX": 2**63 - 1,
    "UINT64_MAX": 2**64 - 1,
    "SIZE_MAX": 2**64 - 1,
}


@dataclass(frozen=True)
class Row:
    """One row: its macro and its arguments, texts without quotes."""

    macro: str
    args: tuple[str, ...]


@dataclass(frozen=True)
class Constant:
    """A named number with its meaning; `group` is the enum it belongs to in Python."""

    group: str
    name: str
    value: int
    text: str


@dataclass(frozen=True)
class Error:
    """An error number; `offset` counts from ZMQ_HAUSNUMERO, None for numbers of every system."""

    kind: str
    name: str
    offset: int | None
    text: str


@dataclass(frozen=True)
class Event:
    """A monitor event; `value` tells what comes with it."""

    name: str
    bits: int
    value: str
    text: str
    ours: bool


@dataclass(frozen=True)
class SocketType:
    """A type of socket and the types it may talk to."""

    number: int
    name: str
    peers: tuple[str, ...]
    sends: bool
    receives: bool
    text: str


@dataclass(frozen=True)
class Option:
    """A socket or context option; `types` is empty when every socket has it."""

    number: int
    name: str
    kind: str
    access: str
    default: str
    least: int
    most: int
    unit: str
    types: tuple[str, ...]
    kept: str
    when: str
    since: str
    text: str
    ours: bool

    @property
    def attribute(self) -> str:
        """The name of the attribute in Python."""
        return self.name.lower()

    @property
    def macro(self) -> str:
        """The name of the number in C."""
        return ("ZCFFI_" if self.ours else "ZMQ_") + self.name

    @property
    def later(self) -> bool:
        """Whether the option has a number but is not supported yet."""
        return self.kept == "LATER"


@dataclass(frozen=True)
class Tables:
    """Everything the tables say."""

    constants: list[Constant]
    constant_aliases: dict[str, str]
    errors: list[Error]
    events: list[Event]
    protocol_errors: list[Constant]
    types: list[SocketType]
    type_aliases: dict[str, str]
    options: list[Option]
    option_aliases: dict[str, str]
    context_options: list[Option]


def split_arguments(text: str) -> list[str]:
    """Split the inside of a row at its commas, join neighbouring texts and unquote them."""
    parts: list[str] = []
    for piece in re.findall(r'(?:"(?:\\.|[^"\\])*"|\([^()]*\)|[^,"()])+', text):
        words = re.findall(r'"(?:\\.|[^"\\])*"', piece)
        parts.append("".join(map(ast.literal_eval, words)) if words else piece.strip())
    return parts


def read_rows(path: Path) -> list[Row]:
    """Read the rows of one table, in order."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    rows: list[Row] = []
    pattern = re.compile(r'([A-Z_]+) \(((?:"(?:\\.|[^"\\])*"|\([^()]*\)|[^"()])*)\)')
    at = 0
    while match := pattern.search(text, at):
        if text[at : match.start()].strip():
            raise SystemExit(f"{path}: cannot read {text[at : match.start()].strip()[:60]!r}")
        rows.append(Row(match[1], tuple(split_arguments(match[2]))))
        at = match.end()
    if text[at:].strip():
        raise SystemExit(f"{path}: cannot read {text[at:].strip()[:60]!r}")
    return rows


def number(text: str) -> int:
    """Read a number or a limit of C."""
    return LIMITS[text] if text in LIMITS else int(text, 0)


def names(text: str) -> tuple[str, ...]:
    """Find the names in a sum of T (NAME) or PEER (NAME)."""
    return tuple(re.findall(r"\((\w+)\)", text))


def aliases(rows: list[Row], macro: str) -> dict[str, str]:
    """Find older names and what they stand for."""
    return {row.args[0]: row.args[1] for row in rows if row.macro == macro}


def read_errors(rows: list[Row]) -> list[Error]:
    """Read the rows of errors.def."""
    found: list[Error] = []
    for row in rows:
        kind = row.macro.removeprefix("ERROR_")
        offset = None if kind == "SYSTEM" else number(row.args[1])
        found.append(Error(kind, row.args[0], offset, row.args[-1]))
    return found


def read_options(rows: list[Row]) -> list[Option]:
    """Read the rows of options.def."""
    found: list[Option] = []
    for row in rows:
        if row.macro not in ("OPTION", "OPTION_ZCFFI"):
            continue
        num, name, _field, kind, access, default, least, most, unit, types, *rest = row.args
        kept, when, since, text = rest
        found.append(
            Option(
                number=number(num),
                name=name,
                kind=kind,
                access=access,
                default=default,
                least=number(least),
                most=number(most),
                unit=unit,
                types=names(types),
                kept=kept,
                when=when,
                since=since,
                text=text,
                ours=row.macro == "OPTION_ZCFFI",
            )
        )
    return found


def read_context_options(rows: list[Row]) -> list[Option]:
    """Read the rows of ctxopts.def."""
    found: list[Option] = []
    for row in rows:
        num, name, _field, kind, access, default, least, most, unit, when, since, text = row.args
        found.append(
            Option(
                number=number(num),
                name=name,
                kind=kind,
                access=access,
                default=default,
                least=number(least),
                most=number(most),
                unit=unit,
                types=(),
                kept="STORED",
                when=when,
                since=since,
                text=text,
                ours=False,
            )
        )
    return found


def read_tables() -> Tables:
    """Read all tables of the project."""
    constants = read_rows(SOURCE / "base" / "constants.def")
    events = read_rows(SOURCE / "base" / "events.def")
    types = read_rows(SOURCE / "base" / "socktypes.def")
    options = read_rows(SOURCE / "core" / "options.def")
    return Tables(
        constants=[
            Constant(row.args[0], row.args[1], number(row.args[2]), row.args[3])
            for row in constants
            if row.macro == "CONSTANT"
        ],
        constant_aliases=aliases(constants, "CONSTANT_ALIAS"),
        errors=read_errors(read_rows(SOURCE / "base" / "errors.def")),
        events=[
            Event(
                row.args[0],
                number(row.args[1]),
                row.args[2],
                row.args[3],
                ours=row.macro == "EVENT_ZCFFI",
            )
            for row in events
            if row.macro != "PROTOCOL_ERROR"
        ],
        protocol_errors=[
            Constant("ProtocolError", row.args[0], number(row.args[1]), row.args[2])
            for row in events
            if row.macro == "PROTOCOL_ERROR"
        ],
        types=[
            SocketType(
                number(row.args[0]),
                row.args[1],
                names(row.args[2]),
                sends=row.args[3] == "1",
                receives=row.args[4] == "1",
                text=row.args[6],
            )
            for row in types
            if row.macro == "SOCKTYPE"
        ],
        type_aliases=aliases(types, "SOCKTYPE_ALIAS"),
        options=read_options(options),
        option_aliases=aliases(options, "OPTION_ALIAS"),
        context_options=read_context_options(read_rows(SOURCE / "core" / "ctxopts.def")),
    )
