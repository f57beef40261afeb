/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * REGISTER: what a registration needs stands in its door and pinhole, which any worker finds, so
 * there is no record. The request opens its Contact for one transaction; the 200 raises both to
 * the granted expiry plus sip.registration_grace (RFC 3261 10.2.1.1, 10.2.4: the value in the
 * response rules). Taking a registration back lowers them to one transaction, or to the end of the
 * other accounts at the same Contact.
 */
#include "alg_priv.h"

/* Seconds asked for or granted: the Contact's expires parameter, else Expires, else an hour. */
uint32_t
contact_lifetime(const struct plan *plan, struct slice parameters)
{
	const struct sip_header *header;
	uint64_t seconds;
	struct slice value;

	if (sip_parameter_find(parameters, "expires", &value) && value.at &&
		slice_number(value, UINT32_MAX / 4, &seconds))
		return (uint32_t)seconds;
	header = sip_header_first(plan->sip, SIP_HEADER_EXPIRES);
	if (header && slice_number(header->value, UINT32_MAX / 4, &seconds))
		return (uint32_t)seconds;
	return REGISTRATION_S;
}

/* The account: its user, which no NAT changes (its host may be a literal address). */
static uint32_t
account_of(const struct plan *plan)
{
	struct slice text = plan->sip->to.uri;
	struct sip_uri uri;

	if (!text.at || !sip_uri_parse(text, &uri) || !uri.user.at)
		return 0;
	return (uint32_t)keyed_hash64(uri.user.at, uri.user.length);
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
registration_request(struct plan *plan, const struct endpoint *contact, uint32_t expires)
{
	struct alg *alg = plan->worker->alg;
	uint32_t until_s = plan->self->now_s + TRANSACTION_S;
	struct account_rest rest;
	struct pinhole *pinhole;
	struct binding *binding;

	if (expires != 0 || plan->drop != ALG_FORWARD)
		return;
	rest = account_drop(alg->accounts, contact, plan->real_destination, account_of(plan));
	for (unsigned int i = 0; i < plan->opened_count; i++) {
		struct opening *opening = opening_at(plan->worker, plan->opened[i].index);

		if (opening->address != contact->address || opening->port != contact->port)
			continue;
		pinhole = pool_get(pinhole_pool(alg->pinholes), opening->pinhole);
		if (pinhole)
			deadline_lower(&pinhole->deadline_s, RTE_MAX(until_s, rest.registrar_s));
		binding = alg->nat ? pool_get(nat_binding_pool(alg->nat), opening->door) : NULL;
		if (binding)
			deadline_lower(&binding->deadline_s, RTE_MAX(until_s, rest.contact_s));
	}
}

/* Only the registering client itself, or a door that its request opened, is raised. */
static bool
grant_permitted(const struct plan *plan, const struct endpoint *contact)
{
	struct binding *binding;

	if (contact->address == plan->real_destination)
		return true;
	if (!plan->inward)
		return false;
	binding = binding_find_inside(plan->worker->alg->nat, contact);
	/* relaxed: a deadline orders nothing */
	return binding &&
	       atomic_load_explicit(&binding->deadline_s, memory_order_relaxed) > plan->self->now_s;
}

void
registration_granted(struct plan *plan, const struct endpoint *contact, uint32_t expires)
{
	struct alg *alg = plan->worker->alg;
	uint32_t until_s = plan->self->now_s + expires + alg->config->sip.registration_grace;
	struct pinhole_spec pin = {
		.key = {plan->real_source, contact->address, contact->port, contact->proto, 0},
		.class = PINHOLE_CONTACT,
		.until_s = until_s,
		.registration = true,
		.holder = {0xff, HANDLE_NONE},
	};
	struct door_spec door = {
		.inside = *contact,
		.class = DOOR_SIGNALLING,
		.until_s = until_s,
	};
	struct endpoint outside;
	struct handle handle;
	int error = 0;

	if (expires == 0 || rte_be_to_cpu_16(contact->port) < MEDIA_PORT_MIN ||
		!grant_permitted(plan, contact))
		return;
	if (plan->inward && nat_would_translate(alg->nat, contact))
		error = door_open(plan->self, alg->nat, &door, &handle, &outside);
	if (error)
		plan_fail_door(plan, error);
	else if (pinhole_open(plan->self, alg->pinholes, &pin, &handle))
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_NO_PINHOLE);
	else
		account_note(alg->accounts, contact, plan->real_source, account_of(plan),
			plan->self->now_s, until_s);
}
