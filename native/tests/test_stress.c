/* Many threads on the same sockets. What comes out is checked by content: nothing lost where the pattern promises it,
 * nothing twice, the order of each sender kept, no message torn, every wait ended by close or term, and no message held up: a
 * state that makes no progress is printed and ends the run.
 *
 * ZCFFI_STRESS=n runs n times as many messages (default 1); ZCFFI_STALL=ms is how long nothing may move (default 20000). Built with ZC_CHAOS the core gives the CPU away at random
 * around its locks; with ZC_TICK_OFF lost wake-ups are not healed by the clock. */
#include "check.h"
#include "core/driver.h"
#include "core/handle.h"
#include "os/clock.h"
#include "sock/socket.h"
#include "zcffi.h"
#include "zmq.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum
{
    MAX_SOCKS = 4,
    MAX_THREADS = 12,
    MAX_PARTS = 6,
    MAX_PART = 70000
};

/* ---- small tools ---- */

static long scaled (long n)
{
    const char *s = getenv ("ZCFFI_STRESS");
    long k = s ? atol (s) : 1;
    return n * (k > 0 ? k : 1);
}

static long stall_ms (void)
{
    const char *s = getenv ("ZCFFI_STALL");
    long ms = s ? atol (s) : 20000;
    return ms > 1000 ? ms : 1000;
}

