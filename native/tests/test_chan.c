/* Between two sockets of a process: who waits has asked, who was asked tells, nobody tells who has not asked (core/chan.h). */
#include "eventually.h"
#include "core/chan.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/pipe.h"
#include "os/poller.h"
#include "zmq.h"

#include <errno.h>
#include <pthread.h>

struct pair
{
    void *ctx, *a, *b;
    struct zc_hub *ha, *hb;
};

static void set_int (void *s, int option, int value)
{
    CHECK_INT (zmq_setsockopt (s, option, &value, sizeof value), 0);
}

/* a reads, b writes; hwm is each one's own, so that twice as many may be between them. */
static void pair_open (struct pair *p, int hwm, int type_a, int type_b)
{
    char c[4];

    p->ctx = zmq_ctx_new ();
    p->a = zmq_socket (p->ctx, type_a);
    p->b = zmq_socket (p->ctx, type_b);
    set_int (p->a, ZMQ_RCVHWM, hwm);
    set_int (p->b, ZMQ_SNDHWM, hwm);
    CHECK_INT (zmq_bind (p->a, "inproc://chan"), 0);
    CHECK_INT (zmq_connect (p->b, "inproc://chan"), 0);
    p->ha = hub_of (p->a);
    p->hb = hub_of (p->b);
    if (type_a != ZMQ_XPUB)
        CHECK_INT (zmq_recv (p->a, c, sizeof c, ZMQ_DONTWAIT), -1);
}

static void pair_close (struct pair *p)
{
    CHECK_INT (zmq_close (p->a), 0);
    CHECK_INT (zmq_close (p->b), 0);
    CHECK_INT (zmq_ctx_term (p->ctx), 0);
}

static void say (struct pair *p)
{
    CHECK_INT (zmq_send (p->b, "x", 1, ZMQ_DONTWAIT), 1);
}

static int hear (struct pair *p)
{
    char c[4];
    return zmq_recv (p->a, c, sizeof c, ZMQ_DONTWAIT);
}

/* The last message was taken, and the reader has not asked for word of another. */
static void run_dry (struct pair *p)
{
    say (p);
    CHECK_INT (hear (p), 1);
    say (p);
    CHECK (!zc_mail_has (p->ha));
    CHECK_INT (hear (p), 1);
}

/* ---- messages ---- */

TEST (who_asks_is_told_of_what_was_written_before)
{
    struct pair p;

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    run_dry (&p);
    say (&p);
    CHECK (!zc_mail_has (p.ha)); /* nobody had asked */
    zc_hub_lock (p.ha);
    zc_pipes_ask (p.ha);
    zc_hub_unlock (p.ha);
    CHECK (zc_mail_has (p.ha));
    CHECK_INT (hear (&p), 1);
    pair_close (&p);
}

TEST (who_has_asked_is_told_of_the_next_message_and_of_no_other)
{
    struct pair p;
    struct zc_sleeper mine[2];

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    run_dry (&p);
    zc_hub_lock (p.ha);
    for (int i = 0; i < 2; i++)
        CHECK (zc_mail_sleep (p.ha, &mine[i], zc_self ()->parker, NULL));
    zc_hub_unlock (p.ha);
    say (&p);
    CHECK (zc_mail_has (p.ha));
    CHECK (mine[0].token && !mine[1].token);
    zc_hub_lock (p.ha);
    zc_mail_awake (p.ha, &mine[0]);
    zc_hub_unlock (p.ha);
    say (&p);
    CHECK (!mine[1].token); /* who reads asks anew */
    zc_hub_lock (p.ha);
    zc_mail_awake (p.ha, &mine[1]);
    zc_hub_unlock (p.ha);
    CHECK_INT (hear (&p), 1);
    CHECK_INT (hear (&p), 1);
    CHECK_INT (hear (&p), -1);
    pair_close (&p);
}

static void *receive_one (void *arg)
{
    char c[4];
    return (void *)(intptr_t)zmq_recv (arg, c, sizeof c, 0);
}

