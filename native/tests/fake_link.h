/* Fake links for the tests of the driver alone: socket pairs without ZMTP. One byte that arrives is one message; what goes out are
 * the frames as the queue has them. The hub is a DEALER's. Included once by each test_driver_*.c. */
#ifndef ZC_FAKE_LINK_H
#define ZC_FAKE_LINK_H

#include "eventually.h"
#include "core/close.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/pipe.h"
#include "os/net.h"
#include "zmq.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake
{
    struct zc_link link;  /* first */
    int peer;             /* our end of the pair */
    int most;             /* bytes one read takes; 0: many */
    int sndbuf;           /* of the link's end; 0: as it is */
    bool leftover;        /* a message came with the handshake, no edge tells of it */
    bool leftover_news;   /* as above, but a command that is no message */
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

static inline void fake_read (struct zc_link *l, struct zc_intake *in)
{
    struct fake *f = (struct fake *)(void *)l;
    uint8_t b[64];
    size_t want = f->most ? (size_t)f->most : sizeof b;

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
        in->error = (int)n;
    for (int64_t i = 0; i < n; i++) {
        zc_frames_put (&in->fresh, 0, &b[i], 1);
        in->msgs++;
    }
    in->heard = n > 0;
    in->more = n == (int64_t)want || in->hung_up;
    atomic_fetch_sub (&f->inside, 1);
}

static inline int fake_subscribe (struct zc_link *l, bool cancel, const uint8_t *topic, size_t n)
{
    (void)l;
    (void)cancel;
    (void)topic;
    (void)n;
    return 0;
}

static inline void fake_gone (struct zc_link *l)
{
    struct fake *f = (struct fake *)(void *)l;

    CHECK (!l->is_held && !l->is_reading);
    CHECK (zc_thread_is_current (&l->loop->thread));
    zc_net_close (l->fd);
    atomic_fetch_add (&f->gone, 1);
}

static const struct zc_link_ops fake_ops = {
    .read = fake_read, .subscribe = fake_subscribe, .gone = fake_gone};

static inline void join_task (struct zc_task *t)
{
    struct fake *f = (struct fake *)(void *)((char *)t - offsetof (struct fake, task));
    struct zc_hub *h = f->link.hub;

    CHECK_INT (zc_loop_watch (f->link.loop, &f->link.watch, f->link.fd, 0), 0);
    zc_hub_lock (h);
    struct zc_pipe *p = zc_pipe_new ();
    CHECK_INT (zc_pipe_attach (h, p), 0);
    f->link.pipe = p;
    f->link.has_input = f->leftover || f->leftover_news;
    CHECK_INT (zc_driver_join (h, &f->link), 0);
    zc_pipe_up (p);
    zc_driver_joined (h);
    zc_hub_unlock (h);
    atomic_store (&f->joined, true);
}

static inline void fake_start (struct fake *f, struct bench *b)
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
    EVENTUALLY (b->h, atomic_load (&f->joined));
}

/* cpu: where the I/O thread runs if there is such a CPU; -1: anywhere. */
static inline void bench_open_on (struct bench *b, int hwm, int cpu)
{
    b->ctx = zmq_ctx_new ();
    if (cpu >= 0)
        CHECK_INT (zmq_ctx_set (b->ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, cpu), 0);
    b->socket = zmq_socket (b->ctx, ZMQ_DEALER);
    CHECK_INT (zmq_setsockopt (b->socket, ZMQ_RCVHWM, &hwm, sizeof hwm), 0);
    CHECK_INT (zmq_setsockopt (b->socket, ZMQ_SNDHWM, &hwm, sizeof hwm), 0);
    b->h = hub_of (b->socket);
    CHECK_INT (zc_ctx_loop (b->h->ctx, 0, &b->loop), 0);
    zc_hub_lock (b->h);
    b->h->loop = zc_ctx_loop_share (b->loop);
    zc_hub_unlock (b->h);
}

static inline void bench_open (struct bench *b, int hwm)
{
    bench_open_on (b, hwm, -1);
}

static inline void bench_close (struct bench *b, struct fake *fakes, int n)
{
    int linger = 0;

    zc_ctx_loop_done (
        b->loop); /* the part of its count that was taken for the test; the loop itself is the context's */
    (void)zmq_setsockopt (b->socket, ZMQ_LINGER, &linger, sizeof linger);
    CHECK_INT (zmq_close (b->socket), 0);
    CHECK_INT (zmq_ctx_term (b->ctx), 0);
    for (int i = 0; i < n; i++) {
        CHECK_INT (atomic_load (&fakes[i].gone), 1);
        close (fakes[i].peer);
    }
}

static inline bool nests (void)
{
    return zc_poller_default ()
        ->nests; /* else the role is never given away: these tests have nothing to ask */
}

static inline void say (struct fake *f, int n)
{
    static const char bytes[64];
    CHECK_INT (write (f->peer, bytes, (size_t)n), n);
}

static inline uint32_t unread (const struct zc_hub *h)
{
    uint32_t n = 0;
    for (const struct zc_pipe *p = h->pipes; p; p = p->next)
        n += p->in_msgs;
    return n;
}

static inline void put (struct zc_hub *h, size_t size)
{
    struct zc_msg m;
    uint8_t *body = calloc (1, size + 1);

    zc_msg_lend (&m, body, size);
    CHECK_INT (zc_pipe_put (zc_hub_next_out (h), &m, 1, false), 0);
    zc_hub_rotate_out (h);
    free (body);
}

#endif
