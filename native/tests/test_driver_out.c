/* The driver alone: who writes, what is left to whom (driver.h: OUT). */
#include "base/cpu.h"
#include "fake_link.h"

#include <poll.h>
#include <sys/resource.h>

static uint8_t came[1 << 20];

/* Bytes at the peer's end, into `came`; how many of those needed do come. */
static size_t read_bytes (struct fake *f, size_t need)
{
    struct pollfd p = {.fd = f->peer, .events = POLLIN};
    size_t have = 0;

    CHECK (need <= sizeof came);
    while (have < need && poll (&p, 1, 10000) > 0) {
        ssize_t n = read (f->peer, came + have, need - have);
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    return have;
}

/* Frames at the peer's end: header of two bytes, or nine. */
static int read_frames (struct fake *f, size_t size, int want)
{
    size_t frame = zc_frame_size (size), have = read_bytes (f, frame * (size_t)want);

    for (size_t at = 0; at + frame <= have; at += frame)
        CHECK_INT (came[at], size <= 255 ? 0 : ZC_F_LONG);
    return (int)(have / frame);
}

TEST (a_pipe_is_dirty_only_while_its_link_is_free)
{
    struct bench b;
    struct fake f = {.most = 0};

    bench_open (&b, 1000);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    struct zc_pipe *p = b.h->pipes;
    put (b.h, 10);
    CHECK (p->is_dirty);
    put (b.h, 10);
    CHECK_INT (b.h->dirty_count, 1);
    CHECK (zc_driver_dirty_pop (b.h) == p);
    p->link->is_held = true; /* somebody writes */
    put (b.h, 10);
    CHECK (!p->is_dirty);
    p->link->is_held = false;
    p->link->is_blocked = true;
    zc_driver_dirty (b.h, p);
    CHECK (!p->is_dirty);
    p->link->is_blocked = false;
    zc_driver_write (b.h, p);
    CHECK_INT (p->out.msgs, 0);
    CHECK_INT (b.h->unsent, 0);
    CHECK (!p->is_dirty);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f, 10, 3), 3);
    bench_close (&b, &f, 1);
}

TEST (what_is_left_behind_is_told_to_the_io_thread_which_writes_it)
{
    struct bench b;
    struct fake f[2] = {{.most = 0}, {.most = 0}};

    bench_open (&b, 1000);
    fake_start (&f[0], &b);
    for (unsigned gathered = 0; gathered < 3; gathered++) {
        zc_hub_lock (b.h);
        put (b.h, 20);
        b.h->gathered = gathered; /* sent one soon after the other */
        zc_driver_tell (b.h);
        CHECK (b.h->is_burst);
        CHECK (b.h->is_ticking);
        zc_hub_unlock (b.h);
        CHECK_INT (read_frames (&f[0], 20, 1), 1);
        EVENTUALLY (b.h, !b.h->is_burst);
    }
    /* With two links unsent the caller writes none. */
    fake_start (&f[1], &b);
    zc_hub_lock (b.h);
    put (b.h, 20);
    put (b.h, 20);
    CHECK_INT (b.h->dirty_count, 2);
    zc_driver_sent (b.h);
    CHECK (b.h->is_sweeping);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f[0], 20, 1), 1);
    CHECK_INT (read_frames (&f[1], 20, 1), 1);
    EVENTUALLY (b.h, !b.h->is_sweeping && !b.h->is_burst);
    bench_close (&b, f, 2);
}

TEST (a_message_appended_while_the_burst_ends_is_written)
{
    struct bench b;
    struct fake f = {.most = 0};

    bench_open (&b, 1000);
    fake_start (&f, &b);
    for (int i = 0; i < 300; i++) { /* at every phase of the tick */
        zc_hub_lock (b.h);
        put (b.h, 20);
        zc_driver_tell (b.h);
        zc_hub_unlock (b.h);
        nanosleep (&(struct timespec){0, i * 1000}, NULL);
        REQUIRE (i % 3 || read_frames (&f, 20, i ? 3 : 1) == (i ? 3 : 1));
    }
    bench_close (&b, &f, 1);
}

/* Puts much, and a little more in the midst of its write by the I/O thread, which runs elsewhere. */
static void append_while_it_writes (void *bench)
{
    struct bench *b = bench;
    struct fake f = {.sndbuf = 1 << 20};
    int caught = 0;

    fake_start (&f, b);
    for (int i = 0; i < 2000 && caught < 10; i++) { /* on one CPU it may never be caught writing */
        zc_hub_lock (b->h);
        for (int k = 0; k < 100; k++)
            put (b->h, 1000);
        zc_driver_tell (b->h);
        zc_hub_unlock (b->h);
        for (uint64_t end = zc_now () + (uint64_t)(i % 100) * 3 * ZC_US; zc_now () < end;)
            zc_cpu_relax ();
        zc_hub_lock (b->h);
        bool is = b->h->pipes->link->is_held;
        if (is) {
            put (b->h, 20);
            zc_driver_tell (b->h);
            caught++;
        }
        zc_hub_unlock (b->h);
        size_t need = 100 * zc_frame_size (1000) + (is ? zc_frame_size (20) : 0);
        if (read_bytes (&f, need) != need) {
            CHECK_FAIL ("what was appended is not written");
            break;
        }
    }
    bench_close (b, &f, 1);
}

