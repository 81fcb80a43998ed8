/* Sleeping and waking, event descriptors, threads and forks. */
#include "check.h"
#include "os/clock.h"
#include "os/park.h"
#include "os/poller.h"
#include "os/random.h"
#include "os/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool readable (int fd)
{
    struct zc_pollfd p = {.fd = fd, .events = ZC_POLL_IN};

    return zc_poll (&p, 1, 0, NULL) == 1;
}

TEST (a_wake_before_the_sleep_counts)
{
    struct zc_parker *p = zc_parker_self ();

    zc_park_prepare (p, ZC_PARK_WORD);
    zc_park_wake (p);
    zc_park_wake (p);
    CHECK_INT (zc_park_sleep (p, ZC_NEVER), 0);
}

TEST (prepare_forgets_earlier_wakes)
{
    struct zc_parker *p = zc_parker_self ();

    zc_park_wake (p);
    zc_park_prepare (p, ZC_PARK_WORD);
    CHECK_INT (zc_park_sleep (p, zc_now ()), -ETIMEDOUT);
}

TEST (a_sleep_ends_at_its_deadline)
{
    struct zc_parker *p = zc_parker_self ();
    uint64_t deadline = zc_now () + 3 * ZC_MS;

    zc_park_prepare (p, ZC_PARK_WORD);
    CHECK_INT (zc_park_sleep (p, deadline), -ETIMEDOUT);
    CHECK (zc_now () >= deadline);
}

TEST (a_wake_raises_the_descriptor_of_the_sleep)
{
    struct zc_parker *p = zc_parker_self ();
    struct zc_wake other = ZC_WAKE_INIT;

    CHECK_INT (zc_parker_need_fd (p), 0);
    CHECK_INT (zc_parker_need_fd (p), 0);
    CHECK_INT (zc_wake_open (&other), 0);
    zc_park_prepare (p, p->wake.fd);
    CHECK (!readable (p->wake.fd));
    zc_park_wake (p);
    CHECK (readable (p->wake.fd));
    zc_park_prepare (p, other.fd); /* a set's */
    zc_park_wake (p);
    CHECK (readable (other.fd));
    zc_park_prepare (p, p->wake.fd);
    CHECK (!readable (p->wake.fd));
    zc_wake_close (&other);
}

static void on_signal (int number)
{
    (void)number;
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

TEST (a_signal_ends_a_sleep_even_with_sa_restart)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    static const uint64_t ends[] = {ZC_NEVER, ZC_NEVER - 1, 0 /* a minute from now */};
    struct zc_parker *p = zc_parker_self ();

    sigaction (SIGUSR1, &action, NULL);
    for (size_t i = 0; i < 3; i++) {
        struct target t = {.thread = pthread_self ()};
        struct zc_thread thread;

        zc_park_prepare (p, ZC_PARK_WORD);
        CHECK_INT (zc_thread_start (&thread, signal_main, &t, NULL), 0);
        CHECK_INT (zc_park_sleep (p, ends[i] ? ends[i] : zc_now () + 60000 * ZC_MS), -EINTR);
        atomic_store (&t.back, true);
        zc_thread_join (&thread);
    }
}

/* Two threads hand a ball to and fro; each sleeps now on its word, now on its descriptor. A third
 * wakes both at random, as late wakers do. */
struct game
{
    zc_mutex lock;
    struct zc_parker *sleeper[2];
    struct zc_parker *all[2];
    int ball, rounds;
    atomic_bool over;
    atomic_int ready;
};

struct player
{
    struct game *game;
    int me;
};

static void sleep_once (struct zc_parker *p, bool by_fd)
{
    int rc;

    if (by_fd) {
        struct zc_pollfd fd = {.fd = p->wake.fd, .events = ZC_POLL_IN};

        rc = zc_poll (&fd, 1, 20000 * (int64_t)ZC_MS, NULL);
        CHECK_INT (rc, 1);
    } else {
        rc = zc_park_sleep (p, zc_now () + 20000 * ZC_MS);
        CHECK_INT (rc, 0);
    }
}

