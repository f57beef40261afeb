/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP datagrams: to the worker that owns the Call-ID, then through the ALG. Those of blacklisted hosts
 * go no further than the worker that received them.
 *
 * The message is edited where it stands. It is copied once, into a large mbuf, only when it came
 * in several segments or when its mbuf has too little room behind it to grow.
 *
 * Messages that follow one another in a burst have their Call-IDs looked up together, before the
 * first of them is read, and what their records lead to is asked for while those before them are
 * processed: among a million calls all of it is a few cache misses away (lib/alg/lead.c).
 */
#include <rte_udp.h>

#include "handoff.h"
#include "net/checksum.h"
#include "net/parse.h"
#include "pipeline.h"
#include "trace.h"

enum {
	SIP_GROWTH = 1024, /* room that a message may need for longer addresses */
	UDP_PAYLOAD_MAX = 65507,
};

/* A flat copy with room to grow; frees the original. NULL: dropped. */
static struct rte_mbuf *
message_copy(struct worker *worker, struct rte_mbuf *mbuf)
{
	uint32_t length = rte_pktmbuf_pkt_len(mbuf);
	struct rte_mbuf *copy = rte_pktmbuf_alloc(worker->appliance->large_mempool);
	const void *bytes;

	if (copy == NULL || length > rte_pktmbuf_tailroom(copy)) {
		enum drop_reason reason = copy == NULL ? DROP_NO_MBUF : DROP_SIP_TOO_LONG;

		rte_pktmbuf_free(copy);
		/* A flat message may still fit where it is. */
		if (rte_pktmbuf_is_contiguous(mbuf))
			return mbuf;
		packet_drop(&worker->thread, mbuf, reason);
		return NULL;
	}
	bytes = rte_pktmbuf_read(mbuf, 0, length, rte_pktmbuf_mtod(copy, void *));
	if (bytes != rte_pktmbuf_mtod(copy, void *))
		memcpy(rte_pktmbuf_mtod(copy, void *), bytes, length);
	rte_pktmbuf_append(copy, (uint16_t)length);
	*packet_of(copy) = *packet_of(mbuf);
	copy->port = mbuf->port;
	rte_pktmbuf_free(mbuf);
	return copy;
}

/* Lengths and checksums after an edit. A message that outgrew the MTU may be fragmented. */
static void
message_finish(
	struct worker *worker, struct rte_mbuf *mbuf, const struct flow_path *path, uint32_t length)
{
	struct packet *packet = packet_of(mbuf);
	struct rte_ipv4_hdr *ip = packet_ip(mbuf);

	mbuf->data_len = (uint16_t)(packet->payload_offset + length);
	mbuf->pkt_len = mbuf->data_len;
	packet->ip_length = (uint16_t)(packet->payload_offset - packet->ip_offset + length);
	if (packet->ip_length > worker->appliance->interfaces->entry[path->egress].mtu &&
		(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))) {
		ip->fragment_offset &= (rte_be16_t)~RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
		/* With DF the identification meant nothing (RFC 6864 4.1) and often is 0 always. */
		ip->packet_id = identification_next(&worker->identification);
	}
	checksum_udp_rewrite(mbuf, packet->ip_offset, packet->l4_offset, (uint16_t)length);
}

/* A message on its way: flat, with room to grow, and its owner's number (-1: no Call-ID). */
struct sip_arrival {
	struct rte_mbuf *mbuf; /* NULL: gone */
	int owner;
	struct hash128 call_id;
	const struct alg_lead *lead; /* NULL: not looked up */
};

/* By its first bytes; anything else is taken for a request. */
static bool
is_response(struct rte_mbuf *mbuf)
{
	char start[4];
	const char *text =
		rte_pktmbuf_read(mbuf, packet_of(mbuf)->payload_offset, sizeof(start), start);

	return text != NULL && packet_udp_payload_length(mbuf) >= sizeof(start) &&
	       memcmp(text, "SIP/", sizeof(start)) == 0;
}

