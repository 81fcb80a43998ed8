/* An arena of the stress tests: senders' sockets and receivers' sockets, each shared by threads. Messages that say what they are,
 * and receivers that wait for them in every way and check each by its content. Who sends is the test's own. */
#ifndef ZC_STRESS_ARENA_H
#define ZC_STRESS_ARENA_H

#include "stress.h"

#include <poll.h>
#include <sys/epoll.h>

enum
{
    MAX_PARTS = 6,
    MAX_PART = 70000
};

/* ---- messages ---- */

struct head
{
    uint32_t thread, parts, part, size;
    uint64_t seq;
};

static inline void fill (uint8_t *at, const struct head *h)
{
    memcpy (at, h, sizeof *h);
    memset (at + sizeof *h, (int)(h->thread * 31 + h->seq + h->part), h->size - sizeof *h);
}

/* ---- what came, and from whom ---- */

struct worker
{
    struct arena *a;
    int sock, place; /* which socket; which thread on it */
    uint32_t x;
    int from; /* the receiving socket at hand */
    uint32_t last[MAX_SOCKS]
                 [MAX_SOCKS * MAX_THREADS]; /* seq + 1 of the last message from it, for each sending thread */
    pthread_t id;
};

static inline long senders (const struct plan *p)
{
    return (long)p->socks * p->threads;
}

/* A part that was received: all of it is as it was sent. */
static inline bool part_is_sound (const struct arena *a, const uint8_t *d, size_t n, struct head *h)
{
    if (n < sizeof *h) {
        CHECK_FAIL ("a part of %zu bytes", n);
        return false;
    }
    memcpy (h, d, sizeof *h);
    if (h->size != n || h->thread >= senders (&a->plan) || h->seq >= (uint64_t)a->plan.each
        || h->part >= h->parts) {
        CHECK_FAIL ("a part is garbage: thread %u seq %llu part %u/%u size %u of %zu", h->thread,
                    (unsigned long long)h->seq, h->part, h->parts, h->size, n);
        return false;
    }
    for (size_t i = sizeof *h; i < n; i++)
        if (d[i] != (uint8_t)(h->thread * 31 + h->seq + h->part)) {
            CHECK_FAIL ("byte %zu of a part is wrong", i);
            return false;
        }
    return true;
}

static inline void message_came (struct worker *w, const struct head *h)
{
    struct arena *a = w->a;
    long place = (a->plan.everyone ? w->sock * senders (&a->plan) : 0) + h->thread;

    if (atomic_fetch_add (&a->seen[place * a->plan.each + (long)h->seq], 1))
        CHECK_FAIL ("thread %u seq %llu came twice", h->thread, (unsigned long long)h->seq);
    uint32_t *last = &w->last[w->from][h->thread];
    if (*last > h->seq)
        CHECK_FAIL ("order: thread %u seq %llu after %u", h->thread, (unsigned long long)h->seq, *last - 1);
    *last = (uint32_t)h->seq + 1;
    atomic_fetch_add (&a->got, 1);
}

/* Parts of whole messages, one after the other. */
struct taker
{
    struct worker *w;
    struct head first;
    uint32_t next;
};

static inline void part_came (struct taker *t, const uint8_t *d, size_t n, bool more)
{
    struct head h;

    if (!part_is_sound (t->w->a, d, n, &h))
        return;
    if (h.part != t->next || (t->next && (h.thread != t->first.thread || h.seq != t->first.seq))
        || more != (h.part + 1 < h.parts))
        CHECK_FAIL ("torn: thread %u seq %llu part %u/%u more %d, expected part %u of thread %u seq %llu",
                    h.thread, (unsigned long long)h.seq, h.part, h.parts, more, t->next, t->first.thread,
                    (unsigned long long)t->first.seq);
    if (!h.part)
        t->first = h;
    t->next = more ? h.part + 1 : 0;
    if (!more)
        message_came (t->w, &h);
}

/* ---- receiving ---- */

