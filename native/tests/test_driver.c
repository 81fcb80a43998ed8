/* The driver alone: roles, the ready list, the out-hold, death, sleepers. The links are fakes over socket pairs: one byte that
 * arrives is one message; what goes out are the frames as the queue has them. The hub is a DEALER's. */
#include "check.h"
#include "core/close.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/pipe.h"
#include "os/clock.h"
#include "os/net.h"
#include "sock/socket.h"
#include "zcffi.h"
#include "zmq.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- fakes ---- */

struct fake
{
    struct zc_link link; /* first */
    int peer;            /* our end of the pair */
    int most;            /* bytes one read takes; 0: many */
    int sndbuf;          /* of the link's end; 0: as it is */
    bool leftover;       /* a message came with the handshake, no edge tells of it */
    pthread_mutex_t gate; /* held by a test: reads wait */
    _Atomic int reads, inside, gone;
    _Atomic bool joined;
    struct zc_task task;
};

struct bench
{
    void *ctx, *socket;
    struct zc_hub *h;
    struct zc_loop *loop;
};

static void nap (void)
{
    nanosleep (&(struct timespec){0, 200000}, NULL);
}

/* Waits for something that must come by itself; false after five seconds. */
#define EVENTUALLY(b_, cond_)                                                                                          \
    do {                                                                                                               \
        uint64_t end_ = zc_now () + 5000 * ZC_MS;                                                                      \
        bool is_;                                                                                                      \
        for (;;) {                                                                                                     \
            zc_hub_lock ((b_)->h);                                                                                     \
            is_ = (cond_);                                                                                             \
            zc_hub_unlock ((b_)->h);                                                                                   \
            if (is_ || zc_now () > end_)                                                                               \
                break;                                                                                                 \
            nap ();                                                                                                    \
        }                                                                                                              \
        if (!is_)                                                                                                      \
            CHECK_FAIL ("does not come: %s", #cond_);                                                                  \
    } while (0)

static void fake_read (struct zc_link *l, struct zc_intake *in)
{
    struct fake *f = (struct fake *) (void *) l;
    uint8_t b[64];
    size_t want = f->most ? (size_t) f->most : sizeof b;

    atomic_fetch_add (&f->inside, 1);
    CHECK_INT (atomic_load (&f->inside), 1); /* never two readers */
    pthread_mutex_lock (&f->gate);
    pthread_mutex_unlock (&f->gate);
    atomic_fetch_add (&f->reads, 1);
    int64_t n = zc_net_read (l->fd, b, want);
    if (f->leftover) {
        f->leftover = false;
        zc_frames_put (&in->fresh, 0, "h", 1);
        in->msgs++;
    }
    if (n == 0)
        in->closed = true;
    else if (n < 0 && n != -EAGAIN)
        in->error = (int) n;
    for (int64_t i = 0; i < n; i++) {
        zc_frames_put (&in->fresh, 0, &b[i], 1);
        in->msgs++;
    }
    in->heard = n > 0;
    in->more = n == (int64_t) want || in->hung_up;
    atomic_fetch_sub (&f->inside, 1);
}

static int fake_subscribe (struct zc_link *l, bool cancel, const uint8_t *topic, size_t n)
{
    (void) l;
    (void) cancel;
    (void) topic;
    (void) n;
    return 0;
}

static void fake_gone (struct zc_link *l)
{
    struct fake *f = (struct fake *) (void *) l;

    CHECK (!l->is_held && !l->is_reading);
    CHECK (zc_thread_is_current (&l->loop->thread));
    zc_net_close (l->fd);
    atomic_fetch_add (&f->gone, 1);
}

static const struct zc_link_ops fake_ops = {.read = fake_read, .subscribe = fake_subscribe, .gone = fake_gone};

static void join_task (struct zc_task *t)
{
    struct fake *f = (struct fake *) (void *) ((char *) t - offsetof (struct fake, task));
    struct zc_hub *h = f->link.hub;

    CHECK_INT (zc_loop_watch (f->link.loop, &f->link.watch, f->link.fd, 0), 0);
    zc_hub_lock (h);
    struct zc_pipe *p = zc_pipe_new ();
    CHECK_INT (zc_pipe_attach (h, p), 0);
    f->link.pipe = p;
    f->link.has_input = f->leftover;
    CHECK_INT (zc_driver_join (h, &f->link), 0);
    zc_pipe_up (p);
    zc_driver_joined (h);
    zc_hub_unlock (h);
    atomic_store (&f->joined, true);
}

static void fake_start (struct fake *f, struct bench *b)
{
    int fds[2];

    CHECK_INT (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    if (f->sndbuf)
        setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &f->sndbuf, sizeof f->sndbuf);
    f->link.ops = &fake_ops;
    f->link.hub = b->h;
    f->link.loop = b->loop;
    f->link.fd = fds[0];
    f->link.watch.fd = -1;
    f->peer = fds[1];
    f->task.fn = join_task;
    pthread_mutex_init (&f->gate, NULL);
    zc_loop_post (b->loop, &f->task);
    zc_self_run (zc_self ());
    EVENTUALLY (b, atomic_load (&f->joined));
}

static void bench_open (struct bench *b, int hwm)
{
    struct zc_sock *s;

    b->ctx = zmq_ctx_new ();
    b->socket = zmq_socket (b->ctx, ZMQ_DEALER);
    CHECK_INT (zmq_setsockopt (b->socket, ZMQ_RCVHWM, &hwm, sizeof hwm), 0);
    CHECK_INT (zmq_setsockopt (b->socket, ZMQ_SNDHWM, &hwm, sizeof hwm), 0);
    CHECK_INT (zc_sock_enter (b->socket, &s), 0);
    b->h = s->hub;
    zc_hub_unlock (b->h);
    CHECK_INT (zc_ctx_loop (b->h->ctx, 0, &b->loop), 0);
    zc_hub_lock (b->h);
    b->h->loop = zc_ctx_loop_share (b->loop);
    zc_sock_exit (s);
}

static void bench_close (struct bench *b, struct fake *fakes, int n)
{
    int linger = 0;

    (void) zmq_setsockopt (b->socket, ZMQ_LINGER, &linger, sizeof linger);
    CHECK_INT (zmq_close (b->socket), 0);
    CHECK_INT (zmq_ctx_term (b->ctx), 0);
    for (int i = 0; i < n; i++) {
        CHECK_INT (atomic_load (&fakes[i].gone), 1);
        close (fakes[i].peer);
    }
}

/* A part of the loop's count that was taken for the test; the loop itself is the context's. */
static void bench_let_go (struct bench *b)
{
    zc_ctx_loop_done (b->loop);
}

static bool nests (void)
{
    return zc_poller_default ()->nests; /* else the role is never given away: these tests have nothing to ask */
}

static void say (struct fake *f, int n)
{
    static const char bytes[64];
    CHECK_INT (write (f->peer, bytes, (size_t) n), n);
}

static uint32_t unread (const struct zc_hub *h)
{
    uint32_t n = 0;
    for (const struct zc_pipe *p = h->pipes; p; p = p->next)
        n += p->in_msgs;
    return n;
}

static void put (struct zc_hub *h, size_t size)
{
    struct zc_msg m;
    uint8_t *body = calloc (1, size + 1);

    zc_msg_lend (&m, body, size);
    CHECK_INT (zc_pipe_put (zc_hub_next_out (h), &m, 1, false), 0);
    zc_hub_rotate_out (h);
    free (body);
}

/* ---- the role ---- */

TEST (the_role_is_taken_once_and_left_idle_or_to_the_io_thread)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    CHECK (!zc_driver_take (b.h)); /* no link, nothing to read */
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK_INT (b.h->role, ZC_ROLE_IO);
    CHECK (b.h->is_armed);
    CHECK (zc_driver_take (b.h));
    CHECK_INT (b.h->role, ZC_ROLE_BUSY);
    CHECK (!zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_driver_leave (b.h, false);
    CHECK_INT (b.h->role, ZC_ROLE_IDLE);
    CHECK (b.h->is_ticking); /* who leaves it idle has it watched */
    CHECK (zc_driver_take (b.h)); /* an idle role is anybody's */
    zc_driver_leave (b.h, true);
    CHECK_INT (b.h->role, ZC_ROLE_IO);
    CHECK (b.h->is_armed);
    zc_hub_unlock (b.h);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

#ifndef ZC_TICK_OFF
TEST (an_idle_role_goes_back_and_its_links_are_read)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_driver_leave (b.h, false);
    zc_hub_unlock (b.h);
    say (&f, 3);
    EVENTUALLY (&b, unread (b.h) == 3);
    CHECK_INT (b.h->role, ZC_ROLE_IO);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

TEST (an_idle_role_goes_back_although_a_far_tick_is_due)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    zc_driver_tick_at (b.h, zc_now () + 3600000 * ZC_MS); /* as a disconnected pipe with a long LINGER */
    CHECK (zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_driver_leave (b.h, false);
    zc_hub_unlock (b.h);
    say (&f, 1);
    EVENTUALLY (&b, unread (b.h) == 1);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}
#endif

TEST (the_io_thread_leaves_a_taken_set_alone_and_the_leaver_arms_it)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_hub_unlock (b.h);
    int before = atomic_load (&f.reads);
    say (&f, 2);
    EVENTUALLY (&b, !b.h->is_armed); /* its event came and found the role taken */
    CHECK_INT (atomic_load (&f.reads), before);
    zc_hub_lock (b.h);
    CHECK_INT (unread (b.h), 0);
    zc_driver_leave (b.h, true);
    zc_hub_unlock (b.h);
    EVENTUALLY (&b, unread (b.h) == 2);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

TEST (a_link_with_more_stays_ready_and_each_look_reads_it_once)
{
    struct bench b;
    struct fake f[2] = {{.most = 1}, {.most = 1}};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_hub_unlock (b.h);
    say (&f[0], 3);
    say (&f[1], 3);
    zc_hub_lock (b.h);
    for (uint32_t i = 1; i <= 3; i++) {
        zc_driver_look (b.h, 0);
        CHECK_INT (unread (b.h), 2 * i); /* fair: one of each */
        CHECK (zc_driver_has_ready (b.h));
    }
    zc_driver_look (b.h, 0);
    CHECK (!zc_driver_has_ready (b.h)); /* the kernel said that it is empty */
    zc_driver_leave (b.h, true);
    zc_hub_unlock (b.h);
    bench_let_go (&b);
    bench_close (&b, f, 2);
}

TEST (a_full_pipe_is_not_read_until_half_of_it_was_taken)
{
    struct bench b;
    struct fake f = {.most = 1};
    char c[4];

    bench_open (&b, 4);
    fake_start (&f, &b);
    say (&f, 10);
    EVENTUALLY (&b, unread (b.h) == 4);
    for (int i = 0; i < 20; i++)
        nap ();
    zc_hub_lock (b.h);
    CHECK_INT (unread (b.h), 4);
    CHECK (b.h->ready_head != NULL); /* not forgotten */
    CHECK (!zc_driver_has_ready (b.h));
    zc_hub_unlock (b.h);
    /* Each is taken without waiting, so that only the room that came back can have the rest read. */
    for (int i = 0; i < 10; i++) {
        EVENTUALLY (&b, unread (b.h) > 0);
        CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    }
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

static void *receive_one (void *arg)
{
    char c[4];
    return (void *) (intptr_t) zmq_recv (arg, c, sizeof c, 0);
}

TEST (a_parked_thread_hears_of_a_link_that_joins_with_its_input_read)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.leftover = true}};
    pthread_t t;
    void *got;

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    pthread_create (&t, NULL, receive_one, b.socket);
    EVENTUALLY (&b, b.h->role == ZC_ROLE_PARKED);
    fake_start (&f[1], &b);
    pthread_join (t, &got);
    CHECK_INT ((intptr_t) got, 1);
    bench_let_go (&b);
    bench_close (&b, f, 2);
}

