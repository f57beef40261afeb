/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "flow/flow_account.h"
#include "flow/tcp.h"
#include "fw/account.h"
#include "show.h"

enum {
	FLOWS_LOOKED_AT = 64,
	OBJECTS_A_PAGE = 65536,
};

/* Fills the record number `row` from a live object; false: not to be shown. */
typedef bool (*show_row_fn)(struct appliance *appliance, struct request *request, void *object,
	uint32_t index, unsigned int row);

/* One page: live objects of a pool after the cursor. */
static void
show_page(struct appliance *appliance, struct request *request, struct pool *pool, show_row_fn show)
{
	unsigned int max = RTE_MIN(request->max, (unsigned int)PAGE_RECORDS_MAX);
	uint32_t capacity = pool_capacity(pool);
	unsigned int rows = 0;
	uint64_t index;

	request->next = 0;
	request->result = 0;
	if (request->cursor >= capacity) /* whoever asks may name any number */
		return;
	for (index = request->cursor + 1; index <= capacity; index++) {
		void *object = pool_at(pool, (uint32_t)index);

		/* What fits may be rare: one page asks for no more than a part of the pool. */
		if (rows == max || index > request->cursor + OBJECTS_A_PAGE) {
			request->next = index - 1;
			break;
		}
		if (!pool_object_live(object))
			continue;
		if (show(appliance, request, object, (uint32_t)index, rows))
			rows++;
	}
	request->result = (int)rows;
}

static uint32_t
since(const struct appliance *appliance, uint32_t then_s)
{
	return appliance->control.now_s > then_s ? appliance->control.now_s - then_s : 0;
}

static uint32_t
flow_last_seen(struct flow *flow)
{
	/* relaxed: a display value */
	uint32_t forward = atomic_load_explicit(&flow->path[0].last_seen_s, memory_order_relaxed);
	uint32_t reverse = atomic_load_explicit(&flow->path[1].last_seen_s, memory_order_relaxed);

	return RTE_MAX(forward, reverse);
}

static bool
show_translation(struct appliance *appliance, struct request *request, void *object, uint32_t index,
	unsigned int row)
{
	struct translation_row *record = &request->translations[row];
	const struct record_filter *filter = &request->filter;
	struct binding *binding = object;
	struct endpoint peer = {.proto = binding->inside.proto};
	uint32_t last_seen;

	if (filter->proto != 0 && filter->proto != binding->inside.proto)
		return false;
	flow_owner_peer(appliance->flows, &binding->flows, &peer.address, &peer.port);
	if (filter->host != 0 && filter->host != binding->inside.address &&
		filter->host != binding->outside.address && filter->host != peer.address)
		return false;
	last_seen = flow_owner_last_seen(appliance->flows, &binding->flows, FLOWS_LOOKED_AT);
	*record = (struct translation_row){
		.index = index,
		.inside = binding->inside,
		.outside = binding->outside,
		.peer = peer,
		.kind = binding_kind_name(binding),
		.idle_s = since(appliance, last_seen ? last_seen : binding->created_s),
		.flows = flow_owner_count(&binding->flows),
	};
	return true;
}

static bool
session_fits(
	const struct record_filter *filter, const struct flow_path *path, const char *zone_pair)
{
	const struct flow_key *key = &path->key;

	if (filter->host != 0 && filter->host != key->src && filter->host != key->dst &&
		filter->host != path->new_src && filter->host != path->new_dst)
		return false;
	if (filter->proto != 0 && filter->proto != key->proto)
		return false;
	return filter->zone_pair[0] == '\0' || strcmp(filter->zone_pair, zone_pair) == 0;
}

