/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounts: who keeps a Contact reachable, for whom and until when. A registration is one (its
 * lines have the same Contact, and each is granted, refreshed and taken back alone), and so is a
 * subscription. Doors and pinholes are shared by all who name their endpoint, so what is to be
 * closed is asked here: nobody else needs it then.
 *
 * Life cycle: asked for by a request, for the time of a transaction; granted by a response or a
 * NOTIFY; free when its time has passed: expired ones go when somebody meets them, and with the
 * sweep. Where the table is full, or the chain of an address of record longer than is followed, an
 * account is not noted, and until it would have ended nothing is closed early (account_rest()).
 *
 * Synchronization: shared by all workers, since the messages of one phone have Call-IDs, hence
 * owners, of their own. One spinlock, held for one walk of bounded length; never with another.
 */
#include "account_priv.h"

/* 0: there is none among the `*walked` of its chain. */
static uint32_t
entry_find(struct account_table *table, const struct account *account, uint32_t now_s,
	unsigned int *walked)
{
	uint32_t index = account_chain_first(table, CHAIN_WHO, account, now_s);

	for (*walked = 0; index && *walked < ACCOUNT_WALK_MAX; ++*walked) {
		if (account->peer == table->entry[index].account.peer &&
			account_same_but_peer(account, &table->entry[index].account))
			return index;
		index = account_chain_next(table, CHAIN_WHO, index, now_s);
	}
	return 0;
}

static void
text_keep(char *to, size_t capacity, uint16_t *length, struct slice text)
{
	*length = (uint16_t)text.length;
	memcpy(to, text.at, RTE_MIN(text.length, capacity));
}

/* How the phone has written a Contact that its registrar writes otherwise; of length 0: not known. */
static const struct account_shown *
contact_written(struct account_table *table, const struct account *of, uint32_t now_s)
{
	uint32_t index = account_chain_first(table, CHAIN_WHO, of, now_s), found = 0;

	for (unsigned int n = 0; index && n < ACCOUNT_WALK_MAX; n++) {
		const struct account *account = &table->entry[index].account;

		if (account_is_registration(account) && account_who_same(account, of) &&
			account_contact_same(account, of) && table->shown[index].contact_length) {
			found = index;
			if (account->user == of->user)
				break;
		}
		index = account_chain_next(table, CHAIN_WHO, index, now_s);
	}
	return &table->shown[found]; /* there is no entry 0 */
}

static void
words_keep(struct account_table *table, uint32_t index, const struct account_words *words,
	uint32_t now_s)
{
	struct account_shown *shown = &table->shown[index];
	const struct account_shown *written;

	if (words->granted_s) {
		shown->granted_s = words->granted_s;
		shown->expires_s = now_s + words->granted_s;
	}
	if (words->contact.at || shown->who_length == 0)
		text_keep(shown->who, sizeof(shown->who), &shown->who_length, words->who);
	if (words->contact.at) {
		text_keep(shown->contact, sizeof(shown->contact), &shown->contact_length,
			words->contact);
	} else if (shown->contact_length == 0) {
		written = contact_written(table, &table->entry[index].account, now_s);
		shown->contact_length = written->contact_length;
		memcpy(shown->contact, written->contact, sizeof(shown->contact));
	}
}

static uint32_t
note_again(struct account_table *table, struct account *known, const struct account *account)
{
	uint32_t before_s = known->until_s;

	if (account->flags & ACCOUNT_GRANTED) {
		bool portless = known->flags & ACCOUNT_ASKED_PORTLESS;

		account_count(table, known, UINT32_MAX);
		known->flags &= (uint8_t)~ACCOUNT_PORTLESS;
		known->flags |= ACCOUNT_GRANTED | (portless ? ACCOUNT_PORTLESS : 0);
		account_count(table, known, 1);
		known->until_s = account->until_s;
		known->leaving = 0;
		return before_s;
	}
	known->flags &= (uint8_t)~ACCOUNT_ASKED_PORTLESS;
	known->flags |= account->flags & (ACCOUNT_ASKED_PORTLESS | ACCOUNT_SPELLED);
	known->until_s = RTE_MAX(known->until_s, account->until_s);
	return before_s;
}

/* A new entry; 0: there is no room. */
static uint32_t
note_new(struct account_table *table, const struct account *account, unsigned int walked,
	uint32_t now_s)
{
	bool granted = account->flags & ACCOUNT_GRANTED;
	bool room = walked < ACCOUNT_WALK_MAX;
	uint32_t index = room ? account_entry_take(table, granted, now_s) : 0;

	if (index) {
		table->entry[index].account = *account;
		if (account_is_registration(account))
			table->shown[index] = (struct account_shown){0};
		account_entry_link(table, index);
	} else if (granted || room) { /* account_asked() sees a long chain itself */
		table->unnoted_until_s = RTE_MAX(table->unnoted_until_s, account->until_s);
	}
	return index;
}

