/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one compression and three finalisation
 * rounds): a hash of bytes whose collisions nobody can choose without the key. Pure function. */
#ifndef ZC_BASE_SIPHASH_H
#define ZC_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t zc_siphash (const uint64_t key[2], const void *bytes, size_t n);

#endif
