#include "base/trie.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/radix.h"

/* Each subscription is written down twice: in the set of its topic, and in the list of its subscriber, so that one who leaves
 * costs only what it had. Each place knows the other. */

#define NOBODY UINT32_MAX

enum
{
    LIST_MIN = 4,
    TABLE_MIN = 16,
    BITS_FULL = 3 /* tables up to this size may be full */
};

/* The topics of one subscriber, in no order. */
struct zc_subs_who
{
    struct zc_radix_node **nodes;
    uint32_t count, cap;
};

struct entry
{
    uint32_t who;
    uint32_t place; /* in the list of who */
};

/* The subscribers of one topic, two or more: a hash table with linear probing. One alone is in the node itself: flag is
 * false and value.number is who and place. */
struct set
{
    uint32_t count;
    uint32_t bits; /* the table has 1 << bits entries, those without one have NOBODY */
    struct entry at[];
};

static size_t set_cap (const struct set *set)
{
    return (size_t)1 << set->bits;
}

static size_t set_size (uint32_t bits)
{
    return sizeof (struct set) + ((size_t)1 << bits) * sizeof (struct entry);
}

/* Where who belongs. The multiplier is 2^32 divided by the golden ratio: numbers that lie regularly spread well. */
static size_t set_home (const struct set *set, uint32_t who)
{
    return (uint32_t)(who * 2654435769u) >> (32 - set->bits);
}

static struct set *set_new (size_t *bytes, uint32_t bits)
{
    struct set *set = zc_alloc (set_size (bits));

    if (!set)
        return NULL;
    set->count = 0;
    set->bits = bits;
    memset (set->at, 0xff, set_cap (set) * sizeof set->at[0]); /* NOBODY */
    *bytes += set_size (bits);
    return set;
}

static void set_free (size_t *bytes, struct set *set)
{
    *bytes -= set_size (set->bits);
    zc_free (set);
}

static bool set_is_full (const struct set *set)
{
    return set->bits <= BITS_FULL ? set->count == set_cap (set) : set->count >= set_cap (set) / 4 * 3;
}

static struct entry *set_find (struct set *set, uint32_t who)
{
    size_t mask = set_cap (set) - 1, i = set_home (set, who);

    for (size_t steps = 0; steps <= mask; steps++, i = (i + 1) & mask) {
        if (set->at[i].who == who)
            return &set->at[i];
        if (set->at[i].who == NOBODY)
            break;
    }
    return NULL;
}

/* There is room, and e.who is not in it. */
static void set_insert (struct set *set, struct entry e)
{
    size_t mask = set_cap (set) - 1, i = set_home (set, e.who);

    while (set->at[i].who != NOBODY)
        i = (i + 1) & mask;
    set->at[i] = e;
    set->count++;
}

/* Empties an entry and moves those behind it that would not be found any more. */
static void set_strike (struct set *set, struct entry *e)
{
    size_t mask = set_cap (set) - 1, start = (size_t)(e - set->at), hole = start;

    for (size_t i = (start + 1) & mask; i != start && set->at[i].who != NOBODY; i = (i + 1) & mask) {
        size_t way = (i - set_home (set, set->at[i].who)) & mask;

        if (way >= ((i - hole) & mask)) {
            set->at[hole] = set->at[i];
            hole = i;
        }
    }
    set->at[hole].who = NOBODY;
    set->count--;
}

static int set_resize (size_t *bytes, struct set **set, uint32_t bits)
{
    struct set *old = *set, *new = set_new (bytes, bits);

    if (!new)
        return -ENOMEM;
    for (size_t i = 0; i < set_cap (old); i++)
        if (old->at[i].who != NOBODY)
            set_insert (new, old->at[i]);
    set_free (bytes, old);
    *set = new;
    return 0;
}

static struct entry alone (const struct zc_radix_node *node)
{
    return (struct entry){(uint32_t)(node->value.number >> 32), (uint32_t)node->value.number};
}

static void set_alone (struct zc_radix_node *node, struct entry e)
{
    node->at.flag = false;
    node->value.number = (uint64_t)e.who << 32 | e.place;
}

static bool node_has (const struct zc_radix_node *node, uint32_t who)
{
    return node->at.flag ? set_find (node->value.pointer, who) != NULL : alone (node).who == who;
}

