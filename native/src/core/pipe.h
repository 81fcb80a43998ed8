/* The life of a pipe: made, attached, lost, ended; what arrives in it; its place among those that can take a message. Under the
 * hub's lock. */
#ifndef ZC_CORE_PIPE_H
#define ZC_CORE_PIPE_H

#include "core/hub.h"

struct zc_pipe *zc_pipe_new (void);
/* Gives it a number and a place in the hub, and calls the pattern's attach. 0, -ENOMEM (the pipe stays the caller's). */
int zc_pipe_attach (struct zc_hub *h, struct zc_pipe *p);
/* Its connection is READY. */
void zc_pipe_up (struct zc_pipe *p);
/* Its connection is lost: it waits for the next one (keep), or ends. */
void zc_pipe_lost (struct zc_pipe *p, bool keep);
/* Messages came: takes the frames. */
void zc_pipe_arrived (struct zc_pipe *p, struct zc_frames *fresh, uint32_t msgs);
/* Ends it now: what is queued out is dropped (and counted), what is queued in may still be read. p may be gone afterwards. */
void zc_pipe_retire (struct zc_pipe *p);
/* Takes it out of the hub and frees it. */
void zc_pipe_free (struct zc_pipe *p);
/* It may take part in sending again (below its mark). */
void zc_pipe_room (struct zc_pipe *p);
/* It is full. */
void zc_pipe_full (struct zc_pipe *p);
void zc_pipe_avail (struct zc_pipe *p);
/* Each peer inside the process whose queue is empty is asked to leave word when it writes; if it has written meanwhile, there is mail. To
 * be called before anybody relies on being told: before a sleep, before the exported descriptor is handed out. */
void zc_pipes_ask (struct zc_hub *h);
/* Frees one that was never attached. */
void zc_pipe_discard (struct zc_pipe *p);

#endif
