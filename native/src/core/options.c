#include "core/options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/alloc.h"

enum kind
{
    KIND_NONE,
    KIND_INT,
    KIND_TTL,
    KIND_ASK,
    KIND_FD,
    KIND_BOOL,
    KIND_FLAG,
    KIND_ANYINT,
    KIND_INVERSE,
    KIND_UINT64,
    KIND_INT64,
    KIND_TEXT,
    KIND_BYTES,
    KIND_BLOB,
    KIND_KEY,
    KIND_FILTER,
    KIND_PID,
    KIND_UID,
    KIND_GID
};

enum access
{
    ACCESS_SET = 1,
    ACCESS_GET = 2,
    ACCESS_BOTH = 3
};

enum kept
{
    KEPT_STORED,
    KEPT_SOCKET,
    KEPT_LATER
};

struct row
{
    int64_t value, least, most; /* value: the default, of numbers */
    size_t offset;              /* of STORED ones */
    uint32_t types;             /* bit set of socket types */
    uint8_t kind, access, kept;
};

/* The default of a number; that of everything else is empty. */
#define VALUE_INT(value) value
#define VALUE_TTL(value) value
#define VALUE_ASK(value) value
#define VALUE_FD(value) value
#define VALUE_BOOL(value) value
#define VALUE_FLAG(value) value
#define VALUE_ANYINT(value) value
#define VALUE_INVERSE(value) value
#define VALUE_UINT64(value) value
#define VALUE_INT64(value) value
#define VALUE_TEXT(value) 0
#define VALUE_BYTES(value) 0
#define VALUE_BLOB(value) 0
#define VALUE_KEY(value) 0
#define VALUE_FILTER(value) 0
#define VALUE_PID(value) 0
#define VALUE_UID(value) 0
#define VALUE_GID(value) 0

#define OFFSET_STORED(field) offsetof (struct zc_options, field)
#define OFFSET_SOCKET(field) 0
#define OFFSET_LATER(field) 0

#define ANY UINT32_MAX
#define T(type) (UINT32_C (1) << ZMQ_##type)

#define ROW(field, kind_, access_, value_, least_, most_, types_, kept_)                                     \
    {                                                                                                        \
        .value = VALUE_##kind_ (value_), .least = (int64_t)(least_), .most = (int64_t)(most_),               \
        .offset = OFFSET_##kept_ (field), .types = types_, .kind = KIND_##kind_, .access = ACCESS_##access_, \
        .kept = KEPT_##kept_,                                                                                \
    }

#define OPTION_ALIAS(name, other)

/* By number. */
static const struct row rows[] = {
#define OPTION(number, name, field, kind, access, value, least, most, unit, types, kept, when, since, text)  \
    [number] = ROW (field, kind, access, value, least, most, types, kept),
#define OPTION_ZCFFI(...)
#include "core/options.def"
#undef OPTION
#undef OPTION_ZCFFI
};

/* By number, from 10000 on. */
#define FIRST_ZCFFI 10000
static const struct row rows_zcffi[] = {
#define OPTION(...)
#define OPTION_ZCFFI(number, name, field, kind, access, value, least, most, unit, types, kept, when, since,  \
                     text)                                                                                   \
    [number - FIRST_ZCFFI] = ROW (field, kind, access, value, least, most, types, kept),
#include "core/options.def"
#undef OPTION
#undef OPTION_ZCFFI
};

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

/* The row of an option that this type of socket has and that is there for this access; NULL: there is none. */
static const struct row *find (int socktype, int option, enum access access)
{
    const struct row *row = NULL;

    if (option >= 0 && (size_t)option < COUNT (rows))
        row = &rows[option];
    else if (option >= FIRST_ZCFFI && (size_t)(option - FIRST_ZCFFI) < COUNT (rows_zcffi))
        row = &rows_zcffi[option - FIRST_ZCFFI];
    if (!row || row->kind == KIND_NONE || row->kept == KEPT_LATER || !(row->access & access))
        return NULL;
    if (socktype < 0 || socktype > 31 || !(row->types & (UINT32_C (1) << socktype)))
        return NULL;
    return row;
}

static void *field_of (struct zc_options *options, const struct row *row)
{
    return (char *)options + row->offset;
}

static const void *const_field_of (const struct zc_options *options, const struct row *row)
{
    return (const char *)options + row->offset;
}

/* Calls `visit` for each stored option. */
#define FOR_EACH_STORED(row)                                                                                 \
    for (size_t i_ = 0; i_ < COUNT (rows) + COUNT (rows_zcffi); i_++)                                        \
        for (const struct row *row = i_ < COUNT (rows) ? &rows[i_] : &rows_zcffi[i_ - COUNT (rows)];         \
             row && row->kind != KIND_NONE && row->kept == KEPT_STORED; row = NULL)

