/* XPUB (RFC 29) alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "base/alloc.h"
#include "core/pipe.h"
#include "fake_hub.h"
#include "sock/patterns.h"
#include "zcffi.h"

#include <errno.h>

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
#define ALL(want)                                                                                            \
    for (got[0] = 0; (m = fake_recv (f))[0] != 'E';)                                                         \
        strcat (strcat (got, m), " ");                                                                       \
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
            char body[3] = {i % 3 != 0, (char)('A' + i), 'x'};
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
