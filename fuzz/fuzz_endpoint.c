/* Endpoint text, for bind and for connect.
 *
 * Input: the text. What is accepted keeps its promises: everything it names lies within the text or
 * its arrays, and an address is never empty. */
#include "base/endpoint.h"
#include "slices.h"

static void check_host (const struct zc_hostport *h)
{
    MUST (memchr (h->host, 0, sizeof h->host));
}

static void parse (const char *text, size_t n, enum zc_endpoint_use use)
{
    struct zc_endpoint e;
    int rc = zc_endpoint_parse (text, use, &e);

    MUST (rc <= 0);
    if (rc < 0)
        return;
    MUST (n <= ZC_ADDRESS_MAX);
    MUST (e.transport == ZC_TCP || e.transport == ZC_IPC || e.transport == ZC_INPROC);
    MUST (e.address > text && e.address < text + n);
    MUST (memcmp (e.address - 3, "://", 3) == 0);
    if (e.transport != ZC_TCP)
        return;
    check_host (&e.to);
    check_host (&e.from);
    if (use == ZC_CONNECT)
        MUST (e.to.host[0] && e.to.port != 0);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n)
{
    char *text = malloc (n + 1);

    if (n > 0)
        memcpy (text, bytes, n);
    text[n] = 0;
    parse (text, strlen (text), ZC_BIND);
    parse (text, strlen (text), ZC_CONNECT);
    free (text);
    return 0;
}
