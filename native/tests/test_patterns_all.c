/* Every socket type, each alone over a lower half of plain memory. Messages as text: see fake_hub.h. */
#include "check.h"
#include "fake_hub.h"
#include "sock/patterns.h"
#include "zcffi.h"

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
        {ZMQ_PAIR, "EAGAIN", "EAGAIN", false}, {ZMQ_PUB, "ok", NULL, true},
        {ZMQ_SUB, NULL, "EAGAIN", false},      {ZMQ_REQ, "EAGAIN", "EFSM", false},
        {ZMQ_REP, "EFSM", "EAGAIN", false},    {ZMQ_DEALER, "EAGAIN", "EAGAIN", false},
        {ZMQ_ROUTER, "ok", "EAGAIN", true},    {ZMQ_PULL, NULL, "EAGAIN", false},
        {ZMQ_PUSH, "EAGAIN", NULL, false},     {ZMQ_XPUB, "ok", "EAGAIN", true},
        {ZMQ_XSUB, "ok", "EAGAIN", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake *f = fake_open (rows[i].type);
        if (rows[i].send) {
            CHECK_INT (fake_can_send (f), rows[i].out);
            CHECK_STR (fake_send (f, "a|b"), rows[i].send);
        }
        if (rows[i].recv)
            CHECK_STR (fake_recv (f), rows[i].recv);
        fake_close (f);
    }
}

TEST (a_probe_goes_to_every_new_connection)
{
    static const int types[] = {ZMQ_DEALER, ZMQ_REQ, ZMQ_ROUTER};
    for (size_t i = 0; i < 3; i++) {
        struct fake *f = fake_open (types[i]);
        fake_set_int (f, ZMQ_PROBE_ROUTER, 1);
        struct zc_pipe *a = fake_attach (f, NULL);
        fake_up (a, NULL);
        CHECK_INT (fake_of (a)->sent_msgs, 1);
        CHECK_STR (fake_out (a), "");
        fake_down (a);
        fake_up (a, NULL);
        CHECK_INT (fake_of (a)->sent_msgs, 1);
        fake_close (f);
    }
}

/* ---- all of them under random use ---- */

static uint64_t seed = 1;
static unsigned dice (unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % n);
}

/* can_recv says what recv does (fake_recv checks it), nothing leaks, no pipe is used after its end (sanitizers). */
TEST (random_use_never_breaks_a_pattern)
{
    static const char *const texts[] = {"a",     "|r",      "x||y", "!A",     "!B",    "~A", "",
                                        "a|b|c", "ABCD||r", "p1|x", "~ABCD|", "p2||z", "A"};
    static const int flags[] = {ZMQ_REQ_CORRELATE,    ZMQ_REQ_RELAXED,        ZMQ_ROUTER_HANDOVER,
                                ZMQ_ROUTER_MANDATORY, ZMQ_PROBE_ROUTER,       ZMQ_XPUB_VERBOSE,
                                ZMQ_XPUB_VERBOSER,    ZMQ_XPUB_MANUAL,        ZMQ_XPUB_NODROP,
                                ZMQ_INVERT_MATCHING,  ZMQ_STREAM_NOTIFY,      ZMQ_SNDHWM,
                                ZMQ_RCVHWM,           ZCFFI_MAX_SUBSCRIPTIONS};
    static const char *const ids[] = {NULL, "p1", "p2", "p1"};
    const size_t n_texts = sizeof texts / sizeof *texts;

    for (int run = 0; run < 4000; run++) {
        struct fake *f = fake_open ((int)dice (12));
        const struct zc_pattern *pt = f->sock.pattern;
        for (int step = 0; step < 60; step++) {
            struct zc_pipe *p = f->hub.pipes;
            for (unsigned i = dice (4); p && i; i--)
                p = p->next ? p->next : f->hub.pipes;
            const char *text = texts[dice ((unsigned)n_texts)];
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
                    (dice (2) || (pt->type != ZMQ_PUB && pt->type != ZMQ_XPUB)
                         ? fake_arrive
                         : fake_arrive_command) (p, text);
                break;
            case 8:
                if (pt->sends)
                    CHECK (strncmp (dice (5) ? fake_send (f, text) : fake_send_forced (f, text), "parts", 5)
                           != 0);
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
                fake_set_int (f, flags[dice (14)], (int)dice (3));
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
