/* peers COUNT SECONDS: COUNT DEALERs connect to one ROUTER over tcp, say one word each, and then are silent.
 *
 * Three kinds of process: the ROUTER, the peers (at most 5,000 each), and this one, which only watches. They come as
 * fast as they are taken in, at most 64 on their way: a full backlog would cost a second, whoever measures.
 *
 * rate: connections/s, from the first connect to the last word received; kib_per_peer: resident memory that a peer
 * costs the ROUTER; kib_per_socket: a DEALER its process; wakes: how often all threads of all were woken in a second
 * of silence, cpu_percent: what they used in it. When all are gone: kib_left: what the ROUTER's process keeps
 * resident for each, as it is; kib_left_trimmed: after malloc_trim(), which gives back what was freed, so that only
 * what the library still holds is left. */
#include "sockets.h"

#include <malloc.h>
#include <signal.h>

enum
{
    SHARE = 5000,
    WINDOW = 64
};
static int peers;

/* The page's numbers */
enum
{
    STARTED,
    FINISHED,
    BASE_KIB,
    SENT,
    TRIMMED_KIB
};

/* Sleeps until it is asked, so that the idle process has no wake-ups of ours. */
static void trim_when_asked (void)
{
    sigset_t asked;
    int number;

    sigemptyset (&asked);
    sigaddset (&asked, SIGUSR1);
    if (sigwait (&asked, &number))
        bench_die ("sigwait: %s", strerror (errno));
    malloc_trim (0);
    atomic_store (&bench_page->numbers[TRIMMED_KIB], (long)bench_rss_kib (0));
    atomic_fetch_add (&bench_page->step, 1);
}

static void serve (void)
{
    char id[256], body[64];
    sigset_t asked;

    sigemptyset (&asked);
    sigaddset (&asked, SIGUSR1);
    pthread_sigmask (SIG_BLOCK, &asked, NULL); /* before there are other threads */
    bench_thread (trim_when_asked);
    row_many (1);
    void *socket = row_socket (ZMQ_ROUTER);
    row_bind (socket, "tcp");
    for (int i = 0;; i++) {
        row_recv (socket, id, sizeof id);
        row_recv (socket, body, sizeof body);
        if (i == 0) /* one that only warms up */
            atomic_store (&bench_page->numbers[BASE_KIB], (long)bench_rss_kib (0));
        if (i == peers)
            atomic_store (&bench_page->numbers[FINISHED], (long)bench_ns ());
        atomic_store (&bench_page->is_done, i + 1);
    }
}

static void warm (void)
{
    void *socket = row_socket (ZMQ_DEALER);

    row_connect (socket);
    row_send (socket, "hi", 2, 0);
    for (;;)
        pause ();
}

static void come (void)
{
    int n = peers < SHARE ? peers : SHARE;
    long unset = 0;

    row_many (n);
    atomic_compare_exchange_strong (&bench_page->numbers[STARTED], &unset, (long)bench_ns ());
    for (int i = 0; i < n; i++) {
        void *socket = row_socket (ZMQ_DEALER);
        row_connect (socket);
        row_send (socket, "hi", 2, 0);
        long sent = atomic_fetch_add (&bench_page->numbers[SENT], 1) + 1;
        while (atomic_load (&bench_page->is_done) - 1 < sent - WINDOW)
            bench_sleep_until (bench_ns () + 20000);
    }
    for (;;)
        pause ();
}

int main (int count, char **args)
{
    if (count != 3)
        bench_die ("usage: peers COUNT SECONDS");
    peers = atoi (args[1]);
    double seconds = atof (args[2]);
    int shares = (peers + SHARE - 1) / SHARE;
    pid_t pids[16];

    if (shares > 14 || peers % shares)
        bench_die ("%d peers: give a multiple of %d, up to %d", peers, SHARE, 14 * SHARE);
    bench_begin ("tcp");
    pids[0] = bench_process (serve);
    bench_process (warm);
    bench_wait (&bench_page->is_done, 1, 10, "waiting for the first peer");
    for (int i = 1; i <= shares; i++)
        pids[i] = bench_process (come);
    bench_wait (&bench_page->is_done, peers + 1, 30, "waiting for the peers");
    long took = atomic_load (&bench_page->numbers[FINISHED]) - atomic_load (&bench_page->numbers[STARTED]);
    double base = (double)atomic_load (&bench_page->numbers[BASE_KIB]);
    bench_print ("rate", peers * 1e9 / (double)took);

    bench_sleep_until (bench_ns () + 300000000); /* what follows a connection is over */
    bench_print ("kib_per_peer", (bench_rss_kib (pids[0]) - base) / peers);
    bench_print ("kib_per_socket", bench_rss_kib (pids[1]) / (peers < SHARE ? peers : SHARE));
    double cpu = -bench_others_cpu (), started = (double)bench_ns ();
    long switches = 0;
    for (int i = 0; i <= shares; i++)
        switches -= bench_switches (pids[i]);
    bench_sleep_until ((uint64_t)(started + seconds * 1e9));
    for (int i = 0; i <= shares; i++)
        switches += bench_switches (pids[i]);
    bench_print ("wakes", (double)switches / seconds);
    bench_print ("cpu_percent", (cpu + bench_others_cpu ()) * 100 / seconds);

    signal (SIGCHLD, SIG_IGN);
    for (int i = 1; i <= shares; i++)
        kill (pids[i], SIGKILL);
    bench_sleep_until (bench_ns () + 1000000000);
    bench_print ("kib_left", (bench_rss_kib (pids[0]) - base) / peers);
    kill (pids[0], SIGUSR1);
    bench_wait (&bench_page->step, 1, 10, "waiting for the memory to be given back");
    bench_print ("kib_left_trimmed",
                 ((double)atomic_load (&bench_page->numbers[TRIMMED_KIB]) - base) / peers);
    bench_end ();
}