static inline int take_parts (struct taker *t, void *s, int flags, size_t messages)
{
    zmq_msg_t m[4 * MAX_PARTS];
    long n = messages > 1 ? zcffi_recv_many (s, m, 4 * MAX_PARTS, messages, flags)
                          : zcffi_recv_parts (s, m, MAX_PARTS, flags);

    for (long i = 0; i < n; i++) {
        part_came (t, zmq_msg_data (&m[i]), zmq_msg_size (&m[i]), zmq_msg_more (&m[i]));
        zmq_msg_close (&m[i]);
    }
    return n < 0 ? -1 : 0;
}

static inline int take_packed (struct taker *t, void *s, uint8_t *buffer)
{
    uint64_t sizes[4 * MAX_PARTS];
    long n = zcffi_recv_packed (s, buffer, MAX_PART * MAX_PARTS, sizes, 4 * MAX_PARTS, 4, 0);
    size_t at = 0;

    for (long i = 0; i < n; i++) {
        part_came (t, buffer + at, (size_t)(sizes[i] >> 1), sizes[i] & 1);
        at += (size_t)(sizes[i] >> 1);
    }
    return n < 0 ? -1 : 0;
}

static inline int take_part_by_part (struct taker *t, void *s, uint8_t *buffer)
{
    int more = 1;

    while (more) {
        zmq_msg_t m;
        zmq_msg_init (&m);
        if (zmq_msg_recv (&m, s, 0) < 0) {
            zmq_msg_close (&m);
            return -1;
        }
        more = zmq_msg_more (&m);
        part_came (t, zmq_msg_data (&m), zmq_msg_size (&m), more);
        zmq_msg_close (&m);
    }
    (void)buffer;
    return 0;
}

static inline int take_polled (struct worker *w, struct taker *t, int timeout)
{
    struct arena *a = w->a;
    int other = (w->sock + 1) % a->plan.socks;
    zmq_pollitem_t it[2] = {{.socket = a->recv[w->sock], .events = ZMQ_POLLIN},
                            {.socket = a->recv[other], .events = ZMQ_POLLIN}};
    int n = zmq_poll (it, a->plan.everyone ? 1 : 2, timeout);

    if (n <= 0)
        return n;
    int rc = 0;
    for (int i = 0; i < (a->plan.everyone ? 1 : 2) && rc == 0; i++) {
        w->from = i ? other : w->sock;
        if ((it[i].revents & ZMQ_POLLIN) && take_parts (t, it[i].socket, ZMQ_DONTWAIT, 1) < 0
            && errno != EAGAIN)
            rc = -1;
    }
    w->from = w->sock;
    return rc;
}

/* Where others receive too the timeout is for the end; who is alone must be told of every message. */
static inline int watch_ms (const struct arena *a)
{
    return a->plan.alone ? (int)(3 * stall_ms ()) : 100;
}

/* Waits on the exported descriptor and nothing else. */
static inline int take_watched (struct worker *w, struct taker *t, int fd)
{
    void *s = w->a->recv[w->sock];
    struct pollfd p = {.fd = fd, .events = POLLIN};

    int n = poll (&p, 1, watch_ms (w->a));
    int e = events_of (s);
    if (e < 0)
        return -1;
    /* Messages are there, the descriptor is silent, and stays so: a level-triggered program would sleep on them. */
    for (int i = 0; n == 0 && (e & ZMQ_POLLIN) && poll (&p, 1, 0) == 0; i++) {
        if (i == 20) {
            atomic_fetch_add (&w->a->late, 1);
            break;
        }
        nap_us (200);
        e = events_of (s);
    }
    for (uint32_t k = rnd (&w->x) % 4; (e & ZMQ_POLLIN) && k < 4; k++)
        if (take_parts (t, s, ZMQ_DONTWAIT, 1) < 0)
            return errno == EAGAIN ? 0 : -1;
    return 0;
}

/* As an edge-triggered program: after an event it takes all there is. */
static inline int take_at_edges (struct worker *w, struct taker *t, int ep)
{
    void *s = w->a->recv[w->sock];
    struct epoll_event ev;
    int n = epoll_wait (ep, &ev, 1, watch_ms (w->a)), e, taken = 0;

    while ((e = events_of (s)) >= 0 && (e & ZMQ_POLLIN)) {
        if (take_parts (t, s, ZMQ_DONTWAIT, 1) == 0)
            taken++;
        else if (errno != EAGAIN)
            return -1;
    }
    (void)n;
    (void)taken;
    return e < 0 ? -1 : 0;
}

