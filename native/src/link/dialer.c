#include <errno.h>
#include <limits.h>
#include "core/close.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/monitor.h"
#include "core/pipe.h"
#include "link/config.h"
#include "link/stream.h"
#include "os/clock.h"
#include "os/random.h"
#include "os/resolve.h"
#include "zcffi.h"

struct zc_dialer
{
    struct zc_stream_owner owner; /* first */
    struct zc_hub *hub;           /* a reference */
    struct zc_loop *loop;
    struct zc_link_config *config;
    struct zc_task start_task, resolved_task, stop_task;
    /* under the hub's lock */
    struct zc_pipe *pipe; /* NULL: none yet (IMMEDIATE), or gone */
    bool is_stopped, is_over, is_stop_posted;
    /* the I/O thread's */
    struct zc_lookup *lookup;
    struct zc_addr addrs[ZC_RESOLVE_MAX];
    struct zc_addr from[2];    /* the source address, one of each family; len 0: none */
    int addr_count, addr_next; /* count: or the look-up's error */
    bool looks_for_source;     /* the look-up under way is for the source address */
    int last_error;
    int fd;
    struct zc_watch watch;
    struct zc_alarm alarm;
    int interval; /* ms, the next wait before trying again */
};

static void dial_to (struct zc_dialer *d);
static void try_next (struct zc_dialer *d);
static void retry_later (struct zc_dialer *d);

static void event (struct zc_dialer *d, uint64_t what, uint64_t value, const char *text)
{
    zc_hub_lock (d->hub);
    zc_event_write (d->hub, &(struct zc_event){
                                .event = what, .value = value, .address = d->config->address, .text = text});
    zc_hub_unlock (d->hub);
}

/* ---- connecting, on the I/O thread ---- */

static void failed (struct zc_dialer *d, int error, const char *text)
{
    d->last_error = error;
    d->addr_count = 0;
    event (d, ZCFFI_EVENT_CONNECT_FAILED, (uint64_t)-error, text);
    retry_later (d);
}

/* The source addresses were found: the first of each family counts. */
static void keep_source (struct zc_dialer *d)
{
    for (int i = 0; i < d->addr_count; i++) {
        struct zc_addr *from = &d->from[zc_addr_is_v6 (&d->addrs[i])];
        if (!from->len)
            *from = d->addrs[i];
    }
    d->addr_count = 0;
}

static void resolved (struct zc_task *t)
{
    struct zc_dialer *d =
        (struct zc_dialer *)(void *)((char *)t - offsetof (struct zc_dialer, resolved_task));

    if (!d->lookup)
        return; /* stopped meanwhile */
    zc_resolve_end (&d->lookup);
    if (d->addr_count < 0) {
        failed (d, d->addr_count,
                d->looks_for_source ? "the source address could not be found"
                                    : "the host name could not be resolved");
        return;
    }
    if (d->looks_for_source) {
        keep_source (d);
        dial_to (d);
        return;
    }
    d->addr_next = 0;
    try_next (d);
}

/* On the look-up's thread. */
static void looked_up (void *arg, const struct zc_addr *addrs, int n)
{
    struct zc_dialer *d = arg;

    if (n > 0)
        memcpy (d->addrs, addrs, (size_t)n * sizeof *addrs);
    d->addr_count = n ? n : -EHOSTUNREACH;
    zc_loop_post (d->loop, &d->resolved_task);
    struct zc_self *self = zc_self ();
    if (self)
        zc_self_run (self);
}

/* Finds d->addrs: true at once for numbers and *; else a look-up was started, or has failed. */
static bool look_up (struct zc_dialer *d, const struct zc_hostport *what, unsigned flags)
{
    if (d->config->opt.ipv6)
        flags |= ZC_RESOLVE_IPV6;
    d->addr_count = zc_resolve (what->host, what->port, flags | ZC_RESOLVE_NUMERIC, d->addrs, ZC_RESOLVE_MAX);
    if (d->addr_count > 0)
        return true;
    d->addr_count = 0;
    int rc = zc_resolve_start (what->host, what->port, flags, looked_up, d, &d->lookup);
    if (rc < 0)
        failed (d, rc, "no thread to resolve the host name");
    return false;
}

static void dial_to (struct zc_dialer *d)
{
    d->addr_next = 0;
    d->looks_for_source = false;
    if (d->config->transport == ZC_IPC || look_up (d, &d->config->parsed.to, 0))
        try_next (d);
}

/* An interface may come and go, and its address with it: the source is looked for before every attempt. */
static void dial (struct zc_dialer *d)
{
    const struct zc_hostport *from = &d->config->parsed.from;

    d->last_error = -ECONNREFUSED;
    memset (d->from, 0, sizeof d->from);
    if (d->config->transport == ZC_TCP && *from->host) {
        d->looks_for_source = true;
        if (!look_up (d, from, ZC_RESOLVE_LOCAL))
            return;
        keep_source (d);
    }
    dial_to (d);
}

