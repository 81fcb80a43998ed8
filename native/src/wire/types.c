/* The socket types: their names on the wire and who may talk to whom. Read-only; the rows are in
 * base/socktypes.def, after RFC 28 (request-reply), 29 (publish-subscribe), 30 (pipeline) and 31
 * (exclusive pair). STREAM speaks no ZMTP: it has a name for programs to read and no mates. */
#include <string.h>

#include "wire/handshake.h"
#include "wire/wire.h"
#include "zmq.h"

#define PEER(name_) (1u << ZMQ_##name_)
#define SOCKTYPE(number_, name_, peers_, sends_, receives_, tells_id_, about_)                               \
    [number_] = {#name_, peers_, tells_id_},
#define SOCKTYPE_ALIAS(name_, of_)

static const struct
{
    const char *name;
    unsigned mates;
    bool tells_id;
} types[] = {
#include "base/socktypes.def"
};

enum
{
    TYPES = sizeof types / sizeof types[0]
};

bool zc_wire_types_match (int a, int b)
{
    return a >= 0 && a < TYPES && b >= 0 && b < TYPES && (types[a].mates & 1u << b) != 0;
}

const char *zc_wire_type_name (int type)
{
    return type >= 0 && type < TYPES ? types[type].name : NULL;
}

int zc_wire_type_of (const char *name, size_t n)
{
    for (int i = 0; i < TYPES; i++)
        if (strlen (types[i].name) == n && memcmp (types[i].name, name, n) == 0)
            return i;
    return -1;
}

bool zc_wire_type_tells_id (int type)
{
    return type >= 0 && type < TYPES && types[type].tells_id;
}
