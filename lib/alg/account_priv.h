/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of accounts from within: entries, the chains in which they are found, room for new
 * ones. account.c decides with it, account_show.c tells what is in it.
 *
 * All that is declared here is called with the table's lock held.
 */
#ifndef ALG_ACCOUNT_PRIV_H
#define ALG_ACCOUNT_PRIV_H

#include "alg_priv.h"

enum account_chain { CHAIN_SPELLING, CHAIN_WHO, CHAIN_CONTACT, ACCOUNT_CHAINS };

enum {
	ACCOUNT_WALK_MAX = 256, /* links of one chain that are followed */
};

struct account_entry {
	struct account account; /* until_s 0: free */
	struct account_link {
		uint32_t next, previous; /* 0: none */
	} link[ACCOUNT_CHAINS];
};
static_assert(sizeof(struct account_entry) == 64, "an account is one cache line");

struct account_table {
	rte_spinlock_t lock;
	uint32_t capacity, mask;
	uint32_t used, high; /* high: highest index ever used */
	uint32_t free; /* chain by link[0].next */
	uint32_t cursor; /* of ageing */
	_Atomic uint32_t registrations; /* gauge: those granted; readers: any */
	uint32_t unnoted_until_s; /* end of the last account for which there was no room */
	uint32_t *head[ACCOUNT_CHAINS];
	struct account_entry *entry; /* from 1 on */
	struct account_shown *shown; /* of registrations; by the same index */
};

static inline bool
account_contact_same(const struct account *a, const struct account *b)
{
	return a->address == b->address && a->port == b->port && a->proto == b->proto;
}

static inline bool
account_who_same(const struct account *a, const struct account *b)
{
	return a->who == b->who && a->registrar == b->registrar;
}

/* One and the same account, but for who may send to it, and whatever it says of its time. */
static inline bool
account_same_but_peer(const struct account *a, const struct account *b)
{
	return account_who_same(a, b) && account_contact_same(a, b) && a->user == b->user &&
	       a->parameters == b->parameters;
}

/* A registration's own entry, rather than that of a further peer or of a route. */
static inline bool
account_is_registration(const struct account *account)
{
	return account->registrar && account->peer == account->registrar &&
	       !(account->flags & ACCOUNT_ROUTE);
}

/* It is one that counts, from now on or no longer. */
static inline void
account_count(struct account_table *table, const struct account *account, uint32_t n)
{
	if (account_is_registration(account) && account->flags & ACCOUNT_GRANTED)
		atomic_fetch_add_explicit(&table->registrations, n, memory_order_relaxed);
}

/* In and out of its chains; removed is free. */
void account_entry_link(struct account_table *table, uint32_t index);
void account_entry_remove(struct account_table *table, uint32_t index);

/* A free entry; 0: none. What was only asked for leaves a quarter to what is granted. */
uint32_t account_entry_take(struct account_table *table, bool granted, uint32_t now_s);

/*
 * Walk one chain: for (i = account_chain_first(...); i; i = account_chain_next(...)). Entries whose
 * time is over go on the way.
 */
uint32_t account_chain_first(struct account_table *table, enum account_chain chain,
	const struct account *like, uint32_t now_s);
uint32_t account_chain_next(
	struct account_table *table, enum account_chain chain, uint32_t index, uint32_t now_s);

#endif
