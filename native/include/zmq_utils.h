/* zmq_utils.h: deprecated and empty; all its functions are in zmq.h. MIT licence, see LICENSE. */
#ifndef ZMQ_UTILS_H_INCLUDED
#define ZMQ_UTILS_H_INCLUDED

#include "zmq.h"

#endif