static uint32_t rnd (uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

static void nap_us (long us)
{
    nanosleep (&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static void set_int (void *s, int option, int value)
{
    CHECK_INT (zmq_setsockopt (s, option, &value, sizeof value), 0);
}

static int events_of (void *s)
{
    int e = 0;
    size_t n = sizeof e;
    return zmq_getsockopt (s, ZMQ_EVENTS, &e, &n) < 0 ? -1 : e;
}

static bool is_over (int error)
{
    return error == ENOTSOCK || error == ETERM;
}

static void dump (const char *name, void *socket)
{
    uintptr_t v = (uintptr_t) socket;
    struct zc_slot *slot = zc_handle_slot ((uint32_t) (v >> 1 & 0xffffff));

    if (!slot || !socket)
        return;
    zc_mutex_lock (&slot->mu);
    const struct zc_hub *h = slot->kind == ZC_KIND_SOCKET || slot->kind == ZC_KIND_CLOSING ? slot->object : NULL;
    if (h) {
        fprintf (stderr,
                 "%s: state %d role %d armed %d refs %d links %u pipes %u act %d | ready %d avail %d mail %d | dirty %d "
                 "burst %d sweep %d unsent %zu | in %d(%d) out %d(%d) mail %d(%d) | ticking %d resume %d f %d raised %d\n",
                 name, h->state, h->role, h->is_armed, h->refs, h->link_live, h->pipe_count, h->act_count,
                 h->ready_head != NULL, h->avail_head != NULL, h->mail.first != NULL, h->dirty_count, h->is_burst,
                 h->is_sweeping, h->unsent, h->in.head != NULL, h->in.waking, h->out.head != NULL, h->out.waking,
                 h->mail.sleepers.head != NULL, h->mail.sleepers.waking, h->is_ticking, h->resume, h->has_f,
                 h->mail.is_raised);
        for (const struct zc_pipe *p = h->pipes; p; p = p->next) {
            const struct zc_link *l = p->link;
            fprintf (stderr, "  pipe %u: in %u out %u msgs %zu bytes act %d avail %d dirty %d ending %d leaving %d", p->number,
                     p->in_msgs, p->out.msgs, p->out.bytes, p->act, p->is_avail, p->is_dirty, p->is_ending, p->is_leaving);
            if (l)
                fprintf (stderr, " link: fd %d held %d blocked %d dead %d reading %d ready %d direct %d", l->fd,
                         l->is_held, l->is_blocked, l->is_dead, l->is_reading, l->is_ready, l->is_direct);
            fputc ('\n', stderr);
        }
    }
    zc_mutex_unlock (&slot->mu);
}

/* ---- messages ---- */

struct head
{
    uint32_t thread, parts, part, size;
    uint64_t seq;
};

static size_t some_size (uint32_t *x)
{
    uint32_t k = rnd (x) % 2000;
    size_t n = k == 0 ? MAX_PART - rnd (x) % 3000 : k < 20 ? 2000 + rnd (x) % 3000 : rnd (x) % 200;
    return n < sizeof (struct head) ? sizeof (struct head) : n;
}

static void fill (uint8_t *at, const struct head *h)
{
    memcpy (at, h, sizeof *h);
    memset (at + sizeof *h, (int) (h->thread * 31 + h->seq + h->part), h->size - sizeof *h);
}

/* ---- an arena: senders' sockets and receivers' sockets, each shared by threads ---- */

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

struct worker
{
    struct arena *a;
    int sock, place; /* which socket; which thread on it */
    uint32_t x;
    int from; /* the receiving socket at hand */
    uint32_t last[MAX_SOCKS][MAX_SOCKS * MAX_THREADS]; /* seq + 1 of the last message from it, for each sending thread */
    pthread_t id;
};

static long senders (const struct plan *p)
{
    return (long) p->socks * p->threads;
}

/* A part that was received: all of it is as it was sent. */
static bool part_is_sound (const struct arena *a, const uint8_t *d, size_t n, struct head *h)
{
    if (n < sizeof *h) {
        CHECK_FAIL ("a part of %zu bytes", n);
        return false;
    }
    memcpy (h, d, sizeof *h);
    if (h->size != n || h->thread >= senders (&a->plan) || h->seq >= (uint64_t) a->plan.each || h->part >= h->parts) {
        CHECK_FAIL ("a part is garbage: thread %u seq %llu part %u/%u size %u of %zu", h->thread,
                    (unsigned long long) h->seq, h->part, h->parts, h->size, n);
        return false;
    }
    for (size_t i = sizeof *h; i < n; i++)
        if (d[i] != (uint8_t) (h->thread * 31 + h->seq + h->part)) {
            CHECK_FAIL ("byte %zu of a part is wrong", i);
            return false;
        }
    return true;
}

static void message_came (struct worker *w, const struct head *h)
{
    struct arena *a = w->a;
    long place = (a->plan.everyone ? w->sock * senders (&a->plan) : 0) + h->thread;

    if (atomic_fetch_add (&a->seen[place * a->plan.each + (long) h->seq], 1))
        CHECK_FAIL ("thread %u seq %llu came twice", h->thread, (unsigned long long) h->seq);
    uint32_t *last = &w->last[w->from][h->thread];
    if (*last > h->seq)
        CHECK_FAIL ("order: thread %u seq %llu after %u", h->thread, (unsigned long long) h->seq, *last - 1);
    *last = (uint32_t) h->seq + 1;
    atomic_fetch_add (&a->got, 1);
}

/* Parts of whole messages, one after the other. */
struct taker
{
    struct worker *w;
    struct head first;
    uint32_t next;
};

static void part_came (struct taker *t, const uint8_t *d, size_t n, bool more)
{
    struct head h;

    if (!part_is_sound (t->w->a, d, n, &h))
        return;
    if (h.part != t->next || (t->next && (h.thread != t->first.thread || h.seq != t->first.seq))
        || more != (h.part + 1 < h.parts))
        CHECK_FAIL ("torn: thread %u seq %llu part %u/%u more %d, expected part %u of thread %u seq %llu", h.thread,
                    (unsigned long long) h.seq, h.part, h.parts, more, t->next, t->first.thread,
                    (unsigned long long) t->first.seq);
    if (!h.part)
        t->first = h;
    t->next = more ? h.part + 1 : 0;
    if (!more)
        message_came (t->w, &h);
}

/* ---- sending ---- */

static int send_parts (void *s, const struct head *h, uint32_t *x, int flags)
{
    zmq_msg_t m[MAX_PARTS];

    for (uint32_t i = 0; i < h->parts; i++) {
        struct head part = *h;
        part.part = i;
        part.size = (uint32_t) some_size (x);
        zmq_msg_init_size (&m[i], part.size);
        fill (zmq_msg_data (&m[i]), &part);
    }
    int rc = zcffi_send_parts (s, m, h->parts, flags), error = errno;
    for (uint32_t i = 0; i < h->parts; i++)
        zmq_msg_close (&m[i]);
    errno = error;
    return rc;
}

static int send_part_by_part (void *s, const struct head *h, uint32_t *x, uint8_t *buffer)
{
    for (uint32_t i = 0; i < h->parts; i++) {
        struct head part = *h;
        part.part = i;
        part.size = (uint32_t) some_size (x);
        fill (buffer, &part);
        if (zmq_send (s, buffer, part.size, i + 1 < h->parts ? ZMQ_SNDMORE : 0) < 0)
            return -1;
    }
    return 0;
}

/* Several messages of one part in one call. How many went, or -1. */
static long send_many (void *s, struct head h, long most, uint32_t *x, uint8_t *buffer)
{
    zcffi_part_t parts[8];
    long n = 1 + rnd (x) % 8;
    size_t at = 0;

    if (n > most)
        n = most;
    h.parts = 1;
    for (long i = 0; i < n; i++) {
        h.size = (uint32_t) (sizeof h + rnd (x) % 100);
        fill (buffer + at, &h);
        parts[i] = (zcffi_part_t){buffer + at, h.size, 0};
        at += h.size;
        h.seq++;
    }
    return zcffi_send_many (s, parts, (size_t) n, 0);
}

/* One step of a sender: how many messages went, 0 to try again, -1. */
static long send_step (struct worker *w, void *s, struct head *h, uint8_t *buffer)
{
    uint32_t *x = &w->x, how = rnd (x) % 8;
    long left = w->a->plan.each - (long) h->seq;

    h->parts = how < 4 ? 1 : 1 + rnd (x) % MAX_PARTS;
    if (w->sock == 0 && w->place == 0 && how <= 4)
        return send_part_by_part (s, h, x, buffer) < 0 ? -1 : 1;
    if (how == 5)
        return send_many (s, *h, left, x, buffer);
    if (how == 6) { /* polls for room first, as others do at the same time */
        zmq_pollitem_t it = {.socket = s, .events = ZMQ_POLLOUT};
        if (zmq_poll (&it, 1, rnd (x) % 2 ? -1 : 3) < 0)
            return -1;
    }
    int flags = how >= 6 ? ZMQ_DONTWAIT : 0;
    h->part = 0;
    h->size = (uint32_t) some_size (x);
    fill (buffer, h);
    /* Where one thread sends part by part the others send whole messages: a part of theirs would join its message. */
    int rc = h->parts > 1 || w->sock == 0 ? send_parts (s, h, x, flags) : zmq_send (s, buffer, h->size, flags);
    return rc >= 0 ? 1 : errno == EAGAIN ? 0 : -1;
}

static void *sender (void *arg)
{
    struct worker *w = arg;
    struct arena *a = w->a;
    uint8_t *buffer = malloc (MAX_PART);
    struct head h = {.thread = (uint32_t) (w->sock * a->plan.threads + w->place)};

    while (h.seq < (uint64_t) a->plan.each) {
        long n = send_step (w, a->send[w->sock], &h, buffer);
        if (n < 0) {
            if (!is_over (errno))
                CHECK_FAIL ("send: %s", zmq_strerror (errno));
            break;
        }
        if (n == 0)
            nap_us (rnd (&w->x) % 50);
        h.seq += (uint64_t) n;
        atomic_fetch_add (&a->sent, n);
        if (rnd (&w->x) % 500 == 0)
            nap_us (rnd (&w->x) % 3000);
    }
    free (buffer);
    return NULL;
}

/* ---- receiving ---- */

static int take_parts (struct taker *t, void *s, int flags, size_t messages)
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

static int take_packed (struct taker *t, void *s, uint8_t *buffer)
{
    uint64_t sizes[4 * MAX_PARTS];
    long n = zcffi_recv_packed (s, buffer, MAX_PART * MAX_PARTS, sizes, 4 * MAX_PARTS, 4, 0);
    size_t at = 0;

    for (long i = 0; i < n; i++) {
        part_came (t, buffer + at, (size_t) (sizes[i] >> 1), sizes[i] & 1);
        at += (size_t) (sizes[i] >> 1);
    }
    return n < 0 ? -1 : 0;
}

static int take_part_by_part (struct taker *t, void *s, uint8_t *buffer)
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
    (void) buffer;
    return 0;
}

static int take_polled (struct worker *w, struct taker *t, int timeout)
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
        if ((it[i].revents & ZMQ_POLLIN) && take_parts (t, it[i].socket, ZMQ_DONTWAIT, 1) < 0 && errno != EAGAIN)
            rc = -1;
    }
    w->from = w->sock;
    return rc;
}

/* Where others receive too the timeout is for the end; who is alone must be told of every message. */
static int watch_ms (const struct arena *a)
{
    return a->plan.alone ? (int) (3 * stall_ms ()) : 100;
}

/* Waits on the exported descriptor and nothing else. */
static int take_watched (struct worker *w, struct taker *t, int fd)
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
static int take_at_edges (struct worker *w, struct taker *t, int ep)
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
    (void) n;
    (void) taken;
    return e < 0 ? -1 : 0;
}