bool
account_note(struct account_table *table, const struct account *account,
	const struct account_words *words, uint32_t now_s, uint32_t *before_s)
{
	unsigned int walked;
	uint32_t index;

	*before_s = 0;
	rte_spinlock_lock(&table->lock);
	index = entry_find(table, account, now_s, &walked);
	if (index)
		*before_s = note_again(table, &table->entry[index].account, account);
	else
		index = note_new(table, account, walked, now_s);
	if (index && words)
		words_keep(table, index, words, now_s);
	rte_spinlock_unlock(&table->lock);
	return index != 0;
}

unsigned int
account_list(struct account_table *table, const struct account *of, uint32_t now_s,
	struct account *found, unsigned int max)
{
	unsigned int count = 0;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = account_chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0; index && n < ACCOUNT_WALK_MAX && count < max; n++) {
		if (account_who_same(&table->entry[index].account, of))
			found[count++] = table->entry[index].account;
		index = account_chain_next(table, CHAIN_WHO, index, now_s);
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
	index = account_chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0; index && n < ACCOUNT_WALK_MAX; n++) {
		struct account *account = &table->entry[index].account;

		if (account_who_same(account, of) &&
			(all || (account_contact_same(account, of) && account->user == of->user &&
					account->parameters == of->parameters)))
			account->leaving = transaction;
		index = account_chain_next(table, CHAIN_WHO, index, now_s);
	}
	rte_spinlock_unlock(&table->lock);
}

/* Where there was no room for what is asked for it is not known; then yes. */
bool
account_asked(struct account_table *table, const struct account *of, uint32_t now_s)
{
	unsigned int n = 0;
	uint32_t index;
	bool asked;

	rte_spinlock_lock(&table->lock);
	asked = table->unnoted_until_s > now_s;
	index = account_chain_first(table, CHAIN_WHO, of, now_s);
	for (; index && !asked && n < ACCOUNT_WALK_MAX; n++) {
		const struct account *account = &table->entry[index].account;

		asked = account_who_same(account, of) && account_contact_same(account, of);
		index = account_chain_next(table, CHAIN_WHO, index, now_s);
	}
	rte_spinlock_unlock(&table->lock);
	return asked || n >= ACCOUNT_WALK_MAX;
}

unsigned int
account_take_leaving(struct account_table *table, const struct account *of, uint32_t transaction,
	bool routes, uint32_t now_s, struct account_batch *batch)
{
	uint32_t index, next;

	batch->count = 0;
	rte_spinlock_lock(&table->lock);
	index = account_chain_first(table, CHAIN_WHO, of, now_s);
	for (unsigned int n = 0;
		index && n < ACCOUNT_WALK_MAX && batch->count < RTE_DIM(batch->account); n++) {
		const struct account *account = &table->entry[index].account;

		next = account_chain_next(table, CHAIN_WHO, index, now_s);
		if (account_who_same(account, of) &&
			(account->leaving == transaction ||
				(routes && account->flags & ACCOUNT_ROUTE))) {
			batch->account[batch->count++] = *account;
			account_entry_remove(table, index);
		}
		index = next;
	}
	rte_spinlock_unlock(&table->lock);
	return batch->count;
}

void
account_drop(struct account_table *table, const struct account *account, uint32_t now_s)
{
	unsigned int walked;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = entry_find(table, account, now_s, &walked);
	if (index)
		account_entry_remove(table, index);
	rte_spinlock_unlock(&table->lock);
}

struct account_rest
account_rest(struct account_table *table, const struct account *of, uint32_t now_s)
{
	struct account_rest rest = {0, 0};
	unsigned int n = 0;
	uint32_t index;

	rte_spinlock_lock(&table->lock);
	index = account_chain_first(table, CHAIN_CONTACT, of, now_s);
	for (; index && n < ACCOUNT_WALK_MAX; n++) {
		const struct account *account = &table->entry[index].account;

		if (account_contact_same(account, of)) {
			rest.contact_s = RTE_MAX(rest.contact_s, account->until_s);
			if (account->peer == of->peer)
				rest.peer_s = RTE_MAX(rest.peer_s, account->until_s);
		}
		index = account_chain_next(table, CHAIN_CONTACT, index, now_s);
	}
	if (index || table->unnoted_until_s > now_s)
		rest = (struct account_rest){UINT32_MAX, UINT32_MAX};
	rte_spinlock_unlock(&table->lock);
	return rest;
}

/* How well a registration is the one that is asked for. */
static unsigned int
likeness(const struct account *account, const struct account *of)
{
	if (!account_is_registration(account) || !account_contact_same(account, of) ||
		!(account->flags & ACCOUNT_SPELLED))
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
		uint32_t index = account_chain_first(table, chains[i], of, now_s);

		for (unsigned int n = 0; index && n < ACCOUNT_WALK_MAX && best < 3; n++) {
			const struct account *account = &table->entry[index].account;
			unsigned int like = likeness(account, of);

			if (like > best) {
				best = like;
				spelling = account->flags & (asked ? ACCOUNT_ASKED_PORTLESS
								   : ACCOUNT_PORTLESS)
						   ? ACCOUNT_WITHOUT_PORT
						   : ACCOUNT_WITH_PORT;
			}
			index = account_chain_next(table, chains[i], index, now_s);
		}
	}
	rte_spinlock_unlock(&table->lock);
	return spelling;
}
