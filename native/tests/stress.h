/* What the stress tests share. Many threads on the same sockets; what comes out is checked by content: nothing lost where the
 * pattern promises it, nothing twice, the order of each sender kept, no message torn, every wait ended by close or term, and no
 * message held up: a state that makes no progress is printed and ends the run.
 *
 * ZCFFI_STRESS=n runs n times as many messages (default 1); ZCFFI_STALL=ms is how long nothing may move (default 20000).
 * Built with ZC_CHAOS the core gives the CPU away at random around its locks; with ZC_TICK_OFF lost wake-ups are not healed by
 * the clock. Included once by each test_stress_*.c. */
#ifndef ZC_STRESS_H
#define ZC_STRESS_H

#include "eventually.h"
#include "core/driver.h"
#include "core/handle.h"
#include "zcffi.h"
#include "zmq.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum
{
    MAX_SOCKS = 4,
    MAX_THREADS = 12
};

/* ---- small tools ---- */

static inline long scaled (long n)
{
    const char *s = getenv ("ZCFFI_STRESS");
    long k = s ? atol (s) : 1;
    return n * (k > 0 ? k : 1);
}

static inline long stall_ms (void)
{
    const char *s = getenv ("ZCFFI_STALL");
    long ms = s ? atol (s) : 20000;
    return ms > 1000 ? ms : 1000;
}

