/* The links of a hub: those that are ready to be read, the set they are in, and how they come and go. */
#include "core/links.h"

#include "core/close.h"
#include "core/pipe.h"

/* ---- those that are ready ---- */

static void ready_cut (struct zc_hub *h, struct zc_link *l)
{
    struct zc_link **at = &h->ready_head, *before = NULL;

    if (!l->is_ready)
        return;
    while (*at && *at != l) {
        before = *at;
        at = &before->ready_next;
    }
    if (*at) {
        *at = l->ready_next;
        if (h->ready_tail == l)
            h->ready_tail = before;
    }
    l->is_ready = false;
}

bool zc_driver_has_ready (const struct zc_hub *h)
{
    for (const struct zc_link *l = h->ready_head; l; l = l->ready_next)
        if (!zc_link_is_full (h, l))
            return true;
    return false;
}

struct zc_link *zc_link_find (struct zc_hub *h, uint64_t tag)
{
    uint32_t i = (uint32_t)tag;
    struct zc_link *l = i < h->link_cap ? h->links[i] : NULL;
    return l && (l->gen & 0x3fffffff) == ((tag >> 32) & 0x3fffffff) ? l : NULL;
}

/* ---- the loop's poller, for links read directly and for blocked output: system calls under the lock, so that no stale
 * mask is ever the last one ---- */

void zc_driver_arm_link (struct zc_link *l)
{
    unsigned events =
        (l->wants_in && l->is_direct ? ZC_POLL_IN : 0u) | (l->is_blocked && !l->is_over ? ZC_POLL_OUT : 0u);
    if (events)
        zc_loop_watch_mod (l->loop, &l->watch, events | ZC_POLL_ONCE);
}

void zc_driver_link_event (struct zc_watch *w, unsigned events)
{
    struct zc_link *l = (struct zc_link *)(void *)((char *)w - offsetof (struct zc_link, watch));
    struct zc_hub *h = l->hub;

    zc_hub_lock (h);
    if (!l->is_dead) {
        h->refs++;
        if (l->is_blocked && !l->is_over && (events & (ZC_POLL_OUT | ZC_POLL_ERR))) {
            l->is_blocked = false;
            zc_driver_dirty (h, l->pipe);
            if (l->pipe->is_dirty) {
                zc_driver_dirty_cut (h, l->pipe);
                zc_driver_write (h, l->pipe);
            }
        }
        if (!l->is_dead && l->is_direct && (events & (ZC_POLL_IN | ZC_POLL_ERR))) {
            l->wants_in = false;
            if (!l->is_ready)
                zc_ready_push (h, l);
        }
        if (!l->is_dead)
            zc_driver_arm_link (l);
        zc_driver_serve (h);
        zc_driver_tell (h);
        zc_driver_pass_on (h);
        h->refs--;
    }
    zc_hub_unlock (h);
}

/* ---- coming and going ---- */

static void move_to_set (struct zc_hub *h, struct zc_link *l)
{
    if (zc_poller_add (&h->set, l->fd, ZC_POLL_IN | ZC_POLL_EDGE, (uint64_t)l->gen << 32 | l->index) < 0)
        return; /* it stays where it is */
    l->is_direct = l->wants_in = false;
    zc_loop_watch_mod (l->loop, &l->watch, l->is_blocked && !l->is_over ? ZC_POLL_OUT | ZC_POLL_ONCE : 0);
}

int zc_driver_open_set (struct zc_hub *h)
{
    if (h->has_set)
        return 0;
    if (!h->loop->poller.ops->nests)
        return -ENOTSUP;
    h->set_gen = h->slot->gen;
    int rc = zc_poller_open (&h->set, h->loop->poller.ops);
    if (rc < 0)
        return rc;
    rc = zc_wake_open (&h->set_wake);
    if (rc == 0)
        rc = zc_poller_add (&h->set, h->set_wake.fd, ZC_POLL_IN | ZC_POLL_EDGE, UINT64_MAX);
    if (rc == 0)
        rc = zc_poller_add (&h->loop->poller, h->set.fd, ZC_POLL_IN | ZC_POLL_ONCE,
                            zc_tag (ZC_TAG_HUB, h->slot->index, h->set_gen));
    if (rc == 0 && h->has_f)
        rc = zc_poller_add (&h->f, h->set.fd, ZC_POLL_IN, 1);
    if (rc < 0) {
        zc_wake_close (&h->set_wake);
        zc_poller_close (&h->set);
        return rc;
    }
    h->has_set = h->is_armed = true;
    for (uint32_t i = 0; i < h->link_cap; i++)
        if (h->links[i])
            move_to_set (h, h->links[i]);
    return 0;
}

