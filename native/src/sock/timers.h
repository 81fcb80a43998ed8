/* Sets of timers for the program: handlers that are due again and again, run by the thread that asks for it. Found by handle;
 * any thread, each set under its own lock, which no handler ever runs under. Time comes from the caller. */
#ifndef ZC_SOCK_TIMERS_H
#define ZC_SOCK_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* All: 0 or negative: -EFAULT no set of timers, -EINVAL no timer of this number, -EFORKED (zcffi.h) made before a fork. */

typedef void (zc_timer_handler) (int id, void *arg);

/* 0, -ENOMEM, -EMFILE (too many objects). */
int zc_timers_new (void **handle);
/* A handler that is running runs to its end. */
int zc_timers_close (void *handle);
/* The number of the new timer, above 0; -ENOMEM; -EFAULT also for no handler. */
int zc_timers_add (void *handle, size_t interval_ms, zc_timer_handler *, void *arg, uint64_t now);
/* A handler that another thread is in may go on for a while. */
int zc_timers_cancel (void *handle, int id);
/* Both start anew from now. */
int zc_timers_set_interval (void *handle, int id, size_t interval_ms, uint64_t now);
int zc_timers_reset (void *handle, int id, uint64_t now);
/* *ms until the first is due, rounded up; 0: one is due; -1: none. */
int zc_timers_timeout (void *handle, uint64_t now, int64_t *ms);
/* Runs the handlers that are due now, the earliest first, each once; their timers are due again an interval from now.
 * Handlers may change the set, and close it. */
int zc_timers_execute (void *handle, uint64_t now);

#endif
