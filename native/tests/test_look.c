/* A thread that waits looks again before it sleeps, for longer where answers keep coming just after that. */
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>
#include "core/self.h"
#include "eventually.h"
#include "zcffi.h"

enum
{
    LOOKS = 5000,          /* µs */
    ANSWERS = 8 * 1000000, /* ns: after LOOKS, before four times that */
    TRIES = 200
};

static void *context;
static char endpoint[128];

static void *answer_late (void *arg)
{
    void *server = zmq_socket (context, ZMQ_REP);
    size_t size = sizeof endpoint;
    char body[8];

    CHECK_INT (zmq_bind (server, "tcp://127.0.0.1:*"), 0);
    CHECK_INT (zmq_getsockopt (server, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    pthread_barrier_wait (arg);
    while (zmq_recv (server, body, sizeof body, 0) == 1 && body[0] != 'x') {
        struct timespec late = {0, ANSWERS};
        nanosleep (&late, NULL);
        zmq_send (server, "a", 1, 0);
    }
    zmq_close (server);
    return NULL;
}

/* How often this thread has given up its CPU until something wakes it. */
static long sleeps (void)
{
    struct rusage usage;

    getrusage (RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/* On a busy machine looking again stops for a while, and begins anew: there it may take longer, or never come to it. */
TEST (answers_that_come_just_too_late_are_looked_for_until_they_are_there)
{
    pthread_barrier_t bound;
    pthread_t thread;
    int looks = LOOKS, linger = 0, asleep = 0, awake = 0, busy = 0;
    char body[8];

    context = zmq_ctx_new ();
    pthread_barrier_init (&bound, NULL, 2);
    pthread_create (&thread, NULL, answer_late, &bound);
    pthread_barrier_wait (&bound);
    void *client = zmq_socket (context, ZMQ_REQ);
    CHECK_INT (zmq_setsockopt (client, ZCFFI_LOOK_AGAIN, &looks, sizeof looks), 0);
    CHECK_INT (zmq_setsockopt (client, ZMQ_LINGER, &linger, sizeof linger), 0);
    CHECK_INT (zmq_connect (client, endpoint), 0);

    for (int i = 0; i < TRIES && !(asleep && awake); i++) {
        CHECK_INT (zmq_send (client, "q", 1, 0), 1);
        long before = sleeps ();
        CHECK_INT (zmq_recv (client, body, sizeof body, 0), 1);
        if (sleeps () == before)
            awake += asleep > 0;
        else
            asleep++;
        busy += zc_self ()->is_pausing;
    }
    CHECK (asleep > 0); /* at first, it can't know */
    /* Where sets can't be members of sets the role stays with the I/O thread, and a call sleeps. */
    CHECK (awake > 0 || busy > TRIES / 2 || !hub_of (client)->loop->poller.ops->nests);

    CHECK_INT (zmq_send (client, "x", 1, 0), 1);
    pthread_join (thread, NULL);
    zmq_close (client);
    zmq_ctx_term (context);
    pthread_barrier_destroy (&bound);
}
