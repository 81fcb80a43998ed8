/* One socket and many peers, 64 B over tcp, the peers in one process that waits in zmq_poll.
 *
 * fan publish SUBS SECONDS: one PUB to SUBS SUBs; rate: deliveries/s
 * fan spread PULLS SECONDS: one PUSH in turn to PULLS PULLs; rate: messages/s in all
 * fan gather PUSHES SECONDS: PUSHES PUSHes into one PULL; rate: messages/s in all
 * fan stopped SUBS SECONDS: as publish; then one more SUB, in a process of its own, is stopped and we count again;
 *     kept: the second rate to the first
 * fan topics TOPICS SECONDS: one SUB with TOPICS subscriptions; each message matches one; rate: deliveries/s,
 *     bytes_per_topic: what a subscription costs the publisher, subscribe_rate: subscriptions/s */
#include "sockets.h"

#include <signal.h>

enum { SIZE = 64 };
static const char *what;
static int peers;

static bool is (const char *name)
{
    return !strcmp (what, name);
}

/* Connects the i-th of many: some at a time, a full backlog would cost a second. */
static void connect_one (void *socket, int i)
{
    row_connect (socket);
    if (i % 50 == 49)
        bench_sleep_until (bench_ns () + 20000000);
}

/* Eight digits at the head of a message. */
static void write_topic (char *text, unsigned long n)
{
    for (int i = 7; i >= 0; i--, n /= 10)
        text[i] = (char) ('0' + n % 10);
}

static void one_sends (void)
{
    void *socket = row_socket (is ("spread") ? ZMQ_PUSH : ZMQ_PUB);
    char body[SIZE] = {0};

    row_bind (socket, "tcp");
    if (!is ("topics")) /* none waits to be accepted while we are busy */
        bench_wait (&bench_page->is_done, 1, 20, "waiting for the peers");
    for (unsigned long i = 0;; i += 7919) { /* a prime: all topics in an order that no cache foresees */
        if (is ("topics"))
            write_topic (body, i % (unsigned long) peers);
        row_send (socket, body, sizeof body, 0);
    }
}

static void one_stops (void)
{
    void *socket = row_socket (ZMQ_SUB);
    char body[SIZE];

    zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "", 0);
    row_connect (socket);
    for (;;)
        row_recv (socket, body, sizeof body);
}

static void many_send (void)
{
    char body[SIZE] = {0};
    void **sockets = calloc ((size_t) peers, sizeof *sockets);

    row_many (peers);
    for (int i = 0; i < peers; i++) {
        sockets[i] = row_socket (ZMQ_PUSH);
        connect_one (sockets[i], i);
    }
    /* In turn, 16 at a time; a full one is passed by. When all are full the CPU is for others. */
    for (bool is_full = true;; is_full = true) {
        for (int i = 0; i < peers; i++)
            for (int n = 0; n < 16; n++) {
                if (zmq_send (sockets[i], body, sizeof body, ZMQ_DONTWAIT) >= 0) {
                    is_full = false;
                    continue;
                }
                if (errno != EAGAIN)
                    bench_die ("zmq_send: %s", zmq_strerror (errno));
                break;
            }
        if (is_full)
            bench_sleep_until (bench_ns () + 50000);
    }
}

static void gather (uint64_t seconds)
{
    void *socket = row_socket (ZMQ_PULL);
    char body[SIZE];
    long got = 0;

    row_many (peers);
    row_bind (socket, "tcp");
    row_recv (socket, body, sizeof body);
    /* All are connected after a while; what a late one costs belongs to the row. */
    uint64_t end = bench_ns () + seconds / 2 + (uint64_t) peers * 200000, now, start = 0;
    for (;;) {
        row_recv (socket, body, sizeof body);
        if (++got % 64 || (now = bench_ns ()) < end)
            continue;
        if (start)
            break;
        start = now;
        end = now + seconds;
        got = 0;
    }
    bench_print ("rate", (double) got * 1e9 / (double) (now - start));
}

