#include "sock/proxy.h"

#include <errno.h>
#include "sock/poll.h"
#include "sock/transfer.h"

enum
{
    BURST = 1000 /* messages moved in one direction per turn */
};

struct count
{
    uint64_t messages, bytes;
};

struct side
{
    void *socket;
    struct count received, sent;
};

struct proxy
{
    struct side front, back;
    void *capture, *control;
    bool is_paused, is_over;
    struct zc_msg *parts;
    size_t cap;
};

/* ---- one message ---- */

static void drop_parts (struct proxy *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        zc_msg_close (&p->parts[i]);
}

/* Whole messages or nothing: what a failure would leave of one would pass for another when the proxy is started again. */
static int64_t receive (struct proxy *p, struct side *from)
{
    int64_t n;

    while ((n = zc_recv_parts (from->socket, p->parts, p->cap, 1, ZMQ_DONTWAIT)) == -EMSGSIZE) {
        size_t cap = p->cap * 2 + 8;
        struct zc_msg *grown = zc_realloc (p->parts, cap * sizeof *grown);
        if (!grown)
            return -ENOMEM; /* it stays there */
        p->parts = grown;
        p->cap = cap;
    }
    if (n < 0)
        return n;
    for (int64_t i = 0; i < n; i++)
        from->received.bytes += zc_msg_size (&p->parts[i]);
    from->received.messages++;
    return n;
}

static int copy_to_capture (struct proxy *p, size_t count)
{
    int rc = 0;
    struct zc_msg *copies = zc_alloc (count * sizeof *copies);
    if (!copies)
        return -ENOMEM;
    size_t n = 0;
    while (n < count && rc == 0) {
        rc = zc_msg_copy (&copies[n], &p->parts[n]);
        n += rc == 0;
    }
    if (rc == 0)
        rc = zc_send_parts (p->capture, copies, count, 0);
    for (size_t i = 0; i < n; i++)
        zc_msg_close (&copies[i]);
    zc_free (copies);
    return rc;
}

static int send_on (struct proxy *p, struct side *to, size_t count)
{
    uint64_t bytes = 0;
    int rc = p->capture ? copy_to_capture (p, count) : 0;

    for (size_t i = 0; i < count; i++)
        bytes += zc_msg_size (&p->parts[i]);
    if (rc == 0)
        rc = zc_send_parts (to->socket, p->parts, count, 0);
    if (rc < 0) { /* a signal, or no memory: who calls the proxy again has no way to this message */
        drop_parts (p, count);
        zc_sock_lost (to->socket, 1, "a message of a proxy that was interrupted was dropped");
        return rc;
    }
    to->sent.messages++;
    to->sent.bytes += bytes;
    return 0;
}

static int events_of (void *socket)
{
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN | ZMQ_POLLOUT};
    int rc = zc_sock_poll (&item, 1, 0, NULL);
    return rc < 0 ? rc : item.revents;
}

/* Moves what is there, as long as the other side takes it. */
static int forward (struct proxy *p, struct side *from, struct side *to)
{
    for (int i = 0; i < BURST; i++) {
        int events = events_of (to->socket);
        if (events < 0)
            return events;
        if (!(events & ZMQ_POLLOUT) && from != to)
            return 0;
        int64_t n = receive (p, from);
        if (n == -EAGAIN || n == -ENOTSUP || n == -EFSM)
            return 0;
        int rc = n < 0 ? (int)n : send_on (p, to, (size_t)n);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- control ---- */

static int reply_statistics (struct proxy *p)
{
    const struct count *c[4] = {&p->front.received, &p->front.sent, &p->back.received, &p->back.sent};
    struct zc_msg m[8];

    for (int i = 0; i < 8; i++)
        zc_msg_init_copy (&m[i], i % 2 ? &c[i / 2]->bytes : &c[i / 2]->messages,
                          sizeof (uint64_t)); /* fits inside */
    return zc_send_parts (p->control, m, 8, 0);
}

static int obey (struct proxy *p)
{
    char word[16];
    int type = -1;
    size_t size = sizeof type;
    int64_t n = zc_recv_part (p->control, NULL, word, sizeof word, ZMQ_DONTWAIT);

    if (n < 0)
        return n == -EAGAIN ? 0 : (int)n;
    if (n == 5 && memcmp (word, "PAUSE", 5) == 0)
        p->is_paused = true;
    else if (n == 6 && memcmp (word, "RESUME", 6) == 0)
        p->is_paused = false;
    else if (n == 9 && memcmp (word, "TERMINATE", 9) == 0)
        p->is_over = true;
    else if (n == 10 && memcmp (word, "STATISTICS", 10) == 0)
        return reply_statistics (p);
    int rc = zc_sock_get (p->control, ZMQ_TYPE, &type, &size);
    if (rc == 0 && type == ZMQ_REP) { /* it must answer */
        struct zc_msg empty;
        zc_msg_init (&empty);
        rc = zc_send_parts (p->control, &empty, 1, 0);
    }
    return rc;
}

/* ---- the loop ---- */

/* Waits for input that can go on; where the other side is full, for room there instead. */
static int wait_turn (struct proxy *p, bool front_stuck, bool back_stuck)
{
    zmq_pollitem_t items[3] = {
        {.socket = p->front.socket}, {.socket = p->back.socket}, {.socket = p->control}};

    if (!p->is_paused) {
        items[0].events = (short)((front_stuck ? 0 : ZMQ_POLLIN) | (back_stuck ? ZMQ_POLLOUT : 0));
        items[1].events = (short)((back_stuck ? 0 : ZMQ_POLLIN) | (front_stuck ? ZMQ_POLLOUT : 0));
    }
    items[2].events = ZMQ_POLLIN;
    bool single = p->front.socket == p->back.socket;
    if (single)
        items[1] = items[2];
    int rc = zc_sock_poll (items, (single ? 1 : 2) + (p->control ? 1 : 0), -1, NULL);
    if (rc < 0)
        return rc;
    return p->control && items[single ? 1 : 2].revents ? obey (p) : 0;
}

/* True when `from` has something that `to` has no room for. */
static int is_stuck (const struct side *from, const struct side *to)
{
    int in = events_of (from->socket), out = in < 0 ? in : events_of (to->socket);
    return out < 0 ? out : (in & ZMQ_POLLIN) && !(out & ZMQ_POLLOUT);
}

int zc_proxy (void *frontend, void *backend, void *capture, void *control)
{
    struct proxy p = {
        .front.socket = frontend, .back.socket = backend, .capture = capture, .control = control};
    int rc = 0, front_stuck = 0, back_stuck = 0;

    if (!frontend || !backend)
        return -EFAULT;
    bool single = frontend == backend;
    while (rc == 0 && !p.is_over) {
        rc = wait_turn (&p, front_stuck, back_stuck);
        if (rc < 0 || p.is_over || p.is_paused)
            continue;
        rc = forward (&p, &p.front, single ? &p.front : &p.back);
        if (rc == 0 && !single)
            rc = forward (&p, &p.back, &p.front);
        if (rc == 0 && !single) {
            front_stuck = is_stuck (&p.front, &p.back);
            back_stuck = front_stuck < 0 ? 0 : is_stuck (&p.back, &p.front);
            rc = front_stuck < 0 ? front_stuck : back_stuck < 0 ? back_stuck : 0;
        }
    }
    zc_free (p.parts);
    return rc;
}
