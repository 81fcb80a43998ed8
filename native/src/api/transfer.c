/* Sending and receiving: parts, whole messages, many messages, iovecs. */
#include <stdlib.h>
#include <string.h>
#include "os/net.h"
#include "api/call.h"
#include "sock/transfer.h"

static struct zc_msg *msg_of (zmq_msg_t *msg)
{
    return (struct zc_msg *)(void *)msg;
}

int zmq_msg_send (zmq_msg_t *msg, void *socket, int flags)
{
    struct zc_msg *m = msg_of (msg);

    if (!msg || !zc_msg_is_live (m))
        return zc_api_result (-EFAULT);
    int64_t size = (int64_t)zc_msg_size (m);
    int rc = zc_send_part (socket, m, flags);
    return zc_api_result (rc < 0 ? rc : size);
}

int zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags)
{
    if (!msg || !zc_msg_is_live (msg_of (msg)))
        return zc_api_result (-EFAULT);
    return zc_api_result (zc_recv_part (socket, msg_of (msg), NULL, 0, flags));
}

int zmq_sendmsg (void *socket, zmq_msg_t *msg, int flags)
{
    return zmq_msg_send (msg, socket, flags);
}

int zmq_recvmsg (void *socket, zmq_msg_t *msg, int flags)
{
    return zmq_msg_recv (msg, socket, flags);
}

int zmq_send (void *socket, const void *buffer, size_t size, int flags)
{
    struct zc_msg m;

    if (!buffer && size)
        return zc_api_result (-EFAULT);
    zc_msg_lend (&m, buffer, size);
    int rc = zc_send_part (socket, &m, flags);
    if (rc < 0)
        zc_msg_close (&m); /* it may have become its own meanwhile */
    return zc_api_result (rc < 0 ? rc : (int64_t)size);
}

int zmq_send_const (void *socket, const void *buffer, size_t size, int flags)
{
    struct zc_msg m;

    if (!buffer && size)
        return zc_api_result (-EFAULT);
    zc_msg_init_data (&m, (void *)(uintptr_t)buffer, size, NULL, NULL);
    int rc = zc_send_part (socket, &m, flags);
    return zc_api_result (rc < 0 ? rc : (int64_t)size);
}

int zmq_recv (void *socket, void *buffer, size_t size, int flags)
{
    if (!buffer && size)
        return zc_api_result (-EFAULT);
    return zc_api_result (zc_recv_part (socket, NULL, buffer, size, flags));
}

int zmq_sendiov (void *socket, struct iovec *iov, size_t count, int flags)
{
    int rc = -1;

    if (!count || !iov)
        return zc_api_result (-EINVAL);
    for (size_t i = 0; i < count; i++) {
        int last = i + 1 == count ? flags & ~ZMQ_SNDMORE : flags;
        rc = zmq_send (socket, iov[i].iov_base, iov[i].iov_len, last);
        if (rc < 0)
            return rc;
    }
    return rc;
}

int zmq_recviov (void *socket, struct iovec *iov, size_t *count, int flags)
{
    size_t room = count ? *count : 0, n = 0;
    bool more = true;

    if (!room || !iov)
        return zc_api_result (-EINVAL);
    while (more && n < room) {
        struct zc_msg m;
        zc_msg_init (&m);
        int64_t size = zc_recv_part (socket, &m, NULL, 0, flags);
        *count = n; /* those that came are the program's, whatever happens to the others */
        if (size < 0)
            return zc_api_result (size);
        iov[n].iov_len = (size_t)size;
        iov[n].iov_base = malloc (size ? (size_t)size : 1); /* freed by the program */
        if (!iov[n].iov_base) {
            zc_msg_close (&m);
            return zc_api_result (-ENOMEM);
        }
        memcpy (iov[n].iov_base, zc_msg_bytes (&m), (size_t)size);
        more = m.flags & ZC_MSG_MORE;
        zc_msg_close (&m);
        n++;
    }
    *count = n;
    return (int)n;
}

/* ---- ours ---- */

static long long_result (int64_t rc)
{
    return rc < 0 ? zc_api_result (rc) : (long)rc;
}

