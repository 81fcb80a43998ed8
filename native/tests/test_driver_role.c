/* The driver alone: who reads, who waits, who is told (driver.h: ROLE). */
#include "fake_link.h"
#include "sock/sleep.h"

TEST (the_role_is_taken_once_and_left_idle_or_to_the_io_thread)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    CHECK (!zc_driver_take (b.h)); /* no link, nothing to read */
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK_INT (b.h->role, ZC_ROLE_IO);
    CHECK (zc_driver_take (b.h));
    CHECK (b.h->is_armed);
    CHECK_INT (b.h->role, ZC_ROLE_BUSY);
    CHECK (!zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_driver_leave (b.h, false);
    CHECK_INT (b.h->role, ZC_ROLE_IDLE);
    CHECK (b.h->is_ticking);      /* who leaves it idle has it watched */
    CHECK (zc_driver_take (b.h)); /* an idle role is anybody's */
    zc_driver_leave (b.h, true);
    CHECK_INT (b.h->role, ZC_ROLE_IO);
    CHECK (b.h->is_armed);
    zc_hub_unlock (b.h);
    bench_close (&b, &f, 1);
}

/* A socket's own set is made when somebody first waits for its links; what arrived before and what comes then is read. */
TEST (links_are_the_io_threads_until_somebody_waits)
{
    struct bench b;
    struct fake f[3] = {{.most = 1}, {.most = 0}, {.most = 0}};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    fake_start (&f[1], &b);
    say (&f[0], 2);
    EVENTUALLY (b.h, unread (b.h) == 2);
    zc_hub_lock (b.h);
    CHECK (!b.h->has_set);
    CHECK (zc_driver_take (b.h));
    CHECK (b.h->has_set);
    zc_hub_unlock (b.h);
    say (&f[1], 3);
    zc_hub_lock (b.h);
    zc_driver_look (b.h, 0);
    CHECK_INT (unread (b.h), 5);
    zc_driver_leave (b.h, true);
    zc_hub_unlock (b.h);
    fake_start (&f[2], &b);
    for (int i = 0; i < 3; i++)
        say (&f[i], 1);
    EVENTUALLY (b.h, unread (b.h) == 8);
    bench_close (&b, f, 3);
}

#ifndef ZC_TICK_OFF
TEST (an_idle_role_goes_back_and_its_links_are_read)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_driver_leave (b.h, false);
    zc_hub_unlock (b.h);
    say (&f, 3);
    EVENTUALLY (b.h, unread (b.h) == 3);
    CHECK_INT (b.h->role, ZC_ROLE_IO);
    bench_close (&b, &f, 1);
}

/* The far tick is a disconnected pipe's with a long LINGER, whose peer does not read. The set is disarmed, as after a short sleep on
 * it: nothing but the tick can take the role back. */
TEST (an_idle_role_goes_back_although_a_far_tick_is_due)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.most = 0}};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    zc_hub_lock (b.h);
    CHECK_INT (zc_driver_open_set (b.h),
               0); /* now: later it would ask whether the leaver's link is still blocked */
    struct zc_pipe *leaver = b.h->pipes;
    f[0].link.is_blocked = true;
    put (b.h, 10);
    zc_pipe_close_out (leaver);
    leaver->is_leaving = true;
    leaver->leave_at = zc_now () + 3600000 * ZC_MS;
    b.h->leaving = 1;
    zc_hub_unlock (b.h);
    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    zc_driver_tick_at (b.h, 0);
    zc_hub_unlock (b.h);
    EVENTUALLY (b.h, b.h->role == ZC_ROLE_IO && b.h->tick_due == leaver->leave_at);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_driver_park (b.h);
    b.h->role = ZC_ROLE_BUSY;
    b.h->looked_at =
        zc_now (); /* as a look does, which gives the lock away: a tick in between would see to the role */
    CHECK_INT (b.h->tick_due, leaver->leave_at);
    zc_driver_leave (b.h, false);
    zc_hub_unlock (b.h);
    say (&f[1], 1);
    EVENTUALLY (b.h, unread (b.h) == 1);
    bench_close (&b, f, 2);
}
#endif

TEST (the_io_thread_leaves_a_taken_set_alone_and_the_leaver_arms_it)
{
    struct bench b;
    struct fake f = {.most = 0};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_hub_unlock (b.h);
    int before = atomic_load (&f.reads);
    say (&f, 2);
    EVENTUALLY (b.h, !b.h->is_armed); /* its event came and found the role taken */
    CHECK_INT (atomic_load (&f.reads), before);
    zc_hub_lock (b.h);
    CHECK_INT (unread (b.h), 0);
    zc_driver_leave (b.h, true);
    zc_hub_unlock (b.h);
    EVENTUALLY (b.h, unread (b.h) == 2);
    bench_close (&b, &f, 1);
}