static void player_main (void *arg)
{
    struct player *me = arg;
    struct game *g = me->game;
    struct zc_parker *p = zc_parker_self ();
    int step = 0;

    CHECK_INT (zc_parker_need_fd (p), 0);
    g->all[me->me] = p;
    atomic_fetch_add (&g->ready, 1);
    for (;;) {
        struct zc_parker *wake;
        bool mine, by_fd = step++ % 3 == 0;

        zc_park_prepare (p, by_fd ? p->wake.fd : ZC_PARK_WORD);
        zc_mutex_lock (&g->lock);
        if (g->rounds == 0)
            break;
        mine = g->ball == me->me;
        if (mine) {
            g->ball = !g->ball;
            g->rounds--;
        }
        g->sleeper[me->me] = mine ? NULL : p;
        wake = mine ? g->sleeper[!me->me] : NULL;
        zc_mutex_unlock (&g->lock);
        if (wake)
            zc_park_wake (wake);
        if (!mine)
            sleep_once (p, by_fd);
    }
    p = g->sleeper[!me->me];
    zc_mutex_unlock (&g->lock);
    if (p)
        zc_park_wake (p);
}

static void disturber_main (void *arg)
{
    struct game *g = arg;

    while (!atomic_load (&g->over)) {
        zc_park_wake (g->all[zc_random_u32 () % 2]);
        for (uint32_t n = zc_random_u32 () % 8; n > 0; n--)
            zc_thread_yield ();
    }
}

TEST (no_wake_is_lost_among_late_ones)
{
    struct game g = {.lock = ZC_MUTEX_INIT, .rounds = 10000};
    struct player players[2] = {{&g, 0}, {&g, 1}};
    struct zc_thread threads[3];

    for (int i = 0; i < 2; i++)
        CHECK_INT (zc_thread_start (&threads[i], player_main, &players[i], NULL), 0);
    while (atomic_load (&g.ready) < 2)
        zc_thread_yield ();
    CHECK_INT (zc_thread_start (&threads[2], disturber_main, &g, NULL), 0);
    zc_thread_join (&threads[0]);
    zc_thread_join (&threads[1]);
    atomic_store (&g.over, true); /* it has gone on waking records of threads that ended */
    zc_thread_join (&threads[2]);
    CHECK_INT (g.rounds, 0);
}

static void self_main (void *arg)
{
    struct zc_parker **out = arg;

    *out = zc_parker_self ();
    CHECK (*out == zc_parker_self ());
}

TEST (records_are_used_again)
{
    struct zc_parker *seen[3];

    for (int i = 0; i < 3; i++) {
        struct zc_thread t;

        CHECK_INT (zc_thread_start (&t, self_main, &seen[i], NULL), 0);
        zc_thread_join (&t);
        CHECK (seen[i] != zc_parker_self ());
    }
    CHECK (seen[1] == seen[2]);
}

TEST (raising_twice_is_raising_once)
{
    struct zc_wake w = ZC_WAKE_INIT;

    zc_wake_close (&w);
    CHECK_INT (zc_wake_open (&w), 0);
    zc_wake_clear (&w);
    CHECK (!readable (w.fd));
    for (int i = 0; i < 100000; i++) /* more than a pipe holds */
        zc_wake_raise (&w);
    zc_wake_raise_fd (w.fd);
    CHECK (readable (w.fd));
    for (int i = 0; i < 2; i++)
        zc_wake_clear (&w);
    CHECK (!readable (w.fd));
    zc_wake_raise_fd (w.fd);
    CHECK (readable (w.fd));
    zc_wake_close (&w);
    zc_wake_close (&w);
    CHECK_INT (w.fd, -1);
}

