/* The pollers, every backend by the same rules: what other threads and signals do while one waits; the poll call. */
#include "each_poller.h"
#include "os/thread.h"
#include "os/wake.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

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
