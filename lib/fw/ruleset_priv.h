/* SPDX-License-Identifier: BSD-3-Clause */
/* What a ruleset is made of; one is immutable but for its statistics once ruleset_create() returns. */
#ifndef FW_RULESET_PRIV_H
#define FW_RULESET_PRIV_H

#include <stdatomic.h>

#include "core/limits.h"
#include "fw.h"
#include "policy_priv.h"

/* Of one zone pair and class. Added to on misses only, so one relaxed counter for all workers. */
struct class_counter {
	_Atomic uint64_t packets, bytes;
};

struct policy_class {
	char name[NAME_MAX_LENGTH + 1];
	uint8_t action; /* enum fw_action */
	bool log;
};

struct policy {
	char name[NAME_MAX_LENGTH + 1];
	uint32_t start; /* step or verdict */
	uint32_t class_count; /* class-default included */
	struct policy_class *classes;
};

struct zone_pair {
	char name[NAME_MAX_LENGTH + 1];
	uint8_t source, destination;
	uint32_t policy;
	struct class_counter *counters; /* one per class of the policy */
};

struct zone {
	char name[NAME_MAX_LENGTH + 1];
};

struct ruleset {
	uint16_t generation;
	bool zones_configured;
	uint8_t zone_count;
	uint16_t sip_udp_count, sip_tcp_count;
	rte_be16_t sip_udp[SIP_PORTS_MAX], sip_tcp[SIP_PORTS_MAX];
	uint16_t pair_of[ZONES_MAX][ZONES_MAX]; /* [source][destination]: index + 1; 0: none */
	uint32_t acl_count, policy_count, pair_count, step_count;
	struct acl *acls;
	uint32_t exclude_count;
	uint32_t *exclude; /* access lists of what is not translated */
	struct policy_step *steps;
	struct policy *policies;
	struct policy_class *classes;
	struct zone_pair *pairs;
	struct class_counter *counters;
	struct zone zones[ZONES_MAX];
};

#endif
