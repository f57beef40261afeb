/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of accounts: memory, chains, room. Entries are found by index; an entry is in three
 * chains, each begun at a head that its keyed hash chooses.
 */
#include <rte_malloc.h>

#include "account_priv.h"

enum {
	ACCOUNTS_MIN = 4096,
	AGED_WHEN_FULL = 256, /* looked at for each new one */
	SWEPT_A_STEP = 64, /* while others wait for the lock */
};

static uint32_t
entry_count(uint32_t calls)
{
	return RTE_MAX(calls, (uint32_t)ACCOUNTS_MIN);
}

static uint32_t
head_count(uint32_t calls)
{
	return rte_align32pow2(entry_count(calls) / 2);
}

static size_t
entries_memory(uint32_t calls)
{
	return ((size_t)entry_count(calls) + 1) * sizeof(struct account_entry);
}

static size_t
shown_memory(uint32_t calls)
{
	return ((size_t)entry_count(calls) + 1) * sizeof(struct account_shown);
}

static size_t
heads_memory(uint32_t calls)
{
	return (size_t)head_count(calls) * ACCOUNT_CHAINS * sizeof(uint32_t);
}

size_t
account_table_memory(uint32_t calls)
{
	return sizeof(struct account_table) + entries_memory(calls) + shown_memory(calls) +
	       heads_memory(calls);
}

struct account_table *
account_table_create(uint32_t calls, int socket)
{
	struct account_table *table =
		rte_zmalloc_socket("alg_accounts", sizeof(*table), RTE_CACHE_LINE_SIZE, socket);
	uint32_t *heads;

	if (!table)
		return NULL;
	table->entry = rte_zmalloc_socket(
		"alg_account_entries", entries_memory(calls), RTE_CACHE_LINE_SIZE, socket);
	table->shown = rte_zmalloc_socket(
		"alg_account_shown", shown_memory(calls), RTE_CACHE_LINE_SIZE, socket);
	heads = rte_zmalloc_socket(
		"alg_account_heads", heads_memory(calls), RTE_CACHE_LINE_SIZE, socket);
	if (!table->entry || !table->shown || !heads) {
		rte_free(table->entry);
		rte_free(table->shown);
		rte_free(heads);
		rte_free(table);
		return NULL;
	}
	rte_spinlock_init(&table->lock);
	table->capacity = entry_count(calls);
	table->mask = head_count(calls) - 1;
	for (unsigned int chain = 0; chain < ACCOUNT_CHAINS; chain++)
		table->head[chain] = &heads[(size_t)chain * head_count(calls)];
	return table;
}

void
account_table_destroy(struct account_table *table)
{
	if (!table)
		return;
	rte_free(table->head[0]);
	rte_free(table->entry);
	rte_free(table->shown);
	rte_free(table);
}

/* Where the chain begins in which an account is found. */
static uint32_t *
head_of(const struct account_table *table, enum account_chain chain, const struct account *account)
{
	uint64_t endpoint =
		(uint64_t)account->address << 32 | (uint64_t)account->port << 16 | account->proto;
	uint64_t key[2] = {endpoint, chain};

	if (chain == CHAIN_SPELLING)
		key[1] |= (uint64_t)account->user << 32;
	else if (chain == CHAIN_WHO)
		key[0] = account->who, key[1] |= (uint64_t)account->registrar << 32;
	return &table->head[chain][keyed_hash16(key[0], key[1]) & table->mask];
}

void
account_entry_link(struct account_table *table, uint32_t index)
{
	struct account_entry *entry = &table->entry[index];

	for (unsigned int chain = 0; chain < ACCOUNT_CHAINS; chain++) {
		uint32_t *head = head_of(table, chain, &entry->account);

		entry->link[chain] = (struct account_link){.next = *head};
		if (*head)
			table->entry[*head].link[chain].previous = index;
		*head = index;
	}
	account_count(table, &entry->account, 1);
}

void
account_entry_remove(struct account_table *table, uint32_t index)
{
	struct account_entry *entry = &table->entry[index];

	account_count(table, &entry->account, UINT32_MAX);
	for (unsigned int chain = 0; chain < ACCOUNT_CHAINS; chain++) {
		const struct account_link link = entry->link[chain];

		if (link.previous)
			table->entry[link.previous].link[chain].next = link.next;
		else
			*head_of(table, chain, &entry->account) = link.next;
		if (link.next)
			table->entry[link.next].link[chain].previous = link.previous;
	}
	entry->account.until_s = 0;
	entry->link[0].next = table->free;
	table->free = index;
	table->used--;
}

/* The next link of a chain that is alive from `index` on; those whose time is over go. */
static uint32_t
entry_alive(struct account_table *table, enum account_chain chain, uint32_t index, uint32_t now_s)
{
	while (index && table->entry[index].account.until_s <= now_s) {
		uint32_t next = table->entry[index].link[chain].next;

		account_entry_remove(table, index);
		index = next;
	}
	return index;
}

uint32_t
account_chain_first(struct account_table *table, enum account_chain chain,
	const struct account *like, uint32_t now_s)
{
	return entry_alive(table, chain, *head_of(table, chain, like), now_s);
}

uint32_t
account_chain_next(
	struct account_table *table, enum account_chain chain, uint32_t index, uint32_t now_s)
{
	return entry_alive(table, chain, table->entry[index].link[chain].next, now_s);
}

static void
table_age(struct account_table *table, uint32_t steps, uint32_t now_s)
{
	for (uint32_t i = 0; i < steps && table->high; i++) {
		table->cursor = table->cursor % table->high + 1;
		const struct account *account = &table->entry[table->cursor].account;

		if (account->until_s && account->until_s <= now_s)
			account_entry_remove(table, table->cursor);
	}
}

void
account_sweep(struct account_table *table, uint32_t budget, uint32_t now_s)
{
	uint32_t steps;

	do {
		rte_spinlock_lock(&table->lock);
		budget = RTE_MIN(budget, table->high);
		steps = RTE_MIN(budget, (uint32_t)SWEPT_A_STEP);
		table_age(table, steps, now_s);
		rte_spinlock_unlock(&table->lock);
		budget -= steps;
	} while (budget > 0);
}

uint32_t
account_entry_take(struct account_table *table, bool granted, uint32_t now_s)
{
	uint32_t index;

	if (table->used >= table->capacity - (granted ? 0 : table->capacity / 4))
		table_age(table, AGED_WHEN_FULL, now_s);
	if (table->used >= table->capacity - (granted ? 0 : table->capacity / 4))
		return 0;
	index = table->free;
	if (index)
		table->free = table->entry[index].link[0].next;
	else
		index = ++table->high;
	table->used++;
	return index;
}
