#include "link/stream.h"

#include <errno.h>
#include <stdio.h>
#include "core/monitor.h"
#include "core/pipe.h"
#include "link/config.h"
#include "link/intake.h"
#include "link/peer.h"
#include "os/clock.h"
#include "zcffi.h"

#define HANDSHAKE_READ 4096u
#define ENCODE_MAX 65536u /* encoded ahead of writing, for peers that do not read ZMTP 2 frames */

struct zc_stream
{
    struct zc_link link; /* first */
    struct zc_link_config *config;
    struct zc_stream_owner *owner; /* NULL: it went */
    struct zc_stream *next, *prev; /* the owner's */
    struct zc_wire wire;
    struct zc_cutter cutter;
    struct zc_alarm alarm; /* the handshake's end, then the heartbeat */
    char peer[64];         /* Peer-Address: the host; for ipc localhost and who it is, as libzmq has it */
    char remote[96];       /* with port, for events */
    uint8_t first[16];     /* the first bytes that came, for the words about a stranger */
    uint8_t first_size;
};

static struct zc_stream *stream_of (struct zc_link *l)
{
    return (struct zc_stream *)(void *)l;
}

bool zc_stream_has_joined (const struct zc_stream *s)
{
    return s->link.is_joined;
}

struct zc_stream *zc_stream_next (const struct zc_stream *s)
{
    return s->next;
}

static void leave_owner (struct zc_stream *s)
{
    if (!s->owner)
        return;
    if (s->prev)
        s->prev->next = s->next;
    else
        s->owner->streams = s->next;
    if (s->next)
        s->next->prev = s->prev;
}

void zc_stream_orphan (struct zc_stream *s)
{
    leave_owner (s);
    s->owner = NULL;
}

static void stream_free (struct zc_stream *s)
{
    zc_wire_close (&s->wire);
    zc_cutter_free (&s->cutter);
    zc_link_config_unref (s->config);
    zc_free (s);
}

/* ---- events ---- */

static void event (struct zc_stream *s, uint64_t what, uint64_t value, const char *text)
{
    zc_event_write (
        s->link.hub,
        &(struct zc_event){
            .event = what, .value = value, .address = s->link.address, .remote = s->remote, .text = text});
}

/* The words about a peer that was refused in its handshake; what does not begin as ZMTP does is shown: it tells what came. */
static const char *words (const struct zc_stream *s, const char *why, char *out, size_t cap)
{
    size_t at = 0;

    if (!s->first_size || s->first[0] == 0xFF)
        return why;
    at += (size_t)snprintf (out, cap, "%s; it began with \"", why);
    if (at >= cap)
        return why;
    for (size_t i = 0; i < s->first_size && at + 6 < cap; i++) {
        uint8_t c = s->first[i];
        bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
        at += (size_t)snprintf (out + at, cap - at, plain ? "%c" : "\\x%02x", c);
    }
    snprintf (out + at, cap - at, "\"");
    return out;
}

/* Says why the peer is refused: the events of the ZeroMQ API, and ours with words. Under the hub's lock. */
static void event_refused (struct zc_stream *s, bool ready, int error, uint32_t code, const char *why)
{
    if (!ready && error == -EACCES)
        event (s, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, code, NULL);
    else if (!ready && code)
        event (s, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, code, NULL);
    else if (!ready)
        event (s, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, (uint64_t)-error, NULL);
    char text[256];
    if (why)
        event (s, ZCFFI_EVENT_PEER_REFUSED, code ? code : (uint64_t)-error,
               ready ? why : words (s, why, text, sizeof text));
}

/* ---- the end ---- */

/* Not joined, or already out of the hub: closes, tells the owner, frees. error 0: the peer left, or we did. */
static void finish (struct zc_stream *s, bool ready, int error, uint32_t code, const char *why)
{
    struct zc_link *l = &s->link;
    struct zc_hub *h = l->hub;
    int fd = l->fd;

    zc_loop_alarm_off (l->loop, &s->alarm);
    zc_loop_unwatch (l->loop, &l->watch);
    zc_net_shutdown (fd);
    zc_net_close (fd);
    zc_hub_lock (h);
    if (error)
        event_refused (s, ready, error, code, why);
    event (s, ZMQ_EVENT_DISCONNECTED, (uint64_t)fd, NULL);
    zc_hub_unlock (h);
    struct zc_stream_owner *o = s->owner;
    leave_owner (s);
    if (o)
        o->over (o, s, ready, error == -EPROTO || error == -EMSGSIZE || error == -EACCES);
    stream_free (s);
}

