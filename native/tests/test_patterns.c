/* Each socket type alone over a lower half of plain memory. Citations: RFC 28 (REQ, REP, DEALER, ROUTER), 29 (PUB, SUB), 30
 * (PUSH, PULL), 31 (PAIR). Messages as text: see fake_hub.h. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "core/pipe.h"
#include "fake_hub.h"
#include "sock/patterns.h"
#include "zcffi.h"

static bool can_send (struct fake *f)
{
    return f->hub.ops->can_send (&f->hub);
}

/* ---- the table ---- */

TEST (every_type_has_a_pattern)
{
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++) {
        const struct zc_pattern *p = zc_pattern_of (type);
        REQUIRE (p);
        CHECK_INT (p->type, type);
        CHECK (p->hub.attach && p->hub.detach);
        CHECK (p->sends == (p->send != NULL) && p->sends == (p->hub.can_send != NULL));
        CHECK (p->receives == (p->recv != NULL) && p->receives == (p->hub.can_recv != NULL));
    }
    CHECK (!zc_pattern_of (-1) && !zc_pattern_of (12));
}

TEST (a_fresh_socket_says_what_it_can_do)
{
    static const struct
    {
        int type;
        const char *send, *recv;
        bool out;
    } rows[] = {
        {ZMQ_PAIR, "EAGAIN", "EAGAIN", false}, {ZMQ_PUB, "ok", NULL, true},      {ZMQ_SUB, NULL, "EAGAIN", false},
        {ZMQ_REQ, "EAGAIN", "EFSM", false},    {ZMQ_REP, "EFSM", "EAGAIN", false}, {ZMQ_DEALER, "EAGAIN", "EAGAIN", false},
        {ZMQ_ROUTER, "ok", "EAGAIN", true},    {ZMQ_PULL, NULL, "EAGAIN", false}, {ZMQ_PUSH, "EAGAIN", NULL, false},
        {ZMQ_XPUB, "ok", "EAGAIN", true},      {ZMQ_XSUB, "ok", "EAGAIN", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake *f = fake_open (rows[i].type);
        if (rows[i].send) {
            CHECK_INT (can_send (f), rows[i].out);
            CHECK_STR (fake_send (f, "a|b"), rows[i].send);
        }
        if (rows[i].recv)
            CHECK_STR (fake_recv (f), rows[i].recv);
        fake_close (f);
    }
}

/* ---- PUSH, PULL, DEALER ---- */

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
    CHECK (!can_send (f));
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

TEST (a_probe_goes_to_every_new_connection)
{
    static const int types[] = {ZMQ_DEALER, ZMQ_REQ, ZMQ_ROUTER};
    for (size_t i = 0; i < 3; i++) {
        struct fake *f = fake_open (types[i]);
        fake_set_int (f, ZMQ_PROBE_ROUTER, 1);
        struct zc_pipe *a = fake_attach (f, NULL);
        fake_up (a, NULL);
        CHECK_INT (((struct fake_pipe *) (void *) a)->sent_msgs, 1);
        CHECK_STR (fake_out (a), "");
        fake_down (a);
        fake_up (a, NULL);
        CHECK_INT (((struct fake_pipe *) (void *) a)->sent_msgs, 1);
        fake_close (f);
    }
}

/* ---- PAIR ---- */

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
    CHECK (!can_send (f));
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

/* ---- REQ ---- */

TEST (req_alternates_strictly)
{
    struct fake *f = fake_open (ZMQ_REQ);
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_recv (f), "EFSM");
    CHECK_STR (fake_send (f, "q|1"), "ok");
    CHECK_STR (fake_out (a), "|q|1"); /* RFC 28: an empty delimiter first */
    CHECK (!can_send (f));
    CHECK_STR (fake_send (f, "q"), "EFSM");
    CHECK_STR (fake_admit (f, "q"), "EFSM");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive (a, "|r|2");
    CHECK_STR (fake_recv (f), "r|2");
    CHECK_STR (fake_recv (f), "EFSM");
    CHECK (can_send (f));
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
    CHECK (can_send (f));
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
    CHECK (!can_send (f));
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
    CHECK (can_send (f));
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
    CHECK (can_send (f));
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
    CHECK (!can_send (f));
    CHECK_STR (fake_admit (f, "a"), "EHOSTUNREACH");
    CHECK_STR (fake_send (f, "a|x"), "EHOSTUNREACH");
    CHECK_STR (fake_send (f, "a"), "ok");
    struct zc_pipe *a = fake_peer (f, "a");
    CHECK (can_send (f));
    CHECK_STR (fake_admit (f, "a"), "ok");
    CHECK_STR (fake_send (f, "a|x"), "ok");
    CHECK (!can_send (f));
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
    CHECK_INT (fake_killed (a) | fake_killed (b), 0); /* closed, it would come back and replace its successor */
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
    CHECK (!can_send (f)); /* nobody has a name yet */
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

TEST (stream_sends_to_a_connection)
{
    struct fake *f = fake_open (ZMQ_STREAM);
    CHECK_INT (f->sock.pattern->last_part, 2);
    fake_set_int (f, ZMQ_STREAM_NOTIFY, 0);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    CHECK (can_send (f));
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

/* ---- PUB, XPUB ---- */

TEST (pub_sends_to_those_whose_prefix_fits)
{
    struct fake *f = fake_open (ZMQ_PUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL), *c = fake_peer (f, NULL);
    fake_arrive_command (a, "!A");
    fake_arrive_command (a, "!AB"); /* twice fitting, once sent */
    fake_arrive (b, "!");           /* a message, as old peers send it */
    CHECK_STR (fake_send (f, "ABC|body"), "ok");
    CHECK_STR (fake_send (f, "B"), "ok");
    CHECK_STR (fake_out (a), "ABC|body");
    CHECK_STR (fake_out (a), "");
    CHECK_STR (fake_out (b), "ABC|body");
    CHECK_STR (fake_out (b), "B");
    CHECK_STR (fake_out (c), "");
    fake_arrive_command (a, "~AB");
    CHECK_STR (fake_send (f, "ABC"), "ok");
    CHECK_STR (fake_out (a), "ABC");
    fake_arrive_command (a, "~A");
    CHECK_STR (fake_send (f, "ABC"), "ok");
    CHECK_STR (fake_out (a), "");
    fake_close (f);
}

TEST (pub_never_grows_by_what_its_peers_send)
{
    struct fake *f = fake_open (ZMQ_PUB);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_set_int (f, ZMQ_XPUB_VERBOSER, 1);
    fake_set_int (f, ZMQ_XPUB_MANUAL, 1); /* no effect on PUB */
    fake_set (f, ZMQ_XPUB_WELCOME_MSG, "w");
    for (int i = 0; i < 10; i++) {
        fake_arrive (a, "user message");
        fake_arrive (a, "!A|of|parts");
        fake_arrive_command (a, "!A");
    }
    CHECK_INT (a->in_msgs, 0);
    const struct zc_xpub *x = f->sock.state;
    CHECK (zc_frames_empty (&x->news) && x->ring_count == 0);
    CHECK_STR (fake_send (f, "A"), "ok");
    CHECK_STR (fake_out (a), "A");
    fake_gone (a);
    CHECK (x->ring_count == 0);
    CHECK_INT (x->to.subs.count, 0);
    fake_close (f);
}

TEST (pub_drops_whole_messages_for_full_peers)
{
    struct fake *f = fake_open (ZMQ_PUB);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!");
    fake_send (f, "1");
    fake_arrive_command (b, "!");
    CHECK_STR (fake_send (f, "2|x"), "ok");
    CHECK_STR (fake_send_forced (f, "3"), "ok"); /* also the end of a half message */
    CHECK_STR (fake_out (a), "1");
    CHECK_STR (fake_out (a), "");
    CHECK_STR (fake_out (b), "2|x");
    CHECK_STR (fake_out (b), "");
    CHECK_INT (f->hub.dropped, 3);
    fake_close (f);
}

TEST (pub_conflate_refuses_several_parts)
{
    struct fake *f = fake_open (ZMQ_PUB);
    f->hub.conflate = true;
    CHECK_STR (fake_send (f, "a|b"), "EINVAL");
    CHECK_STR (fake_send (f, "a"), "ok");
    fake_close (f);
}

TEST (pub_shares_large_messages)
{
    struct fake *f = fake_open (ZMQ_PUB);
    struct zc_pipe *p[3];
    static char big[5000];
    struct zc_msg m;

    for (int i = 0; i < 3; i++) {
        p[i] = fake_peer (f, NULL);
        fake_arrive_command (p[i], "!");
    }
    memset (big, 'x', sizeof big);
    zc_msg_lend (&m, big, sizeof big);
    CHECK_INT (f->sock.pattern->send (&f->sock, &m, 1, false), 0);
    const void *first = NULL;
    for (int i = 0; i < 3; i++) {
        const struct zc_node *n = ((struct fake_pipe *) (void *) p[i])->sent.head;
        REQUIRE (n && n->kind == ZC_NODE_REF);
        const struct zc_msg *body = &((const struct zc_node_ref *) (const void *) n)->msg;
        CHECK (zc_msg_bytes (body) != (const uint8_t *) big);
        CHECK (!first || first == zc_msg_bytes (body));
        first = zc_msg_bytes (body);
    }
    fake_close (f);
}

TEST (pub_inverted_sends_to_those_that_do_not_match)
{
    struct fake *f = fake_open (ZMQ_PUB);
    fake_set_int (f, ZMQ_INVERT_MATCHING, 1);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    struct zc_pipe *c = fake_attach (f, NULL); /* not up */
    fake_arrive_command (a, "!A");
    fake_send (f, "AB");
    fake_send (f, "BA");
    CHECK_STR (fake_out (a), "BA");
    CHECK_STR (fake_out (a), "");
    CHECK_STR (fake_out (b), "AB");
    CHECK_STR (fake_out (b), "BA");
    CHECK_STR (fake_out (c), "");
    fake_close (f);
}

TEST (pub_forgets_the_topics_of_a_lost_connection)
{
    struct fake *f = fake_open (ZMQ_PUB);
    struct zc_pipe *a = fake_attach (f, NULL);
    fake_up (a, NULL);
    fake_arrive_command (a, "!A");
    fake_down (a);
    fake_send (f, "A");
    CHECK_STR (fake_out (a), "");
    fake_up (a, NULL);
    fake_send (f, "A");
    CHECK_STR (fake_out (a), "");
    fake_arrive_command (a, "!A");
    fake_send (f, "A");
    CHECK_STR (fake_out (a), "A");
    fake_close (f);
}

TEST (xpub_nodrop_waits_for_all_that_fit)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    fake_set_int (f, ZMQ_XPUB_NODROP, 1);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!A");
    fake_arrive_command (b, "!");
    CHECK_STR (fake_send (f, "A1"), "ok");
    CHECK_STR (fake_out (b), "A1");
    CHECK_STR (fake_send (f, "A2"), "EAGAIN"); /* a is full: b gets nothing either */
    CHECK_STR (fake_admit (f, "A2"), "EAGAIN");
    CHECK_STR (fake_out (b), "");
    CHECK_STR (fake_admit (f, "B"), "ok");
    CHECK_STR (fake_send (f, "B"), "ok");
    CHECK_STR (fake_out (b), "B");
    CHECK_STR (fake_out (a), "A1");
    CHECK_STR (fake_send (f, "A2"), "ok");
    CHECK_STR (fake_send_forced (f, "A3"), "ok");
    CHECK_STR (fake_out (a), "A2");
    CHECK_STR (fake_out (a), "A3");
    CHECK_INT (f->hub.dropped, 0);
    fake_close (f);
}

TEST (xpub_tells_only_what_is_new)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!A");
    fake_arrive (b, "!A");
    fake_arrive_command (b, "!A");
    fake_arrive_command (b, "!");
    fake_arrive_command (a, "~none");
    CHECK_STR (fake_recv (f), "!A");
    CHECK_STR (fake_recv (f), "!");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive_command (a, "~A");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive_command (b, "~A");
    CHECK_STR (fake_recv (f), "~A");
    fake_arrive_command (a, "!C");
    fake_arrive_command (b, "!C");
    CHECK_STR (fake_recv (f), "!C");
    fake_gone (b);
    CHECK_STR (fake_recv (f), "~");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_leave (a);
    CHECK_STR (fake_recv (f), "~C");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

/* The four rows were measured at a running libzmq. */
TEST (xpub_modes_tell_more)
{
    static const struct
    {
        int option;
        const char *subs, *unsub, *close, *close2;
    } rows[] = {
        {0, "!A !B ", "", "~B ", "~A "},
        {ZMQ_XPUB_VERBOSE, "!A !A !A !B ", "", "~B ", "~A "},
        {ZMQ_XPUB_VERBOSER, "!A !A !A !B ", "", "~A ~B ", "~A "},
        {ZMQ_XPUB_MANUAL, "!A !A !A !B ", "", "~A ~B ", "~A "},
    };
    for (size_t i = 0; i < 4; i++) {
        struct fake *f = fake_open (ZMQ_XPUB);
        char got[256];
        const char *m;
        if (rows[i].option)
            CHECK_INT (fake_set_int (f, rows[i].option, 1), 0);
        struct zc_pipe *u = fake_peer (f, NULL), *v = fake_peer (f, NULL);
#define ALL(want)                                                                                                           \
    for (got[0] = 0; (m = fake_recv (f))[0] != 'E';)                                                                        \
        strcat (strcat (got, m), " ");                                                                                      \
    CHECK_STR (got, want)
        fake_arrive_command (u, "!A");
        fake_arrive_command (v, "!A");
        fake_arrive_command (v, "!A");
        fake_arrive_command (v, "!B");
        ALL (rows[i].subs);
        fake_gone (v);
        ALL (rows[i].close);
        fake_gone (u);
        ALL (rows[i].close2);
        fake_close (f);
    }
}

TEST (xpub_verbose_and_verboser_replace_each_other)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_set_int (f, ZMQ_XPUB_VERBOSER, 1);
    fake_arrive_command (a, "!A");
    fake_arrive_command (b, "!A");
    fake_arrive_command (b, "~A");
    CHECK_STR (fake_recv (f), "!A");
    CHECK_STR (fake_recv (f), "!A");
    CHECK_STR (fake_recv (f), "~A");
    fake_set_int (f, ZMQ_XPUB_VERBOSE, 1);
    fake_arrive_command (b, "!A");
    fake_arrive_command (b, "~A");
    CHECK_STR (fake_recv (f), "!A");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_set_int (f, ZMQ_XPUB_VERBOSER, 0);
    fake_arrive_command (b, "!A");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (xpub_verboser_tells_topics_from_before_it_was_set)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive_command (a, "!before");
    fake_set_int (f, ZMQ_XPUB_VERBOSER, 1);
    fake_arrive_command (a, "!then");
    fake_recv (f);
    fake_recv (f);
    fake_gone (a);
    CHECK_STR (fake_recv (f), "~then");
    CHECK_STR (fake_recv (f), "~before");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (xpub_manual_lets_the_program_decide)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "x"), -EINVAL);
    fake_set_int (f, ZMQ_XPUB_MANUAL, 1);
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "x"), 0); /* for nobody */
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!A");
    fake_arrive_command (b, "!B");
    CHECK_STR (fake_recv (f), "!A");
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "XA"), 0);
    CHECK_STR (fake_recv (f), "!B");
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "XB"), 0);
    fake_send (f, "A");
    fake_send (f, "XA");
    fake_send (f, "XB");
    CHECK_STR (fake_out (a), "XA");
    CHECK_STR (fake_out (a), "");
    CHECK_STR (fake_out (b), "XB");
    fake_arrive_command (a, "~A");
    CHECK_STR (fake_recv (f), "~A");
    fake_send (f, "XA");
    CHECK_STR (fake_out (a), "XA");
    CHECK_INT (fake_set (f, ZMQ_UNSUBSCRIBE, "XA"), 0);
    fake_send (f, "XA");
    CHECK_STR (fake_out (a), "");
    fake_arrive_command (a, "!C");
    CHECK_STR (fake_recv (f), "!C");
    fake_gone (a);
    CHECK_STR (fake_recv (f), "~C");
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "late"), 0); /* it has left */
    const struct zc_xpub *x = f->sock.state;
    CHECK_INT (x->to.subs.count, 1);
    fake_close (f);
}

