/* Texts of errors, word for word as programs know them. */
#include "base/error.h"
#include "check.h"
#include "zcffi.h"

#include <limits.h>

TEST (own_errors_have_the_known_texts)
{
    CHECK_STR (zc_strerror (EFSM), "Operation cannot be accomplished in current state");
    CHECK_STR (zc_strerror (ENOCOMPATPROTO), "The protocol is not compatible with the socket type");
    CHECK_STR (zc_strerror (ETERM), "Context was terminated");
    CHECK_STR (zc_strerror (EMTHREAD), "No thread available");
    CHECK_STR (zc_strerror (EHOSTUNREACH), "Host unreachable");
    CHECK (strstr (zc_strerror (ZCFFI_EFORKED), "fork") != NULL);
}

TEST (the_systems_errors_have_the_systems_texts)
{
    CHECK_STR (zc_strerror (EINVAL), strerror (EINVAL));
    CHECK_STR (zc_strerror (EAGAIN), strerror (EAGAIN));
    CHECK_STR (zc_strerror (ENOTSOCK), strerror (ENOTSOCK));
    CHECK_STR (zc_strerror (0), strerror (0));
}

TEST (unknown_numbers_have_a_text)
{
    static const int unknown[] = {-1, 99999, INT_MAX, INT_MIN, ZMQ_HAUSNUMERO, ZMQ_HAUSNUMERO + 55};

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK (zc_strerror (unknown[i])[0] != '\0');
}

TEST (numbers_are_those_of_the_zeromq_api)
{
    CHECK_INT (EFSM, 156384763);
    CHECK_INT (ENOCOMPATPROTO, 156384764);
    CHECK_INT (ETERM, 156384765);
    CHECK_INT (EMTHREAD, 156384766);
    CHECK_INT (ZCFFI_EFORKED, 156384712 + 1000);
}
