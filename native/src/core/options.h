/* What can be set on a socket and on a context: the values, their checks and the sizes they are read with, all from
 * options.def and ctxopts.def. Plain values without a lock; who owns the struct guards it. errno is never touched. */
#ifndef ZC_CORE_OPTIONS_H
#define ZC_CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/filter.h"
#include "zcffi.h"

/* What zc_options_set and zc_options_get give for options that the socket itself must handle. Access, the type of socket
 * and, for numbers, nothing else were checked. */
#define ZC_OPT_SOCKET 1

/* At most 255 bytes; data[size] is always 0. */
struct zc_option_bytes
{
    uint8_t size;
    uint8_t data[256];
};

/* At most 255 characters and a NUL. */
struct zc_option_text
{
    uint8_t size;
    char text[256];
};

/* Any number of bytes, owned; NULL and 0 when empty. */
struct zc_option_blob
{
    uint8_t *data;
    size_t size;
};

#define ZC_FIELD_INT(field) int field;
#define ZC_FIELD_TTL(field) int field;
#define ZC_FIELD_ASK(field) int field;
#define ZC_FIELD_BOOL(field) bool field;
#define ZC_FIELD_FLAG(field) bool field;
#define ZC_FIELD_ANYINT(field) bool field;
#define ZC_FIELD_INVERSE(field)
#define ZC_FIELD_UINT64(field) uint64_t field;
#define ZC_FIELD_INT64(field) int64_t field;
#define ZC_FIELD_TEXT(field) struct zc_option_text field;
#define ZC_FIELD_BYTES(field) struct zc_option_bytes field;
#define ZC_FIELD_BLOB(field) struct zc_option_blob field;
#define ZC_FIELD_FILTER(field) struct zc_networks field;
#define ZC_FIELD_PID(field) struct zc_ids field;
#define ZC_FIELD_UID(field) struct zc_ids field;
#define ZC_FIELD_GID(field) struct zc_ids field;
#define ZC_FIELD_CPU_ADD(field)
#define ZC_FIELD_CPU_REMOVE(field)

#define ZC_FIELD_STORED(kind, field) ZC_FIELD_##kind (field)
#define ZC_FIELD_SOCKET(kind, field)
#define ZC_FIELD_LATER(kind, field)

/* One field for each option that is STORED, named like the option in lower case: linger, sndhwm, routing_id, ... */
struct zc_options
{
#define OPTION(number, name, field, kind, access, value, least, most, unit, types, kept, when, since, text)  \
    ZC_FIELD_##kept (kind, field)
#define OPTION_ZCFFI OPTION
#define OPTION_ALIAS(name, other)
#include "core/options.def"
#undef OPTION
#undef OPTION_ZCFFI
#undef OPTION_ALIAS
    int largest_part; /* that may be sent: ZMQ_MAX_MSGSZ of the context; INT_MAX: any */
};

/* The defaults of a socket type. 0. */
int zc_options_init (struct zc_options *, int socktype);

/* `to` is not initialised before. 0; -ENOMEM: it is not initialised afterwards. */
int zc_options_copy (struct zc_options *to, const struct zc_options *from);

void zc_options_close (struct zc_options *);

/* 0; ZC_OPT_SOCKET; -EINVAL, -ENOMEM: the old value is kept. */
int zc_options_set (struct zc_options *, int socktype, int option, const void *value, size_t size);

/* *size: the room at `value`, and then what was written. 0; ZC_OPT_SOCKET; -EINVAL. */
int zc_options_get (const struct zc_options *, int socktype, int option, void *value, size_t *size);

/* core/optval.c: writers of values, with the sizes the ZeroMQ API demands. 0, or -EINVAL: the room does not fit. */
int zc_optval_put_int (void *value, size_t *size, int);             /* exactly an int: TYPE */
int zc_optval_put_answer (void *value, size_t *size, int);          /* an int or more: RCVMORE, EVENTS */
int zc_optval_put_fd (void *value, size_t *size, zmq_fd_t);         /* a descriptor or more: FD */
int zc_optval_put_int64 (void *value, size_t *size, int64_t);       /* exactly 8 bytes */
int zc_optval_put_uint64 (void *value, size_t *size, uint64_t);     /* exactly 8 bytes: ZCFFI_DROPPED */
int zc_optval_put_string (void *value, size_t *size, const char *); /* NUL counts; or more: LAST_ENDPOINT */
int zc_optval_put_bytes (void *value, size_t *size, const void *data, size_t n); /* or more */

/* core/ctxopts.c. One field for each context option, and the CPUs that were added. */
struct zc_ctx_options
{
#define CTXOPTION(number, name, field, kind, access, value, least, most, unit, when, since, text)            \
    ZC_FIELD_##kind (field)
#include "core/ctxopts.def"
#undef CTXOPTION
    struct zc_ids cpus;
};

void zc_ctx_options_init (struct zc_ctx_options *);
void zc_ctx_options_close (struct zc_ctx_options *);

/* 0, -EINVAL, -ENOMEM. */
int zc_ctx_options_set (struct zc_ctx_options *, int option, int value);

/* 0, -EINVAL. */
int zc_ctx_options_get (const struct zc_ctx_options *, int option, int *value);

/* What a new socket takes from its context: ipv6, the largest part, and linger when the context is not blocky. */
void zc_options_inherit (struct zc_options *, const struct zc_ctx_options *);

#endif
