"""Options by number and by name in any case, as pyzmq has them.

The kind of each option is learned from the typed properties that are generated from the table of
options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import ContextOption, SocketOption
from zcffi._options import SocketOptions

if TYPE_CHECKING:
    from zcffi._options import OptionKind

__all__ = ["CONTEXT_NUMBERS", "KINDS", "NUMBERS"]


class _Found(Exception):
    """Carries what a property would have asked for."""


class _Probe(SocketOptions):
    """Not a socket: tells what its properties ask for."""

    def _get_option(self, number: int, kind: OptionKind) -> int:  # type: ignore[override]
        raise _Found(number, kind)

    def _set_option(self, number: int, kind: OptionKind, value: object) -> None:
        raise _Found(number, kind)


def _ask(property_: property) -> tuple[int, OptionKind] | None:
    try:
        if property_.fset is not None:
            property_.fset(_Probe(), 0)
        elif property_.fget is not None:
            property_.fget(_Probe())
    except _Found as found:
        number, kind = found.args
        return number, kind
    except AttributeError:
        return None
    return None


KINDS: dict[int, OptionKind] = {
    SocketOption.SUBSCRIBE: "bytes",
    SocketOption.UNSUBSCRIBE: "bytes",
}
for _each in vars(SocketOptions).values():
    if isinstance(_each, property) and (_answer := _ask(_each)) is not None:
        KINDS[_answer[0]] = _answer[1]

# HWM is no option of the core any more: it stands for SNDHWM and RCVHWM.
NUMBERS: dict[str, int] = {name: int(option) for name, option in SocketOption.__members__.items()}
CONTEXT_NUMBERS: dict[str, int] = {
    name: int(option) for name, option in ContextOption.__members__.items()
}
