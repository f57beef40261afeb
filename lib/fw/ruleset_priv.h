/* SPDX-License-Identifier: BSD-3-Clause */
/* What a ruleset is made of; one is immutable once ruleset_create() returns, its flow accounts are not. */
#ifndef FW_RULESET_PRIV_H
#define FW_RULESET_PRIV_H

#include "account.h"
#include "core/limits.h"
#include "flow/flow_account.h"
#include "fw.h"
#include "policy_priv.h"

struct policy_class {
	char name[NAME_MAX_LENGTH + 1];
	uint8_t action; /* enum fw_action */
	bool log;
	struct flow_limits limits;
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
	struct flow_limits limits;
	uint32_t account, pinholes; /* numbers of flow accounts: of all classes, and beside them */
	uint32_t *class_accounts; /* one per class of the policy; 0: not yet taken */
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
	uint32_t *class_accounts;
	struct fw_accounts *accounts;
	struct zone zones[ZONES_MAX];
};

#endif
