#include "core/options.h"

#include <errno.h>
#include <string.h>

static int put_exactly (void *value, size_t *size, const void *from, size_t n)
{
    if (!value || !size || *size != n)
        return -EINVAL;
    memcpy (value, from, n);
    return 0;
}

int zc_optval_put_bytes (void *value, size_t *size, const void *data, size_t n)
{
    if (!size || *size < n || (!value && *size > 0))
        return -EINVAL;
    if (*size > 0) {
        memset (value, 0, *size);
        if (n > 0)
            memcpy (value, data, n);
    }
    *size = n;
    return 0;
}

int zc_optval_put_int (void *value, size_t *size, int number)
{
    return put_exactly (value, size, &number, sizeof number);
}

int zc_optval_put_answer (void *value, size_t *size, int number)
{
    return zc_optval_put_bytes (value, size, &number, sizeof number);
}

int zc_optval_put_fd (void *value, size_t *size, zmq_fd_t fd)
{
    return zc_optval_put_bytes (value, size, &fd, sizeof fd);
}

int zc_optval_put_int64 (void *value, size_t *size, int64_t number)
{
    return put_exactly (value, size, &number, sizeof number);
}

int zc_optval_put_uint64 (void *value, size_t *size, uint64_t number)
{
    return put_exactly (value, size, &number, sizeof number);
}

int zc_optval_put_string (void *value, size_t *size, const char *text)
{
    return zc_optval_put_bytes (value, size, text, strlen (text) + 1);
}
