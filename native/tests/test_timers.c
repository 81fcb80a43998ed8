/* Sets of timers: by a clock of our own below, through zmq_timers_* above. */
#include "sock/timers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/alloc.h"
#include "check.h"
#include "os/clock.h"
#include "os/thread.h"
#include "zcffi.h"

enum
{
    LOG = 64
};

static struct
{
    int ids[LOG];
    int count;
} ran;

static void *set;

static void note (int id, void *arg)
{
    (void)arg;
    if (ran.count < LOG)
        ran.ids[ran.count++] = id;
}

static void start (void)
{
    ran.count = 0;
    CHECK_INT (zc_timers_new (&set), 0);
}

static void end (void)
{
    CHECK_INT (zc_timers_close (set), 0);
}

static int64_t timeout (uint64_t now)
{
    int64_t ms = -2;

    CHECK_INT (zc_timers_timeout (set, now, &ms), 0);
    return ms;
}

/* Executes at that time; what ran must be the ids, up to 0. */
static void check_execute (uint64_t at, const int *ids)
{
    int i = 0;

    ran.count = 0;
    CHECK_INT (zc_timers_execute (set, at), 0);
    for (; ids[i]; i++)
        CHECK_INT (i < ran.count ? ran.ids[i] : 0, ids[i]);
    CHECK_INT (ran.count, i);
}

#define RUN(at_, ...) check_execute ((at_)*ZC_MS, (const int[]){__VA_ARGS__})

TEST (timers_run_when_due_again_and_again_the_earliest_first)
{
    start ();
    CHECK_INT (timeout (0), -1);
    CHECK_INT (zc_timers_add (set, 50, note, NULL, 0), 1);
    CHECK_INT (zc_timers_add (set, 20, note, NULL, 0), 2);
    CHECK_INT (timeout (0), 20);
    CHECK_INT (timeout (1), 20); /* rounded up: who waits so long finds it due */
    RUN (19, 0);
    RUN (20, 2, 0);
    RUN (20, 0);
    CHECK_INT (timeout (20 * ZC_MS), 20);
    RUN (50, 2, 1, 0);
    RUN (69, 0);
    RUN (70, 2, 0);
    end ();
}

TEST (what_was_missed_is_not_made_up_for)
{
    start ();
    zc_timers_add (set, 10, note, NULL, 0);
    RUN (1000, 1, 0);
    RUN (1009, 0);
    RUN (1010, 1, 0);
    end ();
}

TEST (reset_and_set_interval_start_from_now)
{
    start ();
    int id = zc_timers_add (set, 10, note, NULL, 0);
    CHECK_INT (zc_timers_reset (set, id, 5 * ZC_MS), 0);
    RUN (10, 0);
    RUN (15, id, 0);
    CHECK_INT (zc_timers_set_interval (set, id, 100, 20 * ZC_MS), 0);
    CHECK_INT (timeout (20 * ZC_MS), 100);
    RUN (120, id, 0);
    end ();
}

TEST (a_cancelled_timer_is_gone)
{
    start ();
    int id = zc_timers_add (set, 10, note, NULL, 0), other = zc_timers_add (set, 10, note, NULL, 0);
    CHECK_INT (zc_timers_cancel (set, id), 0);
    CHECK_INT (zc_timers_cancel (set, id), -EINVAL);
    CHECK_INT (zc_timers_reset (set, id, 0), -EINVAL);
    CHECK_INT (zc_timers_set_interval (set, id, 1, 0), -EINVAL);
    CHECK_INT (zc_timers_cancel (set, 0), -EINVAL);
    CHECK_INT (zc_timers_cancel (set, -1), -EINVAL);
    CHECK_INT (zc_timers_cancel (set, 99), -EINVAL);
    RUN (10, other, 0);
    CHECK (zc_timers_add (set, 10, note, NULL, 0) > other);
    end ();
}