static bool
show_session(struct appliance *appliance, struct request *request, void *object, uint32_t index,
	unsigned int row)
{
	struct session_row *record = &request->sessions[row];
	struct flow *flow = object;
	const struct flow_path *path = &flow->path[0];

	const char *zone_pair = "-", *class = "-";

	/* relaxed: display values */
	if (atomic_load_explicit(&flow->state, memory_order_relaxed) != FLOW_LIVE)
		return false;
	fw_account_name(appliance->accounts, flow_account_of(flow), &zone_pair, &class);
	if (!session_fits(&request->filter, path, zone_pair))
		return false;
	*record = (struct session_row){
		.index = index,
		.key = path->key,
		.translated_source = {path->new_src, path->new_src_port, path->key.proto},
		.translated_destination = {path->new_dst, path->new_dst_port, path->key.proto},
		.idle_s = since(appliance, flow_last_seen(flow)),
		.age_s = since(appliance, flow->created_s),
	};
	snprintf(record->zone_pair, sizeof(record->zone_pair), "%s", zone_pair);
	snprintf(record->class, sizeof(record->class), "%s", class);
	record->state = flow->proto == IPPROTO_TCP
				? tcp_state_name(atomic_load_explicit(
					  &flow->tcp_state, memory_order_relaxed))
			: flow->media ? "media"
				      : "open";
	for (int i = 0; i < 2; i++) {
		record->packets[i] =
			atomic_load_explicit(&flow->path[i].packets, memory_order_relaxed);
		record->bytes[i] = atomic_load_explicit(&flow->path[i].bytes, memory_order_relaxed);
	}
	return true;
}

static bool
show_pinhole(struct appliance *appliance, struct request *request, void *object, uint32_t index,
	unsigned int row)
{
	const struct record_filter *filter = &request->filter;
	const struct pinhole *pinhole = object;
	uint32_t deadline = atomic_load_explicit(&pinhole->deadline_s, memory_order_relaxed);
	const struct pinhole_holder holder = pinhole_holder_of(pinhole);

	if ((filter->proto != 0 && filter->proto != pinhole->key.proto) ||
		(filter->host != 0 && filter->host != pinhole->key.src &&
			filter->host != pinhole->key.dst))
		return false;
	request->pinholes[row] = (struct pinhole_row){
		.index = index,
		.key = pinhole->key,
		.class = pinhole->class,
		.holders = pinhole->holders,
		.flows = flow_owner_count(&pinhole->flows),
		.until_s = deadline > appliance->control.now_s ? deadline - appliance->control.now_s
							       : 0,
		.age_s = since(appliance, pinhole->opened_s),
		.holder_worker = holder.worker,
		.holder_call = holder.call.index,
	};
	return true;
}

void
show_translations(struct appliance *appliance, struct request *request)
{
	if (appliance->nat == NULL) {
		request->result = 0;
		request->next = 0;
		return;
	}
	show_page(appliance, request, nat_binding_pool(appliance->nat), show_translation);
}

void
show_sessions(struct appliance *appliance, struct request *request)
{
	request->max = RTE_MIN(request->max, (unsigned int)PAGE_SESSIONS_MAX);
	show_page(appliance, request, flow_pool(appliance->flows), show_session);
}

void
show_pinholes(struct appliance *appliance, struct request *request)
{
	show_page(appliance, request, pinhole_pool(appliance->pinholes), show_pinhole);
}

static bool
registration_fits(const struct record_filter *filter, const struct alg_registration *registration)
{
	bool fits = filter->host == 0 || filter->host == registration->inside.address ||
		    filter->host == registration->outside.address ||
		    filter->host == registration->registrar;

	for (unsigned int i = 0; i < ALG_REGISTRATION_PEERS_MAX && !fits; i++)
		fits = filter->host == registration->peers[i];
	return fits && (filter->proto == 0 || filter->proto == registration->inside.proto);
}

/* A step of the page: there may be fewer than asked for, and more behind. */
void
show_registrations(struct appliance *appliance, struct request *request)
{
	uint32_t cursor = (uint32_t)request->cursor;
	unsigned int count, fitting = 0;

	count = alg_registrations_page(appliance->alg, appliance->control.now_s, &cursor,
		RTE_MIN(request->max, (unsigned int)PAGE_REGISTRATIONS_MAX),
		request->registrations);
	for (unsigned int i = 0; i < count; i++) {
		if (registration_fits(&request->filter, &request->registrations[i]))
			request->registrations[fitting++] = request->registrations[i];
	}
	request->result = (int)fitting;
	request->next = cursor;
}
