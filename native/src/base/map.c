#include "base/map.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "base/alloc.h"
#include "base/siphash.h"

enum
{
    KEY_INLINE = 16, /* a key as long as a UUID needs no memory of its own */
    CAP_MIN = 8
};

/* Linear probing. What is taken out leaves `gone` behind, so that a search or a walk goes on past it. */
struct zc_map_slot
{
    void *value; /* NULL: never used, &gone: its entry was taken out */
    uint32_t hash;
    uint32_t size;
    union
    {
        uint8_t bytes[KEY_INLINE];
        uint8_t *far;
    } key;
};

static char gone;

static bool is_live (const struct zc_map_slot *s)
{
    return s->value && s->value != &gone;
}

static const uint8_t *key_of (const struct zc_map_slot *s)
{
    return s->size <= KEY_INLINE ? s->key.bytes : s->key.far;
}

static uint32_t hash_of (const struct zc_map *m, const void *key, size_t n)
{
    return (uint32_t)zc_siphash (m->seed, key, n);
}

static bool slot_holds (const struct zc_map_slot *s, uint32_t hash, const void *key, size_t n)
{
    return is_live (s) && s->hash == hash && s->size == n && (n == 0 || memcmp (key_of (s), key, n) == 0);
}

static struct zc_map_slot *find (const struct zc_map *m, uint32_t hash, const void *key, size_t n)
{
    if (!m->cap)
        return NULL;
    for (size_t i = hash & (m->cap - 1); m->slots[i].value; i = (i + 1) & (m->cap - 1))
        if (slot_holds (&m->slots[i], hash, key, n))
            return &m->slots[i];
    return NULL;
}

/* Where a new entry of this hash goes; the map is never full. */
static struct zc_map_slot *vacancy (const struct zc_map *m, uint32_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (is_live (&m->slots[i]))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

/* Moves the entries into a table of the right size for one more, forgetting those taken out. */
static int rebuild (struct zc_map *m)
{
    struct zc_map next = {.cap = CAP_MIN, .seed = {m->seed[0], m->seed[1]}};

    while (next.cap < 2 * (m->count + 1))
        next.cap *= 2;
    next.slots = zc_calloc (next.cap, sizeof *next.slots);
    if (!next.slots)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (is_live (&m->slots[i]))
            *vacancy (&next, m->slots[i].hash) = m->slots[i];
    next.count = next.used = m->count;
    zc_free (m->slots);
    *m = next;
    return 0;
}

static void free_key (struct zc_map_slot *s)
{
    if (s->size > KEY_INLINE)
        zc_free (s->key.far);
}

void zc_map_init (struct zc_map *m, const uint64_t seed[2])
{
    *m = (struct zc_map){.seed = {seed[0], seed[1]}};
}

void *zc_map_get (const struct zc_map *m, const void *key, size_t n)
{
    struct zc_map_slot *s = find (m, hash_of (m, key, n), key, n);

    return s ? s->value : NULL;
}

int zc_map_put (struct zc_map *m, const void *key, size_t n, void *value)
{
    uint32_t hash = hash_of (m, key, n);
    uint8_t *far = NULL;

    if (find (m, hash, key, n))
        return -EEXIST;
    if (n > UINT32_MAX)
        return -ENOMEM;
    if (4 * (m->used + 1) > 3 * m->cap && rebuild (m) < 0)
        return -ENOMEM;
    if (n > KEY_INLINE) {
        far = zc_alloc (n);
        if (!far)
            return -ENOMEM;
    }
    struct zc_map_slot *s = vacancy (m, hash);

    if (!s->value)
        m->used++;
    m->count++;
    s->value = value;
    s->hash = hash;
    s->size = (uint32_t)n;
    if (far)
        s->key.far = far;
    if (n)
        memcpy (far ? far : s->key.bytes, key, n);
    return 0;
}

void *zc_map_take (struct zc_map *m, const void *key, size_t n)
{
    struct zc_map_slot *s = find (m, hash_of (m, key, n), key, n);
    void *value;

    if (!s)
        return NULL;
    value = s->value;
    free_key (s);
    s->value = &gone;
    m->count--;
    return value;
}

void *zc_map_next (const struct zc_map *m, size_t *at, const void **key, size_t *n)
{
    for (; *at < m->cap; (*at)++) {
        const struct zc_map_slot *s = &m->slots[*at];

        if (!is_live (s))
            continue;
        (*at)++;
        if (key)
            *key = key_of (s);
        if (n)
            *n = s->size;
        return s->value;
    }
    return NULL;
}

void zc_map_close (struct zc_map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        if (is_live (&m->slots[i]))
            free_key (&m->slots[i]);
    zc_free (m->slots);
    *m = (struct zc_map){.seed = {m->seed[0], m->seed[1]}};
}
