/* From the core's results to the API's: -1 and errno. */
#ifndef ZC_API_CALL_H
#define ZC_API_CALL_H

#include <errno.h>
#include <stdint.h>

static inline int zc_api_result (int64_t rc)
{
    if (rc >= 0)
        return rc > INT32_MAX ? INT32_MAX : (int)rc; /* sizes are clipped, as documented */
    errno = (int)-rc;
    return -1;
}

#endif
