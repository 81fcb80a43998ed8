/* PUB, SUB and XSUB (RFC 29) alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "fake_hub.h"
#include "sock/patterns.h"

/* ---- PUB ---- */

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

/* Many peers share what is framed once: it must not show. */
TEST (pub_gives_each_of_many_peers_what_it_asked_for)
{
    enum
    {
        PEERS = 6
    };
    struct fake *f = fake_open (ZMQ_PUB);
    fake_set_int (f, ZMQ_SNDHWM, 3);
    struct zc_pipe *peers[PEERS];
    for (int i = 0; i < PEERS; i++) {
        peers[i] = fake_peer (f, NULL);
        fake_arrive_command (peers[i], i ? "!" : "!b");
    }
    fake_send (f, "a|1");
    fake_send (f, "b|2");
    CHECK_STR (fake_out (peers[1]), "a|1");
    fake_send (f, "a|3");
    fake_send (f, "b|4"); /* too much for all but the first two */
    for (int i = 0; i < PEERS; i++) {
        if (i > 1)
            CHECK_STR (fake_out (peers[i]), "a|1");
        CHECK_STR (fake_out (peers[i]), "b|2");
        if (i > 0)
            CHECK_STR (fake_out (peers[i]), "a|3");
        CHECK_STR (fake_out (peers[i]), i < 2 ? "b|4" : "");
    }
    CHECK_INT (f->hub.dropped, PEERS - 2);
    fake_close (f);
}

TEST (pub_asks_who_wants_a_message_after_each_change)
{
    struct fake *f = fake_open (ZMQ_PUB);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!");
    fake_send (f, "1");
    fake_arrive_command (b, "!");
    fake_send (f, "2");
    fake_arrive_command (a, "~");
    fake_send (f, "3");
    fake_leave (b);
    fake_send (f, "4");
    CHECK_STR (fake_out (a), "1");
    CHECK_STR (fake_out (a), "2");
    CHECK_STR (fake_out (a), "");
    fake_close (f);
}

TEST (pub_tells_once_that_a_peer_is_full_until_it_takes_messages)
{
    struct fake *f = fake_open (ZMQ_PUB);
    fake_set_int (f, ZMQ_SNDHWM, 1);
    struct zc_pipe *a = fake_peer (f, NULL), *b = fake_peer (f, NULL);
    fake_arrive_command (a, "!");
    fake_arrive_command (b, "!");
    fake_send (f, "1");
    CHECK_INT (fake_of (a)->full_told + fake_of (b)->full_told, 0);
    CHECK_STR (fake_out (b), "1");
    fake_send (f, "2");
    fake_send (f, "3");
    CHECK_INT (fake_of (a)->full_told, 1);
    CHECK_INT (fake_of (b)->full_told, 1);
    CHECK_STR (fake_out (a), "1");
    fake_send (f, "4");
    CHECK_INT (fake_of (a)->full_told, 1); /* it takes them again */
    fake_send (f, "5");
    CHECK_INT (fake_of (a)->full_told, 2);
    CHECK_INT (fake_of (b)->full_told, 1);
    CHECK_INT (f->hub.dropped, 6);
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
        const struct zc_node *n = fake_of (p[i])->sent.head;
        REQUIRE (n && n->kind == ZC_NODE_REF);
        const struct zc_msg *body = &((const struct zc_node_ref *)(const void *)n)->msg;
        CHECK (zc_msg_bytes (body) != (const uint8_t *)big);
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