static inline int fd_of (void *s)
{
    int fd = -1;
    size_t n = sizeof fd;
    CHECK_INT (zmq_getsockopt (s, ZMQ_FD, &fd, &n), 0);
    return fd;
}

static inline void *receiver (void *arg)
{
    struct worker *w = arg;
    struct arena *a = w->a;
    struct taker t = {.w = w};
    void *s = a->recv[w->sock];
    uint8_t *buffer = malloc (MAX_PART * MAX_PARTS);
    int way = w->place % 4, rc = 0, fd = -1, ep = -1;

    if (a->plan.alone || (a->plan.watched && w->place % 2)) {
        way = a->plan.alone ? 3 + a->plan.alone : w->place % 4 == 1 ? 4 : 5;
        fd = fd_of (s);
        ep = epoll_create1 (0);
        struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
        epoll_ctl (ep, EPOLL_CTL_ADD, fd, &ev);
    }
    while (rc == 0 && !atomic_load (&a->stop)) {
        switch (way) {
        case 0:
            rc = take_part_by_part (&t, s, buffer);
            break;
        case 1:
            rc = take_polled (w, &t, rnd (&w->x) % 4 ? -1 : 2);
            break;
        case 2:
            rc = take_parts (&t, s, 0, rnd (&w->x) % 2 ? 1 : 3);
            break;
        case 3:
            rc = take_packed (&t, s, buffer);
            break;
        case 4:
            rc = take_watched (w, &t, fd);
            break;
        default:
            rc = take_at_edges (w, &t, ep);
        }
        if (rnd (&w->x) % 400 == 0)
            nap_us (rnd (&w->x) % 4000);
    }
    if (rc < 0 && !is_over (errno))
        CHECK_FAIL ("way %d: %s", way, zmq_strerror (errno));
    if (ep >= 0)
        close (ep);
    free (buffer);
    return NULL;
}

/* ---- setting up and taking down ---- */

static inline void arena_open (struct arena *a, const struct plan *p)
{
    char endpoint[256];

    memset (a, 0, sizeof *a);
    a->plan = *p;
    a->ctx = zmq_ctx_new ();
    a->seen = calloc ((size_t)(senders (p) * p->each * (p->everyone ? p->socks : 1)), 1);
    for (int i = 0; i < p->socks; i++) {
        a->send[i] = socket_of (a->ctx, p->send_type, p->hwm, p->look);
        a->recv[i] = socket_of (a->ctx, p->recv_type, p->hwm, p->look);
    }
    /* The two sides take turns to bind. */
    for (int i = 0; i < p->socks; i++) {
        void **binder = i % 2 ? a->send : a->recv, **dialer = i % 2 ? a->recv : a->send;
        if (p->everyone) {
            binder = a->send;
            dialer = a->recv;
        }
        if (p->one_to_one) {
            bind_somewhere (binder[i], p->transport, endpoint, sizeof endpoint);
            CHECK_INT (zmq_connect (dialer[i], endpoint), 0);
        } else if (binder == a->recv || p->everyone) {
            bind_somewhere (binder[i], p->transport, endpoint, sizeof endpoint);
            for (int k = 0; k < p->socks; k++)
                if (p->everyone || binder == a->recv)
                    CHECK_INT (zmq_connect (dialer[k], endpoint), 0);
        } else { /* receiver i connects to all senders */
            for (int k = 0; k < p->socks; k++) {
                bind_somewhere (a->send[k], p->transport, endpoint, sizeof endpoint);
                CHECK_INT (zmq_connect (a->recv[i], endpoint), 0);
            }
        }
    }
}

static inline void arena_close (struct arena *a)
{
    for (int i = 0; i < a->plan.socks; i++) {
        int none = 0;
        (void)zmq_setsockopt (a->send[i], ZMQ_LINGER, &none, sizeof none);
        CHECK_INT (zmq_close (a->send[i]), 0);
        CHECK_INT (zmq_close (a->recv[i]), 0);
    }
}

#endif
