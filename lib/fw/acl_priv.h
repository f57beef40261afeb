/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access lists: ordered entries, the first that matches decides, none means deny.
 *
 * Short lists are walked; from ACL_WALK_MAX expanded rules on an rte_acl trie answers, whose cost
 * does not grow with the list. Both forms see the same expanded rules (one source port range and
 * one destination port range each), so they cannot disagree on what an entry means.
 */
#ifndef FW_ACL_PRIV_H
#define FW_ACL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/packet.h"

struct config_acl;
struct rte_acl_ctx;

enum { ACL_WALK_MAX = 24 }; /* where both take about as long */

/* One rule; addresses and masks in network order, ports in host order. */
struct acl_rule {
	uint32_t source, source_mask, destination, destination_mask;
	uint16_t source_first, source_last, destination_first, destination_last;
	uint8_t proto; /* 0: any */
	bool permit;
};

struct acl {
	struct acl_rule *rules;
	uint32_t rule_count;
	struct rte_acl_ctx *trie; /* NULL: walk */
};

/** Compile. 0, -ENOMEM, -E2BIG (more rules than rte_acl has priorities), or rte_acl's. Control. */
int acl_create(const struct config_acl *config, int socket, struct acl *acl);
void acl_destroy(struct acl *acl);
size_t acl_memory(const struct config_acl *config);

/** Does the list permit this packet? Any worker. */
bool acl_permits(const struct acl *acl, const struct flow_key *key);

#endif