static void
arrival_make(struct worker *worker, struct rte_mbuf *mbuf, const struct flow_path *path,
	struct sip_arrival *arrival)
{
	arrival->mbuf = NULL;
	if (!(packet_of(mbuf)->flags & PACKET_HANDED_OFF) &&
		alg_host_refused(&worker->thread, worker->alg, path->key.src, is_response(mbuf),
			path->key.realm,
			worker->appliance->interfaces->entry[path->egress].realm)) {
		packet_drop(&worker->thread, mbuf, DROP_SIP_BLACKLISTED);
		return;
	}
	if (!rte_pktmbuf_is_contiguous(mbuf) || rte_pktmbuf_tailroom(mbuf) < SIP_GROWTH)
		mbuf = message_copy(worker, mbuf);
	if (mbuf == NULL)
		return;
	arrival->mbuf = mbuf;
	arrival->owner = alg_owner(worker->appliance->alg,
		rte_pktmbuf_mtod_offset(mbuf, char *, packet_of(mbuf)->payload_offset),
		packet_udp_payload_length(mbuf), &arrival->call_id);
}

static struct rte_mbuf *
arrival_process(struct worker *worker, const struct sip_arrival *arrival, struct flow *flow,
	unsigned int direction)
{
	struct thread *self = &worker->thread;
	struct flow_path *path = &flow->path[direction];
	struct rte_mbuf *mbuf = arrival->mbuf;
	struct alg_message message;
	struct packet *packet;
	bool traced;
	uint64_t begin;
	int verdict;

	if (mbuf == NULL)
		return NULL;
	packet = packet_of(mbuf);
	if (!(packet->flags & PACKET_HANDED_OFF)) {
		if (arrival->owner >= 0 && (unsigned int)arrival->owner != self->id) {
			handoff_send(self, worker->appliance->handoff, (unsigned int)arrival->owner,
				HANDOFF_PACKET, mbuf);
			return NULL;
		}
		if (arrival->owner >= 0)
			event_count(self->counters, EVENT_HANDOFF_LOCAL, 1);
	}
	message = (struct alg_message){
		.text = rte_pktmbuf_mtod_offset(mbuf, char *, packet->payload_offset),
		.length = packet_udp_payload_length(mbuf),
		.capacity = RTE_MIN(mbuf->data_len - packet->payload_offset +
					    (uint32_t)rte_pktmbuf_tailroom(mbuf),
			(uint32_t)UDP_PAYLOAD_MAX),
		.call_id = arrival->owner >= 0 ? &arrival->call_id : NULL,
		.lead = arrival->lead,
		.flow = flow,
		.direction = direction,
		.source_realm = packet->key.realm,
		.destination_realm = worker->appliance->interfaces->entry[path->egress].realm,
	};
	traced = unlikely(trace_is_on(worker->appliance->trace)) && trace_before(worker, &message);
	begin = worker_sip_begin(worker);
	verdict = alg_message_process(self, worker->alg, &message);
	worker_sip_end(worker, begin);
	if (unlikely(traced))
		trace_after(worker, &message, verdict);
	if (verdict != ALG_FORWARD) {
		packet_drop(self, mbuf, (enum drop_reason)verdict);
		return NULL;
	}
	if (message.edited)
		message_finish(worker, mbuf, path, message.length);
	return mbuf;
}

struct rte_mbuf *
sip_stage(struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction)
{
	struct sip_arrival arrival = {.owner = -1};

	arrival_make(worker, mbuf, &flow->path[direction], &arrival);
	return arrival_process(worker, &arrival, flow, direction);
}

void
sip_stage_burst(struct worker *worker, struct rte_mbuf **mbuf, void **data, unsigned int count)
{
	struct sip_arrival arrival[BURST_MAX];
	struct hash128 call_id[BURST_MAX] = {0};
	struct alg_lead lead[BURST_MAX];
	unsigned int own = 0, next = 0;

	for (unsigned int i = 0; i < count; i++) {
		arrival[i].owner = -1;
		arrival[i].lead = NULL;
		arrival_make(worker, mbuf[i], flow_path_of_data(data[i]), &arrival[i]);
		if (arrival[i].owner == (int)worker->thread.id) {
			arrival[i].lead = &lead[own];
			call_id[own++] = arrival[i].call_id;
		}
	}
	alg_seek(worker->alg, call_id, own, lead);
	for (unsigned int i = 0; i < count; i++) {
		if (arrival[i].lead)
			alg_approach(worker->alg, lead, own, next++);
		mbuf[i] = arrival_process(worker, &arrival[i], flow_of_data(data[i]),
			flow_direction_of_data(data[i]));
	}
}
