#include "base/radix.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

/* A fork has its kids by the byte that follows: up to FEW with their bytes in order, more by a bitmap and ranks. */
enum
{
    FEW = 16,
    WORDS = 4 /* of the bitmap of 256 bits */
};

union slot
{
    struct zc_radix_place *kid;
    uint64_t bits;
};

struct zc_radix_fork
{
    struct zc_radix_place at;
    union
    {
        uint8_t
            bytes[FEW]; /* few: the bytes. many: [0..3] how many kids come before each word of the bitmap */
        struct zc_radix_place *next; /* while everything is freed */
    };
    union slot slots[]; /* few: the kids. many: the bitmap, then the kids; both in byte order */
};

static struct zc_radix_node *node_at (struct zc_radix_place *p)
{
    return (struct zc_radix_node *)p;
}

static struct zc_radix_fork *fork_at (struct zc_radix_place *p)
{
    return p->is_key ? node_at (p)->fork : (struct zc_radix_fork *)p;
}

static bool is_few (size_t count)
{
    return count <= FEW;
}

static size_t fork_size (size_t count)
{
    return sizeof (struct zc_radix_fork) + (count + (is_few (count) ? 0 : WORDS)) * sizeof (union slot);
}

static union slot *kids_of (struct zc_radix_fork *f)
{
    return is_few (f->at.count) ? f->slots : f->slots + WORDS;
}

static unsigned count_bits (uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (unsigned)(x * 0x0101010101010101 >> 56);
}

/* How many kids have a smaller byte; *found: whether one has this byte. */
static size_t rank_of (const struct zc_radix_fork *f, uint8_t byte, bool *found)
{
    if (is_few (f->at.count)) {
        size_t i = 0;

        for (size_t j = 0; j < f->at.count; j++) /* no way out: guessing it wrong would cost more */
            i += f->bytes[j] < byte;
        *found = i < f->at.count && f->bytes[i] == byte;
        return i;
    }
    uint64_t word = f->slots[byte / 64].bits;
    uint64_t bit = (uint64_t)1 << byte % 64;

    *found = (word & bit) != 0;
    return f->bytes[byte / 64] + count_bits (word & (bit - 1));
}

/* Where the kid with this byte hangs, or NULL. */
static struct zc_radix_place **kid_of (struct zc_radix_place *p, uint8_t byte)
{
    struct zc_radix_fork *f = fork_at (p);
    bool found;
    size_t i;

    if (!f)
        return NULL;
    i = rank_of (f, byte, &found);
    return found ? &kids_of (f)[i].kid : NULL;
}

/* The first key at p or below it, in byte order. */
static struct zc_radix_node *first_key (struct zc_radix_place *p)
{
    while (p && !p->is_key)
        p = kids_of (fork_at (p))[0].kid;
    return p ? node_at (p) : NULL;
}

/* FEW kids become many; there is room for FEW + 1. */
static void spread (struct zc_radix_fork *f)
{
    uint64_t bits[WORDS] = {0};

    for (size_t i = 0; i < FEW; i++)
        bits[f->bytes[i] / 64] |= (uint64_t)1 << f->bytes[i] % 64;
    memmove (f->slots + WORDS, f->slots, FEW * sizeof (union slot));
    for (size_t i = 0; i < WORDS; i++)
        f->slots[i].bits = bits[i];
}

/* FEW + 1 kids, of which one was struck from the bitmap and the slots, become few. */
static void gather (struct zc_radix_fork *f)
{
    size_t n = 0;

    for (unsigned byte = 0; byte < 256; byte++)
        if (f->slots[byte / 64].bits >> byte % 64 & 1)
            f->bytes[n++] = (uint8_t)byte;
    memmove (f->slots, f->slots + WORDS, FEW * sizeof (union slot));
}

static void count_ranks (struct zc_radix_fork *f)
{
    unsigned before = 0;

    for (size_t i = 0; i < WORDS; i++) {
        f->bytes[i] = (uint8_t)before;
        before += count_bits (f->slots[i].bits);
    }
}

/* Adds a kid whose byte none has yet; *fork may be NULL, then it is made. 0, -ENOMEM (unchanged). */
static int fork_add (struct zc_radix_fork **fork, size_t *bytes, size_t size, uint8_t byte,
                     struct zc_radix_place *kid)
{
    size_t count = *fork ? (*fork)->at.count : 0;
    struct zc_radix_fork *f = zc_realloc (*fork, fork_size (count + 1));
    union slot *kids;
    bool found;
    size_t i;

