/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SUBSCRIBE, NOTIFY and REFER (RFC 6665, 3515), also inside a call, which they may outlive.
 *
 * There is no record. Each message opens its sender's Contact and Record-Route for one transaction;
 * the accounts of the subscriber say which endpoints both sides have named. A NOTIFY with the state
 * "active" or "pending" keeps them as long as it says, as does the Expires of a 2xx to SUBSCRIBE;
 * "terminated", or a 481, ends that. A subscription that is refused so never lived longer than its
 * request. Later messages may come from each address that the other side has named.
 *
 * Several subscriptions of one Call-ID are told apart by the subscriber's tag, for two clients may use
 * one Call-ID, and by their event (RFC 6665 8.2.1). What a REFER or a response names belongs to each
 * of that subscriber.
 */
#include "alg_priv.h"

enum {
	LISTED_MAX = 32, /* accounts of one Call-ID that are looked at */
	PAIRS_MAX = 16, /* permissions that one message adds */
	SUBSCRIPTION_MAX_S = 7 * 24 * 3600, /* without another word, whatever expiry is told */
};

static const struct sip_header *
state_header(const struct sip_message *sip)
{
	for (unsigned int i = 0; i < sip->header_count; i++) {
		if (sip->header[i].id == SIP_HEADER_OTHER &&
			slice_is(sip->header[i].name, "Subscription-State"))
			return &sip->header[i];
	}
	return NULL;
}

/* "active;expires=300": the word before the first ';', and what follows. */
static struct slice
word_of(struct slice value, struct slice *parameters)
{
	const char *end = memchr(value.at, ';', value.length);
	struct slice word = value;

	*parameters = (struct slice){0};
	if (end) {
		word.length = (uint32_t)(end - value.at);
		*parameters = (struct slice){end, value.length - word.length};
	}
	while (word.length && (word.at[word.length - 1] == ' ' || word.at[word.length - 1] == '\t'))
		word.length--;
	return word;
}

static enum subscription_verdict
notify_verdict(const struct plan *plan, uint32_t *seconds)
{
	const struct sip_header *header = state_header(plan->sip);
	struct slice parameters, value = {0};

	if (!header)
		return SUBSCRIPTION_STAYS;
	if (slice_is(word_of(header->value, &parameters), "terminated"))
		return SUBSCRIPTION_ENDS;
	if (parameters.at)
		sip_parameter_find(parameters, "expires", &value);
	*seconds = expiry_read(value);
	return SUBSCRIPTION_LASTS;
}

static enum subscription_verdict
subscription_verdict(const struct plan *plan, uint32_t *seconds)
{
	const struct sip_message *sip = plan->sip;
	const struct sip_header *header;

	if (sip->request)
		return sip->method == SIP_NOTIFY ? notify_verdict(plan, seconds)
						 : SUBSCRIPTION_STAYS;
	if (sip->status == 481)
		return SUBSCRIPTION_ENDS;
	header = sip_header_first(sip, SIP_HEADER_EXPIRES);
	if (sip->method != SIP_SUBSCRIBE || !header)
		return SUBSCRIPTION_STAYS;
	*seconds = expiry_read(header->value);
	return *seconds > 0 ? SUBSCRIPTION_LASTS : SUBSCRIPTION_STAYS;
}

/* The package and its id; 0: not told. */
static uint32_t
event_of(const struct plan *plan)
{
	const struct sip_header *header = sip_header_first(plan->sip, SIP_HEADER_EVENT);
	struct slice word, parameters, id;
	uint64_t hash;

	if (!header || header->value.length == 0)
		return 0;
	word = word_of(header->value, &parameters);
	hash = keyed_hash64(word.at, word.length);
	if (parameters.at && sip_parameter_find(parameters, "id", &id) && id.at)
		hash = keyed_hash16(hash, keyed_hash64(id.at, id.length));
	return (uint32_t)hash | 1;
}

void
subscription_read(const struct plan *plan, struct contact_notes *notes)
{
	uint64_t subscriber = plan->sip->method == SIP_NOTIFY ? plan->to_tag : plan->from_tag;

	notes->who = keyed_hash16(notes->who, subscriber);
	notes->seconds = 0;
	notes->verdict = (uint8_t)subscription_verdict(plan, &notes->seconds);
	notes->event = event_of(plan);
}

static struct account
account_named(
	const struct plan *plan, const struct contact_notes *notes, const struct account *endpoint)
{
	struct account account = *endpoint;

	account.flags &= ACCOUNT_ROUTE;
	account.flags |= plan->side ? ACCOUNT_SIDE : 0;
	account.peer = plan->peer;
	account.who = notes->who;
	account.user = notes->event;
	account.parameters = 0;
	account.until_s = plan->self->now_s + TRANSACTION_S;
	return account;
}

