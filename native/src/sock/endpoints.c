/* The endpoints of a socket: what it is bound to and connected to, by the text it can be ended with. */
#include "sock/socket.h"

#include <errno.h>
#include "core/close.h"
#include "core/ctx.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/names.h"
#include "core/pipe.h"
#include "link/link.h"
#include "sock/patterns.h"
#include "zmq.h"

struct zc_endpoint_entry
{
    struct zc_endpoint_entry *next;
    struct zc_listener *listener;
    struct zc_dialer *dialer;
    struct zc_pipe *pipe; /* connected inside the process; NULL: it has left */
    bool is_name;         /* bound inside the process */
    char text[];          /* as LAST_ENDPOINT told */
};

static struct zc_endpoint_entry *entry_new (const char *text)
{
    size_t n = strlen (text);
    struct zc_endpoint_entry *e = zc_calloc (1, sizeof *e + n + 1);
    if (e)
        memcpy (e->text, text, n);
    return e;
}

static void entry_add (struct zc_sock *s, struct zc_endpoint_entry *e)
{
    e->next = s->endpoints;
    s->endpoints = e;
}

static char *text_copy (const char *text)
{
    size_t n = strlen (text) + 1;
    char *copy = zc_alloc (n);
    return copy ? memcpy (copy, text, n) : NULL;
}

/* What cannot fail once the endpoint is there: the text was copied before. */
static void take_last (struct zc_sock *s, char *copy)
{
    zc_free (s->last_endpoint);
    s->last_endpoint = copy;
}

static int set_last (struct zc_sock *s, const char *text)
{
    char *copy = text_copy (text);
    if (!copy)
        return -ENOMEM;
    take_last (s, copy);
    return 0;
}

static struct zc_chan_card card_of (const struct zc_sock *s)
{
    return (struct zc_chan_card){.type = (uint8_t)s->pattern->type,
                                 .id = s->opt.routing_id.data,
                                 .id_size = s->opt.routing_id.size,
                                 .sndhwm = s->hub->sndhwm,
                                 .rcvhwm = s->hub->rcvhwm,
                                 .conflate = s->hub->conflate};
}

/* The I/O thread of a new endpoint; the first one is the hub's too. The lock is given away meanwhile. */
static int get_loop (struct zc_sock *s, struct zc_loop **out)
{
    struct zc_hub *h = s->hub;
    uint64_t affinity = s->opt.affinity;

    zc_hub_unlock (h);
    int rc = zc_ctx_loop (h->ctx, affinity, out);
    zc_hub_lock (h);
    if (rc == 0 && !h->loop)
        h->loop = zc_ctx_loop_share (*out);
    return rc;
}

static int still_open (const struct zc_hub *h)
{
    return h->state == ZC_HUB_OPEN ? 0 : h->state == ZC_HUB_STOPPED ? -ETERM : -ENOTSOCK;
}

/* ---- bind ---- */

static int bind_name (struct zc_sock *s, const char *text, const struct zc_endpoint *ep)
{
    struct zc_chan_card card = card_of (s);
    struct zc_endpoint_entry *e = entry_new (text);
    char *last = text_copy (text);
    int rc = e && last ? zc_names_bind (s->hub->ctx, ep->address, s->hub, &card) : -ENOMEM;
    if (rc < 0) {
        zc_free (e);
        zc_free (last);
        return rc;
    }
    e->is_name = true;
    entry_add (s, e);
    zc_hub_drain_mail (s->hub);
    take_last (s, last);
    return 0;
}

