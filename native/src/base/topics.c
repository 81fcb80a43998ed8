#include "base/trie.h"

#include <errno.h>
#include "base/radix.h"

void zc_topics_init (struct zc_topics *t)
{
    *t = (struct zc_topics){0};
}

int zc_topics_add (struct zc_topics *t, const uint8_t *topic, size_t n)
{
    struct zc_radix_node *node;
    int rc = zc_radix_put (&t->root, &t->bytes, topic, n, &node);

    if (rc < 0)
        return rc;
    node->value.number++;
    t->count += (size_t)rc;
    t->has_all = t->has_all || n == 0;
    return rc;
}

int zc_topics_remove (struct zc_topics *t, const uint8_t *topic, size_t n)
{
    struct zc_radix_node *node = zc_radix_get (t->root, topic, n);

    if (!node)
        return -ENOENT;
    if (--node->value.number > 0)
        return 0;
    zc_radix_cut (&t->root, &t->bytes, node);
    t->count--;
    t->has_all = t->has_all && n > 0;
    return 1;
}

bool zc_topics_match_some (const struct zc_topics *t, const uint8_t *bytes, size_t n)
{
    struct zc_radix_walk walk = zc_radix_walk_from (t->root);

    return zc_radix_walk_next (&walk, bytes, n) != NULL;
}

int zc_topics_each (const struct zc_topics *t, int (*fn) (void *arg, const uint8_t *topic, size_t n),
                    void *arg)
{
    struct zc_radix_node *node = NULL;
    int rc = 0;

    while (rc == 0 && (node = zc_radix_next (t->root, node)))
        rc = fn (arg, node->key, node->at.size);
    return rc;
}

void zc_topics_close (struct zc_topics *t)
{
    zc_radix_clear (&t->root, &t->bytes, NULL, NULL);
    t->count = 0;
    t->has_all = false;
}
