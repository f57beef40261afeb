/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "net/packet.h"
#include "net/sequence_number.h"
#include "rig.h"
#include "tcp_frame.h"
#include "wire.h"

enum {
	FLIGHTS_MAX = 4096,
	LINK_MS = 1,
	SWAP_MS = 2,
	STEP_MS = 10,
};

struct flight {
	uint64_t at_ms, order;
	unsigned int end, link, length;
	uint8_t bytes[];
};

struct tcp_end wire_end[2] = {
	{.name = "inside", .rig_port = RIG_INSIDE},
	{.name = "outside", .rig_port = RIG_OUTSIDE},
};
bool wire_traces, wire_strays;

static struct {
	const struct wire_hooks *hooks;
	struct wire_trouble trouble;
	struct flight *flight[FLIGHTS_MAX];
	unsigned int flights;
	uint64_t order, random;
	/* of each end and link */
	uint32_t seen[2][WIRE_LINKS]; /* behind the furthest byte up to now */
	bool begun[2][WIRE_LINKS];
	unsigned int ordinal[2][WIRE_LINKS];
} wire;

uint32_t
wire_below(uint32_t limit)
{
	wire.random ^= wire.random << 13;
	wire.random ^= wire.random >> 7;
	wire.random ^= wire.random << 17;
	return limit == 0 ? 0 : (uint32_t)((wire.random >> 16) % limit);
}

static void
fly(unsigned int end, unsigned int link, const uint8_t *bytes, uint32_t length, uint64_t late_ms)
{
	struct flight *flight = malloc(sizeof(*flight) + length);

	MUST(flight != NULL && wire.flights < FLIGHTS_MAX, "too many frames on the way");
	*flight = (struct flight){
		.at_ms = rig_now_ms() + LINK_MS + late_ms,
		.order = wire.order++,
		.end = end,
		.link = link,
		.length = length,
	};
	memcpy(flight->bytes, bytes, length);
	wire.flight[wire.flights++] = flight;
}

/* Does this segment carry bytes that were not seen before? Which one of those it is, or -1. */
static int
ordinal_of(unsigned int end, unsigned int link, const struct tcp_heard *heard)
{
	const uint32_t behind = heard->seq + heard->length;

	if (heard->length == 0 || (heard->flags & TCP_SYN))
		return -1;
	if (wire.begun[end][link] && !sequence_is_after(behind, wire.seen[end][link]))
		return -1;
	wire.begun[end][link] = true;
	wire.seen[end][link] = behind;
	return (int)wire.ordinal[end][link]++;
}

/* The link takes a frame: what becomes of it? `end`: that it comes from, or goes to. */
static void
link_take(unsigned int end, unsigned int link, const uint8_t *bytes, uint32_t length,
	const struct tcp_heard *heard)
{
	const struct wire_trouble *trouble = &wire.trouble;
	const int ordinal = ordinal_of(end, link, heard);
	unsigned int copies = 1;
	uint64_t late_ms = 0;

	if (ordinal >= 0) {
		switch (trouble->script[link]) {
		case WIRE_DOUBLE_ALL:
			copies = 2;
			break;
		case WIRE_SWAP:
			late_ms = ordinal % 2 == 0 ? SWAP_MS : 0;
			break;
		case WIRE_DROP_EVEN:
			copies = ordinal % 2 == 0 ? 0 : 1;
			break;
		case WIRE_DROP_ODD:
			copies = ordinal % 2 == 0 ? 1 : 0;
			break;
		default:
			break;
		}
	}
	if (wire_below(100) < trouble->doubles)
		copies *= 2;
	for (unsigned int i = 0; i < copies; i++) {
		if (wire_below(100) < trouble->loss)
			continue;
		if (wire_below(100) < trouble->late)
			late_ms += wire_below(trouble->late_ms + 1);
		fly(end, link, bytes, length, late_ms);
	}
	if (wire_traces)
		tcp_frame_print(link == WIRE_NEAR ? (copies ? "sends" : "sends, lost")
						  : (copies ? "\tgets" : "\tgets, lost"),
			bytes, length);
}

