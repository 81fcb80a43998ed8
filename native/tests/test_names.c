/* Connections to host names, with a name service of the test's own in the system's place: this getaddrinfo is the one that
 * the linker finds first. Names: `many` has two addresses, nobody listens at the first; `slow` is answered when the test
 * says so. Everything else is a number. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "zcffi.h"

/* ---- the name service ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked_slow;
static bool answers_slow;

static struct addrinfo *entry (const char *address, struct addrinfo *next)
{
    struct addrinfo *a = calloc (1, sizeof *a + sizeof (struct sockaddr_in));
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)(a + 1);

    if (!a || inet_pton (AF_INET, address, &in->sin_addr) != 1) {
        free (a);
        return NULL;
    }
    in->sin_family = AF_INET;
    *a = (struct addrinfo){.ai_family = AF_INET,
                           .ai_socktype = SOCK_STREAM,
                           .ai_addr = (struct sockaddr *)in,
                           .ai_addrlen = sizeof *in,
                           .ai_next = next};
    return a;
}

static void wait_for_slow (void)
{
    pthread_mutex_lock (&lock);
    asked_slow++;
    pthread_cond_broadcast (&changed);
    while (!answers_slow)
        pthread_cond_wait (&changed, &lock);
    pthread_mutex_unlock (&lock);
}

int getaddrinfo (const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    (void)service;
    *out = hints->ai_flags & AI_NUMERICHOST ? entry (host, NULL) : NULL;
    if (hints->ai_flags & AI_NUMERICHOST)
        return *out ? 0 : EAI_NONAME;
    if (strcmp (host, "many") == 0)
        *out = entry ("127.0.0.2", entry ("127.0.0.1", NULL));
    else if (strcmp (host, "slow") == 0) {
        wait_for_slow ();
        *out = entry ("127.0.0.1", NULL);
    }
    return *out ? 0 : EAI_NONAME;
}

void freeaddrinfo (struct addrinfo *a)
{
    while (a) {
        struct addrinfo *next = a->ai_next;
        free (a);
        a = next;
    }
}

static void answer_slow (bool answers)
{
    pthread_mutex_lock (&lock);
    answers_slow = answers;
    pthread_cond_broadcast (&changed);
    pthread_mutex_unlock (&lock);
}

static void await_question (int number)
{
    pthread_mutex_lock (&lock);
    while (asked_slow < number)
        pthread_cond_wait (&changed, &lock);
    pthread_mutex_unlock (&lock);
}

/* ---- sockets ---- */

static void *socket_of (void *context, int type)
{
    void *s = zmq_socket (context, type);
    int ms = 10000, none = 0;

    zmq_setsockopt (s, ZMQ_RCVTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_SNDTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_LINGER, &none, sizeof none);
    return s;
}

/* Binds to a free port of 127.0.0.1; the endpoint with another host. */
static void bind_as (void *s, const char *host, char *out, size_t size)
{
    char last[64];
    size_t n = sizeof last;

    CHECK_INT (zmq_bind (s, "tcp://127.0.0.1:*"), 0);
    CHECK_INT (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, last, &n), 0);
    snprintf (out, size, "tcp://%s%s", host, strrchr (last, ':'));
}

TEST (every_address_of_a_name_is_tried)
{
    void *context = zmq_ctx_new (), *pull = socket_of (context, ZMQ_PULL),
         *push = socket_of (context, ZMQ_PUSH);
    char endpoint[64], b[4];

    bind_as (pull, "many", endpoint, sizeof endpoint);
    CHECK_INT (zmq_connect (push, endpoint), 0);
    CHECK_INT (zmq_send (push, "x", 1, 0), 1);
    CHECK_INT (zmq_recv (pull, b, sizeof b, 0), 1);
    zmq_close (push);
    zmq_close (pull);
    zmq_ctx_term (context);
}

TEST (a_slow_name_holds_up_nobody)
{
    void *context = zmq_ctx_new (), *pull = socket_of (context, ZMQ_PULL),
         *push = socket_of (context, ZMQ_PUSH);
    void *slow = socket_of (context, ZMQ_DEALER), *server = socket_of (context, ZMQ_DEALER);
    char endpoint[64], source[128], b[4];

    answer_slow (false);
    int before = asked_slow;
    bind_as (server, "slow", endpoint, sizeof endpoint);
    CHECK_INT (zmq_connect (slow, endpoint), 0);
    await_question (before + 1);
    bind_as (pull, "slow:0;127.0.0.1", source, sizeof source); /* as a source address */
    CHECK_INT (zmq_connect (slow, source), 0);
    await_question (before + 2);

    bind_as (pull, "127.0.0.1", endpoint, sizeof endpoint); /* others, and the same socket, go on */
    CHECK_INT (zmq_connect (push, endpoint), 0);
    CHECK_INT (zmq_send (push, "x", 1, 0), 1);
    CHECK_INT (zmq_recv (pull, b, sizeof b, 0), 1);
    CHECK_INT (zmq_bind (slow, "inproc://beside"), 0);
    CHECK_INT (zmq_disconnect (slow, source), 0); /* before it leads to a PULL, which refuses it for good */
    answer_slow (true);
    CHECK_INT (zmq_send (slow, "y", 1, 0), 1);
    CHECK_INT (zmq_recv (server, b, sizeof b, 0), 1);
    void *all[] = {push, pull, slow, server};
    for (int i = 0; i < 4; i++)
        zmq_close (all[i]);
    zmq_ctx_term (context);
}

TEST (closing_does_not_wait_for_a_slow_name)
{
    void *context = zmq_ctx_new (), *slow = socket_of (context, ZMQ_PUSH);
    int before = asked_slow;

    answer_slow (false);
    CHECK_INT (zmq_connect (slow, "tcp://slow:5999"), 0);
    await_question (before + 1);
    CHECK_INT (zmq_close (slow), 0);
    CHECK_INT (zmq_ctx_term (context), 0);
    answer_slow (true);
}
