/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * REGISTER. There is no record: what a registration needs stands in its door and its pinholes, which
 * any worker finds, and in the accounts.
 *
 * The request opens its Contact for one transaction. The 2xx raises door and pinhole to the granted
 * expiry plus sip.registration_grace (RFC 3261 10.2.1.1, 10.2.4: the value in the response rules),
 * for the registrar and for the routes that it names: Service-Route (RFC 3608), Path (RFC 3327). A
 * Path element on the phone's side is kept as long as the longest of the Contacts.
 *
 * Taking back is only asked by the request (expires 0, "*"): a 401, a 403 or no answer leaves all as
 * it was. The 2xx of that very transaction ends what it does not grant any more.
 */
#include "alg_priv.h"

enum {
	PEERS_MAX = REGISTRATION_PEERS_MAX, /* of one 2xx, besides the registrar */
};

/*
 * The address of record: its user, and its host where that is a name. An address may be another one
 * on the other side of the NAT.
 */
static uint64_t
address_of_record(const struct plan *plan)
{
	struct slice text = plan->sip->to.uri;
	struct sip_uri uri;

	if (!text.at || !sip_uri_parse(text, &uri) || !uri.host.host.at)
		return 0;
	text = uri.user;
	if (uri.host.kind == SIP_HOST_NAME) {
		const char *end = uri.host.host.at + uri.host.host.length;

		if (!text.at)
			text.at = uri.host.host.at;
		text.length = (uint32_t)(end - text.at);
	}
	return text.at && text.length ? keyed_hash64(text.at, text.length) : 0;
}

void
registration_read(const struct plan *plan, struct contact_notes *notes)
{
	struct slice uri = plan->sip->to.uri;

	notes->who = address_of_record(plan);
	notes->who_length = (uint16_t)uri.length;
	if (uri.length)
		memcpy(notes->who_text, uri.at, RTE_MIN(uri.length, sizeof(notes->who_text)));
}

/* Texts of it, for show. */
static struct account_words
words_of(const struct contact_notes *notes, const struct contact_note *note)
{
	const struct contact_text *text = &notes->text[note->text];

	return (struct account_words){
		.who = {notes->who_text, notes->who_length},
		.contact = {note->text ? text->text : NULL, note->text ? text->length : 0},
	};
}

static struct account
account_named(const struct contact_notes *notes, unsigned int index, rte_be32_t registrar)
{
	struct account account = notes->note[index].account;

	account.peer = account.registrar = registrar;
	account.who = notes->who;
	return account;
}

static void
registration_asked(struct plan *plan, const struct contact_notes *notes)
{
	struct account_table *accounts = plan->worker->alg->accounts;
	uint32_t now_s = plan->self->now_s, before_s;

	for (unsigned int i = 0; i < notes->count; i++) {
		struct account account = account_named(notes, i, plan->peer);
		struct account_words words = words_of(notes, &notes->note[i]);

		account.until_s = now_s + TRANSACTION_S;
		if (notes->note[i].kind == NOTE_ALL)
			account_leave(accounts, &account, true, notes->transaction, now_s);
		else if (notes->note[i].kind != NOTE_NAMED || account.flags & ACCOUNT_ROUTE)
			continue;
		else if (notes->note[i].expires == 0)
			account_leave(accounts, &account, false, notes->transaction, now_s);
		else
			account_note(accounts, &account, &words, now_s, &before_s);
	}
}

static unsigned int
peers_named(const struct contact_notes *notes, rte_be32_t registrar, rte_be32_t peers[PEERS_MAX])
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < notes->count && found < PEERS_MAX; i++) {
		if (notes->note[i].kind == NOTE_PEER && notes->note[i].account.address != registrar)
			peers[found++] = notes->note[i].account.address;
	}
	return found;
}

static void
grant(struct plan *plan, struct account account, struct account_words *words, uint32_t seconds,
	const rte_be32_t *peers, unsigned int peer_count)
{
	account.flags |= ACCOUNT_GRANTED;
	account.until_s =
		plan->self->now_s + seconds + plan->worker->alg->config->sip.registration_grace;
	if (words)
		words->granted_s = seconds;
	contact_keep(plan, &account, words);
	for (unsigned int i = 0; i < peer_count; i++) {
		account.peer = peers[i];
		contact_keep(plan, &account, NULL);
	}
}

/* Only what a REGISTER has opened to this registrar is granted: a response opens nothing. */
static uint32_t
contacts_granted(struct plan *plan, const struct contact_notes *notes, const rte_be32_t *peers,
	unsigned int peer_count)
{
	rte_be32_t registrar = plan_sender(plan);
	uint32_t longest = 0;

	for (unsigned int i = 0; i < notes->count; i++) {
		struct account account = account_named(notes, i, registrar);
		struct account_words words = words_of(notes, &notes->note[i]);

		if (notes->note[i].kind != NOTE_ECHOED || account.flags & ACCOUNT_ROUTE)
			continue;
		if (notes->note[i].expires == 0)
			account_leave(plan->worker->alg->accounts, &account, false,
				notes->transaction, plan->self->now_s);
		if (notes->note[i].expires == 0 || !contact_reachable(plan, &account, registrar) ||
			!account_asked(plan->worker->alg->accounts, &account, plan->self->now_s))
			continue;
		grant(plan, account, &words, notes->note[i].expires, peers, peer_count);
		longest = RTE_MAX(longest, notes->note[i].expires);
	}
	return longest;
}

static void
registration_answered(struct plan *plan, const struct contact_notes *notes)
{
	struct account of = {.registrar = plan_sender(plan), .who = notes->who};
	rte_be32_t peers[PEERS_MAX];
	unsigned int peer_count = peers_named(notes, plan_sender(plan), peers);
	struct account_batch leaving;
	uint32_t longest;

	longest = contacts_granted(plan, notes, peers, peer_count);
	for (unsigned int i = 0; i < notes->count && longest; i++) {
		struct account account = account_named(notes, i, plan_sender(plan));

		if (notes->note[i].kind == NOTE_ECHOED && account.flags & ACCOUNT_ROUTE &&
			contact_reachable(plan, &account, plan_sender(plan)))
			grant(plan, account, NULL, longest, peers, peer_count);
	}
	while (account_take_leaving(plan->worker->alg->accounts, &of, notes->transaction,
		longest == 0, plan->self->now_s, &leaving)) {
		for (unsigned int i = 0; i < leaving.count; i++)
			contact_settle(plan, &leaving.account[i]);
	}
}

void
registration_commit(struct plan *plan, const struct contact_notes *notes)
{
	if (plan->sip->request)
		registration_asked(plan, notes);
	else if (plan->sip->status / 100 == 2)
		registration_answered(plan, notes);
}