static int bind_stream (struct zc_sock *s, const char *text, const struct zc_endpoint *ep)
{
    struct zc_hub *h = s->hub;
    struct zc_link_config *config;
    struct zc_listener *listener;
    struct zc_endpoint_entry *e;
    struct zc_loop *loop;
    const char *address;

    int rc = zc_link_config_new (&config, &s->opt, s->pattern->type, text, ep);
    if (rc < 0)
        return rc;
    rc = get_loop (s, &loop);
    if (rc < 0) {
        zc_link_config_unref (config);
        return rc;
    }
    e = zc_calloc (1, sizeof *e + ZC_ADDRESS_MAX + 1);
    rc = e ? still_open (h) : -ENOMEM;
    if (rc == 0) {
        zc_hub_unlock (h);
        rc = zc_listener_open (&listener, h, loop, config, e, &address);
        zc_hub_lock (h);
    }
    zc_link_config_unref (config);
    if (rc < 0) {
        zc_ctx_loop_done (loop);
        zc_free (e);
        return rc;
    }
    e->listener = listener;
    strncpy (e->text, address, ZC_ADDRESS_MAX);
    rc = still_open (h);
    if (rc == 0)
        rc = set_last (s, e->text);
    if (rc < 0) {
        zc_listener_stop (listener);
        zc_free (e);
        return rc;
    }
    entry_add (s, e);
    return 0;
}

int zc_sock_bind (void *handle, const char *text)
{
    struct zc_endpoint ep;
    struct zc_sock *s;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = text ? zc_endpoint_parse (text, ZC_BIND, &ep) : -EINVAL;
    if (rc == 0)
        rc = ep.transport == ZC_INPROC ? bind_name (s, text, &ep) : bind_stream (s, text, &ep);
    zc_sock_exit (s);
    return rc;
}

/* ---- connect ---- */

/* DEALER, SUB, PUB and REQ connect to the same endpoint once; others really connect again. */
static bool is_connected (const struct zc_sock *s, const char *text)
{
    int type = s->pattern->type;
    if (type != ZMQ_DEALER && type != ZMQ_SUB && type != ZMQ_PUB && type != ZMQ_REQ)
        return false;
    for (const struct zc_endpoint_entry *e = s->endpoints; e; e = e->next)
        if (strcmp (e->text, text) == 0 && ((e->dialer && !zc_dialer_is_over (e->dialer)) || e->pipe))
            return true;
    return false;
}

static void name_left (struct zc_pipe *p)
{
    struct zc_endpoint_entry *e = p->endpoint;
    if (e)
        e->pipe = NULL;
}

static int connect_name (struct zc_sock *s, const char *text, const struct zc_endpoint *ep, uint8_t **id,
                         size_t id_size)
{
    struct zc_hub *h = s->hub;
    struct zc_chan_card card = card_of (s);
    struct zc_endpoint_entry *e = entry_new (text);
    struct zc_pipe *p = zc_pipe_new ();
    char *last = text_copy (text);
    bool used = false;
    int rc = e && p && last ? 0 : -ENOMEM;

    if (rc == 0)
        rc = zc_names_connect (h->ctx, ep->address, h, p, &card, &used);
    if (rc == 0 && used) {
        p->id = *id;
        p->id_size = id_size;
        *id = NULL;
        p->endpoint = e;
        p->on_left = name_left;
        rc = zc_pipe_attach (h, p);
        if (rc < 0) {
            p->hub = h;
            zc_chan_end (p);
        }
    }
    if (rc < 0 || !used) {
        if (p) {
            zc_mail_forget (h, p);
            zc_pipe_discard (p);
        }
    } else
        e->pipe = p;
    if (rc < 0) {
        zc_free (e);
        zc_free (last);
        return rc;
    }
    entry_add (s, e);
    zc_hub_drain_mail (h);
    take_last (s, last);
    return 0;
}

static int connect_stream (struct zc_sock *s, const char *text, const struct zc_endpoint *ep, uint8_t **id,
                           size_t id_size)
{
    struct zc_hub *h = s->hub;
    struct zc_link_config *config;
    struct zc_endpoint_entry *e = entry_new (text);
    struct zc_loop *loop = NULL;

    if (!e)
        return -ENOMEM;
    int rc = zc_link_config_new (&config, &s->opt, s->pattern->type, text, ep);
    if (rc < 0) {
        zc_free (e);
        return rc;
    }
    rc = get_loop (s, &loop);
    if (rc == 0)
        rc = still_open (h);
    if (rc == 0) {
        config->peer_name = *id;
        config->peer_name_size = id_size;
        *id = NULL;
        rc = zc_dialer_open (&e->dialer, h, loop, config, e);
    }
    zc_link_config_unref (config);
    if (rc == 0)
        rc = set_last (s, text);
    if (rc < 0) {
        if (e->dialer)
            zc_dialer_stop (e->dialer);
        else if (loop)
            zc_ctx_loop_done (loop);
        zc_free (e);
        return rc;
    }
    entry_add (s, e);
    return 0;
}

