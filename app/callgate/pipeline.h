/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef APP_PIPELINE_H
#define APP_PIPELINE_H

#include "worker.h"

/** A burst as received on a port (configuration index): the whole way of a packet. Worker. */
void pipeline_receive(struct worker *worker, uint16_t port, struct burst *burst);

/** From the flow look-up on: packets already parsed (also those another worker handed off). */
void pipeline_forward(struct worker *worker, struct burst *burst);

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

/** Send an ICMP error about a packet and drop it with `reason`. Takes it. */
void forward_refuse(struct worker *worker, struct rte_mbuf *mbuf, struct icmp_error error,
	enum drop_reason reason);

#endif
