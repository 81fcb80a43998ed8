"""pyzmq's names for the same things: `import zcffi.zmq as zmq`.

A start: programs that use contexts, sockets, pollers, frames, options, errors, proxies, monitors
and asyncio by pyzmq's names run. Where it differs from `zcffi` it does what pyzmq does: sockets
linger for ever by default (SUB and XSUB not at all), `bind()` and `connect()` return context
managers, texts of options are bytes, calls of `zcffi.zmq.asyncio` give futures.
"""

from __future__ import annotations

from enum import Enum as Enum
from enum import IntEnum as IntEnum
from enum import IntFlag as IntFlag

from zcffi import get_include as get_include
from zcffi import get_library_dirs as get_library_dirs
from zcffi._constants import *
from zcffi._constants import Event
from zcffi._version import __version__ as __version__
from zcffi.errors import strerror as strerror
from zcffi.helpers import curve_keypair as curve_keypair
from zcffi.helpers import curve_public as curve_public
from zcffi.helpers import has as has
from zcffi.helpers import zmq_version as zmq_version
from zcffi.helpers import zmq_version_info as zmq_version_info
from zcffi.zmq import error as error
from zcffi.zmq import utils as utils
from zcffi.zmq._context import Context as Context
from zcffi.zmq._frame import Frame as Frame
from zcffi.zmq._functions import *
from zcffi.zmq._socket import Socket as Socket
from zcffi.zmq._tracker import FINISHED as _FINISHED_TRACKER
from zcffi.zmq._tracker import MessageTracker as MessageTracker
from zcffi.zmq.error import *

Message = Frame
SyncContext = Context
SyncSocket = Socket
COPY_THRESHOLD = 65536
DRAFT_API = False
PYZMQ_DRAFT_API = False
IPC_PATH_MAX_LEN = 107
EVENT_ALL_V1 = Event.ALL


def get_includes() -> list[str]:
    """The folders of `zmq.h`."""
    return [get_include()]
