/* gather PUSHES SECONDS: PUSHES PUSHes, in turn, into one PULL; 64 B over tcp; at most 5,000 PUSHes a process.
 *
 * Each says a word first; they begin when all have been heard. rate: messages/s in all. */
#include "sockets.h"

enum
{
    SIZE = 64,
    SHARE = 5000
};
static int share;

/* 16 at a time from each; a full one is passed by, and when all are full it waits for one that is not. */
static void send_all (void)
{
    char body[SIZE] = {0};
    zmq_pollitem_t *items = calloc ((size_t)share, sizeof *items);

    row_many (share);
    for (int i = 0; i < share; i++) {
        items[i].socket = row_socket (ZMQ_PUSH);
        items[i].events = ZMQ_POLLOUT;
        row_connect_some (items[i].socket, i);
        row_send (items[i].socket, body, sizeof body, 0);
    }
    bench_wait (&bench_page->step, 1, 60, "waiting for all to be heard");
    for (bool is_full = true;; is_full = true) {
        for (int i = 0; i < share; i++)
            for (int n = 0; n < 16 && row_try_send (items[i].socket, body, sizeof body); n++)
                is_full = false;
        if (is_full)
            row_poll (items, share);
    }
}

int main (int count, char **args)
{
    if (count != 3)
        bench_die ("usage: gather PUSHES SECONDS");
    int peers = atoi (args[1]), processes = (peers + SHARE - 1) / SHARE;
    uint64_t seconds = (uint64_t)(atof (args[2]) * 1e9);
    char body[SIZE];

    share = peers / processes;
    if (share * processes != peers)
        bench_die ("%d peers can't be shared out among %d processes", peers, processes);
    bench_begin ("tcp");
    for (int i = 0; i < processes; i++)
        bench_process (send_all);
    row_many (1);
    void *socket = row_socket (ZMQ_PULL);
    row_bind (socket, "tcp");
    for (int i = 0; i < peers; i++)
        row_recv (socket, body, sizeof body);
    atomic_store (&bench_page->step, 1);

    uint64_t now = bench_ns (), start = 0, end = now + seconds / 2;
    double cpu = 0;
    for (long got = 0;;) {
        row_recv (socket, body, sizeof body);
        if (++got % 64 || (now = bench_ns ()) < end)
            continue;
        if (start) {
            bench_print ("rate", (double)got * 1e9 / (double)(now - start));
            bench_print ("cpu_per_million", (bench_cpu () - cpu) * 1e6 / (double)got);
            bench_end ();
        }
        cpu = bench_cpu ();
        start = bench_ns ();
        end = start + seconds;
        got = 0;
    }
}
