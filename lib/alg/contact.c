/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contacts that stay reachable without a call: of registrations and of subscriptions.
 *
 * Life cycle: while a message is read, the endpoints that it names are noted in the worker's
 * scratch; nothing that stands changes. When the message leaves, contact_commit() lets
 * registration.c or subscription.c act on the notes. A message that fails so changes nothing.
 *
 * What keeps an endpoint reachable is the deadline of its door and of one pinhole a peer. Calls
 * hold the same objects, so a BYE takes nothing away here and a deadline ends no call's door.
 */
#include "alg_priv.h"
#include "sip/seconds.h"

/* Do these messages tell how long somebody is to be reached? */
static bool
message_keeps(const struct plan *plan)
{
	switch (plan->sip->method) {
	case SIP_REGISTER:
	case SIP_SUBSCRIBE:
	case SIP_NOTIFY:
	case SIP_REFER:
		return !plan->stray && (plan->sip->request || plan->sip->status / 100 == 2 ||
					       plan->sip->status == 481);
	default:
		return false;
	}
}

static uint32_t
slice_hash(struct slice slice)
{
	return slice.length ? (uint32_t)keyed_hash64(slice.at, slice.length) : 0;
}

void
account_of_uri(struct account *account, const struct endpoint *endpoint, const struct sip_uri *uri)
{
	*account = (struct account){
		.address = endpoint->address,
		.port = endpoint->port,
		.proto = endpoint->proto,
		.user = uri->user.at ? slice_hash(uri->user) : 0,
		.parameters = slice_hash(uri->parameters),
	};
	if (!uri->host.port_text.at)
		account->flags |= ACCOUNT_PORTLESS | ACCOUNT_ASKED_PORTLESS;
}

/* The URI as it stands there, as far as there is room; returns how long it is. Its scheme is SIP's. */
static uint16_t
uri_copy(char *to, size_t capacity, const struct sip_uri *uri)
{
	const char *scheme = uri->scheme == SIP_SCHEME_SIPS ? "sips:" : "sip:";
	const char *from = uri->user.at ? uri->user.at : uri->host.text.at;
	const char *end = uri->host.text.at + uri->host.text.length;
	size_t before = strlen(scheme), length;

	if (uri->parameters.length)
		end = uri->parameters.at + uri->parameters.length;
	if (uri->headers.at)
		end = uri->headers.at + uri->headers.length;
	length = (size_t)(end - from);
	memcpy(to, scheme, before);
	memcpy(to + before, from, RTE_MIN(length, capacity - before));
	return (uint16_t)(before + length);
}

uint32_t
expiry_read(struct slice value)
{
	uint32_t seconds;

	if (!value.at || !sip_seconds_parse(value, &seconds))
		return EXPIRES_S;
	return RTE_MIN(seconds, UINT32_MAX / 4); /* so that a deadline cannot wrap */
}

/* Seconds asked for or granted: the Contact's expires parameter, else Expires, else an hour. */
static uint32_t
contact_lifetime(const struct plan *plan, struct slice parameters)
{
	const struct sip_header *header;
	struct slice value;

	if (sip_parameter_find(parameters, "expires", &value))
		return expiry_read(value);
	header = sip_header_first(plan->sip, SIP_HEADER_EXPIRES);
	return header ? expiry_read(header->value) : EXPIRES_S;
}

void
contact_begin(struct plan *plan)
{
	struct contact_notes *notes = &plan->worker->contacts;
	struct slice id = plan->sip->call_id;

	notes->count = notes->text_count = 0;
	notes->taken = message_keeps(plan);
	if (!notes->taken)
		return;
	notes->who = keyed_hash64(id.at, id.length);
	notes->transaction = (uint32_t)keyed_hash16(notes->who, plan->sip->cseq) | 1;
	if (plan->sip->method == SIP_REGISTER)
		registration_read(plan, notes);
	else
		subscription_read(plan, notes);
}

/* NULL: the message is none of those that keep anything. */
static struct contact_note *
note_next(struct plan *plan)
{
	struct contact_notes *notes = &plan->worker->contacts;

	if (!notes->taken || notes->count == CONTACT_NOTES_MAX)
		return NULL;
	return &notes->note[notes->count++];
}

/* For show: how its phone writes a Contact, as far as there is room. */
static uint16_t
text_take(struct contact_notes *notes, const struct sip_uri *uri)
{
	struct contact_text *text;

	if (notes->text_count == CONTACT_TEXTS_MAX)
		return 0;
	text = &notes->text[++notes->text_count];
	text->length = uri_copy(text->text, sizeof(text->text), uri);
	return notes->text_count;
}

void
contact_note(struct plan *plan, enum contact_note_kind kind, bool route,
	const struct endpoint *endpoint, const struct sip_uri *uri, struct slice parameters)
{
	struct contact_note *note = note_next(plan);

	if (!note)
		return;
	note->kind = (uint8_t)kind;
	note->expires = route ? 0 : contact_lifetime(plan, parameters);
	account_of_uri(&note->account, endpoint, uri);
	if (route)
		note->account.flags |= ACCOUNT_ROUTE;
	note->text = 0;
	if (kind != NOTE_NAMED) /* what an answer echoes is spelled for the outside */
		return;
	note->account.flags |= ACCOUNT_SPELLED;
	if (plan->sip->method == SIP_REGISTER && !route)
		note->text = text_take(&plan->worker->contacts, uri);
}

