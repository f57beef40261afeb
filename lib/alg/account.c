/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounts: who keeps a Contact reachable, for whom and until when. A registration is one (its
 * lines have the same Contact, and each is granted, refreshed and taken back alone), and so is a
 * subscription. Doors and pinholes are shared by all who name their endpoint, so what is to be
 * closed is asked here: nobody else needs it then.
 *
 * Life cycle: asked for by a request, for the time of a transaction; granted by a response or a
 * NOTIFY; free when its time has passed. Expired ones go when somebody meets them, and a few with
 * each new one. Where the table is full an account is not noted, and until it would have ended
 * nothing is closed early (account_rest()).
 *
 * Synchronization: shared by all workers, since the messages of one phone have Call-IDs, hence
 * owners, of their own. One spinlock, held for one walk of bounded length; never with another.
 */
#include <rte_malloc.h>

#include "alg_priv.h"

enum account_chain { CHAIN_SPELLING, CHAIN_WHO, CHAIN_CONTACT, ACCOUNT_CHAINS };

enum {
	ACCOUNTS_MIN = 4096,
	WALK_MAX = 256, /* links of one chain that are followed */
	AGED_WITH_EACH = 4, /* looked at for each new one */
	AGED_WHEN_FULL = 256,
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
	uint32_t unnoted_until_s; /* end of the last account for which there was no room */
	uint32_t *head[ACCOUNT_CHAINS];
	struct account_entry *entry; /* from 1 on */
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
heads_memory(uint32_t calls)
{
	return (size_t)head_count(calls) * ACCOUNT_CHAINS * sizeof(uint32_t);
}

size_t
account_table_memory(uint32_t calls)
{
	return sizeof(struct account_table) + entries_memory(calls) + heads_memory(calls);
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
	heads = rte_zmalloc_socket(
		"alg_account_heads", heads_memory(calls), RTE_CACHE_LINE_SIZE, socket);
	if (!table->entry || !heads) {
		rte_free(table->entry);
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

static void
entry_link(struct account_table *table, uint32_t index)
{
	struct account_entry *entry = &table->entry[index];

	for (unsigned int chain = 0; chain < ACCOUNT_CHAINS; chain++) {
		uint32_t *head = head_of(table, chain, &entry->account);

		entry->link[chain] = (struct account_link){.next = *head};
		if (*head)
			table->entry[*head].link[chain].previous = index;
		*head = index;
	}
}

/* Out of its chains, and free. */
static void
entry_remove(struct account_table *table, uint32_t index)
{
	struct account_entry *entry = &table->entry[index];

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

		entry_remove(table, index);
		index = next;
	}
	return index;
}

/* Walk one chain: for (i = chain_first(...); i; i = chain_next(...)). */
static uint32_t
chain_first(struct account_table *table, enum account_chain chain, const struct account *like,
	uint32_t now_s)
{
	return entry_alive(table, chain, *head_of(table, chain, like), now_s);
}

static uint32_t
chain_next(struct account_table *table, enum account_chain chain, uint32_t index, uint32_t now_s)
{
	return entry_alive(table, chain, table->entry[index].link[chain].next, now_s);
}

static void
table_age(struct account_table *table, unsigned int steps, uint32_t now_s)
{
	for (unsigned int i = 0; i < steps && table->high; i++) {
		table->cursor = table->cursor % table->high + 1;
		const struct account *account = &table->entry[table->cursor].account;

		if (account->until_s && account->until_s <= now_s)
			entry_remove(table, table->cursor);
	}
}

/* A free entry; 0: none. What was only asked for leaves a quarter to what is granted. */
static uint32_t
entry_take(struct account_table *table, bool granted, uint32_t now_s)
{
	uint32_t index;

	table_age(table, AGED_WITH_EACH, now_s);
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

static bool
contact_same(const struct account *a, const struct account *b)
{
	return a->address == b->address && a->port == b->port && a->proto == b->proto;
}

static bool
who_same(const struct account *a, const struct account *b)
{
	return a->who == b->who && a->registrar == b->registrar;
}

/* One and the same account, whatever it says of its time. */
static bool
account_same(const struct account *a, const struct account *b)
{
	return who_same(a, b) && contact_same(a, b) && a->peer == b->peer && a->user == b->user &&
	       a->parameters == b->parameters;
}

static uint32_t
entry_find(struct account_table *table, const struct account *account, uint32_t now_s)
{
	uint32_t index = chain_first(table, CHAIN_WHO, account, now_s);

	for (unsigned int n = 0; index && n < WALK_MAX; n++) {
		if (account_same(&table->entry[index].account, account))
			return index;
		index = chain_next(table, CHAIN_WHO, index, now_s);
	}
	return 0;
}

static uint32_t
note_again(struct account *known, const struct account *account)
{
	uint32_t before_s = known->until_s;

	if (account->flags & ACCOUNT_GRANTED) {
		bool portless = known->flags & ACCOUNT_ASKED_PORTLESS;

		known->flags &= (uint8_t)~ACCOUNT_PORTLESS;
		known->flags |= ACCOUNT_GRANTED | (portless ? ACCOUNT_PORTLESS : 0);
		known->until_s = account->until_s;
		known->leaving = 0;
		return before_s;
	}
	known->flags &= (uint8_t)~ACCOUNT_ASKED_PORTLESS;
	known->flags |= account->flags & (ACCOUNT_ASKED_PORTLESS | ACCOUNT_SPELLED);
	known->until_s = RTE_MAX(known->until_s, account->until_s);
	return before_s;
}

uint32_t
account_note(struct account_table *table, const struct account *account, uint32_t now_s)
{
	uint32_t index, before_s = 0;

	rte_spinlock_lock(&table->lock);
	index = entry_find(table, account, now_s);
	if (index) {
		before_s = note_again(&table->entry[index].account, account);
	} else {
		index = entry_take(table, account->flags & ACCOUNT_GRANTED, now_s);
		if (index) {
			table->entry[index].account = *account;
			entry_link(table, index);
		} else {
			table->unnoted_until_s = RTE_MAX(table->unnoted_until_s, account->until_s);
		}
	}
	rte_spinlock_unlock(&table->lock);
	return before_s;
}

unsigned int
account_list(struct account_table *table, const struct account *of, uint32_t now_s,
	struct account *found, unsigned int max)
{
	unsigned int count = 0;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0; index && n < WALK_MAX && count < max; n++) {
		if (who_same(&table->entry[index].account, of))
			found[count++] = table->entry[index].account;
		index = chain_next(table, CHAIN_WHO, index, now_s);
	}
	rte_spinlock_unlock(&table->lock);
	return count;
}

void
account_leave(struct account_table *table, const struct account *of, bool all, uint32_t transaction,
	uint32_t now_s)
{
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0; index && n < WALK_MAX; n++) {
		struct account *account = &table->entry[index].account;

		if (who_same(account, of) &&
			(all || (contact_same(account, of) && account->user == of->user &&
					account->parameters == of->parameters)))
			account->leaving = transaction;
		index = chain_next(table, CHAIN_WHO, index, now_s);
	}
	rte_spinlock_unlock(&table->lock);
}

/*
 * With the table full it is not known; then yes. Entries are new first: a request of late is found.
 */
bool
account_asked(struct account_table *table, const struct account *of, uint32_t now_s)
{
	bool asked;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	asked = table->unnoted_until_s > now_s;
	index = chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0; index && !asked && n < WALK_MAX; n++) {
		const struct account *account = &table->entry[index].account;

		asked = who_same(account, of) && contact_same(account, of);
		index = chain_next(table, CHAIN_WHO, index, now_s);
	}
	rte_spinlock_unlock(&table->lock);
	return asked;
}

