/* Z85, against RFC 32 and what a running libzmq does. */
#include "base/z85.h"
#include "check.h"

#include <errno.h>

TEST (the_example_of_rfc_32_both_ways)
{
    static const uint8_t bytes[] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    char text[11];
    uint8_t back[8];

    CHECK_INT (zc_z85_encode (text, bytes, sizeof bytes), 0);
    CHECK_STR (text, "HelloWorld");
    CHECK_INT (zc_z85_decode (back, "HelloWorld", 10), 0);
    CHECK_MEM (back, bytes, sizeof bytes);
}

TEST (encode_of_nothing_is_an_empty_text)
{
    char text[2] = "x";

    CHECK_INT (zc_z85_encode (text, NULL, 0), 0);
    CHECK_STR (text, "");
}

TEST (encode_refuses_a_size_that_is_no_multiple_of_four)
{
    char text[16] = "untouched";

    for (size_t size = 1; size < 8; size++)
        if (size % 4 != 0)
            CHECK_INT (zc_z85_encode (text, (const uint8_t *)"abcdefg", size), -EINVAL);
    CHECK_STR (text, "untouched");
}

TEST (decode_refuses_what_is_no_z85)
{
    static const char *const bad[] = {
        "", "abcd", "abcdef", "#####", "%nSc1", "Hel o", "Hel\"o", "He\xffLo", "Hello#####", "He,lo", "He~lo",
    };
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (zc_z85_decode (bytes, bad[i], strlen (bad[i])) != -EINVAL)
            CHECK_FAIL ("\"%s\" is accepted", bad[i]);
    CHECK_INT (zc_z85_decode (bytes, "Hel\0o", 5), -EINVAL);
}

TEST (the_extremes_of_a_group_go_both_ways)
{
    static const uint8_t ends[] = {0, 0, 0, 0, 255, 255, 255, 255};
    char text[11];
    uint8_t back[8];

    CHECK_INT (zc_z85_encode (text, ends, sizeof ends), 0);
    CHECK_STR (text, "00000%nSc0");
    CHECK_INT (zc_z85_decode (back, text, 10), 0);
    CHECK_MEM (back, ends, sizeof ends);
}

TEST (every_byte_value_comes_back)
{
    uint8_t bytes[256], back[256];
    char text[321];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + 13);
    CHECK_INT (zc_z85_encode (text, bytes, sizeof bytes), 0);
    CHECK_INT (strlen (text), 320);
    CHECK_INT (zc_z85_decode (back, text, 320), 0);
    CHECK_MEM (back, bytes, sizeof bytes);
}