static void stream_gone (struct zc_link *l)
{
    struct zc_stream *s = stream_of (l);
    finish (s, true, l->why || l->code ? l->error : 0, l->code, l->why);
}

void zc_stream_abort (struct zc_stream *s)
{
    finish (s, false, 0, 0, NULL);
}

/* ---- traffic ---- */

static void stream_read (struct zc_link *l, struct zc_intake *in)
{
    struct zc_stream *s = stream_of (l);
    zc_cutter_read (&s->cutter, l->fd, in->hung_up, in);
}

static void raw_read (struct zc_link *l, struct zc_intake *in)
{
    zc_raw_read (l->fd, in->hung_up, in);
}

static int stream_subscribe (struct zc_link *l, bool cancel, const uint8_t *topic, size_t n)
{
    struct zc_stream *s = stream_of (l);
    size_t size = zc_wire_put_subscription (&s->wire, cancel, topic, n, NULL, 0);
    uint8_t *at = zc_bytes_room (&l->commands, size);

    if (!at)
        return -ENOMEM;
    zc_wire_put_subscription (&s->wire, cancel, topic, n, at, size);
    l->commands.end += size;
    zc_driver_dirty (l->hub, l->pipe);
    return 0;
}

/* Whole frames from the queue in another form: bodies alone (raw), or with the header of ZMTP 1.0. */
static void encode (struct zc_link *l, const struct zc_outq *q, struct zc_bytes *into)
{
    struct zc_stream *s = stream_of (l);
    struct zc_outq_at at = {0};
    struct zc_view v;
    size_t size;

    while (l->writing_bytes < ENCODE_MAX && zc_outq_walk (q, &at, &v, &size)) {
        uint8_t head[10];
        size_t h = s->config->is_raw ? 0 : zc_wire_head (1, v.flags, v.size, head);
        uint8_t *to = v.size < SIZE_MAX - h ? zc_bytes_room (into, h + v.size) : NULL;
        if (!to)
            return; /* no memory now: what was encoded goes out, the rest is tried again */
        memcpy (to, head, h);
        if (v.size)
            memcpy (to + h, v.data, v.size);
        into->end += h + v.size;
        l->writing_bytes += size;
    }
}

static const struct zc_link_ops ops_zmtp = {
    .read = stream_read, .gone = stream_gone, .subscribe = stream_subscribe};
static const struct zc_link_ops ops_zmtp1 = {
    .read = stream_read, .gone = stream_gone, .subscribe = stream_subscribe, .encode = encode};
static const struct zc_link_ops ops_raw = {
    .read = raw_read, .gone = stream_gone, .subscribe = stream_subscribe, .encode = encode};

/* ---- heartbeats ---- */

static void beat_step (struct zc_stream *s)
{
    struct zc_link *l = &s->link;
    struct zc_hub *h = l->hub;
    uint64_t next = ZC_NEVER;
    int rc = 0;

    zc_hub_lock (h);
    l->is_beat_posted = false;
    if (!l->is_dead && l->has_beat) {
        uint8_t ping[16];
        switch (zc_beat_tick (&l->beat, zc_now (), &next)) {
        case ZC_BEAT_PING:
            rc = zc_driver_command (h, l, ping, zc_wire_put_ping ((uint16_t)l->beat.ttl_sent, ping));
            zc_driver_tell (h);
            break;
        case ZC_BEAT_DEAD:
            next = ZC_NEVER;
            zc_driver_kill (h, l, -ETIMEDOUT, 0, "the peer was silent for longer than its heartbeat allows");
            break;
        default:
            break;
        }
    }
    if (next == ZC_NEVER)
        zc_loop_alarm_off (l->loop, &s->alarm);
    else if (rc == 0)
        rc = zc_loop_alarm (l->loop, &s->alarm, next);
    if (rc < 0)
        zc_driver_kill (h, l, rc, 0, "no memory for a heartbeat");
    zc_hub_unlock (h);
}

static void beat_alarm (struct zc_alarm *a)
{
    beat_step ((struct zc_stream *)(void *)((char *)a - offsetof (struct zc_stream, alarm)));
}

static void beat_task (struct zc_task *t)
{
    beat_step ((struct zc_stream *)(void *)((char *)t - offsetof (struct zc_stream, link.beat_task)));
}

