/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "core/clock.h"
#include "core/log.h"
#include "nat_log_priv.h"

enum { LINES_AT_ONCE = 32 };

struct nat_log {
	struct rte_ring *ring;
	uint64_t dropped_told; /* control lcore */
};

static const char *const kind_names[] = {
	[NAT_LOG_BINDING] = "binding", [NAT_LOG_BLOCK] = "block", [NAT_LOG_ADDRESS] = "address"};

static_assert(sizeof(struct nat_log_record) == 32, "elements of a ring are words");

struct nat_log *
nat_log_create(int socket)
{
	struct nat_log *log = rte_zmalloc_socket("nat_log", sizeof(*log), 0, socket);

	if (!log) {
		rte_errno = ENOMEM;
		return NULL;
	}
	/* RTS: workers may share a core, and one that lost it in the middle must not hold up others. */
	log->ring = rte_ring_create_elem("nat_log", sizeof(struct nat_log_record), NAT_LOG_RECORDS,
		socket, RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	if (!log->ring) {
		rte_free(log);
		return NULL;
	}
	log->dropped_told = counters_event_sum(EVENT_NAT_LOG_DROPPED);
	return log;
}

void
nat_log_destroy(struct nat_log *log)
{
	if (!log)
		return;
	rte_ring_free(log->ring);
	rte_free(log);
}

size_t
nat_log_memory(void)
{
	return sizeof(struct nat_log) +
	       (size_t)rte_ring_get_memsize_elem(sizeof(struct nat_log_record), NAT_LOG_RECORDS);
}

void
nat_log_note(struct thread *self, struct nat_log *log, struct nat_log_record record)
{
	if (!log)
		return;
	record.at_ms = self->now_ms;
	if (rte_ring_enqueue_elem(log->ring, &record, sizeof(record)) != 0)
		event_count(self->counters, EVENT_NAT_LOG_DROPPED, 1);
}

static const char *
proto_name(uint8_t proto)
{
	return proto == IPPROTO_UDP ? "udp" : proto == IPPROTO_TCP ? "tcp" : "icmp";
}

/* ADDRESS or, for a binding, ADDRESS:PORT. */
static void
endpoint_format(char *text, size_t size, const struct nat_log_record *record, rte_be32_t address,
	rte_be16_t port)
{
	const uint8_t *octet = (const uint8_t *)&address;
	int length = snprintf(text, size, "%u.%u.%u.%u", octet[0], octet[1], octet[2], octet[3]);

	if (record->kind == NAT_LOG_BINDING)
		snprintf(text + length, size - (size_t)length, ":%u", rte_be_to_cpu_16(port));
}

static void
line_write(const struct nat_log_record *record)
{
	char inside[24], outside[24], when[32] = "", more[24] = "";
	uint64_t wall_ms = clock_wall_ms(record->at_ms);
	time_t seconds = (time_t)(wall_ms / 1000);
	uint16_t first = rte_be_to_cpu_16(record->outside_port);
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &broken);
	endpoint_format(inside, sizeof(inside), record, record->inside, record->inside_port);
	endpoint_format(outside, sizeof(outside), record, record->outside, record->outside_port);
	if (record->kind == NAT_LOG_BINDING)
		snprintf(more, sizeof(more), " proto=%s", proto_name(record->proto));
	else if (record->kind == NAT_LOG_BLOCK)
		snprintf(more, sizeof(more), " ports=%u-%u", first, first + record->ports - 1u);
	log_always("NAT %s %s inside=%s outside=%s%s at=%s.%03uZ", kind_names[record->kind],
		record->created ? "created" : "deleted", inside, outside, more, when,
		(unsigned int)(wall_ms % 1000));
}

void
nat_log_write_lines(struct thread *self, struct nat_log *log, uint32_t budget)
{
	struct nat_log_record records[LINES_AT_ONCE];
	uint64_t dropped;
	unsigned int count;

	if (!log)
		return;
	do {
		count = rte_ring_dequeue_burst_elem(log->ring, records, sizeof(records[0]),
			RTE_MIN(budget, (uint32_t)LINES_AT_ONCE), NULL);
		for (unsigned int i = 0; i < count; i++)
			line_write(&records[i]);
		budget -= count;
		event_count(self->counters, EVENT_NAT_LOG_LINES, count);
	} while (count > 0 && budget > 0);
	dropped = counters_event_sum(EVENT_NAT_LOG_DROPPED);
	/* Where there is room again: at most one such line for a full ring. */
	if (dropped != log->dropped_told && rte_ring_empty(log->ring)) {
		log_always("NAT log: %llu lines are missing before this one",
			(unsigned long long)(dropped - log->dropped_told));
		log->dropped_told = dropped;
	}
}