TEST (an_interval_may_be_zero_or_endless)
{
    start ();
    int zero = zc_timers_add (set, 0, note, NULL, 0);
    RUN (1, zero, 0);
    RUN (2, zero, 0);
    CHECK_INT (zc_timers_cancel (set, zero), 0);
    int never = zc_timers_add (set, SIZE_MAX, note, NULL, 5 * ZC_MS);
    CHECK (timeout (0) > 0);
    RUN (1000000, 0);
    CHECK_INT (zc_timers_reset (set, never, 7), 0);
    end ();
}

static void add_another (int id, void *arg)
{
    note (id, arg);
    zc_timers_add (set, 0, add_another, arg, *(uint64_t *)arg);
}

TEST (what_a_handler_adds_runs_next_time)
{
    uint64_t now = ZC_MS;

    start ();
    zc_timers_add (set, 1, add_another, &now, 0);
    RUN (1, 1, 0);
    now = 2 * ZC_MS;
    RUN (2, 2, 1, 0);
    end ();
}

static void cancel_all (int id, void *arg)
{
    note (id, arg);
    for (int i = 1; i < 10; i++)
        zc_timers_cancel (set, i);
}

TEST (a_handler_may_cancel_timers_itself_too)
{
    start ();
    for (int i = 1; i < 10; i++)
        zc_timers_add (set, 10, cancel_all, NULL, 0);
    ran.count = 0;
    CHECK_INT (zc_timers_execute (set, 10 * ZC_MS), 0);
    CHECK_INT (ran.count, 1);
    CHECK_INT (timeout (0), -1);
    end ();
}

static void close_set (int id, void *arg)
{
    note (id, arg);
    CHECK_INT (zc_timers_close (set), 0);
    CHECK_INT (zc_timers_execute (set, 0), -EFAULT);
}

TEST (a_handler_may_close_the_set)
{
    start ();
    zc_timers_add (set, 10, close_set, NULL, 0);
    zc_timers_add (set, 10, close_set, NULL, 0);
    CHECK_INT (zc_timers_execute (set, 10 * ZC_MS), 0);
    CHECK_INT (ran.count, 1);
    CHECK_INT (zc_timers_close (set), -EFAULT);
}

TEST (a_failed_add_changes_nothing)
{
    start ();
    for (int i = 1; i < 40; i++) {
        int rc = -ENOMEM;

        for (long fail = 1; rc == -ENOMEM && fail < 9; fail++) {
            atomic_store (&zc_alloc_fail_at, fail);
            rc = zc_timers_add (set, 10, note, NULL, 0);
            atomic_store (&zc_alloc_fail_at, 0);
        }
        CHECK_INT (rc, i);
    }
    ran.count = 0;
    zc_timers_execute (set, 10 * ZC_MS);
    CHECK_INT (ran.count, 39);
    end ();
}

/* ---- many threads ---- */

static atomic_int runs;

static void count_run (int id, void *arg)
{
    (void)id;
    (void)arg;
    atomic_fetch_add (&runs, 1);
}

static void work (void *arg)
{
    for (int i = 0; i < 2000; i++) {
        int id = zc_timers_add (set, 0, count_run, NULL, (uint64_t)i);
        int64_t ms;

        zc_timers_timeout (set, 0, &ms);
        zc_timers_execute (set, (uint64_t)i + 1);
        zc_timers_reset (set, id, (uint64_t)i);
        CHECK_INT (zc_timers_cancel (set, id), 0);
    }
    (void)arg;
}

TEST (threads_may_share_a_set)
{
    struct zc_thread threads[4];

    start ();
    for (int i = 0; i < 4; i++)
        REQUIRE (zc_thread_start (&threads[i], work, NULL, NULL) == 0);
    for (int i = 0; i < 4; i++)
        zc_thread_join (&threads[i]);
    CHECK (atomic_load (&runs) > 0);
    CHECK_INT (timeout (0), -1);
    end ();
}

/* ---- zmq_timers_* ---- */

