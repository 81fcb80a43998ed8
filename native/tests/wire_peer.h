/* What the tests of wire/ share: byte strings, and a machine that is fed and watched. */
#ifndef WIRE_PEER_H_INCLUDED
#define WIRE_PEER_H_INCLUDED

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "check.h"
#include "wire/wire.h"
#include "zmq.h"

#define Z4 "\0\0\0\0"
#define Z16 Z4 Z4 Z4 Z4
#define Z31 Z16 Z4 Z4 Z4 "\0\0\0"
#define SIGNATURE "\xFF" Z4 Z4 "\x7F"
#define GREETING(major_, minor_) SIGNATURE major_ minor_ "NULL" Z16 "\0" Z31
#define GREETING31 GREETING ("\3", "\1")
/* A property; the length of its value (below 256) as a string. */
#define PROP(name_size_, name_, size_, value_) name_size_ name_ "\0\0\0" size_ value_
#define TYPE(size_, value_) PROP ("\13", "Socket-Type", size_, value_)
#define DEALER TYPE ("\6", "DEALER")
#define READY_DEALER "\4\34\5READY" DEALER

/* A string literal with its length, NULs and all. */
#define BYTES(literal_) (const uint8_t *)(literal_), sizeof (literal_) - 1

struct peer
{
    struct zc_wire wire;
    int rc;
    size_t used;       /* bytes taken, all told */
    uint8_t out[2048]; /* everything it sent */
    size_t out_size;
};

static inline void peer_drain (struct peer *p)
{
    size_t n;
    const uint8_t *bytes;

    while ((bytes = zc_wire_pending (&p->wire, &n))) {
        n = n > 5 ? n - 3 : n; /* a kernel that takes a part */
        memcpy (p->out + p->out_size, bytes, n);
        p->out_size += n;
        zc_wire_sent (&p->wire, n);
    }
}

static inline int peer_open (struct peer *p, int socktype, const char *id, int zmtp_min)
{
    struct zc_wire_config config = {.socktype = socktype,
                                    .routing_id = (const uint8_t *)id,
                                    .routing_id_size = strlen (id),
                                    .zmtp_min = zmtp_min,
                                    .maxmsgsize = -1};
    int rc;

    memset (p, 0, sizeof *p);
    rc = zc_wire_init (&p->wire, &config);
    if (rc == 0)
        peer_drain (p);
    return rc;
}

static inline void peer_feed (struct peer *p, const uint8_t *bytes, size_t n)
{
    size_t used;
    uint8_t *exact = malloc (n ? n : 1); /* the sanitizer watches its end */

    memcpy (exact, bytes, n);
    p->rc = zc_wire_feed (&p->wire, exact, n, &used);
    free (exact);
    CHECK (used <= n);
    CHECK (p->rc != ZC_WIRE_MORE || used == n);
    p->used += used;
    peer_drain (p);
}

/* Feeds all of it in pieces: 0 whole, 1 byte by byte, else a seed for random cuts. */
static inline void peer_feed_cut (struct peer *p, const uint8_t *bytes, size_t n, unsigned how)
{
    size_t at = 0;
    uint64_t dice = how;

    p->rc = ZC_WIRE_MORE;
    while (at < n && p->rc == ZC_WIRE_MORE) {
        size_t piece = n - at;

        dice = dice * 6364136223846793005u + 1442695040888963407u;
        if (how == 1)
            piece = 1;
        else if (how > 1 && piece > 1)
            piece = 1 + (size_t)(dice >> 33) % piece % (how % 2 ? 8 : 100);
        peer_feed (p, bytes + at, piece);
        at += piece;
    }
}

static inline void peer_close (struct peer *p)
{
    zc_wire_close (&p->wire);
}

static inline void check_same (const struct peer *a, const struct peer *b)
{
    CHECK_INT (a->rc, b->rc);
    CHECK_INT (a->wire.why.error, b->wire.why.error);
    CHECK_INT (a->wire.why.code, b->wire.why.code);
    CHECK (a->wire.why.text == b->wire.why.text);
    CHECK_INT (a->out_size, b->out_size);
    CHECK_MEM (a->out, b->out, a->out_size);
    CHECK_INT (a->wire.major, b->wire.major);
    CHECK_INT (a->wire.minor, b->wire.minor);
    CHECK_INT (a->wire.peer_type, b->wire.peer_type);
    CHECK_INT (a->wire.peer_id_size, b->wire.peer_id_size);
    CHECK_MEM (a->wire.peer_id, b->wire.peer_id, a->wire.peer_id_size);
    CHECK_INT (a->wire.properties_size, b->wire.properties_size);
    CHECK_MEM (a->wire.properties, b->wire.properties, a->wire.properties_size);
    if (a->rc == ZC_WIRE_READY)
        CHECK_INT (a->used, b->used);
}

/* Opens p and feeds it the bytes whole; then 40 more times otherwise cut, which must end alike. */
static inline void peer_talk (struct peer *p, int socktype, const char *id, int zmtp_min,
                              const uint8_t *bytes, size_t n)
{
    struct peer other;

    CHECK_INT (peer_open (p, socktype, id, zmtp_min), 0);
    peer_feed_cut (p, bytes, n, 0);
    for (unsigned how = 1; how <= 40; how++) {
        CHECK_INT (peer_open (&other, socktype, id, zmtp_min), 0);
        peer_feed_cut (&other, bytes, n, how);
        check_same (p, &other);
        peer_close (&other);
    }
}

#define CHECK_OUT(peer_, literal_)                                                                           \
    do {                                                                                                     \
        CHECK_INT ((peer_)->out_size, sizeof (literal_) - 1);                                                \
        if ((peer_)->out_size == sizeof (literal_) - 1)                                                      \
            CHECK_MEM ((peer_)->out, (literal_), sizeof (literal_) - 1);                                     \
    } while (0)

static inline void peer_refused (struct peer *p, int error, uint32_t code)
{
    CHECK_INT (p->rc, error);
    CHECK_INT (p->wire.why.error, error);
    CHECK_INT (p->wire.why.code, code);
    CHECK (p->wire.why.text && strlen (p->wire.why.text) > 10);
}

#endif
