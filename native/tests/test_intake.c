/* A stream cut into messages: what came whole before an error counts, what is counted is there, whatever fails (S-01, S-06, S-31, C-26). */
#include "check.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "core/self.h"
#include "link/intake.h"
#include "zmq.h"

struct peer
{
    struct zc_wire wire;
    struct zc_cutter cutter;
    int theirs, ours;
};

static bool peer_open (struct peer *p, int major)
{
    int pair[2];

    memset (p, 0, sizeof *p);
    p->wire = (struct zc_wire){.major = (uint8_t)major,
                               .minor = major == 3,
                               .socktype = ZMQ_PULL,
                               .peer_type = ZMQ_PUSH,
                               .maxmsgsize = -1};
    p->cutter.wire = &p->wire;
    if (zc_self_setup () < 0 || !zc_self () || socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
        return false;
    p->theirs = pair[0];
    p->ours = pair[1];
    return true;
}

static void peer_close (struct peer *p)
{
    zc_cutter_free (&p->cutter);
    close (p->theirs);
    close (p->ours);
}

/* The messages that are really in the queue; the last one must be whole. */
static uint32_t messages_in (const struct zc_frames *q)
{
    struct zc_cursor at = zc_frames_begin (q);
    struct zc_view v = {0};
    uint32_t n = 0;

    while (zc_frames_next (&at, &v))
        n += !(v.flags & ZC_F_MORE);
    CHECK (!(v.flags & ZC_F_MORE));
    return n;
}

/* Sends the bytes and reads until they are all cut or an error comes. Returns the messages that arrived. */
static uint32_t arrived (struct peer *p, const uint8_t *bytes, size_t n, size_t step, int *error)
{
    uint32_t count = 0;

    *error = 0;
    for (size_t at = 0; at < n && !*error; at += step) {
        size_t k = n - at < step ? n - at : step;
        struct zc_intake in = {.more = true};
        if (write (p->theirs, bytes + at, k) != (ssize_t)k) {
            CHECK_FAIL ("what was sent before is not read");
            return count;
        }
        while (in.more && !in.error) {
            in = (struct zc_intake){0};
            zc_cutter_read (&p->cutter, p->ours, false, &in);
            CHECK_INT (messages_in (&in.fresh), in.msgs);
            count += in.msgs;
            zc_frames_clear (&in.fresh);
            zc_bytes_free (&in.answers);
        }
        *error = in.error;
    }
    return count;
}

#define TWO_PARTS "\1\1a\0\1b"
#define IMPOSSIBLE "\2\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"

TEST (messages_before_a_broken_frame_arrive)
{
    static const uint8_t bytes[] = "\0\3one" TWO_PARTS "\1\4half" IMPOSSIBLE;
    struct peer p;
    int error;

    REQUIRE (peer_open (&p, 3));
    CHECK_INT (arrived (&p, bytes, sizeof bytes - 1, sizeof bytes, &error), 2);
    CHECK (error < 0);
    peer_close (&p);
}

TEST (messages_before_too_many_parts_arrive)
{
    static const uint8_t bytes[] = "\0\3one" TWO_PARTS "\1\1a\1\1b\1\1c\0\1d";
    struct peer p;
    int error;

    REQUIRE (peer_open (&p, 3));
    p.cutter.max_parts = 3;
    CHECK_INT (arrived (&p, bytes, sizeof bytes - 1, sizeof bytes, &error), 2);
    CHECK_INT (error, -EMSGSIZE);
    peer_close (&p);
}

/* Some of everything: small messages, parts, a large body, one in parts, a command between. */
static size_t make_stream (uint8_t *out, int major)
{
    uint8_t *at = out;

    for (int i = 0; i < 20; i++) {
        size_t size = i == 7 ? 70000 : i == 13 ? 40000 : (size_t)i * 30;
        at += zc_wire_head (major, i % 3 == 1 ? ZC_FRAME_MORE : 0, size, at);
        memset (at, i, size);
        at += size;
        if (i % 3 == 0 && major == 3) {
            memcpy (at, "\4\10\4PING\0\0c", 10);
            at += 10;
        }
    }
    return (size_t)(at - out);
}

/* The n-th allocation fails, for each n: the messages counted are there and whole, and the rest is an error, not a crash. */
TEST (an_allocation_that_fails_costs_the_peer_and_no_message_before)
{
    static uint8_t bytes[200000];

    for (int major = 1; major <= 3; major += 2)
        for (size_t step = 500; step <= 200000; step *= 20) {
            size_t size = make_stream (bytes, major);
            uint32_t all = 0;
            int failures = 0;
            for (long n = 0;; n++) {
                struct peer p;
                int error;
                REQUIRE (peer_open (&p, major));
                atomic_store (&zc_alloc_fail_at, n);
                uint32_t came = arrived (&p, bytes, size, step, &error);
                bool was_due = atomic_exchange (&zc_alloc_fail_at, 0) == 0;
                peer_close (&p);
                if (n == 0) {
                    CHECK_INT (error, 0);
                    all = came;
                    continue;
                }
                CHECK (error == -ENOMEM ? came <= all : came == all && error == 0);
                failures += error != 0;
                if (!was_due)
                    break;
            }
            CHECK (failures > 0);
        }
}

/* Commands of any size between messages, however they are split. */
TEST (long_commands_are_read_as_they_arrive)
{
    static const size_t sizes[] = {100, 32758, 32768, 98000, 131072, 300000, 5 << 20};
    static const size_t steps[] = {1000, 40000, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            struct peer p;
            int error;
            uint8_t *bytes = malloc (sizes[i] + 64), *at = bytes;
            REQUIRE (bytes && peer_open (&p, 3));
            p.wire.socktype = ZMQ_PUB;
            p.wire.peer_type = ZMQ_SUB;
            at += zc_wire_head (3, 0, 1, at);
            *at++ = 'a';
            at += zc_wire_head (3, ZC_FRAME_COMMAND, sizes[i], at);
            memcpy (at, "\11SUBSCRIBE", 10);
            memset (at + 10, 't', sizes[i] - 10);
            at += sizes[i];
            at += zc_wire_head (3, 0, 1, at);
            *at++ = 'b';
            CHECK_INT (arrived (&p, bytes, (size_t)(at - bytes), steps[k], &error), 3);
            CHECK_INT (error, 0);
            free (bytes);
            peer_close (&p);
        }
}

/* ---- huge frames, and memory that is kept for them ---- */

enum
{
    HUGE = 6400000
};

/* Sends n bytes of a frame of HUGE bytes from `from` on (its head counts), reads and keeps what is whole. */
static void feed (struct peer *p, size_t from, size_t n, struct zc_frames *whole)
{
    uint8_t head[10], bytes[50000];
    size_t size = zc_wire_head (3, 0, HUGE, head);

    for (size_t done = 0; done < n;) {
        size_t k = n - done < sizeof bytes ? n - done : sizeof bytes;
        for (size_t i = 0; i < k; i++)
            bytes[i] = from + done + i < size ? head[from + done + i] : (uint8_t)((from + done + i) / 1000);
        CHECK_INT (write (p->theirs, bytes, k), (ssize_t)k);
        done += k;
        for (struct zc_intake in = {.more = true}; in.more;) {
            in = (struct zc_intake){0};
            zc_cutter_read (&p->cutter, p->ours, false, &in);
            CHECK_INT (in.error, 0);
            zc_frames_join (whole, &in.fresh);
        }
    }
}

TEST (a_huge_frame_gets_memory_of_before_when_part_of_it_has_come)
{
    struct zc_frames whole;
    struct zc_view v;
    struct peer p;

    zc_pieces_shut ();
    zc_pieces_open ();
    struct zc_body *before = zc_body_new (HUGE), *kept;
    REQUIRE (before && peer_open (&p, 3));
    zc_frames_init (&whole);
    zc_body_free (before);

    feed (&p, 0, HUGE / 100, &whole); /* announced, and no more */
    CHECK ((kept = zc_body_kept (HUGE)) == before);
    zc_body_free (kept);
    feed (&p, HUGE / 100, HUGE / 10, &whole);
    CHECK (!zc_body_kept (HUGE));
    feed (&p, HUGE / 100 + HUGE / 10, HUGE + 9 - HUGE / 100 - HUGE / 10, &whole);

    REQUIRE (!zc_frames_empty (&whole));
    zc_frames_peek (&whole, &v);
    CHECK_INT (v.size, HUGE);
    CHECK (v.data == before->d);
    for (size_t i = 0; i < HUGE; i += 999)
        CHECK_INT (v.data[i], (uint8_t)((i + 9) / 1000));
    zc_frames_clear (&whole);
    zc_pieces_shut ();
    peer_close (&p);
}