/* In a child every failed check is its exit status. */
static void child_checks (unsigned parent_epoch, int shared)
{
    struct zc_parker *p = zc_parker_self ();

    CHECK_INT (zc_fork_epoch (), parent_epoch + 1);
    CHECK_INT (zc_parker_need_fd (p), 0);
    zc_park_prepare (p, p->wake.fd);
    zc_park_wake (p);
    CHECK (readable (p->wake.fd));
    CHECK (!readable (shared)); /* the parent's, which the child kept a copy of */
    zc_park_prepare (p, ZC_PARK_WORD);
    CHECK_INT (zc_park_sleep (p, zc_now () + ZC_MS), -ETIMEDOUT);
}

TEST (a_fork_is_counted_and_shares_no_descriptor)
{
    struct zc_parker *p = zc_parker_self ();
    unsigned epoch = zc_fork_epoch ();
    int status = -1, shared;
    pid_t child;

    CHECK_INT (zc_fork_watch (), 0);
    CHECK_INT (zc_fork_watch (), 0);
    CHECK_INT (zc_parker_need_fd (p), 0);
    zc_park_prepare (p, p->wake.fd);
    shared = dup (p->wake.fd);
    child = fork ();
    if (child == 0) {
        child_checks (epoch, shared);
        _exit (atomic_load (&check_failures) ? 1 : 0);
    }
    CHECK_INT (waitpid (child, &status, 0), child);
    CHECK_INT (status, 0);
    CHECK_INT (zc_fork_epoch (), epoch);
    CHECK (!readable (p->wake.fd));
    close (shared);
}

static atomic_int ends;

static void count_end (void *value)
{
    CHECK_INT (*(int *)value, 42);
    atomic_fetch_add (&ends, 1);
}

static void end_main (void *arg)
{
    zc_thread_at_end_set (arg);
}

static void mask_main (void *arg)
{
    sigset_t *mask = arg;

    pthread_sigmask (SIG_SETMASK, NULL, mask);
}

TEST (threads_run_tuned_and_tell_their_end)
{
    static const int cpus[] = {0, -5, 100000};
    struct zc_thread_tune tune = {.policy = 1,
                                  .priority = 1,
                                  .cpus = cpus,
                                  .cpu_count = 3,
                                  .name = "a name of more than fifteen bytes"};
    struct zc_thread t;
    sigset_t mask;
    int value = 42;

    CHECK_INT (zc_thread_at_end (count_end), 0);
    CHECK_INT (zc_thread_at_end (count_end), -EEXIST);
    CHECK_INT (zc_thread_start (&t, end_main, &value, &tune), 0);
    CHECK (!zc_thread_is_current (&t));
    zc_thread_join (&t);
    CHECK_INT (atomic_load (&ends), 1);
    CHECK_INT (zc_thread_start (&t, mask_main, &mask, NULL), 0);
    zc_thread_join (&t);
    CHECK_INT (sigismember (&mask, SIGINT), 1);
}

static atomic_bool user_ran;

static void user_main (void *arg)
{
    sigset_t mask;

    pthread_sigmask (SIG_SETMASK, NULL, &mask);
    CHECK_INT (sigismember (&mask, SIGINT), 0);
    CHECK (arg == &user_ran);
    atomic_store (&user_ran, true);
}

TEST (a_user_thread_keeps_the_signal_mask)
{
    struct zc_thread t;

    CHECK_INT (zc_thread_start_user (&t, user_main, &user_ran), 0);
    while (!atomic_load (&user_ran))
        zc_thread_yield ();
}

TEST (deadlines_saturate)
{
    CHECK (zc_deadline (-1) == ZC_NEVER);
    CHECK (zc_deadline (INT64_MAX) == ZC_NEVER);
    CHECK (zc_deadline (0) <= zc_now ());
    CHECK (zc_deadline (10000) > zc_now () + 9000 * ZC_MS);
}

TEST (random_bytes_differ)
{
    unsigned char a[1000] = {0}, b[1000] = {0};
    int zeros = 0;

    zc_random (a, sizeof a);
    zc_random (b, sizeof b);
    CHECK (memcmp (a, b, sizeof a) != 0);
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    CHECK (zeros < 40);
    zc_random (a, 0);
}
