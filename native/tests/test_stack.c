/* S-04: topics of any length and any nesting come and go in threads of 64 KiB stack: in SUB, XSUB and XPUB, through a proxy, by
 * cancelling, by closing, and by the loss of the peer. No recursion over input. */
#include "check.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "zcffi.h"

/* A sanitizer's own frames need more. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define NEEDS_ROOM
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define NEEDS_ROOM
#endif
#endif
#ifdef NEEDS_ROOM
#define STACK (1024 * 1024)
#else
#define STACK (64 * 1024)
#endif

enum
{
    NESTED = 1000, /* topics that are each other's beginnings */
    LONGEST = 32 << 20
};

static const size_t lengths[] = {1 << 10, 64 << 10, 1 << 20, LONGEST};
#define TOPICS (NESTED + sizeof lengths / sizeof *lengths)

static char *topic; /* a byte to begin with, then all the same */

static size_t length_of (size_t i)
{
    return i < NESTED ? i + 1 : lengths[i - NESTED];
}

static void *socket_of (void *context, int type)
{
    void *s = zmq_socket (context, type);
    int ms = 20000, none = 0;
    int64_t any = 0;

    zmq_setsockopt (s, ZMQ_RCVTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt (s, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt (s, ZMQ_RCVHWM, &none, sizeof none);
    CHECK_INT (zmq_setsockopt (s, ZCFFI_MAX_SUBSCRIPTION_BYTES, &any, sizeof any), 0);
    return s;
}

static void say_topics (void *sub, int type, bool cancel)
{
    for (size_t i = 0; i < TOPICS; i++) {
        int rc;
        if (type == ZMQ_SUB)
            rc = zmq_setsockopt (sub, cancel ? ZMQ_UNSUBSCRIBE : ZMQ_SUBSCRIBE, topic + 1, length_of (i));
        else {
            topic[0] = !cancel;
            rc = zmq_send (sub, topic, length_of (i) + 1, 0) < 0 ? -1 : 0;
        }
        CHECK_INT (rc, 0);
    }
}

static void hear_topics (void *xpub)
{
    char first;

    for (size_t i = 0; i < TOPICS; i++)
        if (zmq_recv (xpub, &first, 1, 0) < 1) {
            CHECK_FAIL ("notice %zu does not come: %s", i, zmq_strerror (errno));
            return;
        }
}

enum how
{
    CANCELS,
    CLOSES
};

static void come_and_go (void *context, const char *endpoint, int type, enum how how)
{
    void *xpub = socket_of (context, ZMQ_XPUB), *sub = socket_of (context, type);
    char where[256];
    size_t n = sizeof where;

    CHECK_INT (zmq_bind (xpub, endpoint), 0);
    CHECK_INT (zmq_getsockopt (xpub, ZMQ_LAST_ENDPOINT, where, &n), 0);
    CHECK_INT (zmq_connect (sub, where), 0);
    say_topics (sub, type, false);
    hear_topics (xpub);
    topic[0] = 1; /* and a message that all of them want */
    CHECK_INT (zmq_send (xpub, topic + 1, LONGEST, 0), LONGEST);
    CHECK_INT (zmq_recv (sub, NULL, 0, 0), LONGEST);
    if (how == CANCELS)
        say_topics (sub, type, true);
    else
        zmq_close (sub);
    hear_topics (xpub);
    if (how == CANCELS)
        zmq_close (sub);
    zmq_close (xpub);
}

struct proxy
{
    void *front, *back;
};

static void run_proxy (void *arg)
{
    struct proxy *p = arg;

    (void)zmq_proxy (p->front, p->back, NULL);
    zmq_close (p->front);
    zmq_close (p->back);
}

static void come_and_go_through_a_proxy (void)
{
    void *context = zmq_ctx_new (), *xpub = socket_of (context, ZMQ_XPUB),
         *sub = socket_of (context, ZMQ_SUB);
    struct proxy p = {socket_of (context, ZMQ_XSUB), socket_of (context, ZMQ_XPUB)};
    int never = -1;

    zmq_setsockopt (p.front, ZMQ_RCVTIMEO, &never, sizeof never);
    zmq_setsockopt (p.back, ZMQ_RCVTIMEO, &never, sizeof never);
    CHECK_INT (zmq_bind (xpub, "inproc://publisher"), 0);
    CHECK_INT (zmq_connect (p.front, "inproc://publisher"), 0);
    CHECK_INT (zmq_bind (p.back, "inproc://proxy"), 0);
    void *thread = zmq_threadstart (run_proxy, &p);
    CHECK_INT (zmq_connect (sub, "inproc://proxy"), 0);
    say_topics (sub, ZMQ_SUB, false);
    hear_topics (xpub);
    CHECK_INT (zmq_close (sub), 0);
    hear_topics (xpub);
    CHECK_INT (zmq_close (xpub), 0);
    CHECK_INT (zmq_ctx_shutdown (context), 0);
    zmq_threadclose (thread);
    CHECK_INT (zmq_ctx_term (context), 0);
}

static void all_of_it (void *arg)
{
    static const char *const endpoints[] = {"tcp://127.0.0.1:*", "inproc://topics"};
    static const int types[] = {ZMQ_SUB, ZMQ_XSUB};

    (void)arg;
    topic = malloc (LONGEST + 1);
    memset (topic, 't', LONGEST + 1);
    for (int e = 0; e < 2; e++)
        for (int t = 0; t < 2; t++)
            for (int how = CANCELS; how <= CLOSES; how++) {
                void *context = zmq_ctx_new ();
                come_and_go (context, endpoints[e], types[t], (enum how)how);
                CHECK_INT (zmq_ctx_term (context), 0);
            }
    come_and_go_through_a_proxy ();
    free (topic);
}

/* Threads get the stack that the process was started with: the program starts itself again. */
TEST (topics_of_any_length_and_nesting_need_no_stack)
{
    struct rlimit limit, small;

    if (getenv ("ZC_SMALL_STACK")) {
        void *thread = zmq_threadstart (all_of_it, NULL);
        zmq_threadclose (thread);
        return;
    }
    getrlimit (RLIMIT_STACK, &limit);
    small = (struct rlimit){STACK, limit.rlim_max};
    REQUIRE (setrlimit (RLIMIT_STACK, &small) == 0);
    char *const arguments[] = {"test_stack", NULL}, *const environment[] = {"ZC_SMALL_STACK=1", NULL};
    pid_t child = -1;
    int status = -1, rc = posix_spawn (&child, "/proc/self/exe", NULL, NULL, arguments, environment);
    setrlimit (RLIMIT_STACK, &limit);
    REQUIRE (rc == 0);
    CHECK_INT (waitpid (child, &status, 0), child);
    CHECK_INT (status, 0);
}
