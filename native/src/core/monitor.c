#include "core/monitor.h"

#include <errno.h>
#include "core/chan.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/names.h"
#include "zcffi.h"

#define QUEUE 10000 /* events that may wait for the monitor */

struct zc_monitor
{
    struct zc_chan *chan;
    uint64_t mask;
    bool wide;
    char name[]; /* inproc name, to free it */
};

static int put_copy (struct zc_msg *m, const void *data, size_t n)
{
    return zc_msg_init_copy (m, data, n);
}

/* Frames of an event: 6 packed bytes and the address, or the wide form. Returns their number. */
static int frames (const struct zc_monitor *mon, const struct zc_event *e, struct zc_msg m[6])
{
    const char *address = e->address ? e->address : "", *remote = e->remote ? e->remote : "";
    int rc = 0, n = 0;

    if (!mon->wide) {
        uint8_t head[6];
        uint16_t event = (uint16_t)e->event;
        uint32_t value = (uint32_t)e->value;
        memcpy (head, &event, 2);
        memcpy (head + 2, &value, 4);
        rc |= put_copy (&m[n++], head, 6);
        rc |= put_copy (&m[n++], address, strlen (address));
    } else {
        uint64_t one = 1;
        rc |= put_copy (&m[n++], &e->event, 8);
        rc |= put_copy (&m[n++], &one, 8);
        rc |= put_copy (&m[n++], &e->value, 8);
        rc |= put_copy (&m[n++], address, strlen (address));
        rc |= put_copy (&m[n++], remote, strlen (remote));
        if (e->text)
            rc |= put_copy (&m[n++], e->text, strlen (e->text));
    }
    return rc < 0 ? -n : n;
}

bool zc_monitor_wants (const struct zc_hub *h, uint64_t event)
{
    return h->monitor && (h->monitor->mask & event);
}

static void write_event (struct zc_hub *h, const struct zc_event *e)
{
    struct zc_msg m[6];
    int n = frames (h->monitor, e, m), count = n < 0 ? -n : n;

    int rc = n < 0 ? -ENOMEM : zc_chan_write (h->monitor->chan, m, (size_t)n);

    if (rc < 0 && rc != -EPIPE) /* there is a reader, or one may come: no room, no memory */
        h->dropped++;
    for (int i = 0; i < count; i++)
        zc_msg_drop (&m[i]);
}

void zc_event_write (struct zc_hub *h, const struct zc_event *e)
{
    if (zc_monitor_wants (h, e->event))
        write_event (h, e);
}

void zc_event_refused (struct zc_hub *h, int error, const char *why)
{
    zc_event_write (
        h, &(struct zc_event){.event = ZCFFI_EVENT_PEER_REFUSED, .value = (uint64_t)-error, .text = why});
}

void zc_event_dropped (struct zc_hub *h, uint64_t n, const char *why)
{
    h->dropped += n;
    zc_event_write (h, &(struct zc_event){.event = ZCFFI_EVENT_MESSAGES_DROPPED, .value = n, .text = why});
}

void zc_event_full (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;

    h->dropped++;
    if (!zc_monitor_wants (h, ZCFFI_EVENT_PEER_FULL) || p->is_full_told)
        return;
    p->is_full_told = true;
    write_event (h, &(struct zc_event){.event = ZCFFI_EVENT_PEER_FULL,
                                       .value = h->dropped,
                                       .address = p->link ? p->link->address : NULL,
                                       .remote = p->link ? p->link->remote : NULL,
                                       .text = "a message for a peer at its high-water mark was dropped"});
}

int zc_monitor_start (struct zc_hub *h, const char *name, uint64_t mask, bool wide)
{
    size_t n = strlen (name);

    zc_monitor_stop (h);
    struct zc_monitor *mon = zc_calloc (1, sizeof *mon + n + 1);
    if (!mon)
        return -ENOMEM;
    mon->mask = mask;
    mon->wide = wide;
    memcpy (mon->name, name, n);
    struct zc_chan_card card = {.type = ZMQ_PAIR, .sndhwm = QUEUE, .rcvhwm = QUEUE};
    int rc = zc_chan_new (&mon->chan, NULL, NULL, &card);
    if (rc == 0) {
        rc = zc_names_offer (h->ctx, name, mon->chan);
        if (rc < 0)
            zc_chan_unref (mon->chan);
    }
    if (rc < 0) {
        zc_free (mon);
        return rc;
    }
    h->monitor = mon;
    return 0;
}

void zc_monitor_hide (struct zc_hub *h)
{
    if (h->monitor)
        zc_names_withdraw (h->ctx, h->monitor->name, h->monitor->chan);
}

void zc_monitor_stop (struct zc_hub *h)
{
    struct zc_monitor *mon = h->monitor;

    if (!mon)
        return;
    if (mon->mask & ZMQ_EVENT_MONITOR_STOPPED)
        write_event (h, &(struct zc_event){.event = ZMQ_EVENT_MONITOR_STOPPED});
    h->monitor = NULL;
    zc_names_withdraw (h->ctx, mon->name, mon->chan);
    zc_chan_close_writer (mon->chan);
    zc_free (mon);
}
