/* instructions PATTERN TRANSPORT MESSAGES: sends and receives MESSAGES messages of 64 B in one thread.
 *
 * For bench/instructions.py, which counts the instructions that this takes. One thread does both sides, so that nothing
 * depends on who is awake: what is sent has arrived when it is received.
 *
 * push-pull: by 32, sent, then received; req-rep: a request and its reply, MESSAGES / 2 times; pub-sub: as push-pull,
 * to a SUB with 100 subscriptions, of which one matches; multipart: three parts each, DEALER to ROUTER. */
#include "sockets.h"

enum
{
    SIZE = 64,
    BATCH = 32,
    TOPICS = 100
};
static const char *pattern;
static void *one, *two; /* the second connects */
static char body[SIZE], found[SIZE];

static bool is (const char *name)
{
    return !strcmp (pattern, name);
}

static void open_sockets (const char *transport)
{
    char topic[4];

    one = row_socket (is ("push-pull") ? ZMQ_PULL
                      : is ("req-rep") ? ZMQ_REP
                      : is ("pub-sub") ? ZMQ_XPUB
                                       : ZMQ_ROUTER);
    two = row_socket (is ("push-pull") ? ZMQ_PUSH
                      : is ("req-rep") ? ZMQ_REQ
                      : is ("pub-sub") ? ZMQ_SUB
                                       : ZMQ_DEALER);
    row_bind (one, transport);
    for (int i = 0; is ("pub-sub") && i < TOPICS; i++) {
        snprintf (topic, sizeof topic, "%03d", i);
        zmq_setsockopt (two, ZMQ_SUBSCRIBE, topic, 3);
    }
    row_connect (two);
    for (int i = 0; is ("pub-sub") && i < TOPICS; i++)
        row_recv (one, found, sizeof found); /* the publisher knows it */
}

static void push_pull (void)
{
    for (int i = 0; i < BATCH; i++)
        row_send (two, body, SIZE, 0);
    for (int i = 0; i < BATCH; i++)
        row_recv (one, found, sizeof found);
}

static void publish (void)
{
    memcpy (body, "042", 3);
    for (int i = 0; i < BATCH; i++)
        row_send (one, body, SIZE, 0);
    for (int i = 0; i < BATCH; i++)
        row_recv (two, found, sizeof found);
}

static void request (void)
{
    for (int i = 0; i < BATCH / 2; i++) {
        row_send (two, body, SIZE, 0);
        row_recv (one, found, sizeof found);
        row_send (one, body, SIZE, 0);
        row_recv (two, found, sizeof found);
    }
}

static void multipart (void)
{
    for (int i = 0; i < BATCH; i++)
        for (int part = 0; part < 3; part++)
            row_send (two, body, SIZE, part < 2 ? ZMQ_SNDMORE : 0);
    for (int i = 0; i < BATCH; i++)
        for (int part = 0; part < 4; part++) /* with the sender's id */
            row_recv (one, found, sizeof found);
}

int main (int count, char **args)
{
    if (count != 4)
        bench_die ("usage: instructions push-pull|req-rep|pub-sub|multipart TRANSPORT MESSAGES");
    pattern = args[1];
    long batches = atol (args[3]) / BATCH;

    bench_begin (args[2]);
    open_sockets (args[2]);
    while (batches-- > 0)
        (is ("push-pull") ? push_pull : is ("req-rep") ? request : is ("pub-sub") ? publish : multipart) ();
    bench_end ();
}