static void start_beat (struct zc_stream *s)
{
    const struct zc_options *o = &s->config->opt;

    if (s->wire.major < 3 || s->config->is_raw)
        return;
    int ivl = s->wire.minor ? o->heartbeat_ivl : 0; /* RFC 23 (3.0) knows no PING and need not answer one */
    s->link.has_beat = true;
    zc_beat_init (&s->link.beat, ivl, o->heartbeat_ttl, o->heartbeat_timeout, zc_now ());
    s->alarm.fn = beat_alarm;
    if (ivl) {
        s->link.is_beat_posted = true;
        zc_loop_post (s->link.loop, &s->link.beat_task);
    }
}

/* ---- joining ---- */

/* The pipe learns who the peer is. */
static int introduce (struct zc_stream *s, struct zc_pipe *p)
{
    struct zc_meta *meta = zc_peer_meta (&s->wire, s->config->is_raw, s->peer, s->link.fd);
    if (!meta)
        return -ENOMEM;
    zc_meta_unref (p->meta);
    p->meta = meta;
    zc_free (p->peer_id);
    p->peer_id = s->wire.peer_id;
    p->peer_id_size = s->wire.peer_id_size;
    s->wire.peer_id = NULL;
    s->wire.peer_id_size = 0;
    p->peer_type = s->wire.peer_type;
    return 0;
}

static int join_locked (struct zc_stream *s)
{
    struct zc_link *l = &s->link;
    struct zc_hub *h = l->hub;
    struct zc_pipe *p = s->owner->pipe (s->owner);
    bool is_new = !p;
    int rc = 0;

    if (is_new && s->owner->is_stopped)
        return -ETERM;
    if (h->state > ZC_HUB_STOPPED && (is_new || h->state == ZC_HUB_DONE))
        return -ETERM;
    if (is_new) {
        p = zc_pipe_new ();
        if (!p)
            return -ENOMEM;
        p->endpoint = s->owner->endpoint;
        rc = s->owner->is_bound ? 0 : zc_link_config_name (s->config, p);
        if (rc == 0)
            rc = zc_pipe_attach (h, p);
        if (rc < 0) {
            zc_pipe_discard (p);
            return rc;
        }
    }
    l->pipe = p;
    l->keeps_pipe = !is_new;
    rc = introduce (s, p);
    if (rc == 0)
        rc = zc_driver_join (h, l);
    if (rc < 0) {
        if (is_new)
            zc_pipe_retire (p);
        return rc;
    }
    size_t n;
    const uint8_t *pending = s->config->is_raw ? NULL : zc_wire_pending (&s->wire, &n);
    if (pending && zc_driver_command (h, l, pending, n) < 0)
        zc_driver_kill (h, l, -ENOMEM, 0, "no memory");
    if (!s->config->is_raw)
        zc_wire_settle (&s->wire);
    if (s->wire.major >= 3)
        event (s, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0, NULL);
    start_beat (s);
    zc_pipe_up (p);
    zc_driver_joined (h);
    return 0;
}

static void join (struct zc_stream *s)
{
    struct zc_hub *h = s->link.hub;

    zc_loop_alarm_off (s->link.loop, &s->alarm);
    zc_hub_lock (h);
    int rc = join_locked (s);
    zc_hub_unlock (h);
    if (rc < 0)
        finish (s, false, rc == -ETERM ? 0 : rc, 0, NULL);
}

/* ---- the handshake ---- */

/* Sends what the machine wants to. 0, or a negative errno. */
static int send_pending (struct zc_stream *s)
{
    size_t n;
    const uint8_t *p;

    while ((p = zc_wire_pending (&s->wire, &n))) {
        int64_t sent = zc_net_write (s->link.fd, p, n);
        if (sent == -EAGAIN)
            return 0;
        if (sent < 0)
            return (int)sent;
        zc_wire_sent (&s->wire, (size_t)sent);
    }
    return 0;
}

/* Reads and feeds. ZC_WIRE_READY, ZC_WIRE_MORE, or negative. */
static int take_bytes (struct zc_stream *s)
{
    uint8_t buf[HANDSHAKE_READ];
    int rc = ZC_WIRE_MORE;

    while (rc == ZC_WIRE_MORE) {
        int64_t n = zc_net_read (s->link.fd, buf, sizeof buf);
        if (n == -EAGAIN)
            return rc;
        if (n <= 0)
            return n ? (int)n : -EPIPE;
        for (int64_t i = 0; i < n && s->first_size < sizeof s->first; i++)
            s->first[s->first_size++] = buf[i];
        size_t used = 0;
        rc = zc_wire_feed (&s->wire, buf, (size_t)n, &used);
        if (rc == ZC_WIRE_READY && zc_cutter_feed (&s->cutter, buf + used, (size_t)n - used) < 0)
            return -ENOMEM;
        s->link.has_input = rc == ZC_WIRE_READY && used < (size_t)n;
        if (rc == ZC_WIRE_MORE) {
            int sent = send_pending (s);
            if (sent < 0)
                return sent;
            if ((size_t)n < sizeof buf)
                return rc; /* the poller tells of more */
        }
    }
    return rc;
}

