#include <errno.h>
#include <stdio.h>
#include "core/close.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/monitor.h"
#include "link/config.h"
#include "link/stream.h"
#include "os/clock.h"
#include "os/resolve.h"
#include "zmq.h"

#define BACKOFF_MIN (10 * ZC_MS) /* out of descriptors or memory: the next accept waits so long, doubling */
#define BACKOFF_MAX (1000 * ZC_MS)
enum
{
    ACCEPT_BATCH = 16
};

struct zc_listener
{
    struct zc_stream_owner owner; /* first */
    struct zc_hub *hub;           /* a reference */
    struct zc_loop *loop;
    struct zc_link_config *config;
    zc_mutex mu; /* guards fd and watch: the descriptor is closed by whoever stops the listener */
    int fd;
    struct zc_watch watch;
    struct zc_alarm alarm; /* loop thread */
    uint64_t backoff;
    struct zc_task start_task, stop_task;
    char *path; /* ipc, not abstract: to be removed */
    bool is_wildcard, is_adopted;
    struct zc_ipc_id id;
};

static struct zc_pipe *no_pipe (struct zc_stream_owner *o)
{
    (void)o;
    return NULL;
}

static void stream_over (struct zc_stream_owner *o, struct zc_stream *s, bool ready, bool final)
{
    (void)o;
    (void)s;
    (void)ready;
    (void) final;
}

static void event (struct zc_listener *l, uint64_t what, uint64_t value)
{
    zc_event_write (l->hub, &(struct zc_event){.event = what, .value = value, .address = l->config->address});
}

static void event_unlocked (struct zc_listener *l, uint64_t what, uint64_t value)
{
    zc_hub_lock (l->hub);
    event (l, what, value);
    zc_hub_unlock (l->hub);
}

/* ---- accepting, on the I/O thread ---- */

static bool tcp_admitted (const struct zc_options *o, const struct zc_addr *peer)
{
    uint8_t ip[16];
    if (!o->tcp_accept_filter.count)
        return true;
    size_t n = zc_addr_ip (peer, ip);
    return n && zc_networks_accept (&o->tcp_accept_filter, ip, n);
}

static bool gid_admitted (const struct zc_ids *ids, int64_t uid, int64_t gid)
{
    for (size_t i = 0; i < ids->count; i++)
        if ((int64_t)ids->list[i] == gid || zc_user_in_group (uid, ids->list[i]))
            return true;
    return false;
}

/* A match in any of the lists admits. */
static bool ipc_admitted (const struct zc_options *o, int fd)
{
    int64_t pid, uid, gid;

    if (!o->ipc_filter_pid.count && !o->ipc_filter_uid.count && !o->ipc_filter_gid.count)
        return true;
    if (zc_ipc_peer (fd, &pid, &uid, &gid) < 0)
        return false;
    return (pid >= 0 && o->ipc_filter_pid.count && zc_ids_have (&o->ipc_filter_pid, (uint32_t)pid))
           || (o->ipc_filter_uid.count && zc_ids_have (&o->ipc_filter_uid, (uint32_t)uid))
           || gid_admitted (&o->ipc_filter_gid, uid, gid);
}

static void admit (struct zc_listener *l, int fd, const struct zc_addr *peer)
{
    const struct zc_options *o = &l->config->opt;
    bool is_tcp = l->config->transport == ZC_TCP;
    struct zc_tcp_ends ends = {.peer = *peer};

    if (!(is_tcp ? tcp_admitted (o, peer) : ipc_admitted (o, fd))) {
        zc_net_close (fd);
        event_unlocked (l, ZMQ_EVENT_ACCEPT_FAILED, EACCES);
        return;
    }
    if (is_tcp)
        zc_tcp_find_ends (fd, &ends);
    zc_link_tune (l->config, fd, &ends);
    event_unlocked (l, ZMQ_EVENT_ACCEPTED, (uint64_t)fd);
    int rc = zc_stream_start (&l->owner, l->hub, l->loop, l->config, fd, &ends.peer);
    if (rc < 0)
        event_unlocked (l, ZMQ_EVENT_ACCEPT_FAILED, (uint64_t)-rc);
}

