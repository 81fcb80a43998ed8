/* REQ and REP (RFC 28) alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "base/alloc.h"
#include "fake_hub.h"

#include <errno.h>

/* ---- REQ ---- */

TEST (req_alternates_strictly)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_recv (f), "EFSM");
    CHECK_STR (fake_send (f, "q|1"), "ok");
    CHECK_STR (fake_out (a), "|q|1"); /* RFC 28: an empty delimiter first */
    CHECK (!fake_can_send (f));
    CHECK_STR (fake_send (f, "q"), "EFSM");
    CHECK_STR (fake_admit (f, "q"), "EFSM");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive (a, "|r|2");
    CHECK_STR (fake_recv (f), "r|2");
    CHECK_STR (fake_recv (f), "EFSM");
    CHECK (fake_can_send (f));
    CHECK_STR (fake_send (f, "q"), "ok");
    fake_close (f);
}

TEST (req_drops_replies_of_others_and_malformed_ones)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive (a, "|early");
    CHECK_STR (fake_send (f, "q"), "ok");
    struct zc_pipe *to = *fake_out (a) ? a : b, *other = to == a ? b : a;
    fake_arrive (other, "|stranger");
    fake_arrive (to, "no delimiter");
    fake_arrive (to, "id|x");
    fake_arrive (to, "");
    CHECK_INT (to->in_msgs + other->in_msgs, 0);
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive (to, "|good");
    fake_arrive (to, "|twice");
    CHECK_STR (fake_recv (f), "good");
    CHECK_STR (fake_send (f, "next"), "ok");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (req_waits_on_when_its_peer_dies)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_send (f, "q");
    fake_gone (a);
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_peer (f, NULL);
    CHECK_STR (fake_send (f, "q"), "EFSM");
    fake_set_int (f, ZMQ_REQ_RELAXED, 1);
    CHECK_STR (fake_send (f, "q"), "ok");
    fake_close (f);
}

TEST (req_reads_the_reply_of_a_peer_that_left_after_it)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_send (f, "q");
    fake_arrive (a, "junk");
    fake_arrive (a, "|r");
    fake_gone (a);
    CHECK_STR (fake_recv (f), "r");
    CHECK_INT (fake_pipes (f), 0);
    fake_close (f);
}

TEST (req_correlate_numbers_requests)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_set_int (f, ZMQ_REQ_CORRELATE, 1);
    fake_send (f, "q");
    CHECK_STR (fake_out (a), "ABCD||q");
    fake_set_int (f, ZMQ_REQ_CORRELATE, 0); /* the reply at hand is judged by its request */
    fake_arrive (a, "|r");
    fake_arrive (a, "ABCC||r");
    fake_arrive (a, "ABCD|x|r");
    fake_arrive (a, "ABCD|");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive (a, "ABCD||r");
    CHECK_STR (fake_recv (f), "r");
    fake_set_int (f, ZMQ_REQ_CORRELATE, 1);
    fake_send (f, "q");
    CHECK_STR (fake_out (a), "ABCE||q");
    fake_close (f);
}

TEST (req_relaxed_gives_up_the_old_request)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_set_int (f, ZMQ_REQ_RELAXED, 1);
    fake_send (f, "1");
    CHECK_STR (fake_out (a), "|1");
    fake_arrive (a, "|old, queued");
    CHECK (fake_can_send (f));
    CHECK_STR (fake_send (f, "2"), "ok");
    CHECK_STR (fake_out (b), "|2");
    fake_arrive (a, "|old, late");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive (b, "|new");
    CHECK_STR (fake_recv (f), "new");
    CHECK_STR (fake_send (f, "3"), "ok");
    CHECK_STR (fake_out (a), "|3");
    fake_close (f);
}

TEST (req_keeps_the_reply_when_a_relaxed_send_fails)
{
    struct fake *f = fake_open (ZMQ_REQ);
    fake_set_int (f, ZMQ_REQ_RELAXED, 1);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_send (f, "1");
    fake_arrive (a, "|r");
    CHECK_STR (fake_send (f, "2"), "EAGAIN");
    CHECK_STR (fake_recv (f), "r");
    fake_close (f);
}