static void *poll_until_closed (void *arg)
{
    zmq_pollitem_t it = {.socket = arg, .events = ZMQ_POLLIN};
    char c[4];

    while (zmq_poll (&it, 1, -1) >= 0)
        (void) zmq_recv (arg, c, sizeof c, ZMQ_DONTWAIT);
    return NULL;
}

/* A wake of the set that is never taken out would have every later poll return at once. */
TEST (a_poll_that_was_told_of_a_joining_link_sleeps_again)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.leftover = true}};
    struct timespec before, after;
    pthread_t t;

    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    pthread_create (&t, NULL, poll_until_closed, b.socket);
    EVENTUALLY (&b, !nests () || b.h->role == ZC_ROLE_PARKED);
    close (f[0].peer);
    f[0].peer = -1;
    EVENTUALLY (&b, atomic_load (&f[0].gone) == 1 && (!nests () || b.h->role == ZC_ROLE_PARKED));
    fake_start (&f[1], &b);
    EVENTUALLY (&b, atomic_load (&f[1].reads) > 0 && !unread (b.h));
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &before);
    nanosleep (&(struct timespec){0, 300000000}, NULL);
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &after);
    CHECK ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec < 150000000);
    bench_let_go (&b);
    bench_close (&b, f, 2);
    pthread_join (t, NULL);
}

