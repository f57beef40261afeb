/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `show sip calls` and `show sip call` say, copied out by the owner on request, and what
 * `show sip registrations` says, by the control lcore.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "alg_priv.h"

enum { REGISTRATIONS_A_STEP = 32 }; /* copied at once */

/* What a terminal, or JSON, would not take as it is becomes '?'. */
static void
text_copy(char *to, size_t capacity, const char *from, size_t length)
{
	size_t n = RTE_MIN(length, capacity - 1);

	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[n] = '\0';
	if (n < length)
		memcpy(to + n - 3, "...", 3);
}

static void
call_id_copy(char *to, size_t capacity, const struct call *call)
{
	text_copy(to, RTE_MIN(capacity, sizeof(call->call_id) + 1), call->call_id,
		call->call_id_length);
}

/* Doors of a set that an earlier set of the same call did not have. */
static uint32_t
set_doors(const struct alg_worker *worker, uint32_t set)
{
	uint32_t doors = 0;

	if (set == 0)
		return 0;
	for (uint32_t i = set_at(worker, set)->first; i; i = opening_at(worker, i)->next)
		doors += opening_at(worker, i)->door.index != 0;
	return doors;
}

/* The call's media sets, each once; returns how many. */
static unsigned int
call_sets(
	const struct alg_worker *worker, const struct call *call, uint32_t *sets, unsigned int max)
{
	unsigned int count = 0;

	if (call->offer.set)
		sets[count++] = call->offer.set;
	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next) {
		const struct dialog *dialog = dialog_at(worker, i);
		const uint32_t of_dialog[] = {dialog->committed[0].set, dialog->committed[1].set,
			dialog->offer[0].set, dialog->offer[1].set};

		for (unsigned int n = 0; n < RTE_DIM(of_dialog) && count < max; n++) {
			bool known = of_dialog[n] == 0;

			for (unsigned int k = 0; k < count; k++)
				known |= sets[k] == of_dialog[n];
			if (!known)
				sets[count++] = of_dialog[n];
		}
	}
	return count;
}

static bool
chain_has_host(const struct alg_worker *worker, uint32_t first, rte_be32_t host)
{
	for (uint32_t i = first; i; i = opening_at(worker, i)->next) {
		const struct opening *opening = opening_at(worker, i);

		if (opening->address == host || opening->outside_address == host)
			return true;
	}
	return false;
}

static bool
call_has_host(const struct alg_worker *worker, const struct call *call, rte_be32_t host)
{
	uint32_t sets[4 * CALL_DIALOGS_MAX + 1];
	unsigned int count;

	if (call->host == host || call->end.address == host ||
		chain_has_host(worker, call->signalling, host))
		return true;
	count = call_sets(worker, call, sets, RTE_DIM(sets));
	for (unsigned int i = 0; i < count; i++) {
		if (chain_has_host(worker, set_at(worker, sets[i])->first, host))
			return true;
	}
	return false;
}

static bool
call_fits(const struct alg_worker *worker, const struct call *call,
	const struct alg_call_filter *filter)
{
	size_t stored = RTE_MIN((size_t)call->call_id_length, sizeof(call->call_id));
	size_t wanted = strlen(filter->call_id);

	if (wanted > 0 && memmem(call->call_id, stored, filter->call_id, wanted) == NULL)
		return false;
	if (filter->zones &&
		call->pair != filter->source_zone * worker->alg->zones + filter->destination_zone)
		return false;
	return filter->host == 0 || call_has_host(worker, call, filter->host);
}

unsigned int
alg_calls_page(struct alg_worker *worker, uint32_t now_s, uint32_t *cursor,
	const struct alg_call_filter *filter, unsigned int max, struct alg_call_summary *summaries)
{
	uint32_t i = *cursor, end;
	unsigned int count = 0;

	end = (uint32_t)RTE_MIN((uint64_t)i + RECORDS_A_STEP, (uint64_t)worker->calls.fresh);
	while (i < end && count < max) {
		const struct call *call = call_at(worker, ++i);
		struct alg_call_summary *summary = &summaries[count];
		uint32_t sets[4 * CALL_DIALOGS_MAX + 1];
		unsigned int set_count;

		if (!call_live(call) || (filter && !call_fits(worker, call, filter)))
			continue;
		count++;
		*summary = (struct alg_call_summary){
			.index = i,
			.state = call_state_name((enum call_state)call->state),
			.age_s = now_s - call->created_s,
			.worker = worker->id,
		};
		call_id_copy(summary->call_id, sizeof(summary->call_id), call);
		text_copy(summary->from, sizeof(summary->from), call->from, call->from_length);
		text_copy(summary->to, sizeof(summary->to), call->to, call->to_length);
		set_count = call_sets(worker, call, sets, RTE_DIM(sets));
		for (unsigned int n = 0; n < set_count; n++)
			summary->media_doors += set_doors(worker, sets[n]);
	}
	*cursor = i < worker->calls.fresh ? i : 0;
	return count;
}

static void
registration_copy(struct alg *alg, uint32_t now_s, const struct account_listed *listed,
	struct alg_registration *registration)
{
	const struct account *account = &listed->account;
	const struct account_shown *shown = &listed->shown;
	const struct binding *binding;

	*registration = (struct alg_registration){
		.index = listed->index,
		.inside = {account->address, account->port, account->proto},
		.registrar = account->registrar,
		.granted_s = shown->granted_s,
		.expires_s = shown->expires_s,
	};
	text_copy(registration->address_of_record, sizeof(registration->address_of_record),
		shown->who, shown->who_length);
	text_copy(registration->contact, sizeof(registration->contact), shown->contact,
		shown->contact_length);
	account_peers(
		alg->accounts, account, now_s, registration->peers, RTE_DIM(registration->peers));
	binding = alg->nat ? binding_find_inside(alg->nat, &registration->inside) : NULL;
	if (binding)
		registration->outside = binding->outside;
}

