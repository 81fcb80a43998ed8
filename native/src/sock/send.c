#include "sock/transfer.h"

#include <errno.h>
#include <limits.h>
#include "core/driver.h"
#include "core/monitor.h"
#include "os/clock.h"
#include "sock/sleep.h"
#include "zmq.h"

static int state_error (const struct zc_hub *h)
{
    return h->state == ZC_HUB_OPEN ? 0 : h->state == ZC_HUB_STOPPED ? -ETERM : -ENOTSOCK;
}

static uint64_t send_deadline (const struct zc_sock *s, int flags)
{
    return (flags & ZMQ_DONTWAIT) || s->opt.sndtimeo == 0 ? 0 : zc_deadline (s->opt.sndtimeo);
}

/* A part is larger than ZMQ_MAX_MSGSZ allows. */
static bool is_too_large (const struct zc_sock *s, const struct zc_msg *parts, size_t count)
{
    if (s->opt.largest_part == INT_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (zc_msg_size (&parts[i]) > (size_t)s->opt.largest_part)
            return true;
    return false;
}

/* Hands a whole message to the pattern, which had no room for it. */
static int wait_and_send (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force,
                          uint64_t deadline)
{
    struct zc_hub *h = s->hub;
    struct zc_wait w;
    int rc;

    zc_wait_init (&w, h);
    w.deadline = deadline;
    do {
        rc = zc_wait_out (&w);
        if (state_error (h) < 0)
            rc = state_error (h);
        if (rc == 0)
            rc = s->pattern->send (s, parts, count, force);
        else if (rc == -EAGAIN) { /* the time is up: one last try, room may have come with it */
            rc = s->pattern->send (s, parts, count, force);
            break;
        }
    } while (rc == -EAGAIN);
    zc_wait_end (&w);
    return rc;
}

/* The pattern has taken a message. */
static inline void driver_sent (struct zc_hub *h, uint64_t deadline)
{
    if (h->large_to)
        zc_driver_write_large (h, deadline != 0);
    if (h->is_behind)
        zc_driver_help (h);
    zc_driver_sent (h);
}

/* A whole message. */
static int send_whole (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force, uint64_t deadline)
{
    int rc = s->pattern->send (s, parts, count, force);

    if (rc == -EAGAIN && deadline)
        rc = wait_and_send (s, parts, count, force, deadline);
    if (rc == 0)
        driver_sent (s->hub, deadline);
    return rc;
}

/* ---- part by part ---- */

/* Takes a part. The last one of a message need not own its bytes: it is sent by this call, or given back. */
static int keep_part (struct zc_sock *s, struct zc_msg *msg, bool is_last)
{
    if (s->half_out_count == s->half_out_cap) {
        size_t cap = s->half_out_cap ? s->half_out_cap * 2 : 4;
        struct zc_msg *grown = zc_realloc (s->half_out, cap * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        s->half_out = grown;
        s->half_out_cap = cap;
    }
    int rc = is_last ? 0 : zc_msg_own (msg);
    if (rc < 0)
        return rc;
    zc_msg_move (&s->half_out[s->half_out_count++], msg);
    s->half_out_by = zc_self ();
    return 0;
}

/* The first part decides: it waits for room, and is refused where the message would be. */
static int admit (struct zc_sock *s, const struct zc_msg *first, uint64_t deadline)
{
    struct zc_hub *h = s->hub;
    struct zc_wait w;

    zc_wait_init (&w, h);
    w.deadline = deadline;
    for (;;) {
        int rc = s->pattern->admit ? s->pattern->admit (s, first) : h->ops->can_send (h) ? 0 : -EAGAIN;
        if (rc == -EAGAIN)
            rc = zc_wait_out (&w);
        else {
            zc_wait_end (&w);
            return rc;
        }
        if (rc == 0)
            rc = state_error (h);
        if (rc < 0) {
            zc_wait_end (&w);
            return rc;
        }
    }
}

/* The array of a message that was sent, or of what is left of one that was not. */
static void put_back (struct zc_sock *s, struct zc_msg *parts, size_t count, size_t cap)
{
    if (!s->half_out) {
        s->half_out = parts;
        s->half_out_count = count;
        s->half_out_cap = cap;
        return;
    }
    /* Another message was begun while this one waited: only one can be continued. */
    for (size_t i = 0; i < count; i++)
        zc_msg_drop (&parts[i]);
    if (count)
        zc_event_dropped (s->hub, 1, "a message begun by one thread was dropped: another has begun its own");
    zc_free (parts);
}

/* The message is complete. When it can't be sent its last parts are the caller's again; those before wait for another try. Others may
 * begin a message of their own while this one waits. */
static int send_last (struct zc_sock *s, uint64_t deadline, struct zc_msg *last, size_t last_count)
{
    struct zc_msg *parts = s->half_out;
    size_t count = s->half_out_count, cap = s->half_out_cap;

    s->half_out = NULL;
    s->half_out_count = s->half_out_cap = 0;
    int rc = s->pattern->send (s, parts, count, true);
    if (rc == -EAGAIN && deadline) {
        rc = 0;
        for (size_t i = 0; i < count && rc == 0; i++)
            rc = zc_msg_own (&parts[i]);
        if (rc == 0)
            rc = wait_and_send (s, parts, count, true, deadline);
    }
    if (rc == 0) {
        put_back (s, parts, 0, cap);
        driver_sent (s->hub, deadline);
        return 0;
    }
    for (size_t i = last_count; i-- > 0;)
        zc_msg_move (&last[i], &parts[--count]);
    put_back (s, parts, count, cap);
    return rc;
}

static int send_one_part (struct zc_sock *s, struct zc_msg *msg, bool more, uint64_t deadline)
{
    bool first = s->half_out_count == 0;
    int rc = 0;

    if (first && more)
        rc = admit (s, msg, deadline);
    if (rc < 0)
        return rc;
    rc = keep_part (s, msg, !more);
    if (rc < 0 || more)
        return rc;
    return send_last (s, deadline, msg, 1);
}

int zc_send_part (void *handle, struct zc_msg *msg, int flags)
{
    struct zc_sock *s;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    size_t last = s->pattern->last_part;
    bool more = (flags & ZMQ_SNDMORE) && !(last && s->half_out_count + 1 == last);
    if (!s->pattern->sends)
        rc = -ENOTSUP;
    else if (is_too_large (s, msg, 1))
        rc = -EMSGSIZE;
    else if (more || s->half_out_count)
        rc = send_one_part (s, msg, more, send_deadline (s, flags));
    else
        rc = send_whole (s, msg, 1, false, send_deadline (s, flags));
    zc_sock_exit (s);
    return rc;
}

/* ---- whole messages ---- */

/* A thread that has begun a message part by part ends it so; other threads' messages pass beside it. */
static int send_rest (struct zc_sock *s, struct zc_msg *parts, size_t count, uint64_t deadline)
{
    size_t before = s->half_out_count;
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = keep_part (s, &parts[i], true);
    if (rc == 0)
        return send_last (s, deadline, parts, count);
    while (rc < 0 && s->half_out_count > before) {
        s->half_out_count--;
        zc_msg_move (&parts[s->half_out_count - before], &s->half_out[s->half_out_count]);
    }
    return rc;
}

static int send_message (struct zc_sock *s, struct zc_msg *parts, size_t count, uint64_t deadline)
{
    if (is_too_large (s, parts, count))
        return -EMSGSIZE;
    return s->half_out_count && s->half_out_by == zc_self () ? send_rest (s, parts, count, deadline)
                                                             : send_whole (s, parts, count, false, deadline);
}

int zc_send_parts (void *handle, struct zc_msg *parts, size_t count, int flags)
{
    struct zc_sock *s;

    if (!count)
        return -EINVAL;
    int rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = s->pattern->sends ? send_message (s, parts, count, send_deadline (s, flags)) : -ENOTSUP;
    zc_sock_exit (s);
    return rc;
}

#define MANY_PARTS 64 /* parts of one message that need no memory */

static int64_t send_messages (struct zc_sock *s, struct zc_part_source *from, uint64_t deadline)
{
    struct zc_msg few[MANY_PARTS], *parts = few;
    size_t cap = MANY_PARTS, done = 0, i = 0;
    int rc = 0;

    while (i < from->count && rc == 0) {
        bool more = true;
        size_t n = 0;
        while (more && i < from->count) {
            const void *data;
            size_t size;
            if (n == cap) {
                struct zc_msg *grown = zc_alloc (2 * cap * sizeof *grown);
                if (!grown) {
                    rc = -ENOMEM;
                    break;
                }
                memcpy (grown, parts, n * sizeof *grown);
                if (parts != few)
                    zc_free (parts);
                parts = grown;
                cap *= 2;
            }
            from->part (from->arg, i++, &data, &size, &more);
            zc_msg_lend (&parts[n++], data, size);
        }
        if (rc == 0)
            rc = send_message (s, parts, n, done ? 0 : deadline);
        for (size_t k = 0; rc < 0 && k < n; k++)
            zc_msg_drop (&parts[k]); /* one may have become its own meanwhile */
        if (rc == 0)
            done = i;
    }
    if (parts != few)
        zc_free (parts);
    return done ? (int64_t)done : rc;
}

int64_t zc_send_many (void *handle, struct zc_part_source *from, int flags)
{
    struct zc_sock *s;
    const void *data;
    size_t size;
    bool more = false;

    if (!from->count)
        return 0;
    from->part (from->arg, from->count - 1, &data, &size, &more);
    if (more)
        return -EINVAL;
    int64_t rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    rc = s->pattern->sends ? send_messages (s, from, send_deadline (s, flags)) : -ENOTSUP;
    zc_sock_exit (s);
    return rc;
}
