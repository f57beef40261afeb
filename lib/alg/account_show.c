/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the table of accounts tells of registrations: how many, and a page of them.
 *
 * The lock is held for one walk of bounded length, as ever: for a part of the table, or a chain.
 */
#include "account_priv.h"

uint32_t
account_registrations(const struct account_table *table)
{
	return atomic_load_explicit(&table->registrations, memory_order_relaxed);
}

unsigned int
account_page(struct account_table *table, uint32_t now_s, uint32_t *cursor, unsigned int max,
	struct account_listed *listed)
{
	uint32_t i = *cursor, end;
	unsigned int count = 0;

	rte_spinlock_lock(&table->lock);
	end = (uint32_t)RTE_MIN((uint64_t)i + ACCOUNT_WALK_MAX, (uint64_t)table->high);
	while (i < end && count < max) {
		const struct account *account = &table->entry[++i].account;

		if (account->until_s > now_s && account_is_registration(account) &&
			account->flags & ACCOUNT_GRANTED)
			listed[count++] = (struct account_listed){i, *account, table->shown[i]};
	}
	*cursor = i < table->high ? i : 0;
	rte_spinlock_unlock(&table->lock);
	return count;
}

unsigned int
account_peers(struct account_table *table, const struct account *of, uint32_t now_s,
	rte_be32_t *peers, unsigned int max)
{
	unsigned int count = 0;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = account_chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0; index && n < ACCOUNT_WALK_MAX && count < max; n++) {
		const struct account *account = &table->entry[index].account;

		if (account->peer != of->peer && account_same_but_peer(account, of))
			peers[count++] = account->peer;
		index = account_chain_next(table, CHAIN_WHO, index, now_s);
	}
	rte_spinlock_unlock(&table->lock);
	return count;
}
