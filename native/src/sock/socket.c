#include "sock/socket.h"

#include <errno.h>
#include "core/chan.h"
#include "core/close.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/monitor.h"
#include "os/clock.h"
#include "sock/exported.h"
#include "sock/sleep.h"

/* ---- calls come and go ---- */

int zc_sock_refuse (int found, struct zc_slot *slot)
{
    if (!zc_self_mine)
        return -ENOMEM;
    if (found == ZC_HANDLE_FORKED)
        return -ZCFFI_EFORKED;
    if (found != ZC_HANDLE_OK)
        return -ENOTSOCK;
    zc_hub_unlock (slot->object); /* not OPEN */
    return -ETERM;
}

/* ---- life ---- */

static void on_done (struct zc_hub *h)
{
    zc_endpoints_end (h->sock);
}

static void sock_free (struct zc_sock *s)
{
    if (s->pattern->close && s->state)
        s->pattern->close (s);
    for (size_t i = 0; i < s->half_out_count; i++)
        zc_msg_drop (&s->half_out[i]);
    zc_free (s->half_out);
    zc_frames_clear (&s->half_in);
    zc_frames_clear (&s->stash);
    zc_meta_unref (s->half_in_meta);
    zc_meta_unref (s->stash_meta);
    zc_options_close (&s->opt);
    zc_free (s->last_endpoint);
    zc_free (s->state);
    zc_free (s);
}

static void on_free (struct zc_hub *h)
{
    sock_free (h->sock);
}

static void take_limits (struct zc_sock *s)
{
    struct zc_hub *h = s->hub;

    h->sndhwm = (uint32_t)s->opt.sndhwm;
    h->rcvhwm = (uint32_t)s->opt.rcvhwm;
    h->linger_ms = s->opt.linger;
    h->look_again = (uint64_t)(unsigned)s->opt.look_again * ZC_US;
    h->conflate = s->opt.conflate
                  && (h->type == ZMQ_DEALER || h->type == ZMQ_PULL || h->type == ZMQ_PUSH
                      || h->type == ZMQ_PUB || h->type == ZMQ_SUB);
    h->conflate_in = h->conflate && s->pattern->receives;
}

static int sock_init (struct zc_sock *s, struct zc_ctx *ctx, const struct zc_pattern *pattern)
{
    s->pattern = pattern;
    s->state = zc_calloc (1, pattern->state_size + 1);
    if (!s->state)
        return -ENOMEM;
    int rc = zc_hub_new (&s->hub, ctx, pattern->type);
    if (rc < 0)
        return rc;
    struct zc_hub *h = s->hub;
    h->sock = s;
    h->ops = &pattern->hub;
    h->on_done = on_done;
    h->on_free = on_free;
    take_limits (s);
    return pattern->open ? pattern->open (s) : 0;
}

int zc_sock_open (void *ctx_handle, int type, void **handle)
{
    const struct zc_pattern *pattern = zc_pattern_of (type);
    struct zc_ctx *ctx;

    struct zc_sock *s = zc_calloc (1, sizeof *s);
    if (!s)
        return -ENOMEM;
    zc_options_init (&s->opt, type);
    int rc = zc_ctx_reserve (ctx_handle, &ctx, &s->opt);
    if (rc == 0 && !pattern) {
        rc = -EINVAL;
        zc_ctx_cancel (ctx);
    }
    if (rc < 0) {
        zc_options_close (&s->opt);
        zc_free (s);
        return rc;
    }
    rc = sock_init (s, ctx, pattern);
    if (rc < 0) {
        if (s->hub) {
            struct zc_slot *slot = s->hub->slot;
            zc_mutex_lock (&slot->mu);
            zc_handle_retire (slot, ZC_KIND_FREE);
            zc_mutex_unlock (&slot->mu);
            zc_mutex_close (&s->hub->mail.mu);
            zc_free (s->hub);
            zc_handle_free (slot);
        }
        sock_free (s);
        zc_ctx_cancel (ctx);
        return rc;
    }
    *handle = s->hub->handle;
    if (!zc_ctx_enroll (ctx, s->hub)) {
        zc_hub_lock (s->hub);
        zc_hub_stop (s->hub);
        zc_hub_unlock (s->hub);
    }
    return 0;
}

/* In a forked child: what was inherited is closed quietly, nothing is locked. */
static int abandon (struct zc_slot *slot)
{
    struct zc_hub *h = slot->object;

    slot->kind = ZC_KIND_FREE;
    slot->gen++;
    zc_endpoints_abandon (h->sock);
    zc_hub_abandon (h);
    return 0;
}