void
wire_send(struct tcp_end *from, uint8_t *frame, uint32_t length, bool fresh)
{
	struct tcp_heard heard;

	tcp_frame_read(frame, length, &heard);
	link_take(from == &wire_end[1], WIRE_NEAR, frame, length, &heard);
}

/* A frame has left the appliance. */
static void
on_out(uint16_t port, const uint8_t *frame, uint32_t length)
{
	struct tcp_heard heard;
	const unsigned int end = port == RIG_OUTSIDE;

	tcp_frame_read(frame, length, &heard);
	if (heard.dst != wire_end[end].address || heard.dport != wire_end[end].port) {
		if (wire_strays)
			return;
		tcp_frame_print("a stray", frame, length);
		rig_fail("a frame to nobody");
	}
	if (wire.hooks && wire.hooks->leaves)
		wire.hooks->leaves(end, &heard);
	link_take(end, WIRE_FAR, frame, length, &heard);
}

void
wire_start(const struct rig_options *options, const struct wire_hooks *hooks)
{
	wire.hooks = hooks;
	wire_traces = getenv("TORTURE_TRACE") != NULL;
	rig_start(options, on_out);
}

void
wire_begin(const struct wire_trouble *trouble, uint64_t seed)
{
	while (wire.flights > 0)
		free(wire.flight[--wire.flights]);
	wire.trouble = *trouble;
	wire.random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	wire_below(1);
	memset(wire.begun, 0, sizeof(wire.begun));
	memset(wire.ordinal, 0, sizeof(wire.ordinal));
}

void
wire_put(unsigned int end, uint8_t *frame, uint32_t length)
{
	struct tcp_heard heard;

	tcp_frame_read(frame, length, &heard);
	if (wire.hooks && wire.hooks->enters)
		wire.hooks->enters(end, &heard);
	rig_put(wire_end[end].rig_port, frame, length);
}

/* The first to arrive of those that have arrived; NULL: none. */
static struct flight *
next_flight(void)
{
	struct flight *first = NULL;
	unsigned int place = 0;

	for (unsigned int i = 0; i < wire.flights; i++) {
		struct flight *flight = wire.flight[i];

		if (flight->at_ms <= rig_now_ms() &&
			(first == NULL || flight->at_ms < first->at_ms ||
				(flight->at_ms == first->at_ms && flight->order < first->order))) {
			first = flight;
			place = i;
		}
	}
	if (first != NULL)
		wire.flight[place] = wire.flight[--wire.flights];
	return first;
}

static void
arrive(struct flight *flight)
{
	struct tcp_heard heard;

	if (flight->link == WIRE_NEAR) {
		wire_put(flight->end, flight->bytes, flight->length);
		return;
	}
	tcp_frame_read(flight->bytes, flight->length, &heard);
	tcp_end_hear(&wire_end[flight->end], &heard);
}

void
wire_step(void)
{
	uint64_t next = rig_now_ms() + STEP_MS;
	struct flight *flight;

	while ((flight = next_flight()) != NULL) {
		arrive(flight);
		free(flight);
	}
	for (unsigned int i = 0; i < 2; i++)
		tcp_end_turn(&wire_end[i]);
	for (unsigned int i = 0; i < wire.flights; i++)
		next = RTE_MIN(next, wire.flight[i]->at_ms);
	for (unsigned int i = 0; i < 2; i++)
		next = RTE_MIN(next, tcp_end_due(&wire_end[i]));
	rig_clock(RTE_MAX(next, rig_now_ms() + 1));
}

bool
wire_is_quiet(void)
{
	return wire.flights == 0 && tcp_end_due(&wire_end[0]) == UINT64_MAX &&
	       tcp_end_due(&wire_end[1]) == UINT64_MAX;
}