int zcffi_send_parts (void *socket, zmq_msg_t *parts, size_t count, int flags)
{
    if (!count || !parts)
        return zc_api_result (-EINVAL);
    for (size_t i = 0; i < count; i++)
        if (!zc_msg_is_live (msg_of (&parts[i])))
            return zc_api_result (-EFAULT);
    return zc_api_result (zc_send_parts (socket, msg_of (parts), count, flags));
}

int zcffi_recv_parts (void *socket, zmq_msg_t *parts, size_t capacity, int flags)
{
    if (!parts && capacity)
        return zc_api_result (-EINVAL);
    return zc_api_result (zc_recv_parts (socket, msg_of (parts), capacity, 1, flags));
}

long zcffi_recv_many (void *socket, zmq_msg_t *parts, size_t capacity, size_t messages, int flags)
{
    if (!parts && capacity)
        return zc_api_result (-EINVAL);
    return long_result (zc_recv_parts (socket, msg_of (parts), capacity, messages, flags));
}

static void part_of_list (const void *arg, size_t i, const void **data, size_t *size, bool *more)
{
    const zcffi_part_t *p = (const zcffi_part_t *)arg + i;
    *data = p->data;
    *size = p->size;
    *more = p->more != 0;
}

/* The parts of the whole messages before the first one with a part whose bytes are not there. */
static size_t sound_parts (const zcffi_part_t *parts, size_t count)
{
    size_t whole = 0;

    for (size_t i = 0; i < count; i++) {
        if (!parts[i].data && parts[i].size)
            return whole;
        if (!parts[i].more)
            whole = i + 1;
    }
    return whole;
}

long zcffi_send_many (void *socket, const zcffi_part_t *parts, size_t count, int flags)
{
    struct zc_part_source from = {part_of_list, parts, 0};

    if (count && (!parts || parts[count - 1].more))
        return zc_api_result (-EINVAL);
    from.count = sound_parts (parts, count);
    if (count && !from.count)
        return zc_api_result (-EFAULT);
    return long_result (zc_send_many (socket, &from, flags));
}

/* Parts back to back: asked for in order, so that the place of the next is known. */
struct packed
{
    const uint8_t *buffer;
    const uint64_t *sizes;
    size_t at_part, at_byte;
};

static void part_of_packed (const void *arg, size_t i, const void **data, size_t *size, bool *more)
{
    struct packed *p = (struct packed *)(uintptr_t)arg;
    *size = (size_t)(p->sizes[i] >> 1);
    *more = p->sizes[i] & 1;
    *data = p->buffer + p->at_byte;
    if (i == p->at_part) {
        p->at_part++;
        p->at_byte += *size;
    }
}

long zcffi_send_packed (void *socket, const void *buffer, const uint64_t *sizes, size_t count, int flags)
{
    struct packed p = {buffer ? buffer : "", sizes, 0,
                       0}; /* without a buffer all parts are empty, and lie here */
    struct zc_part_source from = {part_of_packed, &p, count};

    if (!sizes && count)
        return zc_api_result (-EINVAL);
    for (size_t i = 0; !buffer && i < count; i++)
        if (sizes[i] >> 1)
            return zc_api_result (-EFAULT);
    if (count == 1) { /* the last part is asked for first, to see whether it ends a message */
        if (sizes[0] & 1)
            return zc_api_result (-EINVAL);
        struct zc_msg m;
        zc_msg_lend (&m, buffer, (size_t)(sizes[0] >> 1));
        int rc = zc_send_parts (socket, &m, 1, flags);
        return rc < 0 ? zc_api_result (rc) : 1;
    }
    return long_result (zc_send_many (socket, &from, flags));
}

long zcffi_recv_packed (void *socket, void *buffer, size_t size, uint64_t *sizes, size_t capacity,
                        size_t messages, int flags)
{
    if ((!sizes && capacity) || (!buffer && size))
        return zc_api_result (-EINVAL);
    return long_result (zc_recv_packed (socket, buffer, size, sizes, capacity, messages, flags));
}
