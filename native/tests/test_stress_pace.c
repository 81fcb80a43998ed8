/* One message at a time: nothing may hold it up. */
#include "stress_arena.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

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
        workers[i] = (struct worker){.a = &a, .place = i, .x = (uint32_t)i + 3};
        pthread_create (&workers[i].id, NULL, receiver, &workers[i]);
    }
    for (long i = 0; i < p.each;) {
        long burst = 1 + (rnd (&x) % 4 == 0 ? rnd (&x) % 30 : 0);
        nap_us (rnd (&x) % 3 ? rnd (&x) % 100 : rnd (&x) % 3000);
        for (; burst && i < p.each; burst--, i++) {
            struct head h = {.parts = 1, .size = sizeof h + rnd (&x) % 90, .seq = (uint64_t)i};
            fill (buffer, &h);
            CHECK_INT (zmq_send (a.send[0], buffer, h.size, 0), (int)h.size);
            atomic_fetch_add (&a.sent, 1);
        }
        uint64_t from = zc_now (), took;
        while (atomic_load (&a.got) < i) {
            if (zc_now () - from > (uint64_t)stall_ms () * ZC_MS)
                stalled (&a, "a message does not come");
            nap_us (20);
        }
        took = zc_now () - from;
        worst = took > worst ? took : worst;
    }
    printf ("paced over %s%s: the slowest took %.1f ms\n", transport,
            alone     ? ", watched alone"
            : watched ? ", watched"
                      : "",
            (double)worst / 1e6);
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
    free ((void *)a.seen);
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
        uintptr_t v = (uintptr_t)s[i];
        struct zc_slot *slot = zc_handle_slot ((uint32_t)(v >> 1 & 0xffffff));
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
