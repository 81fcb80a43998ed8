/* The pollers: every rule on every backend this build has, and zc_poll. */
#include "check.h"
#include "os/clock.h"
#include "os/net.h"
#include "os/poller.h"
#include "os/poller/table.h"
#include "os/thread.h"
#include "os/wake.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* A test that runs once for each backend, with an open poller `p`. */
#define EACH(name_)                                                                                          \
    static void each_##name_ (struct zc_poller *p);                                                          \
    TEST (name_)                                                                                             \
    {                                                                                                        \
        run_each (#name_, each_##name_);                                                                     \
    }                                                                                                        \
    static void each_##name_ (struct zc_poller *p)

static void run_each (const char *name, void (*run) (struct zc_poller *))
{
    static const char *const names[] = {"epoll", "poll", "select"};

    for (size_t i = 0; i < 3; i++) {
        const struct zc_poller_ops *ops = zc_poller_find (names[i]);
        struct zc_poller p;
        int before = atomic_load (&check_failures);

        if (!ops)
            continue;
        CHECK_INT (zc_poller_open (&p, ops), 0);
        run (&p);
        zc_poller_close (&p);
        zc_poller_close (&p);
        if (atomic_load (&check_failures) != before)
            fprintf (stderr, "%s: on %s\n", name, names[i]);
    }
}

static void pair (int fds[2])
{
    CHECK_INT (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static void unpair (int fds[2])
{
    close (fds[0]);
    if (fds[1] >= 0)
        close (fds[1]);
}

static void put (int fd)
{
    CHECK_INT (write (fd, "x", 1), 1);
}

/* The events reported for tag in one look; 0: none. */
static unsigned look (struct zc_poller *p, uint64_t tag, int64_t timeout)
{
    struct zc_poll_event e[8];
    int n = zc_poller_wait (p, e, 8, timeout);
    unsigned events = 0;

    CHECK (n >= 0);
    for (int i = 0; i < n; i++)
        if (e[i].tag == tag)
            events |= e[i].events;
    return events;
}

EACH (reports_while_readable)
{
    int fds[2];
    char c;

    pair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, UINT64_MAX), 0);
    CHECK_INT (look (p, UINT64_MAX, 0), 0);
    put (fds[1]);
    CHECK_INT (look (p, UINT64_MAX, -1), ZC_POLL_IN);
    CHECK_INT (look (p, UINT64_MAX, 0), ZC_POLL_IN);
    CHECK_INT (read (fds[0], &c, 1), 1);
    CHECK_INT (look (p, UINT64_MAX, 0), 0);
    CHECK_INT (zc_poller_mod (p, fds[0], ZC_POLL_IN | ZC_POLL_OUT, 7), 0);
    CHECK_INT (look (p, 7, ZC_MS), ZC_POLL_OUT);
    CHECK_INT (zc_poller_del (p, fds[0]), 0);
    unpair (fds);
}

EACH (once_is_silent_until_mod)
{
    int fds[2];

    pair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN | ZC_POLL_ONCE, 1), 0);
    put (fds[1]);
    CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
    CHECK_INT (look (p, 1, 0), 0);
    close (fds[1]); /* not even a hang-up */
    fds[1] = -1;
    CHECK_INT (look (p, 1, ZC_MS), 0);
    CHECK_INT (zc_poller_mod (p, fds[0], ZC_POLL_IN | ZC_POLL_ONCE, 2), 0);
    CHECK_INT (look (p, 2, -1), ZC_POLL_IN | ZC_POLL_ERR);
    CHECK_INT (look (p, 2, 0), 0);
    CHECK_INT (zc_poller_del (p, fds[0]), 0);
    unpair (fds);
}

EACH (edge_is_for_those_that_nest)
{
    int fds[2];

    pair (fds);
    put (fds[1]);
    if (p->ops->nests) {
        CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN | ZC_POLL_EDGE, 1), 0);
        CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
        CHECK_INT (look (p, 1, 0), 0);
        put (fds[1]);
        CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
        CHECK_INT (zc_poller_del (p, fds[0]), 0);
    } else {
        CHECK_INT (p->fd, -1);
        CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN | ZC_POLL_EDGE, 1), -EINVAL);
        CHECK_INT (zc_poller_del (p, fds[0]), -ENOENT);
    }
    unpair (fds);
}

