#include "base/error.h"

#include "zcffi.h"

/* For a row: its number, and its text or NULL for the system's. */
static const struct
{
    int number;
    const char *text;
} texts[] = {
#define ERROR_SYSTEM(name, meaning)
#define ERROR_FALLBACK(name, offset, text, meaning) {name, text},
#define ERROR_OWN(name, offset, text, meaning) {name, text},
#define ERROR_ZCFFI(name, offset, text, meaning) {ZCFFI_##name, text},
#include "base/errors.def"
#undef ERROR_SYSTEM
#undef ERROR_FALLBACK
#undef ERROR_OWN
#undef ERROR_ZCFFI
};

/* The generated numbers must be those of the table. */
#define ERROR_SYSTEM(name, meaning)
#define ERROR_FALLBACK(name, offset, text, meaning)
#define ERROR_OWN(name, offset, text, meaning) _Static_assert(name == ZMQ_HAUSNUMERO + offset, #name);
#define ERROR_ZCFFI(name, offset, text, meaning)                                                             \
    _Static_assert(ZCFFI_##name == ZMQ_HAUSNUMERO + offset, #name);
#include "base/errors.def"

const char *zc_strerror (int errnum)
{
    static _Thread_local char buffer[256];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].number == errnum && texts[i].text)
            return texts[i].text;
    return zc_error_os_text (errnum, buffer, sizeof buffer);
}
