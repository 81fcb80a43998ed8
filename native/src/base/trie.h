/* Topics. Two stores over the same compressed tree (radix.h), both without recursion and small: at most 100 bytes and the
 * topic for each distinct subscription. Their owner locks; no function calls back into a store that is being changed.
 *
 * zc_topics: what one subscriber wants: topics counted (SUB, XSUB).
 * zc_subs:   who wants what: topic -> set of subscribers (PUB, XPUB), and back: subscriber -> its topics.
 *
 * Callbacks must not touch the store they are called from. A topic of 4 GiB or more is -ENOMEM. */
#ifndef ZC_BASE_TRIE_H
#define ZC_BASE_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/radix.h"

struct zc_topics
{
    struct zc_radix_place *root;
    size_t count; /* distinct topics */
    size_t bytes; /* memory held for them, all told */
    bool has_all; /* the empty one is among them, which every message matches */
};

void zc_topics_init (struct zc_topics *);
void zc_topics_close (struct zc_topics *);
/* 1: new, 0: was there (counted up), -ENOMEM. */
int zc_topics_add (struct zc_topics *, const uint8_t *topic, size_t n);
/* 1: gone now, 0: still there (counted down), -ENOENT: was not there. */
int zc_topics_remove (struct zc_topics *, const uint8_t *topic, size_t n);
/* True when some topic is a prefix of the n bytes. */
bool zc_topics_match_some (const struct zc_topics *, const uint8_t *bytes, size_t n);
/* The same, without a walk where everything matches. */
static inline bool zc_topics_match (const struct zc_topics *t, const uint8_t *bytes, size_t n)
{
    return t->has_all || zc_topics_match_some (t, bytes, n);
}
/* Every topic once, in byte order; stops when fn returns non-zero and returns that. The topic is lent for the call. */
int zc_topics_each (const struct zc_topics *, int (*fn) (void *arg, const uint8_t *topic, size_t n),
                    void *arg);

struct zc_subs
{
    struct zc_radix_place *root;
    size_t count; /* distinct topics */
    size_t bytes; /* memory held, all told */
    struct zc_subs_who *whos;
    uint32_t who_count;
    const struct zc_radix_node
        *sole; /* the topic that matched last, if it was but one and nothing has changed since */
};

void zc_subs_init (struct zc_subs *);
void zc_subs_close (struct zc_subs *);
/* who: a number its owner chose (dense, from 0, below UINT32_MAX). Bits: ZC_SUBS_FIRST: nobody had the topic; ZC_SUBS_NEW:
 * who had not. 0: who had it already. -ENOMEM. */
enum
{
    ZC_SUBS_NEW = 1,
    ZC_SUBS_FIRST = 2
};
int zc_subs_add (struct zc_subs *, const uint8_t *topic, size_t n, uint32_t who);
/* Bits: ZC_SUBS_NEW: who had it and has it no more; ZC_SUBS_FIRST: and nobody else has. -ENOENT: who did not have it. */
int zc_subs_remove (struct zc_subs *, const uint8_t *topic, size_t n, uint32_t who);
/* Calls fn for each subscriber of each topic that is a prefix of the bytes; one with several such topics comes several
 * times. This is the publisher's hot path: no allocation, few cache lines. In no
 * order. */
void zc_subs_match (struct zc_subs *, const uint8_t *bytes, size_t n, void (*fn) (void *arg, uint32_t who),
                    void *arg);
/* The same in two steps, for an owner who keeps what the last match has given. The first is false when this one would give the same: a
 * single topic matches, it did so last time, and nothing has changed. */
struct zc_subs_match
{
    struct zc_radix_walk walk;
    const struct zc_radix_node *first, *second;
};
bool zc_subs_match_begin (struct zc_subs *, struct zc_subs_match *, const uint8_t *bytes, size_t n);
void zc_subs_match_tell (struct zc_subs_match *, const uint8_t *bytes, size_t n,
                         void (*fn) (void *arg, uint32_t who), void *arg);
/* The owner has forgotten what the last match gave. */
static inline void zc_subs_match_again (struct zc_subs *s)
{
    s->sole = NULL;
}
/* Takes who out of everything; gone(topic) for each topic nobody has any more (may be NULL), in no order. Costs what who
 * had subscribed and never fails. */
void zc_subs_drop (struct zc_subs *, uint32_t who, void (*gone) (void *arg, const uint8_t *topic, size_t n),
                   void *arg);

#endif