void
contact_note_all(struct plan *plan)
{
	struct contact_note *note = note_next(plan);

	if (note)
		*note = (struct contact_note){.kind = NOTE_ALL};
}

bool
contact_reachable(const struct plan *plan, const struct account *account, rte_be32_t peer)
{
	const struct flow_key key = {
		.src = peer,
		.dst = account->address,
		.dst_port = account->port,
		.proto = account->proto,
	};

	return pinhole_signalling(plan->self, plan->worker->alg->pinholes, &key);
}

static struct pinhole_spec
pinhole_of(const struct account *account, uint32_t until_s)
{
	return (struct pinhole_spec){
		.key = {account->peer, account->address, account->port, account->proto, 0},
		.class = account->flags & ACCOUNT_ROUTE ? PINHOLE_ROUTE : PINHOLE_CONTACT,
		.until_s = until_s,
		.holder = {0xff, HANDLE_NONE},
	};
}

/* The door, where the endpoint has one: what is not translated needs none. */
static bool
door_of(const struct plan *plan, const struct account *account, uint32_t until_s,
	struct handle *handle)
{
	struct nat *nat = plan->worker->alg->nat;
	struct door_spec door = {
		.inside = plan_inside(plan, account->address, account->port, account->proto),
		.class = DOOR_SIGNALLING,
		.until_s = until_s,
	};
	struct endpoint outside;

	if (!nat || !binding_find_inside(nat, &door.inside) ||
		!nat_would_translate(nat, &door.inside))
		return false;
	if (door_open(plan->self, nat, &door, handle, &outside) == 0)
		return true;
	sip_count(plan->worker, SIP_COUNT_NO_DOOR, 1);
	return false;
}

static void
contact_raise(
	const struct plan *plan, const struct account *account, uint32_t door_s, uint32_t pinhole_s)
{
	struct pinhole_spec pin = pinhole_of(account, pinhole_s);
	struct handle handle;

	door_of(plan, account, door_s, &handle);
	if (pinhole_open(plan->self, plan->worker->alg->pinholes, &pin, &handle))
		sip_count(plan->worker, SIP_COUNT_NO_PINHOLE, 1);
}

/* Lower a deadline; a raise that comes in between wins. */
static void
deadline_lower(_Atomic uint32_t *deadline_s, uint32_t until_s)
{
	/* relaxed: the sweep that reads it orders nothing by it */
	uint32_t now = atomic_load_explicit(deadline_s, memory_order_relaxed);

	if (now > until_s)
		atomic_compare_exchange_strong_explicit(
			deadline_s, &now, until_s, memory_order_relaxed, memory_order_relaxed);
}

void
contact_settle(const struct plan *plan, const struct account *account)
{
	const struct alg *alg = plan->worker->alg;
	uint32_t now_s = plan->self->now_s, until_s = now_s + TRANSACTION_S;
	struct account_rest rest = account_rest(alg->accounts, account, now_s);
	struct pinhole_spec pin = pinhole_of(account, until_s);
	struct pinhole *pinhole;
	struct binding *binding;
	struct handle handle;

	/* Opened once more to have its name; with a deadline that it would keep anyway. */
	if (pinhole_open(plan->self, alg->pinholes, &pin, &handle) == 0) {
		pinhole = pool_get(pinhole_pool(alg->pinholes), handle);
		if (pinhole)
			deadline_lower(&pinhole->deadline_s, RTE_MAX(until_s, rest.peer_s));
	}
	if (door_of(plan, account, until_s, &handle)) {
		binding = pool_get(nat_binding_pool(alg->nat), handle);
		if (binding)
			deadline_lower(&binding->deadline_s, RTE_MAX(until_s, rest.contact_s));
	}
	/* Another worker's phone may have come in between with the same Contact. */
	rest = account_rest(alg->accounts, account, now_s);
	if (rest.peer_s > until_s && rest.peer_s != UINT32_MAX)
		contact_raise(plan, account, rest.contact_s, rest.peer_s);
}

void
contact_keep(
	const struct plan *plan, const struct account *account, const struct account_words *words)
{
	uint32_t before_s;
	bool noted = account_note(
		plan->worker->alg->accounts, account, words, plan->self->now_s, &before_s);

	if (!noted && account->flags & ACCOUNT_GRANTED)
		sip_count(plan->worker, SIP_COUNT_NO_CONTACT, 1);
	contact_raise(plan, account, account->until_s, account->until_s);
	if (before_s > account->until_s && account->flags & ACCOUNT_GRANTED)
		contact_settle(plan, account);
}

void
contact_end(const struct plan *plan, const struct account *account)
{
	account_drop(plan->worker->alg->accounts, account, plan->self->now_s);
	contact_settle(plan, account);
}

void
contact_commit(struct plan *plan)
{
	struct contact_notes *notes = &plan->worker->contacts;

	if (!notes->taken)
		return;
	if (plan->sip->method == SIP_REGISTER)
		registration_commit(plan, notes);
	else
		subscription_commit(plan, notes);
	notes->taken = false;
	notes->count = 0;
}