/* ---- setting --------------------------------------------------------------------------------- */

static int set_int (const struct row *row, void *field, int value)
{
    switch (row->kind) {
    case KIND_INT:
        if (value < row->least || value > row->most)
            return -EINVAL;
        *(int *)field = value;
        return 0;
    case KIND_TTL:
        /* Whole tenths of a second travel; -99 to -1 are none, as in libzmq. */
        if (value / 100 < 0 || value > row->most)
            return -EINVAL;
        *(int *)field = value / 100 * 100;
        return 0;
    case KIND_BOOL:
        if (value != 0 && value != 1)
            return -EINVAL;
        *(bool *)field = value;
        return 0;
    case KIND_INVERSE:
        if (value != 0 && value != 1)
            return -EINVAL;
        *(bool *)field = !value;
        return 0;
    case KIND_FLAG:
        if (value < 0)
            return -EINVAL;
        *(bool *)field = value != 0;
        return 0;
    case KIND_ANYINT:
        *(bool *)field = value != 0;
        return 0;
    default:
        return -EINVAL;
    }
}

static int set_wide (const struct row *row, void *field, const void *value)
{
    int64_t number;

    if (row->kind == KIND_UINT64) {
        memcpy (field, value, sizeof (uint64_t));
        return 0;
    }
    memcpy (&number, value, sizeof number);
    if (number < row->least || number > row->most)
        return -EINVAL;
    *(int64_t *)field = number;
    return 0;
}

static int set_bytes (const struct row *row, void *field, const void *value, size_t size)
{
    struct zc_option_bytes *bytes = field;

    if (!value || size < (size_t)row->least || size > (size_t)row->most)
        return -EINVAL;
    memcpy (bytes->data, value, size);
    bytes->data[size] = 0;
    bytes->size = (uint8_t)size;
    return 0;
}

static int set_text (const struct row *row, void *field, const void *value, size_t size)
{
    struct zc_option_text *text = field;

    if (!value && size == 0) {
        text->size = 0;
        text->text[0] = '\0';
        return 0;
    }
    if (!value || size < (size_t)row->least || size > (size_t)row->most)
        return -EINVAL;
    memcpy (text->text, value, size);
    text->text[size] = '\0';
    text->size = (uint8_t)size;
    return 0;
}

static int set_blob (void *field, const void *value, size_t size)
{
    struct zc_option_blob *blob = field;
    uint8_t *copy = NULL;

    if (!value && size > 0)
        return -EINVAL;
    if (size > 0) {
        copy = zc_alloc (size);
        if (!copy)
            return -ENOMEM;
        memcpy (copy, value, size);
    }
    zc_free (blob->data);
    blob->data = copy;
    blob->size = size;
    return 0;
}

static int set_filter (const struct row *row, void *field, const void *value, size_t size)
{
    struct zc_network network;
    int rc;

    if (!value && size == 0) {
        zc_networks_clear (field);
        return 0;
    }
    if (!value || size > (size_t)row->most)
        return -EINVAL;
    rc = zc_network_parse (value, size, &network);
    return rc < 0 ? rc : zc_networks_add (field, &network);
}

static int set_id (void *field, const void *value, size_t size)
{
    uint32_t id;

    if (!value && size == 0) {
        zc_ids_clear (field);
        return 0;
    }
    if (!value || size != sizeof id)
        return -EINVAL;
    memcpy (&id, value, sizeof id);
    return zc_ids_add (field, id);
}

static int set_field (const struct row *row, void *field, const void *value, size_t size)
{
    int number;

    switch (row->kind) {
    case KIND_UINT64:
    case KIND_INT64:
        return value && size == sizeof (int64_t) ? set_wide (row, field, value) : -EINVAL;
    case KIND_BYTES:
        return set_bytes (row, field, value, size);
    case KIND_TEXT:
        return set_text (row, field, value, size);
    case KIND_BLOB:
        return set_blob (field, value, size);
    case KIND_FILTER:
        return set_filter (row, field, value, size);
    case KIND_PID:
    case KIND_UID:
    case KIND_GID:
        return set_id (field, value, size);
    default:
        if (!value || size != sizeof number)
            return -EINVAL;
        memcpy (&number, value, sizeof number);
        return set_int (row, field, number);
    }
}

