/* Heartbeats on a clock moved by hand (RFC 37, "Connection Heartbeating"). */
#include "wire_peer.h"

#define MS UINT64_C (1000000)
#define NEVER UINT64_MAX

static uint64_t next;

static int tick (struct zc_beat *b, uint64_t ms)
{
    return zc_beat_tick (b, ms * MS, &next);
}

TEST (interval_0_never_pings_and_never_dies)
{
    struct zc_beat b;

    zc_beat_init (&b, 0, 0, -1, 0);
    CHECK_INT (tick (&b, 1000000), ZC_BEAT_IDLE);
    CHECK (next == NEVER);
    CHECK_INT (zc_beat_tick (&b, NEVER, &next), ZC_BEAT_IDLE);
}

TEST (a_ping_is_due_every_interval)
{
    struct zc_beat b;

    zc_beat_init (&b, 100, 0, 1000, 5 * MS);
    CHECK_INT (tick (&b, 104), ZC_BEAT_IDLE);
    CHECK_INT (next, 105 * MS);
    CHECK_INT (tick (&b, 105), ZC_BEAT_PING);
    CHECK_INT (next, 205 * MS);
    CHECK_INT (tick (&b, 105), ZC_BEAT_IDLE);
    CHECK_INT (tick (&b, 555), ZC_BEAT_PING); /* late: one, not five */
    CHECK_INT (tick (&b, 600), ZC_BEAT_IDLE);
    CHECK_INT (next, 655 * MS);
}

TEST (the_first_unanswered_ping_starts_the_timeout)
{
    struct zc_beat b;

    zc_beat_init (&b, 100, 0, 250, 0);
    CHECK_INT (tick (&b, 100), ZC_BEAT_PING);
    CHECK_INT (tick (&b, 200), ZC_BEAT_PING);
    CHECK_INT (tick (&b, 300), ZC_BEAT_PING);
    CHECK_INT (next, 350 * MS);
    CHECK_INT (tick (&b, 349), ZC_BEAT_IDLE);
    CHECK_INT (tick (&b, 350), ZC_BEAT_DEAD);
    CHECK (next == NEVER);
    CHECK_INT (tick (&b, 900), ZC_BEAT_DEAD);
}

TEST (any_traffic_ends_the_timeout)
{
    struct zc_beat b;

    zc_beat_init (&b, 100, 0, -1, 0); /* -1: the interval */
    for (uint64_t t = 100; t <= 2000; t += 100) {
        CHECK_INT (tick (&b, t), ZC_BEAT_PING);
        CHECK_INT (next, (t + 100) * MS);
        zc_beat_traffic (&b);
    }
    CHECK_INT (tick (&b, 2100), ZC_BEAT_PING);
    CHECK_INT (tick (&b, 2200), ZC_BEAT_DEAD);
}

TEST (timeout_0_pings_for_ever)
{
    struct zc_beat b;

    zc_beat_init (&b, 50, 0, 0, 0);
    for (uint64_t t = 50; t <= 5000; t += 50)
        CHECK_INT (tick (&b, t), ZC_BEAT_PING);
}

TEST (a_peers_ttl_counts_without_pings_of_ours)
{
    struct zc_beat b;

    zc_beat_init (&b, 0, 0, -1, 0);
    zc_beat_ping (&b, 1, 1000 * MS);
    CHECK_INT (tick (&b, 1099), ZC_BEAT_IDLE);
    CHECK_INT (next, 1100 * MS);
    zc_beat_traffic (&b);
    CHECK_INT (tick (&b, 1100), ZC_BEAT_IDLE);
    CHECK (next == NEVER);
    zc_beat_ping (&b, 65535, 2000 * MS); /* the largest: 6553.5 s, all of it */
    CHECK_INT (tick (&b, 2000 + 6553499), ZC_BEAT_IDLE);
    CHECK_INT (tick (&b, 2000 + 6553500), ZC_BEAT_DEAD);
}

TEST (a_ping_is_traffic_and_a_ttl_of_0_asks_for_nothing)
{
    struct zc_beat b;

    zc_beat_init (&b, 100, 0, 100, 0);
    CHECK_INT (tick (&b, 100), ZC_BEAT_PING);
    zc_beat_ping (&b, 0, 150 * MS);
    CHECK_INT (tick (&b, 200), ZC_BEAT_PING);
    zc_beat_ping (&b, 3, 250 * MS);
    zc_beat_ping (&b, 0, 260 * MS);
    CHECK_INT (tick (&b, 299), ZC_BEAT_IDLE);
    CHECK_INT (next, 300 * MS);
}

TEST (options_become_tenths_and_nanoseconds)
{
    static const struct
    {
        int ttl;
        uint64_t tenths;
    } table[] = {{0, 0},   {-99, 0},   {99, 0},          {100, 1},
                 {199, 1}, {1500, 15}, {6553599, 65535}, {INT32_MAX, 65535}};
    struct zc_beat b;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        zc_beat_init (&b, 100, table[i].ttl, -1, 0);
        CHECK_INT (b.ttl_sent, table[i].tenths);
    }
    zc_beat_init (&b, INT32_MAX, 0, INT32_MAX, NEVER - 5); /* no wrap at the end of time */
    CHECK (b.next_ping == NEVER);
    zc_beat_ping (&b, 65535, NEVER - 5);
    CHECK_INT (zc_beat_tick (&b, NEVER - 1, &next), ZC_BEAT_IDLE);
}