TEST (req_wants_the_whole_reply_read_first)
{
    struct fake *f = fake_open (ZMQ_REQ);
    fake_peer (f, NULL);
    zc_frames_put (&f->sock.half_in, 0, "rest", 4);
    CHECK (!fake_can_send (f));
    CHECK_STR (fake_send (f, "q"), "EFSM");
    zc_frames_clear (&f->sock.half_in);
    CHECK_STR (fake_send (f, "q"), "ok");
    fake_close (f);
}

TEST (req_sends_more_parts_than_fit_its_stack)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_send (f, "1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h"), "ok");
    CHECK_STR (fake_out (a), "|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h");
    fake_close (f);
}

/* ---- REP ---- */

TEST (rep_alternates_strictly_and_returns_the_envelope)
{
    struct fake *f = fake_open (ZMQ_REP);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    CHECK_STR (fake_send (f, "r"), "EFSM");
    fake_arrive (a, "hop1|hop2||q|1");
    fake_arrive (b, "|p");
    CHECK_STR (fake_recv (f), "q|1");
    CHECK_STR (fake_recv (f), "EFSM");
    CHECK (fake_can_send (f));
    CHECK_STR (fake_send (f, "r|2"), "ok");
    CHECK_STR (fake_out (a), "hop1|hop2||r|2");
    CHECK_STR (fake_send (f, "r"), "EFSM");
    CHECK_STR (fake_recv (f), "p");
    CHECK_STR (fake_send (f, "s"), "ok");
    CHECK_STR (fake_out (b), "|s");
    CHECK_STR (fake_out (a), "");
    fake_close (f);
}

TEST (rep_discards_requests_without_a_delimiter)
{
    struct fake *f = fake_open (ZMQ_REP);
    struct zc_pipe *a = fake_peer (f, NULL);
    static const char *const bad[] = {"x", "a|b", "a|", ""};
    for (size_t i = 0; i < 4; i++)
        fake_arrive (a, bad[i]);
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (a->in_msgs, 0);
    fake_arrive (a, "a|b");
    fake_arrive (a, "||");
    CHECK_STR (fake_recv (f), "|");
    fake_close (f);
}

TEST (rep_drops_the_reply_to_a_vanished_peer)
{
    struct fake *f = fake_open (ZMQ_REP);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive (a, "|q");
    CHECK_STR (fake_recv (f), "q");
    fake_gone (a);
    CHECK (fake_can_send (f));
    CHECK_STR (fake_send (f, "r"), "ok");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (rep_drops_the_reply_to_a_full_peer)
{
    struct fake *f = fake_open (ZMQ_REP);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL);
    for (int i = 0; i < 2; i++) {
        fake_arrive (a, "|q");
        CHECK_STR (fake_recv (f), "q");
        CHECK_STR (fake_send (f, "r"), "ok");
    }
    CHECK_INT (f->hub.dropped, 1);
    CHECK_INT (fake_of (a)->full_told, 1);
    fake_close (f);
}

TEST (rep_keeps_large_and_long_envelopes)
{
    struct fake *f = fake_open (ZMQ_REP);
    struct zc_pipe *a = fake_peer (f, NULL);
    const char *env = "1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h|"
                      "a name of more than forty-eight bytes, which does not fit a message|i";
    char text[512];
    for (int i = 0; i < 2; i++) {
        snprintf (text, sizeof text, "%s||q", env);
        fake_arrive (a, text);
        CHECK_STR (fake_recv (f), "q");
        CHECK_STR (fake_send (f, "r"), "ok");
        snprintf (text, sizeof text, "%s||r", env);
        CHECK_STR (fake_out (a), text);
    }
    fake_arrive (a, text); /* closed while it owes a reply */
    CHECK_STR (fake_recv (f), "r");
    fake_close (f);
}

TEST (rep_loses_no_request_when_there_is_no_memory)
{
    struct fake *f = fake_open (ZMQ_REP);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive (a, "hop||q");
    atomic_store (&zc_alloc_fail_at, -1);
    struct zc_incoming in;
    CHECK_INT (f->sock.pattern->recv (&f->sock, &in), -ENOMEM);
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_STR (fake_recv (f), "q");
    fake_close (f);
}