TEST (the_io_thread_reads_while_nobody_calls_time_after_time)
{
    struct bench b;
    struct fake f = {.most = 0};

    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (uint32_t i = 1; i <= 5; i++) {
        say (&f, 1);
        EVENTUALLY (b.h, unread (b.h) == i);
    }
    bench_close (&b, &f, 1);
}

TEST (a_link_with_more_stays_ready_and_each_look_reads_it_once)
{
    struct bench b;
    struct fake f[2] = {{.most = 1}, {.most = 1}};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_driver_look (b.h, 0);
    zc_hub_unlock (b.h);
    say (&f[0], 3);
    say (&f[1], 3);
    zc_hub_lock (b.h);
    for (uint32_t i = 1; i <= 3; i++) {
        zc_driver_look (b.h, 0);
        CHECK_INT (unread (b.h), 2 * i); /* fair: one of each */
        CHECK (zc_driver_has_ready (b.h));
    }
    zc_driver_look (b.h, 0);
    CHECK (!zc_driver_has_ready (b.h)); /* the kernel said that it is empty */
    zc_driver_leave (b.h, true);
    zc_hub_unlock (b.h);
    bench_close (&b, f, 2);
}

/* The edges are taken, so the set alone would let it sleep. */
TEST (nobody_sleeps_on_the_set_while_links_wait_to_be_read)
{
    struct bench b;
    struct fake f[2] = {{.most = 1}, {.most = 1}};

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_hub_unlock (b.h);
    say (&f[0], 2);
    zc_hub_lock (b.h);
    zc_driver_look (b.h, 0);
    CHECK_INT (unread (b.h), 1);
    CHECK (zc_driver_has_ready (b.h));
    uint64_t began = zc_now ();
    zc_driver_look (b.h, 3000 * ZC_MS);
    CHECK (zc_now () - began < 2000 * ZC_MS);
    CHECK_INT (unread (b.h), 2);
    zc_driver_leave (b.h, true);
    zc_hub_unlock (b.h);
    bench_close (&b, f, 2);
}

TEST (a_full_pipe_is_not_read_until_half_of_it_was_taken)
{
    struct bench b;
    struct fake f = {.most = 1};
    char c[4];

    bench_open (&b, 4);
    fake_start (&f, &b);
    say (&f, 10);
    EVENTUALLY (b.h, unread (b.h) == 4);
    for (int i = 0; i < 20; i++)
        nap ();
    zc_hub_lock (b.h);
    CHECK_INT (unread (b.h), 4);
    CHECK (b.h->ready_head != NULL); /* not forgotten */
    CHECK (!zc_driver_has_ready (b.h));
    if (zc_driver_take (b.h)) { /* nor does a look read it, or forget it */
        zc_driver_look (b.h, 0);
        zc_driver_leave (b.h, true);
        CHECK_INT (unread (b.h), 4);
        CHECK (b.h->ready_head != NULL);
    }
    zc_hub_unlock (b.h);
    /* Each is taken without waiting, so that only the room that came back can have the rest read. */
    for (int i = 0; i < 10; i++) {
        EVENTUALLY (b.h, unread (b.h) > 0);
        CHECK_INT (zmq_recv (b.socket, c, sizeof c, ZMQ_DONTWAIT), 1);
    }
    bench_close (&b, &f, 1);
}

static void *receive_one (void *arg)
{
    char c[4];
    return (void *)(intptr_t)zmq_recv (arg, c, sizeof c, 0);
}

TEST (a_parked_thread_hears_of_a_link_that_joins_with_its_input_read)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.leftover = true}};
    pthread_t t;
    void *got;

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    pthread_create (&t, NULL, receive_one, b.socket);
    EVENTUALLY (b.h, b.h->role == ZC_ROLE_PARKED);
    fake_start (&f[1], &b);
    pthread_join (t, &got);
    CHECK_INT ((intptr_t)got, 1);
    bench_close (&b, f, 2);
}

static void *poll_until_closed (void *arg)
{
    zmq_pollitem_t it = {.socket = arg, .events = ZMQ_POLLIN};
    char c[4];

    while (zmq_poll (&it, 1, -1) >= 0)
        (void)zmq_recv (arg, c, sizeof c, ZMQ_DONTWAIT);
    return NULL;
}

TEST (who_leaves_the_role_wakes_a_follower_who_takes_it)
{
    struct bench b;
    struct fake f = {.most = 0};
    pthread_t t;
    void *got;

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (int slept = 0; slept < 2; slept++) {
        zc_hub_lock (b.h);
        CHECK (zc_driver_take (b.h));
        zc_hub_unlock (b.h);
        pthread_create (&t, NULL, receive_one, b.socket);
        EVENTUALLY (b.h, b.h->in.head != NULL);
        zc_hub_lock (b.h);
        CHECK_INT (b.h->role, ZC_ROLE_BUSY);
        zc_driver_leave (b.h, slept);
        zc_driver_pass_on (b.h); /* without a message */
        zc_hub_unlock (b.h);
        EVENTUALLY (b.h, b.h->role == ZC_ROLE_PARKED);
        say (&f, 1);
        pthread_join (t, &got);
        CHECK_INT ((intptr_t)got, 1);
    }
    bench_close (&b, &f, 1);
}

