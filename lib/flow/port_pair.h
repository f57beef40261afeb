/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port pairs: an even port and the next share one key of a shared_hash, so that RTP and RTCP cost
 * one addition and one look-up instead of two. The table's data is either one's node; each node
 * names the other while both are in.
 *
 * Life cycle: the object that holds a node is complete, then port_pair_add(); port_pair_remove();
 * then it rests a grace period before it is used again.
 *
 * Synchronization: add and remove under the key's lock, which all who use that key share. Finding
 * takes no lock: a reader that met one of two nodes just before its removal still finds the other
 * through it, since a removed node keeps its last neighbour until it is added again.
 */
#ifndef FLOW_PORT_PAIR_H
#define FLOW_PORT_PAIR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_hash.h>

struct port_pair_node {
	_Atomic(struct port_pair_node *) other; /* writers: under the key's lock; readers: any */
	bool odd; /* which of the two ports; set by port_pair_add() */
};

/** The port that both have in their key. Network byte order. */
static inline rte_be16_t
port_pair_key(rte_be16_t port)
{
	return port & RTE_BE16(0xfffe);
}

static inline bool
port_pair_odd(rte_be16_t port)
{
	return (port & RTE_BE16(1)) != 0;
}

/** A node under the key, whichever; NULL: none. Online thread. */
static inline struct port_pair_node *
port_pair_find(const struct rte_hash *hash, const void *key, hash_sig_t signature)
{
	void *data;

	return rte_hash_lookup_with_hash_data(hash, key, signature, &data) < 0
		       ? NULL
		       : (struct port_pair_node *)data;
}

/** The node of one of the ports, given what port_pair_find() found; NULL: none. */
static inline struct port_pair_node *
port_pair_pick(struct port_pair_node *found, bool odd)
{
	if (found == NULL || found->odd == odd)
		return found;
	/* acquire: pairs with the release in port_pair_add(); the other's object is complete */
	return atomic_load_explicit(&found->other, memory_order_acquire);
}

/**
 * Add a node beside `neighbour` (the other port's, as found under the lock; NULL: none stands).
 * 0, or -ENOSPC: the table is full and nothing has changed; never with a neighbour.
 */
int port_pair_add(struct rte_hash *hash, const void *key, hash_sig_t signature,
	struct port_pair_node *neighbour, struct port_pair_node *node, bool odd);

/** Add both ports' nodes at once; none stands. As port_pair_add(). */
int port_pair_add_both(struct rte_hash *hash, const void *key, hash_sig_t signature,
	struct port_pair_node *even, struct port_pair_node *odd);

/** Take a node out. What remains under the key: the neighbour, or NULL. */
struct port_pair_node *port_pair_remove(
	struct rte_hash *hash, const void *key, hash_sig_t signature, struct port_pair_node *node);

#endif