/* e.who is not there; somebody is. 0, -ENOMEM (unchanged). */
static int node_join (size_t *bytes, struct zc_radix_node *node, struct entry e)
{
    struct set *set = node->at.flag ? node->value.pointer : set_new (bytes, 1);

    if (!set)
        return -ENOMEM;
    if (!node->at.flag)
        set_insert (set, alone (node));
    else if (set_is_full (set) && set_resize (bytes, &set, set->bits + 1) < 0)
        return -ENOMEM;
    set_insert (set, e);
    node->at.flag = true;
    node->value.pointer = set;
    return 0;
}

/* who is there and not alone. Shrinking may fail; then the table stays. */
static void node_leave (size_t *bytes, struct zc_radix_node *node, uint32_t who)
{
    struct set *set = node->value.pointer;

    set_strike (set, set_find (set, who));
    if (set->count == 1) {
        struct entry *last = set->at;

        while (last->who == NOBODY)
            last++;
        set_alone (node, *last);
        set_free (bytes, set);
        return;
    }
    if (set->bits > BITS_FULL && set->count < set_cap (set) / 8)
        (void)set_resize (bytes, &set, set->bits - 1);
    node->value.pointer = set;
}

/* A topic of who has moved within its list. */
static void set_place (struct zc_radix_node *node, uint32_t who, uint32_t place)
{
    if (node->at.flag)
        set_find (node->value.pointer, who)->place = place;
    else
        set_alone (node, (struct entry){who, place});
}

static int reserve_whos (struct zc_subs *s, uint32_t who)
{
    size_t count = s->who_count ? s->who_count : TABLE_MIN;
    struct zc_subs_who *whos;

    if (who < s->who_count)
        return 0;
    while (count <= who)
        count *= 2;
    if (count > UINT32_MAX || count > SIZE_MAX / sizeof *whos)
        return -ENOMEM;
    whos = zc_realloc (s->whos, count * sizeof *whos);
    if (!whos)
        return -ENOMEM;
    memset (whos + s->who_count, 0, (count - s->who_count) * sizeof *whos);
    s->bytes += (count - s->who_count) * sizeof *whos;
    s->whos = whos;
    s->who_count = (uint32_t)count;
    return 0;
}

/* Room for one more topic of who. */
static int reserve_list (struct zc_subs *s, uint32_t who)
{
    int rc = reserve_whos (s, who);
    struct zc_subs_who *w = rc == 0 ? &s->whos[who] : NULL;

    if (!w || w->count < w->cap)
        return rc;
    size_t cap = w->cap ? (size_t)w->cap + w->cap / 2 : LIST_MIN;
    if (cap >= UINT32_MAX || cap > SIZE_MAX / sizeof *w->nodes)
        return -ENOMEM;
    struct zc_radix_node **nodes = zc_realloc (w->nodes, cap * sizeof *nodes);
    if (!nodes)
        return -ENOMEM;
    s->bytes += (cap - w->cap) * sizeof *nodes;
    w->nodes = nodes;
    w->cap = (uint32_t)cap;
    return 0;
}

static void free_list (struct zc_subs *s, struct zc_subs_who *w)
{
    s->bytes -= w->cap * sizeof *w->nodes;
    zc_free (w->nodes);
    *w = (struct zc_subs_who){0};
}

/* Gives memory back once most of the list is unused; if that fails the list stays. */
static void shrink_list (struct zc_subs *s, struct zc_subs_who *w)
{
    uint32_t cap = w->cap / 2;
    struct zc_radix_node **nodes;

    if (cap < LIST_MIN || w->count > cap / 2)
        return;
    nodes = zc_realloc (w->nodes, cap * sizeof *nodes);
    if (!nodes)
        return;
    s->bytes -= (w->cap - cap) * sizeof *nodes;
    w->nodes = nodes;
    w->cap = cap;
}

/* Strikes a topic from the list of who; the last one takes its place. */
static void list_strike (struct zc_subs *s, uint32_t who, uint32_t place)
{
    struct zc_subs_who *w = &s->whos[who];
    struct zc_radix_node *last = w->nodes[--w->count];

    if (place < w->count) {
        w->nodes[place] = last;
        set_place (last, who, place);
    }
    if (w->count == 0)
        free_list (s, w);
    else
        shrink_list (s, w);
}

void zc_subs_init (struct zc_subs *s)
{
    *s = (struct zc_subs){0};
}

