#include "core/ctx.h"

#include <errno.h>
#include <stdio.h>
#include "core/close.h"
#include "core/driver.h"
#include "core/names.h"
#include "os/clock.h"

struct zc_ctx
{
    struct zc_slot *slot;
    void *handle;
    struct zc_ctx_options opt;
    struct zc_names *names;
    struct zc_hub *hubs;
    int socket_count, max_sockets; /* max: fixed by the first socket; 0: none yet */
    bool is_stopped, is_freeing;
    struct zc_sleepers terminators;
    zc_mutex loops_mu; /* guards loops; a leaf. Threads start under it */
    struct zc_loop **loops;
    int loop_count; /* places; fixed by the first use */
};

int zc_ctx_new (void **handle)
{
    int rc = zc_self_setup ();
    if (rc < 0)
        return rc;
    if (!zc_self ())
        return -ENOMEM;
    struct zc_ctx *c = zc_calloc (1, sizeof *c);
    if (!c)
        return -ENOMEM;
    zc_ctx_options_init (&c->opt);
    zc_mutex_init (&c->loops_mu);
    rc = zc_names_new (&c->names);
    if (rc == 0)
        rc = zc_handle_new (ZC_KIND_CONTEXT, c, &c->slot);
    if (rc < 0) {
        zc_names_free (c->names);
        zc_ctx_options_close (&c->opt);
        zc_free (c);
        return rc;
    }
    *handle = c->handle = zc_handle_of (c->slot);
    return 0;
}

/* Locks. 0, -EFAULT, -ZCFFI_EFORKED (not locked, *out is set). */
static int enter (void *handle, struct zc_ctx **out)
{
    struct zc_slot *s;

    if (!zc_self ())
        return -ENOMEM;
    switch (zc_handle_enter (handle, ZC_KIND_CONTEXT, &s)) {
    case ZC_HANDLE_OK:
        *out = s->object;
        return 0;
    case ZC_HANDLE_FORKED:
        *out = s->object;
        return -ZCFFI_EFORKED;
    default:
        return -EFAULT;
    }
}

static void leave (struct zc_ctx *c)
{
    zc_mutex_unlock (&c->slot->mu);
    zc_self_run (zc_self ());
}

int zc_ctx_set (void *handle, int option, int value)
{
    struct zc_ctx *c;
    int rc = enter (handle, &c);
    if (rc < 0)
        return rc;
    rc = zc_ctx_options_set (&c->opt, option, value);
    leave (c);
    return rc;
}

int zc_ctx_get (void *handle, int option, int *value)
{
    struct zc_ctx *c;
    int rc = enter (handle, &c);
    if (rc < 0)
        return rc;
    rc = zc_ctx_options_get (&c->opt, option, value);
    leave (c);
    return rc;
}

/* ---- sockets ---- */

int zc_ctx_reserve (void *handle, struct zc_ctx **out, struct zc_options *inherits)
{
    struct zc_ctx *c;
    int rc = enter (handle, &c);
    if (rc < 0)
        return rc;
    if (!c->max_sockets)
        c->max_sockets = c->opt.max_sockets;
    if (c->is_stopped)
        rc = -ETERM;
    else if (c->socket_count >= c->max_sockets)
        rc = -EMFILE;
    else {
        c->socket_count++;
        if (inherits)
            zc_options_inherit (inherits, &c->opt);
        *out = c;
    }
    leave (c);
    return rc;
}

static void count_down (struct zc_ctx *c)
{
    if (--c->socket_count == 0)
        zc_wake_all (&c->terminators);
    leave (c);
}

void zc_ctx_cancel (struct zc_ctx *c)
{
    zc_mutex_lock (&c->slot->mu);
    count_down (c);
}

bool zc_ctx_enroll (struct zc_ctx *c, struct zc_hub *h)
{
    zc_mutex_lock (&c->slot->mu);
    h->ctx_prev = NULL;
    h->ctx_next = c->hubs;
    if (c->hubs)
        c->hubs->ctx_prev = h;
    c->hubs = h;
    bool open = !c->is_stopped;
    leave (c);
    return open;
}

void zc_ctx_forget (struct zc_ctx *c, struct zc_hub *h)
{
    zc_mutex_lock (&c->slot->mu);
    if (h->ctx_prev)
        h->ctx_prev->ctx_next = h->ctx_next;
    else
        c->hubs = h->ctx_next;
    if (h->ctx_next)
        h->ctx_next->ctx_prev = h->ctx_prev;
    count_down (c);
}

struct zc_names *zc_ctx_names (struct zc_ctx *c)
{
    return c->names;
}

/* ---- I/O threads ---- */

static int start_loop (struct zc_ctx *c, int i)
{
    char name[40], prefix[16] = "";
    struct zc_thread_tune tune = {.policy = c->opt.thread_sched_policy,
                                  .priority = c->opt.thread_priority,
                                  .cpus = (const int *)(const void *)c->opt.cpus.list,
                                  .cpu_count = c->opt.cpus.count,
                                  .name = name};

    if (c->opt.thread_name_prefix)
        snprintf (prefix, sizeof prefix, "%d/", c->opt.thread_name_prefix);
    snprintf (name, sizeof name, "%szcffi/io/%d", prefix, i);
    return zc_loop_start (&c->loops[i], zc_poller_default (), &tune, zc_driver_set_ready);
}