static int fd_of (void *s)
{
    int fd = -1;
    size_t n = sizeof fd;
    CHECK_INT (zmq_getsockopt (s, ZMQ_FD, &fd, &n), 0);
    return fd;
}

static void *receiver (void *arg)
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

/* Asks for EVENTS and polls without waiting, now on this socket, now on that. */
static void *onlooker (void *arg)
{
    struct worker *w = arg;
    struct arena *a = w->a;

    while (!atomic_load (&a->stop)) {
        int i = (int) (rnd (&w->x) % (uint32_t) a->plan.socks);
        zmq_pollitem_t it[2] = {{.socket = a->send[i], .events = ZMQ_POLLOUT}, {.socket = a->recv[i], .events = ZMQ_POLLIN}};
        if (rnd (&w->x) % 2)
            (void) events_of (rnd (&w->x) % 2 ? a->send[i] : a->recv[i]);
        else
            (void) zmq_poll (it, 2, 0);
        nap_us (rnd (&w->x) % 500);
    }
    return NULL;
}

/* ---- setting up and taking down ---- */

static void bind_somewhere (void *s, const char *transport, char *endpoint, size_t size)
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

static void *socket_of (void *ctx, int type, int hwm, int look)
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

/* Publishers count those who have subscribed. */
static void await_subscribers (struct arena *a, int i)
{
    char b[8];
    int n = a->plan.socks;

    if (a->plan.send_type == ZMQ_XPUB) { /* one notice tells of the first; the others come soon after */
        CHECK_INT (zmq_recv (a->send[i], b, sizeof b, 0), 1);
        set_int (a->send[i], ZMQ_XPUB_VERBOSE, 1);
    }
    (void) n;
}