TEST (xpub_greets_with_the_welcome_message)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    fake_set (f, ZMQ_XPUB_WELCOME_MSG, "Wilkommen");
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_out (a), "Wilkommen");
    fake_set (f, ZMQ_XPUB_WELCOME_MSG, "");
    CHECK_STR (fake_out (fake_peer (f, NULL)), "");
    fake_close (f);
}

TEST (xpub_receives_messages_in_order_with_subscriptions)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive (a, "hello|two");
    fake_arrive (a, "");
    fake_arrive_command (b, "!A");
    fake_arrive (a, "!A|not a subscription");
    fake_arrive (b, "bye");
    CHECK_STR (fake_recv (f), "hello|two");
    CHECK_STR (fake_recv (f), "");
    CHECK_STR (fake_recv (f), "!A");
    CHECK_STR (fake_recv (f), "!A|not a subscription");
    fake_gone (b);
    CHECK_STR (fake_recv (f), "bye");
    CHECK_STR (fake_recv (f), "~A");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_close (f);
}

TEST (xpub_messages_carry_where_they_came_from)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    struct zc_pipe *a = fake_peer (f, NULL);
    static const char text[] = "Peer-Address\0there";
    struct zc_meta *meta = zc_alloc (sizeof *meta + sizeof text);
    struct zc_incoming in;
    struct zc_msg m;

    REQUIRE (meta);
    atomic_init (&meta->refs, 1);
    meta->fd = 7;
    meta->size = sizeof text;
    memcpy (meta->text, text, sizeof text);
    a->meta = meta;
    fake_arrive (a, "hello");
    fake_gone (a);
    CHECK_INT (f->sock.pattern->recv (&f->sock, &in), 0);
    CHECK (!in.pipe);
    CHECK_INT (zc_frames_take (in.frames, &m), 0);
    CHECK_STR (zc_meta_get (m.meta, "Peer-Address"), "there");
    zc_msg_close (&m);
    fake_close (f);
}

