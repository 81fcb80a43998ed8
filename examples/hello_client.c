/* Asks three times. Start it before or after the server: it waits until there is one. */
#include <stdio.h>
#include <string.h>
#include <zmq.h>

int main (int argc, char **argv)
{
    void *context = zmq_ctx_new (), *socket = zmq_socket (context, ZMQ_REQ);
    char answer[256];

    if (zmq_connect (socket, argc > 1 ? argv[1] : "tcp://127.0.0.1:5555") != 0) {
        fprintf (stderr, "%s\n", zmq_strerror (zmq_errno ()));
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        zmq_send (socket, "hello", 5, 0);
        int n = zmq_recv (socket, answer, sizeof answer, 0);
        if (n < 0)
            break;
        printf ("answer: %.*s\n", n < (int)sizeof answer ? n : (int)sizeof answer, answer);
    }
    zmq_close (socket);
    return zmq_ctx_term (context) != 0;
}
