/* A tree over byte strings (keys) that has a place only where a key ends or keys part. It stands under both stores of
 * trie.h, which own what a node's value means; they lock.
 *
 * Where a key ends is a node, which holds the whole key: it can be lent, compared and found again without putting pieces
 * together. Where keys only part is a fork, which holds none, just how far they agree. A way down is therefore as long as
 * the key at most, and every walk can start again from the root: nothing here recurses or needs a stack. */
#ifndef ZC_BASE_RADIX_H
#define ZC_BASE_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What nodes and forks begin with. */
struct zc_radix_place
{
    uint32_t size;  /* bytes of the key here, or on which all keys below agree */
    uint16_t count; /* fork: places right below, 1 to 256 */
    bool is_key;    /* a node, not a fork */
    bool flag;      /* node: the store's own, false at first */
};

struct zc_radix_node
{
    struct zc_radix_place at;
    struct zc_radix_fork *fork; /* of the longer keys that begin with this one; NULL: none */
    union
    {
        uint64_t number;
        void *pointer;
    } value;       /* the store's own, 0 at first */
    uint8_t key[]; /* at.size bytes */
};

#define ZC_RADIX_KEY_MAX (UINT32_MAX - 64) /* bytes */

/* The tree is its root, NULL at first, and the bytes of memory it holds. A node keeps its address while its key is in. */

/* Finds or makes the node of a key. 1: made, 0: was there, -ENOMEM (also for a key above ZC_RADIX_KEY_MAX). */
int zc_radix_put (struct zc_radix_place **root, size_t *bytes, const uint8_t *key, size_t n,
                  struct zc_radix_node **out);
/* The node of a key, or NULL. */
struct zc_radix_node *zc_radix_get (struct zc_radix_place *root, const uint8_t *key, size_t n);
/* Takes a key out and frees its node. Never fails. */
void zc_radix_cut (struct zc_radix_place **root, size_t *bytes, struct zc_radix_node *node);
/* The next key in byte order; of NULL: the first. NULL at the end. */
struct zc_radix_node *zc_radix_next (struct zc_radix_place *root, const struct zc_radix_node *node);
/* Frees everything; release(arg, node) is called first for each key (may be NULL). Never fails. */
void zc_radix_clear (struct zc_radix_place **root, size_t *bytes,
                     void (*release) (void *arg, struct zc_radix_node *), void *arg);

/* The keys that begin the given bytes, the shortest first. */
struct zc_radix_walk
{
    struct zc_radix_place *at; /* to be looked at next; NULL: no more */
    size_t sure;               /* bytes already compared */
};

static inline struct zc_radix_walk zc_radix_walk_from (struct zc_radix_place *root)
{
    return (struct zc_radix_walk){.at = root};
}
struct zc_radix_node *zc_radix_walk_next (struct zc_radix_walk *, const uint8_t *bytes, size_t n);

#endif