TEST (xpub_reads_no_more_messages_of_a_peer_than_its_mark)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    fake_set_int (f, ZMQ_RCVHWM, 2);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    for (int i = 0; i < 4; i++)
        fake_arrive (a, i == 3 ? "4" : i == 2 ? "3" : i == 1 ? "2" : "1");
    fake_arrive_command (a, "!A");
    fake_arrive (b, "b");
    for (int i = 0; i < 9; i++)
        fake_arrive_command (b, i & 1 ? "~B" : "!B"); /* notices do not count */
    CHECK_INT (a->in_msgs, 3);
    CHECK_INT (b->in_msgs, 0);
    CHECK_STR (fake_recv (f), "1");
    CHECK_INT (a->in_msgs, 2);
    fake_gone (a);
    CHECK_STR (fake_recv (f), "2");
    CHECK_STR (fake_recv (f), "b");
    for (int i = 0; i < 9; i++)
        CHECK_STR (fake_recv (f), i & 1 ? "~B" : "!B");
    CHECK_STR (fake_recv (f), "3");
    CHECK_STR (fake_recv (f), "4");
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (fake_pipes (f), 1);
    fake_close (f);
}

TEST (xpub_pipe_that_leaves_unread_is_read_on)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    fake_set_int (f, ZMQ_RCVHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL);
    fake_arrive (a, "1");
    fake_arrive (a, "2");
    fake_arrive_command (a, "!void");
    fake_arrive (a, "3");
    fake_leave (a);
    CHECK_STR (fake_recv (f), "1");
    CHECK_STR (fake_recv (f), "2");
    CHECK_STR (fake_recv (f), "3");
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (fake_pipes (f), 0);
    fake_close (f);
}

