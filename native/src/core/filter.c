#include "core/filter.h"
#include "base/alloc.h"

#include <errno.h>
#include <string.h>

#define TEXT_MAX 63 /* longest "address/bits" there is, with room to spare */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static int digit_of (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* Reads up to `digits` digits to a number up to `most`; NULL when there is none. */
static const char *read_number (const char *at, int base, int digits, unsigned most, unsigned *out)
{
    unsigned value = 0;
    int n = 0;

    while (n < digits && digit_of (*at) < base) {
        value = value * (unsigned)base + (unsigned)digit_of (*at++);
        n++;
    }
    if (n == 0 || value > most)
        return NULL;
    *out = value;
    return at;
}

/* Reads a.b.c.d; gives the place behind it, or NULL. */
static const char *read_ipv4 (const char *at, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned byte;

        if (i > 0 && *at++ != '.')
            return NULL;
        at = read_number (at, 10, 3, 255, &byte);
        if (!at)
            return NULL;
        out[i] = (uint8_t)byte;
    }
    return at;
}

/* Reads groups of IPv6 up to the end, a '/' or a ']'; gives the place behind them, or NULL. */
static const char *read_ipv6 (const char *at, uint8_t out[16])
{
    uint8_t bytes[16] = {0};
    size_t size = 0, gap = 17; /* where "::" stands; 17: nowhere */

    if (at[0] == ':' && at[1] != ':')
        return NULL;
    while (*at && *at != '/' && *at != ']') {
        unsigned group;

        if (at[0] == ':' && at[1] == ':') {
            if (gap <= 16)
                return NULL;
            gap = size;
            at += 2;
            if (*at == ':')
                return NULL;
            continue;
        }
        if (size > 0 && *at == ':') /* never behind "::" */
            at++;
        if (size <= 12 && read_ipv4 (at, bytes + size)) {
            at = read_ipv4 (at, bytes + size);
            size += 4;
            break;
        }
        at = size <= 14 ? read_number (at, 16, 4, 0xFFFF, &group) : NULL;
        if (!at || (*at && !strchr (":/]", *at)))
            return NULL;
        bytes[size++] = (uint8_t)(group >> 8);
        bytes[size++] = (uint8_t)group;
    }
    if (gap > 16 ? size != 16 : size > 14)
        return NULL;
    memset (out, 0, 16);
    if (gap > size)
        gap = size;
    memcpy (out, bytes, gap);
    memcpy (out + 16 - (size - gap), bytes + gap, size - gap);
    return at;
}

/* Reads an address of either family, mapped to IPv6; `*first` is where its own bits begin. */
static const char *read_address (const char *at, uint8_t out[16], unsigned *first)
{
    const char *end = read_ipv4 (at, out + 12);
    int bracketed = *at == '[';

    *first = 0;
    if (end) {
        memcpy (out, mapped, sizeof mapped);
        *first = 96;
        return end;
    }
    end = read_ipv6 (at + bracketed, out);
    if (!end || (bracketed && *end != ']'))
        return NULL;
    return end + bracketed;
}

int zc_network_parse (const char *text, size_t length, struct zc_network *out)
{
    char copy[TEXT_MAX + 1];
    const char *at;
    unsigned first, bits;

    if (length > 0 && text[length - 1] == '\0')
        length--;
    if (length == 0 || length > TEXT_MAX || memchr (text, '\0', length))
        return -EINVAL;
    memcpy (copy, text, length);
    copy[length] = '\0';
    at = read_address (copy, out->address, &first);
    if (!at)
        return -EINVAL;
    bits = 128 - first;
    if (*at == '/')
        at = read_number (at + 1, 10, 3, bits, &bits);
    if (!at || *at)
        return -EINVAL;
    out->bits = (uint8_t)(first + bits);
    return 0;
}

/* Grows a list of `count` items by one; NULL: no memory, the list is as before. */
static void *grown (void *list, size_t count, size_t item)
{
    return count < SIZE_MAX / item - 1 ? zc_realloc (list, (count + 1) * item) : NULL;
}

int zc_networks_add (struct zc_networks *networks, const struct zc_network *network)
{
    struct zc_network *list = grown (networks->list, networks->count, sizeof *list);

    if (!list)
        return -ENOMEM;
    networks->list = list;
    list[networks->count++] = *network;
    return 0;
}

int zc_networks_copy (struct zc_networks *to, const struct zc_networks *from)
{
    *to = (struct zc_networks){0};
    if (from->count == 0)
        return 0;
    to->list = zc_alloc (from->count * sizeof *to->list);
    if (!to->list)
        return -ENOMEM;
    memcpy (to->list, from->list, from->count * sizeof *to->list);
    to->count = from->count;
    return 0;
}

void zc_networks_clear (struct zc_networks *networks)
{
    zc_free (networks->list);
    *networks = (struct zc_networks){0};
}

static bool network_has (const struct zc_network *network, const uint8_t address[16])
{
    size_t whole = network->bits / 8, rest = network->bits % 8;

    if (memcmp (network->address, address, whole) != 0)
        return false;
    return rest == 0 || (network->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool zc_networks_accept (const struct zc_networks *networks, const uint8_t *address, size_t size)
{
    uint8_t full[16];

    if (networks->count == 0)
        return true;
    if (size == 16)
        memcpy (full, address, 16);
    else if (size == 4) {
        memcpy (full, mapped, sizeof mapped);
        memcpy (full + 12, address, 4);
    } else
        return false;
    for (size_t i = 0; i < networks->count; i++)
        if (network_has (&networks->list[i], full))
            return true;
    return false;
}

int zc_ids_add (struct zc_ids *ids, uint32_t id)
{
    uint32_t *list = grown (ids->list, ids->count, sizeof *list);

    if (!list)
        return -ENOMEM;
    ids->list = list;
    list[ids->count++] = id;
    return 0;
}

int zc_ids_copy (struct zc_ids *to, const struct zc_ids *from)
{
    *to = (struct zc_ids){0};
    if (from->count == 0)
        return 0;
    to->list = zc_alloc (from->count * sizeof *to->list);
    if (!to->list)
        return -ENOMEM;
    memcpy (to->list, from->list, from->count * sizeof *to->list);
    to->count = from->count;
    return 0;
}

void zc_ids_clear (struct zc_ids *ids)
{
    zc_free (ids->list);
    *ids = (struct zc_ids){0};
}

bool zc_ids_have (const struct zc_ids *ids, uint32_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->list[i] == id)
            return true;
    return false;
}
