/* Messages one way, from many senders to many receivers on shared sockets: nothing lost, twice, torn or out of order. */
#include "stress_arena.h"

#include "sock/patterns.h"

/* ---- sending ---- */

static size_t some_size (uint32_t *x)
{
    uint32_t k = rnd (x) % 2000;
    size_t n = k == 0 ? MAX_PART - rnd (x) % 3000 : k < 20 ? 2000 + rnd (x) % 3000 : rnd (x) % 200;
    return n < sizeof (struct head) ? sizeof (struct head) : n;
}

static int send_parts (void *s, const struct head *h, uint32_t *x, int flags)
{
    zmq_msg_t m[MAX_PARTS];

    for (uint32_t i = 0; i < h->parts; i++) {
        struct head part = *h;
        part.part = i;
        part.size = (uint32_t)some_size (x);
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
        part.size = (uint32_t)some_size (x);
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
        h.size = (uint32_t)(sizeof h + rnd (x) % 100);
        fill (buffer + at, &h);
        parts[i] = (zcffi_part_t){buffer + at, h.size, 0};
        at += h.size;
        h.seq++;
    }
    return zcffi_send_many (s, parts, (size_t)n, 0);
}

/* One step of a sender: how many messages went, 0 to try again, -1. */
static long send_step (struct worker *w, void *s, struct head *h, uint8_t *buffer)
{
    uint32_t *x = &w->x, how = rnd (x) % 8;
    long left = w->a->plan.each - (long)h->seq;

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
    h->size = (uint32_t)some_size (x);
    fill (buffer, h);
    /* Where one thread sends part by part the others send whole messages: a part of theirs would join its message. */
    int rc =
        h->parts > 1 || w->sock == 0 ? send_parts (s, h, x, flags) : zmq_send (s, buffer, h->size, flags);
    return rc >= 0 ? 1 : errno == EAGAIN ? 0 : -1;
}

static void *sender (void *arg)
{
    struct worker *w = arg;
    struct arena *a = w->a;
    uint8_t *buffer = malloc (MAX_PART);
    struct head h = {.thread = (uint32_t)(w->sock * a->plan.threads + w->place)};

    while (h.seq < (uint64_t)a->plan.each) {
        long n = send_step (w, a->send[w->sock], &h, buffer);
        if (n < 0) {
            if (!is_over (errno))
                CHECK_FAIL ("send: %s", zmq_strerror (errno));
            break;
        }
        if (n == 0)
            nap_us (rnd (&w->x) % 50);
        h.seq += (uint64_t)n;
        atomic_fetch_add (&a->sent, n);
        if (rnd (&w->x) % 500 == 0)
            nap_us (rnd (&w->x) % 3000);
    }
    free (buffer);
    return NULL;
}

/* Asks for EVENTS and polls without waiting, now on this socket, now on that. */
static void *onlooker (void *arg)
{
    struct worker *w = arg;
    struct arena *a = w->a;

    while (!atomic_load (&a->stop)) {
        int i = (int)(rnd (&w->x) % (uint32_t)a->plan.socks);
        zmq_pollitem_t it[2] = {{.socket = a->send[i], .events = ZMQ_POLLOUT},
                                {.socket = a->recv[i], .events = ZMQ_POLLIN}};
        if (rnd (&w->x) % 2)
            (void)events_of (rnd (&w->x) % 2 ? a->send[i] : a->recv[i]);
        else
            (void)zmq_poll (it, 2, 0);
        nap_us (rnd (&w->x) % 500);
    }
    return NULL;
}

/* How many get what this publisher says. */
static uint32_t subscribers (void *publisher)
{
    struct zc_sock *s;
    struct zc_msg m;

    if (zc_sock_enter (publisher, &s) < 0) /* which hears those inside the process, too */
        return 0;
    struct zc_distribution *to = &((struct zc_xpub *)s->state)->to;
    zc_msg_init (&m);
    zc_distribution_match (to, &m, false);
    uint32_t n = to->hit_count;
    zc_sock_exit (s);
    return n;
}

/* Published messages go to who has subscribed. */
static void await_subscribers (struct arena *a)
{
    uint64_t end = zc_now () + 10000 * ZC_MS;

    for (int i = 0; a->plan.everyone && i < a->plan.socks; i++) {
        while (subscribers (a->send[i]) < (uint32_t)a->plan.socks && zc_now () < end)
            nap ();
        CHECK_INT (subscribers (a->send[i]), a->plan.socks);
    }
}

static void run (const struct plan *plan)
{
    static struct arena a;
    static struct worker workers[2 * MAX_SOCKS * MAX_THREADS + 1];
    long n = senders (plan), want;

    arena_open (&a, plan);
    await_subscribers (&a);
    want = n * plan->each * (plan->everyone ? plan->socks : 1);
    memset (workers, 0, sizeof workers);
    for (long i = 0; i < 2 * n + 1; i++) {
        struct worker *w = &workers[i];
        w->a = &a;
        w->x = (uint32_t)(i + 1) * 7919u;
        w->sock = (int)(i % n) / plan->threads;
        w->place = (int)(i % n) % plan->threads;
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
    free ((void *)a.seen);
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
