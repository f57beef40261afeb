/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between neighbour.c (the table) and arp.c (the protocol).
 */
#ifndef NET_NEIGHBOUR_PRIV_H
#define NET_NEIGHBOUR_PRIV_H

#include "neighbour.h"

/** Ask for `target` on `interface`; link 0: broadcast, else unicast to that MAC. Worker. */
void arp_request_send(struct thread *self, struct net_output *output,
	const struct interface *interface, rte_be32_t target, uint64_t link);

/**
 * `address` on `interface` has this MAC: update its entry and send what it holds. Without an entry
 * one is made when `create` says so. True when there is an entry now. Worker.
 */
bool neighbour_learn(struct thread *self, struct net_output *output,
	const struct interface *interface, rte_be32_t address, const struct rte_ether_addr *mac,
	bool create);

#endif
