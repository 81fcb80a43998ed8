/* The driver alone: links die once and lose nothing; sleepers, mail, the exported descriptor; idle is idle. */
#include "fake_link.h"

/* ---- death ---- */

static void *receive_one (void *arg)
{
    char c[4];
    return (void *)(intptr_t)zmq_recv (arg, c, sizeof c, 0);
}

TEST (a_link_that_is_read_or_written_dies_afterwards)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.most = 0}};
    pthread_t t;

    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    pthread_create (&t, NULL, receive_one, b.socket); /* it reads, so that the I/O thread is free to close */
    EVENTUALLY (b.h, b.h->in.head && (!nests () || b.h->role == ZC_ROLE_PARKED));
    pthread_mutex_lock (&f[0].gate);
    say (&f[0], 1);
    EVENTUALLY (b.h, f[0].link.is_reading && atomic_load (&f[0].inside));
    zc_hub_lock (b.h);
    zc_driver_kill (b.h, &f[0].link, -ETIMEDOUT, 0, "a test");
    CHECK_INT (b.h->link_live, 0);
    zc_hub_unlock (b.h);
    for (int i = 0; i < 20; i++)
        nap ();
    CHECK_INT (atomic_load (&f[0].gone), 0);
    pthread_mutex_unlock (&f[0].gate);
    EVENTUALLY (b.h, atomic_load (&f[0].gone) == 1 && !b.h->pipes);

    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    f[1].link.is_held = true;
    zc_driver_kill (b.h, &f[1].link, 0, 0, NULL);
    zc_driver_kill (b.h, &f[1].link, 0, 0, NULL); /* twice is once */
    zc_hub_unlock (b.h);
    for (int i = 0; i < 20; i++)
        nap ();
    CHECK_INT (atomic_load (&f[1].gone), 0);
    zc_hub_lock (b.h);
    f[1].link.is_held = false;
    zc_driver_bury (&f[1].link);
    zc_hub_unlock (b.h);
    EVENTUALLY (b.h, atomic_load (&f[1].gone) == 1);
    bench_close (&b, f, 2);
    pthread_join (t, NULL);
}

static void refuse (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    zc_pipe_kill (p, -EPROTO, 0, "a test");
}

TEST (a_link_whose_input_is_refused_is_not_read_again)
{
    struct bench b;
    struct fake f = {.most = 1};

    bench_open (&b, 1000);
    struct zc_hub_ops strict = *b.h->ops;
    strict.input = refuse;
    zc_hub_lock (b.h);
    b.h->ops = &strict;
    zc_hub_unlock (b.h);
    fake_start (&f, &b);
    int before = atomic_load (&f.reads);
    say (&f, 3); /* a read takes one: the kernel has more */
    EVENTUALLY (b.h, atomic_load (&f.gone) == 1);
    CHECK_INT (atomic_load (&f.reads), before + 1);
    zc_hub_lock (b.h);
    CHECK (!b.h->ready_head);
    zc_hub_unlock (b.h);
    bench_close (&b, &f, 1);
}

TEST (messages_of_a_dead_link_can_still_be_taken)
{
    struct bench b;
    struct fake f = {.most = 0};
    char c[4];

    bench_open (&b, 1000);
    fake_start (&f, &b);
    say (&f, 3);
    shutdown (f.peer, SHUT_WR);
    EVENTUALLY (b.h, atomic_load (&f.gone) == 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), -1);
    EVENTUALLY (b.h, !b.h->pipes);
    bench_close (&b, &f, 1);
}

TEST (a_pipe_outlives_its_dead_link_although_all_was_taken)
{
    struct bench b;
    struct fake f = {.most = 0};
    char c[4];

    bench_open (&b, 1000);
    fake_start (&f, &b);
    say (&f, 2);
    EVENTUALLY (b.h, unread (b.h) == 2);
    zc_hub_lock (b.h);
    f.link.is_held = true; /* a writer is still inside */
    zc_pipe_retire (b.h->pipes);
    zc_hub_unlock (b.h);
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    zc_hub_lock (b.h);
    CHECK (b.h->pipes && b.h->pipes->link == &f.link);
    f.link.is_held = false;
    zc_driver_bury (&f.link);
    zc_hub_unlock (b.h);
    EVENTUALLY (b.h, !b.h->pipes);
    bench_close (&b, &f, 1);
}

TEST (after_a_failed_write_the_rest_of_the_input_is_read)
{
    struct bench b;
    struct fake f = {.most = 1};

    bench_open (&b, 1000);
    fake_start (&f, &b);
    pthread_mutex_lock (&f.gate);
    say (&f, 5);
    EVENTUALLY (b.h, f.link.is_reading);
    close (f.peer);
    f.peer = -1;
    zc_hub_lock (b.h);
    put (b.h, 10);
    CHECK (zc_driver_dirty_pop (b.h) != NULL);
    zc_driver_write (b.h, b.h->pipes); /* EPIPE */
    CHECK (!f.link.is_dead);
    zc_hub_unlock (b.h);
    pthread_mutex_unlock (&f.gate);
    EVENTUALLY (b.h, atomic_load (&f.gone) == 1);
    zc_hub_lock (b.h);
    CHECK_INT (unread (b.h), 5);
    zc_hub_unlock (b.h);
    bench_close (&b, &f, 1);
}

/* ---- sleepers ---- */

