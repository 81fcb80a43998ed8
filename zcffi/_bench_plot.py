"""A plot as SVG: panels side by side, both axes logarithmic, a curve for each library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

__all__ = ["Panel", "draw"]

WIDTH, HEIGHT, GAP = 420, 300, 30  # of a panel's plane, and between panels
LEFT, TOP, BOTTOM = 70, 70, 70
COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#57534e")
SIZE_NAMES = ("", "K", "M", "G")


@dataclass(frozen=True)
class Panel:
    """One plane: its title, the unit of its upright axis, and the points of each curve."""

    title: str
    unit: str
    curves: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis: from where to where, over how many pixels."""

    low: float
    high: float
    pixels: int

    def place(self, value: float) -> float:
        """Say how many pixels from its start a value lies."""
        whole = math.log(self.high / self.low)
        return self.pixels * (math.log(value / self.low) / whole if whole else 0.5)

    def tens(self) -> list[float]:
        """List the powers of ten on it."""
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        return [10.0**n for n in range(first, last + 1)]


def draw(panels: list[Panel], note: str) -> str:
    """Draw the panels; `note` stands below them."""
    panels = [panel for panel in panels if panel.curves]
    width = max(1, len(panels)) * (LEFT + WIDTH + GAP)
    height = TOP + HEIGHT + BOTTOM
    names = list(dict.fromkeys(name for panel in panels for name in panel.curves))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for i, name in enumerate(names):
        x = LEFT + 110 * i
        parts.append(f'<rect x="{x}" y="14" width="18" height="4" fill="{colours[name]}"/>')
        parts.append(_text(x + 24, 20, name))
    for i, panel in enumerate(panels):
        parts.append(f'<g transform="translate({LEFT + i * (LEFT + WIDTH + GAP)} {TOP})">')
        parts += _plane(panel, colours)
        parts.append("</g>")
    parts += [_text(LEFT, height - 10, note, size=10, colour="#57534e"), "</svg>"]
    return "\n".join(parts) + "\n"


def _plane(panel: Panel, colours: dict[str, str]) -> list[str]:
    points = [point for curve in panel.curves.values() for point in curve]
    across = Axis(min(x for x, _ in points), max(x for x, _ in points), WIDTH)
    low, high = min(y for _, y in points), max(y for _, y in points)
    up = Axis(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high * 1.001)), HEIGHT)
    parts = [
        _text(0, -12, panel.title, size=14),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#a8a29e"/>',
    ]
    for value in up.tens():
        y = HEIGHT - up.place(value)
        parts.append(f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#e7e5e4"/>')
        parts.append(_text(-8, y + 4, _short(value, 1000, ("", "k", "M", "G")), anchor="end"))
    parts.append(_text(-8, -12, panel.unit, anchor="end", colour="#57534e"))
    for x in sorted({x for x, _ in points}):
        place = across.place(x)
        parts.append(f'<path d="M{place:.1f} {HEIGHT}v5" stroke="#a8a29e"/>')
        parts.append(_text(place, HEIGHT + 20, _short(x, 1024, SIZE_NAMES), anchor="middle"))
    parts.append(_text(WIDTH / 2, HEIGHT + 38, "bytes a message", anchor="middle"))
    for name, curve in panel.curves.items():
        places = [(across.place(x), HEIGHT - up.place(y)) for x, y in sorted(curve)]
        way = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        colour = colours[name]
        parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return parts


def _short(value: float, step: int, marks: tuple[str, ...]) -> str:
    """Write a round number with as few letters as it takes."""
    power = 0
    while value >= step and power + 1 < len(marks):
        value /= step
        power += 1
    return f"{value:g}{marks[power]}"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#1c1917"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' fill="{colour}">{escape(text)}</text>'
    )
