#include "core/close.h"

#include <errno.h>
#include "core/ctx.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/monitor.h"
#include "core/pipe.h"
#include "os/clock.h"
#include "os/net.h"

int zc_hub_new (struct zc_hub **out, struct zc_ctx *ctx, int type)
{
    struct zc_hub *h = zc_calloc (1, sizeof *h);
    if (!h)
        return -ENOMEM;
    h->ctx = ctx;
    h->type = type;
    h->set.fd = h->f.fd = -1;
    h->set_wake = h->f_event = (struct zc_wake)ZC_WAKE_INIT;
    h->tick.fn = zc_driver_tick;
    zc_mail_init (&h->mail);
    int rc = zc_handle_new (ZC_KIND_SOCKET, h, &h->slot);
    if (rc < 0) {
        zc_mutex_close (&h->mail.mu);
        zc_free (h);
        return rc;
    }
    h->handle = zc_handle_of (h->slot);
    *out = h;
    return 0;
}

static void wake_everybody (struct zc_hub *h)
{
    zc_wake_all (&h->in);
    zc_wake_all (&h->out);
    zc_mutex_lock (&h->mail.mu);
    zc_wake_all (&h->mail.sleepers);
    zc_mutex_unlock (&h->mail.mu);
    zc_driver_raise (h);
}

void zc_hub_stop (struct zc_hub *h)
{
    if (h->state != ZC_HUB_OPEN)
        return;
    h->state = ZC_HUB_STOPPED;
    wake_everybody (h);
}

/* What came in and was not read is dropped; peers inside the process are left. */
static void empty_pipes (struct zc_hub *h)
{
    struct zc_pipe *next;

    for (struct zc_pipe *p = h->pipes; p; p = next) {
        next = p->next;
        zc_frames_clear (&p->in);
        p->in_msgs = 0;
        if (p->is_ending && !p->link)
            zc_pipe_free (p);
        else if (p->chan)
            zc_pipe_retire (p);
    }
    h->avail_head = h->avail_tail = NULL;
    for (struct zc_pipe *p = h->pipes; p; p = p->next)
        p->is_avail = false;
}

void zc_hub_close (struct zc_hub *h, int linger)
{
    h->state = ZC_HUB_CLOSING;
    h->discard = true;
    h->linger_ms = linger;
    h->linger_at = zc_deadline (linger);
    zc_handle_retire (h->slot, ZC_KIND_CLOSING);
    wake_everybody (h);
    zc_hub_drain_mail (h);
    zc_mail_close (h);
    zc_hub_drain_mail (h);
    empty_pipes (h);
    if (h->loop)
        zc_driver_tick_at (h, 0);
    else
        zc_hub_close_step (h);
}

static bool is_drained (const struct zc_hub *h)
{
    for (const struct zc_pipe *p = h->pipes; p; p = p->next)
        if (p->out.msgs || p->slot.kind != ZC_MSG_CLOSED)
            return false;
    return true;
}

uint64_t zc_hub_close_step (struct zc_hub *h)
{
    struct zc_pipe *next;

    if (h->state != ZC_HUB_CLOSING)
        return 0;
    if (h->linger_at > zc_now () && !is_drained (h))
        return h->linger_at == ZC_NEVER ? 0 : h->linger_at;
    h->state = ZC_HUB_DONE;
    if (h->on_done)
        h->on_done (h);
    for (struct zc_pipe *p = h->pipes; p; p = next) {
        next = p->next;
        zc_pipe_retire (p);
    }
    return 0;
}

bool zc_hub_is_over (const struct zc_hub *h)
{
    return h->state == ZC_HUB_DONE && !h->refs && !h->pipes && !h->is_ticking;
}

static void close_descriptors (struct zc_hub *h)
{
    if (h->has_f) {
        if (h->f.ops)
            zc_poller_close (&h->f);
        zc_wake_close (&h->f_event);
    }
    if (h->has_set) {
        zc_poller_close (&h->set);
        zc_wake_close (&h->set_wake);
    }
}

void zc_hub_unlock_and_free (struct zc_hub *h)
{
    struct zc_slot *slot = h->slot;
    struct zc_ctx *ctx = h->ctx;

    zc_monitor_stop (h); /* not earlier: what could not be sent is still told */
    slot->object = NULL;
    zc_mutex_unlock (&slot->mu);
    if (h->has_set)
        zc_poller_del (&h->loop->poller, h->set.fd);
    close_descriptors (h);
    if (h->loop)
        zc_ctx_loop_done (h->loop);
    h->on_free (h);
    zc_self_run (zc_self ());
    zc_mutex_close (&h->mail.mu);
    zc_free (h->links);
    zc_free (h->act);
    zc_free (h->numbers);
    zc_ctx_forget (ctx, h);
    zc_free (h);
    zc_handle_free (slot);
}

void zc_hub_exit_closing (struct zc_hub *h)
{
    if (h->loop)
        zc_driver_tick_at (h, 0);
    else if (zc_hub_is_over (h)) {
        zc_hub_unlock_and_free (h);
        return;
    }
    zc_hub_unlock (h);
}

void zc_hub_abandon (struct zc_hub *h)
{
    for (uint32_t i = 0; i < h->link_cap; i++)
        if (h->links[i])
            zc_net_close (h->links[i]->fd);
    close_descriptors (h);
}
