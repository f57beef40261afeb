/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "appliance.h"
#include "trace_priv.h"

enum {
	FRAME_UNITS = TRACE_RING_UNITS / 2, /* of a ring, for frames */
	MACS = 2 * RTE_ETHER_ADDR_LEN,
};

static_assert(FRAME_UNITS * TRACE_UNIT > TRACE_FRAME_MAX, "every frame fits its half");
static_assert(PORTS_MAX <= 32, "a bit a port");

/* *text goes on behind it. */
static bool
number_read(const char **text, unsigned long max, unsigned long *number)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*number = strtoul(*text, &end, 10);
	*text = end;
	return errno == 0 && *number <= max;
}

static bool
instruction_read(const char **text, struct bpf_insn *instruction)
{
	static const unsigned long max[] = {UINT16_MAX, UINT8_MAX, UINT8_MAX, UINT32_MAX};
	unsigned long number[RTE_DIM(max)];

	for (unsigned int i = 0; i < RTE_DIM(max); i++) {
		if ((i > 0 && *(*text)++ != ' ') || !number_read(text, max[i], &number[i]))
			return false;
	}
	*instruction = (struct bpf_insn){
		.code = (uint16_t)number[0],
		.jt = (uint8_t)number[1],
		.jf = (uint8_t)number[2],
		.k = (uint32_t)number[3],
	};
	return true;
}

int
capture_program_read(struct capture_filter *filter, const char *text)
{
	for (filter->count = 0; *text != '\0'; filter->count++) {
		struct bpf_insn *instruction = &filter->program[filter->count];

		if (filter->count == CAPTURE_PROGRAM_MAX || !instruction_read(&text, instruction))
			return -EINVAL;
		/* libpcap's check lets this one jump back, into a loop without end. */
		if (instruction->code == (BPF_JMP | BPF_JA) &&
			instruction->k >= CAPTURE_PROGRAM_MAX)
			return -EINVAL;
		if (*text == ';')
			text++;
		else if (*text != '\0')
			return -EINVAL;
	}
	return filter->count > 0 && bpf_validate(filter->program, (int)filter->count) ? 0 : -EINVAL;
}

/* The worker that this lcore is (eal.c); a replay or test runs them on the control lcore. */
static unsigned int
worker_here(void)
{
	unsigned int lcore = rte_lcore_id();

	return lcore == 0 ? 0 : lcore - 1;
}

static void
bytes_copy(uint8_t *to, const struct rte_mbuf *mbuf, uint32_t from, uint32_t length)
{
	const void *at = length > 0 ? rte_pktmbuf_read(mbuf, from, length, to) : NULL;

	if (at != NULL && at != to)
		memcpy(to, at, length);
}

/*
 * The frame as it is on the wire, with the tag that was taken out of it; returns how many bytes, at most
 * CAPTURE_SNAP_MAX, and *original: how many it has.
 */
static uint32_t
frame_copy(uint8_t *to, const struct rte_mbuf *mbuf, uint32_t *original)
{
	const uint32_t length = rte_pktmbuf_pkt_len(mbuf);
	uint32_t kept, tag = 0;

	if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED && length > MACS)
		tag = sizeof(struct rte_vlan_hdr);
	*original = length + tag;
	kept = RTE_MIN(*original, (uint32_t)CAPTURE_SNAP_MAX);
	if (tag == 0) {
		bytes_copy(to, mbuf, 0, kept);
		return kept;
	}
	bytes_copy(to, mbuf, 0, MACS);
	to[MACS] = RTE_ETHER_TYPE_VLAN >> 8;
	to[MACS + 1] = RTE_ETHER_TYPE_VLAN & 0xff;
	to[MACS + 2] = (uint8_t)(mbuf->vlan_tci >> 8);
	to[MACS + 3] = (uint8_t)mbuf->vlan_tci;
	bytes_copy(to + MACS + tag, mbuf, MACS, kept - MACS - tag);
	return kept;
}

