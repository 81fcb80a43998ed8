#!/usr/bin/env python3
"""Check that the house stands as docs/design says: what includes and imports what.

Usage: python tools/check_architecture.py [ROOT]

Prints each violation as `file:line: reason` and exits with 1 when there is one.

In native/src: no include points to a floor above or beside, no file includes itself by a way
round, only os/ asks which operating system this is or includes its headers, and nothing
ends the process or prints. In zcffi/: only _ffi.py imports compiled code, and no module imports
itself by a way round, neither for its types nor within a function.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FLOORS = ("python", "api", "sock", "link", "core", "wire", "os", "base")  # from the top

# Floors that see less than all floors below them.
SEES_ONLY: dict[str, frozenset[str]] = {
    "python": frozenset(),  # the public headers
    "wire": frozenset({"base"}),
}
CONTRACTS = {("sock", "link"): "link/link.h"}  # the one file of the lower floor the upper may know

# Those of C11 that don't stand for something the operating system does (threads, time, signals).
C_HEADERS = frozenset(
    {
        *("assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h"),
        *("stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h"),
        *("stdio.h", "stdlib.h", "stdnoreturn.h", "string.h"),
    }
)
OTHER_HEADERS = {
    "python": frozenset({"Python.h"}),
    "wire": frozenset({"sodium.h"}),
    # struct iovec, in which os/net.h takes pieces; to go once os has a form of its own for them.
    "core": frozenset({"sys/uio.h"}),
    "base": frozenset({"sys/uio.h"}),
}

OS_NAMES = re.compile(
    r"\b(_WIN32|_WIN64|WIN32|WINVER|_WIN32_WINNT|__CYGWIN__|__MINGW32__|__MINGW64__|__unix|unix"
    r"|__unix__|__linux|linux|__linux__|__gnu_linux__|__ANDROID__|__APPLE__|__MACH__|__FreeBSD__"
    r"|__OpenBSD__|__NetBSD__|__DragonFly__|__sun|sun|__sun__|_AIX|__hpux|__QNX__|__HAIKU__"
    r"|__EMSCRIPTEN__|__wasi__|_POSIX_VERSION|_POSIX_C_SOURCE|TARGET_OS_\w+)\b"
)
CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b(.*)$", re.MULTILINE)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"\n]+)[>\"]", re.MULTILINE)
FORBIDDEN_CALL = re.compile(
    r"(?<![\w.>])(abort|exit|_exit|_Exit|quick_exit|printf|vprintf|fprintf|vfprintf|puts|fputs"
    r"|putchar|putc|fputc|perror)\s*\("
)
COMMENT_OR_TEXT = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)

COMPILED = frozenset({"_cffi", "_fast"})
DOOR = "_ffi.py"


class Violation(NamedTuple):
    """One broken rule and where."""

    path: Path
    line: int
    reason: str


class Edge(NamedTuple):
    """One file needs another; where it says so."""

    target: Path
    line: int


Graph = dict[Path, list[Edge]]


def line_of(text: str, position: int) -> int:
    """Give the number of the line at a position, counted from 1."""
    return text.count("\n", 0, position) + 1


def blank(text: str, *, texts: bool) -> str:
    """Put spaces for comments, and for literals too when `texts`; keep the lines."""

    def replace(match: re.Match[str]) -> str:
        found = match.group()
        if found[0] == "/" or texts:
            return re.sub(r"[^\n]", " ", found)
        return found

    return COMMENT_OR_TEXT.sub(replace, text)


def find_cycles(graph: Graph) -> Iterator[Violation]:
    """Report each edge that closes a way round, once."""
    done: set[Path] = set()
    way: list[Path] = []

    def visit(path: Path) -> Iterator[Violation]:
        way.append(path)
        for edge in graph.get(path, ()):
            if edge.target in way:
                names = [p.name for p in [*way[way.index(edge.target) :], edge.target]]
                yield Violation(path, edge.line, f"a way round: {' -> '.join(names)}")
            elif edge.target not in done:
                yield from visit(edge.target)
        way.pop()
        done.add(path)

    for path in sorted(graph):
        if path not in done:
            yield from visit(path)


# ---- C --------------------------------------------------------------------------------------


def refuse_include(floor: str, target: str) -> str | None:
    """Say why a file of this floor may not include the target ("room/file.h"), or None."""
    other = target.split("/")[0]
    if other not in FLOORS or other == floor:
        return None
    if floor in SEES_ONLY:
        if other in SEES_ONLY[floor]:
            return None
        seen = " and ".join(sorted(SEES_ONLY[floor])) or "the public headers"
        return f"{floor} sees only {seen}, not {target}"
    if FLOORS.index(other) < FLOORS.index(floor):
        return f"{floor} is below {other}: {target} is an arrow upwards"
    contract = CONTRACTS.get((floor, other))
    if contract and target != contract:
        return f"{floor} knows of {other} only {contract}, not {target}"
    return None


def refuse_system_header(floor: str, name: str) -> str | None:
    """Say why a file of this floor may not include <name>, or None."""
    if floor == "os" or name in OTHER_HEADERS.get(floor, ()):
        return None
    if name in C_HEADERS:
        return None
    return f"<{name}> belongs to the operating system: only os/ asks it"


def resolve_include(source: Path, includes: Path, path: Path, name: str) -> Path | None:
    """Find the file a quoted include means; None when the build makes it."""
    for folder in (path.parent, source, includes):
        if (folder / name).is_file():
            return (folder / name).resolve()
    return None


def check_c_file(path: Path, source: Path, includes: Path, graph: Graph) -> Iterator[Violation]:
    """Check one file of native/src, and enter its includes into the graph."""
    floor = path.relative_to(source).parts[0]
    text = path.read_text(encoding="utf-8")
    code = blank(text, texts=False)
    for match in INCLUDE.finditer(code):
        line, name = line_of(code, match.start()), match.group(2)
        if match.group(1) == "<":
            reason = refuse_system_header(floor, name)
        else:
            target = resolve_include(source, includes, path, name)
            if target:
                graph[path].append(Edge(target, line))
            inside = target is not None and target.is_relative_to(source)
            room = target.relative_to(source).as_posix() if target and inside else name
            reason = refuse_include(floor, room)
        if reason:
            yield Violation(path, line, reason)
    if floor != "os":
        for match in CONDITION.finditer(code):
            found = OS_NAMES.search(match.group(1))
            if found:
                yield Violation(
                    path,
                    line_of(code, match.start()),
                    f"asks for the operating system ({found.group()}): only os/ does",
                )
    code = blank(text, texts=True)
    for match in FORBIDDEN_CALL.finditer(code):
        yield Violation(
            path,
            line_of(code, match.start()),
            f"{match.group(1)}(): the core neither ends the process nor prints; return an error",
        )


def check_c(root: Path) -> Iterator[Violation]:
    """Check native/src and the cycles it makes with the public headers."""
    source, includes = root / "native/src", root / "native/include"
    graph: Graph = {}
    for path in sorted(p for p in source.rglob("*") if p.suffix in {".c", ".h", ".def"}):
        graph[path] = []
        floor = path.relative_to(source).parts[0]
        if floor not in FLOORS:
            yield Violation(path, 1, f"{floor} is no floor; there are {', '.join(FLOORS)}")
            continue
        yield from check_c_file(path, source, includes, graph)
    for path in sorted(includes.glob("*.h")):
        code = blank(path.read_text(encoding="utf-8"), texts=False)
        graph[path] = []
        for match in INCLUDE.finditer(code):
            target = resolve_include(source, includes, path, match.group(2))
            if not target or match.group(1) == "<":
                continue
            line = line_of(code, match.start())
            graph[path].append(Edge(target, line))
            if target.is_relative_to(source):
                yield Violation(path, line, f"a public header shows {match.group(2)} to programs")
    yield from find_cycles(graph)


# ---- Python ---------------------------------------------------------------------------------


class Import(NamedTuple):
    """The full name of something imported, which may be a module or a name in one."""

    name: str
    line: int
    at_run: bool  # not only when types are checked


def is_type_checking(test: ast.expr) -> bool:
    """Tell `TYPE_CHECKING` and `typing.TYPE_CHECKING`."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def names_of(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    """Give the full names that one statement imports into a module of the package."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        parts = package.split(".")
        base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
    yield from (f"{base}.{alias.name}" for alias in node.names)