void
account_drop(struct account_table *table, const struct account *account, uint32_t now_s)
{
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = entry_find(table, account, now_s);
	if (index)
		entry_remove(table, index);
	rte_spinlock_unlock(&table->lock);
}

struct account_rest
account_rest(struct account_table *table, const struct account *of, uint32_t now_s)
{
	struct account_rest rest = {0, 0};
	unsigned int n = 0;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = chain_first(table, CHAIN_CONTACT, of, now_s);
	for (; index && n < WALK_MAX; n++) {
		const struct account *account = &table->entry[index].account;

		if (contact_same(account, of)) {
			rest.contact_s = RTE_MAX(rest.contact_s, account->until_s);
			if (account->peer == of->peer)
				rest.peer_s = RTE_MAX(rest.peer_s, account->until_s);
		}
		index = chain_next(table, CHAIN_CONTACT, index, now_s);
	}
	if (index || table->unnoted_until_s > now_s)
		rest = (struct account_rest){UINT32_MAX, UINT32_MAX};
	rte_spinlock_unlock(&table->lock);
	return rest;
}

/* A registration at this Contact, and its own entry rather than that of a further peer. */
static bool
is_registration_at(const struct account *account, const struct account *of)
{
	return account->registrar && account->peer == account->registrar &&
	       !(account->flags & ACCOUNT_ROUTE) && contact_same(account, of);
}

/* How well a registration is the one that is asked for. */
static unsigned int
likeness(const struct account *account, const struct account *of)
{
	if (!is_registration_at(account, of) || !(account->flags & ACCOUNT_SPELLED))
		return 0;
	if (account->user != of->user)
		return 1;
	return account->parameters == of->parameters ? 3 : 2;
}

enum account_spelling
account_spelling(struct account_table *table, const struct account *of, bool asked, uint32_t now_s)
{
	static const enum account_chain chains[] = {CHAIN_SPELLING, CHAIN_CONTACT};
	enum account_spelling spelling = ACCOUNT_UNKNOWN;
	unsigned int best = 0;

	rte_spinlock_lock(&table->lock);
	for (unsigned int i = 0; i < RTE_DIM(chains) && best == 0; i++) {
		uint32_t index = chain_first(table, chains[i], of, now_s);

		for (unsigned int n = 0; index && n < WALK_MAX && best < 3; n++) {
			const struct account *account = &table->entry[index].account;
			unsigned int like = likeness(account, of);

			if (like > best) {
				best = like;
				spelling = account->flags & (asked ? ACCOUNT_ASKED_PORTLESS
								   : ACCOUNT_PORTLESS)
						   ? ACCOUNT_WITHOUT_PORT
						   : ACCOUNT_WITH_PORT;
			}
			index = chain_next(table, chains[i], index, now_s);
		}
	}
	rte_spinlock_unlock(&table->lock);
	return spelling;
}