    if (!f)
        return -ENOMEM;
    *bytes += fork_size (count + 1) - (count ? fork_size (count) : 0);
    if (count == 0)
        f->at = (struct zc_radix_place){.size = (uint32_t)size};
    if (count == FEW)
        spread (f);
    f->at.count = (uint16_t)(count + 1);
    kids = kids_of (f);
    if (is_few (count + 1)) {
        for (i = count; i > 0 && f->bytes[i - 1] > byte; i--)
            f->bytes[i] = f->bytes[i - 1];
        f->bytes[i] = byte;
    } else {
        f->slots[byte / 64].bits |= (uint64_t)1 << byte % 64;
        count_ranks (f);
        i = rank_of (f, byte, &found);
    }
    memmove (kids + i + 1, kids + i, (count - i) * sizeof *kids);
    kids[i].kid = kid;
    *fork = f;
    return 0;
}

/* Takes the kid with this byte out; it is there, and not the only one. Giving memory back may fail: the block stays larger. */
static struct zc_radix_fork *fork_remove (struct zc_radix_fork *f, size_t *bytes, uint8_t byte)
{
    union slot *kids = kids_of (f);
    struct zc_radix_fork *smaller;
    size_t left = f->at.count - 1u;
    bool found;
    size_t i = rank_of (f, byte, &found);

    memmove (kids + i, kids + i + 1, (left - i) * sizeof *kids);
    if (is_few (left + 1)) {
        memmove (f->bytes + i, f->bytes + i + 1, left - i);
    } else {
        f->slots[byte / 64].bits &= ~((uint64_t)1 << byte % 64);
        if (is_few (left))
            gather (f);
        else
            count_ranks (f);
    }
    f->at.count = (uint16_t)left;
    *bytes -= fork_size (left + 1) - fork_size (left);
    smaller = zc_realloc (f, fork_size (left));
    return smaller ? smaller : f;
}

static void fork_free (size_t *bytes, struct zc_radix_fork *f)
{
    if (!f)
        return;
    *bytes -= fork_size (f->at.count);
    zc_free (f);
}

static struct zc_radix_node *node_new (size_t *bytes, const uint8_t *key, size_t size)
{
    struct zc_radix_node *node = zc_alloc (sizeof *node + size);

    if (!node)
        return NULL;
    *node = (struct zc_radix_node){.at = {.size = (uint32_t)size, .is_key = true}};
    if (size)
        memcpy (node->key, key, size);
    *bytes += sizeof *node + size;
    return node;
}

static void node_free (size_t *bytes, struct zc_radix_node *node)
{
    *bytes -= sizeof *node + node->at.size;
    zc_free (node);
}

/* How many leading bytes the key shares with the key of the tree where it agrees longest. */
static size_t agreement (struct zc_radix_place *p, const uint8_t *key, size_t n)
{
    struct zc_radix_place **kid;
    const struct zc_radix_node *node;
    size_t i = 0;

    while (p->size < n && (kid = kid_of (p, key[p->size])))
        p = *kid;
    node = first_key (p);
    while (i < n && i < node->at.size && node->key[i] == key[i])
        i++;
    return i;
}

/* Hangs kid below the place at *link. 0, -ENOMEM (unchanged). */
static int hang (struct zc_radix_place **link, size_t *bytes, uint8_t byte, struct zc_radix_place *kid)
{
    bool is_key = (*link)->is_key;
    struct zc_radix_fork *f = fork_at (*link);

    if (fork_add (&f, bytes, (*link)->size, byte, kid) < 0)
        return -ENOMEM;
    if (is_key)
        node_at (*link)->fork = f;
    else
        *link = &f->at;
    return 0;
}

/* The key of the new node ends at *link, a fork, or above it. 0, -ENOMEM (unchanged). */
static int put_above (struct zc_radix_place **link, size_t *bytes, struct zc_radix_node *node)
{
    size_t size = node->at.size;

    if ((*link)->size == size)
        node->fork = fork_at (*link);
    else if (fork_add (&node->fork, bytes, size, first_key (*link)->key[size], *link) < 0)
        return -ENOMEM;
    *link = &node->at;
    return 0;
}

/* The key of the new node parts from all below *link after size bytes. 0, -ENOMEM (unchanged). */
static int put_beside (struct zc_radix_place **link, size_t *bytes, size_t size, struct zc_radix_node *node)
{
    struct zc_radix_fork *f = NULL;

    if ((*link)->size == size)
        return hang (link, bytes, node->key[size], &node->at);
    if (fork_add (&f, bytes, size, first_key (*link)->key[size], *link) < 0
        || fork_add (&f, bytes, size, node->key[size], &node->at) < 0) {
        fork_free (bytes, f);
        return -ENOMEM;
    }
    *link = &f->at;
    return 0;
}

int zc_radix_put (struct zc_radix_place **root, size_t *bytes, const uint8_t *key, size_t n,
                  struct zc_radix_node **out)
{
    struct zc_radix_place **link = root;
    size_t agreed = 0;
    int rc = 0;

