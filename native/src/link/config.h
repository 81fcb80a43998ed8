/* The shared configuration of an endpoint's connections, as the link floor uses it. */
#ifndef ZC_LINK_CONFIG_H
#define ZC_LINK_CONFIG_H

#include "link/link.h"
#include "os/net.h"

void zc_link_net_opts (const struct zc_link_config *, struct zc_net_opts *);

/* A new pipe gets the name that CONNECT_ROUTING_ID gave its peer, if any. 0, -ENOMEM. */
int zc_link_config_name (const struct zc_link_config *, struct zc_pipe *);
/* A connection that was made or accepted: Nagle's algorithm off, keepalive and the like. Single options may be refused; the connection
 * works without them. */
void zc_link_tune (const struct zc_link_config *, int fd, const struct zc_tcp_ends *);

#endif
