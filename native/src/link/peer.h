/* Who is at the other end of a connection: its addresses as text, and the metadata of its messages. */
#ifndef ZC_LINK_PEER_H
#define ZC_LINK_PEER_H

#include "base/endpoint.h"
#include "base/msg.h"
#include "os/net.h"
#include "wire/wire.h"

/* at: where the peer is, for tcp. host: the address without port, or for ipc localhost:user:group:process, as far as the system
 * tells. remote: the address with port, for events; empty for ipc. */
void zc_peer_addresses (int fd, enum zc_transport, const struct zc_addr *at, char *host, size_t host_cap,
                        char *remote, size_t remote_cap);

/* What zmq_msg_gets() answers for messages of this connection. is_raw: the peer speaks no ZMTP. NULL: no memory. */
struct zc_meta *zc_peer_meta (const struct zc_wire *, bool is_raw, const char *host, int fd);

#endif
