/* The zmq_msg_* functions: messages in a program's hands. No socket is touched and no lock taken, except by sending and
 * receiving, which live with the sockets. A message belongs to one thread at a time. */
#include "zmq.h"

#include <stdalign.h>
#include <string.h>
#include "base/msg.h"

_Static_assert(sizeof (struct zc_msg) <= sizeof (zmq_msg_t), "a message fits the program's struct");
_Static_assert(alignof (struct zc_msg) <= alignof (zmq_msg_t), "and is aligned in it");
_Static_assert(sizeof (zmq_msg_t) == 64, "the size programs were compiled with");

static struct zc_msg *msg_of (zmq_msg_t *msg)
{
    return (struct zc_msg *)(void *)msg;
}

static const struct zc_msg *peek_of (const zmq_msg_t *msg)
{
    return (const struct zc_msg *)(const void *)msg;
}

static bool is_live (const zmq_msg_t *msg)
{
    return msg && zc_msg_is_live (peek_of (msg));
}

static int fail (int error)
{
    errno = error;
    return -1;
}

static int result (int rc)
{
    return rc < 0 ? fail (-rc) : rc;
}

int zmq_msg_init (zmq_msg_t *msg)
{
    if (!msg)
        return fail (EFAULT);
    zc_msg_init (msg_of (msg));
    return 0;
}

int zmq_msg_init_size (zmq_msg_t *msg, size_t size)
{
    return msg ? result (zc_msg_init_size (msg_of (msg), size)) : fail (EFAULT);
}

int zmq_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint)
{
    return msg ? result (zc_msg_init_data (msg_of (msg), data, size, ffn, hint)) : fail (EFAULT);
}

int zmq_msg_close (zmq_msg_t *msg)
{
    if (!is_live (msg))
        return fail (EFAULT);
    zc_msg_close (msg_of (msg));
    return 0;
}

int zmq_msg_move (zmq_msg_t *dest, zmq_msg_t *src)
{
    if (!is_live (dest) || !is_live (src))
        return fail (EFAULT);
    if (dest == src)
        return 0;
    zc_msg_close (msg_of (dest));
    zc_msg_move (msg_of (dest), msg_of (src));
    return 0;
}

int zmq_msg_copy (zmq_msg_t *dest, zmq_msg_t *src)
{
    struct zc_msg fresh;

    if (!is_live (dest) || !is_live (src))
        return fail (EFAULT);
    if (dest == src)
        return 0;
    int rc = zc_msg_copy (&fresh, msg_of (src));
    if (rc < 0)
        return result (rc);
    zc_msg_close (msg_of (dest));
    *msg_of (dest) = fresh;
    return 0;
}

void *zmq_msg_data (zmq_msg_t *msg)
{
    return is_live (msg) ? zc_msg_data (msg_of (msg)) : NULL;
}

size_t zmq_msg_size (const zmq_msg_t *msg)
{
    return is_live (msg) ? zc_msg_size (peek_of (msg)) : 0;
}

int zmq_msg_more (const zmq_msg_t *msg)
{
    return is_live (msg) && (peek_of (msg)->flags & ZC_MSG_MORE);
}

int zmq_msg_get (const zmq_msg_t *msg, int property)
{
    if (!is_live (msg))
        return fail (EFAULT);
    switch (property) {
    case ZMQ_MORE:
        return zmq_msg_more (msg);
    case ZMQ_SRCFD:
        return peek_of (msg)->meta ? peek_of (msg)->meta->fd : fail (EINVAL);
    case ZMQ_SHARED:
        return zc_msg_is_shared (peek_of (msg));
    default:
        return fail (EINVAL);
    }
}

int zmq_msg_set (zmq_msg_t *msg, int property, int optval)
{
    (void)msg;
    (void)property;
    (void)optval;
    return fail (EINVAL);
}

const char *zmq_msg_gets (const zmq_msg_t *msg, const char *property)
{
    const char *value = NULL;

    if (is_live (msg) && property) {
        value = zc_meta_get (peek_of (msg)->meta, property);
        if (!value && strcmp (property, "Routing-Id") == 0)
            value = zc_meta_get (peek_of (msg)->meta, "Identity"); /* its name on the wire */
    }
    if (!value)
        errno = EINVAL;
    return value;
}