TEST (followers_get_the_role_and_the_messages)
{
    struct bench b;
    struct fake f = {.most = 1};
    pthread_t t[4];

    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (int i = 0; i < 4; i++)
        pthread_create (&t[i], NULL, receive_one, b.socket);
    EVENTUALLY (&b, b.h->in.head && (!nests () || b.h->role == ZC_ROLE_PARKED));
    for (int i = 0; i < 4; i++) {
        say (&f, 1);
        nap ();
    }
    for (int i = 0; i < 4; i++)
        pthread_join (t[i], NULL);
    zc_hub_lock (b.h);
    CHECK (!b.h->in.head);
    CHECK_INT (b.h->in.waking, 0);
    CHECK_INT (unread (b.h), 0);
    zc_hub_unlock (b.h);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

/* ---- the out side ---- */

/* Frames at the peer's end: header of two bytes, or nine. */
static int read_frames (struct fake *f, size_t size, int want)
{
    static uint8_t b[1 << 20];
    size_t frame = size + (size <= 255 ? 2 : 9), have = 0, need = frame * (size_t) want;
    uint64_t end = zc_now () + 5000 * ZC_MS;

    CHECK (need <= sizeof b);
    while (have < need && zc_now () < end) {
        ssize_t n = read (f->peer, b + have, need - have);
        if (n > 0)
            have += (size_t) n;
        else
            nap ();
    }
    for (size_t at = 0; at + frame <= have; at += frame)
        CHECK_INT (b[at], size <= 255 ? 0 : ZC_F_LONG);
    return (int) (have / frame);
}

TEST (a_pipe_is_dirty_only_while_its_link_is_free)
{
    struct bench b;
    struct fake f = {.most = 0};

    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    struct zc_pipe *p = b.h->pipes;
    put (b.h, 10);
    CHECK (p->is_dirty);
    put (b.h, 10);
    CHECK_INT (b.h->dirty_count, 1);
    CHECK (zc_driver_dirty_pop (b.h) == p);
    p->link->is_held = true; /* somebody writes */
    put (b.h, 10);
    CHECK (!p->is_dirty);
    p->link->is_held = false;
    p->link->is_blocked = true;
    zc_driver_dirty (b.h, p);
    CHECK (!p->is_dirty);
    p->link->is_blocked = false;
    zc_driver_write (b.h, p);
    CHECK_INT (p->out.msgs, 0);
    CHECK_INT (b.h->unsent, 0);
    CHECK (!p->is_dirty);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f, 10, 3), 3);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

