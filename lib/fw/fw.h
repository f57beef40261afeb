/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zone firewall: zones, class maps, policy maps and zone pairs, compiled into one immutable
 * ruleset. Asked on a flow miss only. It sees real (inside local) addresses.
 *
 * Between two zones: the zone pair's policy; without a pair: dropped. Inside one zone: passed.
 * To or from "self": passed unless a zone pair with self says otherwise. "default" is the zone of
 * interfaces that name none; without any `zones` every interface is there and all passes.
 */
#ifndef FW_FW_H
#define FW_FW_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow_account.h"
#include "net/packet.h"

struct config;
struct fw_accounts;
struct ruleset;

enum fw_action { FW_DROP, FW_INSPECT, FW_PASS };

struct fw_verdict {
	enum fw_action action;
	bool no_pair; /* dropped because there is no zone pair */
	bool log; /* the class asks for a log line */
	bool inter_zone; /* a zone pair's policy decided (false: same zone, or no zones at all) */
	uint16_t zone_pair; /* index + 1; 0: none */
	uint16_t class_index; /* within the policy; class-default is the last */
};

/**
 * Compile. 0 and *ruleset, or -errno (-ENOSPC: more zone pairs and classes than there are accounts for).
 * `generation` is what flows remember (never 0). Control.
 */
int ruleset_create(const struct config *config, struct fw_accounts *accounts, uint16_t generation,
	int socket, struct ruleset **ruleset);
void ruleset_destroy(struct ruleset *ruleset);
size_t ruleset_memory(const struct config *config);
uint16_t ruleset_generation(const struct ruleset *ruleset);

/**
 * Verdict for a new conversation from `source_zone` to `destination_zone`. `real` is the first
 * packet's key with real addresses. Counts nothing: a verdict may be asked for out of curiosity. Online worker.
 */
struct fw_verdict fw_classify(const struct ruleset *ruleset, uint8_t source_zone,
	uint8_t destination_zone, const struct flow_key *real);

/**
 * Count the packet that a verdict was about, once, when it is known what becomes of it: in its class, or,
 * where that drops and a pinhole lets it in, in what the zone pair's pinholes let in. Online worker.
 */
void fw_count(const struct ruleset *ruleset, const struct fw_verdict *verdict, bool pinhole,
	unsigned int packet_bytes);

/**
 * A flow is to be made by this verdict: one more in its class and its zone pair, unless a limit of
 * either refuses. *account is what the flow's template takes (0: it counts nowhere). Whoever makes no
 * flow after all gives it to flow_account_return(). Online worker.
 */
enum flow_limit fw_reserve(const struct ruleset *ruleset, const struct fw_verdict *verdict,
	uint64_t now_ms, bool half_open, uint32_t *account);

/** The same for a flow that a pinhole lets in: no limit refuses it. */
uint32_t fw_reserve_pinhole(const struct ruleset *ruleset, const struct fw_verdict *verdict);

/** Account in which a flow of this verdict counts (0: none). Any thread. */
uint32_t fw_account_of(
	const struct ruleset *ruleset, const struct fw_verdict *verdict, bool pinhole);

/** True when (protocol, destination port) is a SIP port of the configuration. Any thread. */
bool fw_is_sip(const struct ruleset *ruleset, uint8_t proto, rte_be16_t dst_port);

/** True when this conversation, its first packet with real addresses and the inside host as source, is
 *  not to be translated (nat.exclude). Asked on a miss only. Any thread. */
bool fw_nat_excludes(const struct ruleset *ruleset, const struct flow_key *real);

/** Names for show commands; NULL for numbers out of range. Any thread. */
const char *fw_zone_name(const struct ruleset *ruleset, uint8_t zone);
const char *fw_zone_pair_name(const struct ruleset *ruleset, uint16_t zone_pair);

/*
 * Statistics of `show zone-pairs`: walk pairs 1 .. count, classes 0 .. classes - 1, then the pair's
 * pinholes and all its classes together.
 */
struct fw_class_statistics {
	const char *class_name; /* FW_CLASS_PINHOLE, FW_CLASS_PAIR for the last two */
	const char *action; /* "-" for the last two */
	uint64_t packets, bytes; /* of first packets; of those that a pinhole let in, there */
	uint64_t drops; /* by action or limit */
	uint64_t refused[FLOW_LIMITS - 1]; /* by each limit */
	uint32_t flows, half_open; /* now */
};
struct fw_pair_statistics {
	const char *name, *source, *destination, *policy;
	unsigned int classes;
};
unsigned int fw_zone_pair_count(const struct ruleset *ruleset);
bool fw_pair_statistics(
	const struct ruleset *ruleset, uint16_t zone_pair, struct fw_pair_statistics *statistics);
bool fw_class_statistics(const struct ruleset *ruleset, uint16_t zone_pair,
	unsigned int class_index, struct fw_class_statistics *statistics);

#endif
