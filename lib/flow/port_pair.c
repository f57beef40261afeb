/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "port_pair.h"

int
port_pair_add(struct rte_hash *hash, const void *key, hash_sig_t signature,
	struct port_pair_node *neighbour, struct port_pair_node *node, bool odd)
{
	node->odd = odd;
	atomic_store_explicit(&node->other, neighbour, memory_order_relaxed);
	if (neighbour != NULL) {
		/* release: pairs with port_pair_pick() */
		atomic_store_explicit(&neighbour->other, node, memory_order_release);
		return 0;
	}
	return rte_hash_add_key_with_hash_data(hash, key, signature, node) == 0 ? 0 : -ENOSPC;
}

int
port_pair_add_both(struct rte_hash *hash, const void *key, hash_sig_t signature,
	struct port_pair_node *even, struct port_pair_node *odd)
{
	even->odd = false;
	odd->odd = true;
	atomic_store_explicit(&even->other, odd, memory_order_relaxed);
	atomic_store_explicit(&odd->other, even, memory_order_relaxed);
	return rte_hash_add_key_with_hash_data(hash, key, signature, even) == 0 ? 0 : -ENOSPC;
}

struct port_pair_node *
port_pair_remove(
	struct rte_hash *hash, const void *key, hash_sig_t signature, struct port_pair_node *node)
{
	struct port_pair_node *other = atomic_load_explicit(&node->other, memory_order_relaxed);

	if (other == NULL) {
		rte_hash_del_key_with_hash(hash, key, signature);
		return NULL;
	}
	atomic_store_explicit(&other->other, NULL, memory_order_relaxed);
	/* The key stands, so this changes its data in place: it needs no room and cannot fail. */
	rte_hash_add_key_with_hash_data(hash, key, signature, other);
	return other;
}
