/* PAIR (RFC 31) alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "fake_hub.h"

#include <errno.h>

TEST (pair_refuses_a_second_peer)
{
    struct fake *f = fake_open (ZMQ_PAIR);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    CHECK_INT (fake_killed (b), -EBUSY);
    CHECK_INT (fake_killed (a), 0);
    fake_arrive (b, "stranger");
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_STR (fake_send (f, "1"), "ok");
    CHECK_STR (fake_send (f, "2"), "ok");
    CHECK_STR (fake_out (a), "1");
    CHECK_STR (fake_out (a), "2");
    fake_settle (f);
    CHECK_INT (fake_pipes (f), 1);
    fake_close (f);
}

TEST (pair_takes_the_next_peer_when_the_first_has_left)
{
    struct fake *f = fake_open (ZMQ_PAIR);
    struct zc_pipe *a = fake_peer (f, NULL), *c = fake_attach (f, NULL);
    fake_arrive (a, "last words");
    fake_arrive (a, "and more");
    fake_gone (a);
    CHECK (!fake_can_send (f));
    fake_up (c, NULL);
    CHECK (!c->is_leaving);
    CHECK_STR (fake_send (f, "hello"), "ok");
    CHECK_STR (fake_out (c), "hello");
    fake_arrive (c, "new");
    CHECK_STR (fake_recv (f), "last words");
    CHECK_STR (fake_recv (f), "and more");
    CHECK_STR (fake_recv (f), "new");
    CHECK_INT (fake_pipes (f), 1);
    fake_close (f);
}

TEST (pair_peers_may_leave_one_after_the_other_unread)
{
    struct fake *f = fake_open (ZMQ_PAIR);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive (a, "a");
    fake_gone (a);
    struct zc_pipe *b = fake_peer (f, NULL);
    fake_arrive (b, "b1");
    fake_arrive (b, "b2");
    fake_gone (b);
    CHECK_STR (fake_recv (f), "a");
    struct zc_pipe *c = fake_peer (f, NULL);
    CHECK (!c->is_leaving);
    fake_arrive (c, "c");
    CHECK_STR (fake_recv (f), "b1");
    CHECK_STR (fake_recv (f), "b2");
    CHECK_STR (fake_recv (f), "c");
    fake_close (f);
}
