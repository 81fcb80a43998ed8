/* How a thread sleeps on zc_parker.word: a futex (linux/park_futex.c), or poll(2) over its own
 * event descriptor (posix/park_poll.c). Either file also gives zc_park_sleep. */
#ifndef ZC_OS_POSIX_PARK_WORD_H
#define ZC_OS_POSIX_PARK_WORD_H

#include "os/park.h"

/* What zc_parker.how is to be for a sleep on the word: ZC_PARK_WORD, or a descriptor. By the
 * sleeper. */
int zc_park_word_how (struct zc_parker *);
/* `word` has just become 1 and `how` is ZC_PARK_WORD. Any thread. */
void zc_park_word_raise (struct zc_parker *);

#endif
