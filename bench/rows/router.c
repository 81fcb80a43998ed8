/* router CLIENTS FLIGHT SECONDS: a ROUTER answers CLIENTS DEALERs of one process, each with FLIGHT requests of 64 B
 * on the way, over tcp. rate: requests/s. */
#include "sockets.h"

static int clients, flight;

static void ask (void)
{
    zmq_pollitem_t *items = calloc ((size_t)clients, sizeof *items);
    char body[64] = {0};
    zmq_msg_t message;

    row_many (clients);
    zmq_msg_init (&message);
    for (int i = 0; i < clients; i++) {
        items[i].socket = row_socket (ZMQ_DEALER);
        items[i].events = ZMQ_POLLIN;
        row_connect (items[i].socket);
        for (int n = 0; n < flight; n++)
            row_send (items[i].socket, body, sizeof body, 0);
    }
    for (;;) {
        row_poll (items, clients);
        for (int i = 0; i < clients; i++)
            for (int n = 0; n < flight && items[i].revents && row_try_recv (items[i].socket, &message); n++)
                row_send (items[i].socket, body, sizeof body, 0);
    }
}

int main (int count, char **args)
{
    if (count != 4)
        bench_die ("usage: router CLIENTS FLIGHT SECONDS");
    clients = atoi (args[1]);
    flight = atoi (args[2]);
    uint64_t seconds = (uint64_t)(atof (args[3]) * 1e9);
    char id[256], body[64];

    bench_begin ("tcp");
    bench_other (ask);
    void *socket = row_socket (ZMQ_ROUTER);
    row_bind (socket, "tcp");
    long got = 0;
    uint64_t now = bench_ns (), start = 0, end = 0;
    double cpu = 0;
    for (;;) {
        size_t length = row_recv (socket, id, sizeof id);
        size_t size = row_recv (socket, body, sizeof body);
        row_send (socket, id, length, ZMQ_SNDMORE);
        row_send (socket, body, size, 0);
        if (++got % 64 || (now = bench_ns ()) < end)
            continue;
        if (start)
            break;
        if (!end) {
            end = now + seconds / 4;
            continue;
        }
        cpu = bench_cpu ();
        start = now;
        end = now + seconds;
        got = 0;
    }
    cpu = bench_cpu () - cpu;
    bench_print ("rate", (double)got * 1e9 / (double)(now - start));
    bench_print ("cpu_per_million", cpu * 1e6 / (double)got);
    bench_end ();
}
