/* A queue of messages from one thread's hands into another's without a lock: one writes, one reads, each under a lock of its own.
 * It holds messages as base/frames.h frames them, in nodes: small ones back to back in a node's bytes, one that is large or
 * carries metadata boxed in a node of its own, by reference.
 *
 * The reader gets nodes, not copies: zc_lane_take appends the node it reads from to the reader's queue, as far as it is
 * published, and extends it there when more is. The writer goes on in the same node meanwhile; when it is full the reader gives it
 * back as a spare, so that a stream needs no memory. A message never crosses from one node into the next.
 *
 * Both sides may sleep for each other by flags kept outside (core/chan.c): publishing is a sequentially consistent store, so that
 * "publish, then see who waits" and "say that I wait, then look" cannot both miss. */
#ifndef ZC_BASE_LANE_H
#define ZC_BASE_LANE_H

#include <stdatomic.h>
#include "base/frames.h"

struct zc_lane_node
{
    /* the reader's */
    struct zc_node n;  /* first; kind LANE; lent to the queue until the writer has gone on to a later node */
    uint64_t seen;     /* what of `published` it has taken */
    uint8_t apart[64]; /* what follows lies on another cache line */
    /* the writer's */
    _Atomic uint64_t published;        /* messages << 32 | bytes (box: 1) that may be read */
    struct zc_lane_node *_Atomic next; /* set once this one is done with */
    uint32_t fill, msgs, cap;
    bool is_box;
    struct zc_frames box;
    uint8_t d[];
};

struct zc_lane
{
    /* the writer's */
    struct zc_lane_node *tail;
    uint32_t hint; /* how large the next node is to be */
    /* both */
    struct zc_lane_node *_Atomic first; /* the first node ever, NULL: none yet */
    struct zc_lane_node *_Atomic spare;
    uint8_t apart[64];
    /* the reader's */
    struct zc_lane_node *head; /* NULL: has not found the first yet */
};

/* All zero is an empty lane. */

/* Writer: a whole message. The parts stay the caller's: references are counted. 0, -ENOMEM (nothing changed). */
int zc_lane_put (struct zc_lane *, struct zc_msg *parts, size_t count);
/* Writer: one frame of n bytes, all flags but LONG as given. 0, -ENOMEM, -EINVAL (too large). */
int zc_lane_put_frame (struct zc_lane *, uint8_t flags, const void *head, size_t head_size, const void *data,
                       size_t n);
/* Reader: appends what is published to `to`, at most up to the end of a node. Returns how many messages came, 0: none is there. */
uint32_t zc_lane_take (struct zc_lane *, struct zc_frames *to);
/* Reader: true when something is published that it has not taken. */
bool zc_lane_has (const struct zc_lane *);
/* Frees what nobody has read. Neither side uses it any more; the reader's queue holds nothing of it. */
void zc_lane_close (struct zc_lane *);

#endif
