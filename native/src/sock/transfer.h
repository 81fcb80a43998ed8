/* Messages from the caller into the pattern and back: one part, whole messages, many messages; waiting; half messages.
 * All find the socket by its handle, wait as flags and the socket's timeouts say, and give a negative errno on failure. */
#ifndef ZC_SOCK_TRANSFER_H
#define ZC_SOCK_TRANSFER_H

#include "sock/socket.h"
#include "zcffi.h"

/* One part. On success msg is empty; on failure it is untouched. */
int zc_send_part (void *handle, struct zc_msg *msg, int flags);
/* One whole message; the same. */
int zc_send_parts (void *handle, struct zc_msg *parts, size_t count, int flags);
/* Parts of bytes: part i of the list behind arg. */
struct zc_part_source
{
    void (*part) (const void *arg, size_t i, const void **data, size_t *size, bool *more);
    const void *arg;
    size_t count;
};
/* The number of parts accepted (whole messages), or negative. */
int64_t zc_send_many (void *handle, struct zc_part_source *, int flags);

/* One part into msg (an initialised message; its content is released), or into a buffer (msg NULL). Returns the part's size. */
int64_t zc_recv_part (void *handle, struct zc_msg *msg, void *buffer, size_t room, int flags);
/* Up to `messages` whole messages into parts[0 .. capacity). The number of parts. */
int64_t zc_recv_parts (void *handle, struct zc_msg *parts, size_t capacity, size_t messages, int flags);
int64_t zc_recv_packed (void *handle, void *buffer, size_t room, uint64_t *sizes, size_t capacity,
                        size_t messages, int flags);

#endif