static void handshake_event (struct zc_watch *w, unsigned events)
{
    struct zc_stream *s = (struct zc_stream *)(void *)((char *)w - offsetof (struct zc_stream, link.watch));
    int rc = send_pending (s);
    size_t n;

    (void)events;
    if (rc == 0)
        rc = take_bytes (s);
    if (rc == ZC_WIRE_READY) {
        if (s->wire.major == 1)
            s->link.ops = &ops_zmtp1;
        join (s);
        return;
    }
    if (rc == ZC_WIRE_MORE)
        rc = zc_loop_watch_mod (s->link.loop, w,
                                ZC_POLL_IN | (zc_wire_pending (&s->wire, &n) ? ZC_POLL_OUT : 0u));
    if (rc < 0) {
        bool refused = s->wire.why.error != 0;
        (void)send_pending (s); /* the machine's last word, if the peer can still hear it */
        finish (s, false, rc, refused ? s->wire.why.code : 0, refused ? s->wire.why.text : NULL);
    }
}

static void handshake_late (struct zc_alarm *a)
{
    struct zc_stream *s = (struct zc_stream *)(void *)((char *)a - offsetof (struct zc_stream, alarm));
    finish (s, false, -ETIMEDOUT, 0, "the peer did not finish its handshake within HANDSHAKE_IVL");
}

static int start_zmtp (struct zc_stream *s)
{
    const struct zc_options *o = &s->config->opt;
    struct zc_wire_config c = {.socktype = s->config->socktype,
                               .routing_id = o->routing_id.data,
                               .routing_id_size = o->routing_id.size,
                               .zmtp_min = o->zmtp_min,
                               .maxmsgsize = o->maxmsgsize};
    int rc = zc_wire_init (&s->wire, &c);

    s->cutter.wire = &s->wire;
    s->cutter.max_parts = (uint32_t)o->max_parts;
    s->link.ops = &ops_zmtp;
    s->link.watch.fn = handshake_event;
    s->alarm.fn = handshake_late;
    size_t n;
    if (rc == 0)
        (void)send_pending (s); /* what goes wrong is found again by reading */
    if (rc == 0)
        rc = zc_loop_watch (s->link.loop, &s->link.watch, s->link.fd,
                            ZC_POLL_IN | (zc_wire_pending (&s->wire, &n) ? ZC_POLL_OUT : 0u));
    if (rc == 0 && o->handshake_ivl)
        rc = zc_loop_alarm (s->link.loop, &s->alarm, zc_deadline (o->handshake_ivl));
    return rc;
}

static int start_raw (struct zc_stream *s)
{
    s->link.ops = &ops_raw;
    s->wire.major = 0;
    s->wire.peer_type = 255;
    return zc_loop_watch (s->link.loop, &s->link.watch, s->link.fd, 0);
}

int zc_stream_start (struct zc_stream_owner *owner, struct zc_hub *h, struct zc_loop *loop,
                     struct zc_link_config *config, int fd, const struct zc_addr *peer)
{
    struct zc_stream *s = zc_calloc (1, sizeof *s);
    if (!s) {
        zc_net_close (fd);
        return -ENOMEM;
    }
    s->link.fd = fd;
    s->link.watch.fd = -1;
    s->link.hub = h;
    s->link.loop = loop;
    s->link.beat_task.fn = beat_task;
    s->config = zc_link_config_ref (config);
    zc_peer_addresses (fd, config->transport, peer, s->peer, sizeof s->peer, s->remote, sizeof s->remote);
    s->link.address = config->address;
    s->link.remote = s->remote;
    int rc = config->is_raw ? start_raw (s) : start_zmtp (s);
    if (rc < 0) {
        zc_loop_alarm_off (loop, &s->alarm);
        zc_loop_unwatch (loop, &s->link.watch);
        zc_net_close (fd);
        stream_free (s);
        return rc;
    }
    s->owner = owner;
    s->next = owner->streams;
    if (s->next)
        s->next->prev = s;
    owner->streams = s;
    if (config->is_raw)
        join (s);
    return 0;
}
