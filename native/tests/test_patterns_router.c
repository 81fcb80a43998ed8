/* ROUTER (RFC 28) and STREAM alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "base/alloc.h"
#include "core/pipe.h"
#include "fake_hub.h"
#include "sock/patterns.h"

#include <errno.h>

/* ---- ROUTER ---- */

TEST (router_names_its_peers)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    struct zc_pipe *a = fake_peer (f, "alice"), *b = fake_peer (f, NULL), *c = fake_peer (f, NULL);
    fake_arrive (a, "|q");
    fake_arrive (b, "b");
    fake_arrive (c, "c");
    CHECK_STR (fake_recv (f), "alice||q");
    CHECK_STR (fake_recv (f), "~ABCD|b");
    CHECK_STR (fake_recv (f), "~ABCE|c");
    CHECK_STR (fake_send (f, "alice||r"), "ok");
    CHECK_STR (fake_out (a), "|r");
    CHECK_STR (fake_send (f, "~ABCE|s"), "ok");
    CHECK_STR (fake_out (c), "s");
    fake_close (f);
}

TEST (router_drops_what_has_no_peer)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    CHECK_STR (fake_send (f, "nobody|x"), "ok");
    CHECK_STR (fake_send (f, "just a name"), "ok");
    CHECK_INT (f->hub.dropped, 1);
    fake_close (f);
}

TEST (router_mandatory_tells)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    fake_set_int (f, ZMQ_ROUTER_MANDATORY, 1);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    CHECK (!fake_can_send (f));
    CHECK_STR (fake_admit (f, "a"), "EHOSTUNREACH");
    CHECK_STR (fake_send (f, "a|x"), "EHOSTUNREACH");
    CHECK_STR (fake_send (f, "a"), "ok");
    struct zc_pipe *a = fake_peer (f, "a");
    CHECK (fake_can_send (f));
    CHECK_STR (fake_admit (f, "a"), "ok");
    CHECK_STR (fake_send (f, "a|x"), "ok");
    CHECK (!fake_can_send (f));
    CHECK_STR (fake_admit (f, "a"), "EAGAIN");
    CHECK_STR (fake_send (f, "a|y"), "EAGAIN");
    CHECK_STR (fake_send_forced (f, "a|y"), "ok");
    CHECK_STR (fake_out (a), "x");
    CHECK_STR (fake_out (a), "y");
    fake_arrive (a, "unread");
    fake_gone (a);
    CHECK_STR (fake_send (f, "a|z"), "EHOSTUNREACH");
    CHECK_STR (fake_send_forced (f, "a|z"), "ok"); /* the peer left in the middle of the message */
    CHECK_STR (fake_recv (f), "a|unread");
    fake_close (f);
}

TEST (router_drops_for_a_full_peer)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, "a");
    CHECK_STR (fake_send (f, "a|1"), "ok");
    CHECK_STR (fake_send (f, "a|2"), "ok");
    CHECK_INT (fake_of (a)->full_told, 1);
    CHECK_STR (fake_out (a), "1");
    CHECK_STR (fake_out (a), "");
    CHECK_INT (f->hub.dropped, 1);
    fake_close (f);
}

TEST (router_refuses_a_newcomer_whose_name_is_taken)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    struct zc_pipe *a = fake_peer (f, "x"), *b = fake_peer (f, "x");
    CHECK_INT (fake_killed (a), 0);
    CHECK_INT (fake_killed (b), -EADDRINUSE);
    fake_arrive (b, "impostor");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_settle (f);
    fake_arrive (a, "me");
    CHECK_STR (fake_recv (f), "x|me");
    fake_gone (a);
    struct zc_pipe *c = fake_peer (f, "x");
    CHECK_INT (fake_killed (c), 0);
    CHECK_STR (fake_send (f, "x|hi"), "ok");
    CHECK_STR (fake_out (c), "hi");
    fake_close (f);
}

