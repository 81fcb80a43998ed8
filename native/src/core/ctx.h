/* A context: its options, its I/O threads (started when first needed), its inproc names, its sockets. Its slot's lock is its lock;
 * it is never taken while a hub's lock is wanted afterwards (hub first, then context). */
#ifndef ZC_CORE_CTX_H
#define ZC_CORE_CTX_H

#include "core/hub.h"
#include "core/options.h"

struct zc_names;

int zc_ctx_new (void **handle);
/* Each finds the context by its handle: -EFAULT when it isn't one. */
int zc_ctx_set (void *handle, int option, int value);
int zc_ctx_get (void *handle, int option, int *value);
int zc_ctx_shutdown (void *handle);
/* Waits until every socket is closed and has lingered; -EINTR: a signal came, call again. */
int zc_ctx_term (void *handle);

/* A place for one more socket: 0 (the context stays alive until zc_ctx_forget or zc_ctx_cancel), -EFAULT, -ETERM, -EMFILE,
 * -ZCFFI_EFORKED. inherited receives what the socket's options take from the context. */
int zc_ctx_reserve (void *handle, struct zc_ctx **out, struct zc_options *inherits);
void zc_ctx_cancel (struct zc_ctx *);
bool zc_ctx_enroll (struct zc_ctx *,
                    struct zc_hub *); /* the hub is a socket of it now; false: it is shutting down: stop it */
void zc_ctx_forget (struct zc_ctx *, struct zc_hub *); /* and no more; the context may be gone afterwards */

struct zc_names *zc_ctx_names (struct zc_ctx *);
/* The least loaded I/O thread of those in the bit mask (0: all), started if need be. Not under a hub's lock. 0, -EMTHREAD (there
 * are none), -EMFILE, -ENOMEM, -EAGAIN. Give it back with zc_ctx_loop_done. */
int zc_ctx_loop (struct zc_ctx *, uint64_t affinity, struct zc_loop **out);
struct zc_loop *zc_ctx_loop_share (struct zc_loop *); /* one more user of it */
void zc_ctx_loop_done (struct zc_loop *);

#endif