static void
frame_capture(const struct capture_tap *tap, const struct rte_mbuf *mbuf)
{
	struct trace_place *place = tap->place;
	const struct capture_filter *filter = &place->filter.capture;
	const unsigned int worker = worker_here();
	struct trace_lane *lane = tap->trace->lane[worker];
	const unsigned int index = (unsigned int)(place - tap->trace->place);
	struct trace_frame *frame = &lane->frame;
	uint8_t *bytes = lane->frame_bytes + sizeof(*frame);
	unsigned int units;

	frame->captured = frame_copy(bytes, mbuf, &frame->original);
	if (filter->count > 0 &&
		bpf_filter(filter->program, bytes, frame->original, frame->captured) == 0)
		return;
	frame->captured = RTE_MIN(frame->captured, filter->snap);
	frame->length =
		RTE_ALIGN_CEIL((uint32_t)sizeof(*frame) + frame->captured, (uint32_t)TRACE_UNIT);
	frame->version = TRACE_FRAME_VERSION;
	frame->outbound = tap->outbound;
	frame->port = tap->port;
	frame->wanted = (uint8_t)(1u << index);
	frame->generation[index] = place->generation;
	frame->order = rte_rdtsc();
	units = frame->length / TRACE_UNIT;
	if (rte_ring_count(lane->ring) + units <= FRAME_UNITS &&
		rte_ring_enqueue_bulk_elem(
			lane->ring, lane->frame_bytes, TRACE_UNIT, units, NULL) == units)
		return;
	event_count(counters_of(worker), EVENT_CAPTURE_LOST, 1);
	atomic_fetch_add_explicit(&place->lost, 1, memory_order_relaxed);
}

static uint16_t
capture_in(uint16_t ethdev, uint16_t queue, struct rte_mbuf *frames[], uint16_t count, uint16_t max,
	void *context)
{
	for (uint16_t i = 0; i < count; i++)
		frame_capture(context, frames[i]);
	return count;
}

static uint16_t
capture_out(
	uint16_t ethdev, uint16_t queue, struct rte_mbuf *frames[], uint16_t count, void *context)
{
	for (uint16_t i = 0; i < count; i++)
		frame_capture(context, frames[i]);
	return count;
}

/* A port's queue in terms of ethdevs, as port.c has them. */
static uint16_t
ethdev_of(const struct port *port, uint16_t *queue)
{
	uint16_t ethdev = port->ethdev;

	if (port->ethdev_count > 1) {
		ethdev = port->ethdevs[*queue];
		*queue = 0;
	}
	return ethdev;
}

static int
port_begin(struct trace *trace, struct trace_place *place, const struct port *port)
{
	for (unsigned int outbound = 0; outbound < 2; outbound++) {
		struct capture_tap *tap = &place->tap[port->index][outbound];
		const uint16_t queues = outbound ? port->tx_queues : port->rx_queues;

		tap->trace = trace;
		tap->place = place;
		tap->port = (uint8_t)port->index;
		tap->outbound = outbound;
		for (uint16_t q = 0; q < queues; q++) {
			uint16_t queue = q, ethdev = ethdev_of(port, &queue);

			/* Behind those that are there: of long frames, their copies (port.c). */
			tap->callback[q] =
				outbound ? rte_eth_add_tx_callback(ethdev, queue, capture_out, tap)
					 : rte_eth_add_rx_callback(ethdev, queue, capture_in, tap);
			if (tap->callback[q] == NULL)
				return -ENOMEM;
		}
	}
	return 0;
}

int
capture_begin(struct appliance *appliance, struct trace_place *place)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	place->begun_tsc = rte_rdtsc();
	place->begun_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	for (unsigned int i = 0; i < appliance->ports_open; i++) {
		int rc = 0;

		if (place->filter.capture.ports >> i & 1)
			rc = port_begin(appliance->trace, place, &appliance->ports[i]);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void
capture_end(struct appliance *appliance, struct trace_place *place)
{
	for (unsigned int i = 0; i < appliance->ports_open; i++) {
		const struct port *port = &appliance->ports[i];

		for (uint16_t q = 0; q < WORKERS_MAX; q++) {
			struct capture_tap *tap = place->tap[i];
			uint16_t queue = q, ethdev = ethdev_of(port, &queue);

			if (tap[0].callback[q] != NULL)
				rte_eth_remove_rx_callback(ethdev, queue, tap[0].callback[q]);
			if (tap[1].callback[q] != NULL)
				rte_eth_remove_tx_callback(ethdev, queue, tap[1].callback[q]);
		}
	}
}

void
capture_free(struct trace_place *place)
{
	for (unsigned int i = 0; i < PORTS_MAX * 2; i++) {
		struct capture_tap *tap = &place->tap[i / 2][i % 2];

		for (unsigned int q = 0; q < WORKERS_MAX; q++) {
			rte_free((void *)(uintptr_t)tap->callback[q]);
			tap->callback[q] = NULL;
		}
	}
}
