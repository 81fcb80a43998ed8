/* Heartbeats: when to ask, and when to give up (RFC 37, "Connection Heartbeating").
 *
 * A PING goes out every interval, however busy the link. The first one unanswered starts the
 * timeout, and anything that arrives ends it; so does it end the silence a peer's PING told us to
 * count. Timeout 0: never give up. Only for peers of ZMTP 3, after the handshake. */
#include "wire/wire.h"

#define NEVER UINT64_MAX
#define MS 1000000u

static uint64_t add (uint64_t a, uint64_t b)
{
    return a > NEVER - b ? NEVER : a + b;
}

static uint64_t least (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t ns (int ms)
{
    return ms > 0 ? (uint64_t)ms * MS : 0;
}

void zc_beat_init (struct zc_beat *b, int interval, int ttl, int timeout, uint64_t now)
{
    uint64_t tenths = ttl > 0 ? (uint64_t)ttl / 100 : 0;

    *b = (struct zc_beat){.interval = ns (interval),
                          .timeout = timeout < 0 ? ns (interval) : ns (timeout),
                          .ttl_sent = least (tenths, UINT16_MAX),
                          .next_ping = NEVER,
                          .deadline = NEVER,
                          .ttl_deadline = NEVER};
    if (b->interval > 0)
        b->next_ping = add (now, b->interval);
}

void zc_beat_traffic (struct zc_beat *b)
{
    b->deadline = NEVER;
    b->ttl_deadline = NEVER;
}

void zc_beat_ping (struct zc_beat *b, uint16_t ttl, uint64_t now)
{
    zc_beat_traffic (b);
    if (ttl > 0)
        b->ttl_deadline = add (now, (uint64_t)ttl * 100 * MS);
}

int zc_beat_tick (struct zc_beat *b, uint64_t now, uint64_t *next)
{
    int due = ZC_BEAT_IDLE;

    *next = NEVER;
    if ((now >= b->deadline && b->deadline != NEVER) || (now >= b->ttl_deadline && b->ttl_deadline != NEVER))
        return ZC_BEAT_DEAD;
    if (now >= b->next_ping && b->next_ping != NEVER) {
        due = ZC_BEAT_PING;
        b->next_ping = add (now, b->interval);
        if (b->deadline == NEVER && b->timeout > 0)
            b->deadline = add (now, b->timeout);
    }
    *next = least (b->next_ping, least (b->deadline, b->ttl_deadline));
    return due;
}
