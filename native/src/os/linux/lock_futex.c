/* Sleeping on a lock: a futex. */
#include "os/lock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_futex
#define FUTEX_CALL SYS_futex
#else
#define FUTEX_CALL SYS_futex_time64
#endif

void zc_mutex_sleep (zc_mutex *m)
{
    syscall (FUTEX_CALL, &m->word, FUTEX_WAIT_PRIVATE, ZC_LOCK_WANTED, NULL, NULL, 0);
}

void zc_mutex_wake (zc_mutex *m)
{
    syscall (FUTEX_CALL, &m->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
