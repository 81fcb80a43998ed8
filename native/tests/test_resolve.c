/* Names to addresses, waiting and on threads. Only names that need no name server, so that it runs
 * anywhere. */
#include "check.h"
#include "os/clock.h"
#include "os/resolve.h"
#include "os/thread.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer allows the child of a threaded process no threads. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_THREADS_IN_CHILD
#endif
#elif defined(__SANITIZE_THREAD__)
#define NO_THREADS_IN_CHILD
#endif

enum
{
    LOCAL = ZC_RESOLVE_LOCAL,
    IPV6 = ZC_RESOLVE_IPV6,
    NUMERIC = ZC_RESOLVE_NUMERIC
};

TEST (hosts_become_addresses)
{
    static const struct
    {
        const char *host;
        unsigned flags;
        const char *first; /* text of the first address */
    } rows[] = {
        {"127.0.0.1", 0, "127.0.0.1:5"},        {"127.0.0.1", IPV6, "127.0.0.1:5"},
        {"127.0.0.1", NUMERIC, "127.0.0.1:5"},  {"::1", IPV6 | NUMERIC, "[::1]:5"},
        {"fe80::2%lo", IPV6, "[fe80::2%lo]:5"}, {"*", LOCAL, "0.0.0.0:5"},
        {"*", LOCAL | NUMERIC, "0.0.0.0:5"},    {"*", LOCAL | IPV6, "[::]:5"},
        {"lo", LOCAL, "127.0.0.1:5"},           {"lo", LOCAL | IPV6, "[::1]:5"},
        {"localhost", 0, "127.0.0.1:5"},        {"localhost", LOCAL, "127.0.0.1:5"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zc_addr found[ZC_RESOLVE_MAX];
        char text[64] = "";
        int n = zc_resolve (rows[i].host, 5, rows[i].flags, found, ZC_RESOLVE_MAX);

        CHECK (n >= 1);
        if (n >= 1)
            zc_addr_text (&found[0], text, sizeof text);
        CHECK_STR (text, rows[i].first);
        for (int j = 1; j < n && !(rows[i].flags & IPV6); j++)
            CHECK (!zc_addr_is_v6 (&found[j]));
    }
}

TEST (bad_hosts_are_errors)
{
    static const struct
    {
        const char *host;
        unsigned flags;
        int error;
    } rows[] = {
        {"", 0, -EINVAL},
        {"", LOCAL, -EINVAL},
        {"*", 0, -EINVAL},
        {"a b", 0, -EINVAL},
        {"[::1]", IPV6, -EINVAL},
        {"a/b", LOCAL, -EINVAL},
        {"1:2:3", IPV6, -EINVAL},
        {"::1", 0, -EINVAL}, /* IPv6 was not asked for */
        {"::1", LOCAL, -ENODEV},
        {"fe80::1%nosuchif", IPV6, -ENODEV},
        {"localhost", NUMERIC, -ENOENT},
        {"lo", LOCAL | NUMERIC, -ENOENT},
    };
    char longest[400];
    struct zc_addr found;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT (zc_resolve (rows[i].host, 5, rows[i].flags, &found, 1), rows[i].error);
    memset (longest, 'a', sizeof longest);
    longest[399] = '\0';
    CHECK_INT (zc_resolve (longest, 5, 0, &found, 1), -EINVAL);
}

TEST (no_more_addresses_are_given_than_fit)
{
    struct zc_addr found[2] = {{.len = 0}, {.len = 99}};

    CHECK_INT (zc_resolve ("lo", 5, LOCAL | IPV6, found, 1), 1);
    CHECK_INT (found[1].len, 99);
}

/* Asks whatever the system asks, so the machine may answer for either reason; a label of 64
 * characters is never sent out. */
TEST (an_unknown_name_is_an_error)
{
    char name[70];
    struct zc_addr found;
    int rc;

    memset (name, 'a', 64);
    strcpy (name + 64, ".test");
    rc = zc_resolve (name, 5, 0, &found, 1);
    CHECK (rc == -EHOSTUNREACH || rc == -EAGAIN);
    CHECK_INT (zc_resolve (name, 5, LOCAL, &found, 1), -ENODEV);
}

struct answer
{
    zc_mutex lock;
    atomic_int calls, count, entered, may_go;
    struct zc_addr first;
    struct zc_lookup *lookup;
};

static void on_answer (void *arg, const struct zc_addr *found, int count)
{
    struct answer *a = arg;

    if (count > 0)
        a->first = found[0];
    atomic_store (&a->count, count);
    atomic_fetch_add (&a->calls, 1);
}

static void wait_until (atomic_int *what, int value)
{
    uint64_t deadline = zc_deadline (20000);

    while (atomic_load (what) != value && zc_now () < deadline)
        zc_thread_yield ();
    CHECK_INT (atomic_load (what), value);
}

TEST (a_lookup_answers_once)
{
    struct answer a = {.lock = ZC_MUTEX_INIT};
    char text[64];

    CHECK_INT (zc_resolve_start ("localhost", 7, 0, on_answer, &a, &a.lookup), 0);
    wait_until (&a.calls, 1);
    zc_resolve_end (&a.lookup);
    CHECK (!a.lookup);
    zc_resolve_end (&a.lookup);
    CHECK (a.count >= 1);
    zc_addr_text (&a.first, text, sizeof text);
    CHECK_STR (text, "127.0.0.1:7");
    CHECK_INT (zc_resolve_start ("::1", 7, NUMERIC, on_answer, &a, &a.lookup), 0);
    wait_until (&a.calls, 2);
    CHECK_INT (a.count, -EINVAL);
    zc_resolve_end (&a.lookup);
}

/* Far more than run at once; some are ended at any moment of their lives. */
TEST (many_lookups_wait_for_their_turn_and_may_be_ended_at_any_time)
{
    enum
    {
        N = 300
    };
    static struct answer all[N];

    for (int i = 0; i < N; i++) {
        CHECK_INT (zc_resolve_start ("127.0.0.1", 7, 0, on_answer, &all[i], &all[i].lookup), 0);
        if (i % 3 == 1)
            zc_resolve_end (&all[i / 2].lookup);
    }
    for (int i = 0; i < N; i++) {
        int before;

        if (all[i].lookup && i % 2)
            wait_until (&all[i].calls, 1);
        zc_resolve_end (&all[i].lookup);
        before = all[i].calls;
        CHECK (before <= 1);
        zc_thread_yield ();
        CHECK_INT (all[i].calls, before); /* never after the end */
    }
}

static void on_slow (void *arg, const struct zc_addr *found, int count)
{
    struct answer *a = arg;

    (void)found;
    (void)count;
    atomic_store (&a->entered, 1);
    while (!atomic_load (&a->may_go))
        zc_thread_yield ();
    for (int i = 0; i < 100; i++)
        zc_thread_yield ();
    atomic_store (&a->calls, 1);
}

static void release_main (void *arg)
{
    struct answer *a = arg;

    atomic_store (&a->may_go, 1);
}

TEST (end_waits_for_a_running_call)
{
    struct answer a = {.lock = ZC_MUTEX_INIT};
    struct zc_thread t;

    CHECK_INT (zc_resolve_start ("127.0.0.1", 7, 0, on_slow, &a, &a.lookup), 0);
    wait_until (&a.entered, 1);
    CHECK_INT (zc_thread_start (&t, release_main, &a, NULL), 0);
    zc_resolve_end (&a.lookup);
    CHECK_INT (a.calls, 1);
    zc_thread_join (&t);
}

static void on_end_inside (void *arg, const struct zc_addr *found, int count)
{
    struct answer *a = arg;

    (void)found;
    (void)count;
    zc_mutex_lock (&a->lock); /* start has stored the lookup */
    zc_mutex_unlock (&a->lock);
    zc_resolve_end (&a->lookup);
    atomic_store (&a->calls, 1);
}

TEST (a_call_may_end_its_own_lookup)
{
    struct answer a = {.lock = ZC_MUTEX_INIT};

    zc_mutex_lock (&a.lock);
    CHECK_INT (zc_resolve_start ("127.0.0.1", 7, 0, on_end_inside, &a, &a.lookup), 0);
    zc_mutex_unlock (&a.lock);
    wait_until (&a.calls, 1);
    CHECK (!a.lookup);
}

TEST (a_forked_child_looks_up_anew)
{
    struct answer a = {.lock = ZC_MUTEX_INIT}, b = {.lock = ZC_MUTEX_INIT};
    int status = -1;
    pid_t child;

    CHECK_INT (zc_fork_watch (), 0);
    CHECK_INT (zc_resolve_start ("127.0.0.1", 7, 0, on_slow, &a, &a.lookup), 0);
    wait_until (&a.entered, 1);
    child = fork ();
    if (child == 0) {
        zc_resolve_end (&a.lookup); /* its thread is not here: returns at once */
#ifndef NO_THREADS_IN_CHILD
        CHECK_INT (zc_resolve_start ("127.0.0.1", 7, 0, on_answer, &b, &b.lookup), 0);
        wait_until (&b.calls, 1);
        zc_resolve_end (&b.lookup);
#else
        (void)b;
#endif
        _exit (atomic_load (&check_failures) ? 1 : 0);
    }
    CHECK_INT (waitpid (child, &status, 0), child);
    CHECK_INT (status, 0);
    atomic_store (&a.may_go, 1);
    zc_resolve_end (&a.lookup);
    CHECK_INT (a.calls, 1);
}
