#include <errno.h>
#include "link/config.h"

int zc_link_config_new (struct zc_link_config **out, const struct zc_options *opt, int socktype,
                        const char *text, const struct zc_endpoint *parsed)
{
    size_t n = strlen (text);
    struct zc_link_config *c = zc_calloc (1, sizeof *c + n + 1);
    if (!c)
        return -ENOMEM;
    int rc = zc_options_copy (&c->opt, opt);
    if (rc < 0) {
        zc_free (c);
        return rc;
    }
    atomic_init (&c->refs, 1);
    memcpy (c->text, text, n);
    c->socktype = socktype;
    c->transport = parsed->transport;
    c->parsed = *parsed;
    c->parsed.address = c->text + (parsed->address - text);
    c->address = c->text;
    c->is_raw = socktype == ZMQ_STREAM || (socktype == ZMQ_ROUTER && opt->router_raw);
    *out = c;
    return 0;
}

struct zc_link_config *zc_link_config_ref (struct zc_link_config *c)
{
    atomic_fetch_add_explicit (&c->refs, 1, memory_order_relaxed);
    return c;
}

void zc_link_config_unref (struct zc_link_config *c)
{
    if (!c || atomic_fetch_sub_explicit (&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    zc_options_close (&c->opt);
    zc_free (c->peer_name);
    if (c->address != c->text)
        zc_free (c->address);
    zc_free (c);
}

int zc_link_config_name (const struct zc_link_config *c, struct zc_pipe *p)
{
    if (!c->peer_name)
        return 0;
    p->id = zc_alloc (c->peer_name_size);
    if (!p->id)
        return -ENOMEM;
    memcpy (p->id, c->peer_name, c->peer_name_size);
    p->id_size = c->peer_name_size;
    return 0;
}

void zc_link_net_opts (const struct zc_link_config *c, struct zc_net_opts *o)
{
    const struct zc_options *s = &c->opt;
    *o = (struct zc_net_opts){.sndbuf = s->sndbuf,
                              .rcvbuf = s->rcvbuf,
                              .tos = s->tos,
                              .keepalive = s->tcp_keepalive,
                              .keepalive_cnt = s->tcp_keepalive_cnt,
                              .keepalive_idle = s->tcp_keepalive_idle,
                              .keepalive_intvl = s->tcp_keepalive_intvl,
                              .maxrt = s->tcp_maxrt,
                              .backlog = s->backlog,
                              .ipv6 = s->ipv6,
                              .device = s->bindtodevice.size ? s->bindtodevice.text : NULL};
}

void zc_link_tune (const struct zc_link_config *c, int fd, const struct zc_tcp_ends *ends)
{
    struct zc_net_opts opts;

    if (c->transport != ZC_TCP)
        return;
    zc_link_net_opts (c, &opts);
    (void)zc_tcp_tune (fd, &opts, ends);
}