static bool is_shortage (int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

/* 0: one was accepted; -EAGAIN, or the error. */
static int accept_one (struct zc_listener *l)
{
    struct zc_addr peer = {.len = 0};
    int fd = -1;

    zc_mutex_lock (&l->mu);
    int rc = l->fd < 0 ? -EAGAIN : zc_net_accept (l->fd, &fd, &peer);
    if (rc < 0 && is_shortage (rc))
        zc_loop_watch_mod (l->loop, &l->watch, 0); /* wait, don't spin */
    zc_mutex_unlock (&l->mu);
    if (rc == 0)
        admit (l, fd, &peer);
    return rc;
}

/* Tries again after a while; at once if there is no memory even for the alarm. */
static void pause_accepting (struct zc_listener *l)
{
    l->backoff = l->backoff ? l->backoff * 2 : BACKOFF_MIN;
    if (l->backoff > BACKOFF_MAX)
        l->backoff = BACKOFF_MAX;
    if (zc_loop_alarm (l->loop, &l->alarm, zc_now () + l->backoff) == 0)
        return;
    zc_mutex_lock (&l->mu);
    if (l->fd >= 0) /* else it is being stopped, and nothing may come after that */
        zc_loop_post (l->loop, &l->start_task);
    zc_mutex_unlock (&l->mu);
}

static void on_accept (struct zc_watch *w, unsigned events)
{
    struct zc_listener *l = (struct zc_listener *)(void *)((char *)w - offsetof (struct zc_listener, watch));
    int rc = 0;

    (void)events;
    for (int i = 0; i < ACCEPT_BATCH && rc == 0; i++)
        rc = accept_one (l);
    if (rc == 0) {
        l->backoff = 0;
        return;
    }
    if (rc == -EAGAIN)
        return;
    event_unlocked (l, ZMQ_EVENT_ACCEPT_FAILED, (uint64_t)-rc);
    if (!is_shortage (rc))
        return; /* that connection was lost; the listener is well */
    pause_accepting (l);
}

/* At the start, and after a pause. */
static void accept_from_now (struct zc_listener *l)
{
    int rc = 0;

    zc_mutex_lock (&l->mu);
    if (l->fd >= 0)
        rc = l->watch.fd >= 0 ? zc_loop_watch_mod (l->loop, &l->watch, ZC_POLL_IN)
                              : zc_loop_watch (l->loop, &l->watch, l->fd, ZC_POLL_IN);
    zc_mutex_unlock (&l->mu);
    if (rc < 0) {
        event_unlocked (l, ZMQ_EVENT_ACCEPT_FAILED, (uint64_t)-rc);
        pause_accepting (l);
    }
}

static void accept_again (struct zc_alarm *a)
{
    accept_from_now ((struct zc_listener *)(void *)((char *)a - offsetof (struct zc_listener, alarm)));
}

/* ---- life ---- */

static void start (struct zc_task *t)
{
    accept_from_now ((struct zc_listener *)(void *)((char *)t - offsetof (struct zc_listener, start_task)));
}

static void listener_free (struct zc_listener *l)
{
    zc_link_config_unref (l->config);
    zc_mutex_close (&l->mu);
    zc_free (l->path);
    zc_free (l);
}

static void stop (struct zc_task *t)
{
    struct zc_listener *l =
        (struct zc_listener *)(void *)((char *)t - offsetof (struct zc_listener, stop_task));
    struct zc_hub *h = l->hub;
    struct zc_loop *loop = l->loop;

    zc_loop_alarm_off (loop, &l->alarm);
    zc_loop_unwatch (loop, &l->watch);
    while (l->owner.streams) {
        if (zc_stream_has_joined (l->owner.streams))
            zc_stream_orphan (l->owner.streams);
        else
            zc_stream_abort (l->owner.streams);
    }
    listener_free (l);
    zc_hub_lock (h);
    zc_hub_exit (h);
    zc_ctx_loop_done (loop);
}

void zc_listener_stop (struct zc_listener *l)
{
    /* The file goes first: the open socket pins its number, by which it is known to be ours. */
    int rc = l->path ? zc_ipc_remove (l->path, &l->id) : 0;
    if (l->is_wildcard)
        rc = zc_ipc_remove_dir (l->path);
    l->owner.is_stopped = true;
    zc_mutex_lock (&l->mu);
    int fd = l->fd;
    if (l->watch.events) {
        zc_poller_del (&l->loop->poller, fd);
        zc_poller_settle (&l->loop->poller);
        l->watch.events = 0;
    }
    if (!l->is_adopted)
        zc_net_shutdown (fd); /* or a child that was forked meanwhile would go on listening */
    zc_net_close (fd);
    l->fd = -1;
    zc_mutex_unlock (&l->mu);
    event (l, ZMQ_EVENT_CLOSED, (uint64_t)fd);
    if (rc < 0)
        event (l, ZMQ_EVENT_CLOSE_FAILED, (uint64_t)-rc);
    zc_loop_post (l->loop, &l->stop_task);
}

void zc_listener_abandon (struct zc_listener *l)
{
    zc_net_close (l->fd);
}

/* ---- binding, on the caller's thread ---- */

static int name_tcp (struct zc_listener *l)
{
    struct zc_addr a;
    char text[128];
    int rc = zc_net_local (l->fd, &a);
    if (rc < 0)
        return rc;
    memcpy (text, "tcp://", 6);
    zc_addr_text (&a, text + 6, sizeof text - 6);
    l->config->address = zc_alloc (strlen (text) + 1);
    if (!l->config->address) {
        l->config->address = l->config->text;
        return -ENOMEM;
    }
    memcpy (l->config->address, text, strlen (text) + 1);
    return 0;
}

static int bind_tcp (struct zc_listener *l)
{
    const struct zc_hostport *to = &l->config->parsed.to;
    struct zc_net_opts opts;
    struct zc_addr a[ZC_RESOLVE_MAX];
    unsigned flags = ZC_RESOLVE_LOCAL | (l->config->opt.ipv6 ? ZC_RESOLVE_IPV6 : 0u);

    zc_link_net_opts (l->config, &opts);
    int n = zc_resolve (to->host, to->port, flags, a, ZC_RESOLVE_MAX);
    if (n <= 0)
        return n ? n : -ENODEV;
    int rc = -EADDRNOTAVAIL;
    for (int i = 0; i < n; i++) {
        rc = zc_tcp_listen (&a[i], &opts, &l->fd);
        if (rc == 0)
            return name_tcp (l);
    }
    return rc;
}

static int bind_ipc (struct zc_listener *l)
{
    const char *path = l->config->parsed.address;
    struct zc_net_opts opts;
    char made[128];

    zc_link_net_opts (l->config, &opts);
    if (strcmp (path, "*") == 0) {
        int rc = zc_ipc_wildcard (made, sizeof made);
        if (rc < 0)
            return rc;
        l->is_wildcard = true;
        path = made;
    }
    size_t n = strlen (path);
    if (path[0] != '@') {
        l->path = zc_alloc (n + 1);
        if (!l->path)
            return -ENOMEM;
        memcpy (l->path, path, n + 1);
    }
    int rc = zc_ipc_listen (path, &opts, &l->fd, &l->id);
    if (rc < 0) {
        if (l->is_wildcard)
            (void)zc_ipc_remove_dir (path);
        zc_free (l->path);
        l->path = NULL;
        return rc;
    }
    if (l->is_wildcard) {
        char *address = zc_alloc (n + 7);
        if (!address)
            return -ENOMEM;
        snprintf (address, n + 7, "ipc://%s", path);
        l->config->address = address;
    }
    return 0;
}

static int bind_adopted (struct zc_listener *l)
{
    int fd = l->config->opt.use_fd;
    int rc = zc_net_adopt (fd);
    if (rc < 0)
        return rc;
    l->fd = fd;
    l->is_adopted = true;
    return l->config->transport == ZC_TCP ? name_tcp (l) : 0;
}

int zc_listener_open (struct zc_listener **out, struct zc_hub *h, struct zc_loop *loop,
                      struct zc_link_config *config, void *owner, const char **address)
{
    struct zc_listener *l = zc_calloc (1, sizeof *l);
    if (!l)
        return -ENOMEM;
    l->owner.pipe = no_pipe;
    l->owner.over = stream_over;
    l->owner.endpoint = owner;
    l->owner.is_bound = true;
    l->hub = h;
    l->loop = loop;
    l->config = zc_link_config_ref (config);
    l->fd = l->watch.fd = -1;
    l->watch.fn = on_accept;
    l->alarm.fn = accept_again;
    l->start_task.fn = start;
    l->stop_task.fn = stop;
    zc_mutex_init (&l->mu);
    int rc = config->opt.use_fd >= 0       ? bind_adopted (l)
             : config->transport == ZC_TCP ? bind_tcp (l)
                                           : bind_ipc (l);
    if (rc < 0) {
        if (l->fd >= 0 && !l->is_adopted)
            zc_net_close (l->fd);
        zc_hub_lock (h);
        event (l, ZMQ_EVENT_BIND_FAILED, (uint64_t)-rc);
        zc_hub_unlock (h);
        listener_free (l);
        return rc;
    }
    zc_hub_lock (h);
    h->refs++;
    event (l, ZMQ_EVENT_LISTENING, (uint64_t)l->fd);
    zc_loop_post (loop, &l->start_task);
    zc_hub_unlock (h);
    *address = config->address;
    *out = l;
    return 0;
}