static void arena_open (struct arena *a, const struct plan *p)
{
    char endpoint[256];

    memset (a, 0, sizeof *a);
    a->plan = *p;
    a->ctx = zmq_ctx_new ();
    a->seen = calloc ((size_t) (senders (p) * p->each * (p->everyone ? p->socks : 1)), 1);
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

static void await_joins (struct arena *a)
{
    /* Published messages go to who has subscribed: wait until each publisher knows each subscriber. */
    for (int i = 0; a->plan.everyone && i < a->plan.socks; i++) {
        await_subscribers (a, i);
        for (int tries = 0; tries < 1000; tries++) {
            uintptr_t v = (uintptr_t) a->send[i];
            struct zc_slot *slot = zc_handle_slot ((uint32_t) (v >> 1 & 0xffffff));
            (void) events_of (a->send[i]);
            zc_mutex_lock (&slot->mu);
            const struct zc_hub *h = slot->object;
            int up = 0;
            for (const struct zc_pipe *p = h->pipes; p; p = p->next)
                up += p->is_up;
            zc_mutex_unlock (&slot->mu);
            if (up == a->plan.socks)
                break;
            nap_us (1000);
        }
    }
    for (int k = 0; a->plan.everyone && k < 200; k++) { /* and the subscriptions behind the handshakes */
        for (int i = 0; i < a->plan.socks; i++)
            (void) events_of (a->send[i]);
        nap_us (1000);
    }
}

static void stalled (struct arena *a, const char *what)
{
    char name[32];

    fprintf (stderr, "STALLED (%s): %s over %s, sent %ld, got %ld\n", what, a->plan.watched ? "watched" : "plain",
             a->plan.transport, atomic_load (&a->sent), atomic_load (&a->got));
    for (int i = 0; i < a->plan.socks; i++) {
        snprintf (name, sizeof name, "send[%d]", i);
        dump (name, a->send[i]);
        snprintf (name, sizeof name, "recv[%d]", i);
        dump (name, a->recv[i]);
    }
    _exit (4);
}

static void join_in_time (struct arena *a, pthread_t id, const char *what)
{
    struct timespec t;

    clock_gettime (CLOCK_REALTIME, &t);
    t.tv_sec += stall_ms () / 1000;
    if (pthread_timedjoin_np (id, NULL, &t) != 0)
        stalled (a, what);
}

static void await_messages (struct arena *a, long want)
{
    uint64_t since = zc_now ();
    long last = -1;

    while (atomic_load (&a->got) < want) {
        long now = atomic_load (&a->got) + atomic_load (&a->sent);
        if (now != last)
            since = zc_now ();
        else if (zc_now () - since > (uint64_t) stall_ms () * ZC_MS)
            stalled (a, "no progress");
        last = now;
        nap_us (2000);
    }
}

static void arena_close (struct arena *a)
{
    for (int i = 0; i < a->plan.socks; i++) {
        int none = 0;
        (void) zmq_setsockopt (a->send[i], ZMQ_LINGER, &none, sizeof none);
        CHECK_INT (zmq_close (a->send[i]), 0);
        CHECK_INT (zmq_close (a->recv[i]), 0);
    }
}

static void run (const struct plan *plan)
{
    static struct arena a;
    static struct worker workers[2 * MAX_SOCKS * MAX_THREADS + 1];
    long n = senders (plan), want;

    arena_open (&a, plan);
    await_joins (&a);
    want = n * plan->each * (plan->everyone ? plan->socks : 1);
    memset (workers, 0, sizeof workers);
    for (long i = 0; i < 2 * n + 1; i++) {
        struct worker *w = &workers[i];
        w->a = &a;
        w->x = (uint32_t) (i + 1) * 7919u;
        w->sock = (int) (i % n) / plan->threads;
        w->place = (int) (i % n) % plan->threads;
        w->from = w->sock;
        pthread_create (&w->id, NULL, i < n ? receiver : i < 2 * n ? sender : onlooker, w);
    }
    await_messages (&a, want);
    nap_us (20000);
    CHECK_INT (atomic_load (&a.got), want);
    CHECK_INT (atomic_load (&a.late), 0);
    atomic_store (&a.stop, true);
    for (long i = n; i < 2 * n + 1; i++)
        join_in_time (&a, workers[i].id, "senders");
    arena_close (&a);
    for (long i = 0; i < n; i++)
        join_in_time (&a, workers[i].id, "receivers at close");
    CHECK_INT (zmq_ctx_term (a.ctx), 0);
    free ((void *) a.seen);
}

static void run_over (const char *transport, int send_type, int recv_type, bool one_to_one)
{
    struct plan p = {.send_type = send_type,
                     .recv_type = recv_type,
                     .transport = transport,
                     .socks = 3,
                     .threads = 4,
                     .each = scaled (1000),
                     .hwm = 1000,
                     .look = -1,
                     .one_to_one = one_to_one};
    run (&p);
    p.hwm = 2;
    p.look = 0;
    run (&p);
    p.watched = true;
    p.hwm = 5;
    p.each = scaled (500);
    run (&p);
}

TEST (push_to_pull_over_tcp)
{
    run_over ("tcp", ZMQ_PUSH, ZMQ_PULL, false);
}

TEST (push_to_pull_over_ipc)
{
    run_over ("ipc", ZMQ_PUSH, ZMQ_PULL, false);
}

TEST (push_to_pull_inproc)
{
    run_over ("inproc", ZMQ_PUSH, ZMQ_PULL, false);
}

TEST (pair_to_pair)
{
    run_over ("tcp", ZMQ_PAIR, ZMQ_PAIR, true);
    run_over ("inproc", ZMQ_PAIR, ZMQ_PAIR, true);
}

TEST (dealer_to_dealer)
{
    run_over ("ipc", ZMQ_DEALER, ZMQ_DEALER, false);
    run_over ("inproc", ZMQ_DEALER, ZMQ_DEALER, false);
}

static void publish_over (const char *transport, int pub, int sub)
{
    struct plan p = {.send_type = pub,
                     .recv_type = sub,
                     .transport = transport,
                     .socks = 2,
                     .threads = 3,
                     .each = scaled (500),
                     .hwm = pub == ZMQ_PUB ? 0 : 3,
                     .look = -1,
                     .everyone = true};
    run (&p);
    p.watched = true;
    p.look = 0;
    run (&p);
}

TEST (pub_to_sub_without_a_mark_loses_nothing)
{
    publish_over ("tcp", ZMQ_PUB, ZMQ_SUB);
    publish_over ("inproc", ZMQ_PUB, ZMQ_SUB);
}

TEST (xpub_nodrop_to_xsub_loses_nothing)
{
    publish_over ("ipc", ZMQ_XPUB, ZMQ_XSUB);
    publish_over ("tcp", ZMQ_XPUB, ZMQ_SUB);
    publish_over ("inproc", ZMQ_XPUB, ZMQ_XSUB);
}

/* ---- questions and answers: the answer comes back to who asked ---- */

struct echo
{
    struct arena a; /* for the report of a stall */
    void *ctx, *server, *client[MAX_SOCKS];
    const char *transport;
    int server_type, client_type, mandatory;
    long each;
    _Atomic long asked, answered;
    _Atomic bool stop;
};

struct asker
{
    struct echo *e;
    int client;
    uint32_t x;
    pthread_t id;
};

/* ROUTER: any thread answers any question. REP: one thread. */
static void *answerer (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;

    for (;;) {
        zmq_msg_t m[4];
        if (rnd (&k->x) % 3 == 0) {
            zmq_pollitem_t it = {.socket = e->server, .events = ZMQ_POLLIN};
            (void) zmq_poll (&it, 1, rnd (&k->x) % 2 ? 1 : 50);
        }
        int n = zcffi_recv_parts (e->server, m, 4, 0);
        if (n < 0) {
            if (!is_over (errno))
                CHECK_FAIL ("answerer: %s", zmq_strerror (errno));
            return NULL;
        }
        int rc = zcffi_send_parts (e->server, m, (size_t) n, 0);
        for (int i = 0; i < n; i++)
            zmq_msg_close (&m[i]);
        if (rc < 0 && is_over (errno))
            return NULL;
        if (rc < 0)
            CHECK_FAIL ("answer: %s", zmq_strerror (errno));
    }
}

static void *dealer_asks (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;

    for (long i = 0; i < e->each; i++) {
        uint64_t q[3] = {(uint64_t) k->client, (uint64_t) i, 0};
        struct iovec_parts
        {
            zcffi_part_t p[2];
        } v = {{{"", 0, 1}, {q, sizeof q, 0}}};
        if (zcffi_send_many (e->client[k->client], v.p, 2, 0) != 2) {
            if (!is_over (errno))
                CHECK_FAIL ("ask: %s", zmq_strerror (errno));
            return NULL;
        }
        atomic_fetch_add (&e->asked, 1);
        atomic_fetch_add (&e->a.sent, 1);
        if (rnd (&k->x) % 300 == 0)
            nap_us (rnd (&k->x) % 3000);
    }
    return NULL;
}

static void *dealer_hears (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;

    for (;;) {
        zmq_msg_t m[4];
        if (rnd (&k->x) % 4 == 0) {
            zmq_pollitem_t it = {.socket = e->client[k->client], .events = ZMQ_POLLIN};
            (void) zmq_poll (&it, 1, -1);
        }
        int n = zcffi_recv_parts (e->client[k->client], m, 4, 0);
        if (n < 0) {
            if (!is_over (errno))
                CHECK_FAIL ("hear: %s", zmq_strerror (errno));
            return NULL;
        }
        CHECK_INT (n, 2);
        const uint64_t *q = n == 2 ? zmq_msg_data (&m[1]) : NULL;
        if (q)
            CHECK_INT (q[0], k->client); /* nobody else's answer */
        for (int i = 0; i < n; i++)
            zmq_msg_close (&m[i]);
        atomic_fetch_add (&e->answered, 1);
        atomic_fetch_add (&e->a.got, 1);
    }
}

/* REQ with RELAXED and CORRELATE gives questions up now and then; an answer is always to the last one. */
static void *req_asks (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;
    void *s = e->client[k->client];

    for (long i = 0; i < e->each; i++) {
        uint64_t q[2] = {(uint64_t) k->client, (uint64_t) i}, r[2] = {0, 0};
        if (zmq_send (s, q, sizeof q, 0) < 0)
            break;
        atomic_fetch_add (&e->a.sent, 1);
        if (rnd (&k->x) % 5 == 0) {
            zmq_pollitem_t it = {.socket = s, .events = ZMQ_POLLIN};
            if (zmq_poll (&it, 1, 0) == 0)
                continue; /* given up */
        }
        int n = zmq_recv (s, r, sizeof r, 0);
        if (n < 0)
            break;
        CHECK_INT (n, (int) sizeof r);
        CHECK_INT (r[0], k->client);
        CHECK_INT (r[1], i);
        atomic_fetch_add (&e->a.got, 1);
    }
    return NULL;
}

static void echo_over (const char *transport, int server_type, int client_type, int mandatory)
{
    static struct echo e;
    static struct asker askers[16];
    char endpoint[256];
    bool req = client_type == ZMQ_REQ;
    int servers = server_type == ZMQ_ROUTER ? 3 : 1, n = 0;

    memset (&e, 0, sizeof e);
    e.transport = transport;
    e.each = scaled (req ? 500 : 1500);
    e.ctx = zmq_ctx_new ();
    e.server = socket_of (e.ctx, server_type, 5000, -1);
    if (server_type == ZMQ_ROUTER && mandatory)
        set_int (e.server, ZMQ_ROUTER_MANDATORY, 1);
    bind_somewhere (e.server, transport, endpoint, sizeof endpoint);
    e.a.plan = (struct plan){.transport = transport, .socks = 3};
    for (int i = 0; i < 3; i++) {
        e.client[i] = socket_of (e.ctx, client_type, server_type == ZMQ_ROUTER && mandatory ? 3 : 5000, -1);
        if (req) {
            set_int (e.client[i], ZMQ_REQ_RELAXED, 1);
            set_int (e.client[i], ZMQ_REQ_CORRELATE, 1);
        }
        CHECK_INT (zmq_connect (e.client[i], endpoint), 0);
        e.a.send[i] = e.client[i];
    }
    e.a.recv[0] = e.server;
    memset (askers, 0, sizeof askers);
    for (int i = 0; i < servers; i++, n++) {
        askers[n] = (struct asker){.e = &e, .x = (uint32_t) n + 5};
        pthread_create (&askers[n].id, NULL, answerer, &askers[n]);
    }
    int first = n;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < (req ? 1 : 3); k++, n++) {
            askers[n] = (struct asker){.e = &e, .client = i, .x = (uint32_t) n + 5};
            pthread_create (&askers[n].id, NULL, req ? req_asks : k < 2 ? dealer_asks : dealer_hears, &askers[n]);
        }
    if (req)
        for (int i = first; i < n; i++)
            join_in_time (&e.a, askers[i].id, "REQ");
    else
        await_messages (&e.a, 3 * 2 * e.each);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zmq_close (e.client[i]), 0);
    CHECK_INT (zmq_close (e.server), 0);
    for (int i = 0; i < (req ? first : n); i++)
        join_in_time (&e.a, askers[i].id, "echo at close");
    CHECK_INT (zmq_ctx_term (e.ctx), 0);
}