static void receive (uint64_t seconds, pid_t stopped)
{
    zmq_pollitem_t *items = calloc ((size_t) peers, sizeof *items);
    bool *has_heard = calloc ((size_t) peers, sizeof *has_heard);
    zmq_msg_t message;

    row_many (peers);
    zmq_msg_init (&message);
    for (int i = 0; i < peers; i++) {
        items[i].socket = row_socket (is ("spread") ? ZMQ_PULL : ZMQ_SUB);
        items[i].events = ZMQ_POLLIN;
        if (!is ("spread"))
            zmq_setsockopt (items[i].socket, ZMQ_SUBSCRIBE, "", 0);
        connect_one (items[i].socket, i);
    }
    atomic_fetch_add (&bench_page->is_done, 1);
    /* Until each has its first message, then a little more, then it counts. */
    long heard = 0, got = 0;
    uint64_t now = bench_ns (), give_up = now + 20000000000, end = 0, start = 0;
    double cpu = 0, rate_before = 0;
    for (;;) {
        row_poll (items, peers);
        for (int i = 0; i < peers; i++) {
            if (!(items[i].revents & ZMQ_POLLIN))
                continue;
            for (int n = 0; n < 1000 && row_try_recv (items[i].socket, &message); n++)
                got++;
            heard += !has_heard[i];
            has_heard[i] = true;
        }
        now = bench_ns ();
        if (!end && heard == peers) {
            end = now + seconds / 2;
        } else if (!end && now > give_up) {
            bench_die ("after 20 s only %ld of %d peers had received a message", heard, peers);
        } else if (end && now > end) {
            if (start && (!stopped || rate_before > 0))
                break;
            if (start) {
                rate_before = (double) got * 1e9 / (double) (now - start);
                kill (stopped, SIGSTOP);
                now = bench_ns ();
            }
            start = now;
            end = now + seconds;
            got = 0;
            cpu = bench_cpu ();
        }
    }
    cpu = bench_cpu () - cpu;
    double rate = (double) got * 1e9 / (double) (now - start);
    bench_print ("rate", rate);
    bench_print ("cpu_per_million", cpu * 1e6 / (double) got);
    if (stopped)
        bench_print ("kept", rate / rate_before);
}

static void topics (uint64_t seconds, pid_t publisher)
{
    void *socket = row_socket (ZMQ_SUB);
    char topic[8], body[SIZE];
    int last = peers - 1;

    /* One peer drops subscriptions beyond its high-water mark: none here, for either. */
    zmq_setsockopt (socket, ZMQ_SNDHWM, &(int) {0}, sizeof (int));
    /* The last one first: when its messages come, the connection stands and both sides are warm. */
    write_topic (topic, (unsigned long) last);
    zmq_setsockopt (socket, ZMQ_SUBSCRIBE, topic, sizeof topic);
    row_connect (socket);
    row_recv (socket, body, sizeof body);
    double before = bench_rss_kib (publisher);
    uint64_t start = bench_ns ();
    for (int i = last - 1; i >= 0; i--) {
        write_topic (topic, (unsigned long) i);
        if (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, topic, sizeof topic))
            bench_die ("ZMQ_SUBSCRIBE: %s", zmq_strerror (errno));
    }
    do
        row_recv (socket, body, sizeof body);
    while (memcmp (body, "00000000", 8));
    uint64_t now = bench_ns ();
    bench_print ("subscribe_rate", (double) peers * 1e9 / (double) (now - start));
    bench_print ("bytes_per_topic", (bench_rss_kib (publisher) - before) * 1024 / peers);

    long got = 0;
    uint64_t end = now + seconds / 10;
    for (start = 0;;) {
        row_recv (socket, body, sizeof body);
        if (++got % 64 || (now = bench_ns ()) < end)
            continue;
        if (start)
            break;
        start = now;
        end = now + seconds;
        got = 0;
    }
    bench_print ("rate", (double) got * 1e9 / (double) (now - start));
}

int main (int count, char **args)
{
    if (count != 4)
        bench_die ("usage: fan publish|spread|gather|stopped|topics PEERS SECONDS");
    what = args[1];
    peers = atoi (args[2]);
    uint64_t seconds = (uint64_t) (atof (args[3]) * 1e9);

    bench_begin ("tcp");
    pid_t other = bench_other (is ("gather") ? many_send : one_sends);
    pid_t stopped = 0;
    if (is ("stopped"))
        stopped = bench_process (one_stops);
    if (is ("gather"))
        gather (seconds);
    else if (is ("topics"))
        topics (seconds, other);
    else
        receive (seconds, stopped);
    bench_end ();
}