TEST (xpub_limits_the_subscriptions_of_a_peer)
{
    struct fake *f = fake_open (ZMQ_XPUB);
    int64_t bytes = 10;
    fake_set_int (f, ZCFFI_MAX_SUBSCRIPTIONS, 3);
    zc_options_set (&f->sock.opt, ZMQ_XPUB, ZCFFI_MAX_SUBSCRIPTION_BYTES, &bytes, sizeof bytes);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!1");
    fake_arrive_command (a, "!2");
    fake_arrive_command (a, "!3");
    fake_arrive_command (a, "!3"); /* had it */
    CHECK_INT (fake_killed (a), 0);
    fake_arrive_command (a, "~1");
    CHECK_INT (fake_killed (a), -ENOBUFS); /* four notices unread */
    fake_arrive_command (b, "!0123456789");
    CHECK_INT (fake_killed (b), 0);
    fake_arrive_command (b, "!");
    fake_arrive_command (b, "!X");
    CHECK_INT (fake_killed (b), -E2BIG);
    const struct zc_xpub *x = f->sock.state;
    CHECK_INT (x->to.subs.count, 4);
    fake_arrive_command (b, "!");
    fake_arrive (b, "more");
    CHECK_INT (b->in_msgs, 0);
    fake_settle (f);
    CHECK_INT (x->to.subs.count, 0);
    CHECK_INT (fake_pipes (f), 0);

    struct zc_pipe *c = fake_peer (f, NULL);
    for (int i = 0; i < 4; i++)
        fake_arrive_command (c, i == 0 ? "!a" : i == 1 ? "!b" : i == 2 ? "!c" : "!d");
    CHECK_INT (fake_killed (c), -E2BIG);
    fake_close (f);
}

