"""Sphinx: `python -m sphinx -W -b html docs docs/_build/html`.

With the package installed: `python -m pip install ".[docs]"`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).resolve().parent

# `python -m` puts the sources before the installed package, which alone has the compiled parts.
sys.path[:] = [path for path in sys.path if Path(path).resolve() != HERE.parent]

# The hot methods are C's through the other door: only Python's own signatures have types.
os.environ["ZCFFI_PURE_CFFI"] = "1"

import zcffi  # noqa: E402
from zcffi import _options  # noqa: E402

INCLUDE = HERE.parent / "native" / "include"
HEADERS = HERE / "_build" / "headers"

project = "zcffi"
author = "the zcffi authors"
copyright = "the zcffi authors, MIT licence"
version = release = zcffi.__version__
language = "en"

extensions = ["sphinx.ext.autodoc", "hawkmoth"]
exclude_patterns = ["_build"]
default_role = "say"
primary_domain = "py"
highlight_language = "python"
toc_object_entries = False
python_maximum_signature_line_length = 90
c_maximum_signature_line_length = 90
nitpicky = False
# ZMQ_IPV6 is an option of sockets and of contexts, with one number.
suppress_warnings = ["duplicate_declaration.c"]

html_theme = "furo"
html_title = f"zcffi {release}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {"JSON": "JSON", "Data": "Data"}

# libclang reads the headers; where the system's own are it learns from whatever compiler there is.
hawkmoth_root = str(HEADERS)
hawkmoth_compiler = shutil.which("cc") or shutil.which("clang") or "gcc"
c_id_attributes = ["ZMQ_EXPORT"]


# ---- `text`: a link to what has that name, else plain code --------------------------------------

C_NAME = re.compile(r"^(zmq|zcffi|ZMQ|ZCFFI)_\w+(\(\))?$")


class Say(PyXRefRole):
    """A name between single backticks, in docstrings, comments of the headers, and these pages."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Make the reference; what it does not find stays code."""
        if C_NAME.match(self.text):
            self.name = "c:func" if self.text.endswith("()") else "c:macro"
        else:
            self.name = "py:obj"
        return super().run()

    def process_link(
        self, env: Any, refnode: nodes.Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """The target without the parentheses of a call."""
        target = target.removesuffix("()")
        if self.refdomain == "c":
            return title, target
        found = super().process_link(env, refnode, has_explicit_title, title, target)
        refnode["py:module"] = refnode.get("py:module") or "zcffi"
        return found


# ---- Python: docstrings -------------------------------------------------------------------------


def mark_code(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """An indented block behind a paragraph is code: docstrings leave the colons out."""
    marked: list[str] = []
    flat = True
    for line in lines:
        indented = line.startswith("    ")
        if indented and flat and marked and not marked[-1]:
            before = next((text for text in reversed(marked) if text), "")
            if not before.endswith("::") and not before.lstrip().startswith(("..", "- ")):
                marked += ["::", ""]
        marked.append(line)
        if line:
            flat = not indented
    lines[:] = marked


class Options(SphinxDirective):
    """`.. options:: Socket` lists every option of a class as a property of it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the entries."""
        name = self.arguments[0]
        source: type = getattr(_options, f"{name}Options")
        target: type = getattr(zcffi, name)
        lines: list[str] = []
        for attribute, value in sorted(vars(source).items()):
            if not isinstance(value, property) or getattr(target, attribute) is not value:
                continue
            real = value.fget.__name__ if value.fget else attribute
            if real == attribute:
                lines += [f".. autoproperty:: {name}.{attribute}", ""]
            else:
                lines += [f".. py:attribute:: {name}.{attribute}", ""]
                lines += [f"   An older name of `{name}.{real}`.", ""]
        node = nodes.container()
        self.state.nested_parse(StringList(lines, "options"), self.content_offset, node)
        return node.children


# ---- C: comments --------------------------------------------------------------------------------


def lay_out_headers() -> None:
    """Copy the headers with the comments of members before them, where they are looked for."""
    HEADERS.mkdir(parents=True, exist_ok=True)
    for header in INCLUDE.glob("*.h"):
        text = re.sub(
            r"^( +)(\S.*;) +(/\*\*)<(.*\*/)$", r"\1\3\4 \2", header.read_text(), flags=re.MULTILINE
        )
        copy = HEADERS / header.name
        if not copy.exists() or copy.read_text() != text:
            copy.write_text(text)


def mark_names(app: Sphinx, lines: list[str], transform: str | None, options: Any) -> None:
    """Take off what is left of a comment's marks; functions and constants become links."""
    lines[1:] = [re.sub(r"^ \*( |$)", "", line) for line in lines[1:]]
    for i, line in enumerate(lines):
        lines[i] = re.sub(
            r"(?<![`:\w])((?:zmq|zcffi)_\w+\(\)|(?:ZMQ|ZCFFI)_[A-Z0-9_]*[A-Z0-9]\b)(?!\*)(?!`)",
            r"`\1`",
            line,
        )


# ---- The changelog ------------------------------------------------------------------------------


MARKS = re.compile(r"\[([^\]]+)\]\(([^)]+)\)|`([^`]+)`")
BULLETS = ("- ", "* ")


def as_rst(mark: re.Match[str]) -> str:
    """A link, or code."""
    text, address, code = mark.groups()
    return f"``{code}``" if code else f"`{text.replace('`', '')} <{address}>`__"


def take_changelog(app: Sphinx, docname: str, source: list[str]) -> None:
    """CHANGELOG.md behind the page `changelog`: headings, lists, code and links are all it has."""
    if docname != "changelog":
        return
    changelog = HERE.parent / "CHANGELOG.md"
    if not changelog.exists():
        source[0] += "\nNothing was released yet.\n"
        return
    app.env.note_dependency(str(changelog))
    lines: list[str] = []
    for line in changelog.read_text(encoding="utf-8").splitlines():
        heading = re.match(r"(#+) +(.*)", line)
        text = MARKS.sub(as_rst, heading[2] if heading else line)
        if not heading:
            before = lines[-1].lstrip() if lines else ""
            if text.startswith(BULLETS) and before and lines[-1][0] not in "-* ":
                lines.append("")
            lines.append(text)
        elif len(heading[1]) > 1:
            lines += ["", text, "=-~^"[min(len(heading[1]), 5) - 2] * max(len(text), 4), ""]
    source[0] += "\n" + "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    lay_out_headers()
    app.add_role("say", Say())
    app.add_directive("options", Options)
    app.connect("autodoc-process-docstring", mark_code)
    app.connect("hawkmoth-process-docstring", mark_names)
    app.connect("source-read", take_changelog)
    return {"parallel_read_safe": True}