static int prepare_loops (struct zc_ctx *c)
{
    if (c->loops)
        return 0;
    zc_mutex_lock (&c->slot->mu);
    int n = c->opt.io_threads;
    zc_mutex_unlock (&c->slot->mu);
    if (n <= 0)
        return -EMTHREAD;
    c->loops = zc_calloc ((size_t)n, sizeof (struct zc_loop *));
    if (!c->loops)
        return -ENOMEM;
    c->loop_count = n;
    return 0;
}

int zc_ctx_loop (struct zc_ctx *c, uint64_t affinity, struct zc_loop **out)
{
    int best = -1, least = 0;

    zc_mutex_lock (&c->loops_mu);
    int rc = prepare_loops (c);
    for (int i = 0; rc == 0 && i < c->loop_count; i++) {
        if (affinity && !(i < 64 && (affinity >> i & 1)))
            continue;
        int load = c->loops[i] ? atomic_load_explicit (&c->loops[i]->load, memory_order_relaxed) : 0;
        if (best < 0 || load < least) {
            best = i;
            least = load;
        }
    }
    if (rc == 0 && best < 0)
        rc = -EMTHREAD;
    if (rc == 0 && !c->loops[best])
        rc = start_loop (c, best);
    if (rc == 0)
        *out = zc_ctx_loop_share (c->loops[best]);
    zc_mutex_unlock (&c->loops_mu);
    return rc;
}

struct zc_loop *zc_ctx_loop_share (struct zc_loop *l)
{
    atomic_fetch_add_explicit (&l->load, 1, memory_order_relaxed);
    return zc_loop_ref (l);
}

void zc_ctx_loop_done (struct zc_loop *l)
{
    atomic_fetch_sub_explicit (&l->load, 1, memory_order_relaxed);
    zc_loop_unref (l);
}

/* ---- the end ---- */

/* Stops every socket: by handle, since no hub's lock is taken under the context's. Consumes the lock. */
static int stop_sockets (struct zc_ctx *c)
{
    c->is_stopped = true;
    int n = 0;
    for (struct zc_hub *h = c->hubs; h; h = h->ctx_next)
        n++;
    void **handles = n ? zc_alloc ((size_t)n * sizeof (void *)) : NULL;
    if (n && !handles) {
        leave (c);
        return -ENOMEM;
    }
    int k = 0;
    for (struct zc_hub *h = c->hubs; h; h = h->ctx_next)
        handles[k++] = h->handle;
    leave (c);
    for (int i = 0; i < n; i++) {
        struct zc_slot *s;
        if (zc_handle_enter (handles[i], ZC_KIND_SOCKET, &s) != ZC_HANDLE_OK)
            continue;
        struct zc_hub *h = s->object;
        zc_hub_stop (h);
        zc_hub_unlock (h);
    }
    zc_free (handles);
    return 0;
}

/* In a forked child: what it inherited is closed, nothing is waited for or locked. */
static int abandon (struct zc_ctx *c)
{
    c->slot->kind = ZC_KIND_FREE;
    c->slot->gen++;
    for (struct zc_hub *h = c->hubs; h; h = h->ctx_next)
        zc_hub_abandon (h);
    for (int i = 0; i < c->loop_count; i++)
        if (c->loops[i])
            zc_loop_abandon (&c->loops[i]);
    return 0;
}

int zc_ctx_shutdown (void *handle)
{
    struct zc_ctx *c;
    int rc = enter (handle, &c);
    if (rc == -ZCFFI_EFORKED)
        return 0;
    if (rc < 0)
        return rc;
    return stop_sockets (c);
}

static void ctx_free (struct zc_ctx *c)
{
    struct zc_slot *slot = c->slot;

    for (int i = 0; i < c->loop_count; i++)
        if (c->loops[i])
            zc_loop_stop (&c->loops[i]);
    zc_free (c->loops);
    zc_names_free (c->names);
    zc_ctx_options_close (&c->opt);
    zc_mutex_close (&c->loops_mu);
    zc_free (c);
    zc_handle_free (slot);
}

int zc_ctx_term (void *handle)
{
    struct zc_ctx *c;
    int rc = enter (handle, &c);
    if (rc == -ZCFFI_EFORKED)
        return abandon (c);
    if (rc < 0)
        return rc;
    rc = stop_sockets (c);
    if (rc < 0)
        return rc;

    struct zc_parker *parker = zc_self ()->parker;
    for (;;) {
        rc = enter (handle, &c);
        if (rc < 0)
            return 0; /* another thread's call has ended it */
        if (!c->socket_count)
            break;
        struct zc_sleeper s;
        zc_park_prepare (parker, ZC_PARK_WORD);
        zc_sleeper_add (&c->terminators, &s, parker, NULL);
        leave (c);
        rc = zc_park_sleep (parker, ZC_NEVER);
        if (enter (handle, &c) < 0)
            return 0;
        zc_sleeper_cut (&c->terminators, &s);
        leave (c);
        if (rc == -EINTR)
            return rc;
    }
    zc_handle_retire (c->slot, ZC_KIND_FREE);
    zc_wake_all (&c->terminators);
    leave (c);
    ctx_free (c);
    return 0;
}
