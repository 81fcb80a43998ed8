"""The rows of the benchmark in Python: `python python_rows.py LIBRARY ROW SECONDS [ARGUMENT...]`.

LIBRARY is `zcffi`, `zcffi.zmq` or `pyzmq`. Prints a name and a number on each line, as the programs
in C do. `bench/run.py` runs it, each time in a process of its own; so nothing is imported before it
is needed.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

LIBRARY, ROW, SECONDS, ARGS = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
NATIVE = LIBRARY == "zcffi"
MODULE = "zmq" if LIBRARY == "pyzmq" else LIBRARY


def show(name: str, value: float) -> None:
    print(name, f"{value:.9g}", flush=True)


class Library:
    """What the three libraries call differently."""

    def __init__(self, asynchronous: bool = False) -> None:
        if NATIVE:
            import zcffi

            self.names: Any = zcffi.SocketType
            self.Again, self.DONTWAIT, self.POLLIN = (
                zcffi.Again,
                zcffi.Flag.DONTWAIT,
                zcffi.PollEvent.POLLIN,
            )
            self.Poller: Any = zcffi.Poller
            self.context: Any = zcffi.Context()
            if asynchronous:
                import zcffi.asyncio

                self.context = zcffi.asyncio.Context()
        else:
            zmq: Any = importlib.import_module(MODULE)
            self.names = zmq
            self.Again, self.DONTWAIT, self.POLLIN = zmq.Again, zmq.DONTWAIT, zmq.POLLIN
            self.Poller = zmq.Poller
            self.context = zmq.Context()
            if asynchronous:
                self.context = importlib.import_module(MODULE + ".asyncio").Context()

    def socket(self, name: str) -> Any:
        return self.context.socket(getattr(self.names, name))


def bind(socket: Any, transport: str) -> str:
    folder = os.environ.get("BENCH_DIR", "/tmp")
    socket.bind(
        {
            "tcp": "tcp://127.0.0.1:*",
            "ipc": f"ipc://{folder}/{os.getpid()}.ipc",
            "inproc": "inproc://bench",
        }[transport]
    )
    endpoint = socket.last_endpoint if NATIVE else socket.LAST_ENDPOINT
    return endpoint if isinstance(endpoint, str) else endpoint.decode().rstrip("\0")


def other(run: Callable[[str], None]) -> Callable[[str], object]:
    """Start a process for the other side; give the function that tells it the endpoint."""
    read, write = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
        run(os.read(read, 4096).decode())
        os._exit(0)
    return lambda endpoint: (os.write(write, endpoint.encode()) and None) or None


def pair(library: Library) -> tuple[Any, Any]:
    a, b = library.socket("PAIR"), library.socket("PAIR")
    b.connect(bind(a, "inproc"))
    return a, b


def each(step: Callable[[], None], batch: int = 1000, calm: bool = True) -> None:
    """Time `step`. Alone the median over batches counts; beside a busy thread the mean, for the
    rare long waits are what it is about.
    """
    clock = time.perf_counter
    for _ in range(batch):
        step()
    times = []
    start = clock()
    while clock() - start < SECONDS:
        then = clock()
        for _ in range(batch):
            step()
        times.append((clock() - then) / batch)
    show("us", 1e6 * (sorted(times)[len(times) // 2] if calm else sum(times) / len(times)))


# ---- Calls that do not wait ----


def sendrecv() -> None:
    a, b = pair(Library())
    body = b"x" * 10

    def step() -> None:
        a.send(body)
        b.recv()

    each(step)


def sendrecv_busy() -> None:
    import threading

    a, b = pair(Library())
    body = b"x" * 10

    def burn() -> None:
        n = 0
        while True:
            n += 1

    def step() -> None:
        a.send(body)
        b.recv()

    threading.Thread(target=burn, daemon=True).start()
    each(step, 20, calm=False)


def multipart() -> None:
    a, b = pair(Library())
    parts = [b"x" * 10, b"y" * 10, b"z" * 10]

    def step() -> None:
        a.send_multipart(parts)
        b.recv_multipart()

    each(step)


def again() -> None:
    library = Library()
    a, _ = pair(library)
    error, flag = library.Again, library.DONTWAIT

    def step() -> None:
        try:  # noqa: SIM105 (suppress would cost as much as the call)
            a.recv(flag)
        except error:
            pass

    each(step)


def poll() -> None:
    a, _ = pair(Library())

    def step() -> None:
        a.poll(0)

    each(step)


def poller() -> None:
    library = Library()
    poller = library.Poller()
    sockets = [library.socket("PULL") for _ in range(10)]
    for socket in sockets:
        bind(socket, "tcp")
        poller.register(socket, library.POLLIN)

    def step() -> None:
        poller.poll(0)

    each(step, 200)


def events() -> None:
    a, _ = pair(Library())

    def native() -> None:
        a.events  # noqa: B018

    def named() -> None:
        a.EVENTS  # noqa: B018

    each(native if NATIVE else named)


# ---- Two processes ----


def samples_us(times: list[float], ways: int) -> None:
    times.sort()
    show("us", times[len(times) // 2] * 1e6 / ways)
    show("p99_us", times[len(times) * 99 // 100] * 1e6 / ways)


def reqrep(transport: str) -> None:
    def reply(endpoint: str) -> None:
        socket = Library().socket("REP")
        socket.connect(endpoint)
        while True:
            socket.send(socket.recv())

    tell = other(reply)
    socket = Library().socket("REQ")
    tell(bind(socket, transport))
    body, clock = b"x" * 64, time.perf_counter
    socket.send(body)
    socket.recv()
    times: list[float] = []
    start = then = clock()
    while then - start < SECONDS * 1.1:
        socket.send(body)
        socket.recv()
        now = clock()
        times.append(now - then)
        then = now
    samples_us(times[len(times) // 10 :], 2)


def run_async(main: Coroutine[Any, Any, None]) -> None:
    import asyncio

    asyncio.run(main)


def asyncio_reqrep(transport: str) -> None:
    async def reply(endpoint: str) -> None:
        socket = Library(asynchronous=True).socket("REP")
        socket.connect(endpoint)
        while True:
            await socket.send(await socket.recv())

    tell = other(lambda endpoint: run_async(reply(endpoint)))

    async def ask() -> None:
        socket = Library(asynchronous=True).socket("REQ")
        tell(bind(socket, transport))
        body, clock = b"x" * 64, time.perf_counter
        await socket.send(body)
        await socket.recv()
        times: list[float] = []
        start = then = clock()
        while then - start < SECONDS * 1.1:
            await socket.send(body)
            await socket.recv()
            now = clock()
            times.append(now - then)
            then = now
        samples_us(times[len(times) // 10 :], 2)
        leave()

    run_async(ask())


def asyncio_clients(count: str) -> None:
    """`count` coroutines ask through one DEALER, a ROUTER in another process answers."""
    import asyncio

    async def serve(endpoint: str) -> None:
        socket = Library(asynchronous=True).socket("ROUTER")
        socket.connect(endpoint)
        while True:
            await socket.send_multipart(await socket.recv_multipart())

    tell = other(lambda endpoint: run_async(serve(endpoint)))

    async def ask() -> None:
        socket = Library(asynchronous=True).socket("DEALER")
        tell(bind(socket, "tcp"))
        loop = asyncio.get_running_loop()
        answers: dict[bytes, asyncio.Future[bytes]] = {}
        done = 0

        async def client(name: bytes) -> None:
            nonlocal done
            while True:
                answers[name] = loop.create_future()
                await socket.send_multipart([name, b"x" * 64])
                await answers[name]
                done += 1

        async def dispatch() -> None:
            while True:
                name, body = await socket.recv_multipart()
                answers.pop(name).set_result(body)

        tasks = [asyncio.ensure_future(client(b"%d" % n)) for n in range(int(count))]
        tasks.append(asyncio.ensure_future(dispatch()))
        while not done:
            await asyncio.sleep(0.01)
        await asyncio.sleep(SECONDS / 4)
        before, start = done, time.perf_counter()
        await asyncio.sleep(SECONDS)
        show("rate", (done - before) / (time.perf_counter() - start))
        leave()

    run_async(ask())


def counted(receive: Callable[[], int], batch: int) -> None:
    """Show the rate of what `receive` says to have received, the clock asked after each batch."""
    clock = time.perf_counter
    receive()
    end = clock() + SECONDS / 5
    while clock() < end:
        for _ in range(batch):
            receive()
    got = 0
    start = now = clock()
    while now - start < SECONDS:
        for _ in range(batch):
            got += receive()
        now = clock()
    show("rate", got / (now - start))


def stream(size: str, how: str) -> None:
    """`how`: single (a call a message), many (batches of 1,000), view (a NumPy array, no copy)."""
    body: Any = b"x" * int(size)
    if how == "view":
        import numpy

        body = numpy.full(int(size), ord("x"), dtype=numpy.uint8)

    def sender(endpoint: str) -> None:
        socket = Library().socket("PUSH")
        socket.connect(endpoint)
        if how == "many":
            batch = [body] * 1000
            while True:
                socket.send_many(batch)
        elif how == "view":
            while True:
                socket.send(body, copy=False)  # it never changes
        else:
            while True:
                socket.send(body)

    tell = other(sender)
    socket = Library().socket("PULL")
    tell(bind(socket, "tcp"))

    def many() -> int:
        return len(socket.recv_many(1000))

    def view() -> int:
        array = numpy.frombuffer(socket.recv(copy=False), dtype=numpy.uint8)
        assert len(array) == len(body)
        assert not array.flags.writeable or not NATIVE
        return 1

    def single() -> int:
        socket.recv()
        return 1

    receive = {"many": many, "view": view, "single": single}[how]
    counted(receive, 1 if how == "many" or len(body) > 65536 else 100)


def threads(count: str, how: str) -> None:
    """`count` threads ask and wait for an answer each, on one DEALER (shared) or one each (own).

    On a shared socket a thread may get another's answer: it is their number that counts.
    """
    import threading

    def serve(endpoint: str) -> None:
        socket = Library().socket("ROUTER")
        for one in endpoint.split():
            socket.connect(one)
        while True:
            socket.send_multipart(socket.recv_multipart())

    tell = other(serve)
    library = Library()
    shared = library.socket("DEALER") if how == "shared" else None
    counts = [0] * int(count)
    body = b"x" * 64

    def ask(number: int, socket: Any) -> None:
        while True:
            socket.send(body)
            socket.recv()
            counts[number] += 1

    if shared is not None:
        sockets = [shared] * len(counts)
        tell(bind(shared, "tcp"))
    else:
        sockets = [library.socket("DEALER") for _ in counts]
        tell("\n".join(bind(socket, "tcp") for socket in sockets))
    for number, socket in enumerate(sockets):
        threading.Thread(target=ask, args=(number, socket), daemon=True).start()
    while not all(counts):
        time.sleep(0.01)
    time.sleep(SECONDS / 4)
    before, start = sum(counts), time.perf_counter()
    time.sleep(SECONDS)
    show("rate", (sum(counts) - before) / (time.perf_counter() - start))


def rss_kib() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123 (nothing is imported before it counts)
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def import_it() -> None:
    before, start = rss_kib(), time.perf_counter()
    importlib.import_module(MODULE)
    show("ms", (time.perf_counter() - start) * 1e3)
    show("kib", rss_kib() - before)


ROWS: dict[str, Callable[..., None]] = {
    "sendrecv": sendrecv,
    "sendrecv-busy": sendrecv_busy,
    "multipart": multipart,
    "again": again,
    "poll": poll,
    "poller": poller,
    "events": events,
    "reqrep": reqrep,
    "asyncio": asyncio_reqrep,
    "asyncio-clients": asyncio_clients,
    "stream": stream,
    "threads": threads,
    "import": import_it,
}


def leave() -> None:
    """End without closing anything: closing is not what is measured."""
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    ROWS[ROW](*ARGS)
    leave()
