/* stream TRANSPORT SIZE SECONDS [THREADS shared|own]: PUSH to PULL as fast as they go.
 *
 * THREADS send, on one PUSH that they share or on one PUSH each; without them one thread sends. Prints the receiver's
 * rate (messages/s) and mib_s, and the CPU seconds of both sides for a million messages. */
#include "sockets.h"

static size_t size;
static int threads = 1;
static bool is_shared;
static void *shared_socket;

static void send_all (void)
{
    void *socket = shared_socket;
    char *body = calloc (1, size);

    if (!socket) {
        socket = row_socket (ZMQ_PUSH);
        row_connect (socket);
    }
    for (;;)
        row_send (socket, body, size, 0);
}

static void sender (void)
{
    row_open_context ();
    if (is_shared) {
        void *socket = row_socket (ZMQ_PUSH);
        row_connect (socket);
        shared_socket = socket;
    }
    for (int i = 1; i < threads; i++)
        bench_thread (send_all);
    send_all ();
}

int main (int count, char **args)
{
    if (count != 4 && count != 6)
        bench_die ("usage: stream TRANSPORT SIZE SECONDS [THREADS shared|own]");
    size = (size_t)atol (args[2]);
    uint64_t seconds = (uint64_t)(atof (args[3]) * 1e9);
    if (count == 6) {
        threads = atoi (args[4]);
        is_shared = !strcmp (args[5], "shared");
    }

    bench_begin (args[1]);
    if (bench_is_inproc)
        row_open_context ();
    bench_other (sender);
    void *socket = row_socket (ZMQ_PULL);
    row_bind (socket, args[1]);

    zmq_msg_t message;
    long batch = size >= 65536 ? 1 : 64, got = 0, i = 0;
    zmq_msg_init (&message);
    row_recv_message (socket, &message);
    uint64_t now = bench_ns (), start = 0, end = now + seconds / 10;
    double cpu = 0;
    for (;;) {
        row_recv_message (socket, &message);
        got++;
        if (++i < batch)
            continue;
        i = 0;
        now = bench_ns ();
        if (now < end)
            continue;
        if (start)
            break;
        cpu = bench_cpu ();
        start = bench_ns ();
        end = start + seconds;
        got = 0;
    }
    cpu = bench_cpu () - cpu;
    if (zmq_msg_size (&message) != size)
        bench_die ("a message of %zu bytes came with %zu", size, zmq_msg_size (&message));
    double rate = (double)got * 1e9 / (double)(now - start);
    bench_print ("rate", rate);
    bench_print ("mib_s", rate * (double)size / 1048576);
    bench_print ("cpu_per_million", cpu * 1e6 / (double)got);
    bench_end ();
}