TEST (xpub_survives_lack_of_memory)
{
    for (int k = 1; k < 40; k++) {
        struct fake *f = fake_open (ZMQ_XPUB);
        fake_set_int (f, ZMQ_XPUB_VERBOSER, k & 1);
        struct zc_pipe *a = fake_peer (f, NULL);
        struct zc_frames fresh;
        zc_frames_init (&fresh);
        for (int i = 0; i < 20; i++) {
            char body[3] = {i % 3 != 0, (char) ('A' + i), 'x'};
            zc_frames_put (&fresh, i % 5 ? ZC_F_COMMAND : 0, i % 5 ? body : "user", i % 5 ? 3 : 4);
        }
        atomic_store (&zc_alloc_fail_at, k);
        zc_pipe_arrived (a, &fresh, 20);
        atomic_store (&zc_alloc_fail_at, 0);
        int killed = fake_killed (a);
        CHECK (killed == 0 || killed == -ENOMEM);
        fake_settle (f);
        while (fake_recv (f)[0] != 'E') {
        }
        const struct zc_xpub *x = f->sock.state;
        if (killed)
            CHECK_INT (fake_pipes (f), 0);
        if (killed)
            CHECK_INT (x->to.subs.count, 0);
        fake_close (f);
    }
}

/* ---- SUB, XSUB ---- */

