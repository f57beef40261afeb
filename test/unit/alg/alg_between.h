/* SPDX-License-Identifier: BSD-3-Clause */
/* One audio stream of the call "m" (alg_message.h): by its ports, inside and outside. */
#ifndef UNIT_ALG_BETWEEN_H
#define UNIT_ALG_BETWEEN_H

#include "alg_message.h"

#define NEAR(port) sdp_audio("10.0.0.7", port, "")
#define FAR(port)  sdp_audio("198.51.100.20", port, "")

/* May the other side send to this port? */
bool open_inside(unsigned int port);
bool open_outside(unsigned int port);

/* Media stands between these ports, and only there. */
void assert_between(unsigned int inside, unsigned int outside);

#endif