static void close_fd (struct zc_dialer *d)
{
    zc_loop_alarm_off (d->loop, &d->alarm);
    zc_loop_unwatch (d->loop, &d->watch);
    int fd = d->fd;
    d->fd = -1;
    zc_net_close (fd);
    event (d, ZMQ_EVENT_CLOSED, (uint64_t)fd, NULL);
}

static void connected (struct zc_dialer *d)
{
    struct zc_tcp_ends ends = {.local.len = 0};
    int fd = d->fd;

    if (d->config->transport == ZC_TCP)
        zc_tcp_find_ends (fd, &ends);
    if (zc_tcp_is_self (&ends)) {
        d->last_error = -ECONNREFUSED;
        close_fd (d);
        try_next (d);
        return;
    }
    zc_loop_alarm_off (d->loop, &d->alarm);
    zc_loop_unwatch (d->loop, &d->watch);
    d->fd = -1;
    zc_link_tune (d->config, fd, &ends);
    event (d, ZMQ_EVENT_CONNECTED, (uint64_t)fd, NULL);
    int rc = zc_stream_start (&d->owner, d->hub, d->loop, d->config, fd, &ends.peer);
    if (rc < 0)
        failed (d, rc, "a connection could not be set up");
}

static void on_connect (struct zc_watch *w, unsigned events)
{
    struct zc_dialer *d = (struct zc_dialer *)(void *)((char *)w - offsetof (struct zc_dialer, watch));
    int rc = zc_net_result (d->fd);

    (void)events;
    if (rc == 0) {
        connected (d);
        return;
    }
    d->last_error = rc;
    close_fd (d);
    try_next (d);
}

static void connect_late (struct zc_alarm *a)
{
    struct zc_dialer *d = (struct zc_dialer *)(void *)((char *)a - offsetof (struct zc_dialer, alarm));

    d->last_error = -ETIMEDOUT;
    close_fd (d);
    try_next (d);
}

/* Waits for a connect in progress. */
static int await (struct zc_dialer *d)
{
    int ms = d->config->opt.connect_timeout;
    int rc = zc_loop_watch (d->loop, &d->watch, d->fd, ZC_POLL_OUT);

    d->alarm.fn = connect_late;
    if (rc == 0 && ms)
        rc = zc_loop_alarm (d->loop, &d->alarm, zc_deadline (ms));
    return rc;
}

static int open_next (struct zc_dialer *d)
{
    struct zc_net_opts opts;

    zc_link_net_opts (d->config, &opts);
    if (d->config->transport == ZC_IPC)
        return zc_ipc_connect (d->config->parsed.address, &opts, &d->fd);
    const struct zc_addr *to = &d->addrs[d->addr_next], *from = NULL;
    if (d->from[0].len || d->from[1].len) {
        from = &d->from[zc_addr_is_v6 (to)];
        if (!from->len)
            return -EADDRNOTAVAIL; /* the source is of the other family */
    }
    return zc_tcp_connect (to, from, &opts, &d->fd);
}

static void try_next (struct zc_dialer *d)
{
    int count = d->config->transport == ZC_IPC ? 1 : d->addr_count;

    while (d->addr_next < count) {
        int rc = open_next (d);
        d->addr_next++;
        if (rc == 0) {
            connected (d);
            return;
        }
        if (rc == -EINPROGRESS) {
            event (d, ZMQ_EVENT_CONNECT_DELAYED, EINPROGRESS, NULL);
            rc = await (d);
            if (rc == 0)
                return;
            close_fd (d);
        } else
            event (d, ZMQ_EVENT_CONNECT_DELAYED, (uint64_t)-rc, NULL);
        d->last_error = rc;
    }
    retry_later (d);
}

/* ---- again, or never ---- */

static void give_up (struct zc_dialer *d)
{
    zc_hub_lock (d->hub);
    d->is_over = true;
    if (d->pipe)
        zc_pipe_retire (d->pipe);
    zc_hub_unlock (d->hub);
}

/* IVL plus jitter each time, or doubling up to IVL_MAX. A maximum below the interval is ignored, as libzmq does. */
static int next_interval (struct zc_dialer *d)
{
    const struct zc_options *o = &d->config->opt;
    int ivl = o->reconnect_ivl;

    if (o->reconnect_ivl_max < ivl) {
        int64_t wait = (int64_t)ivl + zc_random_u32 () % (uint32_t)ivl;
        return wait < INT_MAX ? (int)wait : INT_MAX;
    }
    int now = d->interval ? d->interval : ivl;
    if (now > o->reconnect_ivl_max)
        now = o->reconnect_ivl_max;
    d->interval = now > o->reconnect_ivl_max / 2 ? o->reconnect_ivl_max : now * 2;
    return now;
}

static void dial_again (struct zc_alarm *a)
{
    dial ((struct zc_dialer *)(void *)((char *)a - offsetof (struct zc_dialer, alarm)));
}