TEST (sub_tells_its_topics_and_counts_them)
{
    struct fake *f = fake_open (ZMQ_SUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_attach (f, NULL);
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "A"), 0);
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, "A"), 0);
    CHECK_INT (fake_set (f, ZMQ_SUBSCRIBE, ""), 0);
    CHECK_STR (fake_told (a), "!A");
    CHECK_STR (fake_told (a), "!A");
    CHECK_STR (fake_told (a), "!");
    CHECK_STR (fake_told (b), "");
    fake_up (b, NULL);
    CHECK_STR (fake_told (b), "!");
    CHECK_STR (fake_told (b), "!A");
    CHECK_INT (fake_set (f, ZMQ_UNSUBSCRIBE, "A"), 0);
    CHECK_STR (fake_told (a), "");
    CHECK_INT (fake_set (f, ZMQ_UNSUBSCRIBE, "A"), 0);
    CHECK_STR (fake_told (a), "~A");
    CHECK_INT (fake_set (f, ZMQ_UNSUBSCRIBE, "A"), 0); /* unknown: nothing */
    CHECK_STR (fake_told (a), "");
    fake_down (b);
    fake_told (b);
    fake_up (b, NULL);
    CHECK_STR (fake_told (b), "!");
    CHECK_STR (fake_told (b), "");
    fake_close (f);
}

