/* A link over a byte stream (tcp, ipc): the handshake on its I/O thread, then ZMTP traffic (or raw bytes) read and written
 * by whoever drives. Its owner, a listener or a dialer, hears of it on the I/O thread only. */
#ifndef ZC_LINK_STREAM_H
#define ZC_LINK_STREAM_H

#include "core/driver.h"
#include "link/link.h"
#include "os/net.h"

struct zc_stream;

struct zc_stream_owner
{
    /* READY is near: the pipe to join with (a dialer's own), or NULL: a new one is made. Under the hub's lock. */
    struct zc_pipe *(*pipe) (struct zc_stream_owner *);
    /* It is over: s is freed after this. error 0: the peer left after READY; ready: it had been READY. final: the peer does not
     * speak what we speak, trying again is no use. On the I/O thread, no lock held. */
    void (*over) (struct zc_stream_owner *, struct zc_stream *s, bool ready, bool final);
    struct zc_stream *streams; /* its connections; I/O thread only */
    void *endpoint;            /* for pipe->endpoint */
    bool is_bound;             /* a listener's */
    bool is_stopped;           /* no more connections are wanted; under the hub's lock */
};

/* Takes fd (connected or accepted); peer is the other end's address, for tcp. On failure fd is closed. I/O thread. */
int zc_stream_start (struct zc_stream_owner *, struct zc_hub *, struct zc_loop *, struct zc_link_config *,
                     int fd, const struct zc_addr *peer);
/* Ends one that has not joined yet (a joined one ends through its pipe). I/O thread. */
void zc_stream_abort (struct zc_stream *);
bool zc_stream_has_joined (const struct zc_stream *);
struct zc_stream *zc_stream_next (const struct zc_stream *);
/* The owner goes: a joined one lives on without it. */
void zc_stream_orphan (struct zc_stream *);

#endif