TEST (dealers_ask_a_router)
{
    echo_over ("tcp", ZMQ_ROUTER, ZMQ_DEALER, 0);
    echo_over ("ipc", ZMQ_ROUTER, ZMQ_DEALER, 1);
    echo_over ("inproc", ZMQ_ROUTER, ZMQ_DEALER, 0);
}

TEST (dealers_ask_a_rep)
{
    echo_over ("tcp", ZMQ_REP, ZMQ_DEALER, 0);
    echo_over ("inproc", ZMQ_REP, ZMQ_DEALER, 0);
}

TEST (relaxed_reqs_ask_a_router_and_a_rep)
{
    echo_over ("tcp", ZMQ_ROUTER, ZMQ_REQ, 0);
    echo_over ("ipc", ZMQ_REP, ZMQ_REQ, 0);
    echo_over ("inproc", ZMQ_ROUTER, ZMQ_REQ, 0);
}

/* ---- a peer inside the process is quick ---- */

static void *answer_at_once (void *arg)
{
    char b[8];
    int n;

    while ((n = zmq_recv (arg, b, sizeof b, ZMQ_DONTWAIT)) >= 0 || zmq_errno () == EAGAIN)
        if (n >= 0 && zmq_send (arg, b, (size_t) n, 0) < 0)
            break;
    return NULL;
}

TEST (a_reply_that_comes_before_the_request_is_wholly_sent_is_received)
{
    static const int types[][2] = {{ZMQ_REQ, ZMQ_REP}, {ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_DEALER, ZMQ_DEALER}};
    int wait = (int) (3 * stall_ms ());

    for (int k = 0; k < 3; k++) {
        void *ctx = zmq_ctx_new (), *ask = zmq_socket (ctx, types[k][0]), *reply = zmq_socket (ctx, types[k][1]);
        pthread_t id;
        char b[8];
        CHECK_INT (zmq_bind (reply, "inproc://quick"), 0);
        CHECK_INT (zmq_connect (ask, "inproc://quick"), 0);
        CHECK_INT (zmq_setsockopt (ask, ZMQ_RCVTIMEO, &wait, sizeof wait), 0);
        pthread_create (&id, NULL, answer_at_once, reply);
        for (long i = 0; i < scaled (50000); i++) {
            CHECK_INT (zmq_send (ask, "?", 1, 0), 1);
            int n = zmq_recv (ask, b, sizeof b, 0);
            CHECK_INT (n, 1);
            if (n != 1)
                break;
        }
        CHECK_INT (zmq_ctx_shutdown (ctx), 0);
        pthread_join (id, NULL);
        CHECK_INT (zmq_close (ask), 0);
        CHECK_INT (zmq_close (reply), 0);
        CHECK_INT (zmq_ctx_term (ctx), 0);
    }
}

/* ---- one message at a time, to receivers that wait in every way: nothing may hold it up ---- */

static void pace (const char *transport, int send_type, int recv_type, bool watched, int look, int alone)
{
    static struct arena a;
    static struct worker workers[MAX_THREADS];
    struct plan p = {.send_type = send_type,
                     .recv_type = recv_type,
                     .transport = transport,
                     .socks = 1,
                     .threads = alone ? 1 : 4,
                     .each = scaled (500),
                     .hwm = 10,
                     .look = look,
                     .watched = watched,
                     .alone = alone,
                     .one_to_one = true};
    uint8_t buffer[256];
    uint32_t x = 77;
    uint64_t worst = 0;

    arena_open (&a, &p);
    memset (workers, 0, sizeof workers);
    for (int i = 0; i < p.threads; i++) {
        workers[i] = (struct worker){.a = &a, .place = i, .x = (uint32_t) i + 3};
        pthread_create (&workers[i].id, NULL, receiver, &workers[i]);
    }
    for (long i = 0; i < p.each;) {
        long burst = 1 + (rnd (&x) % 4 == 0 ? rnd (&x) % 30 : 0);
        nap_us (rnd (&x) % 3 ? rnd (&x) % 100 : rnd (&x) % 3000);
        for (; burst && i < p.each; burst--, i++) {
            struct head h = {.parts = 1, .size = sizeof h + rnd (&x) % 90, .seq = (uint64_t) i};
            fill (buffer, &h);
            CHECK_INT (zmq_send (a.send[0], buffer, h.size, 0), (int) h.size);
            atomic_fetch_add (&a.sent, 1);
        }
        uint64_t from = zc_now (), took;
        while (atomic_load (&a.got) < i) {
            if (zc_now () - from > (uint64_t) stall_ms () * ZC_MS)
                stalled (&a, "a message does not come");
            nap_us (20);
        }
        took = zc_now () - from;
        worst = took > worst ? took : worst;
    }
    printf ("paced over %s%s: the slowest took %.1f ms\n", transport, alone ? ", watched alone" : watched ? ", watched" : "", (double) worst / 1e6);
    CHECK_INT (atomic_load (&a.late), 0);
    if (alone) { /* the descriptor tells of this too; it must not be closed under who watches it */
        CHECK_INT (zmq_ctx_shutdown (a.ctx), 0);
        join_in_time (&a, workers[0].id, "a watcher at shutdown");
    }
    atomic_store (&a.stop, true);
    arena_close (&a);
    for (int i = 0; i < p.threads && !alone; i++)
        join_in_time (&a, workers[i].id, "receivers at close");
    CHECK_INT (zmq_ctx_term (a.ctx), 0);
    free ((void *) a.seen);
}