static inline uint32_t rnd (uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

static inline void nap_us (long us)
{
    nanosleep (&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static inline void set_int (void *s, int option, int value)
{
    CHECK_INT (zmq_setsockopt (s, option, &value, sizeof value), 0);
}

static inline int events_of (void *s)
{
    int e = 0;
    size_t n = sizeof e;
    return zmq_getsockopt (s, ZMQ_EVENTS, &e, &n) < 0 ? -1 : e;
}

static inline bool is_over (int error)
{
    return error == ENOTSOCK || error == ETERM;
}

static inline void dump (const char *name, void *socket)
{
    uintptr_t v = (uintptr_t)socket;
    struct zc_slot *slot = zc_handle_slot ((uint32_t)(v >> 1 & 0xffffff));

    if (!slot || !socket)
        return;
    zc_mutex_lock (&slot->mu);
    const struct zc_hub *h =
        slot->kind == ZC_KIND_SOCKET || slot->kind == ZC_KIND_CLOSING ? slot->object : NULL;
    if (h) {
        fprintf (stderr,
                 "%s: state %d role %d armed %d refs %d links %u pipes %u act %d | ready %d avail %d mail %d "
                 "| dirty %d "
                 "burst %d sweep %d unsent %zu | in %d(%d) out %d(%d) mail %d(%d) | ticking %d resume %d f "
                 "%d raised %d\n",
                 name, h->state, h->role, h->is_armed, h->refs, h->link_live, h->pipe_count, h->act_count,
                 h->ready_head != NULL, h->avail_head != NULL, h->mail.first != NULL, h->dirty_count,
                 h->is_burst, h->is_sweeping, h->unsent, h->in.head != NULL, h->in.waking,
                 h->out.head != NULL, h->out.waking, h->mail.sleepers.head != NULL, h->mail.sleepers.waking,
                 h->is_ticking, h->resume, h->has_f, h->mail.is_raised);
        for (const struct zc_pipe *p = h->pipes; p; p = p->next) {
            const struct zc_link *l = p->link;
            fprintf (stderr,
                     "  pipe %u: in %u out %u msgs %zu bytes act %d avail %d dirty %d ending %d leaving %d",
                     p->number, p->in_msgs, p->out.msgs, p->out.bytes, p->act, p->is_avail, p->is_dirty,
                     p->is_ending, p->is_leaving);
            if (l)
                fprintf (stderr, " link: fd %d held %d blocked %d dead %d reading %d ready %d direct %d",
                         l->fd, l->is_held, l->is_blocked, l->is_dead, l->is_reading, l->is_ready,
                         l->is_direct);
            fputc ('\n', stderr);
        }
    }
    zc_mutex_unlock (&slot->mu);
}

/* ---- what is under stress, as the report of a stall shows it ---- */

struct plan
{
    int send_type, recv_type;
    const char *transport; /* "tcp", "ipc", "inproc" */
    int socks;             /* of each side */
    int threads;           /* on each socket */
    long each;             /* messages of each sending thread */
    int hwm;
    bool watched; /* receivers also watch descriptors */
    int alone;    /* 1, 2: every receiver watches and does nothing else, 1: level-triggered, 2: at edges */
    int look;     /* ZCFFI_LOOK_AGAIN, microseconds; -1: the default */
    bool one_to_one, everyone; /* socket i to socket i; each message to every receiving socket */
};

struct arena
{
    struct plan plan;
    void *ctx, *send[MAX_SOCKS], *recv[MAX_SOCKS];
    _Atomic uint8_t *seen; /* [receiving socket if everyone][sending thread][seq] */
    _Atomic long got, sent;
    _Atomic int late;
    _Atomic bool stop;
};

/* ---- setting up, waiting ---- */

static inline void bind_somewhere (void *s, const char *transport, char *endpoint, size_t size)
{
    static _Atomic int count;
    char name[64];

    if (strcmp (transport, "tcp") == 0)
        snprintf (name, sizeof name, "tcp://127.0.0.1:*");
    else if (strcmp (transport, "ipc") == 0)
        snprintf (name, sizeof name, "ipc://*");
    else
        snprintf (name, sizeof name, "inproc://stress-%d", atomic_fetch_add (&count, 1));
    CHECK_INT (zmq_bind (s, name), 0);
    CHECK_INT (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
}

static inline void *socket_of (void *ctx, int type, int hwm, int look)
{
    void *s = zmq_socket (ctx, type);

    set_int (s, ZMQ_SNDHWM, hwm);
    set_int (s, ZMQ_RCVHWM, hwm);
    if (look >= 0)
        set_int (s, ZCFFI_LOOK_AGAIN, look);
    if (type == ZMQ_SUB)
        CHECK_INT (zmq_setsockopt (s, ZMQ_SUBSCRIBE, "", 0), 0);
    if (type == ZMQ_XSUB)
        CHECK_INT (zmq_send (s, "\1", 1, 0), 1);
    if (type == ZMQ_XPUB)
        set_int (s, ZMQ_XPUB_NODROP, 1);
    return s;
}

static inline void stalled (struct arena *a, const char *what)
{
    char name[32];

    fprintf (stderr, "STALLED (%s): %s over %s, sent %ld, got %ld\n", what,
             a->plan.watched ? "watched" : "plain", a->plan.transport, atomic_load (&a->sent),
             atomic_load (&a->got));
    for (int i = 0; i < a->plan.socks; i++) {
        snprintf (name, sizeof name, "send[%d]", i);
        dump (name, a->send[i]);
        snprintf (name, sizeof name, "recv[%d]", i);
        dump (name, a->recv[i]);
    }
    _exit (4);
}

static inline void join_in_time (struct arena *a, pthread_t id, const char *what)
{
    struct timespec t;

    clock_gettime (CLOCK_REALTIME, &t);
    t.tv_sec += stall_ms () / 1000;
    if (pthread_timedjoin_np (id, NULL, &t) != 0)
        stalled (a, what);
}

static inline void await_messages (struct arena *a, long want)
{
    uint64_t since = zc_now ();
    long last = -1;

    while (atomic_load (&a->got) < want) {
        long now = atomic_load (&a->got) + atomic_load (&a->sent);
        if (now != last)
            since = zc_now ();
        else if (zc_now () - since > (uint64_t)stall_ms () * ZC_MS)
            stalled (a, "no progress");
        last = now;
        nap_us (2000);
    }
}

#endif
