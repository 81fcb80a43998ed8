"""REQ, REP, DEALER, ROUTER."""

from __future__ import annotations

import contextlib

import pytest
from conftest import eventually

import zcffi
from zcffi import Flag, PollEvent, SocketType


def test_a_request_gets_its_reply(pair, transport):
    rep, req = pair(SocketType.REP, SocketType.REQ, transport)
    for i in range(20):
        req.send(b"%d" % i)
        assert rep.recv() == b"%d" % i
        rep.send_multipart([b"reply", b"%d" % i])
        assert req.recv_multipart() == [b"reply", b"%d" % i]


def test_req_refuses_a_second_send_before_the_reply(pair):
    _, req = pair(SocketType.REP, SocketType.REQ)
    req.send(b"x")
    with pytest.raises(zcffi.WrongState, match="receives its reply"):
        req.send(b"y")


def test_req_refuses_to_receive_before_it_sent(pair):
    _, req = pair(SocketType.REP, SocketType.REQ)
    with pytest.raises(zcffi.WrongState, match="first sends a request"):
        req.recv()


def test_rep_refuses_to_send_before_a_request(pair):
    rep, _ = pair(SocketType.REP, SocketType.REQ)
    with pytest.raises(zcffi.WrongState, match="first receives a request"):
        rep.send(b"x")


def test_rep_refuses_to_receive_before_it_replied(pair):
    rep, req = pair(SocketType.REP, SocketType.REQ)
    req.send(b"x")
    rep.recv()
    with pytest.raises(zcffi.WrongState, match="first sends its reply"):
        rep.recv()


def test_rep_serves_clients_in_turn(ctx, address, transport):
    rep = ctx.socket(SocketType.REP)
    where = rep.bind(address(transport))
    clients = []
    for i in range(3):
        req = ctx.socket(SocketType.REQ)
        req.connect(where)
        req.send(b"%d" % i)
        clients.append(req)
    for _ in clients:
        rep.send(b"to " + rep.recv())
    assert [req.recv() for req in clients] == [b"to %d" % i for i in range(3)]


def test_req_spreads_requests_over_its_servers(ctx, address):
    req = ctx.socket(SocketType.REQ)
    servers = []
    for _ in range(3):
        rep = ctx.socket(SocketType.REP)
        req.connect(rep.bind(address("inproc")))
        servers.append(rep)
    for _ in range(2):
        for rep in servers:
            req.send(b"x")
            assert rep.recv() == b"x"
            rep.send(b"y")
            assert req.recv() == b"y"


def test_req_relaxed_may_send_again(pair):
    rep, req = pair(SocketType.REP, SocketType.REQ)
    req.req_relaxed = True
    req.req_correlate = True
    req.send(b"one")
    req.send(b"two")
    replies = []

    def served() -> bool:
        if rep.poll(5):
            rep.send(b"re " + rep.recv())
        with contextlib.suppress(zcffi.Again):
            replies.append(req.recv(Flag.DONTWAIT))
        return bool(replies)

    eventually(served)
    assert replies == [b"re two"]


def test_router_names_its_peers(pair, transport):
    router, dealer = pair(SocketType.ROUTER, SocketType.DEALER, transport)
    dealer.send_multipart([b"a", b"b"])
    name, *parts = router.recv_multipart()
    assert len(name) == 5
    assert name[0] == 0
    assert parts == [b"a", b"b"]
    router.send_multipart([name, b"c"])
    assert dealer.recv() == b"c"


def test_a_peer_may_choose_its_name(ctx, address, transport):
    router, dealer = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    dealer.routing_id = b"me"
    dealer.connect(router.bind(address(transport)))
    dealer.send(b"x")
    assert router.recv_multipart() == [b"me", b"x"]
    router.send_multipart([b"me", b"y"])
    assert dealer.recv() == b"y"


def test_router_drops_what_is_for_nobody(pair):
    router, dealer = pair(SocketType.ROUTER, SocketType.DEALER)
    router.send_multipart([b"nobody", b"x"])
    dealer.send(b"x")
    assert router.recv_multipart()[1:] == [b"x"]