TEST (a_single_message_is_never_held_up)
{
    static const char *transports[] = {"tcp", "ipc", "inproc"};

    for (int t = 0; t < 3; t++) {
        pace (transports[t], ZMQ_PUSH, ZMQ_PULL, false, -1, 0);
        pace (transports[t], ZMQ_DEALER, ZMQ_DEALER, false, 0, 0);
        pace (transports[t], ZMQ_PAIR, ZMQ_PAIR, true, 0, 0);
        pace (transports[t], ZMQ_PUSH, ZMQ_PULL, true, 0, 1);
        pace (transports[t], ZMQ_DEALER, ZMQ_DEALER, true, -1, 2);
    }
}

TEST (no_end_of_a_tcp_connection_waits_for_more_to_send)
{
    void *ctx = zmq_ctx_new (), *s[2];
    char endpoint[256], b[8];

    for (int i = 0; i < 2; i++)
        s[i] = socket_of (ctx, ZMQ_PAIR, 10, -1);
    bind_somewhere (s[0], "tcp", endpoint, sizeof endpoint);
    CHECK_INT (zmq_connect (s[1], endpoint), 0);
    CHECK_INT (zmq_send (s[1], "x", 1, 0), 1);
    CHECK_INT (zmq_recv (s[0], b, sizeof b, 0), 1);
    for (int i = 0; i < 2; i++) {
        uintptr_t v = (uintptr_t) s[i];
        struct zc_slot *slot = zc_handle_slot ((uint32_t) (v >> 1 & 0xffffff));
        int on = 0;
        socklen_t n = sizeof on;
        zc_mutex_lock (&slot->mu);
        const struct zc_hub *h = slot->object;
        CHECK (h->pipes && h->pipes->link);
        if (h->pipes && h->pipes->link)
            CHECK_INT (getsockopt (h->pipes->link->fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
        zc_mutex_unlock (&slot->mu);
        CHECK (on);
    }
    for (int i = 0; i < 2; i++)
        CHECK_INT (zmq_close (s[i]), 0);
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

/* ---- both directions on one socket: who waits to send and who waits to receive wake each other's peers ---- */

struct duplex
{
    struct arena a;
    void *s[2];
    long each;
    _Atomic long got[2];
};
struct duplexer
{
    struct duplex *d;
    int side;
    pthread_t id;
};

static void *duplex_sends (void *arg)
{
    struct duplexer *w = arg;
    char b[64] = {0};

    for (long i = 0; i < w->d->each; i++) {
        if (zmq_send (w->d->s[w->side], b, sizeof b, 0) < 0)
            break;
        atomic_fetch_add (&w->d->a.sent, 1);
    }
    return NULL;
}

static void *duplex_receives (void *arg)
{
    struct duplexer *w = arg;
    char b[64];

    while (zmq_recv (w->d->s[w->side], b, sizeof b, 0) >= 0) {
        atomic_fetch_add (&w->d->a.got, 1);
        if (atomic_fetch_add (&w->d->got[w->side], 1) % 100 == 0)
            nap_us (1000);
    }
    return NULL;
}

static void duplex_over (const char *transport, int hwm)
{
    static struct duplex d;
    static struct duplexer w[8];
    char endpoint[256];

    memset (&d, 0, sizeof d);
    d.each = scaled (3000);
    d.a.plan = (struct plan){.transport = transport, .socks = 1};
    void *ctx = zmq_ctx_new ();
    for (int i = 0; i < 2; i++)
        d.s[i] = socket_of (ctx, ZMQ_DEALER, hwm, i ? 0 : -1);
    d.a.send[0] = d.s[0];
    d.a.recv[0] = d.s[1];
    bind_somewhere (d.s[0], transport, endpoint, sizeof endpoint);
    CHECK_INT (zmq_connect (d.s[1], endpoint), 0);
    for (int i = 0; i < 8; i++) {
        w[i] = (struct duplexer){.d = &d, .side = i % 2};
        pthread_create (&w[i].id, NULL, i < 4 ? duplex_receives : duplex_sends, &w[i]);
    }
    await_messages (&d.a, 4 * d.each);
    for (int i = 0; i < 2; i++)
        CHECK_INT (zmq_close (d.s[i]), 0);
    for (int i = 0; i < 8; i++)
        join_in_time (&d.a, w[i].id, "duplex at close");
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

TEST (both_directions_at_once_with_small_marks)
{
    duplex_over ("inproc", 1);
    duplex_over ("tcp", 1);
    duplex_over ("ipc", 10);
}

/* A sender of a ROUTER that must deliver waits for its own peer, not for any. */
static void *mandatory_sends (void *arg)
{
    struct duplexer *w = arg;
    char id = (char) ('A' + w->side);

    for (long i = 0; i < w->d->each; i++) {
        zmq_msg_t m[2];
        zmq_msg_init_size (&m[0], 1);
        memcpy (zmq_msg_data (&m[0]), &id, 1);
        zmq_msg_init_size (&m[1], 30000);
        memset (zmq_msg_data (&m[1]), 0, 30000);
        int rc = zcffi_send_parts (w->d->a.recv[0], m, 2, 0);
        zmq_msg_close (&m[0]);
        zmq_msg_close (&m[1]);
        if (rc < 0)
            break;
        atomic_fetch_add (&w->d->a.sent, 1);
    }
    return NULL;
}

TEST (senders_of_a_router_wait_each_for_their_peer)
{
    static struct duplex d;
    static struct duplexer w[4];
    char endpoint[256], b[8];

    memset (&d, 0, sizeof d);
    d.each = scaled (300);
    d.a.plan = (struct plan){.transport = "tcp", .socks = 1};
    void *ctx = zmq_ctx_new (), *router = socket_of (ctx, ZMQ_ROUTER, 2, -1);
    set_int (router, ZMQ_ROUTER_MANDATORY, 1);
    d.a.recv[0] = router;
    bind_somewhere (router, "tcp", endpoint, sizeof endpoint);
    for (int i = 0; i < 2; i++) {
        char id = (char) ('A' + i);
        d.s[i] = socket_of (ctx, ZMQ_DEALER, 2, -1);
        CHECK_INT (zmq_setsockopt (d.s[i], ZMQ_ROUTING_ID, &id, 1), 0);
        CHECK_INT (zmq_connect (d.s[i], endpoint), 0);
        CHECK_INT (zmq_send (d.s[i], "hi", 2, 0), 2);
    }
    for (int i = 0; i < 4; i++)
        CHECK (zmq_recv (router, b, sizeof b, 0) >= 0);
    for (int i = 0; i < 4; i++) { /* A's senders first: they sleep before B's */
        w[i] = (struct duplexer){.d = &d, .side = i / 2};
        pthread_create (&w[i].id, NULL, mandatory_sends, &w[i]);
        if (i == 1)
            nap_us (100000);
    }
    /* B reads all that is for it while A reads nothing, then A. */
    for (int side = 1; side >= 0; side--) {
        int timeout = (int) stall_ms ();
        set_int (d.s[side], ZMQ_RCVTIMEO, timeout);
        for (long i = 0; i < 2 * d.each; i++) {
            if (zmq_recv (d.s[side], b, sizeof b, 0) < 0) {
                d.a.send[0] = d.s[side];
                stalled (&d.a, "a sender sleeps although its peer has room");
            }
        }
    }
    for (int i = 0; i < 4; i++)
        join_in_time (&d.a, w[i].id, "ROUTER senders");
    CHECK_INT (zmq_close (router), 0);
    CHECK_INT (zmq_close (d.s[0]), 0);
    CHECK_INT (zmq_close (d.s[1]), 0);
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

/* ---- sockets that end while others wait on them ---- */

struct churn
{
    void *s[2];
    _Atomic int waits;
};

static void *churn_receives (void *arg)
{
    struct churn *c = arg;
    char b[64];

    atomic_fetch_add (&c->waits, 1);
    while (zmq_recv (c->s[1], b, sizeof b, 0) >= 0) {
    }
    CHECK (is_over (errno));
    return NULL;
}

static void *churn_sends (void *arg)
{
    struct churn *c = arg;
    char b[64] = {0};

    atomic_fetch_add (&c->waits, 1);
    while (zmq_send (c->s[0], b, 30, 0) >= 0) {
    }
    CHECK (is_over (errno));
    return NULL;
}

static void *churn_polls (void *arg)
{
    struct churn *c = arg;

    atomic_fetch_add (&c->waits, 1);
    for (;;) {
        zmq_pollitem_t it[2] = {{.socket = c->s[0], .events = ZMQ_POLLOUT | ZMQ_POLLIN},
                                {.socket = c->s[1], .events = ZMQ_POLLIN}};
        char b[64];
        if (zmq_poll (it, 2, -1) < 0) {
            CHECK (is_over (errno));
            return NULL;
        }
        if (it[1].revents)
            (void) zmq_recv (c->s[1], b, sizeof b, ZMQ_DONTWAIT);
    }
}

static void *churn_watches (void *arg)
{
    struct churn *c = arg;
    char b[64];
    int fd = -1, e;
    size_t n = sizeof fd;

    atomic_fetch_add (&c->waits, 1);
    if (zmq_getsockopt (c->s[1], ZMQ_FD, &fd, &n) < 0)
        return NULL;
    while ((e = events_of (c->s[1])) >= 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (e & ZMQ_POLLIN)
            (void) zmq_recv (c->s[1], b, sizeof b, ZMQ_DONTWAIT);
        else
            (void) poll (&p, 1, 1);
    }
    return NULL;
}

static void churn_round (const char *transport, uint32_t *x, bool by_term, bool watched)
{
    static const int pairs[][2] = {{ZMQ_PUSH, ZMQ_PULL}, {ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_DEALER, ZMQ_DEALER},
                                   {ZMQ_PUB, ZMQ_SUB}};
    const int *types = pairs[rnd (x) % 4];
    struct churn c = {{NULL, NULL}, 0};
    struct arena a = {.plan = {.transport = transport, .socks = 1}};
    char endpoint[256];
    pthread_t t[5];
    void *ctx = zmq_ctx_new ();

    for (int i = 0; i < 2; i++) {
        c.s[i] = socket_of (ctx, types[i], (int) (rnd (x) % 20), -1);
        set_int (c.s[i], ZMQ_LINGER, rnd (x) % 2 ? 0 : 20);
    }
    a.send[0] = c.s[0];
    a.recv[0] = c.s[1];
    int binder = (int) (rnd (x) % 2);
    bind_somewhere (c.s[binder], transport, endpoint, sizeof endpoint);
    for (uint32_t i = types[0] == ZMQ_PAIR ? 1 : 1 + rnd (x) % 3; i; i--)
        CHECK_INT (zmq_connect (c.s[!binder], endpoint), 0);
    void *(*mains[5]) (void *) = {churn_receives, churn_sends, churn_polls, churn_receives,
                                  watched ? churn_watches : churn_sends};
    for (int i = 0; i < 5; i++)
        pthread_create (&t[i], NULL, mains[i], &c);
    nap_us (rnd (x) % 3000);
    for (uint32_t i = rnd (x) % 4; i; i--) { /* endpoints come and go meanwhile */
        if (rnd (x) % 2)
            (void) zmq_disconnect (c.s[!binder], endpoint);
        else
            (void) zmq_unbind (c.s[binder], endpoint);
        nap_us (rnd (x) % 300);
        if (rnd (x) % 2)
            (void) zmq_bind (c.s[binder], endpoint);
        (void) zmq_connect (c.s[!binder], endpoint);
        nap_us (rnd (x) % 1000);
    }
    if (by_term)
        CHECK_INT (zmq_ctx_shutdown (ctx), 0);
    else {
        int first = (int) (rnd (x) % 2);
        CHECK_INT (zmq_close (c.s[first]), 0);
        nap_us (rnd (x) % 500);
        CHECK_INT (zmq_close (c.s[!first]), 0);
    }
    for (int i = 0; i < 5; i++)
        join_in_time (&a, t[i], by_term ? "a wait that term should end" : "a wait that close should end");
    if (by_term)
        for (int i = 0; i < 2; i++)
            CHECK_INT (zmq_close (c.s[i]), 0);
    CHECK_INT (zmq_send (c.s[0], "x", 1, 0), -1);
    CHECK_INT (errno, ENOTSOCK);
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

static void *churner (void *arg)
{
    static const char *transports[] = {"tcp", "ipc", "inproc"};
    uint32_t x = (uint32_t) (uintptr_t) arg;

    for (long i = scaled (60); i; i--)
        churn_round (transports[rnd (&x) % 3], &x, rnd (&x) % 2, rnd (&x) % 3 == 0);
    return NULL;
}

TEST (close_and_term_end_every_wait)
{
    pthread_t t[2];

    for (int i = 0; i < 2; i++)
        pthread_create (&t[i], NULL, churner, (void *) (uintptr_t) (i + 11));
    for (int i = 0; i < 2; i++)
        pthread_join (t[i], NULL);
}

/* Everybody waits, then the context ends under them; each closes its own sockets. */
struct terminal
{
    void *ctx;
    int place;
    pthread_t id;
};

static void *works_until_term (void *arg)
{
    struct terminal *t = arg;
    void *push = zmq_socket (t->ctx, ZMQ_PUSH), *pull = zmq_socket (t->ctx, ZMQ_PULL);
    char endpoint[64], b[16];

    if (!push || !pull) {
        CHECK (errno == ETERM || errno == EFAULT); /* the context ends, or has ended */
        if (push)
            zmq_close (push);
        return NULL;
    }
    snprintf (endpoint, sizeof endpoint, "inproc://terminal-%d", t->place / 2);
    if (t->place % 2)
        (void) zmq_bind (pull, endpoint);
    else
        (void) zmq_connect (push, endpoint);
    int rc = 0, none = 0;
    (void) zmq_setsockopt (push, ZMQ_LINGER, &none, sizeof none);
    while (rc >= 0)
        rc = t->place % 2 ? zmq_recv (pull, b, sizeof b, 0) : zmq_send (push, b, sizeof b, 0);
    CHECK_INT (errno, ETERM);
    zmq_close (push);
    zmq_close (pull);
    return NULL;
}

TEST (term_ends_when_the_last_socket_is_closed)
{
    for (long round = scaled (40); round; round--) {
        struct terminal t[6];
        struct arena a = {.plan = {.transport = "inproc", .socks = 0}};
        void *ctx = zmq_ctx_new ();
        for (int i = 0; i < 6; i++) {
            t[i] = (struct terminal){.ctx = ctx, .place = i};
            pthread_create (&t[i].id, NULL, works_until_term, &t[i]);
        }
        nap_us (round % 5 * 300);
        CHECK_INT (zmq_ctx_term (ctx), 0);
        for (int i = 0; i < 6; i++)
            join_in_time (&a, t[i].id, "a thread that works until term");
    }
}

/* ---- peers that come and go: what arrives is sound and comes once ---- */

struct traffic
{
    struct arena a;
    void *pull;
    char endpoint[256];
    _Atomic long torn, twice;
    _Atomic bool stop;
};

static void *traveller (void *arg)
{
    struct traffic *t = arg;
    uint32_t x = (uint32_t) (uintptr_t) &x | 1u;
    static _Atomic uint64_t unique;
    void *ctx = t->a.ctx;

    while (!atomic_load (&t->stop)) {
        void *push = zmq_socket (ctx, ZMQ_PUSH);
        if (rnd (&x) % 4 == 0)
            set_int (push, ZMQ_IMMEDIATE, 1);
        set_int (push, ZMQ_SNDTIMEO, 2000);
        CHECK_INT (zmq_connect (push, t->endpoint), 0);
        for (uint32_t i = rnd (&x) % 40; i; i--) {
            uint64_t id = atomic_fetch_add (&unique, 1);
            uint64_t m[3] = {id, ~id, id * 3};
            if (zmq_send (push, m, sizeof m, 0) == (int) sizeof m)
                atomic_fetch_add (&t->a.sent, 1);
        }
        if (rnd (&x) % 3 == 0)
            (void) zmq_disconnect (push, t->endpoint);
        CHECK_INT (zmq_close (push), 0); /* lingers for ever: all of it arrives */
        if (rnd (&x) % 4 == 0)
            nap_us (rnd (&x) % 2000);
    }
    return NULL;
}

static void travel_over (const char *transport)
{
    static struct traffic t;
    static uint8_t seen[1 << 22];
    pthread_t id[3];
    uint64_t end = zc_now () + (uint64_t) scaled (700) * ZC_MS;
    int timeout = 50;

    memset (&t, 0, sizeof t);
    memset (seen, 0, sizeof seen);
    t.a.ctx = zmq_ctx_new ();
    t.a.plan = (struct plan){.transport = transport, .socks = 1};
    t.pull = t.a.recv[0] = socket_of (t.a.ctx, ZMQ_PULL, 10, -1);
    set_int (t.pull, ZMQ_RCVTIMEO, timeout);
    bind_somewhere (t.pull, transport, t.endpoint, sizeof t.endpoint);
    for (int i = 0; i < 3; i++)
        pthread_create (&id[i], NULL, traveller, &t);
    uint64_t quiet = 0;
    while (!atomic_load (&t.stop) || atomic_load (&t.a.got) < atomic_load (&t.a.sent)) {
        uint64_t m[3];
        int n = zmq_recv (t.pull, m, sizeof m, 0);
        if (n == (int) sizeof m) {
            CHECK (m[1] == ~m[0] && m[2] == m[0] * 3);
            if (m[0] < sizeof seen && seen[m[0]]++)
                CHECK_FAIL ("message %llu came twice", (unsigned long long) m[0]);
            atomic_fetch_add (&t.a.got, 1);
            quiet = 0;
        } else if (atomic_load (&t.stop) && ++quiet > (uint64_t) stall_ms () / 50) {
            CHECK_FAIL ("over %s: %ld of %ld arrived", transport, atomic_load (&t.a.got), atomic_load (&t.a.sent));
            dump ("pull", t.pull);
            break;
        }
        if (!atomic_load (&t.stop) && zc_now () > end) {
            atomic_store (&t.stop, true);
        }
    }
    for (int i = 0; i < 3; i++)
        join_in_time (&t.a, id[i], "travellers");
    CHECK_INT (zmq_close (t.pull), 0);
    CHECK_INT (zmq_ctx_term (t.a.ctx), 0);
}

TEST (what_short_lived_peers_send_arrives_once)
{
    travel_over ("tcp");
    travel_over ("ipc");
}