TEST (router_handover_replaces_the_old_peer)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    fake_set_int (f, ZMQ_ROUTER_HANDOVER, 1);
    fake_set_int (f, ZMQ_ROUTER_MANDATORY, 1);
    struct zc_pipe *a = fake_peer (f, "x");
    fake_arrive (a, "before|1");
    fake_arrive (a, "before|2");
    struct zc_pipe *b = fake_peer (f, "x");
    CHECK_INT (fake_killed (a) | fake_killed (b),
               0); /* closed, it would come back and replace its successor */
    fake_arrive (a, "after");
    fake_arrive (b, "new");
    CHECK_STR (fake_send (f, "x|hi"), "ok");
    CHECK_STR (fake_out (b), "hi");
    CHECK_STR (fake_out (a), "");
    CHECK_STR (fake_recv (f), "x|before|1");
    CHECK_STR (fake_recv (f), "x|before|2");
    CHECK_STR (fake_recv (f), "x|new");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_gone (b);
    fake_arrive (a, "again");
    CHECK_STR (fake_recv (f), "x|again");
    CHECK_STR (fake_send (f, "x|back"), "ok");
    CHECK_STR (fake_out (a), "back");
    fake_gone (a);
    CHECK_STR (fake_send (f, "x|"), "EHOSTUNREACH");
    fake_close (f);
}

TEST (router_replaced_peers_may_leave_and_return)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    fake_set_int (f, ZMQ_ROUTER_HANDOVER, 1);
    struct zc_pipe *a = fake_attach (f, NULL), *b, *c;
    fake_up (a, "x");
    b = fake_peer (f, "x");
    c = fake_peer (f, "x");
    fake_gone (b);
    fake_down (a);
    fake_up (a, "x"); /* a new connection of the same name: the newest */
    fake_send (f, "x|1");
    CHECK_STR (fake_out (a), "1");
    fake_arrive (c, "mute");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_gone (a);
    fake_send (f, "x|2");
    CHECK_STR (fake_out (c), "2");
    const struct zc_router *r = f->sock.state;
    CHECK_INT (r->replaced, 0);
    fake_close (f);
}

TEST (router_uses_a_given_name_before_the_handshake)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    uint8_t *id;
    size_t n;

    CHECK_INT (zc_router_take_connect_id (&f->sock, &id, &n), 0);
    CHECK (!id);
    CHECK_INT (fake_set (f, ZMQ_CONNECT_ROUTING_ID, "given"), 0);
    CHECK_INT (zc_router_take_connect_id (&f->sock, &id, &n), 0);
    REQUIRE (id);
    CHECK_INT (n, 5);
    CHECK_MEM (id, "given", 5);
    zc_free (id);
    CHECK_INT (zc_router_take_connect_id (&f->sock, &id, &n), 0);
    CHECK (!id); /* used up */

    fake_set_int (f, ZMQ_ROUTER_MANDATORY, 1);
    struct zc_pipe *a = fake_attach (f, "given");
    CHECK_STR (fake_send (f, "given|1"), "ok");
    fake_up (a, "its own name");
    CHECK_STR (fake_send (f, "given|2"), "ok");
    CHECK_STR (fake_send (f, "its own name|3"), "EHOSTUNREACH");
    fake_down (a);
    CHECK_STR (fake_send (f, "given|4"), "ok");
    fake_up (a, NULL);
    fake_arrive (a, "r");
    CHECK_STR (fake_recv (f), "given|r");

    fake_set (f, ZMQ_CONNECT_ROUTING_ID, "given");
    CHECK_INT (zc_router_take_connect_id (&f->sock, &id, &n), -EADDRINUSE);
    fake_close (f);
}

TEST (router_keeps_a_name_over_connections_unless_another_is_told)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    struct zc_pipe *a = fake_attach (f, NULL), *b = fake_attach (f, NULL);
    fake_set_int (f, ZMQ_ROUTER_MANDATORY, 1);
    CHECK (!fake_can_send (f)); /* nobody has a name yet */
    fake_up (a, "first");
    fake_up (b, NULL);
    fake_down (a);
    fake_down (b);
    CHECK_STR (fake_send (f, "first|1"), "ok");
    fake_up (a, "first");
    fake_up (b, NULL);
    CHECK_STR (fake_send (f, "~ABCD|1"), "ok");
    fake_down (a);
    fake_up (a, "second");
    CHECK_STR (fake_send (f, "first|2"), "EHOSTUNREACH");
    CHECK_STR (fake_send (f, "second|2"), "ok");
    fake_down (b);
    fake_up (b, "second");
    CHECK_INT (fake_killed (b), -EADDRINUSE);
    fake_close (f);
}

