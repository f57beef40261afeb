/* SPDX-License-Identifier: BSD-3-Clause */
#include "rollback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg/account_priv.h"
#include "core/rcu.h"
#include "flow/pinhole_priv.h"
#include "nat/nat_priv.h"

static struct state *out;
static bool named;

__rte_format_printf(1, 2) static void say(const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(
		out->text + out->length, sizeof(out->text) - out->length, format, arguments);
	va_end(arguments);
	assert_in_range(length, 0, sizeof(out->text) - out->length - 1);
	out->length += (uint32_t)length;
}

/* Where an object stands, unless only what it says is asked for. */
static void
say_place(const char *what, uint32_t index, uint32_t generation)
{
	if (named)
		say("%s", what);
	else
		say("%s %u.%u", what, index, generation);
}

static void
say_bytes(const char *what, uint32_t index, const void *object, size_t length)
{
	say("%s %u %016lx\n", what, index, (unsigned long)keyed_hash64(object, length));
}

static void
say_endpoint(const struct endpoint *endpoint)
{
	say(" %08x:%u/%u", rte_be_to_cpu_32(endpoint->address), rte_be_to_cpu_16(endpoint->port),
		endpoint->proto);
}

static void
say_bindings(void)
{
	struct pool *pool = nat_binding_pool(fx.nat);

	for (uint32_t i = 1; i <= pool_capacity(pool); i++) {
		const struct binding *binding = pool_at(pool, i);

		if (!pool_object_live(&binding->object) || !binding_is_open(binding))
			continue;
		say_place("binding", i, binding->object.generation);
		say_endpoint(&binding->inside);
		say_endpoint(&binding->outside);
		say(" kind %u media %u portless %u holders %u until %u flows %u%s\n", binding->kind,
			binding->media, binding->portless, binding->holders, binding->deadline_s,
			flow_owner_count(&binding->flows), binding->flows.closed ? " closed" : "");
	}
	say("nat: doors %u media %u ports %u held %u hosts %u bindings %u retired %u\n",
		nat_doors(fx.nat), nat_media_doors(fx.nat), nat_ports_used(fx.nat),
		nat_ports_held(fx.nat), nat_hosts(fx.nat), pool_used(pool), pool_retired(pool));
}

static void
say_filter(const struct media_filter *filter)
{
	for (unsigned int i = 0; i < PINHOLE_CALLS_MAX; i++)
		say(" call %u%s", filter->call[i].phase, filter->call[i].newest ? "+" : "");
	for (unsigned int i = 0; i < filter->latched_count; i++)
		say(" latched %08x:%u", filter->latched[i].address, filter->latched[i].port);
	for (unsigned int i = 0; i < filter->announced_count; i++)
		say(" announced %08x:%u", filter->announced[i].address, filter->announced[i].port);
	if (!named)
		for (unsigned int i = 0; i < PINHOLE_CALLS_MAX; i++)
			say(" by %u.%u", filter->call[i].call.index,
				filter->call[i].call.generation);
}

static void
say_pinholes(void)
{
	struct pool *pool = pinhole_pool(fx.pinholes);

	for (uint32_t i = 1; i <= pool_capacity(pool); i++) {
		const struct pinhole *pinhole = pool_at(pool, i);

		if (!pool_object_live(&pinhole->object) || !pinhole->open)
			continue;
		say_place("pinhole", i, pinhole->object.generation);
		say(" %08x to %08x:%u/%u class %u holders %u until %u flows %u",
			rte_be_to_cpu_32(pinhole->key.src), rte_be_to_cpu_32(pinhole->key.dst),
			rte_be_to_cpu_16(pinhole->key.dst_port), pinhole->key.proto, pinhole->class,
			pinhole->holders, pinhole->deadline_s, flow_owner_count(&pinhole->flows));
		say_filter(&pinhole->media);
		say("\n");
	}
	say("pinholes: %u media %u retired %u\n", pool_used(pool), pinhole_media_count(fx.pinholes),
		pool_retired(pool));
}

static void
say_flows(void)
{
	struct pool *pool = flow_pool(fx.flows);

	for (uint32_t i = 1; i <= pool_capacity(pool); i++) {
		const struct flow *flow = pool_at(pool, i);

		if (!pool_object_live(&flow->object))
			continue;
		say_place("flow", i, flow->object.generation);
		for (unsigned int d = 0; d < 2; d++)
			say(" %08x:%u > %08x:%u", rte_be_to_cpu_32(flow->path[d].key.src),
				rte_be_to_cpu_16(flow->path[d].key.src_port),
				rte_be_to_cpu_32(flow->path[d].key.dst),
				rte_be_to_cpu_16(flow->path[d].key.dst_port));
		say("\n");
	}
}

static void
say_accounts(void)
{
	const struct account_table *table = alg_worker_of(fx.alg, 0)->alg->accounts;

	for (uint32_t i = 1; i <= table->high; i++) {
		if (table->entry[i].account.until_s == 0)
			continue;
		say_bytes("account", named ? 0 : i, &table->entry[i].account,
			sizeof(table->entry[i].account));
		say_bytes("shown", named ? 0 : i, &table->shown[i], sizeof(table->shown[i]));
	}
	say("accounts: %u registered %u unnoted %u\n", table->used, table->registrations,
		table->unnoted_until_s);
}

