/* What a thread does that finds a lock taken. */
#include "base/cpu.h"
#include "os/lock.h"

enum
{
    LOOKS = 64 /* about a microsecond */
};

void zc_mutex_lock_slow (zc_mutex *m)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit (&m->word, memory_order_relaxed) == ZC_LOCK_FREE && zc_mutex_trylock (m))
            return;
        zc_cpu_relax ();
    }
    /* From here on the word says WANTED whenever we sleep, and we leave it so when we get it: others may sleep too. */
    while (atomic_exchange_explicit (&m->word, ZC_LOCK_WANTED, memory_order_acquire) != ZC_LOCK_FREE)
        zc_mutex_sleep (m);
}