TEST (a_message_appended_while_the_burst_writes_is_written)
{
    struct bench b;
    struct zc_thread t;
    const struct zc_thread_tune tune = {
        .policy = -1, .priority = -1, .cpus = (const int[]){0}, .cpu_count = 1};

    bench_open_on (&b, 1000, 1);
    CHECK_INT (zc_thread_start (&t, append_while_it_writes, &b, &tune), 0);
    zc_thread_join (&t);
}

TEST (blocked_output_goes_on_when_the_peer_reads_and_room_comes_back)
{
    struct bench b;
    struct fake f = {.sndbuf = 4608};

    bench_open (&b, 8);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    for (int i = 0; i < 8; i++)
        put (b.h, 4000);
    struct zc_pipe *p = b.h->pipes;
    CHECK_INT (p->act, -1); /* at its mark */
    CHECK (zc_driver_dirty_pop (b.h) == p);
    zc_driver_write (b.h, p);
    CHECK (p->link->is_blocked);
    CHECK (!p->is_dirty);
    CHECK (p->out.msgs > 0);
    CHECK (p->out.msgs > 4);
    CHECK_INT (p->act, -1); /* partly written is not written */
    zc_hub_unlock (b.h);
    /* Half of the mark is room, although each write ended blocked. */
    CHECK_INT (read_frames (&f, 4000, 4), 4);
    EVENTUALLY (b.h, b.h->pipes->act >= 0);
    zc_hub_lock (b.h);
    CHECK (p->out.msgs > 0);
    zc_hub_unlock (b.h);
    CHECK_INT (read_frames (&f, 4000, 4), 4);
    EVENTUALLY (b.h, b.h->pipes->act >= 0 && !b.h->pipes->link->is_blocked && !b.h->unsent);
    bench_close (&b, &f, 1);
}

static void *send_one (void *arg)
{
    char c[4000] = {0};
    return (void *)(intptr_t)zmq_send (arg, c, sizeof c, 0);
}

TEST (room_wakes_a_sender_and_the_sender_the_next)
{
    struct bench b;
    struct fake f = {.sndbuf = 4608};
    pthread_t t[6];

    bench_open (&b, 2);
    fake_start (&f, &b);
    for (int i = 0; i < 6; i++)
        pthread_create (&t[i], NULL, send_one, b.socket);
    EVENTUALLY (b.h, b.h->out.head != NULL);
    CHECK_INT (read_frames (&f, 4000, 6), 6);
    for (int i = 0; i < 6; i++)
        pthread_join (t[i], NULL);
    bench_close (&b, &f, 1);
}

/* No call ends behind the I/O thread's writing, so the room itself must wake. */
TEST (room_that_the_io_thread_makes_wakes_a_sender)
{
    struct bench b;
    struct fake f = {.most = 0};
    pthread_t t;
    void *sent;

    bench_open (&b, 2);
    fake_start (&f, &b);
    zc_hub_lock (b.h);
    b.h->is_sweeping = true; /* the pipes are left to the I/O thread, whose tick is yet to come */
    put (b.h, 10);
    put (b.h, 10);
    CHECK_INT (b.h->act_count, 0);
    zc_hub_unlock (b.h);
    pthread_create (&t, NULL, send_one, b.socket);
    EVENTUALLY (b.h, b.h->out.head != NULL);
    zc_hub_lock (b.h);
    zc_driver_tick_at (b.h, 0);
    zc_hub_unlock (b.h);
    EVENTUALLY (b.h, b.h->out.head == NULL);
    pthread_join (t, &sent);
    CHECK_INT ((intptr_t)sent, 4000);
    bench_close (&b, &f, 1);
}

/* More links than one turn of the I/O thread writes. */
TEST (a_sweep_goes_on_until_every_link_is_written)
{
    enum
    {
        MANY = 300
    };
    static struct fake f[MANY];
    struct bench b;
    struct rlimit files;

    CHECK_INT (getrlimit (RLIMIT_NOFILE, &files), 0);
    if (files.rlim_cur < 4 * MANY) {
        files.rlim_cur = 4 * MANY;
        CHECK_INT (setrlimit (RLIMIT_NOFILE, &files), 0);
    }
    bench_open (&b, 1000);
    for (int i = 0; i < MANY; i++)
        fake_start (&f[i], &b);
    /* In the burst that a sweep begins, too, and when that is over. */
    for (int round = 0; round < 3; round++) {
        zc_hub_lock (b.h);
        for (int i = 0; i < MANY; i++)
            put (b.h, 20);
        CHECK_INT (b.h->dirty_count, MANY);
        zc_driver_sent (b.h);
        CHECK (b.h->is_sweeping);
        zc_hub_unlock (b.h);
        EVENTUALLY (b.h, !b.h->dirty_count && !b.h->unsent);
        for (int i = 0; i < MANY; i++)
            CHECK_INT (read_frames (&f[i], 20, 1), 1);
        if (round > 0)
            EVENTUALLY (b.h, !b.h->is_sweeping && !b.h->is_burst);
    }
    bench_close (&b, f, MANY);
}
