/* The meeting place of two sockets in one process: a lane each way, which needs no lock, and a leaf lock for everything else (who is
 * here, limits, word to be left). Neither side ever takes the other socket's lock: it leaves word in the other's mail, and only if
 * the other has asked for it. A side may also be no socket at all (a monitor writes).
 *
 * Asking and telling, for messages (reader_waits) and for room (writer_waits) alike: who waits raises the flag, then looks once
 * more; who acts does so, then looks at the flag. All four are sequentially consistent, so one of the two sees the other. */
#ifndef ZC_CORE_CHAN_H
#define ZC_CORE_CHAN_H

#include "core/hub.h"

/* What one side tells the other about itself. */
struct zc_chan_card
{
    uint8_t type;
    const uint8_t *id; /* routing id, lent to zc_chan_new and _bind */
    size_t id_size;
    uint32_t sndhwm, rcvhwm;
    bool conflate;
};

/* A channel with side 0 taken by p (a pipe not yet attached; NULL for a side that is no socket); side 1 open. */
int zc_chan_new (struct zc_chan **out, struct zc_hub *h, struct zc_pipe *p, const struct zc_chan_card *);
/* Side 1 is taken, by a fresh pipe that is posted to h's mail and then h's. -ECONNREFUSED: h is closed, -EPIPE: side 0 has left; the
 * pipe stays the caller's. The caller holds the name table's lock. */
int zc_chan_bind (struct zc_chan *, struct zc_hub *h, struct zc_pipe *p, const struct zc_chan_card *);
void zc_chan_ref (struct zc_chan *);
void zc_chan_unref (struct zc_chan *);

/* For a pipe with a channel, under its hub's lock. */
int zc_chan_put (struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force);
int zc_chan_subscribe (struct zc_pipe *p, bool cancel, const uint8_t *topic, size_t n);
bool zc_chan_has_room (struct zc_pipe *p);
void zc_chan_popped (struct zc_pipe *p);
/* Brings what the peer has written into p, as far as it goes in one step. True when messages came. */
bool zc_chan_take (struct zc_pipe *p);
/* The peer is to leave word when it writes; if it has written meanwhile, word is left at once. */
void zc_chan_ask (struct zc_pipe *p);
/* The hub's limits have changed. */
void zc_chan_limits (struct zc_pipe *p);
/* Our side writes no more; the peer is told. */
void zc_chan_leave (struct zc_pipe *p);
/* Our side lets go of the channel. */
void zc_chan_end (struct zc_pipe *p);
/* Mail about p was opened. */
void zc_chan_news (struct zc_hub *h, struct zc_pipe *p, unsigned news);

/* For a side 0 that is no socket. -EAGAIN: the reader's queue is full, -EPIPE: it left. */
int zc_chan_write (struct zc_chan *, struct zc_msg *parts, size_t count);
void zc_chan_close_writer (struct zc_chan *);
/* True when side 0 has left. */
bool zc_chan_has_left (struct zc_chan *);
/* True when a reader has come and not left. */
bool zc_chan_has_reader (struct zc_chan *);

#endif