/* Mail woke a thread that waits to send; it found no room, but a message is there, and sleeps again. */
TEST (who_sleeps_again_passes_on_what_it_has_no_use_for)
{
    struct bench b;
    struct fake f = {.most = 0};
    pthread_t t;
    void *got;

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    CHECK (zc_driver_take (b.h));
    zc_hub_unlock (b.h);
    pthread_create (&t, NULL, receive_one, b.socket);
    EVENTUALLY (b.h, b.h->in.head != NULL);
    say (&f, 1);
    zc_hub_lock (b.h);
    zc_driver_look (b.h, 0);
    CHECK_INT (unread (b.h), 1);
    zc_driver_pass_across (b.h, &b.h->out);
    zc_hub_unlock (b.h);
    EVENTUALLY (b.h, unread (b.h) == 0);
    zc_hub_lock (b.h);
    CHECK_INT (b.h->role, ZC_ROLE_BUSY);
    zc_driver_leave (b.h, true);
    zc_driver_pass_on (b.h);
    zc_hub_unlock (b.h);
    pthread_join (t, &got);
    CHECK_INT ((intptr_t)got, 1);
    bench_close (&b, &f, 1);
}

/* What was left over is a command, so poll goes back to sleep within the same call. A wake of the set that is never taken out would
 * have it return at once, for ever: each time it reads the link again. */
TEST (a_poll_that_was_told_of_a_joining_link_sleeps_again)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.leftover_news = true}};
    pthread_t t;

    if (!nests ())
        return;
    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    pthread_create (&t, NULL, poll_until_closed, b.socket);
    EVENTUALLY (b.h, b.h->role == ZC_ROLE_PARKED);
    close (f[0].peer);
    f[0].peer = -1;
    EVENTUALLY (b.h, atomic_load (&f[0].gone) == 1 && b.h->role == ZC_ROLE_PARKED);
    fake_start (&f[1], &b);
    EVENTUALLY (b.h, atomic_load (&f[1].reads) > 0 && b.h->role == ZC_ROLE_PARKED);
    int reads = atomic_load (&f[1].reads);
    for (int i = 0; i < 100; i++)
        nap ();
    CHECK (atomic_load (&f[1].reads) <= reads + 1);
    bench_close (&b, f, 2);
    pthread_join (t, NULL);
}

TEST (followers_get_the_role_and_the_messages)
{
    struct bench b;
    struct fake f = {.most = 1};
    pthread_t t[4];

    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (int i = 0; i < 4; i++)
        pthread_create (&t[i], NULL, receive_one, b.socket);
    EVENTUALLY (b.h, b.h->in.head && (!nests () || b.h->role == ZC_ROLE_PARKED));
    for (int i = 0; i < 4; i++) {
        say (&f, 1);
        nap ();
    }
    for (int i = 0; i < 4; i++)
        pthread_join (t[i], NULL);
    zc_hub_lock (b.h);
    CHECK (!b.h->in.head);
    CHECK_INT (b.h->in.waking, 0);
    CHECK_INT (unread (b.h), 0);
    zc_hub_unlock (b.h);
    bench_close (&b, &f, 1);
}

/* A lock given away on the way to the sleep (a look, a write) is enough for a close: its wake finds nobody asleep yet. */
TEST (nobody_falls_asleep_on_a_socket_that_is_over)
{
    struct bench b;
    struct fake f = {.most = 0};

    bench_open (&b, 1000);
    for (int with_link = 0; with_link < 2; with_link++) {
        struct zc_wait w;
        if (with_link)
            fake_start (&f, &b);
        zc_hub_lock (b.h);
        zc_wait_init (&w, b.h);
        w.deadline = zc_now () + 3000 * ZC_MS;
        w.has_role = zc_driver_take (b.h);
        w.has_looked = w.has_parked = true;
        uint64_t began = zc_now ();
        b.h->state = ZC_HUB_STOPPED; /* as term does */
        CHECK_INT (zc_wait_in (&w), 0);
        CHECK (zc_now () - began < 2000 * ZC_MS);
        CHECK_INT (zc_wait_out (&w), 0);
        CHECK (zc_now () - began < 2000 * ZC_MS);
        b.h->state = ZC_HUB_OPEN;
        zc_wait_end (&w);
        zc_hub_unlock (b.h);
    }
    bench_close (&b, &f, 1);
}
