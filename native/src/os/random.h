/* Random bytes that an attacker can't guess (getrandom and kin; never fails after start-up on the systems we support). */
#ifndef ZC_OS_RANDOM_H
#define ZC_OS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void zc_random (void *out, size_t n);
uint32_t zc_random_u32 (void);

#endif
