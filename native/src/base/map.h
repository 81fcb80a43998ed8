/* A hash map from short byte strings (routing ids, endpoint names) to pointers. Open addressing, keys copied, seeded so that a
 * peer can't choose colliding keys. */
#ifndef ZC_BASE_MAP_H
#define ZC_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct zc_map
{
    struct zc_map_slot *slots;
    size_t cap, count; /* cap: 0 or a power of two */
    size_t used;       /* slots that hold an entry or held one */
    uint64_t seed[2];
};

void zc_map_init (struct zc_map *, const uint64_t seed[2]);
void zc_map_close (struct zc_map *); /* frees the keys, not the values */
void *zc_map_get (const struct zc_map *, const void *key, size_t n);
/* 0, -EEXIST (unchanged), -ENOMEM. value not NULL. */
int zc_map_put (struct zc_map *, const void *key, size_t n, void *value);
/* The value taken out, or NULL. */
void *zc_map_take (struct zc_map *, const void *key, size_t n);
/* Walk: *at starts at 0; NULL at the end. The entry last returned may be taken out between two calls. */
void *zc_map_next (const struct zc_map *, size_t *at, const void **key, size_t *n);

#endif
