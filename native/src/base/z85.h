/* Z85 (ZeroMQ RFC 32): 4 bytes as 5 printable characters. Pure functions. */
#ifndef ZC_BASE_Z85_H
#define ZC_BASE_Z85_H

#include <stddef.h>
#include <stdint.h>

/* Writes size * 5 / 4 characters and a NUL to `dest`. 0; -EINVAL when size is no multiple of 4. */
int zc_z85_encode (char *dest, const uint8_t *data, size_t size);

/* Writes length * 4 / 5 bytes to `dest`. 0; -EINVAL when length is 0 or no multiple of 5, a character is none of Z85's, or
 * a group is above 32 bits; what dest holds is then undefined. */
int zc_z85_decode (uint8_t *dest, const char *text, size_t length);

#endif
