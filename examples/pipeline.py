"""A pipeline over processes: one source, three workers, one sink.

PUSH deals its messages out in turn, PULL takes them in as they come. The workers are processes;
a context is never carried into another process, each makes its own.
"""

import multiprocessing

import zcffi
from zcffi import SocketType

NUMBERS = 3000


def work(source: str, sink: str) -> None:
    """Square numbers, until stopped."""
    with zcffi.Context() as context:
        tasks, results = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        with tasks, results:
            tasks.connect(source)
            results.connect(sink)
            while True:
                results.send(b"%d" % int(tasks.recv()) ** 2)


def main() -> None:
    """Sum the squares, and check the sum."""
    with zcffi.Context() as context:
        source, sink = context.socket(SocketType.PUSH), context.socket(SocketType.PULL)
        with source, sink:
            addresses = source.bind("tcp://127.0.0.1:*"), sink.bind("tcp://127.0.0.1:*")
            start = multiprocessing.get_context("spawn").Process
            workers = [start(target=work, args=addresses) for _ in range(3)]
            for worker in workers:
                worker.start()
            for number in range(NUMBERS):
                source.send(b"%d" % number)
            total = sum(int(sink.recv()) for _ in range(NUMBERS))
            for worker in workers:
                worker.terminate()
                worker.join()
    print("the sum of the squares is", total)
    assert total == sum(number**2 for number in range(NUMBERS))


if __name__ == "__main__":
    main()
