/* Tuning of the calling thread, as far as the system can. Called once by each thread of ours, first
 * thing. */
#ifndef ZC_OS_POSIX_THREAD_TUNE_H
#define ZC_OS_POSIX_THREAD_TUNE_H

#include "os/thread.h"

/* What the system refuses is left as it is. */
void zc_thread_tune_self (const struct zc_thread_tune *);
/* The part every POSIX system knows: scheduling policy and priority. */
void zc_thread_tune_sched (const struct zc_thread_tune *);

#endif
