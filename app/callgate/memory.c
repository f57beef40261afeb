/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory a configuration takes: every room says what its tables need, this file adds up.
 */
#include <rte_mbuf.h>

#include "appliance.h"
#include "handoff.h"
#include "stream.h"
#include "trace.h"

enum {
	MBUFS_PER_WORKER = 1024, /* caches, outboxes, hand-off rings */
	MBUFS_HELD = 1024, /* waiting for ARP answers */
};

/* EAL's heap needs room for its own objects and for alignment: measured 24 MB with four ports. */
#define EAL_BYTES ((size_t)48 << 20)

/* A worker's part of what all may hold; at least what one datagram needs. */
static uint32_t
part_of(uint32_t limit, const struct config *config)
{
	uint32_t workers = config->system.worker_count;

	return RTE_MAX((limit + workers - 1) / workers, config->fragments.max_per_datagram);
}

struct datagram_limits
appliance_datagram_limits(const struct config *config)
{
	const struct config_fragments *fragments = &config->fragments;

	return (struct datagram_limits){
		.timeout_ms = fragments->timeout * 1000,
		.datagrams = part_of(fragments->max_datagrams, config),
		.held = part_of(fragments->max_held, config),
		.held_per_source = part_of(fragments->max_held_per_source, config),
		.fragments = fragments->max_per_datagram,
	};
}

unsigned int
appliance_mbufs(const struct config *config)
{
	unsigned int workers = config->system.worker_count;
	/* What fragments hold is apart, so that a flood of them takes nothing from others. */
	unsigned int mbufs =
		MBUFS_HELD + (MBUFS_PER_WORKER + appliance_datagram_limits(config).held) * workers;

	for (unsigned int i = 0; i < config->port_count; i++) {
		mbufs += port_mbufs(&config->ports[i], workers);
	}
	return mbufs;
}

/*
 * A mempool lays its objects so that none crosses a page, unless the object is longer than one.
 * With ordinary pages that leaves gaps, so those are what is counted.
 */
static size_t
mempool_memory(unsigned int mbufs, uint16_t room)
{
	uint32_t element = sizeof(struct rte_mbuf) + PACKET_PRIVATE_SIZE + room;
	size_t object = rte_mempool_calc_obj_size(element, 0, NULL);
	size_t page = 4096;

	if (object >= page)
		return mbufs * RTE_ALIGN_CEIL(object, page) + page;
	return (mbufs / (page / object) + 1) * page;
}

size_t
appliance_base_memory(const struct config *config)
{
	size_t sum = EAL_BYTES;

	sum += mempool_memory(appliance_mbufs(config), MBUF_ROOM);
	sum += mempool_memory(LARGE_MBUFS, LARGE_MBUF_ROOM);
	for (unsigned int i = 0; i < config->port_count; i++)
		sum += port_memory(&config->ports[i], config->system.worker_count);
	return sum;
}

size_t
appliance_table_memory(const struct config *config)
{
	const struct datagram_limits limits = appliance_datagram_limits(config);
	size_t sum = config->system.worker_count * datagram_table_memory(&limits);

	sum += sizeof(struct interface_table) + route_table_memory() + neighbour_table_memory();
	sum += flow_table_memory(config->system.max_flows);
	if (config->nat.tcp_rst_check || config->tcp_window_check)
		sum += flow_table_windows_memory(config->system.max_flows);
	sum += pinhole_table_memory(appliance_pinhole_capacity(config));
	if (config->nat.rule_count > 0)
		sum += nat_memory(config, appliance_binding_capacity(config));
	sum += fw_accounts_memory(fw_accounts_needed(config));
	sum += 2 * ruleset_memory(config); /* a reload builds the next beside the one in force */
	sum += alg_memory(config);
	sum += stream_memory(config);
	sum += trace_memory(config->system.worker_count);
	sum += handoff_memory(config->system.worker_count);
	sum += (config->system.worker_count + 1) * mailbox_memory(MAILBOX_SIZE);
	return sum;
}

size_t
appliance_deferred_memory(const struct config *config)
{
	size_t sum = pinhole_table_deferred_memory(appliance_pinhole_capacity(config));

	if (config->nat.rule_count > 0)
		sum += nat_deferred_memory(config, appliance_binding_capacity(config));
	return sum;
}

size_t
appliance_memory(const struct config *config)
{
	return appliance_base_memory(config) + appliance_table_memory(config);
}