EACH (a_set_nests_once_in_another)
{
    struct zc_poller inner;
    int fds[2];

    if (!p->ops->nests)
        return;
    pair (fds);
    CHECK_INT (zc_poller_open (&inner, p->ops), 0);
    CHECK (inner.fd >= 0);
    CHECK_INT (zc_poller_add (p, inner.fd, ZC_POLL_IN | ZC_POLL_ONCE, 1), 0);
    CHECK_INT (zc_poller_add (&inner, fds[0], ZC_POLL_IN, 2), 0);
    CHECK_INT (look (p, 1, 0), 0);
    put (fds[1]);
    CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
    CHECK_INT (look (p, 1, 0), 0);
    CHECK_INT (look (&inner, 2, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_mod (p, inner.fd, ZC_POLL_IN | ZC_POLL_ONCE, 3), 0);
    CHECK_INT (look (p, 3, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_del (p, inner.fd), 0);
    CHECK_INT (zc_poller_del (&inner, fds[0]), 0);
    zc_poller_close (&inner);
    unpair (fds);
}

EACH (refuses_what_is_wrong)
{
    int fds[2];

    pair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, 1), 0);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, 1), -EEXIST);
    CHECK_INT (zc_poller_mod (p, fds[1], ZC_POLL_IN, 1), -ENOENT);
    CHECK_INT (zc_poller_del (p, fds[1]), -ENOENT);
    CHECK_INT (zc_poller_del (p, fds[0]), 0);
    CHECK_INT (zc_poller_del (p, fds[0]), -ENOENT);
    unpair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, 1), -EBADF);
    CHECK_INT (zc_poller_add (p, -1, ZC_POLL_IN, 1), -EBADF);
}

