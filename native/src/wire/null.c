/* The NULL mechanism: each side sends READY with its metadata, and that is all (RFC 37).
 *
 * Our READY has Socket-Type and, from REQ, DEALER and ROUTER only, Identity (empty when there is
 * none). We answer a socket type that cannot talk to ours and metadata that break the grammar with
 * ERROR. The peer's ERROR ends the connection: error -EACCES, code its three digits when it is
 * a status of 300, 400 or 500, else 0. */
#include "wire/handshake.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "zmq.h"

static size_t put_property (uint8_t *out, const char *name, const void *value, size_t n)
{
    size_t name_size = strlen (name), at = 1 + name_size;

    out[0] = (uint8_t)name_size;
    memcpy (out + 1, name, name_size);
    zc_put_u32 (out + at, (uint32_t)n);
    if (n > 0)
        memcpy (out + at + 4, value, n);
    return at + 4 + n;
}

static void put_command (struct zc_wire *w, const uint8_t *body, size_t n)
{
    uint8_t head[10];

    zc_hs_put (w, head, zc_wire_head (3, ZC_FRAME_COMMAND, n, head));
    zc_hs_put (w, body, n);
}

static int null_start (struct zc_wire *w)
{
    uint8_t body[6 + 22 + 13 + ZC_IDENTITY_MAX] = "\5READY";
    const char *type = zc_wire_type_name (w->socktype);
    size_t n = 6;

    n += put_property (body + n, "Socket-Type", type, strlen (type));
    if (zc_wire_type_tells_id (w->socktype))
        n += put_property (body + n, "Identity", zc_hs_routing_id (w), w->hs->routing_id_size);
    put_command (w, body, n);
    return 0;
}

/* Our reason, for the peer to log; its grammar has no spaces. Never the peer's own bytes. */
static void put_error (struct zc_wire *w)
{
    uint8_t body[7 + 128] = "\5ERROR";
    size_t n = strlen (w->why.text);

    assert (n <= 128);
    body[6] = (uint8_t)n;
    for (size_t i = 0; i < n; i++)
        body[7 + i] = w->why.text[i] == ' ' ? '_' : (uint8_t)w->why.text[i];
    put_command (w, body, 7 + n);
}

static int ready (struct zc_wire *w, const uint8_t *data, size_t size)
{
    int rc = zc_wire_keep_metadata (w, data, size);

    if (rc == 0)
        zc_hs_done (w);
    else if (rc != -ENOMEM)
        put_error (w);
    return rc;
}

/* error-reason = short-size *VCHAR */
static int error (struct zc_wire *w, const uint8_t *data, size_t size)
{
    uint32_t status = 0;

    if (size < 1 || data[0] != size - 1)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR,
                               "an ERROR command's reason does not fill it");
    if (size == 4 && data[1] >= '3' && data[1] <= '5' && data[2] == '0' && data[3] == '0')
        status = (uint32_t)(data[1] - '0') * 100;
    return zc_wire_refuse (w, -EACCES, status, "the peer refuses us");
}

static int null_command (struct zc_wire *w, const char *name, size_t name_size, const uint8_t *data,
                         size_t size)
{
    if (zc_command_is (name, name_size, "READY"))
        return ready (w, data, size);
    if (zc_command_is (name, name_size, "ERROR"))
        return error (w, data, size);
    return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
                           "a command came that has no place in a NULL handshake");
}

const struct zc_mechanism zc_mechanism_null = {
    .name = "NULL",
    .takes_old_peers = true,
    .start = null_start,
    .command = null_command,
};
