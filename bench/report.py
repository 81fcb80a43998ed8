"""What the benchmark tells: the table's lines, as text, Markdown or reStructuredText."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from machine import HERE, ROOT, SIDES, Result, Stop
from table import GROWTHS, HEADLINES, Metric, all_cases

FIGURES, README = ROOT / "docs" / "figures.rst", ROOT / "README.md"
PLOT = ROOT / "docs" / "_static" / "zcffi-bench.svg"


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    key: str  # the case's name, a colon, the metric's key
    group: str
    row: str
    ours: str
    peer: str
    floor: str
    ratio: str
    aim: str
    spread: str
    verdict: str


COLUMNS = ("row", "ours", "peer", "floor", "ratio", "aim", "spread", "verdict")


def head(name: str) -> str:
    return "spread (ours · peer)" if name == "spread" else name


# ---- The lines ----


def show(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "/s":
        for name, step in (("M", 1e6), ("k", 1e3)):
            if value >= step:
                return f"{value / step:.3g} {name}/s" if value < 1000 * step else f"{value:.3g}"
        return f"{value:.3g} /s"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text + {"us": " µs", "cpu us": " µs", "cpu s/M": " s/M", "cpu ms/s": " ms/s"}.get(
        unit, "" if unit == "x" else f" {unit}"
    )


def spread(values: list[float] | None, unit: str) -> str:
    if not values or len(values) < 2:
        return ""
    low, high = show(min(values), unit), show(max(values), unit)
    number, _, tail = low.partition(" ")
    return f"{number}..{high}" if high.endswith(tail) else f"{low}..{high}"


def judge(metric: Metric, ours: float | None, peer: float | None, floor: float | None) -> str:
    """Say whether the aims are reached; never decides an exit status."""
    if ours is None:
        return ""

    def within(limit: float | None, unit: float | None) -> bool | None:
        if limit is None or unit is None:
            return None
        return ours >= limit * unit if metric.more_is_better else ours <= limit * unit

    slower = within(1, peer) is False and metric.value is None
    aims = (within(metric.peer, peer), within(metric.floor, floor), within(metric.value, 1))
    if False in aims:
        return "WORSE THAN PEER" if slower else "missed"
    return "reached" if True in aims else ""


def lines_of(result: Result) -> list[Line]:
    """Make the lines of a case."""
    lines = []
    case = result.case
    for metric in case.metrics:
        values = {side: result.median(side, metric.key) for side in SIDES}
        cells = {side: show(values[side], metric.unit) for side in SIDES}
        for side in SIDES:
            errors = result.errors[side]
            if errors and values[side] is None:
                cells[side] = errors[-1]
            elif errors:
                cells[side] += f" ({len(errors)} runs failed: {errors[-1]})"
            elif side in result.absent and (side == "ours" or not cells[side]):
                cells[side] = result.absent[side]
        ours, peer = values["ours"], values["peer"]
        ranges = (
            spread(result.numbers[side].get(metric.key), metric.unit) for side in ("ours", "peer")
        )
        lines.append(
            Line(
                key=f"{case.name}:{metric.key}",
                group=case.group,
                row=f"{case.title}{case.places}: {metric.title}",
                ratio=f"{ours / peer:.2f}" if ours is not None and peer else "",
                aim=metric.aim,
                spread=" · ".join(text for text in ranges if text),
                verdict=judge(metric, ours, peer, values["floor"]),
                **cells,
            )
        )
    return lines


def growth_lines(results: list[Result]) -> list[Line]:
    """Make the lines that compare two cases."""
    by_name = {result.case.name: result for result in results}
    lines = []
    for growth in GROWTHS:
        few, many = by_name.get(growth.few), by_name.get(growth.many)
        if not few or not many:
            continue
        kept: dict[str, float | None] = dict.fromkeys(SIDES)
        for side in ("ours", "peer"):
            a, b = few.median(side, "rate"), many.median(side, "rate")
            kept[side] = b / a if a and b else None
        lines.append(
            Line(
                key=growth.name,
                group=few.case.group,
                row=growth.title,
                **{side: show(kept[side], "x") for side in SIDES},
                ratio="",
                aim=growth.metric.aim,
                spread="",
                verdict=judge(growth.metric, kept["ours"], None, None),
            )
        )
    return lines


def all_lines(results: list[Result]) -> list[Line]:
    """Make all lines, those of a group together."""
    lines = [line for result in results for line in lines_of(result)] + growth_lines(results)
    order = list(dict.fromkeys(line.group for line in lines))
    return sorted(lines, key=lambda line: order.index(line.group))


def read_notes() -> dict[str, str]:
    """Read what is said about single lines; a note about a line that does not exist is an error."""
    notes: dict[str, str] = tomllib.loads((HERE / "notes.toml").read_text(encoding="utf-8"))
    known = {f"{case.name}:{metric.key}" for case in all_cases() for metric in case.metrics}
    known |= {growth.name for growth in GROWTHS}
    unknown = sorted(set(notes) - known)
    if unknown:
        raise Stop(f"notes.toml has notes about lines that don't exist: {', '.join(unknown)}")
    return notes


# ---- The table ----


def as_text(lines: list[Line]) -> str:
    rows = [[head(name) for name in COLUMNS]]
    rows += [[getattr(line, name) for name in COLUMNS] for line in lines]
    widths = [min(60, max(len(row[i]) for row in rows)) for i in range(len(COLUMNS))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(text)


def markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def as_markdown(lines: list[Line], facts: dict[str, str]) -> str:
    text = [f"- {name}: {value}" for name, value in facts.items()]
    text += ["", markdown_row([head(name) for name in COLUMNS]), "|" + "---|" * len(COLUMNS)]
    text += [markdown_row([getattr(line, name) for name in COLUMNS]) for line in lines]
    return "\n".join(text) + "\n"


def as_rst(lines: list[Line], facts: dict[str, str]) -> str:
    """Give a table for each group, with the notes about its lines below it."""
    notes = read_notes()
    text = [f":{name}: {value}" for name, value in facts.items()]
    for group in dict.fromkeys(line.group for line in lines):
        mine = [line for line in lines if line.group == group]
        text += ["", group, "~" * len(group), "", ".. list-table::", "   :header-rows: 1"]
        text += ["   :class: figures", ""]
        for cells in (
            [head(name) for name in COLUMNS],
            *([getattr(line, name) for name in COLUMNS] for line in mine),
        ):
            text += [
                f"   {'  ' if i else '* '}- {escaped(cell)}".rstrip()
                for i, cell in enumerate(cells)
            ]
        said = [line for line in mine if line.key in notes]
        text += [""] if said else []
        text += [f"- **{escaped(line.row)}.** {notes[line.key]}" for line in said]
    return "\n".join(text) + "\n"


def escaped(text: str) -> str:
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def as_headlines(lines: list[Line], facts: dict[str, str]) -> str:
    """Give the few lines that a reader of the README wants, as Markdown."""
    by_key = {line.key: line for line in lines}
    text = [markdown_row(["", "zcffi", "libzmq, pyzmq", "ratio"]), "|---|---|---|---|"]
    for key in HEADLINES:
        if key in by_key:
            line = by_key[key]
            text.append(markdown_row([line.row, line.ours, line.peer, line.ratio]))
    return "\n".join([*text, "", f"{facts['machine']}; {facts['peer']}; {facts['Python']}."]) + "\n"


def fill_docs(lines: list[Line], facts: dict[str, str]) -> None:
    """Replace the tables in the documentation and in the README."""
    for path, text in ((FIGURES, as_rst(lines, facts)), (README, as_headlines(lines, facts))):
        path.write_text(filled(path, "measured", text), encoding="utf-8")


def fill_shown(told: str) -> None:
    """Replace what `python -m zcffi bench` told; the plot it drew lies beside."""
    text = [f".. image:: _static/{PLOT.name}", "   :alt: latency and throughput over message size"]
    text += ["   :width: 100%", "", ".. code-block:: text", "", *indented(told)]
    FIGURES.write_text(filled(FIGURES, "shown", "\n".join(text) + "\n"), encoding="utf-8")


def indented(text: str) -> list[str]:
    return [f"   {line}".rstrip() for line in text.strip().splitlines()]


def filled(path: Path, part: str, new: str) -> str:
    """Give a file's text with what is between its two marks replaced."""
    text = path.read_text(encoding="utf-8")
    marks = [f"{part}: from here", f"{part}: to here"]
    begin, end = (re.search(rf"^.*{mark}.*\n", text, re.MULTILINE) for mark in marks)
    if not (begin and end and begin.end() <= end.start()):
        raise Stop(f"{path.name} lacks the marks '{marks[0]}' and '{marks[1]}', in this order")
    return f"{text[: begin.end()]}\n{new.rstrip()}\n\n{text[end.start() :]}"
