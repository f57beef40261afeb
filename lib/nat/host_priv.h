/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside hosts: what an inside address has of a pool, and what it may have.
 *
 * A host stands while it has a block of ports, or a port (or identifier) of the pool, those included
 * whose binding has closed and waits for its grace period. While it stands it is paired with one outside address (RFC
 * 4787 REQ-2), and its limits are counted here (RFC 6888 REQ-4, REQ-5). Hosts of static rules stand always, as
 * of the pool POOL_NONE, and have their flows counted alone.
 *
 * Synchronization: everything under the lock of the host's bucket; nobody reads a host without it, so
 * its place is free for another at once. But for the number of its flows: bindings lead there, and these have
 * a port of it each until nobody can know them any more. Locks of buckets stand behind stripes of inside keys and
 * before the lease lock.
 */
#ifndef NAT_HOST_PRIV_H
#define NAT_HOST_PRIV_H

#include <rte_spinlock.h>

#include "core/pool.h"
#include "nat.h"

struct nat_pool;

enum { HOST_UNPAIRED = UINT16_MAX };

struct nat_host {
	struct pool_object object;
	rte_be32_t address;
	uint16_t pool; /* index in the rules */
	uint16_t at; /* which of the pool's addresses; HOST_UNPAIRED: none yet */
	uint32_t next; /* in its bucket; index, 0: the last */
	uint32_t ports; /* of all protocols */
	uint32_t second, made; /* bindings made in this second */
	uint32_t blocks, first_block; /* how many, and the first of their list: block_priv.h */
	_Atomic uint32_t
		flows; /* through its bindings, but media; without the lock: host_flows.c */
};

struct nat_hosts;

/** Room for `capacity` hosts. NULL and rte_errno. Bring-up. */
struct nat_hosts *hosts_create(uint32_t capacity, int socket);
void hosts_destroy(struct nat_hosts *hosts);
size_t hosts_memory(uint32_t capacity);

/** A locked bucket and who was looked for in it. */
struct host_seat {
	uint32_t bucket;
	struct nat_host *host; /* NULL: has nothing of this pool */
};

/** Lock the bucket of an inside address and look it up; host_unlock() follows. Any thread. */
struct host_seat host_lock(struct nat_hosts *hosts, rte_be32_t address, uint16_t pool);
/** Make the host that was not found. False: the table is full. Under the lock. */
bool host_make(struct nat_hosts *hosts, struct host_seat *seat, rte_be32_t address, uint16_t pool);
/** Forget the host, which has nothing any more. Under the lock. */
void host_forget(struct nat_hosts *hosts, struct host_seat *seat);
void host_unlock(struct nat_hosts *hosts, const struct host_seat *seat);

/** Hosts that stand. Any thread. */
uint32_t hosts_count(const struct nat_hosts *hosts);

#endif