TEST (what_is_left_behind_is_told_to_the_io_thread_which_writes_it)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.most = 0}};

    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    zc_hub_lock (b.h);
    put (b.h, 20);
    zc_driver_tell (b.h);
    CHECK (b.h->is_burst);
    CHECK (b.h->is_ticking);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f[0], 20, 1), 1);
    EVENTUALLY (&b, !b.h->is_burst);
    /* With two links unsent the caller writes none. */
    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    put (b.h, 20);
    put (b.h, 20);
    CHECK_INT (b.h->dirty_count, 2);
    zc_driver_sent (b.h);
    CHECK (b.h->is_sweeping);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f[0], 20, 1), 1);
    CHECK_INT (read_frames (&f[1], 20, 1), 1);
    EVENTUALLY (&b, !b.h->is_sweeping && !b.h->is_burst);
    bench_let_go (&b);
    bench_close (&b, f, 2);
}

TEST (a_message_appended_while_the_burst_ends_is_written)
{
    struct bench b;
    struct fake f = {.most = 0};

    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (int i = 0; i < 300; i++) { /* at every phase of the tick */
        zc_hub_lock (b.h);
        put (b.h, 20);
        zc_driver_tell (b.h);
        zc_hub_unlock (b.h);
        nanosleep (&(struct timespec){0, i * 1000}, NULL);
        REQUIRE (i % 3 || read_frames (&f, 20, i ? 3 : 1) == (i ? 3 : 1));
    }
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

TEST (blocked_output_goes_on_when_the_peer_reads_and_room_comes_back)
{
    struct bench b;
    struct fake f = {.sndbuf = 4608};

    bench_open (&b, 8);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    for (int i = 0; i < 8; i++)
        put (b.h, 4000);
    struct zc_pipe *p = b.h->pipes;
    CHECK_INT (p->act, -1); /* at its mark */
    CHECK (zc_driver_dirty_pop (b.h) == p);
    zc_driver_write (b.h, p);
    CHECK (p->link->is_blocked);
    CHECK (!p->is_dirty);
    CHECK (p->out.msgs > 0);
    CHECK (p->out.msgs > 4);
    CHECK_INT (p->act, -1); /* partly written is not written */
    zc_hub_unlock (b.h);
    /* Half of the mark is room, although each write ended blocked. */
    CHECK_INT (read_frames (&f, 4000, 4), 4);
    EVENTUALLY (&b, b.h->pipes->act >= 0);
    zc_hub_lock (b.h);
    CHECK (p->out.msgs > 0);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f, 4000, 4), 4);
    EVENTUALLY (&b, b.h->pipes->act >= 0 && !b.h->pipes->link->is_blocked && !b.h->unsent);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