int zc_sock_close (void *handle)
{
    struct zc_slot *slot;

    if (!zc_self ())
        return -ENOMEM;
    switch (zc_handle_enter (handle, ZC_KIND_SOCKET, &slot)) {
    case ZC_HANDLE_OK:
        break;
    case ZC_HANDLE_FORKED:
        return abandon (slot);
    default:
        return -ENOTSOCK;
    }
    struct zc_hub *h = slot->object;
    struct zc_sock *s = h->sock;
    h->refs++;
    zc_hub_drain_mail (h);
    zc_endpoints_close (s);
    zc_monitor_hide (h);
    zc_hub_close (h, s->opt.linger);
    zc_hub_exit (h);
    zc_msg_run_late ();
    return 0;
}

void zc_sock_lost (void *handle, uint64_t n, const char *why)
{
    struct zc_sock *s;

    if (zc_sock_enter (handle, &s) < 0)
        return; /* nobody is left to be told */
    zc_event_dropped (s->hub, n, why);
    zc_sock_exit (s);
}

/* ---- options ---- */

static void limits_changed (struct zc_sock *s)
{
    struct zc_hub *h = s->hub;
    uint32_t sndhwm = h->sndhwm, rcvhwm = h->rcvhwm;

    take_limits (s);
    if (h->sndhwm == sndhwm && h->rcvhwm == rcvhwm)
        return;
    for (struct zc_pipe *p = h->pipes; p; p = p->next) {
        if (p->chan)
            zc_chan_limits (p);
        if (p->has_out && p->act < 0)
            zc_pipe_open_out (p);
    }
    h->resume = true;
}

int zc_sock_set (void *handle, int option, const void *value, size_t size)
{
    struct zc_sock *s;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = zc_options_set (&s->opt, s->pattern->type, option, value, size);
    if (rc == ZC_OPT_SOCKET)
        rc = s->pattern->set ? s->pattern->set (s, option, value, size) : -EINVAL;
    else if (rc == 0) {
        limits_changed (s);
        if (s->pattern->set)
            (void)s->pattern->set (s, option, value, size); /* the stored value acts from now on */
        zc_wait_nothing (s->hub);
    }
    if (rc == 0)
        zc_driver_sent (s->hub); /* subscriptions */
    zc_sock_exit (s);
    return rc;
}

int zc_sock_events (struct zc_sock *s)
{
    struct zc_hub *h = s->hub;
    struct zc_wait w;
    int events = 0;

    zc_wait_init (&w, h);
    bool in = zc_sock_has_message (s);
    if (!in)
        (void)zc_wait_in (&w); /* looks */
    zc_wait_end (&w);
    do /* judged in the region that clears: both calls may have given the lock away */
        in = zc_sock_has_message (s);
    while (!in && !zc_driver_clear (h));
    if (in)
        events |= ZMQ_POLLIN;
    if (h->ops->can_send && h->ops->can_send (h))
        events |= ZMQ_POLLOUT;
    return events;
}

static int get_own (struct zc_sock *s, int option, void *value, size_t *size)
{
    int fd, rc;

    switch (option) {
    case ZMQ_TYPE:
        return zc_optval_put_int (value, size, s->pattern->type);
    case ZMQ_RCVMORE:
        return zc_optval_put_answer (value, size, s->rcvmore);
    case ZMQ_EVENTS:
        return zc_optval_put_answer (value, size, zc_sock_events (s));
    case ZMQ_LAST_ENDPOINT:
        return zc_optval_put_string (value, size, s->last_endpoint ? s->last_endpoint : "");
    case ZCFFI_DROPPED:
        return zc_optval_put_uint64 (value, size, s->hub->dropped);
    case ZMQ_FD:
        rc = zc_exported_fd (s, &fd);
        return rc < 0 ? rc : zc_optval_put_fd (value, size, fd);
    default:
        return -EINVAL;
    }
}

int zc_sock_get (void *handle, int option, void *value, size_t *size)
{
    struct zc_sock *s;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = s->pattern->get ? s->pattern->get (s, option, value, size) : ZC_OPT_SOCKET;
    if (rc == ZC_OPT_SOCKET)
        rc = zc_options_get (&s->opt, s->pattern->type, option, value, size);
    if (rc == ZC_OPT_SOCKET)
        rc = get_own (s, option, value, size);
    zc_sock_exit (s);
    return rc;
}