static void
say_chain(const struct alg_worker *worker, const char *what, uint32_t first)
{
	for (uint32_t i = first; i; i = opening_at(worker, i)->next) {
		const struct opening *opening = opening_at(worker, i);

		say("%s %u %08x:%u kind %u flags %u outside %u source %08x bytes %08x\n", what, i,
			rte_be_to_cpu_32(opening->address), rte_be_to_cpu_16(opening->port),
			opening->kind, opening->flags, rte_be_to_cpu_16(opening->outside_port),
			rte_be_to_cpu_32(opening->source),
			(uint32_t)keyed_hash64(opening, sizeof(*opening)));
	}
}

static void
say_set(const struct alg_worker *worker, uint32_t set)
{
	if (set == 0)
		return;
	say("set %u references %u\n", set, set_at(worker, set)->references);
	say_chain(worker, "media", set_at(worker, set)->first);
}

static void
say_record(const struct alg_worker *worker, uint32_t index)
{
	const struct call *call = call_at(worker, index);
	const struct dialog *dialog;

	say("call state %u openings %u deadline %u\n", call->state, call->openings,
		call->deadline_s);
	say_bytes("call", index, call, sizeof(*call));
	say_chain(worker, "signalling", call->signalling);
	say_set(worker, call->offer.set);
	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		say_bytes("dialog", i, dialog, sizeof(*dialog));
		for (int side = 0; side < 2; side++) {
			say_set(worker, dialog->committed[side].set);
			say_set(worker, dialog->offer[side].set);
		}
	}
}

static void
say_call(struct alg_worker *worker, const struct call *call)
{
	char text[8192];
	int length = alg_call_describe(worker, fx.worker.now_s, call->call_id,
		RTE_MIN(call->call_id_length, (uint16_t)CALL_ID_STORED), text, sizeof(text));

	assert_in_range(length, 1, sizeof(text) - 2);
	say("%s", text);
}

static void
say_calls(void)
{
	struct alg_worker *worker = alg_worker_of(fx.alg, 0);

	for (uint32_t i = 1; i <= worker->calls.fresh; i++) {
		const struct call *call = call_at(worker, i);

		if (named && call_live(call))
			say_call(worker, call);
		else if (!named && call->state != CALL_FREE)
			say_record(worker, i);
	}
	say("calls: %u pending %u opened %u\n", alg_call_count(fx.alg), worker->pending,
		counted(SIP_COUNT_MEDIA_OPENED) - counted(SIP_COUNT_MEDIA_CLOSED));
	say("made: %u\n", counted(SIP_COUNT_CALL_MADE) - counted(SIP_COUNT_CALL_ENDED));
	say("taken: dialogs %u sets %u openings %u\n", worker->dialogs.used, worker->sets.used,
		worker->openings.used);
	if (!named)
		say("records %u Call-IDs %d ended %u..%u\n", worker->calls.used,
			rte_hash_count(worker->table), worker->tombstone_first,
			worker->tombstone_last);
}

static int
line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort_lines(struct state *state)
{
	static struct state sorted;
	static char *line[16384];
	unsigned int count = 0;
	char *rest = state->text;

	while ((line[count] = strsep(&rest, "\n")) != NULL && ++count < RTE_DIM(line))
		;
	qsort(line, count, sizeof(line[0]), line_compare);
	sorted.length = 0;
	for (unsigned int i = 0; i < count; i++)
		sorted.length += (uint32_t)snprintf(sorted.text + sorted.length,
			sizeof(sorted.text) - sorted.length, "%s\n", line[i]);
	memcpy(state->text, sorted.text, sorted.length + 1);
	state->length = sorted.length;
}

void
state_settle(void)
{
	for (int i = 0; i < 3; i++) {
		rcu_quiescent(0);
		rcu_quiescent(THREAD_CONTROL);
		pool_reclaim(flow_pool(fx.flows), UINT32_MAX);
		pool_reclaim(pinhole_pool(fx.pinholes), UINT32_MAX);
		if (fx.nat) {
			nat_sweep(&fx.control, fx.nat, 0); /* who reclaims */
			pool_reclaim(nat_binding_pool(fx.nat), UINT32_MAX);
		}
	}
}

void
state_take(struct state *state, bool by_name)
{
	out = state;
	named = by_name;
	state->length = 0;
	if (fx.nat)
		say_bindings();
	say_pinholes();
	say_flows();
	say_accounts();
	say_calls();
	if (by_name)
		sort_lines(state);
}

/* The lines that only one has. */
static void
print_missing(const struct state *of, const struct state *in, const char *sign)
{
	const char *at = of->text, *end;

	for (; *at; at = end + 1) {
		char line[512];

		end = strchr(at, '\n');
		if (!end)
			break;
		snprintf(line, sizeof(line), "%.*s\n", (int)(end - at), at);
		if (!strstr(in->text, line))
			print_error("%s %s", sign, line);
	}
}

void
assert_state_equal(const struct state *a, const struct state *b, const char *what)
{
	if (a->length == b->length && memcmp(a->text, b->text, a->length) == 0)
		return;
	print_error("%s\n", what);
	print_missing(a, b, "-");
	print_missing(b, a, "+");
	fail();
}