def find_imports(tree: ast.Module, package: str) -> Iterator[Import]:
    """Walk a module in order."""

    def visit(node: ast.AST, at_run: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in names_of(node, package):
                yield Import(name, node.lineno, at_run)
        elif isinstance(node, ast.If) and is_type_checking(node.test):
            for child in node.body:
                yield from visit(child, False)
            for child in node.orelse:
                yield from visit(child, at_run)
        else:
            for inner in ast.iter_child_nodes(node):
                yield from visit(inner, at_run)

    yield from visit(tree, True)


def is_compiled(name: str) -> bool:
    """Tell the compiled modules of zcffi, and what is in them."""
    parts = name.split(".")
    return parts[0] == "zcffi" and len(parts) > 1 and parts[1] in COMPILED


def find_modules(top: Path) -> dict[str, Path]:
    """Give the modules of a package by their full names."""
    modules = {}
    for path in sorted(top.rglob("*.py")):
        parts = list(path.relative_to(top.parent).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        modules[".".join(parts)] = path
    return modules


def targets_of(imported: str, importer: str, modules: dict[str, Path]) -> Iterator[str]:
    """Give the modules that importing a name runs: its own, and packages the importer is not in."""
    name = imported
    while name not in modules:
        if "." not in name:
            return
        name = name.rpartition(".")[0]
    yield name
    while "." in name:
        name = name.rpartition(".")[0]
        if name in modules and not (importer == name or importer.startswith(name + ".")):
            yield name


def check_python(root: Path) -> Iterator[Violation]:
    """Check the modules of zcffi/."""
    top = root / "zcffi"
    modules = find_modules(top)
    graph: Graph = {}
    for name, path in modules.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        graph[path] = []
        for found in find_imports(tree, package):
            if is_compiled(found.name):
                if found.at_run and path != top / DOOR:
                    reason = f"imports {found.name}: only zcffi/{DOOR} imports compiled code"
                    yield Violation(path, found.line, reason)
            else:
                for target in targets_of(found.name, name, modules):
                    if modules[target] != path:
                        graph[path].append(Edge(modules[target], found.line))
    yield from find_cycles(graph)


def main(arguments: list[str]) -> int:
    """Check the tree at the given root, or the one this file is in."""
    root = Path(arguments[0]) if arguments else Path(__file__).parent.parent
    root = root.resolve()
    violations = sorted({*check_c(root), *check_python(root)})
    for path, line, reason in violations:
        print(f"{path.relative_to(root)}:{line}: {reason}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
