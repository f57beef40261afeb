/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Media: endpoints, and the sets of them that descriptions name. One worker's, touched by it alone.
 */
#ifndef ALG_MEDIA_PRIV_H
#define ALG_MEDIA_PRIV_H

#include "alg/alg.h"

enum {
	MEDIA_PORT_MIN = 1024, /* lowest port a message may open */
	PORT_COUNT_MAX = 8, /* m=audio 49170/8 */
	DESCRIPTIONS_MAX = 4, /* of one message: multipart/alternative, early-session */
	WANTED_MAX = 128, /* endpoints of one description */
};

enum opening_flag {
	OPENING_MADE = 1 << 0, /* its door did not stand when the message came that named it */
	OPENING_ICE = 1 << 2, /* the stream has candidates */
	OPENING_CANDIDATE =
		1 << 3, /* beside the default destination: candidate, other description */
	OPENING_KEPT = 1 << 4, /* on hold with 0.0.0.0: kept from the description before */
	OPENING_PORTLESS = 1 << 5, /* signalling: a Contact that has no port written */
	OPENING_JOINED =
		1
		<< 6, /* its pinhole or media door stood, and is as it was until the message leaves */
};

/* One endpoint that a message named: its door and its pinhole, each held once, either absent. */
struct opening {
	uint32_t next;
	rte_be32_t address; /* real (inside local) */
	rte_be16_t port;
	uint8_t proto;
	uint8_t kind; /* enum pinhole_class */
	rte_be32_t source; /* who may send to it; 0: any */
	uint8_t stream; /* RTP, RTCP: index of the m= line */
	uint8_t component; /* 1 RTP, 2 RTCP; port/count: 3, 4, ... */
	uint8_t flags;
	uint8_t side; /* who named it (see struct plan) */
	rte_be32_t outside_address; /* of the door */
	rte_be16_t outside_port; /* 0: not translated */
	uint16_t spare2;
	uint32_t call; /* that it counts for; 0: none */
	struct handle door, pinhole;
};

/* The endpoints of one description. Forks share the set of the offer, so it is counted. */
struct media_set {
	uint32_t next;
	uint32_t first; /* openings, in the description's order */
	uint32_t references;
};

/* One endpoint a description names, before anything is opened. */
struct wanted {
	rte_be32_t address;
	rte_be16_t port;
	uint8_t proto, stream, component, flags;
	uint32_t opening; /* filled when opened or found */
};

#endif