TEST (what_is_no_set_of_timers_is_efault)
{
    int on_stack[64] = {0};
    void *gone = zmq_timers_new ();
    void *copy = gone;
    void *bad[] = {NULL, on_stack, (char *)on_stack + 1, (void *)(uintptr_t)0xdeadbeef, (void *)UINTPTR_MAX,
                   copy};

    REQUIRE (gone);
    CHECK_INT (zmq_timers_destroy (&gone), 0);
    CHECK (!gone);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        void *p = bad[i];

        errno = 0;
        CHECK_INT (zmq_timers_add (p, 1, note, NULL), -1);
        CHECK_INT (errno, EFAULT);
        errno = 0;
        CHECK_INT (zmq_timers_cancel (p, 1), -1);
        CHECK_INT (errno, EFAULT);
        errno = 0;
        CHECK_INT (zmq_timers_reset (p, 1), -1);
        CHECK_INT (errno, EFAULT);
        errno = 0;
        CHECK_INT (zmq_timers_set_interval (p, 1, 1), -1);
        CHECK_INT (errno, EFAULT);
        errno = 0;
        CHECK_INT (zmq_timers_timeout (p), -1);
        CHECK_INT (errno, EFAULT);
        errno = 0;
        CHECK_INT (zmq_timers_execute (p), -1);
        CHECK_INT (errno, EFAULT);
        errno = 0;
        CHECK_INT (zmq_timers_destroy (&p), -1);
        CHECK_INT (errno, EFAULT);
        CHECK (p == bad[i]);
    }
    CHECK_INT (zmq_timers_destroy (NULL), -1);
    CHECK_INT (errno, EFAULT);
}

TEST (the_public_functions_do_as_those_below)
{
    void *timers = zmq_timers_new ();

    REQUIRE (timers);
    CHECK_INT (zmq_timers_timeout (timers), -1);
    CHECK_INT (zmq_timers_add (timers, 10, NULL, NULL), -1);
    CHECK_INT (errno, EFAULT);
    int id = zmq_timers_add (timers, 100000, note, NULL);
    CHECK (id > 0);
    CHECK (zmq_timers_timeout (timers) > 50000);
    ran.count = 0;
    CHECK_INT (zmq_timers_execute (timers), 0);
    CHECK_INT (ran.count, 0);
    CHECK_INT (zmq_timers_set_interval (timers, id, 1), 0);
    while (zmq_timers_timeout (timers) > 0)
        zc_thread_yield ();
    CHECK_INT (zmq_timers_execute (timers), 0);
    CHECK_INT (ran.count, 1);
    CHECK_INT (zmq_timers_reset (timers, id), 0);
    CHECK_INT (zmq_timers_cancel (timers, id), 0);
    CHECK_INT (zmq_timers_cancel (timers, id), -1);
    CHECK_INT (errno, EINVAL);
    CHECK_INT (zmq_timers_add (timers, SIZE_MAX, note, NULL), id + 1);
    CHECK (zmq_timers_timeout (timers) > 0);
    CHECK_INT (zmq_timers_destroy (&timers), 0);
}

TEST (in_a_forked_child_the_parents_sets_fail_and_closing_works)
{
    void *timers = zmq_timers_new (), *own;
    int status;
    pid_t pid;

    REQUIRE (timers);
    pid = fork ();
    REQUIRE (pid >= 0);
    if (pid == 0) {
        bool good = zmq_timers_execute (timers) == -1 && errno == ZCFFI_EFORKED;

        good = good && zmq_timers_destroy (&timers) == 0 && !timers;
        own = zmq_timers_new ();
        good = good && own && zmq_timers_add (own, 1, note, NULL) == 1 && zmq_timers_destroy (&own) == 0;
        _exit (good ? 0 : 1);
    }
    CHECK (waitpid (pid, &status, 0) == pid && status == 0);
    CHECK_INT (zmq_timers_destroy (&timers), 0);
}