static void retry_later (struct zc_dialer *d)
{
    if (d->config->opt.reconnect_ivl <= 0) {
        give_up (d);
        return;
    }
    int ms = next_interval (d);
    event (d, ZMQ_EVENT_CONNECT_RETRIED, (uint64_t)ms, NULL);
    d->alarm.fn = dial_again;
    if (zc_loop_alarm (d->loop, &d->alarm, zc_deadline (ms)) < 0)
        zc_loop_post (d->loop, &d->start_task); /* no memory even for the alarm: at once */
}

static struct zc_pipe *own_pipe (struct zc_stream_owner *o)
{
    struct zc_dialer *d = (struct zc_dialer *)(void *)o;
    d->interval = 0;
    return d->pipe;
}

static void stream_over (struct zc_stream_owner *o, struct zc_stream *s, bool ready, bool final)
{
    struct zc_dialer *d = (struct zc_dialer *)(void *)o;

    (void)s;
    (void)ready;
    zc_hub_lock (d->hub);
    bool go_on = !d->is_stop_posted && !d->is_over && d->hub->state != ZC_HUB_DONE;
    zc_hub_unlock (d->hub);
    if (!go_on)
        return;
    if (final)
        give_up (d);
    else
        retry_later (d);
}

/* ---- life ---- */

static void start (struct zc_task *t)
{
    dial ((struct zc_dialer *)(void *)((char *)t - offsetof (struct zc_dialer, start_task)));
}

static void stop (struct zc_task *t)
{
    struct zc_dialer *d = (struct zc_dialer *)(void *)((char *)t - offsetof (struct zc_dialer, stop_task));
    struct zc_hub *h = d->hub;
    struct zc_loop *loop = d->loop;

    if (d->lookup)
        zc_resolve_end (&d->lookup);
    zc_loop_drop (loop, &d->start_task);
    zc_loop_drop (loop, &d->resolved_task);
    if (d->fd >= 0)
        close_fd (d);
    while (d->owner.streams) {
        if (zc_stream_has_joined (d->owner.streams))
            zc_stream_orphan (d->owner.streams);
        else
            zc_stream_abort (d->owner.streams);
    }
    zc_loop_alarm_off (loop, &d->alarm);
    zc_link_config_unref (d->config);
    zc_free (d);
    zc_hub_lock (h);
    zc_hub_exit (h);
    zc_ctx_loop_done (loop);
}

static void post_stop (struct zc_dialer *d)
{
    if (d->is_stop_posted)
        return;
    d->is_stop_posted = true;
    zc_loop_post (d->loop, &d->stop_task);
}

/* The pipe went: by us (then this is the end), or because the pattern or the peer ended it. */
static void pipe_left (struct zc_pipe *p)
{
    struct zc_dialer *d = p->dialer;

    d->pipe = NULL;
    d->is_over = d->owner.is_stopped = true;
    if (d->is_stopped)
        post_stop (d);
}

int zc_dialer_open (struct zc_dialer **out, struct zc_hub *h, struct zc_loop *loop,
                    struct zc_link_config *config, void *owner)
{
    struct zc_dialer *d = zc_calloc (1, sizeof *d);
    if (!d)
        return -ENOMEM;
    d->owner.pipe = own_pipe;
    d->owner.over = stream_over;
    d->owner.endpoint = owner;
    d->hub = h;
    d->loop = loop;
    d->config = zc_link_config_ref (config);
    d->fd = d->watch.fd = -1;
    d->watch.fn = on_connect;
    d->start_task.fn = start;
    d->resolved_task.fn = resolved;
    d->stop_task.fn = stop;
    int rc = 0;
    if (!config->opt.immediate) {
        d->pipe = zc_pipe_new ();
        rc = d->pipe ? zc_link_config_name (config, d->pipe) : -ENOMEM;
        if (rc < 0 && d->pipe)
            zc_pipe_discard (d->pipe);
        if (rc == 0) {
            d->pipe->endpoint = owner;
            d->pipe->dialer = d;
            d->pipe->on_left = pipe_left;
            rc = zc_pipe_attach (h, d->pipe);
            if (rc < 0)
                zc_pipe_discard (d->pipe);
        }
    }
    if (rc < 0) {
        zc_link_config_unref (d->config);
        zc_free (d);
        return rc;
    }
    h->refs++;
    zc_loop_post (loop, &d->start_task);
    *out = d;
    return 0;
}

struct zc_pipe *zc_dialer_pipe (struct zc_dialer *d)
{
    return d->pipe;
}

bool zc_dialer_is_over (const struct zc_dialer *d)
{
    return d->is_over;
}

void zc_dialer_stop (struct zc_dialer *d)
{
    d->is_stopped = true;
    d->owner.is_stopped = !d->pipe;
    if (d->pipe)
        zc_pipe_end (d->pipe); /* pipe_left follows, now or when what is queued has gone */
    else
        post_stop (d);
}
