#include "base/z85.h"

#include <errno.h>

static const char digits[85] = "0123456789"
                               "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               ".-:+=^!/*?&<>()[]{}@%$#";

/* Every digit is looked at whatever the character is: keys pass here, and the time must not tell them. 85: none. */
static uint32_t value_of (char character)
{
    uint32_t value = 85;

    for (uint32_t i = 0; i < sizeof digits; i++) {
        uint32_t differs = (uint32_t)((unsigned char)digits[i] ^ (unsigned char)character);
        uint32_t equal = (differs - 1) >> 31; /* 1 when differs is 0 */

        value ^= (value ^ i) & (0U - equal);
    }
    return value;
}

int zc_z85_encode (char *dest, const uint8_t *data, size_t size)
{
    if (size % 4 != 0)
        return -EINVAL;
    for (; size > 0; size -= 4, data += 4, dest += 5) {
        uint32_t group =
            (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | (uint32_t)data[3];

        for (int i = 4; i >= 0; i--, group /= 85)
            dest[i] = digits[group % 85];
    }
    *dest = '\0';
    return 0;
}

int zc_z85_decode (uint8_t *dest, const char *text, size_t length)
{
    if (length == 0 || length % 5 != 0)
        return -EINVAL;
    for (; length > 0; length -= 5, text += 5, dest += 4) {
        uint64_t group = 0;

        for (int i = 0; i < 5; i++) {
            uint32_t value = value_of (text[i]);

            if (value == 85)
                return -EINVAL;
            group = group * 85 + value;
        }
        if (group > UINT32_MAX)
            return -EINVAL;
        for (int i = 0; i < 4; i++)
            dest[i] = (uint8_t)(group >> (24 - 8 * i));
    }
    return 0;
}
