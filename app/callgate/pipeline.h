/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef APP_PIPELINE_H
#define APP_PIPELINE_H

#include "worker.h"

/** A burst as received on a port (configuration index): the whole way of a packet. Worker. */
void pipeline_receive(struct worker *worker, uint16_t port, struct burst *burst);

/** From the flow look-up on: packets already parsed (also those another worker handed off). */
void pipeline_forward(struct worker *worker, struct burst *burst);

/**
 * A packet and what the look-up found (`data` as the flow table holds it; NULL: miss): its flow, which
 * policy lets it pass by, or NULL: it is gone. `generation`: of the ruleset in force. Worker.
 */
void *pipeline_permit(
	struct worker *worker, struct rte_mbuf *mbuf, void *data, uint16_t generation);

/** TCP state, ICMP direction of a permitted packet's flow; false: impossible in it, it is gone. */
bool pipeline_track(struct worker *worker, struct rte_mbuf *mbuf, void *data);

/*
 * Stages that have files of their own. Each either leaves a packet in the burst for the next
 * stage or has taken it: dropped with a reason, handed off, answered, held.
 */

/**
 * A packet that hit no flow, or hit one in a direction not yet permitted or under an older ruleset
 * (`data` as the flow table holds it; NULL: miss). Policy and NAT decide here, and only here.
 * Returns what the flow table now holds, or NULL: the packet is gone (admit.c).
 */
void *admit(struct worker *worker, struct rte_mbuf *mbuf, void *data);

/**
 * The answering side of a flow whose connection is over sends a SYN: may it begin one? Policy is
 * asked as if it were a miss (admit_again.c).
 */
bool admit_reverse(struct worker *worker, struct rte_mbuf *mbuf, void *data);

/** Would a packet that hits no flow go to callgate itself, policy permitting? Leaves it alone. */
bool admit_is_local(struct worker *worker, struct rte_mbuf *mbuf);

/** Such a packet, whatever flow it hits: policy of zone "self", then callgate itself. Takes it. */
void admit_to_self(struct worker *worker, struct rte_mbuf *mbuf);

/**
 * A query against the direction of its flow, or a reply in it: both ends may ask each other with one
 * identifier. May the end that did not open the flow ask, too? Policy and NAT are asked as if it had
 * missed (admit_again.c).
 */
bool admit_query_back(struct worker *worker, struct rte_mbuf *mbuf, void *data);

/** ICMP error about a flow of ours: translate with its inner packet and forward; takes it. */
void icmp_translate(struct worker *worker, struct rte_mbuf *mbuf);

/**
 * SIP datagram of a flow: hand it to its owner, or let the ALG read and edit it here. Returns the
 * packet to forward (another mbuf when the message needed more room), or NULL: it is gone
 * (sip_stage.c).
 */
struct rte_mbuf *sip_stage(
	struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction);

/** The same for messages that follow one another; those that are gone become NULL in mbuf[]. */
void sip_stage_burst(
	struct worker *worker, struct rte_mbuf **mbuf, void **data, unsigned int count);

/**
 * Fragments as parsed: to the worker that has their datagrams; here, when it is this one. There each
 * is forwarded by the flow of the datagram's first fragment, as a fragment; or the datagram is made
 * whole and begins at the flow look-up, where layer 7 or callgate itself needs it (fragment_stage.c).
 */
void fragment_stage(struct worker *worker, struct burst *fragments);

/** The same for fragments that another worker handed to this one. */
void fragment_stage_own(struct worker *worker, struct burst *fragments);

/** End datagrams whose fragments did not all come in time; returns how many. Each turn. */
unsigned int fragment_stage_age(struct worker *worker);

/** May callgate itself send ICMP to the source of this packet: policy of zone "self" to its zone. Worker. */
bool forward_self_may(struct worker *worker, const struct flow_key *answered, unsigned int bytes);

/** Send an ICMP error about a packet, if policy lets it and within the rate of its side: what comes from outside does not use up
 *  what inside hosts are to be told. */
void forward_error(struct worker *worker, struct rte_mbuf *about, struct icmp_error error);

/**
 * A RST that ends nothing keeps nothing alive either (RFC 7857 section 7.1): it passes without having been
 * seen. Takes the packet.
 */
void forward_unseen(struct worker *worker, struct rte_mbuf *mbuf, struct flow_path *path);

/** Send an ICMP error about a packet and drop it with `reason`. Takes it. */
void forward_refuse(struct worker *worker, struct rte_mbuf *mbuf, struct icmp_error error,
	enum drop_reason reason);

#endif