TEST (who_sleeps_has_asked_all_that_ran_dry)
{
    struct pair p;
    pthread_t t;
    void *got;

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    run_dry (&p);
    pthread_create (&t, NULL, receive_one, p.a);
    EVENTUALLY (p.ha, p.ha->in.head != NULL);
    say (&p);
    pthread_join (t, &got);
    CHECK_INT ((intptr_t)got, 1);
    pair_close (&p);
}

/* The one that was woken leaves the pipe dry; the other has slept all the while. */
TEST (who_leaves_asks_for_those_who_sleep)
{
    struct pair p;
    pthread_t t[3];
    int left = 3;

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    run_dry (&p);
    for (int i = 0; i < 3; i++)
        pthread_create (&t[i], NULL, receive_one, p.a);
    for (; left > 0; left--) {
        EVENTUALLY (p.ha, asleep (&p.ha->in) == left && !p.ha->in.waking);
        say (&p);
    }
    for (int i = 0; i < 3; i++)
        pthread_join (t[i], NULL);
    pair_close (&p);
}

/* ---- room ---- */

TEST (who_finds_no_room_is_told_when_half_of_it_was_read)
{
    struct pair p;

    pair_open (&p, 4, ZMQ_PULL, ZMQ_PUSH);
    for (int i = 0; i < 8; i++)
        say (&p);
    CHECK_INT (zmq_send (p.b, "x", 1, ZMQ_DONTWAIT), -1);
    CHECK_INT (errno, EAGAIN);
    CHECK (!zc_mail_has (p.hb));
    for (int i = 0; i < 4; i++)
        CHECK_INT (hear (&p), 1);
    CHECK (zc_mail_has (p.hb));
    for (int i = 0; i < 4; i++)
        say (&p);
    CHECK_INT (zmq_send (p.b, "x", 1, ZMQ_DONTWAIT), -1);
    pair_close (&p);
}

static void *send_one (void *arg)
{
    return (void *)(intptr_t)zmq_send (arg, "y", 1, 0);
}

TEST (a_sender_asleep_for_room_is_woken_by_a_reader_that_comes_once)
{
    struct pair p;
    pthread_t t;
    void *sent;

    pair_open (&p, 1, ZMQ_PULL, ZMQ_PUSH);
    say (&p);
    say (&p);
    pthread_create (&t, NULL, send_one, p.b);
    EVENTUALLY (p.hb, p.hb->out.head != NULL);
    CHECK_INT (hear (&p), 1);
    pthread_join (t, &sent);
    CHECK_INT ((intptr_t)sent, 1);
    pair_close (&p);
}

/* How often the reader tells is measured by what fits between the two; a reader that never sleeps must learn that less does. */
TEST (a_sender_that_has_lowered_its_mark_is_still_told_of_room)
{
    struct pair p;
    pthread_t t;
    void *sent;

    pair_open (&p, 2, ZMQ_PULL, ZMQ_PUSH);
    set_int (p.b, ZMQ_SNDHWM, 1000);
    for (int i = 0; i < 3; i++) {
        say (&p);
        CHECK_INT (hear (&p), 1);
    }
    set_int (p.b, ZMQ_SNDHWM, 2);
    for (int i = 0; i < 4; i++)
        say (&p);
    pthread_create (&t, NULL, send_one, p.b);
    EVENTUALLY (p.hb, p.hb->out.head != NULL);
    for (int i = 0; i < 4; i++)
        CHECK_INT (hear (&p), 1);
    EVENTUALLY (p.hb, p.hb->out.head == NULL);
    zc_hub_lock (p.ha);
    zc_pipes_ask (p.ha); /* if it is not told: so that the test ends */
    zc_hub_unlock (p.ha);
    pthread_join (t, &sent);
    CHECK_INT ((intptr_t)sent, 1);
    pair_close (&p);
}

/* ---- the exported descriptor ---- */

static int fd_of (void *s)
{
    int fd = -1;
    size_t n = sizeof fd;
    CHECK_INT (zmq_getsockopt (s, ZMQ_FD, &fd, &n), 0);
    return fd;
}

static bool readable (int fd)
{
    struct zc_pollfd p = {.fd = fd, .events = ZC_POLL_IN};
    return zc_poll (&p, 1, 0, NULL) == 1;
}

