"""Small programs by pyzmq's names; prints what each gives or raises. The name of the module is the
argument: the answers of pyzmq and of zcffi.zmq are compared.
"""

import importlib
import sys
from collections.abc import Callable

zmq = importlib.import_module(sys.argv[1])
context = zmq.Context()
kept = []

# What programs catch; ours are Python's own errors, too.
CAUGHT = {"Again", "ContextTerminated", "ZMQError", "ZMQBindError"}
CAUGHT |= {"TypeError", "AttributeError", "KeyError", "UnicodeDecodeError"}


def socket(kind: str) -> object:
    made = context.socket(getattr(zmq, kind))
    made.linger = 0
    kept.append(made)
    return made


def show(name: str, program: Callable[[], object]) -> None:
    try:
        answer = program()
    except Exception as error:
        names = {each.__name__ for each in type(error).__mro__}
        print(name, "raises", *sorted(names & CAUGHT), getattr(error, "errno", None))
    else:
        if isinstance(answer, int):
            answer = int(answer)
        print(name, answer)


def pair(bound: str, connected: str, where: str = "tcp://127.0.0.1") -> tuple[object, object]:
    one, two = socket(bound), socket(connected)
    port = one.bind_to_random_port(where)
    two.connect(f"{where}:{port}")
    return one, two


pull, push = pair("PULL", "PUSH")
rep, req = pair("REP", "REQ")
sub = socket("SUB")

OPTIONS = """LINGER SNDHWM RCVHWM AFFINITY ROUTING_ID IDENTITY SNDBUF RCVBUF RCVMORE EVENTS TYPE
RECONNECT_IVL RECONNECT_IVL_MAX BACKLOG MAXMSGSIZE RCVTIMEO SNDTIMEO TCP_KEEPALIVE IMMEDIATE IPV6
MECHANISM HANDSHAKE_IVL TOS CONFLATE INVERT_MATCHING HEARTBEAT_IVL HEARTBEAT_TIMEOUT HEARTBEAT_TTL
CONNECT_TIMEOUT TCP_MAXRT XPUB_VERBOSE REQ_RELAXED SUBSCRIBE PROBE_ROUTER
ROUTER_MANDATORY""".split()  # noqa: SIM905
fresh = context.socket(zmq.DEALER)
kept.append(fresh)
for option in OPTIONS:
    show(f"get {option}", lambda option=option: getattr(fresh, option))
    show(f"get {option.lower()}", lambda option=option: fresh.getsockopt(getattr(zmq, option)))

show("linger of SUB", lambda: context.socket(zmq.SUB).linger)
show("set a negative mark", lambda: fresh.setsockopt(zmq.SNDHWM, -1))
show("set a text option to an int", lambda: fresh.setsockopt(zmq.IDENTITY, 5))
show("set an int option to a text", lambda: fresh.setsockopt(zmq.SNDHWM, b"x"))
show("set str where bytes belong", lambda: fresh.setsockopt(zmq.IDENTITY, "x"))
show("read what is no option", lambda: fresh.nonsense)
show("set what is no option", lambda: setattr(fresh, "nonsense", 1))
show("set an unknown number", lambda: fresh.setsockopt(9999, 1))
show("recv nothing", lambda: pull.recv(zmq.DONTWAIT))
show("recv in vain", lambda: (setattr(pull, "rcvtimeo", 1), pull.recv()))
show("send str", lambda: push.send("text"))
show("send a number", lambda: push.send(5))
show("send nothing at all", lambda: push.send_multipart([b"a", 5]))
show("send on PULL", lambda: pull.send(b"x"))
show("recv on PUSH", lambda: push.recv(zmq.DONTWAIT))
show("REQ receives first", lambda: req.recv(zmq.DONTWAIT))
show("REP sends first", lambda: rep.send(b"x"))
show("subscribe a DEALER", lambda: fresh.setsockopt(zmq.SUBSCRIBE, b"x"))
show("bind nonsense", lambda: fresh.bind("nonsense"))
show("bind an unknown transport", lambda: fresh.bind("carrier://pigeon"))
show("connect without a port", lambda: fresh.connect("tcp://127.0.0.1"))
show("bind twice", lambda: socket("PULL").bind(pull.LAST_ENDPOINT.decode()))
show("unbind what is not bound", lambda: fresh.unbind("tcp://127.0.0.1:9"))
show("no port in reach", lambda: fresh.bind_to_random_port("tcp://127.0.0.1", 1, 2, 1))
show("unknown type", lambda: context.socket(1000))
show("poll nothing", lambda: pull.poll(0))
show("poll room", lambda: push.poll(1000, zmq.POLLOUT))
show("poller", lambda: zmq.Poller().poll(0))
show("unregister a stranger", lambda: zmq.Poller().unregister(pull))
show("a closed socket", lambda: (sub.close(), sub.closed, sub.recv())[0])
show("closed", lambda: sub.closed)
show("send returns", lambda: push.send(b"1"))
show("recv", lambda: (setattr(pull, "rcvtimeo", 10_000), pull.recv())[1])
show(
    "send_multipart returns", lambda: push.send_multipart([b"a", bytearray(b"b"), memoryview(b"c")])
)
show("recv_multipart", lambda: pull.recv_multipart())
show("string", lambda: (push.send_string("ü"), pull.recv_string())[1])
show("bad string", lambda: (push.send(b"\xff"), pull.recv_string())[1])
show("send_string of bytes", lambda: push.send_string(b"x"))
show("json", lambda: (push.send_json({"ü": [1, None]}), pull.recv())[1])
show("compact json", lambda: (push.send_json([1, 2], separators=",:"), pull.recv())[1])
show("pyobj", lambda: (push.send_pyobj({1}), pull.recv_pyobj())[1])
show("flags by name", lambda: (push.send(b"x", flags=zmq.DONTWAIT), pull.recv(flags=0))[1])
show("more", lambda: (push.send(b"x", zmq.SNDMORE), push.send(b"y"), pull.recv(), pull.RCVMORE)[3])
show("the rest", lambda: (pull.recv(), pull.RCVMORE))
show("frame", lambda: (push.send(b"abc"), pull.recv(copy=False))[1].bytes)
show("recv_into", lambda: (push.send(b"abc"), pull.recv_into(bytearray(8)))[1])
show("wrong keyword", lambda: push.send(b"x", nonsense=1))
show("strerror", lambda: zmq.strerror(zmq.EFSM))
show("context option", lambda: (context.IO_THREADS, context.get(zmq.IO_THREADS)))
show("unknown context option", lambda: context.nonsense)

