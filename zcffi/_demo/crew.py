"""Workers: processes, or threads for inproc, that play one half after the other."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import multiprocessing.connection
import threading
from typing import TYPE_CHECKING, Any

from zcffi._demo.patterns import PATTERNS, Pattern
from zcffi._demo.play import CLIENTS, OURS, PATIENCE_MS, Half, Outcome, Task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def work(pipe: Connection, binding: str, is_server: bool, shared: Any = None) -> None:
    """Play halves until told to stop."""
    zmq = importlib.import_module(binding)
    patterns = {pattern.name: pattern for pattern in PATTERNS}
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while (task := pipe.recv()) is not None:
            context = zmq.Context() if shared is None else shared
            half = Half(zmq, context, task, pipe)
            pattern = patterns[task.pattern]
            try:
                (pattern.server if is_server else pattern.client)(half)
            except Exception as error:  # whatever it is, it belongs into the table
                half.outcome.error = f"{type(error).__name__}: {error}"
            pipe.send(half.outcome)
            # Nobody leaves before all are done: it would change whose turn it is.
            while pipe.recv() != "over":
                pass
            half.close()
            if shared is None:
                context.term()


class Crew:
    """A server and its clients, ready to play."""

    def __init__(self, server: str, client: str, *, threads: bool = False) -> None:
        self.label = "zcffi" if server == client == OURS else f"{_name(server)}-{_name(client)}"
        self.ends: list[Any] = []
        self.pipes: list[Connection] = []
        spawn = multiprocessing.get_context("spawn")
        self.context = importlib.import_module(server).Context() if threads else None
        for i in range(1 + CLIENTS):
            ours, theirs = spawn.Pipe()
            arguments = (theirs, client if i else server, i == 0, self.context)
            end: Any
            if threads:
                end = threading.Thread(target=work, args=arguments, daemon=True)
            else:
                end = spawn.Process(target=work, args=arguments, daemon=True)
            end.start()
            if not threads:
                theirs.close()
            self.ends.append(end)
            self.pipes.append(ours)

    def play(self, pattern: Pattern, address: str, messages: int) -> Outcome:
        """Run one case."""
        for i, pipe in enumerate(self.pipes):
            pipe.send(Task(pattern.name, address, max(0, i - 1), messages))
        server, *clients = self.pipes
        outcomes = []
        waiting = list(self.pipes)
        addresses = self._hear(server)
        if isinstance(addresses, Outcome):  # it could not even bind
            outcomes.append(addresses)
            waiting.remove(server)
            addresses = ["inproc://nowhere"]
        for pipe in clients:
            pipe.send(addresses)
        heard = 0
        publishes = pattern.name in ("PUB-SUB", "XPUB-XSUB")
        while waiting:
            if publishes and waiting == [server]:
                if heard < CLIENTS and pattern.name == "PUB-SUB":
                    server.send("go")
                server.send("done")
                publishes = False
            for pipe in self._ready(waiting):
                answer = self._hear(pipe)
                if answer == "heard":
                    heard += 1
                    if heard == CLIENTS:
                        server.send("go")
                    continue
                outcomes.append(answer)
                waiting.remove(pipe)
        for pipe in self.pipes:
            with contextlib.suppress(OSError):
                pipe.send("over")
        result = Outcome()
        for outcome in outcomes:
            result.messages += outcome.messages
            result.rate = max(result.rate, outcome.rate)
            result.latencies += outcome.latencies
            result.error = result.error or outcome.error
        return result

    def _ready(self, waiting: list[Connection]) -> list[Connection]:
        """Those that have something to say; all, when nobody does for too long."""
        ready = multiprocessing.connection.wait(waiting, 3 * PATIENCE_MS / 1000)
        return [pipe for pipe in waiting if pipe in ready] or list(waiting)

    def _hear(self, pipe: Connection) -> Any:
        """What a worker says; an error when it says nothing."""
        try:
            if pipe.poll(3 * PATIENCE_MS / 1000):
                return pipe.recv()
            return Outcome(error="a worker hangs")
        except (EOFError, OSError):
            return Outcome(error="a worker died")

    def close(self) -> None:
        """Send everybody home."""
        for pipe in self.pipes:
            with contextlib.suppress(OSError):
                pipe.send(None)
        for end in self.ends:
            end.join(5)
        if self.context is not None:
            self.context.destroy(linger=0)


def _name(binding: str) -> str:
    return "zcffi" if binding == OURS else "pyzmq"