TEST (who_hands_out_its_descriptor_has_asked_all_that_ran_dry)
{
    struct pair p;

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    run_dry (&p);
    int fd = fd_of (p.a);
    CHECK (!readable (fd));
    say (&p);
    CHECK (readable (fd));
    CHECK_INT (hear (&p), 1);
    pair_close (&p);
}

TEST (nothing_runs_dry_unasked_behind_a_descriptor)
{
    struct pair p;
    int events;
    size_t n = sizeof events;

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    int fd = fd_of (p.a);
    for (int i = 0; i < 3; i++) {
        say (&p);
        CHECK (readable (fd));
        CHECK_INT (zmq_getsockopt (p.a, ZMQ_EVENTS, &events, &n), 0);
        CHECK_INT (events & ZMQ_POLLIN, ZMQ_POLLIN);
        CHECK_INT (hear (&p), 1);
        CHECK_INT (zmq_getsockopt (p.a, ZMQ_EVENTS, &events, &n), 0);
        CHECK_INT (events & ZMQ_POLLIN, 0);
        CHECK (!readable (fd));
    }
    pair_close (&p);
}

/* ---- what must be seen although nobody receives ---- */

TEST (a_publisher_that_only_sends_sees_every_subscription)
{
    struct pair p;
    char c[4];

    pair_open (&p, 100, ZMQ_XPUB, ZMQ_SUB);
    for (char topic = 'a'; topic < 'f'; topic++) {
        CHECK_INT (zmq_setsockopt (p.b, ZMQ_SUBSCRIBE, &topic, 1), 0);
        if (topic % 2) /* now and then it takes the notice */
            CHECK_INT (zmq_recv (p.a, c, sizeof c, ZMQ_DONTWAIT), 2);
        CHECK_INT (zmq_send (p.a, &topic, 1, 0), 1);
        CHECK_INT (zmq_recv (p.b, c, sizeof c, ZMQ_DONTWAIT), 1);
        CHECK_INT (c[0], topic);
    }
    pair_close (&p);
}

/* Also behind messages of which the last lay in the pipe until there was room for it. */
TEST (a_publisher_sees_the_subscription_behind_a_message)
{
    struct pair p;
    char c[4];

    pair_open (&p, 1, ZMQ_XPUB, ZMQ_XSUB);
    CHECK_INT (zmq_send (p.b, "m", 1, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_send (p.b, "m", 1, ZMQ_DONTWAIT), 1);
    for (int i = 0; i < 2; i++) {
        CHECK_INT (zmq_recv (p.a, c, sizeof c, ZMQ_DONTWAIT), 1);
        CHECK_INT (c[0], 'm');
    }
    CHECK_INT (zmq_send (p.b, "\1t", 2, 0), 2);
    CHECK_INT (zmq_send (p.a, "t", 1, 0), 1);
    CHECK_INT (zmq_recv (p.b, c, sizeof c, ZMQ_DONTWAIT), 1);
    pair_close (&p);
}

/* The peer left between the opening of the mail and the refusal of its pipe: word of that lies in the mail of a pipe that is gone. */
TEST (a_peer_that_comes_too_late_leaves_no_word_behind)
{
    struct pair p;

    pair_open (&p, 100, ZMQ_PULL, ZMQ_PUSH);
    void *other = zmq_socket (p.ctx, ZMQ_PUSH);
    CHECK_INT (zmq_connect (other, "inproc://chan"), 0);
    zc_hub_lock (p.ha);
    struct zc_pipe *late = p.ha->mail.first;
    CHECK (late && late->news & ZC_NEWS_NEW);
    if (late) {
        unsigned news = late->news;
        late->news = ZC_NEWS_GONE | ZC_NEWS_IN; /* as posted anew */
        p.ha->state = ZC_HUB_CLOSING;
        zc_chan_news (p.ha, late, news);
        p.ha->state = ZC_HUB_OPEN;
        CHECK (p.ha->mail.first != late);
    }
    zc_hub_unlock (p.ha);
    CHECK_INT (zmq_close (other), 0);
    pair_close (&p);
}
