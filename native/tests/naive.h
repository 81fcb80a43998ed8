/* Random topics, and naive stores of them by which the real ones are judged. */
#ifndef NAIVE_H_INCLUDED
#define NAIVE_H_INCLUDED

#include <stdint.h>

#include "check.h"

enum
{
    TOPIC_MAX = 12,
    NAIVE_MAX = 4096,
    WHOS = 40
};

static uint64_t random_state = 1;

static inline uint32_t random_below (uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % n;
}

struct topic
{
    uint8_t bytes[TOPIC_MAX];
    size_t size;
};

/* Few letters make topics that begin alike; many make nodes with many kids. */
static inline struct topic random_topic (uint32_t letters)
{
    struct topic t = {.size = random_below (letters > 4 ? 3 : TOPIC_MAX)};

    for (size_t i = 0; i < t.size; i++)
        t.bytes[i] = (uint8_t)(random_below (letters) * (256 / letters));
    return t;
}

static inline bool begins (const struct topic *t, const struct topic *message)
{
    return t->size <= message->size && memcmp (t->bytes, message->bytes, t->size) == 0;
}

static inline bool same (const struct topic *a, const struct topic *b)
{
    return a->size == b->size && begins (a, b);
}

static inline int compare (const void *a, const void *b)
{
    const struct topic *x = a, *y = b;
    size_t n = x->size < y->size ? x->size : y->size;
    int order = memcmp (x->bytes, y->bytes, n);

    return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* ---- naive stores ---- */

struct naive
{
    struct topic topics[NAIVE_MAX];
    uint32_t whos[NAIVE_MAX]; /* of zc_subs, or how often: of zc_topics */
    size_t count;
};

static inline size_t naive_find (const struct naive *s, const struct topic *t, int64_t who)
{
    size_t i = 0;

    while (i < s->count && !(same (&s->topics[i], t) && (who < 0 || s->whos[i] == (uint32_t)who)))
        i++;
    return i;
}

static inline void naive_put (struct naive *s, const struct topic *t, uint32_t who)
{
    s->topics[s->count] = *t;
    s->whos[s->count++] = who;
}

static inline void naive_cut (struct naive *s, size_t i)
{
    s->count--;
    s->topics[i] = s->topics[s->count];
    s->whos[i] = s->whos[s->count];
}

static inline bool naive_match (const struct naive *s, const struct topic *message)
{
    for (size_t i = 0; i < s->count; i++)
        if (begins (&s->topics[i], message))
            return true;
    return false;
}

/* ---- counting ---- */

static inline int count_topic (void *arg, const uint8_t *topic, size_t n)
{
    (void)topic;
    (void)n;
    ++*(size_t *)arg;
    return 0;
}

static inline void count_one (void *arg, uint32_t who)
{
    (void)who;
    ++*(size_t *)arg;
}

#endif