def test_router_mandatory_says_that_nobody_is_there(pair):
    router, _ = pair(SocketType.ROUTER, SocketType.DEALER)
    router.router_mandatory = True
    with pytest.raises(zcffi.Unroutable, match="routing id") as caught:
        router.send_multipart([b"nobody", b"x"])
    assert caught.value.errno == zcffi.Errno.EHOSTUNREACH
    assert isinstance(caught.value, ConnectionError)


def test_router_serves_req_with_the_empty_delimiter(pair, transport):
    router, req = pair(SocketType.ROUTER, SocketType.REQ, transport)
    req.send(b"x")
    name, empty, body = router.recv_multipart()
    assert (empty, body) == (b"", b"x")
    router.send_multipart([name, b"", b"y"])
    assert req.recv() == b"y"


def test_dealer_serves_rep_with_the_empty_delimiter(pair, transport):
    rep, dealer = pair(SocketType.REP, SocketType.DEALER, transport)
    dealer.send_multipart([b"", b"x"])
    assert rep.recv() == b"x"
    rep.send(b"y")
    assert dealer.recv_multipart() == [b"", b"y"]


def test_dealers_talk_to_each_other(pair, transport):
    one, two = pair(SocketType.DEALER, SocketType.DEALER, transport)
    one.send(b"a")
    two.send(b"b")
    assert (one.recv(), two.recv()) == (b"b", b"a")


def test_routers_talk_to_each_other(ctx, address, transport):
    one, two = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.ROUTER)
    one.routing_id, two.routing_id = b"one", b"two"
    one.router_mandatory = two.router_mandatory = True
    two.connect(one.bind(address(transport)))

    def sent() -> bool:
        try:
            two.send_multipart([b"one", b"a"])
        except zcffi.Unroutable:
            return False
        return True

    eventually(sent, "the connection")
    assert one.recv_multipart() == [b"two", b"a"]
    one.send_multipart([b"two", b"b"])
    assert two.recv_multipart() == [b"one", b"b"]


def test_connect_routing_id_names_the_server(ctx, address):
    router, dealer = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    router.connect_routing_id = b"server"
    router.connect(dealer.bind(address("tcp")))
    router.send_multipart([b"server", b"x"])
    assert dealer.recv() == b"x"


def test_probe_router_introduces_itself(ctx, address):
    router, dealer = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    dealer.probe_router = True
    dealer.routing_id = b"me"
    dealer.connect(router.bind(address("tcp")))
    assert router.recv_multipart() == [b"me", b""]


def test_a_full_dealer_waits_or_says_again(pair):
    _, dealer = pair(SocketType.DEALER, SocketType.DEALER, sndhwm=2, rcvhwm=2)
    for _ in range(4):
        dealer.send(b"x", Flag.DONTWAIT)
    assert dealer.events & PollEvent.POLLOUT == 0
    with pytest.raises(zcffi.Again):
        dealer.send(b"x", Flag.DONTWAIT)


def test_a_proxy_of_router_and_dealer_is_a_queue(ctx, transport, address):
    import threading

    front, back = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    into, out = front.bind(address(transport)), back.bind(address(transport))
    thread = threading.Thread(target=zcffi.proxy, args=(front, back))
    thread.start()
    rep, req = ctx.socket(SocketType.REP), ctx.socket(SocketType.REQ)
    rep.connect(out)
    req.connect(into)
    for i in range(10):
        req.send(b"%d" % i)
        rep.send(b"re " + rep.recv())
        assert req.recv() == b"re %d" % i
    ctx.shutdown()
    thread.join(10)
    assert not thread.is_alive()


def test_a_steerable_proxy_obeys(ctx):
    import threading

    front, back = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    into, out = front.bind("inproc://front"), back.bind("inproc://back")
    control, steer = ctx.socket(SocketType.PAIR), ctx.socket(SocketType.PAIR)
    steer.connect(control.bind("inproc://control"))
    thread = threading.Thread(target=zcffi.proxy_steerable, args=(front, back, None, control))
    thread.start()
    rep, req = ctx.socket(SocketType.REP), ctx.socket(SocketType.REQ)
    rep.connect(out)
    req.connect(into)
    req.send(b"x")
    rep.send(rep.recv())
    assert req.recv() == b"x"
    steer.send(b"STATISTICS")
    assert len(steer.recv_multipart()) == 8
    steer.send(b"TERMINATE")
    thread.join(10)
    assert not thread.is_alive()