TEST (one_wake_is_in_flight_and_close_wakes_all)
{
    struct zc_sleepers l = {0};
    struct zc_sleeper s[3];
    struct zc_parker p[3];

    memset (p, 0, sizeof p);
    for (int i = 0; i < 3; i++) {
        p[i].how = ZC_PARK_WORD;
        p[i].wake = (struct zc_wake)ZC_WAKE_INIT;
        zc_sleeper_add (&l, &s[i], &p[i], NULL);
    }
    zc_wake_one (&l);
    zc_wake_one (&l);
    zc_self_run (zc_self ());
    CHECK_INT (p[0].word + p[1].word + p[2].word, 1);
    CHECK_INT (l.waking, 1);
    CHECK (s[0].token); /* first come, first woken */
    zc_sleeper_cut (&l, &s[0]);
    CHECK_INT (l.waking, 0);
    zc_sleeper_cut (&l, &s[1]); /* timed out in the middle */
    zc_wake_all (&l);
    zc_self_run (zc_self ());
    CHECK_INT (p[1].word, 0);
    CHECK_INT (p[2].word, 1);
    zc_sleeper_cut (&l, &s[2]);
    CHECK (!l.head && !l.tail);
    CHECK_INT (l.waking, 0);
}

TEST (nobody_falls_asleep_over_mail)
{
    void *ctx = zmq_ctx_new (), *a = zmq_socket (ctx, ZMQ_PAIR), *b = zmq_socket (ctx, ZMQ_PAIR);
    struct zc_sock *s;
    struct zc_sleeper mine;
    char c[4];

    CHECK_INT (zmq_bind (a, "inproc://mail"), 0);
    CHECK_INT (zmq_connect (b, "inproc://mail"), 0);
    CHECK_INT (zmq_recv (a, c, sizeof c, ZMQ_DONTWAIT), -1);
    CHECK_INT (zc_sock_enter (a, &s), 0);
    CHECK (zc_mail_sleep (s->hub, &mine, zc_self ()->parker, NULL));
    zc_hub_unlock (s->hub);
    CHECK_INT (zmq_send (b, "x", 1, 0), 1);
    CHECK_INT (mine.token, true); /* it was woken by the post itself */
    zc_hub_lock (s->hub);
    zc_mail_awake (s->hub, &mine);
    CHECK (!zc_mail_sleep (s->hub, &mine, zc_self ()->parker, NULL));
    zc_hub_drain_mail (s->hub);
    CHECK (s->hub->avail_head != NULL);
    zc_sock_exit (s);
    CHECK_INT (zmq_recv (a, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_close (a), 0);
    CHECK_INT (zmq_close (b), 0);
    CHECK_INT (zmq_ctx_term (ctx), 0);
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

static int events_of (void *s)
{
    int e = 0;
    size_t n = sizeof e;
    CHECK_INT (zmq_getsockopt (s, ZMQ_EVENTS, &e, &n), 0);
    return e;
}

TEST (the_descriptor_tells_of_what_the_io_thread_read)
{
    struct bench b;
    struct fake f = {.most = 0};
    char c[4];

    bench_open (&b, 1000);
    fake_start (&f, &b);
    int fd = fd_of (b.socket);
    CHECK_INT (events_of (b.socket) & ZMQ_POLLIN, 0);
    zc_hub_lock (b.h);
    if (b.h->role == ZC_ROLE_IDLE && zc_driver_take (b.h))
        zc_driver_leave (b.h, true); /* the I/O thread watches */
    zc_hub_unlock (b.h);
    say (&f, 2);
    EVENTUALLY (b.h, unread (b.h) == 2); /* nobody came within the grace */
    EVENTUALLY (b.h, readable (fd));
    CHECK (events_of (b.socket) & ZMQ_POLLIN);
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK (readable (fd)); /* one is left */
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (events_of (b.socket) & ZMQ_POLLIN, 0);
    CHECK (!readable (fd));
    bench_close (&b, &f, 1);
}

TEST (the_descriptor_stays_raised_while_mail_is_there)
{
    void *ctx = zmq_ctx_new (), *a = zmq_socket (ctx, ZMQ_PAIR), *b = zmq_socket (ctx, ZMQ_PAIR);
    struct zc_sock *s;
    char c[4];

    CHECK_INT (zmq_bind (a, "inproc://raised"), 0);
    CHECK_INT (zmq_connect (b, "inproc://raised"), 0);
    int fd = fd_of (a);
    CHECK_INT (events_of (a) & ZMQ_POLLIN, 0);
    CHECK (!readable (fd));
    CHECK_INT (zc_sock_enter (a, &s), 0);
    CHECK_INT (zmq_send (b, "x", 1, 0), 1); /* between the judging of EVENTS and its clear */
    CHECK (!zc_driver_clear (s->hub));      /* who watches edges must judge again: no new one will come */
    CHECK (readable (fd));
    zc_sock_exit (s);
    CHECK (readable (fd));
    CHECK (events_of (a) & ZMQ_POLLIN);
    CHECK_INT (zmq_recv (a, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (events_of (a) & ZMQ_POLLIN, 0);
    CHECK (!readable (fd));
    CHECK_INT (zmq_close (a), 0);
    CHECK_INT (zmq_close (b), 0);
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

/* ---- idle is idle ---- */

TEST (a_socket_that_nobody_uses_wakes_nobody)
{
    struct bench b;
    struct fake f = {.most = 0};
    char c[4];
    uint64_t last = 0;
    int quiet = 0;

    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (int i = 0; i < 3; i++)
        say (&f, 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zmq_recv (b.socket, c, sizeof c, 0), 1);
    CHECK_INT (zmq_send (b.socket, "x", 1, 0), 1);
    for (int i = 0; i < 100 && quiet < 5; i++) { /* the bursts end, the role goes back, then nothing more */
        nanosleep (&(struct timespec){0, 10000000}, NULL);
        uint64_t now = atomic_load (&b.loop->turns);
        quiet = now == last ? quiet + 1 : 0;
        last = now;
    }
    CHECK_INT (quiet, 5);
    bench_close (&b, &f, 1);
}
