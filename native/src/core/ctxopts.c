#include "core/options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum kind
{
    KIND_INT,
    KIND_FLAG,
    KIND_CPU_ADD,
    KIND_CPU_REMOVE
};

enum access
{
    ACCESS_SET = 1,
    ACCESS_GET = 2,
    ACCESS_BOTH = 3
};

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

#define CTX_OFFSET_INT(field) offsetof (struct zc_ctx_options, field)
#define CTX_OFFSET_FLAG(field) offsetof (struct zc_ctx_options, field)
#define CTX_OFFSET_CPU_ADD(field) 0
#define CTX_OFFSET_CPU_REMOVE(field) 0

static const struct
{
    int64_t value, least, most;
    size_t offset;
    int number;
    uint8_t kind, access;
} ctx_rows[] = {
#define CTXOPTION(number_, name, field, kind_, access_, value_, least_, most_, unit, when, since, text)      \
    {.value = value_,                                                                                        \
     .least = least_,                                                                                        \
     .most = most_,                                                                                          \
     .offset = CTX_OFFSET_##kind_ (field),                                                                   \
     .number = number_,                                                                                      \
     .kind = KIND_##kind_,                                                                                   \
     .access = ACCESS_##access_},
#include "core/ctxopts.def"
#undef CTXOPTION
};

static int find_ctx (int option, enum access access)
{
    for (int i = 0; i < (int)COUNT (ctx_rows); i++)
        if (ctx_rows[i].number == option && (ctx_rows[i].access & access))
            return i;
    return -EINVAL;
}

static int remove_cpu (struct zc_ids *cpus, uint32_t cpu)
{
    for (size_t i = 0; i < cpus->count; i++)
        if (cpus->list[i] == cpu) {
            cpus->list[i] = cpus->list[--cpus->count];
            return 0;
        }
    return -EINVAL;
}

void zc_ctx_options_init (struct zc_ctx_options *options)
{
    memset (options, 0, sizeof *options);
    for (size_t i = 0; i < COUNT (ctx_rows); i++) {
        void *field = (char *)options + ctx_rows[i].offset;

        if (ctx_rows[i].kind == KIND_INT)
            *(int *)field = (int)ctx_rows[i].value;
        else if (ctx_rows[i].kind == KIND_FLAG)
            *(bool *)field = ctx_rows[i].value != 0;
    }
}

void zc_ctx_options_close (struct zc_ctx_options *options)
{
    zc_ids_clear (&options->cpus);
}

int zc_ctx_options_set (struct zc_ctx_options *options, int option, int value)
{
    int at = find_ctx (option, ACCESS_SET);
    void *field;

    if (at < 0)
        return at;
    field = (char *)options + ctx_rows[at].offset;
    if (ctx_rows[at].kind == KIND_FLAG) {
        if (value < 0)
            return -EINVAL;
        *(bool *)field = value != 0;
        return 0;
    }
    if (value < ctx_rows[at].least || value > ctx_rows[at].most)
        return -EINVAL;
    if (ctx_rows[at].kind == KIND_CPU_REMOVE)
        return remove_cpu (&options->cpus, (uint32_t)value);
    if (ctx_rows[at].kind == KIND_CPU_ADD)
        return zc_ids_have (&options->cpus, (uint32_t)value) ? 0
                                                             : zc_ids_add (&options->cpus, (uint32_t)value);
    *(int *)field = value;
    return 0;
}

int zc_ctx_options_get (const struct zc_ctx_options *options, int option, int *value)
{
    int at = find_ctx (option, ACCESS_GET);
    const void *field;

    if (at < 0)
        return at;
    field = (const char *)options + ctx_rows[at].offset;
    *value = ctx_rows[at].kind == KIND_FLAG ? *(const bool *)field : *(const int *)field;
    return 0;
}

void zc_options_inherit (struct zc_options *options, const struct zc_ctx_options *ctx)
{
    options->ipv6 = ctx->ipv6;
    options->largest_part = ctx->max_msgsz;
    if (!ctx->blocky)
        options->linger = 0;
}