TEST (sub_filters_once_more)
{
    struct fake *f = fake_open (ZMQ_SUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_set (f, ZMQ_SUBSCRIBE, "A");
    fake_arrive (a, "B|x");
    fake_arrive (a, "A1|y");
    fake_arrive (b, "|A");
    fake_arrive (b, "A2");
    CHECK_STR (fake_recv (f), "A1|y");
    CHECK_STR (fake_recv (f), "A2");
    CHECK_STR (fake_recv (f), "EAGAIN");
    fake_arrive (a, "A3");
    fake_set (f, ZMQ_UNSUBSCRIBE, "A");
    CHECK_STR (fake_recv (f), "EAGAIN");
    CHECK_INT (a->in_msgs, 0);
    fake_set_int (f, ZMQ_INVERT_MATCHING, 1);
    fake_arrive (a, "anything");
    CHECK_STR (fake_recv (f), "anything");
    fake_set (f, ZMQ_SUBSCRIBE, "A");
    fake_arrive (a, "A");
    fake_arrive (a, "B");
    CHECK_STR (fake_recv (f), "B");
    fake_close (f);
}

TEST (xsub_subscribes_by_message)
{
    struct fake *f = fake_open (ZMQ_XSUB);
    struct zc_pipe *a = fake_peer (f, NULL);
    CHECK_STR (fake_send (f, "!A"), "ok");
    CHECK_STR (fake_send (f, "!"), "ok");
    CHECK_STR (fake_send (f, "~none"), "ok");
    CHECK_STR (fake_send (f, "~A"), "ok");
    CHECK_STR (fake_told (a), "!A");
    CHECK_STR (fake_told (a), "!");
    CHECK_STR (fake_told (a), "~A");
    CHECK_STR (fake_told (a), "");
    CHECK_STR (fake_out (a), "");
    struct zc_pipe *b = fake_peer (f, NULL);
    CHECK_STR (fake_told (b), "!");
    CHECK_STR (fake_told (b), "");
    fake_close (f);
}

TEST (xsub_sends_other_messages_upstream_and_does_not_filter)
{
    struct fake *f = fake_open (ZMQ_XSUB);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    CHECK_STR (fake_send (f, "up|x"), "ok");
    CHECK_STR (fake_out (b), "up|x");
    CHECK_STR (fake_send (f, "!A|a message"), "ok");
    CHECK_STR (fake_out (b), "!A|a message");
    CHECK_STR (fake_out (a), "up|x");
    CHECK_STR (fake_out (a), "");
    CHECK_STR (fake_send (f, ""), "ok");
    fake_arrive (a, "unsubscribed");
    CHECK_STR (fake_recv (f), "unsubscribed");
    fake_close (f);
}

/* ---- all of them under random use ---- */

static uint64_t seed = 1;
static unsigned dice (unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned) ((seed >> 20) % n);
}

