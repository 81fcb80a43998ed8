#include "core/names.h"

#include <errno.h>
#include "base/map.h"
#include "core/ctx.h"
#include "core/pipe.h"
#include "os/random.h"

struct waiting
{
    struct zc_chan *chan; /* a reference */
    struct zc_pipe *pipe; /* of whoever binds the name: to bind takes no memory that could be missing then */
    struct waiting *next;
};

struct entry
{
    struct zc_hub *hub;    /* bound, or NULL */
    struct zc_chan *offer; /* a monitor's, lent */
    bool is_taken;         /* the offer has had its reader */
    struct zc_chan_card card;
    uint8_t id[255];
    struct waiting *waiting;
};

struct zc_names
{
    zc_mutex mu;
    struct zc_map map;
};

int zc_names_new (struct zc_names **out)
{
    struct zc_names *n = zc_calloc (1, sizeof *n);
    uint64_t seed[2];

    if (!n)
        return -ENOMEM;
    zc_mutex_init (&n->mu);
    zc_random (seed, sizeof seed);
    zc_map_init (&n->map, seed);
    *out = n;
    return 0;
}

static void waiting_free (struct waiting *w)
{
    if (w->pipe)
        zc_pipe_discard (w->pipe);
    zc_chan_unref (w->chan);
    zc_free (w);
}

static void drop_waiting (struct entry *e)
{
    while (e->waiting) {
        struct waiting *w = e->waiting;
        e->waiting = w->next;
        waiting_free (w);
    }
}

void zc_names_free (struct zc_names *n)
{
    size_t at = 0, size;
    const void *key;
    struct entry *e;

    if (!n)
        return;
    while ((e = zc_map_next (&n->map, &at, &key, &size))) {
        drop_waiting (e);
        zc_free (e);
    }
    zc_map_close (&n->map);
    zc_mutex_close (&n->mu);
    zc_free (n);
}

static struct entry *entry_of (struct zc_names *n, const char *name, bool make)
{
    struct entry *e = zc_map_get (&n->map, name, strlen (name));

    if (e || !make)
        return e;
    e = zc_calloc (1, sizeof *e);
    if (e && zc_map_put (&n->map, name, strlen (name), e) < 0) {
        zc_free (e);
        e = NULL;
    }
    return e;
}

static void tidy (struct zc_names *n, const char *name, struct entry *e)
{
    if (e->hub || e->offer || e->waiting)
        return;
    zc_map_take (&n->map, name, strlen (name));
    zc_free (e);
}

int zc_names_bind (struct zc_ctx *ctx, const char *name, struct zc_hub *h, const struct zc_chan_card *card)
{
    struct zc_names *n = zc_ctx_names (ctx);

    zc_mutex_lock (&n->mu);
    struct entry *e = entry_of (n, name, true);
    int rc = !e ? -ENOMEM : e->hub || e->offer ? -EADDRINUSE : 0;
    if (rc == 0) {
        e->hub = h;
        e->card = *card;
        if (card->id_size)
            memcpy (e->id, card->id, card->id_size);
        e->card.id = e->id;
        for (struct waiting *w = e->waiting; w; w = w->next)
            if (zc_chan_bind (w->chan, h, w->pipe, &e->card) == 0) /* else it has left */
                w->pipe = NULL;
        drop_waiting (e);
    }
    zc_mutex_unlock (&n->mu);
    return rc;
}

int zc_names_unbind (struct zc_ctx *ctx, const char *name, const struct zc_hub *h)
{
    struct zc_names *n = zc_ctx_names (ctx);
    int rc = -ENOENT;

    zc_mutex_lock (&n->mu);
    struct entry *e = entry_of (n, name, false);
    if (e && e->hub == h) {
        e->hub = NULL;
        tidy (n, name, e);
        rc = 0;
    }
    zc_mutex_unlock (&n->mu);
    return rc;
}

/* Those who waited and have left are forgotten, so that waiting for a name that never comes costs nothing. */
static void prune (struct entry *e)
{
    for (struct waiting **at = &e->waiting; *at;) {
        struct waiting *w = *at;
        if (!zc_chan_has_left (w->chan)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        waiting_free (w);
    }
}

static int bind_now (struct zc_chan *c, struct zc_hub *h, const struct zc_chan_card *card)
{
    struct zc_pipe *p = zc_pipe_new ();
    int rc = p ? zc_chan_bind (c, h, p, card) : -ENOMEM;

    if (rc < 0 && p)
        zc_pipe_discard (p);
    return rc;
}

static int take_offer (struct entry *e, struct zc_hub *h, const struct zc_chan_card *card)
{
    if (e->is_taken)
        return -ECONNREFUSED;
    int rc = bind_now (e->offer, h, card);
    e->is_taken = rc == 0;
    return rc;
}

static int wait_for_name (struct entry *e, struct zc_chan *c)
{
    struct waiting *w = zc_alloc (sizeof *w), **end = &e->waiting;
    struct zc_pipe *p = w ? zc_pipe_new () : NULL;

    if (!p) {
        zc_free (w);
        return -ENOMEM;
    }
    prune (e);
    end = &e->waiting;
    while (*end)
        end = &(*end)->next;
    zc_chan_ref (c);
    *w = (struct waiting){c, p, NULL};
    *end = w;
    return 0;
}

int zc_names_connect (struct zc_ctx *ctx, const char *name, struct zc_hub *h, struct zc_pipe *p,
                      const struct zc_chan_card *card, bool *used)
{
    struct zc_names *n = zc_ctx_names (ctx);
    struct zc_chan *c = NULL;
    int rc;

    *used = false;
    zc_mutex_lock (&n->mu);
    struct entry *e = entry_of (n, name, true);
    if (!e)
        rc = -ENOMEM;
    else if (e->offer)
        rc = take_offer (e, h, card);
    else {
        rc = zc_chan_new (&c, h, p, card);
        if (rc == 0)
            rc = e->hub ? bind_now (c, e->hub, &e->card) : wait_for_name (e, c);
        *used = rc == 0;
        if (rc < 0 && c) {
            p->chan = NULL;
            zc_chan_unref (c);
        }
    }
    if (e)
        tidy (n, name, e);
    zc_mutex_unlock (&n->mu);
    return rc;
}

int zc_names_offer (struct zc_ctx *ctx, const char *name, struct zc_chan *c)
{
    struct zc_names *n = zc_ctx_names (ctx);

    zc_mutex_lock (&n->mu);
    struct entry *e = entry_of (n, name, true);
    int rc = !e ? -ENOMEM : e->hub || e->offer ? -EADDRINUSE : 0;
    if (rc == 0) {
        e->offer = c;
        e->is_taken = false;
    }
    zc_mutex_unlock (&n->mu);
    return rc;
}

void zc_names_withdraw (struct zc_ctx *ctx, const char *name, const struct zc_chan *c)
{
    struct zc_names *n = zc_ctx_names (ctx);

    zc_mutex_lock (&n->mu);
    struct entry *e = entry_of (n, name, false);
    if (e && e->offer == c) {
        e->offer = NULL;
        tidy (n, name, e);
    }
    zc_mutex_unlock (&n->mu);
}