int zc_subs_add (struct zc_subs *s, const uint8_t *topic, size_t n, uint32_t who)
{
    struct zc_radix_node *node;
    int rc, bits = ZC_SUBS_NEW;

    assert (who != NOBODY);
    s->sole = NULL;
    rc = reserve_list (s, who);
    if (rc < 0)
        return rc;
    struct zc_subs_who *w = &s->whos[who];
    struct entry e = {who, w->count};

    rc = zc_radix_put (&s->root, &s->bytes, topic, n, &node);
    if (rc == 1) {
        set_alone (node, e);
        s->count++;
        bits |= ZC_SUBS_FIRST;
    } else if (rc == 0) {
        if (node_has (node, who))
            return 0;
        rc = node_join (&s->bytes, node, e);
    }
    if (rc < 0)
        return rc;
    w->nodes[w->count++] = node;
    return bits;
}

int zc_subs_remove (struct zc_subs *s, const uint8_t *topic, size_t n, uint32_t who)
{
    struct zc_radix_node *node = zc_radix_get (s->root, topic, n);

    if (!node || !node_has (node, who))
        return -ENOENT;
    s->sole = NULL;
    if (node->at.flag) {
        uint32_t place = set_find (node->value.pointer, who)->place;

        node_leave (&s->bytes, node, who);
        list_strike (s, who, place);
        return ZC_SUBS_NEW;
    }
    list_strike (s, who, alone (node).place);
    zc_radix_cut (&s->root, &s->bytes, node);
    s->count--;
    return ZC_SUBS_NEW | ZC_SUBS_FIRST;
}

bool zc_subs_match_begin (struct zc_subs *s, struct zc_subs_match *m, const uint8_t *bytes, size_t n)
{
    const struct zc_radix_node *sole;

    m->walk = zc_radix_walk_from (s->root);
    m->first = zc_radix_walk_next (&m->walk, bytes, n);
    m->second = m->first ? zc_radix_walk_next (&m->walk, bytes, n) : NULL;
    sole = m->second ? NULL : m->first;
    if (sole && sole == s->sole)
        return false;
    s->sole = sole;
    return true;
}

static void tell (const struct zc_radix_node *node, void (*fn) (void *arg, uint32_t who), void *arg)
{
    if (!node->at.flag) {
        fn (arg, alone (node).who);
        return;
    }
    const struct set *set = node->value.pointer;

    for (size_t i = 0; i < set_cap (set); i++)
        if (set->at[i].who != NOBODY)
            fn (arg, set->at[i].who);
}

void zc_subs_match_tell (struct zc_subs_match *m, const uint8_t *bytes, size_t n,
                         void (*fn) (void *arg, uint32_t who), void *arg)
{
    if (m->first)
        tell (m->first, fn, arg);
    for (const struct zc_radix_node *node = m->second; node; node = zc_radix_walk_next (&m->walk, bytes, n))
        tell (node, fn, arg);
}

void zc_subs_match (struct zc_subs *s, const uint8_t *bytes, size_t n, void (*fn) (void *arg, uint32_t who),
                    void *arg)
{
    struct zc_subs_match m;

    zc_subs_match_again (s);
    zc_subs_match_begin (s, &m, bytes, n);
    zc_subs_match_tell (&m, bytes, n, fn, arg);
}

void zc_subs_drop (struct zc_subs *s, uint32_t who, void (*gone) (void *arg, const uint8_t *topic, size_t n),
                   void *arg)
{
    struct zc_subs_who *w = who < s->who_count ? &s->whos[who] : NULL;

    if (!w)
        return;
    s->sole = NULL;
    while (w->count > 0) {
        struct zc_radix_node *node = w->nodes[--w->count];

        if (node->at.flag) {
            node_leave (&s->bytes, node, who);
            continue;
        }
        if (gone)
            gone (arg, node->key, node->at.size);
        zc_radix_cut (&s->root, &s->bytes, node);
        s->count--;
    }
    free_list (s, w);
}

static void release_set (void *arg, struct zc_radix_node *node)
{
    if (node->at.flag)
        set_free (arg, node->value.pointer);
}

void zc_subs_close (struct zc_subs *s)
{
    zc_radix_clear (&s->root, &s->bytes, release_set, &s->bytes);
    for (uint32_t who = 0; who < s->who_count; who++)
        free_list (s, &s->whos[who]);
    zc_free (s->whos);
    zc_subs_init (s);
}