int zc_sock_connect (void *handle, const char *text)
{
    struct zc_endpoint ep;
    struct zc_sock *s;
    uint8_t *id = NULL;
    size_t id_size = 0;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = text ? zc_endpoint_parse (text, ZC_CONNECT, &ep) : -EINVAL;
    if (rc == 0 && !is_connected (s, text)) {
        rc = zc_router_take_connect_id (s, &id, &id_size);
        if (rc == 0)
            rc = ep.transport == ZC_INPROC ? connect_name (s, text, &ep, &id, id_size)
                                           : connect_stream (s, text, &ep, &id, id_size);
        zc_free (id);
    }
    zc_sock_exit (s);
    return rc;
}

/* ---- the end ---- */

/* Ends what the entry made, and frees it. */
static void entry_end (struct zc_sock *s, struct zc_endpoint_entry *e)
{
    struct zc_hub *h = s->hub;
    struct zc_endpoint ep;

    if (e->is_name && zc_endpoint_parse (e->text, ZC_BIND, &ep) == 0)
        zc_names_unbind (h->ctx, ep.address, h);
    if (e->listener)
        zc_listener_stop (e->listener);
    if (e->pipe) {
        e->pipe->endpoint = NULL;
        zc_pipe_retire (e->pipe);
    }
    if (e->dialer)
        zc_dialer_stop (e->dialer);
    zc_free (e);
}

/* Pipes of accepted peers go with their listener. */
static void end_accepted (struct zc_hub *h, const struct zc_endpoint_entry *e)
{
    struct zc_pipe *next;

    for (struct zc_pipe *p = h->pipes; p; p = next) {
        next = p->next;
        if (p->endpoint != e || p == e->pipe || (e->dialer && p == zc_dialer_pipe (e->dialer)))
            continue;
        p->endpoint = NULL;
        zc_pipe_end (p); /* accepted, or made by a dialer once it was connected (IMMEDIATE) */
    }
}

static struct zc_endpoint_entry *take_entry (struct zc_sock *s, const char *text)
{
    for (struct zc_endpoint_entry **at = &s->endpoints; *at; at = &(*at)->next) {
        struct zc_endpoint_entry *e = *at;
        if (strcmp (e->text, text) == 0) {
            *at = e->next;
            return e;
        }
    }
    return NULL;
}

int zc_sock_unbind (void *handle, const char *text)
{
    struct zc_endpoint_entry *e;
    enum zc_transport transport;
    const char *address;
    struct zc_sock *s;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = text ? zc_endpoint_scheme (text, &transport, &address) : -EINVAL;
    if (rc == 0) {
        rc = -ENOENT;
        while ((e = take_entry (s, text))) { /* one call ends all connections to it */
            if (!e->dialer || !zc_dialer_is_over (e->dialer))
                rc = 0;
            end_accepted (s->hub, e);
            entry_end (s, e);
        }
    }
    zc_sock_exit (s);
    return rc;
}

void zc_endpoints_close (struct zc_sock *s)
{
    for (struct zc_endpoint_entry **at = &s->endpoints; *at;) {
        struct zc_endpoint_entry *e = *at;
        if (e->dialer) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        for (struct zc_pipe *p = s->hub->pipes; p; p = p->next)
            if (p->endpoint == e)
                p->endpoint = NULL; /* accepted peers linger with the socket */
        entry_end (s, e);
    }
}

void zc_endpoints_end (struct zc_sock *s)
{
    s->hub->linger_ms = 0;
    while (s->endpoints) {
        struct zc_endpoint_entry *e = s->endpoints;
        s->endpoints = e->next;
        end_accepted (s->hub, e);
        entry_end (s, e);
    }
}

void zc_endpoints_abandon (struct zc_sock *s)
{
    for (struct zc_endpoint_entry *e = s->endpoints; e; e = e->next)
        if (e->listener)
            zc_listener_abandon (e->listener);
}
