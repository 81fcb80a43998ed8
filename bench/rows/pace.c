/* pace stream TRANSPORT RATE SECONDS: latency of 64 B messages sent at RATE a second, PUSH to PULL.
 * pace burst TRANSPORT BURSTS: bursts of 50, then 5 ms of silence: how long the last of each takes.
 *
 * The connection stands before the clock starts, and the first tenth is not counted. The sender stamps each message
 * just before it sends it. Up to 10,000 a second it sleeps in between, so that CPU time means something; above, it
 * watches the clock. cpu_ms: CPU time of both sides for each second of the stream; kept: the rate at which messages
 * arrived to RATE: a stream that falls behind has no latency at that rate. */
#include "sockets.h"

#include <sys/prctl.h>

static bool is_burst;
static long rate, total, unmeasured;

static void sender (void)
{
    void *socket = row_socket (ZMQ_PUSH);
    uint64_t body[8] = {0}, gap = is_burst ? 5000000 : 1000000000 / (uint64_t)rate, now;

    prctl (PR_SET_TIMERSLACK, 1);
    row_connect (socket);
    row_send (socket, body, sizeof body, 0); /* it is connected when this one is there */
    bench_wait (&bench_page->is_done, 1, 10, "waiting for the first message");
    uint64_t due = bench_ns () + 5000000;
    for (long i = -unmeasured; i < total; due += gap, i++) {
        if (gap >= 100000)
            bench_sleep_until (due);
        while ((now = bench_ns ()) < due)
            ;
        for (int n = is_burst ? 50 : 1; n > 0; n--) {
            body[0] = n < 50 ? bench_ns () : now;
            body[1] = n == 1 && i >= 0;
            row_send (socket, body, sizeof body, 0);
        }
        if (is_burst)
            due = bench_ns ();
    }
    for (;;)
        pause ();
}

int main (int count, char **args)
{
    if (count < 4)
        bench_die ("usage: pace stream TRANSPORT RATE SECONDS | pace burst TRANSPORT BURSTS");
    is_burst = !strcmp (args[1], "burst");
    rate = atol (args[3]);
    total = is_burst ? rate : (long)((double)rate * atof (args[4]));
    unmeasured = total / 10;
    struct bench_samples samples;
    uint64_t body[8], start = 0;
    double cpu = 0;

    bench_begin (args[2]);
    bench_samples_init (&samples, (size_t)total);
    memset (samples.ns, 1, (size_t)total * sizeof *samples.ns);
    if (bench_is_inproc)
        row_open_context ();
    bench_other (sender);
    void *socket = row_socket (ZMQ_PULL);
    row_bind (socket, args[2]);
    row_recv (socket, body, sizeof body);
    atomic_store (&bench_page->is_done, 1);
    while (samples.count < samples.capacity) {
        row_recv (socket, body, sizeof body);
        if (!body[1])
            continue;
        bench_sample (&samples, bench_ns () - body[0]);
        if (!start) {
            cpu = bench_cpu ();
            start = bench_ns ();
        }
    }
    double seconds = (double)(bench_ns () - start) / 1e9;
    bench_print ("cpu_ms", (bench_cpu () - cpu) * 1e3 / seconds);
    if (!is_burst)
        bench_print ("kept", (double)(total - 1) / seconds / (double)rate);
    bench_samples_print (&samples, 1);
    bench_end ();
}