TEST (router_survives_lack_of_memory)
{
    for (int k = 1; k < 8; k++) {
        struct fake *f = fake_open (ZMQ_ROUTER);
        struct zc_pipe *a = fake_attach (f, NULL);
        atomic_store (&zc_alloc_fail_at, -1);
        CHECK_INT (fake_killed (a), 0);
        a->is_up = true;
        f->hub.ops->up (&f->hub, a);
        atomic_store (&zc_alloc_fail_at, 0);
        CHECK_INT (fake_killed (a), -ENOMEM);
        fake_arrive (a, "x");
        CHECK_STR (fake_recv (f), "EAGAIN");
        fake_settle (f);
        CHECK_INT (fake_pipes (f), 0);
        fake_close (f);
    }
}

TEST (router_raw_tells_of_connections_and_closes_them)
{
    struct fake *f = fake_open (ZMQ_ROUTER);
    fake_set_int (f, ZMQ_ROUTER_RAW, 1);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_recv (f), "~ABCE|");
    fake_arrive (a, "GET /");
    fake_gone (a);
    CHECK_STR (fake_recv (f), "~ABCD|GET /");
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_send (f, "~ABCE|"), "ok");
    CHECK (b->is_leaving);
    fake_close (f);
}

/* ---- STREAM ---- */

TEST (stream_tells_of_connections_in_order_with_their_bytes)
{
    struct fake *f = fake_open (ZMQ_STREAM);
    struct zc_pipe *a = fake_attach (f, NULL);
    uint8_t id[8];
    size_t n = sizeof id;

    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (zc_options_get (&f->sock.opt, ZMQ_STREAM, ZMQ_ROUTING_ID, id, &n), 0);
    CHECK_INT (n, 5);
    CHECK_MEM (id, "\0ABCD", 5);
    fake_up (a, NULL);
    fake_arrive (a, "one");
    fake_down (a);
    fake_up (a, NULL);
    fake_arrive (a, "two");
    fake_gone (a);
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_recv (f), "~ABCD|one");
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_recv (f), "~ABCD|two");
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (fake_pipes (f), 0);
    fake_close (f);
}

/* Programs take turns: the first notice is a connection, the next its end. */
TEST (stream_tells_no_end_of_a_connection_that_it_could_not_tell)
{
    struct fake *f = fake_open (ZMQ_STREAM);
    struct zc_pipe *a = fake_attach (f, NULL);

    atomic_store (&zc_alloc_fail_at, -1);
    a->is_up = true;
    f->hub.ops->up (&f->hub, a);
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (fake_killed (a), -ENOMEM);
    fake_down (a);
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_up (a, NULL);
    CHECK_STR (fake_recv (f), "~ABCD|");
    fake_close (f);
}

TEST (stream_sends_to_a_connection)
{
    struct fake *f = fake_open (ZMQ_STREAM);
    CHECK_INT (f->sock.pattern->last_part, 2);
    fake_set_int (f, ZMQ_STREAM_NOTIFY, 0);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    CHECK (fake_can_send (f));
    CHECK_STR (fake_send (f, "x|bytes"), "EHOSTUNREACH");
    CHECK_STR (fake_admit (f, "x"), "EHOSTUNREACH");
    CHECK_STR (fake_send_forced (f, "x|bytes"), "ok");
    CHECK_STR (fake_send (f, "x"), "ok");
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_recv (f), "EAGAIN"); /* no notices */
    CHECK_STR (fake_admit (f, "~ABCD"), "ok");
    CHECK_STR (fake_send (f, "~ABCD|bytes"), "ok");
    CHECK_STR (fake_admit (f, "~ABCD"), "EAGAIN");
    CHECK_STR (fake_send (f, "~ABCD|more"), "EAGAIN");
    CHECK_STR (fake_out (a), "bytes");
    CHECK_STR (fake_send (f, "~ABCD|a|b"), "EINVAL");
    fake_close (f);
}

TEST (stream_closes_a_connection_without_a_notice)
{
    struct fake *f = fake_open (ZMQ_STREAM);
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_recv (f), "~ABCD|");
    CHECK_STR (fake_send (f, "~ABCD|"), "ok");
    CHECK (a->is_leaving);
    CHECK_STR (fake_send (f, "~ABCD|x"), "EHOSTUNREACH");
    fake_settle (f);
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (fake_pipes (f), 0);
    fake_close (f);
}
