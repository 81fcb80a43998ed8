/* The lane: what one thread puts another takes, in order and whole, without a lock. */
#include "base/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "check.h"

enum
{
    PARTS_MAX = 3
};

static const size_t sizes[] = {0, 1, 7, 48, 49, 255, 256, 1000, 2047, 2048, 5000, 65535, 65536, 300000};

/* The i-th message of a stream that both sides know: its parts' sizes, and a byte that fills each. */
static size_t parts_of (unsigned i)
{
    return 1 + i % 7 % PARTS_MAX;
}

static size_t size_of (unsigned i, size_t part, bool with_large)
{
    unsigned x = (i * 2654435761u) ^ (unsigned)(part * 40503u);
    size_t kinds = with_large && x % 61 == 0 ? sizeof sizes / sizeof *sizes : 8;
    return sizes[x / 64 % kinds];
}

static int put_nth (struct zc_lane *l, unsigned i, bool with_large)
{
    static _Thread_local uint8_t bytes[PARTS_MAX][300000];
    struct zc_msg parts[PARTS_MAX];
    size_t count = parts_of (i);

    for (size_t k = 0; k < count; k++) {
        size_t n = size_of (i, k, with_large);
        memset (bytes[k], (int)(i + k) & 0xff, n);
        zc_msg_lend (&parts[k], bytes[k], n);
    }
    return zc_lane_put (l, parts, count);
}

static void check_nth (struct zc_frames *q, unsigned i, bool with_large)
{
    for (size_t k = 0; k < parts_of (i); k++) {
        struct zc_view v;
        zc_frames_peek (q, &v);
        CHECK_INT ((v.flags & ZC_F_MORE) != 0, k + 1 < parts_of (i));
        CHECK_INT (v.size, size_of (i, k, with_large));
        CHECK (v.size == 0 || (v.data[0] == ((i + k) & 0xff) && v.data[v.size - 1] == ((i + k) & 0xff)));
        zc_frames_skip (q, &v);
    }
}

TEST (what_is_put_is_taken_whole_and_in_order)
{
    struct zc_lane l = {0};
    struct zc_frames q;
    unsigned put = 0, got = 0;

    zc_frames_init (&q);
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned n = round % 13; n > 0; n--)
            CHECK_INT (put_nth (&l, put++, true), 0);
        /* Taken in steps, read now and then: several nodes may be in the reader's queue. */
        uint32_t known = 0, more;
        while ((more = zc_lane_take (&l, &q)))
            for (known += more; round % 3 && known; known--)
                check_nth (&q, got++, true);
        for (; known; known--)
            check_nth (&q, got++, true);
        CHECK (zc_frames_empty (&q));
        CHECK (!zc_lane_has (&l));
    }
    CHECK_INT (got, put);
    zc_lane_close (&l);
}

TEST (what_came_while_a_node_was_being_read_is_found_behind_it)
{
    struct zc_lane l = {0};
    struct zc_frames q;

    zc_frames_init (&q);
    CHECK_INT (put_nth (&l, 1, false), 0);
    CHECK_INT (zc_lane_take (&l, &q), 1);
    CHECK_INT (put_nth (&l, 2, false), 0);
    CHECK (zc_lane_has (&l));
    CHECK_INT (zc_lane_take (&l, &q), 1);
    check_nth (&q, 1, false);
    check_nth (&q, 2, false);
    CHECK (zc_frames_empty (&q));
    zc_lane_close (&l);
}

TEST (a_node_that_was_taken_and_not_read_is_not_written_again)
{
    struct zc_lane l = {0};
    struct zc_frames q;
    unsigned put = 0;

    zc_frames_init (&q);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 50; i++) /* several nodes */
            CHECK_INT (put_nth (&l, put++, false), 0);
        while (zc_lane_take (&l, &q)) {
        }
    }
    for (unsigned got = 0; got < put; got++)
        check_nth (&q, got, false);
    CHECK (zc_frames_empty (&q));
    zc_lane_close (&l);
}

TEST (without_memory_nothing_is_put_and_nothing_is_lost)
{
    struct zc_lane l = {0};
    struct zc_frames q;
    unsigned put = 0, got = 0;
    uint32_t n;

    zc_frames_init (&q);
    for (unsigned tries = 0; put < 200; tries++) {
        atomic_store (&zc_alloc_fail_at, 1 + tries % 12);
        int rc = put_nth (&l, put, true);
        atomic_store (&zc_alloc_fail_at, 0);
        CHECK (rc == 0 || rc == -ENOMEM);
        put += rc == 0;
    }
    while ((n = zc_lane_take (&l, &q)))
        while (n--)
            check_nth (&q, got++, true);
    CHECK_INT (got, 200);
    zc_lane_close (&l);
}

TEST (what_nobody_reads_is_freed)
{
    struct zc_lane l = {0};
    struct zc_frames q;

    zc_frames_init (&q);
    for (unsigned i = 0; i < 100; i++)
        CHECK_INT (put_nth (&l, i, true), 0);
    CHECK (zc_lane_take (&l, &q) > 0);
    zc_frames_clear (&q);
    zc_lane_close (&l); /* a leak is the sanitizer's to find */
}

TEST (a_frame_with_a_head_is_one_frame)
{
    struct zc_lane l = {0};
    struct zc_frames q;
    struct zc_view v;

    zc_frames_init (&q);
    CHECK_INT (zc_lane_put_frame (&l, ZC_F_COMMAND, "\1", 1, "topic", 5), 0);
    CHECK_INT (zc_lane_take (&l, &q), 1);
    zc_frames_peek (&q, &v);
    CHECK_INT (v.flags, ZC_F_COMMAND);
    CHECK_INT (v.size, 6);
    CHECK (memcmp (v.data, "\1topic", 6) == 0);
    zc_frames_skip (&q, &v);
    zc_lane_close (&l);
}

#define STREAM 200000u
static struct zc_lane lane;

static void *write_stream (void *arg)
{
    for (unsigned i = 0; i < STREAM; i++)
        CHECK_INT (put_nth (&lane, i, false), 0);
    return arg;
}

TEST (two_threads_need_no_lock)
{
    struct zc_frames q;
    pthread_t id;
    unsigned got = 0;

    zc_frames_init (&q);
    pthread_create (&id, NULL, write_stream, NULL);
    while (got < STREAM)
        for (uint32_t n = zc_lane_take (&lane, &q); n > 0; n--)
            check_nth (&q, got++, false);
    pthread_join (id, NULL);
    CHECK (!zc_lane_has (&lane));
    zc_lane_close (&lane);
}
