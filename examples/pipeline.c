/* A pipeline over threads: a source deals numbers out to three workers, a sink adds up their squares. Sockets may be
 * used from any thread; here each worker has two of its own. */
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum
{
    WORKERS = 3,
    NUMBERS = 3000
};

static void work (void *context)
{
    void *tasks = zmq_socket (context, ZMQ_PULL), *results = zmq_socket (context, ZMQ_PUSH);
    long number;

    zmq_connect (tasks, "inproc://tasks");
    zmq_connect (results, "inproc://results");
    while (zmq_recv (tasks, &number, sizeof number, 0) == (int)sizeof number) {
        number *= number;
        zmq_send (results, &number, sizeof number, 0);
    }
    zmq_close (tasks); /* the context was shut down: the work is done */
    zmq_close (results);
}

int main (void)
{
    void *context = zmq_ctx_new (), *threads[WORKERS];
    void *source = zmq_socket (context, ZMQ_PUSH), *sink = zmq_socket (context, ZMQ_PULL);
    long sum = 0, square;

    if (zmq_bind (source, "inproc://tasks") != 0 || zmq_bind (sink, "inproc://results") != 0) {
        fprintf (stderr, "%s\n", zmq_strerror (zmq_errno ()));
        return 1;
    }
    for (int i = 0; i < WORKERS; i++)
        threads[i] = zmq_threadstart (work, context);
    for (long number = 0; number < NUMBERS; number++)
        zmq_send (source, &number, sizeof number, 0);
    for (int i = 0; i < NUMBERS && zmq_recv (sink, &square, sizeof square, 0) > 0; i++)
        sum += square;
    zmq_ctx_shutdown (context);
    for (int i = 0; i < WORKERS; i++)
        zmq_threadclose (threads[i]);
    printf ("the sum of the squares is %ld\n", sum);
    zmq_close (source);
    zmq_close (sink);
    return zmq_ctx_term (context) != 0;
}
