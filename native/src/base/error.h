/* Error numbers and their texts. Pure table; any thread, no lock. */
#ifndef ZC_BASE_ERROR_H
#define ZC_BASE_ERROR_H

#include <stddef.h>

/* The text of an error number, never NULL. Ours are constant; the system's stay valid until the thread's next call. */
const char *zc_strerror (int errnum);

/* The system's text of an error number, written to `buffer` or constant, never NULL; from any thread. One file per system
 * under os/ implements it. */
const char *zc_error_os_text (int errnum, char *buffer, size_t size);

#endif
