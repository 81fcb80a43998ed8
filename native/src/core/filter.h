/* Lists that say which peers a listener accepts: ZMQ_TCP_ACCEPT_FILTER and ZMQ_IPC_FILTER_*. Plain values, no lock: they
 * belong to the options they are part of. An empty list accepts everybody. */
#ifndef ZC_CORE_FILTER_H
#define ZC_CORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A network: the first `bits` of 16 bytes of IPv6 address; IPv4 is mapped (::ffff:a.b.c.d). */
struct zc_network
{
    uint8_t address[16];
    uint8_t bits;
};

struct zc_networks
{
    struct zc_network *list;
    size_t count;
};

struct zc_ids
{
    uint32_t *list;
    size_t count;
};

/* Reads "address" or "address/bits"; address: a.b.c.d, or IPv6 with or without brackets. 0, -EINVAL. */
int zc_network_parse (const char *text, size_t length, struct zc_network *out);

/* 0, -ENOMEM (the list is as before). */
int zc_networks_add (struct zc_networks *, const struct zc_network *);
int zc_networks_copy (struct zc_networks *to, const struct zc_networks *from);
void zc_networks_clear (struct zc_networks *);

/* `address`: 4 bytes of IPv4 or 16 of IPv6, in network order. */
bool zc_networks_accept (const struct zc_networks *, const uint8_t *address, size_t size);

/* As above. */
int zc_ids_add (struct zc_ids *, uint32_t id);
int zc_ids_copy (struct zc_ids *to, const struct zc_ids *from);
void zc_ids_clear (struct zc_ids *);
bool zc_ids_have (const struct zc_ids *, uint32_t id);

#endif
