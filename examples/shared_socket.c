/* A C function that works on a socket which Python made: see shared_socket.py. It links to the very library that the
 * Python package uses, so a handle is good on both sides. */
#include <zcffi.h>

/* Sends the numbers 1 to `count`, one message each. Gives how many went out. */
int count_up_to (void *socket, int count)
{
    int sent = 0;

    while (sent < count) {
        int number = sent + 1;
        if (zmq_send (socket, &number, sizeof number, 0) < 0)
            break;
        sent++;
    }
    return sent;
}
