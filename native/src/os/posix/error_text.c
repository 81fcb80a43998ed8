/* zc_error_os_text() for POSIX systems: strerror() may share a buffer between threads, strerror_r() does not. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* POSIX's strerror_r() returns an int and fills the buffer; GNU's returns the text. */
static inline const char *text_of_posix (int rc, const char *buffer)
{
    (void)rc;
    return buffer;
}

static inline const char *text_of_gnu (const char *text, const char *buffer)
{
    (void)buffer;
    return text;
}

#define text_of(result, buffer) _Generic((result), int : text_of_posix, char * : text_of_gnu) (result, buffer)

const char *zc_error_os_text (int errnum, char *buffer, size_t size)
{
    const char *text;

    buffer[0] = '\0';
    text = text_of (strerror_r (errnum, buffer, size), buffer);
    if (!text || !text[0]) {
        (void)snprintf (buffer, size, "Unknown error %d", errnum);
        return buffer;
    }
    return text;
}