static int link_place (struct zc_hub *h, uint32_t *at)
{
    uint32_t i = h->link_hint; /* nothing below it is free */
    while (i < h->link_cap && h->links[i])
        i++;
    if (i == h->link_cap) {
        uint32_t cap = h->link_cap ? h->link_cap * 2 : 4;
        struct zc_link **links = zc_realloc (h->links, cap * sizeof *links);
        if (!links)
            return -ENOMEM;
        memset (links + h->link_cap, 0, (cap - h->link_cap) * sizeof *links);
        h->links = links;
        h->link_cap = cap;
    }
    h->link_hint = i + 1;
    *at = i;
    return 0;
}

int zc_driver_join (struct zc_hub *h, struct zc_link *l)
{
    static _Atomic uint32_t generation;
    uint32_t at;
    int rc = link_place (h, &at);

    if (rc < 0)
        return rc;
    zc_loop_watch_mod (l->loop, &l->watch, 0);
    l->watch.fn = zc_driver_link_event;
    l->index = at;
    l->gen = atomic_fetch_add_explicit (&generation, 1, memory_order_relaxed) & 0x3fffffff;
    /* Without a waiter the I/O thread reads it, and a socket that never receives needs no set. */
    if (h->in.head || h->has_f)
        (void)zc_driver_open_set (h);
    l->is_direct = !h->has_set;
    if (!l->is_direct)
        l->is_direct =
            zc_poller_add (&h->set, l->fd, ZC_POLL_IN | ZC_POLL_EDGE, (uint64_t)l->gen << 32 | at) < 0;
    if (l->is_direct) {
        l->wants_in = true;
        rc = zc_loop_watch_mod (l->loop, &l->watch, ZC_POLL_IN | ZC_POLL_ONCE);
        if (rc < 0)
            return rc;
    }
    l->hub = h;
    h->refs++;
    h->links[at] = l;
    h->link_live++;
    l->is_joined = true;
    l->pipe->link = l;
    h->unsent += l->pipe->out.bytes;
    if (l->has_input)
        zc_ready_push (h, l);
    zc_driver_dirty (h, l->pipe);
    return 0;
}

/* To be called after join and the pattern's `up`. */
void zc_driver_joined (struct zc_hub *h)
{
    zc_driver_serve (h);
    zc_driver_tell (h);
    zc_driver_pass_on (h);
}

void zc_driver_kill (struct zc_hub *h, struct zc_link *l, int error, uint32_t code, const char *why)
{
    if (l->is_dead)
        return;
    l->is_dead = true;
    l->error = error;
    l->code = code;
    l->why = why;
    if (l->is_joined) {
        zc_driver_dirty_cut (h, l->pipe);
        ready_cut (h, l);
        h->links[l->index] = NULL;
        h->link_hint = l->index < h->link_hint ? l->index : h->link_hint;
        h->link_live--;
    }
    zc_driver_bury (l);
}

static void link_gone (struct zc_task *t)
{
    struct zc_link *l = (struct zc_link *)(void *)((char *)t - offsetof (struct zc_link, gone_task));
    struct zc_hub *h = l->hub;

    zc_hub_lock (h);
    if (!l->is_direct)
        zc_poller_del (&h->set, l->fd);
    zc_loop_unwatch (l->loop, &l->watch);
    struct zc_pipe *p = l->pipe;
    h->unsent -= p->out.bytes;
    p->link = NULL;
    zc_pipe_lost (p, l->keeps_pipe && h->state != ZC_HUB_DONE);
    zc_driver_pass_on (h);
    zc_hub_unlock (h);
    zc_bytes_free (&l->commands);
    zc_bytes_free (&l->writing);
    l->ops->gone (l);
    zc_hub_lock (h);
    zc_hub_exit (h);
}

void zc_driver_bury (struct zc_link *l)
{
    if (!l->is_dead || l->is_held || l->wanted_by || l->is_reading || l->is_gone_posted || !l->is_joined)
        return;
    l->is_gone_posted = true;
    l->gone_task.fn = link_gone;
    zc_loop_post (l->loop, &l->gone_task);
}
