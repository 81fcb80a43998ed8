/* reqrep TRANSPORT SIZE SECONDS: request-reply between a REQ and a REP, one way.
 *
 * Up to 1 KiB by zmq_send and zmq_recv; above, the message received is sent back. Each round trip is timed and halved.
 * cpu_us: CPU time of both sides for each message. */
#include "sockets.h"

static const char *transport;
static size_t size;

static void reply (void)
{
    void *socket = row_socket (ZMQ_REP);
    char small[1024];
    zmq_msg_t message;

    zmq_msg_init (&message);
    row_connect (socket);
    for (;;) {
        if (size <= sizeof small) {
            row_send (socket, small, row_recv (socket, small, sizeof small), 0);
        } else {
            row_recv_message (socket, &message);
            if (zmq_msg_send (&message, socket, 0) < 0)
                bench_die ("zmq_msg_send: %s", zmq_strerror (errno));
        }
    }
}

int main (int count, char **args)
{
    if (count != 4)
        bench_die ("usage: reqrep TRANSPORT SIZE SECONDS");
    transport = args[1];
    size = (size_t)atol (args[2]);
    double seconds = atof (args[3]);
    char *body = calloc (1, size);
    struct bench_samples samples;
    zmq_msg_t message;

    bench_begin (transport);
    bench_samples_init (&samples, 4000000);
    if (bench_is_inproc)
        row_open_context ();
    bench_other (reply);
    void *socket = row_socket (ZMQ_REQ);
    zmq_msg_init (&message);
    row_bind (socket, transport);

    uint64_t then = bench_ns (), start = 0, now, end = 0;
    double cpu = 0;
    for (size_t i = 0;; i++, then = now) {
        row_send (socket, body, size, 0);
        row_recv_message (socket, &message);
        now = bench_ns ();
        if (start) {
            bench_sample (&samples, now - then);
            if (now > end || samples.count == samples.capacity)
                break;
        } else if (i == 0) {
            end = now + (uint64_t)(seconds * 1e8); /* a tenth to warm up */
        } else if (now > end) {
            cpu = bench_cpu ();
            start = now = bench_ns ();
            end = now + (uint64_t)(seconds * 1e9);
        }
    }
    cpu = bench_cpu () - cpu;
    bench_print ("cpu_us", cpu * 1e6 / 2 / (double)samples.count);
    bench_samples_print (&samples, 2);
    bench_end ();
}