static void *send_one (void *arg)
{
    char c[4000] = {0};
    return (void *) (intptr_t) zmq_send (arg, c, sizeof c, 0);
}

TEST (room_wakes_a_sender_and_the_sender_the_next)
{
    struct bench b;
    struct fake f = {.sndbuf = 4608};
    pthread_t t[6];

    bench_open (&b, 2);
    fake_start (&f, &b);
    for (int i = 0; i < 6; i++)
        pthread_create (&t[i], NULL, send_one, b.socket);
    EVENTUALLY (&b, b.h->out.head != NULL);
    CHECK_INT (read_frames (&f, 4000, 6), 6);
    for (int i = 0; i < 6; i++)
        pthread_join (t[i], NULL);
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}

/* ---- death ---- */

TEST (a_link_that_is_read_or_written_dies_afterwards)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.most = 0}};

    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    pthread_mutex_lock (&f[0].gate);
    say (&f[0], 1);
    EVENTUALLY (&b, f[0].link.is_reading && atomic_load (&f[0].inside));
    zc_hub_lock (b.h);
    zc_driver_kill (b.h, &f[0].link, -ETIMEDOUT, 0, "a test");
    CHECK_INT (b.h->link_live, 0);
    zc_hub_unlock (b.h);
    for (int i = 0; i < 20; i++)
        nap ();
    CHECK_INT (atomic_load (&f[0].gone), 0);
    pthread_mutex_unlock (&f[0].gate);
    EVENTUALLY (&b, atomic_load (&f[0].gone) == 1 && !b.h->pipes);

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
    EVENTUALLY (&b, atomic_load (&f[1].gone) == 1);
    bench_let_go (&b);
    bench_close (&b, f, 2);
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
    EVENTUALLY (&b, atomic_load (&f.gone) == 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), -1);
    EVENTUALLY (&b, !b.h->pipes);
    bench_let_go (&b);
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
    EVENTUALLY (&b, unread (b.h) == 2);
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
    EVENTUALLY (&b, !b.h->pipes);
    bench_let_go (&b);
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
    EVENTUALLY (&b, f.link.is_reading);
    close (f.peer);
    f.peer = -1;
    zc_hub_lock (b.h);
    put (b.h, 10);
    CHECK (zc_driver_dirty_pop (b.h) != NULL);
    zc_driver_write (b.h, b.h->pipes); /* EPIPE */
    CHECK (!f.link.is_dead);
    zc_hub_unlock (b.h);
    pthread_mutex_unlock (&f.gate);
    EVENTUALLY (&b, atomic_load (&f.gone) == 1);
    zc_hub_lock (b.h);
    CHECK_INT (unread (b.h), 5);
    zc_hub_unlock (b.h);
    bench_let_go (&b);
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
        p[i].wake = (struct zc_wake) ZC_WAKE_INIT;
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
    EVENTUALLY (&b, unread (b.h) == 2); /* nobody came within the grace */
    EVENTUALLY (&b, readable (fd));
    CHECK (events_of (b.socket) & ZMQ_POLLIN);
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK (readable (fd)); /* one is left */
    CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    CHECK_INT (events_of (b.socket) & ZMQ_POLLIN, 0);
    CHECK (!readable (fd));
    bench_let_go (&b);
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
    zc_driver_clear (s->hub);
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
    bench_let_go (&b);
    bench_close (&b, &f, 1);
}
