/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks: ports of one outside address that an inside host has to itself, so that one line in the log
 * tells whose they all are (RFC 6888 REQ-14; the dynamic form of RFC 7422). A block is a range of
 * numbers, for UDP and TCP ports and ICMP identifiers alike.
 *
 * Life cycle: a host that finds no port in the blocks it has gets another, up to a number; a block whose
 * ports have all come back stays its host's for the time that ports rest, then it is free. So a port
 * of a block does not rest by itself: until then nobody else can get it.
 *
 * Synchronization: a block that has a host changes under that host's lock; free ones are taken and
 * given back under the lock of the address, which stands behind hosts' locks.
 */
#ifndef NAT_BLOCK_PRIV_H
#define NAT_BLOCK_PRIV_H

#include <stdatomic.h>

#include <rte_spinlock.h>

#include "core/random.h"
#include "host_priv.h"
#include "rule_priv.h"

enum {
	BLOCK_NONE = UINT32_MAX,
	BLOCK_SIZE_MIN = 64,
	BLOCKS_MAX = PORTS / BLOCK_SIZE_MIN,
};

struct nat_block {
	_Atomic uint32_t host; /* inside address, network order; 0: free. The sweep peeks */
	_Atomic uint32_t used; /* ports of all protocols. The sweep peeks */
	_Atomic uint32_t idle_since_s; /* while none is. The sweep peeks */
	uint32_t next; /* of the same host; slot << 16 | number, BLOCK_NONE: the last */
};

/* Of one outside address. */
struct block_map {
	uint32_t size, count; /* immutable; numbers 0 .. count - 1, 0 begins at `first` */
	uint16_t first;
	rte_spinlock_t lock;
	_Atomic uint32_t free_count; /* gauge */
	uint64_t free[BLOCKS_MAX / 64]; /* bits; under lock */
	struct nat_block block[];
};

/** Whole blocks of a port range: how many, and the first port of the first. 0: none. */
uint32_t blocks_of_range(uint16_t first, uint16_t last, uint32_t size, uint16_t *first_port);
size_t block_map_memory(uint32_t count);
/** NULL: no memory. Bring-up. */
struct block_map *block_map_create(uint16_t first, uint32_t count, uint32_t size, int socket);

/** Give a host one more block of this address. False: none is free. Under the host's lock. */
bool block_take(struct outside_address *address, uint16_t slot, struct nat_host *host,
	struct random *random);

/** First port of the host's block that a walk with `*at` comes to (BLOCK_NONE: begin), at this address;
 *  -1: no more. Under the host's lock. */
int block_next(
	const struct nat_rules *rules, const struct nat_host *host, uint16_t slot, uint32_t *at);

/** Whether the block of this port is the host's. Under the host's lock. */
bool block_has(const struct outside_address *address, const struct nat_host *host, uint16_t port);

/** Ports of the block of `port` are taken, or one is given back: idle from then on, or, with 0, as if it
 *  had not been taken. Under the host's lock. */
void block_use(struct outside_address *address, uint16_t port, uint32_t count);
void block_unuse(struct outside_address *address, uint16_t port, uint32_t idle_since_s);

/** How many blocks of this address rest, and which has the longest (`*number`, where there is one). A look
 *  without the locks. */
uint32_t block_resting(const struct block_map *map, uint32_t *number);

/** Take the block of this number from its host. Under the host's lock. */
void block_end(struct nat_rules *rules, uint16_t slot, uint32_t number, struct nat_host *host);

#endif
