/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits: what one host may hold, counted over all workers.
 */
#ifndef ALG_LIMIT_PRIV_H
#define ALG_LIMIT_PRIV_H

#include "alg/alg.h"

enum limit { LIMIT_HOST_CALLS, LIMIT_PENDING_CALLS, LIMIT_OPENINGS, LIMITS };

/* host.c: calls per host, shared by all workers. */
struct host_table *host_table_create(uint32_t calls, int socket);
void host_table_destroy(struct host_table *table);
size_t host_table_memory(uint32_t calls);
bool host_take(struct host_table *table, rte_be32_t host, uint32_t limit);
void host_give(struct host_table *table, rte_be32_t host);

#endif
