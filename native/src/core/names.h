/* The inproc names of a context: who is bound, who waits for a name to be bound. Under a leaf lock of its own (mail and channels lie
 * below it). */
#ifndef ZC_CORE_NAMES_H
#define ZC_CORE_NAMES_H

#include "core/chan.h"

struct zc_names;

int zc_names_new (struct zc_names **out);
void zc_names_free (struct zc_names *);

/* Binds the name and takes those who waited for it. Under the hub's lock. 0, -EADDRINUSE, -ENOMEM. */
int zc_names_bind (struct zc_ctx *, const char *name, struct zc_hub *h, const struct zc_chan_card *);
/* -ENOENT: not bound, or by another. */
int zc_names_unbind (struct zc_ctx *, const char *name, const struct zc_hub *h);
/* Connects h by its pipe p (attached, side 0), now or when the name is bound. 0, -ENOMEM, -ECONNREFUSED (a monitor
 * that has its reader). For a monitor's name p is not used: *used is false and a pipe comes by mail. */
int zc_names_connect (struct zc_ctx *, const char *name, struct zc_hub *h, struct zc_pipe *p,
                      const struct zc_chan_card *, bool *used);
/* A monitor's channel waits for its reader under this name. */
int zc_names_offer (struct zc_ctx *, const char *name, struct zc_chan *);
void zc_names_withdraw (struct zc_ctx *, const char *name, const struct zc_chan *);

#endif
