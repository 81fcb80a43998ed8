/* Frames: headers read and written. Called by whoever drives the link, which owns the machine.
 *
 * ZMTP 2 and 3: flags, then the length in one byte, or in eight when LONG. Refused: reserved bits
 * (COMMAND is one of them in 2.0), a command with MORE, lengths of 2^63 and up (RFC 37). A long
 * header on a short body is taken.
 *
 * ZMTP 1.0: the length in one byte, or FF and eight; it counts the flags behind it. Bit 0 of the
 * flags is MORE, the others mean nothing. A length of 0 is refused as deployed peers do, where
 * RFC 13 would have it thrown away: it comes from a peer that has lost its place.
 *
 * Limits: a frame has at most maxmsgsize bytes, a message's or a command's (a topic may be as long
 * as a message); but a small command is always taken, else a small limit would end every connection
 * with heartbeats. */
#include <assert.h>
#include <errno.h>

#include "base/bytes.h"
#include "wire/handshake.h"
#include "wire/wire.h"
#include "zmq.h"

#define COMMAND_SMALL 512

static int refuse (struct zc_wire *w, const char *text)
{
    return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED, text);
}

static int too_long (struct zc_wire *w)
{
    return zc_wire_refuse (w, -EMSGSIZE, 0, "a frame is longer than we take");
}

static uint64_t limit_of (const struct zc_wire *w, uint8_t flags)
{
    uint64_t limit = w->maxmsgsize < 0 ? INT64_MAX : (uint64_t)w->maxmsgsize;

    return (flags & ZC_FRAME_COMMAND) && limit < COMMAND_SMALL ? COMMAND_SMALL : limit;
}

int zc_frame_head (struct zc_wire *w, const uint8_t *p, size_t have, struct zc_frame *f)
{
    uint8_t known = ZC_FRAME_MORE | ZC_FRAME_LONG | (w->major >= 3 ? ZC_FRAME_COMMAND : 0);

    if (have < 1)
        return ZC_FRAME_NEED;
    f->flags = p[0];
    if (f->flags & ~known)
        return refuse (w, "a frame has reserved flag bits");
    if ((f->flags & ZC_FRAME_COMMAND) && (f->flags & ZC_FRAME_MORE))
        return refuse (w, "a command claims to have more frames");
    f->head = f->flags & ZC_FRAME_LONG ? 9 : 2;
    if (have < f->head)
        return ZC_FRAME_NEED;
    f->size = f->head == 9 ? zc_get_u64 (p + 1) : p[1];
    if (f->size > INT64_MAX)
        return refuse (w, "a frame's length is 2^63 or more");
    return ZC_FRAME_PART;
}

int zc_wire_frame_slow (struct zc_wire *w, const uint8_t *p, size_t have, struct zc_frame *f)
{
    int rc = zc_frame_head (w, p, have, f);

    if (rc != ZC_FRAME_PART)
        return rc;
    if (f->size > limit_of (w, f->flags))
        return too_long (w);
    return have - f->head >= f->size ? ZC_FRAME_WHOLE : ZC_FRAME_PART;
}

int zc_wire_frame_v1 (struct zc_wire *w, const uint8_t *p, size_t have, struct zc_frame *f)
{
    uint64_t length;

    if (have < 2)
        return ZC_FRAME_NEED;
    f->head = p[0] == 0xFF ? 10 : 2;
    if (have < f->head)
        return ZC_FRAME_NEED;
    length = f->head == 10 ? zc_get_u64 (p + 1) : p[0];
    if (length == 0)
        return refuse (w, "a frame's length is 0, which ZMTP 1.0 does not have");
    f->size = length - 1;
    f->flags = p[f->head - 1] & ZC_FRAME_MORE;
    if (f->size >= INT64_MAX)
        return refuse (w, "a frame's length is 2^63 or more");
    if (f->size > limit_of (w, f->flags))
        return too_long (w);
    return have - f->head >= f->size ? ZC_FRAME_WHOLE : ZC_FRAME_PART;
}

static size_t head_v1 (uint8_t flags, uint64_t size, uint8_t out[10])
{
    assert (!(flags & ZC_FRAME_COMMAND));
    if (size < 254) {
        out[0] = (uint8_t)(size + 1);
        out[1] = flags;
        return 2;
    }
    out[0] = 0xFF;
    zc_put_u64 (out + 1, size + 1);
    out[9] = flags;
    return 10;
}

size_t zc_wire_head (int major, uint8_t flags, uint64_t size, uint8_t out[10])
{
    flags &= ZC_FRAME_MORE | ZC_FRAME_COMMAND;
    if (major == 1)
        return head_v1 (flags, size, out);
    assert (major >= 3 || !(flags & ZC_FRAME_COMMAND));
    if (size <= 255) {
        out[0] = flags;
        out[1] = (uint8_t)size;
        return 2;
    }
    out[0] = flags | ZC_FRAME_LONG;
    zc_put_u64 (out + 1, size);
    return 9;
}
