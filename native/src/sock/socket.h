/* The upper half of a socket: its pattern, its options, its half messages, its endpoints. Guarded by its hub's lock. */
#ifndef ZC_SOCK_SOCKET_H
#define ZC_SOCK_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/msg.h"
#include "core/close.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/options.h"

struct zc_sock;
struct zc_endpoint_entry;

/* What a pattern's recv found: the message starts with prefix (if has_prefix; it always has more behind it), then come the
 * parts at the head of *frames up to the one without MORE. Whoever called recv takes all of them under the same lock and
 * then, if there is a pipe, calls zc_hub_message_done. Metadata: a part's own if it has some, else the pipe's. */
struct zc_incoming
{
    struct zc_pipe *pipe;     /* NULL: a notice of the pattern's own */
    struct zc_frames *frames; /* &pipe->in, or the pattern's queue of notices */
    struct zc_msg prefix;
    bool has_prefix;
};

/* A socket type. One static const for each, in a file of its own. All slots run under the hub's lock and never block. */
struct zc_pattern
{
    int type;             /* ZMQ_* */
    bool sends, receives; /* else the call is ENOTSUP */
    size_t state_size;    /* of sock->state, zeroed before open; 0: none */
    size_t last_part; /* a message ends with this part, whatever SNDMORE says (STREAM: 2); 0: SNDMORE tells */
    struct zc_hub_ops hub;            /* attach .. can_send; see core/hub.h. attach and detach never NULL */
    int (*open) (struct zc_sock *);   /* NULL: nothing to do. 0, -ENOMEM */
    void (*close) (struct zc_sock *); /* frees what state owns; all pipes are detached */
    /* Takes a whole message of count >= 1 parts: 0 and the parts are empty afterwards (zc_sock_parts_sent), or -EAGAIN (would
     * wait), -EFSM, -EHOSTUNREACH, -EINVAL, -ENOMEM, and the parts are untouched. force: the message was admitted
     * before; it may overshoot the mark, and -EAGAIN only means that there is nobody at all. */
    int (*send) (struct zc_sock *, struct zc_msg *parts, size_t count, bool force);
    /* Whether a message that starts with this part (of several, or -EAGAIN came from send) would be taken now: 0 or send's
     * errors. NULL: can_send decides. A sender that waits asks this: can_send may be true for other messages. */
    int (*admit) (struct zc_sock *, const struct zc_msg *first);
    /* Finds the next message, or -EAGAIN, -EFSM, -ENOMEM. On 0 the state has moved on as if the message had been taken. */
    int (*recv) (struct zc_sock *, struct zc_incoming *);
    /* There was no memory to give what recv found; it is gone. NULL: nothing to take back. */
    void (*lost) (struct zc_sock *);
    bool
        recv_only_finds; /* recv has no state to move on and gives no prefix: what it found may be left where it is */
    /* Options that act: SUBSCRIBE, CONNECT_ROUTING_ID, ... 0, -EINVAL, -ENOMEM. NULL: none. Called with options already
     * checked for size and type by the table where the table says so; also called after a stored one changed (the
     * value is in sock->opt), so that flags act at once. */
    int (*set) (struct zc_sock *, int option, const void *value, size_t size);
    int (*get) (struct zc_sock *, int option, void *value, size_t *size);
};

struct zc_sock
{
    struct zc_hub *hub;
    const struct zc_pattern *pattern;
    struct zc_options opt;
    void *state; /* the pattern's */
    char *last_endpoint;
    struct zc_endpoint_entry *endpoints;
    /* A message being sent part by part: held here until its last part. */
    struct zc_msg *half_out;
    size_t half_out_count, half_out_cap;
    const struct zc_self *half_out_by; /* the thread that gave its last part */
    /* A message being received part by part: what is left of it. */
    struct zc_frames half_in;
    struct zc_meta *half_in_meta;
    const struct zc_self *half_in_by; /* the thread that took its last part */
    /* A whole message that did not fit its receiver: delivered before any other. */
    struct zc_frames stash;
    struct zc_meta *stash_meta;
    bool rcvmore;
};

static inline struct zc_sock *zc_sock_of (const struct zc_hub *h)
{
    return h->sock;
}

/* NULL: no such type. */
const struct zc_pattern *zc_pattern_of (int type);

/* Makes count parts empty after they were taken (free functions run later, outside the lock). */
static inline void zc_sock_parts_sent (struct zc_msg *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        zc_msg_drop (&parts[i]);
        zc_msg_init (&parts[i]);
    }
}

/* ---- what patterns share: sock/balance.c, sock/distribute.c ---- */

/* Fair queue: the next message of any pipe; fills in->pipe. -EAGAIN: none. */
int zc_fair_recv (struct zc_hub *, struct zc_incoming *);

/* ---- the life of a socket ---- */

int zc_sock_open (void *ctx, int type, void **handle);
int zc_sock_close (void *handle);
/* Why a handle can't be entered. */
int zc_sock_refuse (int found, struct zc_slot *);
/* Finds and locks the socket of a handle and counts the call in: 0, -ENOTSOCK, -ETERM, -ZCFFI_EFORKED, -ENOMEM. */
static inline int zc_sock_enter (void *handle, struct zc_sock **out)
{
    struct zc_slot *slot = NULL;
    int found = zc_self () ? zc_handle_enter (handle, ZC_KIND_SOCKET, &slot) : ZC_HANDLE_BAD;
    struct zc_hub *h = found == ZC_HANDLE_OK ? slot->object : NULL;

    *out = NULL;
    if (!h || h->state != ZC_HUB_OPEN)
        return zc_sock_refuse (found, slot);
    h->refs++;
    zc_hub_drain_mail (h);
    *out = h->sock;
    return 0;
}
/* Ends a call: nobody is left asleep or untold; unlocks; runs what was put off. */
static inline void zc_sock_exit (struct zc_sock *s)
{
    struct zc_hub *h = s->hub;

    zc_driver_tell (h);
    zc_driver_pass_on (h);
    zc_hub_exit (h);
    if (zc_msg_has_late ())
        zc_msg_run_late ();
}
int zc_sock_set (void *handle, int option, const void *value, size_t size);
int zc_sock_get (void *handle, int option, void *value, size_t *size);
/* Messages for this socket are lost, from no fault of its own: counted, and told. */
void zc_sock_lost (void *handle, uint64_t n, const char *why);
/* A receive would find something. Under the lock. */
static inline bool zc_sock_has_message (struct zc_sock *s)
{
    const struct zc_hub_ops *ops = s->hub->ops;
    return s->half_in.head || s->stash.head || (ops->can_recv && ops->can_recv (s->hub));
}
/* What the socket could do now: ZMQ_POLLIN, ZMQ_POLLOUT. Looks at its links. Under the lock. */
int zc_sock_events (struct zc_sock *);

/* ---- endpoints: sock/endpoints.c ---- */

int zc_sock_bind (void *handle, const char *endpoint);
int zc_sock_connect (void *handle, const char *endpoint);
int zc_sock_unbind (void *handle, const char *endpoint); /* and disconnect: one operation */
void zc_endpoints_close (struct zc_sock *); /* listeners and names now; dialers go on lingering */
void zc_endpoints_end (struct zc_sock *);   /* everything */
void zc_endpoints_abandon (struct zc_sock *);

#endif