    if (n > ZC_RADIX_KEY_MAX)
        return -ENOMEM;
    if (*root)
        agreed = agreement (*root, key, n);
    while (*link && (*link)->size < agreed)
        link = kid_of (*link, key[(*link)->size]);
    if (*link && agreed == n && (*link)->size == n && (*link)->is_key) {
        *out = node_at (*link);
        return 0;
    }
    struct zc_radix_node *node = node_new (bytes, key, n);
    if (!node)
        return -ENOMEM;
    if (!*link)
        *link = &node->at;
    else if (agreed == n)
        rc = put_above (link, bytes, node);
    else
        rc = put_beside (link, bytes, agreed, node);
    if (rc < 0) {
        node_free (bytes, node);
        return rc;
    }
    *out = node;
    return 1;
}

struct zc_radix_node *zc_radix_get (struct zc_radix_place *root, const uint8_t *key, size_t n)
{
    struct zc_radix_place **kid = &root;

    while (kid && *kid && (*kid)->size < n)
        kid = kid_of (*kid, key[(*kid)->size]);
    if (!kid || !*kid || (*kid)->size != n || !(*kid)->is_key)
        return NULL;
    return n == 0 || memcmp (node_at (*kid)->key, key, n) == 0 ? node_at (*kid) : NULL;
}

/* A fork with one kid left gives its place to it. */
static void splice (struct zc_radix_place **link, size_t *bytes)
{
    struct zc_radix_fork *f = fork_at (*link);

    if (f->at.count > 1)
        return;
    *link = kids_of (f)[0].kid;
    fork_free (bytes, f);
}

/* Takes a node that has nothing below off the place at *up. */
static void unhang (struct zc_radix_place **up, size_t *bytes, uint8_t byte)
{
    struct zc_radix_fork *f = fork_at (*up);

    if (!(*up)->is_key) {
        *up = &fork_remove (f, bytes, byte)->at;
        splice (up, bytes);
    } else if (f->at.count > 1) {
        node_at (*up)->fork = fork_remove (f, bytes, byte);
    } else {
        node_at (*up)->fork = NULL;
        fork_free (bytes, f);
    }
}

void zc_radix_cut (struct zc_radix_place **root, size_t *bytes, struct zc_radix_node *node)
{
    struct zc_radix_place **link = root, **up = NULL;

    while (*link != &node->at) {
        up = link;
        link = kid_of (*link, node->key[(*link)->size]);
    }
    if (node->fork) {
        *link = &node->fork->at;
        splice (link, bytes);
    } else if (up) {
        unhang (up, bytes, node->key[(*up)->size]);
    } else {
        *root = NULL;
    }
    node_free (bytes, node);
}

struct zc_radix_node *zc_radix_next (struct zc_radix_place *root, const struct zc_radix_node *node)
{
    struct zc_radix_place *at = root, *after = NULL;
    bool found;

    if (!node)
        return first_key (root);
    if (node->fork)
        return first_key (&node->fork->at);
    while (at != &node->at) {
        struct zc_radix_fork *f = fork_at (at);
        size_t i = rank_of (f, node->key[at->size], &found);

        if (i + 1 < f->at.count)
            after = kids_of (f)[i + 1].kid;
        at = kids_of (f)[i].kid;
    }
    return first_key (after);
}

/* What is still to be freed is a list that runs through the values of nodes, which were released before, and through forks. */
static void list_put (struct zc_radix_place **list, struct zc_radix_place *p,
                      void (*release) (void *arg, struct zc_radix_node *), void *arg)
{
    if (p->is_key) {
        if (release)
            release (arg, node_at (p));
        node_at (p)->value.pointer = *list;
    } else {
        fork_at (p)->next = *list;
    }
    *list = p;
}

void zc_radix_clear (struct zc_radix_place **root, size_t *bytes,
                     void (*release) (void *arg, struct zc_radix_node *), void *arg)
{
    struct zc_radix_place *list = NULL, *p;

    if (*root)
        list_put (&list, *root, release, arg);
    *root = NULL;
    while ((p = list)) {
        struct zc_radix_fork *f = fork_at (p);

        if (p->is_key) {
            list = node_at (p)->value.pointer;
            if (f)
                list_put (&list, &f->at, release, arg);
            node_free (bytes, node_at (p));
            continue;
        }
        list = f->next;
        for (size_t i = 0; i < f->at.count; i++)
            list_put (&list, kids_of (f)[i].kid, release, arg);
        fork_free (bytes, f);
    }
}

struct zc_radix_node *zc_radix_walk_next (struct zc_radix_walk *w, const uint8_t *bytes, size_t n)
{
    while (w->at) {
        struct zc_radix_place *p = w->at, **kid;
        size_t size = p->size;

        w->at = NULL;
        if (size > n)
            break;
        if (p->is_key && size > w->sure) {
            if (memcmp (node_at (p)->key + w->sure, bytes + w->sure, size - w->sure) != 0)
                break;
            w->sure = size;
        }
        if (size < n && (kid = kid_of (p, bytes[size])))
            w->at = *kid;
        if (p->is_key)
            return node_at (p);
    }
    return NULL;
}
