/* PUSH, PULL (RFC 30) and DEALER (RFC 28) alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "base/alloc.h"
#include "core/pipe.h"
#include "fake_hub.h"

TEST (push_sends_in_turn)
{
    struct fake *f = fake_open (ZMQ_PUSH);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_attach (f, NULL); /* b: connecting still */
    for (int i = 0; i < 4; i++)
        CHECK_STR (fake_send (f, i & 1 ? "odd|x" : "even"), "ok");
    CHECK_STR (fake_out (a), "even");
    CHECK_STR (fake_out (a), "even");
    CHECK_STR (fake_out (b), "odd|x");
    CHECK_STR (fake_out (b), "odd|x");
    fake_close (f);
}

TEST (push_skips_full_peers_and_waits_when_all_are)
{
    struct fake *f = fake_open (ZMQ_PUSH);
    fake_set_int (f, ZMQ_SNDHWM, 2);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    for (int i = 0; i < 4; i++)
        CHECK_STR (fake_send (f, "m"), "ok");
    CHECK (!fake_can_send (f));
    CHECK_STR (fake_send (f, "n"), "EAGAIN");
    CHECK_STR (fake_out (b), "m");
    CHECK_STR (fake_send (f, "n"), "ok");
    CHECK_STR (fake_send (f, "o"), "EAGAIN");
    CHECK_STR (fake_out (b), "m");
    CHECK_STR (fake_out (b), "n");
    CHECK_STR (fake_out (a), "m");
    fake_close (f);
}

TEST (push_takes_an_admitted_message_over_the_mark)
{
    struct fake *f = fake_open (ZMQ_PUSH);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    CHECK_STR (fake_send_forced (f, "nobody"), "EAGAIN");
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_send (f, "1"), "ok");
    CHECK_STR (fake_send (f, "2"), "EAGAIN");
    CHECK_STR (fake_send_forced (f, "2"), "ok");
    CHECK_STR (fake_out (a), "1");
    CHECK_STR (fake_out (a), "2");
    fake_close (f);
}

TEST (push_goes_on_to_others_when_a_peer_is_gone)
{
    struct fake *f = fake_open (ZMQ_PUSH);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    a->is_leaving = true; /* its end was not told yet: the pipe says so itself */
    CHECK_STR (fake_send (f, "1"), "ok");
    CHECK_STR (fake_send (f, "2"), "ok");
    CHECK_STR (fake_out (b), "1");
    CHECK_STR (fake_out (b), "2");
    CHECK_INT (f->hub.act_count, 1);
    fake_close (f);
}

TEST (push_drops_what_its_peers_send)
{
    struct fake *f = fake_open (ZMQ_PUSH);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive (a, "x");
    CHECK_INT (a->in_msgs, 0);
    fake_close (f);
}

TEST (push_keeps_the_message_when_there_is_no_memory)
{
    struct fake *f = fake_open (ZMQ_PUSH);
    fake_peer (f, NULL);
    atomic_store (&zc_alloc_fail_at, -1);
    CHECK_STR (fake_send (f, "a|b"), "ENOMEM");
    atomic_store (&zc_alloc_fail_at, 0);
    fake_close (f);
}

TEST (pull_receives_fairly_whole_messages)
{
    struct fake *f = fake_open (ZMQ_PULL);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive (a, "a1");
    fake_arrive (a, "a2|x");
    fake_arrive (a, "a3");
    fake_arrive (b, "b1");
    CHECK_STR (fake_recv (f), "a1");
    CHECK_STR (fake_recv (f), "b1");
    CHECK_STR (fake_recv (f), "a2|x");
    CHECK_STR (fake_recv (f), "a3");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (pull_still_reads_what_a_lost_peer_sent)
{
    struct fake *f = fake_open (ZMQ_PULL);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive (a, "1");
    fake_arrive (a, "2");
    fake_gone (a);
    CHECK_STR (fake_recv (f), "1");
    CHECK_STR (fake_recv (f), "2");
    CHECK_INT (fake_pipes (f), 0);
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (dealer_sends_in_turn_and_receives_fairly)
{
    struct fake *f = fake_open (ZMQ_DEALER);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_send (f, "1");
    fake_send (f, "2");
    CHECK_STR (fake_out (a), "1");
    CHECK_STR (fake_out (b), "2");
    fake_arrive (b, "|r");
    CHECK_STR (fake_recv (f), "|r");
    fake_close (f);
}
