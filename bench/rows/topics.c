/* topics TOPICS SECONDS: one SUB with TOPICS subscriptions; each message of 64 B matches one; over tcp.
 *
 * rate: deliveries/s; bytes_per_topic: what a subscription costs the publisher, bytes_per_topic_sub: what it costs the
 * subscriber (resident memory); subscribe_rate: subscriptions/s, until the publisher knows the last. */
#include "sockets.h"

enum
{
    SIZE = 64,
    TOPIC = 8
};
static unsigned long topics;

/* Eight digits at the head of a message. */
static void write_topic (char *text, unsigned long n)
{
    for (int i = TOPIC - 1; i >= 0; i--, n /= 10)
        text[i] = (char)('0' + n % 10);
}

static void publish (void)
{
    void *socket = row_socket (ZMQ_PUB);
    char body[SIZE] = {0};

    row_bind (socket, "tcp");
    for (unsigned long i = 0;; i += 7919) { /* a prime: all topics in an order that no cache foresees */
        write_topic (body, i % topics);
        row_send (socket, body, sizeof body, 0);
    }
}

static void subscribe (void *socket, unsigned long n)
{
    char topic[TOPIC];

    write_topic (topic, n);
    if (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, topic, sizeof topic))
        bench_die ("ZMQ_SUBSCRIBE: %s", zmq_strerror (errno));
}

int main (int count, char **args)
{
    if (count != 3)
        bench_die ("usage: topics TOPICS SECONDS");
    topics = strtoul (args[1], NULL, 10);
    uint64_t seconds = (uint64_t)(atof (args[2]) * 1e9);
    char body[SIZE];

    bench_begin ("tcp");
    pid_t publisher = bench_process (publish);
    void *socket = row_socket (ZMQ_SUB);

    /* One peer drops subscriptions beyond its high-water mark: none here, for either. */
    zmq_setsockopt (socket, ZMQ_SNDHWM, &(int){0}, sizeof (int));
    /* The last one first: when its messages come, the connection stands and both sides are warm. */
    subscribe (socket, topics - 1);
    row_connect (socket);
    row_recv (socket, body, sizeof body);
    double before = bench_rss_kib (publisher), before_here = bench_rss_kib (0);
    uint64_t start = bench_ns ();
    for (unsigned long i = topics - 1; i-- > 0;)
        subscribe (socket, i);
    do
        row_recv (socket, body, sizeof body);
    while (memcmp (body, "00000000", TOPIC));
    uint64_t now = bench_ns ();
    bench_print ("subscribe_rate", (double)topics * 1e9 / (double)(now - start));
    bench_print ("bytes_per_topic", (bench_rss_kib (publisher) - before) * 1024 / (double)topics);
    bench_print ("bytes_per_topic_sub", (bench_rss_kib (0) - before_here) * 1024 / (double)topics);

    long got = 0;
    double cpu = 0;
    uint64_t end = now + seconds / 10;
    for (start = 0;;) {
        row_recv (socket, body, sizeof body);
        if (++got % 64 || (now = bench_ns ()) < end)
            continue;
        if (start)
            break;
        cpu = bench_cpu ();
        start = bench_ns ();
        end = start + seconds;
        got = 0;
    }
    cpu = bench_cpu () - cpu;
    bench_print ("rate", (double)got * 1e9 / (double)(now - start));
    bench_print ("cpu_per_million", cpu * 1e6 / (double)got);
    bench_end ();
}
