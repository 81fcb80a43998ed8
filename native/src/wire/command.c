/* Commands of the traffic: SUBSCRIBE, CANCEL, PING, PONG, ERROR (RFC 37), read and written.
 *
 * Where a peer is taken at its word and where not:
 *  - Commands between the parts of a message. The grammar has them between messages only, but
 *    deployed peers do send PING and PONG there. PING, PONG, ERROR and unknown commands are taken
 *    anywhere; SUBSCRIBE and CANCEL, which travel in the order of messages, only between messages.
 *  - A PING of ZMTP 3.0, a SUBSCRIBE of 3.0: taken, though 3.1 brought them.
 *  - A context over 16 bytes, which RFC 37 forbids: cut to 16, as deployed peers do.
 *  - Unknown commands: ignored. A command without a name, a PING without its two bytes of TTL, an
 *    ERROR whose reason does not fill it, a second READY, a subscription to a socket that does not
 *    publish: refused. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/handshake.h"
#include "wire/wire.h"
#include "zmq.h"

#define CONTEXT_MAX 16

bool zc_command_cut (const uint8_t *body, size_t n, const char **name, size_t *name_size,
                     const uint8_t **data, size_t *size)
{
    if (n < 1 || body[0] == 0 || n - 1 < body[0])
        return false;
    *name = (const char *)body + 1;
    *name_size = body[0];
    *data = body + 1 + body[0];
    *size = n - 1 - body[0];
    return true;
}

bool zc_command_is (const char *name, size_t name_size, const char *wanted)
{
    return name_size == strlen (wanted) && memcmp (name, wanted, name_size) == 0;
}

static int refuse (struct zc_wire *w, uint32_t code, const char *text)
{
    return zc_wire_refuse (w, -EPROTO, code, text);
}

static int subscription (struct zc_wire *w, struct zc_wire_event *e, enum zc_wire_what what)
{
    if (w->socktype != ZMQ_PUB && w->socktype != ZMQ_XPUB)
        return refuse (w, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
                       "a subscription came to a socket that does not publish");
    if (w->in_message)
        return refuse (w, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE,
                       "a subscription came between the parts of a message");
    e->what = what;
    return 0;
}

static int subscribe (struct zc_wire *w, struct zc_wire_event *e)
{
    return subscription (w, e, ZC_WIRE_SUBSCRIBE);
}

static int cancel (struct zc_wire *w, struct zc_wire_event *e)
{
    return subscription (w, e, ZC_WIRE_CANCEL);
}

static int ping (struct zc_wire *w, struct zc_wire_event *e)
{
    if (e->size < 2)
        return refuse (w, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                       "a PING command is too short for its time to live");
    e->what = ZC_WIRE_PING;
    e->ttl = zc_get_u16 (e->data);
    e->data += 2;
    e->size -= 2;
    if (e->size > CONTEXT_MAX)
        e->size = CONTEXT_MAX;
    return 0;
}

static int pong (struct zc_wire *w, struct zc_wire_event *e)
{
    (void)w;
    e->what = ZC_WIRE_PONG;
    return 0;
}

static int error (struct zc_wire *w, struct zc_wire_event *e)
{
    if (e->size < 1 || e->data[0] != e->size - 1)
        return refuse (w, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR,
                       "an ERROR command's reason does not fill it");
    e->what = ZC_WIRE_ERROR;
    e->data++;
    e->size--;
    return 0;
}

static int late_ready (struct zc_wire *w, struct zc_wire_event *e)
{
    (void)e;
    return refuse (w, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND, "a READY command came after the handshake");
}

static const struct
{
    const char *name;
    int (*read) (struct zc_wire *, struct zc_wire_event *); /* data and size are filled in */
} commands[] = {
    {"PING", ping},     {"PONG", pong},   {"SUBSCRIBE", subscribe},
    {"CANCEL", cancel}, {"ERROR", error}, {"READY", late_ready},
};

int zc_wire_command (struct zc_wire *w, const uint8_t *body, size_t n, struct zc_wire_event *e)
{
    size_t name_size;
    const char *name;

    *e = (struct zc_wire_event){.what = ZC_WIRE_IGNORE};
    if (!zc_command_cut (body, n, &name, &name_size, &e->data, &e->size))
        return refuse (w, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                       "a command has no name, or one longer than itself");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (zc_command_is (name, name_size, commands[i].name))
            return commands[i].read (w, e);
    return 0;
}

/* ---- making them ---- */

static bool knows_subscribe (const struct zc_wire *w)
{
    return w->major > 3 || (w->major == 3 && w->minor >= 1);
}

size_t zc_wire_put_subscription (const struct zc_wire *w, bool is_cancel, const uint8_t *topic, size_t n,
                                 uint8_t *out, size_t cap)
{
    /* Before 3.1: a message, its first byte says which. */
    const char *prefix = is_cancel ? "\0" : "\1";
    size_t prefix_size = 1, head_size;
    uint8_t flags = 0, head[10];

    if (knows_subscribe (w)) {
        prefix = is_cancel ? "\6CANCEL" : "\11SUBSCRIBE";
        prefix_size = strlen (prefix);
        flags = ZC_FRAME_COMMAND;
    }
    head_size = zc_wire_head (w->major, flags, prefix_size + n, head);
    if (head_size + prefix_size + n <= cap) {
        memcpy (out, head, head_size);
        memcpy (out + head_size, prefix, prefix_size);
        if (n > 0)
            memcpy (out + head_size + prefix_size, topic, n);
    }
    return head_size + prefix_size + n;
}

size_t zc_wire_put_ping (uint16_t ttl, uint8_t out[16])
{
    memcpy (out, "\4\7\4PING", 7);
    zc_put_u16 (out + 7, ttl);
    return 9;
}

size_t zc_wire_put_pong (const uint8_t *context, size_t n, uint8_t out[32])
{
    if (n > CONTEXT_MAX)
        n = CONTEXT_MAX;
    memcpy (out, "\4\0\4PONG", 7);
    out[1] = (uint8_t)(5 + n);
    if (n > 0)
        memcpy (out + 7, context, n);
    return 7 + n;
}
