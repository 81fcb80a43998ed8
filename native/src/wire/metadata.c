/* The properties a peer tells in its last handshake command: checked once, kept as they came.
 *
 * property = name value; name = 1 byte of length, 1 to 255 of ALPHA DIGIT - _ . +, upper and
 * lower case alike; value = 4 bytes of length, and the value (RFC 37). One bad property refuses the
 * peer whole. Socket-Type must be one that can talk to ours, if told at all (the sender SHOULD),
 * and must not be told twice, nor Identity. */
#include "wire/handshake.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "zmq.h"

struct property
{
    const char *name;
    const uint8_t *value;
    uint32_t value_size;
    uint8_t name_size;
};

/* The property at *at, which moves behind it. False at the end and when it is cut short. */
static bool next (const uint8_t *list, size_t n, size_t *at, struct property *p)
{
    size_t left = n - *at;
    const uint8_t *from = list + *at;

    if (left < 1 || left - 1 < from[0] || left - 1 - from[0] < 4)
        return false;
    p->name_size = from[0];
    p->name = (const char *)from + 1;
    left -= 1u + p->name_size + 4u;
    from += 1 + p->name_size;
    p->value_size = zc_get_u32 (from);
    if (p->value_size > left)
        return false;
    p->value = from + 4;
    *at = n - left + p->value_size;
    return true;
}

static bool is_name_char (char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
           || c == '.' || c == '+';
}

static bool has_good_name (const struct property *p)
{
    for (size_t i = 0; i < p->name_size; i++)
        if (!is_name_char (p->name[i]))
            return false;
    return p->name_size > 0;
}

static char lower (char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_called (const struct property *p, const char *name)
{
    if (p->name_size != strlen (name))
        return false;
    for (size_t i = 0; i < p->name_size; i++)
        if (lower (p->name[i]) != lower (name[i]))
            return false;
    return true;
}

static int refuse (struct zc_wire *w, const char *text)
{
    return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA, text);
}

static int take_type (struct zc_wire *w, const struct property *p)
{
    int type = zc_wire_type_of ((const char *)p->value, p->value_size);

    if (w->peer_type != 255)
        return refuse (w, "the peer tells its socket type twice");
    if (type < 0 || !zc_wire_types_match (w->socktype, type))
        return refuse (w, "the peer's socket type cannot talk to ours");
    w->peer_type = (uint8_t)type;
    return 0;
}

static int take_identity (struct zc_wire *w, const struct property *p, bool *told)
{
    if (*told)
        return refuse (w, "the peer tells its identity twice");
    *told = true;
    return zc_wire_keep_identity (w, p->value, p->value_size);
}

int zc_wire_keep_metadata (struct zc_wire *w, const uint8_t *list, size_t n)
{
    bool told_identity = false;
    struct property p;
    size_t at = 0;
    int rc = 0;

    while (rc == 0 && next (list, n, &at, &p)) {
        if (!has_good_name (&p))
            rc = refuse (w, "a property has no name, or one with forbidden characters");
        else if (is_called (&p, "Socket-Type"))
            rc = take_type (w, &p);
        else if (is_called (&p, "Identity"))
            rc = take_identity (w, &p, &told_identity);
    }
    if (rc < 0)
        return rc;
    if (at != n)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY,
                               "the last property is cut short");
    if (n == 0)
        return 0;
    w->properties = zc_alloc (n);
    if (!w->properties)
        return zc_wire_refuse (w, -ENOMEM, 0, "no memory for the peer's properties");
    memcpy (w->properties, list, n);
    w->properties_size = (uint32_t)n;
    return 0;
}

bool zc_wire_property (const struct zc_wire *w, uint32_t *at, const char **name, uint8_t *name_size,
                       const uint8_t **value, uint32_t *value_size)
{
    struct property p;
    size_t from = *at;

    if (from >= w->properties_size || !next (w->properties, w->properties_size, &from, &p))
        return false;
    *at = (uint32_t)from;
    *name = p.name;
    *name_size = p.name_size;
    *value = p.value;
    *value_size = p.value_size;
    return true;
}