EACH (deleted_ones_are_not_reported)
{
    int a[2], b[2];

    pair (a);
    pair (b);
    put (a[1]);
    put (b[1]);
    CHECK_INT (zc_poller_add (p, a[0], ZC_POLL_IN, 1), 0);
    CHECK_INT (zc_poller_add (p, b[0], ZC_POLL_IN, 2), 0);
    CHECK_INT (look (p, 1, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_del (p, a[0]), 0);
    CHECK_INT (look (p, 1, 0), 0);
    CHECK_INT (look (p, 2, 0), ZC_POLL_IN);
    unpair (a);
    pair (a); /* most likely the same numbers */
    put (a[1]);
    CHECK_INT (look (p, 1, 0), 0);
    CHECK_INT (zc_poller_add (p, a[0], ZC_POLL_IN, 3), 0);
    CHECK_INT (look (p, 3, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_del (p, a[0]), 0);
    CHECK_INT (zc_poller_del (p, b[0]), 0);
    unpair (a);
    unpair (b);
}

EACH (hang_up_is_an_error_with_in_if_asked)
{
    int fds[2];

    for (int mask = 0; mask <= ZC_POLL_OUT; mask++) {
        unsigned want = ZC_POLL_ERR | (unsigned)mask;

        if (mask == 0 && strcmp (p->ops->name, "select") == 0)
            continue; /* select sees nothing on what it is asked nothing about */
        pair (fds);
        CHECK_INT (zc_poller_add (p, fds[0], (unsigned)mask, 1), 0);
        CHECK_INT (look (p, 1, 0) & ~(unsigned)ZC_POLL_OUT, 0);
        close (fds[1]);
        fds[1] = -1;
        CHECK_INT (look (p, 1, -1), want);
        CHECK_INT (zc_poller_del (p, fds[0]), 0);
        unpair (fds);
    }
}

EACH (a_refused_connection_is_an_error)
{
    struct sockaddr_storage at = {.ss_family = AF_INET};
    socklen_t len = 16;
    int bound = socket (AF_INET, SOCK_STREAM, 0); /* bound, not listening: refuses */
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    memcpy ((char *)&at + 4, "\x7f\0\0\1", 4);
    CHECK_INT (bind (bound, (struct sockaddr *)&at, len), 0);
    CHECK_INT (getsockname (bound, (struct sockaddr *)&at, &len), 0);
    CHECK_INT (connect (fd, (struct sockaddr *)&at, len), -1);
    CHECK_INT (zc_poller_add (p, fd, ZC_POLL_IN | ZC_POLL_OUT, 1), 0);
    CHECK_INT (look (p, 1, -1), ZC_POLL_IN | ZC_POLL_OUT | ZC_POLL_ERR);
    CHECK_INT (zc_net_result (fd), -ECONNREFUSED);
    CHECK_INT (zc_poller_del (p, fd), 0);
    close (fd);
    close (bound);
}

EACH (waits_as_long_as_told)
{
    static const int64_t times[] = {300 * (int64_t)ZC_US, 5 * (int64_t)ZC_MS};
    struct zc_poll_event e;

    for (size_t i = 0; i < 2; i++) {
        uint64_t start = zc_now ();

        CHECK_INT (zc_poller_wait (p, &e, 1, times[i]), 0);
        CHECK (zc_now () - start >= (uint64_t)times[i]);
    }
    CHECK_INT (zc_poller_wait (p, &e, 1, 0), 0);
}

enum
{
    MANY = 200
};

EACH (all_of_many_get_their_turn)
{
    static int fds[MANY][2];
    bool seen[MANY] = {false};
    int missing = MANY;

    for (int i = 0; i < MANY; i++) {
        pair (fds[i]);
        put (fds[i][1]);
        CHECK_INT (zc_poller_add (p, fds[i][0], ZC_POLL_IN, (uint64_t)i), 0);
    }
    /* Nobody reads, so all stay ready; yet none may be hidden by the others. */
    for (int round = 0; round < 2 * MANY && missing; round++) {
        struct zc_poll_event e[16];
        int n = zc_poller_wait (p, e, 16, -1);

        CHECK_INT (n, 16);
        for (int i = 0; i < n; i++) {
            missing -= !seen[e[i].tag];
            seen[e[i].tag] = true;
        }
    }
    CHECK_INT (missing, 0);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT (zc_poller_del (p, fds[i][0]), 0);
        unpair (fds[i]);
    }
}

/* A thread that waits without end and tells what came. */
struct waiter
{
    struct zc_poller *p;
    struct zc_thread thread;
    struct zc_poll_event event;
    int rc;
};

static void waiter_main (void *arg)
{
    struct waiter *w = arg;

    w->rc = zc_poller_wait (w->p, &w->event, 1, -1);
}

/* Lets the other thread come to its wait more often than not; the rules hold either way. */
static void give_way (int round)
{
    for (int i = 0; i < round % 20; i++)
        zc_thread_yield ();
}

/* A socket bound to a port that it shares with whoever asks for just this one, but not with a listener. */
static int bound (struct sockaddr_in *a)
{
    int s = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    socklen_t n = sizeof *a;

    CHECK_INT (setsockopt (s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    CHECK_INT (bind (s, (struct sockaddr *)a, n), 0);
    CHECK_INT (getsockname (s, (struct sockaddr *)a, &n), 0);
    return s;
}

/* A listener that another thread closes: its address is free at once, whatever the waiting thread does. */
EACH (what_was_deleted_is_gone_with_its_close_once_settled)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int idle[2], holder = bound (&a);

    pair (idle);
    CHECK_INT (zc_poller_add (p, idle[0], ZC_POLL_IN, 1), 0);
    for (int round = 0; round < 100; round++) {
        struct waiter w = {.p = p};
        int s = bound (&a);

        CHECK_INT (listen (s, 1), 0);
        CHECK_INT (zc_poller_add (p, s, ZC_POLL_IN, 2), 0);
        CHECK_INT (zc_thread_start (&w.thread, waiter_main, &w, NULL), 0);
        give_way (round);
        CHECK_INT (zc_poller_del (p, s), 0);
        zc_poller_settle (p);
        close (s);
        close (bound (&a));
        CHECK_INT (zc_poller_mod (p, idle[0], ZC_POLL_OUT, 1), 0);
        zc_thread_join (&w.thread);
        CHECK_INT (w.event.tag, 1);
        CHECK_INT (zc_poller_mod (p, idle[0], ZC_POLL_IN, 1), 0);
    }
    CHECK_INT (zc_poller_del (p, idle[0]), 0);
    unpair (idle);
    close (holder);
}

EACH (a_change_counts_for_a_running_wait)
{
    int idle[2], ready[2];

    pair (idle);
    pair (ready);
    put (ready[1]);
    CHECK_INT (zc_poller_add (p, idle[0], ZC_POLL_IN, 1), 0);
    for (int round = 0; round < 100; round++) {
        struct waiter w = {.p = p};

        CHECK_INT (zc_poller_add (p, ready[0], round & 1 ? ZC_POLL_ONCE : 0, 2), 0);
        CHECK_INT (zc_poller_del (p, ready[0]), 0);
        CHECK_INT (zc_thread_start (&w.thread, waiter_main, &w, NULL), 0);
        give_way (round);
        if (round & 1) { /* mod, else add */
            CHECK_INT (zc_poller_mod (p, idle[0], ZC_POLL_OUT, 3), 0);
        } else {
            CHECK_INT (zc_poller_add (p, ready[0], ZC_POLL_IN, 2), 0);
        }
        zc_thread_join (&w.thread);
        CHECK_INT (w.rc, 1);
        CHECK_INT (w.event.tag, round & 1 ? 3 : 2);
        CHECK_INT (w.event.events, round & 1 ? ZC_POLL_OUT : ZC_POLL_IN);
        if (round & 1)
            CHECK_INT (zc_poller_mod (p, idle[0], ZC_POLL_IN, 1), 0);
        else
            CHECK_INT (zc_poller_del (p, ready[0]), 0);
    }
    CHECK_INT (zc_poller_del (p, idle[0]), 0);
    unpair (idle);
    unpair (ready);
}

EACH (a_delete_counts_for_a_running_wait)
{
    int a[2], b[2];

    pair (b);
    for (int round = 0; round < 100; round++) {
        struct waiter w = {.p = p};

        pair (a);
        CHECK_INT (zc_poller_add (p, a[0], ZC_POLL_IN, 1), 0);
        CHECK_INT (zc_thread_start (&w.thread, waiter_main, &w, NULL), 0);
        give_way (round);
        CHECK_INT (zc_poller_del (p, a[0]), 0);
        unpair (a); /* hangs up: nobody is to hear of it */
        CHECK_INT (zc_poller_add (p, b[0], ZC_POLL_OUT, 2), 0);
        zc_thread_join (&w.thread);
        CHECK_INT (w.rc, 1);
        CHECK_INT (w.event.tag, 2);
        CHECK_INT (zc_poller_del (p, b[0]), 0);
    }
    unpair (b);
}

static void churn_main (void *arg)
{
    struct zc_poller *p = arg;

    for (int round = 0; round < 300; round++) {
        int fds[20][2];

        for (int i = 0; i < 20; i++) {
            pair (fds[i]);
            put (fds[i][1]);
            CHECK_INT (zc_poller_add (p, fds[i][0], ZC_POLL_IN | ZC_POLL_ONCE, 1), 0);
        }
        for (int i = 0; i < 20; i++)
            CHECK_INT (zc_poller_mod (p, fds[i][0], ZC_POLL_IN, 2), 0);
        for (int i = 0; i < 20; i++) {
            CHECK_INT (zc_poller_del (p, fds[i][0]), 0);
            unpair (fds[i]);
        }
    }
}

EACH (many_threads_change_while_one_waits)
{
    struct zc_thread threads[3];
    struct zc_poll_event e[16];
    struct zc_wake end = ZC_WAKE_INIT;
    bool over = false;

    CHECK_INT (zc_wake_open (&end), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zc_thread_start (&threads[i], churn_main, p, NULL), 0);
    for (int looks = 0; looks < 3000; looks++) {
        int n = zc_poller_wait (p, e, 16, (int64_t)ZC_MS / 10);

        CHECK (n >= 0);
        for (int i = 0; i < n; i++)
            CHECK (e[i].tag == 1 || e[i].tag == 2);
    }
    for (int i = 0; i < 3; i++)
        zc_thread_join (&threads[i]);
    CHECK_INT (zc_poller_add (p, end.fd, ZC_POLL_IN, 9), 0);
    zc_wake_raise (&end);
    while (!over)
        over = look (p, 9, -1) == ZC_POLL_IN;
    CHECK_INT (zc_poller_del (p, end.fd), 0);
    zc_wake_close (&end);
}

static void on_signal (int number)
{
    (void)number;
}

static void catch_usr1 (void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    sigaction (SIGUSR1, &action, NULL);
}

struct target
{
    pthread_t thread;
    atomic_bool back;
};

static void signal_main (void *arg)
{
    struct target *t = arg;

    while (!atomic_load (&t->back)) {
        pthread_kill (t->thread, SIGUSR1);
        zc_thread_yield ();
    }
}

EACH (a_signal_ends_the_wait)
{
    struct target t = {.thread = pthread_self ()};
    struct zc_thread thread;
    struct zc_poll_event e;

    catch_usr1 ();
    CHECK_INT (zc_thread_start (&thread, signal_main, &t, NULL), 0);
    CHECK_INT (zc_poller_wait (p, &e, 1, -1), -EINTR);
    atomic_store (&t.back, true);
    zc_thread_join (&thread);
}

EACH (high_descriptors_are_refused_where_they_do_not_fit)
{
    struct rlimit limit;
    int fds[2], high = FD_SETSIZE + 100;

    if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= (rlim_t)high)
        return;
    pair (fds);
    CHECK_INT (dup2 (fds[0], high), high);
    if (p->ops->max_fd) {
        CHECK_INT (zc_poller_add (p, high, ZC_POLL_OUT, 1), -EMFILE);
    } else {
        CHECK_INT (zc_poller_add (p, high, ZC_POLL_OUT, 1), 0);
        CHECK_INT (look (p, 1, -1), ZC_POLL_OUT);
        CHECK_INT (zc_poller_del (p, high), 0);
    }
    close (high);
    unpair (fds);
}

TEST (out_of_descriptors_is_an_error_and_leaks_nothing)
{
    struct rlimit limit, none;
    int next = dup (0);

    close (next);
    getrlimit (RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = (rlim_t)next;
    setrlimit (RLIMIT_NOFILE, &none);
    for (int i = 0; i < 3; i++) {
        const struct zc_poller_ops *ops = zc_poller_find ((const char *[]){"epoll", "poll", "select"}[i]);
        struct zc_poller p;

        if (ops)
            CHECK_INT (zc_poller_open (&p, ops), -EMFILE);
    }
    setrlimit (RLIMIT_NOFILE, &limit);
    CHECK_INT (dup (0), next);
    close (next);
}

/* A look that finds both rows hung up after the table changed under it. */
static struct zc_poller *changing;
static int change_first, change_second;

static int change_and_look (struct pollfd *fds, size_t n, int64_t timeout)
{
    (void)timeout;
    if (change_first >= 0) {
        CHECK_INT (n, 3);
        CHECK_INT (zc_table_del (changing, change_first), 0);
        CHECK_INT (zc_table_mod (changing, change_second, ZC_POLL_OUT, 3), 0);
        CHECK_INT (zc_table_add (changing, change_first, ZC_POLL_OUT, 4), 0);
        change_first = -1;
    } else {
        CHECK_INT (fds[1].events, POLLOUT);
        CHECK_INT (fds[2].events, POLLOUT);
    }
    for (size_t i = 0; i < n; i++)
        fds[i].revents = i > 0 ? POLLHUP : 0;
    return (int)n - 1;
}

TEST (what_changed_during_a_look_is_not_reported_from_it)
{
    struct zc_poller p;
    struct zc_poll_event e[4];
    int fds[2];

    pair (fds);
    CHECK_INT (zc_poller_open (&p, zc_poller_find ("poll")), 0);
    changing = &p;
    change_first = fds[0];
    change_second = fds[1];
    CHECK_INT (zc_poller_add (&p, fds[0], ZC_POLL_IN, 1), 0);
    CHECK_INT (zc_poller_add (&p, fds[1], ZC_POLL_IN, 2), 0);
    CHECK_INT (zc_table_wait (&p, change_and_look, e, 4, 0), 0);
    CHECK_INT (zc_table_wait (&p, change_and_look, e, 4, -1), 2);
    CHECK (e[0].tag + e[1].tag == 3 + 4);
    CHECK_INT (e[0].events, ZC_POLL_ERR); /* IN was not asked for */
    CHECK_INT (zc_poller_mod (&p, fds[0], ZC_POLL_IN, 5), 0);
    CHECK_INT (zc_poller_mod (&p, fds[1], ZC_POLL_IN, 5), 0);
    zc_poller_close (&p);
    unpair (fds);
}

/* The read end of a pipe hangs up without being readable. */
TEST (hang_up_brings_in_where_the_system_does_not)
{
    static const char *const names[] = {"poll", "select"};

    for (int i = 0; i < 2; i++) {
        struct zc_poller p;
        int ends[2];

        CHECK_INT (pipe (ends), 0);
        CHECK_INT (zc_poller_open (&p, zc_poller_find (names[i])), 0);
        CHECK_INT (zc_poller_add (&p, ends[0], ZC_POLL_IN, 1), 0);
        close (ends[1]);
        CHECK_INT (look (&p, 1, -1), ZC_POLL_IN | ZC_POLL_ERR);
        CHECK_INT (zc_poller_del (&p, ends[0]), 0);
        zc_poller_close (&p);
        close (ends[0]);
    }
}

TEST (backends_are_found_by_name)
{
    CHECK (!zc_poller_find ("no such"));
    CHECK (zc_poller_find (NULL) != NULL);
    CHECK_STR (zc_poller_find ("poll")->name, "poll");
    CHECK (zc_poller_default () == zc_poller_default ());
}

TEST (poll_call_reports_each_descriptor)
{
    enum
    {
        N = 100 /* more than it keeps on the stack */
    };
    int fds[2], gone[2];
    struct zc_pollfd list[N];

    pair (fds);
    pair (gone);
    unpair (gone);
    for (int i = 0; i < N; i++)
        list[i] = (struct zc_pollfd){.fd = -1, .events = ZC_POLL_IN, .revents = 99};
    CHECK_INT (zc_poll (list, N, (int64_t)ZC_MS, NULL), 0);
    CHECK_INT (list[3].revents, 0);
    list[4] = (struct zc_pollfd){.fd = fds[0], .events = ZC_POLL_IN | ZC_POLL_OUT};
    list[5] = (struct zc_pollfd){.fd = gone[0], .events = ZC_POLL_IN | ZC_POLL_OUT};
    CHECK_INT (zc_poll (list, N, -1, NULL), 2);
    CHECK_INT (list[4].revents, ZC_POLL_OUT);
    CHECK_INT (list[5].revents, ZC_POLL_ERR);
    CHECK_INT (list[3].revents, 0);
    put (fds[1]);
    CHECK_INT (zc_poll (&list[4], 1, -1, NULL), 1);
    CHECK_INT (list[4].revents, ZC_POLL_IN | ZC_POLL_OUT);
    unpair (fds);
}

TEST (poll_call_ends_by_a_signal_its_mask_lets_through)
{
    struct target t = {.thread = pthread_self ()};
    struct zc_thread thread;
    sigset_t usr1, before, open_mask;

    catch_usr1 ();
    sigemptyset (&usr1);
    sigaddset (&usr1, SIGUSR1);
    sigemptyset (&open_mask);
    pthread_sigmask (SIG_BLOCK, &usr1, &before);
    CHECK_INT (zc_thread_start (&thread, signal_main, &t, NULL), 0);
    CHECK_INT (zc_poll (NULL, 0, 3 * (int64_t)ZC_MS, NULL), 0); /* blocked here */
    CHECK_INT (zc_poll (NULL, 0, -1, &open_mask), -EINTR);
    atomic_store (&t.back, true);
    zc_thread_join (&thread);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}