int zc_options_set (struct zc_options *options, int socktype, int option, const void *value, size_t size)
{
    const struct row *row = find (socktype, option, ACCESS_SET);
    int rc;

    if (!row)
        return -EINVAL;
    if (row->kept == KEPT_SOCKET)
        return !value && size > 0 ? -EINVAL : ZC_OPT_SOCKET;
    rc = set_field (row, field_of (options, row), value, size);
    if (rc < 0)
        return rc;
    /* VERBOSER is VERBOSE and more, and the one that was set last counts. */
    if (option == ZMQ_XPUB_VERBOSE)
        options->xpub_verboser = false;
    if (option == ZMQ_XPUB_VERBOSER)
        options->xpub_verbose = options->xpub_verboser;
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

int zc_options_get (const struct zc_options *options, int socktype, int option, void *value, size_t *size)
{
    const struct row *row = find (socktype, option, ACCESS_GET);
    const void *field;

    if (!row || !size)
        return -EINVAL;
    if (row->kept == KEPT_SOCKET)
        return ZC_OPT_SOCKET;
    field = const_field_of (options, row);
    switch (row->kind) {
    case KIND_INT:
    case KIND_TTL:
        return zc_optval_put_int (value, size, *(const int *)field);
    case KIND_ASK:
        return zc_optval_put_answer (value, size, *(const int *)field);
    case KIND_BOOL:
    case KIND_FLAG:
    case KIND_ANYINT:
        return zc_optval_put_int (value, size, *(const bool *)field);
    case KIND_INVERSE:
        return zc_optval_put_int (value, size, !*(const bool *)field);
    case KIND_UINT64:
    case KIND_INT64:
        return zc_optval_put_int64 (value, size, *(const int64_t *)field);
    case KIND_TEXT: {
        const struct zc_option_text *text = field;
        return zc_optval_put_bytes (value, size, text->text, (size_t)text->size + 1);
    }
    case KIND_BYTES: {
        const struct zc_option_bytes *bytes = field;
        return zc_optval_put_bytes (value, size, bytes->data, bytes->size);
    }
    default:
        return -EINVAL;
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

int zc_options_init (struct zc_options *options, int socktype)
{
    memset (options, 0, sizeof *options);
    options->largest_part = INT_MAX;
    FOR_EACH_STORED (row)
    {
        void *field = field_of (options, row);

        switch (row->kind) {
        case KIND_INT:
        case KIND_TTL:
        case KIND_ASK:
            *(int *)field = (int)row->value;
            break;
        case KIND_BOOL:
        case KIND_FLAG:
        case KIND_ANYINT:
            *(bool *)field = row->value != 0;
            break;
        case KIND_UINT64:
        case KIND_INT64:
            memcpy (field, &row->value, sizeof row->value);
            break;
        default:
            break;
        }
    }
    /* What a subscriber has to say to a lost publisher is nothing worth waiting for. */
    if (socktype == ZMQ_SUB || socktype == ZMQ_XSUB)
        options->linger = 0;
    return 0;
}

/* Copies what a field owns; `to` is empty. */
static int copy_field (const struct row *row, void *to, const void *from)
{
    const struct zc_option_blob *blob = from;

    switch (row->kind) {
    case KIND_BLOB:
        return set_blob (to, blob->data, blob->size);
    case KIND_FILTER:
        return zc_networks_copy (to, from);
    case KIND_PID:
    case KIND_UID:
    case KIND_GID:
        return zc_ids_copy (to, from);
    default:
        return 0;
    }
}

static size_t owned_size (const struct row *row)
{
    switch (row->kind) {
    case KIND_BLOB:
        return sizeof (struct zc_option_blob);
    case KIND_FILTER:
        return sizeof (struct zc_networks);
    case KIND_PID:
    case KIND_UID:
    case KIND_GID:
        return sizeof (struct zc_ids);
    default:
        return 0;
    }
}

int zc_options_copy (struct zc_options *to, const struct zc_options *from)
{
    *to = *from;
    FOR_EACH_STORED (row)
    memset (field_of (to, row), 0, owned_size (row));
    FOR_EACH_STORED (row)
    {
        int rc = copy_field (row, field_of (to, row), const_field_of (from, row));

        if (rc < 0) {
            zc_options_close (to);
            return rc;
        }
    }
    return 0;
}

void zc_options_close (struct zc_options *options)
{
    FOR_EACH_STORED (row)
    {
        void *field = field_of (options, row);

        switch (row->kind) {
        case KIND_BLOB:
            (void)set_blob (field, NULL, 0);
            break;
        case KIND_FILTER:
            zc_networks_clear (field);
            break;
        case KIND_PID:
        case KIND_UID:
        case KIND_GID:
            zc_ids_clear (field);
            break;
        default:
            break;
        }
    }
}