static bool
account_concerned(const struct account *account, uint32_t event)
{
	return !event || !account->user || account->user == event;
}

/* What both sides have named in this subscription, or in all of its Call-ID and subscriber. */
static unsigned int
accounts_listed(
	const struct plan *plan, const struct account *of, struct account listed[LISTED_MAX + 1])
{
	unsigned int n = account_list(
		plan->worker->alg->accounts, of, plan->self->now_s, listed, LISTED_MAX + 1);

	if (n <= LISTED_MAX)
		return n;
	sip_count(plan->worker, SIP_COUNT_TOO_MANY_CONTACTS, 1);
	return LISTED_MAX;
}

/* `target`, one's own, is open to an address that the other side has named, as long as to others. */
static void
admit(struct plan *plan, const struct account *target, rte_be32_t peer)
{
	struct account account = *target;

	account.peer = peer;
	contact_keep(plan, &account, NULL);
}

static void
endpoints_named(struct plan *plan, const struct contact_notes *notes)
{
	struct account listed[LISTED_MAX + 1], mine;
	unsigned int n = 0, pairs = 0;
	bool listed_known = false;

	for (unsigned int i = 0; i < notes->count; i++) {
		if (notes->note[i].kind != NOTE_NAMED)
			continue;
		mine = account_named(plan, notes, &notes->note[i].account);
		if (!listed_known && !(plan->outward && plan->inward))
			n = accounts_listed(plan, &mine, listed);
		listed_known = true;
		contact_keep(plan, &mine, NULL);
		for (unsigned int k = 0; k < n; k++) {
			if ((listed[k].flags ^ mine.flags) & ACCOUNT_SIDE && pairs < PAIRS_MAX &&
				(listed[k].address != mine.peer ||
					listed[k].peer != mine.address)) {
				admit(plan, &mine, listed[k].address);
				admit(plan, &listed[k], mine.address);
				pairs++;
			}
		}
	}
}

/* Who sends a NOTIFY, or a 2xx, that nobody has asked for is alone. */
static bool
other_side_named(const struct plan *plan, const struct account *listed, unsigned int count)
{
	uint8_t own = plan->side ? ACCOUNT_SIDE : 0;

	for (unsigned int i = 0; i < count; i++) {
		if ((listed[i].flags ^ own) & ACCOUNT_SIDE)
			return true;
	}
	return false;
}

/*
 * All that both sides have named lives as long as the subscription, or ends with it. Where one side alone
 * has named anything, only the inside is believed how long.
 */
static void
subscription_apply(struct plan *plan, const struct contact_notes *notes, uint32_t until_s)
{
	struct account listed[LISTED_MAX + 1], of = {.who = notes->who};
	unsigned int n = accounts_listed(plan, &of, listed);

	if (notes->verdict == SUBSCRIPTION_LASTS && !plan->outward &&
		!other_side_named(plan, listed, n))
		return;
	for (unsigned int i = 0; i < n; i++) {
		if (!account_concerned(&listed[i], notes->event))
			continue;
		if (notes->verdict == SUBSCRIPTION_ENDS) {
			contact_end(plan, &listed[i]);
			continue;
		}
		if (notes->event)
			listed[i].user = notes->event;
		listed[i].until_s = until_s;
		listed[i].flags |= ACCOUNT_GRANTED;
		contact_keep(plan, &listed[i], NULL);
	}
}

/*
 * What a NOTIFY is sent to, and the subscriber has named: an unasked NOTIFY keeps nothing. Also where
 * the accounts know less: there may have been no room.
 */
static void
targets_keep(struct plan *plan, const struct contact_notes *notes, uint32_t until_s)
{
	for (unsigned int i = 0; i < notes->count; i++) {
		struct account account = account_named(plan, notes, &notes->note[i].account);

		account.peer = plan_sender(plan);
		if (notes->note[i].kind != NOTE_ECHOED ||
			!contact_reachable(plan, &account, account.peer) ||
			!account_asked(plan->worker->alg->accounts, &account, plan->self->now_s))
			continue;
		account.flags ^= ACCOUNT_SIDE;
		account.flags |= ACCOUNT_GRANTED;
		account.until_s = until_s;
		contact_keep(plan, &account, NULL);
	}
}

void
subscription_commit(struct plan *plan, const struct contact_notes *notes)
{
	uint32_t seconds = RTE_MIN(notes->seconds, (uint32_t)SUBSCRIPTION_MAX_S);
	uint32_t until_s = plan->self->now_s + seconds + TRANSACTION_S;

	endpoints_named(plan, notes);
	if (notes->verdict == SUBSCRIPTION_STAYS)
		return;
	if (notes->verdict == SUBSCRIPTION_LASTS)
		targets_keep(plan, notes, until_s);
	subscription_apply(plan, notes, until_s);
}
