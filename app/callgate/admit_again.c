/* SPDX-License-Identifier: BSD-3-Clause */
/* Policy for flows that stand already: after a reload, the other way, the next connection. */
#include "admit_priv.h"

/* Where a packet of this direction goes; policy and the log see real addresses. */
static void
path_take(struct admission *admission, const struct flow_path *path)
{
	admission->out = &admission->worker->appliance->interfaces->entry[path->egress];
	admission->real = path->key;
	admission->real.dst = path->new_dst;
	admission->real.dst_port = path->new_dst_port;
}

/* What policy says of one direction of a standing flow. */
static struct fw_verdict
path_verdict(struct admission *admission, const struct flow_path *path)
{
	path_take(admission, path);
	return fw_classify(admission->ruleset, realm_zone(path->key.realm), admission->out->zone,
		&admission->real);
}

/*
 * Policy does not let this flow begin any more, but a call may: while policy let everything pass, nobody asked its
 * pinholes. So its next packet is a first one, as far as policy refuses its own direction, too. A TCP connection would
 * need a SYN.
 */
static bool
may_begin_anew(struct admission *admission, const struct flow *flow, unsigned int direction)
{
	return flow->proto == IPPROTO_UDP &&
	       (direction == 0 ||
		       path_verdict(admission, &flow->path[direction]).action == FW_DROP);
}

void *
admit_again(struct admission *admission, void *data)
{
	struct worker *worker = admission->worker;
	struct appliance *appliance = worker->appliance;
	struct flow *flow = flow_of_data(data);
	unsigned int direction = flow_direction_of_data(data);
	struct flow_path *path = &flow->path[direction];
	uint16_t generation = ruleset_generation(admission->ruleset);
	uint16_t ops = atomic_load_explicit(&path->ops, memory_order_relaxed);
	enum drop_reason reason;
	/* An answer for which a policy of its own decides; all others have been counted. */
	bool first = false;
	bool permitted = flow->link[FLOW_OWNER_PINHOLE].owner != 0, refused = false;

	/* An answer that this ruleset has refused already was not inspected: no need to ask that. */
	if (direction == 0 || atomic_load_explicit(&path->ruleset_generation,
				      memory_order_relaxed) != generation) {
		admission->verdict = path_verdict(admission, &flow->path[0]);
		if (permitted || admission->verdict.action != FW_DROP)
			flow_account_move(appliance->flows, flow,
				fw_account_of(admission->ruleset, &admission->verdict,
					permitted && admission->verdict.action == FW_DROP));
		refused = !permitted && admission->verdict.action == FW_DROP;
		permitted |= admission->verdict.action == FW_INSPECT ||
			     (direction == 0 && admission->verdict.action == FW_PASS);
	}
	if (refused && may_begin_anew(admission, flow, direction)) {
		flow_remove(&worker->thread, appliance->flows, flow);
		return admit(worker, admission->mbuf, NULL);
	}
	if (refused) { /* answers end with it, whatever is said of their own direction */
		path_take(admission, path);
	} else if (!permitted && direction != 0) {
		admission->verdict = path_verdict(admission, path);
		permitted = admission->verdict.action != FW_DROP;
		first = !(ops & FLOW_PERMITTED);
	}
	ops = permitted ? ops | FLOW_PERMITTED : ops & (uint16_t)~FLOW_PERMITTED;
	/* relaxed: hints for the fast path, which rereads them with every packet */
	atomic_store_explicit(&path->ops, ops, memory_order_relaxed);
	atomic_store_explicit(&path->ruleset_generation, generation, memory_order_relaxed);
	if (first || !permitted)
		fw_count(admission->ruleset, &admission->verdict, false,
			admission->packet->ip_length);
	if (permitted)
		return data;
	if (refused) /* nobody may begin it any more */
		flow_remove(&worker->thread, appliance->flows, flow);
	reason = admission->verdict.no_pair ? DROP_POLICY_NO_PAIR : DROP_POLICY_DROP;
	admit_log_refused(admission, reason);
	packet_drop(&worker->thread, admission->mbuf, reason);
	return NULL;
}

bool
admit_query_back(struct worker *worker, struct rte_mbuf *mbuf, void *data)
{
	const struct flow_path *back = &flow_of_data(data)->path[1];
	const struct nat *nat = worker->appliance->nat;
	struct admission admission = {.worker = worker,
		.mbuf = mbuf,
		.packet = packet_of(mbuf),
		.ruleset = appliance_ruleset(worker->appliance)};

	/* An address that hosts share is asked for itself. */
	if (nat != NULL && nat_is_outside_address(nat, back->key.dst) &&
		!nat_whole_inside(worker->appliance->nat, back->key.dst))
		return false;
	return path_verdict(&admission, back).action != FW_DROP;
}

bool
admit_reverse(struct worker *worker, struct rte_mbuf *mbuf, void *data)
{
	const struct packet *packet = packet_of(mbuf);
	const struct flow *flow = flow_of_data(data);
	struct admission admission = {
		.worker = worker,
		.mbuf = mbuf,
		.packet = packet,
		.ruleset = appliance_ruleset(worker->appliance),
		.in = &worker->appliance->interfaces->entry[packet->interface],
	};

	admission.verdict = path_verdict(&admission, &flow->path[flow_direction_of_data(data)]);
	return admission.verdict.action != FW_DROP;
}