# ---- Addresses, pollers, frames ----

bound = pull.last_endpoint
show("connect to bytes", lambda: socket("PUSH").connect(bound) and None)
show("connect to nothing", lambda: socket("PUSH").connect(None))
show("bind to bytes", lambda: socket("PULL").bind(b"tcp://127.0.0.1:*") and None)
show("unbind by name", lambda: (fresh.bind("inproc://u"), fresh.unbind(addr="inproc://u"))[1])
show(
    "disconnect by name",
    lambda: (fresh.connect("inproc://u"), fresh.disconnect(addr=b"inproc://u"))[1],
)
show("register by name", lambda: zmq.Poller().register(socket=pull, flags=zmq.POLLIN))


def registered() -> object:
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    poller.modify(socket=pull, flags=zmq.POLLOUT)
    return [(each is pull, int(flags)) for each, flags in poller.sockets], pull in poller


show("sockets of a poller", registered)
show("subscribe to a number", lambda: socket("SUB").subscribe(5))
show("set a fraction", lambda: setattr(fresh, "linger", 1.5))
show("set nothing", lambda: setattr(fresh, "linger", None))
show("proxy of numbers", lambda: zmq.proxy(1, 2))
show("socket type", lambda: repr(fresh.socket_type))
show("threshold of a socket", lambda: context.socket(zmq.PUSH, copy_threshold=5).copy_threshold)
show("recv_into too much", lambda: pull.recv_into(bytearray(4), nbytes=5, flags=zmq.DONTWAIT))
show("recv_into less than nothing", lambda: pull.recv_into(bytearray(4), nbytes=-1))
show("recv_into some", lambda: (push.send(b"abc"), pull.recv_into(bytearray(4), nbytes=2))[1])
show("equal frames", lambda: (zmq.Frame(b"a") == zmq.Frame(b"a"), len({zmq.Frame(b"a")})))
show("a tracked frame", lambda: zmq.Frame(b"a", track=True, copy=True).tracker.done)
show("a plain frame", lambda: zmq.Frame(b"a", copy_threshold=5).tracker)
show("a copied frame", lambda: __import__("copy").copy(zmq.Frame(b"a")).bytes)
show("a pickled frame", lambda: __import__("pickle").dumps(zmq.Frame(b"a")))
show("a property that is not there", lambda: zmq.Frame(b"a")["Nothing"])
show("a property by no number", lambda: zmq.Frame(b"a").get(99))
show("a property that is set", lambda: zmq.Frame(b"a").set(zmq.MORE, 1))


class Own(zmq.Socket):
    """Says its own word for everything; helpers go through `send` and `recv`."""

    def send(self, data: bytes, *flags: object, **named: object) -> object:
        return b"sent " + data

    def recv(self, *flags: object, **named: object) -> bytes:
        return b'"mine"'


own = Own(context, zmq.DEALER)
kept.append(own)
show("own send", lambda: (own.send_string("a"), own.send_json(1)))
show("own recv", lambda: (own.recv_string(), own.recv_json()))
for each in kept:
    each.close(0)
context.term()
show("after the end", lambda: context.socket(zmq.PULL))
show("closed context", lambda: context.closed)
