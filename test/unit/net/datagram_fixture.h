/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments for the tests of the datagram table: pieces of one text of random bytes. */
#ifndef NET_DATAGRAM_FIXTURE_H
#define NET_DATAGRAM_FIXTURE_H

#include <string.h>

#include "net/datagram.h"
#include "net_fixture.h"

enum { TIMEOUT_MS = 5000, TEXT_MAX = 65535 };

extern uint8_t datagram_text[TEXT_MAX];

struct piece {
	uint32_t first, end; /* of datagram_text */
	bool last;
	uint16_t id;
	rte_be32_t source; /* 0: LAN_HOST */
	uint8_t proto; /* 0: UDP */
};

/** The text; once an executable, after net_start(). */
void datagram_text_make(void);

/** A piece as parse_burst() gives it. */
struct rte_mbuf *datagram_piece(const struct piece *piece);

/** A table with these limits; the defaults, where 0, are ample. */
struct datagram_table *datagram_table_make(struct datagram_limits limits);

/** Add and hold, as the application does with what waits; the verdict. */
int datagram_give(struct datagram_table *table, const struct piece *piece);

/** The record of a piece that was given. */
struct datagram *datagram_of(struct datagram_table *table, const struct piece *piece);

/** Join a complete datagram, compare it with the text and free it. */
void datagram_check(struct datagram_table *table, struct datagram *datagram);

#endif
