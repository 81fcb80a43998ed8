/* One socket and many peers, 64 B over tcp, the peers in one process that waits in zmq_poll.
 *
 * fan publish SUBS SECONDS [stopped|slow]: one PUB to SUBS SUBs
 * fan spread PULLS SECONDS [stopped|slow]: one PUSH in turn to PULLS PULLs
 *
 * rate: deliveries/s in all, counted from when each peer has heard something. With a last word, one more peer comes
 * then, in a process of its own: one that is stopped as soon as it has heard something, or one that takes a message in
 * a millisecond; kept: the rate of the others with it to the rate without it. */
#include "sockets.h"

#include <signal.h>

enum
{
    SIZE = 64
};
static bool is_publishing, is_slow;
static int peers;

static void one_sends (void)
{
    void *socket = row_socket (is_publishing ? ZMQ_PUB : ZMQ_PUSH);
    char body[SIZE] = {0};

    row_bind (socket, "tcp");
    bench_wait (&bench_page->is_done, 1, 20,
                "waiting for the peers"); /* none waits to be accepted while we are busy */
    for (;;)
        row_send (socket, body, sizeof body, 0);
}

static void *receiver (void)
{
    void *socket = row_socket (is_publishing ? ZMQ_SUB : ZMQ_PULL);

    if (is_publishing)
        zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "", 0);
    return socket;
}

/* Comes when it is asked; tells that it has heard something. */
static void one_more (void)
{
    char body[SIZE];

    bench_wait (&bench_page->step, 1, 60, "waiting to be the one more");
    void *socket = receiver ();
    row_connect (socket);
    row_recv (socket, body, sizeof body);
    atomic_fetch_add (&bench_page->step, 1);
    for (;;) {
        row_recv (socket, body, sizeof body);
        if (is_slow)
            bench_sleep_until (bench_ns () + 1000000);
    }
}

static zmq_pollitem_t *items;
static zmq_msg_t message;
static bool *has_heard;
static long heard, got;
static double cpu;
static uint64_t now;

static void take_what_came (void)
{

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
}

/* Gives the rate over that time, after half of it. */
static double count (uint64_t ns)
{
    uint64_t start, end = bench_ns () + ns / 2;

    do
        take_what_came ();
    while (now < end);
    cpu = bench_cpu ();
    start = bench_ns ();
    got = 0;
    do
        take_what_came ();
    while (now < start + ns);
    cpu = bench_cpu () - cpu;
    return (double)got * 1e9 / (double)(now - start);
}

int main (int count_args, char **args)
{
    if (count_args != 4 && count_args != 5)
        bench_die ("usage: fan publish|spread PEERS SECONDS [stopped|slow]");
    is_publishing = !strcmp (args[1], "publish");
    peers = atoi (args[2]);
    uint64_t seconds = (uint64_t)(atof (args[3]) * 1e9);
    bool is_one_more = count_args == 5;
    is_slow = is_one_more && !strcmp (args[4], "slow");

    bench_begin ("tcp");
    bench_process (one_sends);
    pid_t more = is_one_more ? bench_process (one_more) : 0;
    items = calloc ((size_t)peers, sizeof *items);
    has_heard = calloc ((size_t)peers, sizeof *has_heard);
    row_many (peers);
    zmq_msg_init (&message);
    for (int i = 0; i < peers; i++) {
        items[i].socket = receiver ();
        items[i].events = ZMQ_POLLIN;
        row_connect_some (items[i].socket, i);
    }
    atomic_fetch_add (&bench_page->is_done, 1);
    uint64_t give_up = bench_ns () + 20000000000;
    while (heard < peers) {
        take_what_came ();
        if (now > give_up)
            bench_die ("after 20 s only %ld of %d peers had received a message", heard, peers);
    }
    double rate = count (seconds);
    bench_print ("rate", rate);
    bench_print ("cpu_per_million", cpu * 1e6 / (double)got);
    if (is_one_more) {
        atomic_store (&bench_page->step, 1);
        while (atomic_load (&bench_page->step) < 2) {
            take_what_came ();
            if (now > give_up)
                bench_die ("after 20 s the one more had received nothing");
        }
        if (!is_slow)
            kill (more, SIGSTOP);
        bench_print ("kept", count (seconds) / rate);
    }
    bench_end ();
}
