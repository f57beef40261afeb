/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits: what one host may hold, counted over all workers.
 */
#ifndef ALG_LIMIT_PRIV_H
#define ALG_LIMIT_PRIV_H

#include "alg/alg.h"

enum limit {
	LIMIT_HOST_CALLS,
	LIMIT_PENDING_CALLS,
	LIMIT_OPENINGS,
	LIMIT_ENDPOINTS,
	LIMIT_BLACKLIST,
	LIMITS
};

/* host.c: calls per host, shared by all workers. */
struct host_table *host_table_create(uint32_t calls, int socket);
void host_table_destroy(struct host_table *table);
size_t host_table_memory(uint32_t calls);
enum host_verdict {
	HOST_REFUSED,
	HOST_COUNTED, /* to be given back */
	HOST_UNCOUNTED, /* no room to count it: nothing to give back */
};
enum host_verdict host_take(struct host_table *table, rte_be32_t host, uint32_t limit);
void host_give(struct host_table *table, rte_be32_t host);

/* blacklist.c: messages per host, shared by all workers. */
enum blacklist_verdict {
	BLACKLIST_PASS,
	BLACKLIST_TRIGGERED, /* by this message, which is refused */
	BLACKLIST_REFUSED,
};
struct blacklist *blacklist_create(uint32_t calls, int socket);
void blacklist_destroy(struct blacklist *blacklist);
size_t blacklist_memory(uint32_t calls);
enum blacklist_verdict blacklist_message(struct blacklist *blacklist,
	const struct config_sip *config, rte_be32_t host, bool response, uint64_t now_ms);

#endif
