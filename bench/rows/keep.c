/* keep COUNT: a program that keeps every 1,000th of COUNT received 64 B messages, over tcp.
 *
 * ratio: what its resident memory grew by, to what it keeps (64 B and a zmq_msg_t for each). */
#include "sockets.h"

static void sender (void)
{
    void *socket = row_socket (ZMQ_PUSH);
    char body[64] = {0};

    row_connect (socket);
    for (;;)
        row_send (socket, body, sizeof body, 0);
}

int main (int count, char **args)
{
    if (count != 2)
        bench_die ("usage: keep COUNT");
    long total = atol (args[1]), n = 0;
    zmq_msg_t message, *kept = calloc ((size_t)(total / 1000 + 1), sizeof *kept);

    bench_begin ("tcp");
    bench_other (sender);
    void *socket = row_socket (ZMQ_PULL);
    row_bind (socket, "tcp");
    zmq_msg_init (&message);
    for (long i = 0; i < 100000; i++)
        row_recv_message (socket, &message);
    double before = bench_rss_kib (0);
    for (long i = 0; i < total; i++) {
        row_recv_message (socket, &message);
        if (i % 1000 == 0) {
            zmq_msg_init (&kept[n]);
            zmq_msg_move (&kept[n++], &message);
        }
    }
    double grown = (bench_rss_kib (0) - before) * 1024;
    bench_print ("ratio", grown / (double)n / (64 + sizeof *kept));
    bench_print ("grown_kib", grown / 1024);
    bench_end ();
}
