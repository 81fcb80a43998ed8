/* Connections: what the sockets know of them. Listeners and dialers belong to an I/O thread; links are made by them,
 * shake hands there, and join their hub when READY. Written once for tcp and ipc; link/transport.c knows the difference. */
#ifndef ZC_LINK_LINK_H
#define ZC_LINK_LINK_H

#include "base/endpoint.h"
#include "core/hub.h"
#include "core/options.h"

struct zc_listener;
struct zc_dialer;

/* What the connections of one endpoint share: a copy of the options as they were at bind or connect. Counted. */
struct zc_link_config
{
    _Atomic int refs;
    struct zc_options opt;
    int socktype;
    enum zc_transport transport;
    struct zc_endpoint parsed; /* address points into text */
    bool is_raw;               /* STREAM, ROUTER_RAW: no ZMTP */
    char *address;             /* for events: where we listen, or text; owned when it is not text */
    uint8_t *peer_name;        /* CONNECT_ROUTING_ID, owned; NULL: none */
    size_t peer_name_size;
    char text[]; /* the endpoint as it was given */
};

int zc_link_config_new (struct zc_link_config **out, const struct zc_options *, int socktype,
                        const char *text, const struct zc_endpoint *);
struct zc_link_config *zc_link_config_ref (struct zc_link_config *);
void zc_link_config_unref (struct zc_link_config *);

/* Binds (waits for a look-up of a local name). Takes a reference to the loop's load and to the configuration; not under the
 * hub's lock. owner: kept in pipe->endpoint of the peers it accepts. *address: where it listens, as text for
 * LAST_ENDPOINT; lives as long as the listener. 0 or a negative errno. */
int zc_listener_open (struct zc_listener **out, struct zc_hub *, struct zc_loop *, struct zc_link_config *,
                      void *owner, const char **address);
/* The address is free again when this returns. Under the hub's lock; peers that were accepted are the caller's to end. The
 * listener must not be used any more. */
void zc_listener_stop (struct zc_listener *);

/* Starts connecting, and keeps trying. Under the hub's lock. */
int zc_dialer_open (struct zc_dialer **out, struct zc_hub *, struct zc_loop *, struct zc_link_config *,
                    void *owner);
/* Its pipe, NULL while there is none (IMMEDIATE). */
struct zc_pipe *zc_dialer_pipe (struct zc_dialer *);
/* True when it has given up for good (RECONNECT_IVL -1, a peer that speaks another protocol). Under the hub's lock. */
bool zc_dialer_is_over (const struct zc_dialer *);
/* Ends it and its pipe: what is queued goes as LINGER says. Under the hub's lock; must not be used any more. */
void zc_dialer_stop (struct zc_dialer *);
/* In a forked child: the listening descriptor closes, the file stays the parent's. */
void zc_listener_abandon (struct zc_listener *);

#endif