unsigned int
alg_registrations_page(struct alg *alg, uint32_t now_s, uint32_t *cursor, unsigned int max,
	struct alg_registration *registrations)
{
	struct account_listed listed[REGISTRATIONS_A_STEP];
	unsigned int count = account_page(alg->accounts, now_s, cursor,
		RTE_MIN(max, (unsigned int)REGISTRATIONS_A_STEP), listed);

	for (unsigned int i = 0; i < count; i++)
		registration_copy(alg, now_s, &listed[i], &registrations[i]);
	return count;
}

struct output {
	char *text;
	size_t length, capacity;
};

static __rte_format_printf(2, 3) void say(struct output *output, const char *format, ...)
{
	size_t room = output->capacity - output->length;
	va_list arguments;
	int length;

	if (room < 2)
		return;
	va_start(arguments, format);
	length = vsnprintf(output->text + output->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		output->length += RTE_MIN((size_t)length, room - 1);
}

static void
say_opening(struct output *output, const char *what, const struct opening *opening)
{
	char inside[INET_ADDRSTRLEN], outside[INET_ADDRSTRLEN];
	struct in_addr address = {opening->address}, door = {opening->outside_address};

	inet_ntop(AF_INET, &address, inside, sizeof(inside));
	say(output, "%s: %s %s:%u", what, opening->proto == IPPROTO_UDP ? "udp" : "tcp", inside,
		rte_be_to_cpu_16(opening->port));
	if (opening->outside_port) {
		inet_ntop(AF_INET, &door, outside, sizeof(outside));
		say(output, " door %s:%u", outside, rte_be_to_cpu_16(opening->outside_port));
	}
	say(output, "%s\n", opening->pinhole.index ? " pinhole" : " not opened");
}

static void
say_set(struct output *output, const struct alg_worker *worker, const char *name, uint32_t set)
{
	char what[48];

	if (set == 0)
		return;
	for (uint32_t i = set_at(worker, set)->first; i; i = opening_at(worker, i)->next) {
		const struct opening *opening = opening_at(worker, i);

		snprintf(what, sizeof(what), "%s stream %u %s", name, opening->stream,
			opening->flags & OPENING_CANDIDATE ? "candidate"
			: opening->component % 2           ? "rtp"
							   : "rtcp");
		say_opening(output, what, opening);
	}
}

static void
say_dialogs(struct output *output, const struct alg_worker *worker, const struct call *call)
{
	static const char *const states[] = {"early", "confirmed", "ended"};
	unsigned int number = 0;

	for (uint32_t i = call->dialogs; i; i = dialog_at(worker, i)->next) {
		const struct dialog *dialog = dialog_at(worker, i);
		static const char *const names[2][2] = {
			{"committed a", "offer a"}, {"committed b", "offer b"}};

		say(output, "dialog %u: %s%s\n", ++number, states[dialog->state],
			dialog->bye_s ? ", bye sent" : "");
		for (int side = 0; side < 2; side++) {
			say_set(output, worker, names[side][0], dialog->committed[side].set);
			say_set(output, worker, names[side][1], dialog->offer[side].set);
		}
	}
}

static void
say_call(struct output *output, const struct alg_worker *worker, const struct call *call,
	uint32_t now_s)
{
	static const char *const kinds[] = {
		[PINHOLE_VIA] = "via", [PINHOLE_CONTACT] = "contact", [PINHOLE_ROUTE] = "route"};
	char id[CALL_ID_STORED + 1], address[INET_ADDRSTRLEN], from[PARTY_STORED + 1],
		to[PARTY_STORED + 1];
	struct in_addr end = {call->end.address};
	/* relaxed: this worker writes it */
	uint32_t deadline_s = atomic_load_explicit(&call->deadline_s, memory_order_relaxed);

	call_id_copy(id, sizeof(id), call);
	inet_ntop(AF_INET, &end, address, sizeof(address));
	say(output, "call_id: %s\nstate: %s\nworker: %u\nage_s: %u\n", id,
		call_state_name((enum call_state)call->state), worker->id, now_s - call->created_s);
	text_copy(from, sizeof(from), call->from, call->from_length);
	text_copy(to, sizeof(to), call->to, call->to_length);
	say(output, "from: %s\nto: %s\n", from, to);
	say(output, "endpoint: %s zone %u\n", address, call->end.zone);
	say(output, "due_in_s: %d\nsession_ends_in_s: %d\n", (int)(deadline_s - now_s),
		call->session_s ? (int)(call->session_s - now_s) : 0);
	say_set(output, worker, "offer", call->offer.set);
	say_dialogs(output, worker, call);
	for (uint32_t i = call->signalling; i; i = opening_at(worker, i)->next)
		say_opening(output, kinds[opening_at(worker, i)->kind], opening_at(worker, i));
}

int
alg_call_describe(struct alg_worker *worker, uint32_t now_s, const char *call_id,
	size_t call_id_length, char *text, size_t capacity)
{
	struct output output = {text, 0, capacity};
	const struct hash128 id = keyed_hash128(call_id, call_id_length);

	for (uint32_t i = call_first(worker, &id); i; i = call_at(worker, i)->same_id) {
		if (call_live(call_at(worker, i)) && call_has_id(call_at(worker, i), &id))
			say_call(&output, worker, call_at(worker, i), now_s);
	}
	return output.length ? (int)output.length : -ENOENT;
}