/* can_recv says what recv does (fake_recv checks it), nothing leaks, no pipe is used after its end (sanitizers). */
TEST (random_use_never_breaks_a_pattern)
{
    static const char *const texts[] = {"a", "|r", "x||y", "!A", "!B", "~A", "", "a|b|c", "ABCD||r", "p1|x", "~ABCD|", "p2||z", "A"};
    static const int flags[] = {ZMQ_REQ_CORRELATE,   ZMQ_REQ_RELAXED,  ZMQ_ROUTER_HANDOVER, ZMQ_ROUTER_MANDATORY, ZMQ_PROBE_ROUTER,
                                ZMQ_XPUB_VERBOSE,    ZMQ_XPUB_VERBOSER, ZMQ_XPUB_MANUAL,     ZMQ_XPUB_NODROP,      ZMQ_INVERT_MATCHING,
                                ZMQ_STREAM_NOTIFY,   ZMQ_SNDHWM,       ZMQ_RCVHWM,          ZCFFI_MAX_SUBSCRIPTIONS};
    static const char *const ids[] = {NULL, "p1", "p2", "p1"};
    const size_t n_texts = sizeof texts / sizeof *texts;

    for (int run = 0; run < 4000; run++) {
        struct fake *f = fake_open ((int) dice (12));
        const struct zc_pattern *pt = f->sock.pattern;
        for (int step = 0; step < 60; step++) {
            struct zc_pipe *p = f->hub.pipes;
            for (unsigned i = dice (4); p && i; i--)
                p = p->next ? p->next : f->hub.pipes;
            const char *text = texts[dice ((unsigned) n_texts)];
            bool alive = p && !p->is_ending && !p->is_leaving && !fake_killed (p);
            switch (dice (14)) {
            case 0:
                if (fake_pipes (f) < 6)
                    fake_peer (f, ids[dice (4)]);
                break;
            case 1:
                if (fake_pipes (f) < 6)
                    fake_attach (f, dice (3) ? NULL : ids[1 + dice (3)]);
                break;
            case 2:
                if (alive && !p->is_up)
                    fake_up (p, ids[dice (4)]);
                break;
            case 3:
                if (alive && p->is_up && dice (2))
                    fake_down (p);
                break;
            case 4:
                if (alive && dice (2))
                    (dice (2) ? fake_gone : fake_leave) (p);
                break;
            case 5:
            case 6:
            case 7:
                if (p && p->is_up && !p->is_ending)
                    (dice (2) || (pt->type != ZMQ_PUB && pt->type != ZMQ_XPUB) ? fake_arrive : fake_arrive_command) (p, text);
                break;
            case 8:
                if (pt->sends)
                    CHECK (strncmp (dice (5) ? fake_send (f, text) : fake_send_forced (f, text), "parts", 5) != 0);
                break;
            case 9:
            case 10:
                if (pt->receives)
                    CHECK (strcmp (fake_recv (f), "can_recv is wrong") != 0);
                break;
            case 11:
                if (p)
                    fake_out (p);
                break;
            case 12:
                fake_set_int (f, flags[dice (14)], (int) dice (3));
                break;
            default:
                if (dice (2))
                    fake_set (f, dice (2) ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, dice (2) ? "A" : "");
                else
                    fake_settle (f);
            }
        }
        fake_close (f);
    }
}
