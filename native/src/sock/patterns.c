/* The table of socket types. Constant; any thread. */
#include "sock/patterns.h"

static const struct zc_pattern *const patterns[] = {
    &zc_pattern_pair, &zc_pattern_pub,    &zc_pattern_sub,    &zc_pattern_req,
    &zc_pattern_rep,  &zc_pattern_dealer, &zc_pattern_router, &zc_pattern_pull,
    &zc_pattern_push, &zc_pattern_xpub,   &zc_pattern_xsub,   &zc_pattern_stream,
};

const struct zc_pattern *zc_pattern_of (int type)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (patterns[i]->type == type)
            return patterns[i];
    return NULL;
}
