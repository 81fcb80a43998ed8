/* zc_error_os_text() for Windows. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

const char *zc_error_os_text (int errnum, char *buffer, size_t size)
{
    if (strerror_s (buffer, size, errnum) != 0 || !buffer[0])
        (void)snprintf (buffer, size, "Unknown error %d", errnum);
    return buffer;
}
