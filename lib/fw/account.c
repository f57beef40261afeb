/* SPDX-License-Identifier: BSD-3-Clause */
/* Overview in account.h. */
#include <stdio.h>
#include <string.h>

#include <rte_jhash.h>
#include <rte_malloc.h>

#include "account.h"
#include "config/config.h"
#include "flow/flow_account.h"

enum { SPARE = 256 };

struct account_name {
	char zone_pair[NAME_MAX_LENGTH + 1], class[NAME_MAX_LENGTH + 1]; /* first empty: free */
	uint32_t next; /* in its list of `lists`, or of free ones; 0: the last */
	uint32_t uses; /* by rulesets */
	bool going; /* nobody needs it, and a grace period passes */
};

struct fw_accounts {
	uint32_t count; /* 0, which is no account, included */
	uint32_t unused; /* the first free one; 0: none */
	uint32_t *lists; /* `count` lists of names, by their hash: the first of each */
	struct account_name *names;
	struct flow_account *accounts;
};

static uint32_t
accounts_count(uint32_t needed)
{
	return 1 + 2 * needed + SPARE;
}

uint32_t
fw_accounts_needed(const struct config *config)
{
	uint64_t needed = 0;

	for (unsigned int i = 0; i < config->zone_pair_count; i++)
		needed += 2 + config->policy_maps[config->zone_pairs[i].policy].class_count;
	return (uint32_t)RTE_MIN(needed, (uint64_t)FLOW_ACCOUNT_ENDED / 4);
}

static void
unused_put(struct fw_accounts *accounts, uint32_t number)
{
	accounts->names[number].next = accounts->unused;
	accounts->unused = number;
}

/* The list in which these names are, if they are anywhere. */
static uint32_t *
list_of(const struct fw_accounts *accounts, const char *zone_pair, const char *class)
{
	struct {
		char zone_pair[NAME_MAX_LENGTH + 1], class[NAME_MAX_LENGTH + 1];
	} key __rte_aligned(4) = {0}; /* whole words, which is what the hash reads */

	snprintf(key.zone_pair, sizeof(key.zone_pair), "%s", zone_pair);
	snprintf(key.class, sizeof(key.class), "%s", class);
	return &accounts->lists[rte_jhash(&key, sizeof(key), 0) % accounts->count];
}

struct fw_accounts *
fw_accounts_create(uint32_t needed, int socket)
{
	struct fw_accounts *accounts =
		rte_zmalloc_socket("accounts", sizeof(*accounts), RTE_CACHE_LINE_SIZE, socket);

	if (accounts == NULL)
		return NULL;
	accounts->count = accounts_count(needed);
	accounts->names = rte_zmalloc_socket("account names",
		accounts->count * sizeof(accounts->names[0]), RTE_CACHE_LINE_SIZE, socket);
	accounts->accounts = rte_zmalloc_socket("accounts",
		accounts->count * sizeof(accounts->accounts[0]), RTE_CACHE_LINE_SIZE, socket);
	accounts->lists = rte_zmalloc_socket("account lists",
		accounts->count * sizeof(accounts->lists[0]), RTE_CACHE_LINE_SIZE, socket);
	if (accounts->names == NULL || accounts->accounts == NULL || accounts->lists == NULL) {
		fw_accounts_destroy(accounts);
		return NULL;
	}
	for (uint32_t number = accounts->count - 1; number > 0; number--)
		unused_put(accounts, number);
	return accounts;
}

void
fw_accounts_destroy(struct fw_accounts *accounts)
{
	if (accounts == NULL)
		return;
	rte_free(accounts->lists);
	rte_free(accounts->names);
	rte_free(accounts->accounts);
	rte_free(accounts);
}

size_t
fw_accounts_memory(uint32_t needed)
{
	return sizeof(struct fw_accounts) +
	       accounts_count(needed) * (sizeof(uint32_t) + sizeof(struct account_name) +
						sizeof(struct flow_account));
}

struct flow_account *
fw_accounts_all(struct fw_accounts *accounts)
{
	return accounts->accounts;
}

bool
fw_account_name(const struct fw_accounts *accounts, uint32_t number, const char **zone_pair,
	const char **class)
{
	if (number == 0 || number >= accounts->count ||
		accounts->names[number].zone_pair[0] == '\0')
		return false;
	*zone_pair = accounts->names[number].zone_pair;
	*class = accounts->names[number].class;
	return true;
}

uint32_t
fw_accounts_look(struct fw_accounts *accounts)
{
	uint32_t found = 0;

	for (uint32_t number = 1; number < accounts->count; number++) {
		struct account_name *name = &accounts->names[number];

		/* acquire: pairs with flow_account_release() */
		name->going = name->zone_pair[0] != '\0' && name->uses == 0 &&
			      atomic_load_explicit(
				      &accounts->accounts[number].flows, memory_order_acquire) == 0;
		found += name->going;
	}
	return found;
}

/* No ruleset names them, so none has got a flow meanwhile. */
void
fw_accounts_collect(struct fw_accounts *accounts)
{
	for (uint32_t number = 1; number < accounts->count; number++) {
		struct account_name *name = &accounts->names[number];
		uint32_t *link;

		if (!name->going)
			continue;
		link = list_of(accounts, name->zone_pair, name->class);
		while (*link != number)
			link = &accounts->names[*link].next;
		*link = name->next;
		memset(name, 0, sizeof(*name));
		memset(&accounts->accounts[number], 0, sizeof(accounts->accounts[number]));
		unused_put(accounts, number);
	}
}

uint32_t
fw_account_use(
	struct fw_accounts *accounts, const char *zone_pair, const char *class, uint32_t parent)
{
	uint32_t *list = list_of(accounts, zone_pair, class), found = *list;
	struct account_name *name;

	while (found != 0 && (strcmp(accounts->names[found].zone_pair, zone_pair) != 0 ||
				     strcmp(accounts->names[found].class, class) != 0))
		found = accounts->names[found].next;
	if (found == 0) {
		found = accounts->unused;
		if (found == 0)
			return 0;
		name = &accounts->names[found];
		accounts->unused = name->next;
		snprintf(name->zone_pair, sizeof(name->zone_pair), "%s", zone_pair);
		snprintf(name->class, sizeof(name->class), "%s", class);
		name->next = *list;
		*list = found;
	}
	accounts->accounts[found].parent = parent;
	accounts->names[found].uses++;
	return found;
}

void
fw_account_leave(struct fw_accounts *accounts, uint32_t number)
{
	accounts->names[number].uses--;
}
