/* Answers three requests, then ends. With hello_client.c, or with hello.py's other half. */
#include <stdio.h>
#include <string.h>
#include <zmq.h>

int main (int argc, char **argv)
{
    void *context = zmq_ctx_new (), *socket = zmq_socket (context, ZMQ_REP);
    char text[256];
    size_t size = sizeof text;

    if (zmq_bind (socket, argc > 1 ? argv[1] : "tcp://127.0.0.1:5555") != 0) {
        fprintf (stderr, "%s\n", zmq_strerror (zmq_errno ()));
        return 1;
    }
    zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, text, &size);
    printf ("listening at %s\n", text);
    fflush (stdout);
    for (int i = 0; i < 3; i++) {
        int n = zmq_recv (socket, text, sizeof text - 1, 0);
        if (n < 0)
            break;
        if ((size_t)n >= sizeof text)
            n = (int)sizeof text - 1; /* zmq_recv tells the message's size, and cuts what doesn't fit */
        text[n] = 0;
        printf ("asked: %s\n", text);
        fflush (stdout);
        zmq_send (socket, "world", 5, 0);
    }
    zmq_close (socket);
    return zmq_ctx_term (context) != 0;
}
