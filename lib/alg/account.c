/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which accounts are registered at a Contact. A phone with several lines registers each at the same
 * endpoint, so that endpoint's door and pinhole are shared; when one line is taken back they stay
 * for the others.
 *
 * A table of buckets of six registrations, each under its own spinlock, shared by all workers: the
 * registrations of one phone have Call-IDs, hence owners, of their own. An entry counts until its
 * time has passed, and is then free. In a bucket full of others a registration is not noted: taking
 * another line back may then close its door early, until its refresh.
 */
#include <rte_malloc.h>

#include "alg_priv.h"

enum { ACCOUNTS_PER_BUCKET = 6 };

struct account_bucket {
	rte_spinlock_t lock;
	struct account {
		rte_be32_t address, registrar;
		rte_be16_t port;
		uint16_t spare;
		uint32_t who;
		uint32_t until_s; /* 0: free */
	} account[ACCOUNTS_PER_BUCKET];
} __rte_cache_aligned;

struct account_table {
	uint32_t mask;
	struct account_bucket bucket[];
};

static uint32_t
bucket_count(uint32_t calls)
{
	return rte_align32pow2(RTE_MAX(calls / 4, 64u));
}

size_t
account_table_memory(uint32_t calls)
{
	return sizeof(struct account_table) +
	       (size_t)bucket_count(calls) * sizeof(struct account_bucket);
}

struct account_table *
account_table_create(uint32_t calls, int socket)
{
	struct account_table *table = rte_zmalloc_socket(
		"alg_accounts", account_table_memory(calls), RTE_CACHE_LINE_SIZE, socket);

	if (table)
		table->mask = bucket_count(calls) - 1;
	return table;
}

void
account_table_destroy(struct account_table *table)
{
	rte_free(table);
}

static struct account_bucket *
bucket_of(struct account_table *table, const struct endpoint *contact)
{
	struct {
		rte_be32_t address;
		uint32_t port;
	} key = {contact->address, contact->port};

	return &table->bucket[keyed_hash64(&key, sizeof(key)) & table->mask];
}

static bool
is_at(const struct account *account, const struct endpoint *contact)
{
	return account->address == contact->address && account->port == contact->port;
}

void
account_note(struct account_table *table, const struct endpoint *contact, rte_be32_t registrar,
	uint32_t who, uint32_t now_s, uint32_t until_s)
{
	struct account_bucket *bucket = bucket_of(table, contact);
	struct account *slot = NULL;

	rte_spinlock_lock(&bucket->lock);
	for (unsigned int i = 0; i < ACCOUNTS_PER_BUCKET; i++) {
		struct account *account = &bucket->account[i];

		if (account->until_s <= now_s) {
			slot = account;
		} else if (is_at(account, contact) && account->registrar == registrar &&
			   account->who == who) {
			slot = account;
			break;
		}
	}
	if (slot)
		*slot = (struct account){.address = contact->address,
			.registrar = registrar,
			.port = contact->port,
			.who = who,
			.until_s = until_s};
	rte_spinlock_unlock(&bucket->lock);
}

struct account_rest
account_drop(struct account_table *table, const struct endpoint *contact, rte_be32_t registrar,
	uint32_t who)
{
	struct account_bucket *bucket = bucket_of(table, contact);
	struct account_rest rest = {0, 0};

	rte_spinlock_lock(&bucket->lock);
	for (unsigned int i = 0; i < ACCOUNTS_PER_BUCKET; i++) {
		struct account *account = &bucket->account[i];

		if (!is_at(account, contact))
			continue;
		if (account->registrar == registrar && account->who == who) {
			account->until_s = 0;
			continue;
		}
		rest.contact_s = RTE_MAX(rest.contact_s, account->until_s);
		if (account->registrar == registrar)
			rest.registrar_s = RTE_MAX(rest.registrar_s, account->until_s);
	}
	rte_spinlock_unlock(&bucket->lock);
	return rest;
}
