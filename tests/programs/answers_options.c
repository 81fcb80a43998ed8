/* What every option of every type of socket answers to every kind of value: see answers.h. */
#include <limits.h>
#include <stdint.h>
#include "answers.h"

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

static const size_t sizes[] = {0, 1, 3, 4, 5, 8, 16, 32, 40, 41, 255, 256, 257};

static void tell_value (const void *value, size_t size)
{
    long long number = 0;

    memcpy (&number, value, size > sizeof number ? sizeof number : size);
    printf ("%s: its value: %lld\n", answers_at, number);
}

static void read_it (void *s, int type, int option)
{
    for (size_t i = 0; i < COUNT (sizes); i++) {
        char value[400];
        size_t size = sizes[i];
        memset (value, 'z', sizeof value);
        where ("%s reads option %d into %zu bytes", type_names[type], option, size);
        errno = 0;
        int rc = zmq_getsockopt (s, option, value, &size);
        tell ("answer", rc);
        tell ("size", (long long)size);
        if (rc == 0 && option != ZMQ_FD)
            tell_value (value, size);
    }
}

static void set_bytes (void *s, int type, int option)
{
    char text[400];

    memset (text, 'x', sizeof text);
    for (size_t i = 0; i < COUNT (sizes); i++) {
        where ("%s sets option %d to %zu bytes", type_names[type], option, sizes[i]);
        if (sizes[i] != sizeof (int) && sizes[i] != sizeof (int64_t))
            SAY (zmq_setsockopt (s, option, text, sizes[i]));
    }
    where ("%s sets option %d", type_names[type], option);
    SAY (zmq_setsockopt (s, option, NULL, 0));
    SAY (zmq_setsockopt (s, option, "", 0));
    SAY (zmq_setsockopt (s, option, "", 1));
}

static void set_numbers (void *s, int type, int option)
{
    static const int values[] = {INT_MIN, -100, -99, -2,  -1,      0,       1,      2,
                                 3,       99,   100, 255, 6553599, 6553600, INT_MAX};
    static const int64_t wide[] = {INT64_MIN, -2, -1, 0, 1, 1000, INT64_MAX};

    for (size_t i = 0; i < COUNT (values); i++) {
        where ("%s sets option %d to %d", type_names[type], option, values[i]);
        SAY (zmq_setsockopt (s, option, &values[i], sizeof values[i]));
        if (option != ZMQ_FD)
            printf ("%s: its value: %d\n", answers_at, number_of (s, option));
    }
    for (size_t i = 0; i < COUNT (wide); i++) {
        int64_t value = -7;
        size_t size = sizeof value;
        where ("%s sets option %d to %lld of 64 bits", type_names[type], option, (long long)wide[i]);
        SAY (zmq_setsockopt (s, option, &wide[i], sizeof wide[i]));
        if (zmq_getsockopt (s, option, &value, &size) == 0 && option != ZMQ_FD)
            tell_value (&value, size);
    }
}

int main (void)
{
    void *context = zmq_ctx_new ();

    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++)
        for (int option = -1; option <= ZMQ_BINDTODEVICE; option++) {
            void *s = zmq_socket (context, type);
            read_it (s, type, option);
            set_bytes (s, type, option);
            set_numbers (s, type, option);
            set_number (s, ZMQ_LINGER, 0);
            zmq_close (s);
        }
    zmq_ctx_term (context);
    return 0;
}
