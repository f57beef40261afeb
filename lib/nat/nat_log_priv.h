/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NAT log (nat.log): who had which outside endpoint, and when; not with whom (RFC 6888 REQ-12). One
 * line when a dynamic binding is made and one when it ends; where ports come in blocks, or whole
 * addresses are leased, one for each of these instead.
 *
 * Workers put short records into a ring and never wait: when it is full the record is dropped and
 * counted. The control lcore makes the lines of them.
 *
 * Synchronization: nat_log_note() from any thread; the rest on the control lcore.
 */
#ifndef NAT_NAT_LOG_PRIV_H
#define NAT_NAT_LOG_PRIV_H

#include "nat.h"

enum { NAT_LOG_RECORDS = 16384 };

enum nat_log_kind { NAT_LOG_BINDING, NAT_LOG_BLOCK, NAT_LOG_ADDRESS };

struct nat_log_record {
	uint64_t at_ms; /* clock_now_ms() */
	rte_be32_t inside, outside;
	rte_be16_t inside_port, outside_port; /* block: its first port */
	uint16_t ports; /* block: how many */
	uint8_t kind, proto;
	bool created;
	uint8_t spare[7]; /* 32 bytes */
};

struct nat_log;

/** NULL and rte_errno. Bring-up. */
struct nat_log *nat_log_create(int socket);
void nat_log_destroy(struct nat_log *log);
size_t nat_log_memory(void);

/** Note it; counted when there is no room. `log` NULL: nothing is logged. Any thread. */
void nat_log_note(struct thread *self, struct nat_log *log, struct nat_log_record record);

/** Write at most `budget` lines. The control lcore, offline: a write may take its time. */
void nat_log_write_lines(struct thread *self, struct nat_log *log, uint32_t budget);

#endif
