/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounts: for whom flows count. A flow of the firewall has one, of its zone pair and class; that has
 * the zone pair's as its parent, which counts the flows of all its classes.
 *
 * Whoever means to make a flow reserves it first, so that two workers never both take the last place;
 * flow_create() then owns the reservation. The flow's word (struct flow, `account`) names its account
 * and says whether it counts as half open. Whatever leaves an account does so by one atomic change of
 * this word, so that each flow is counted down once: when it ends, when it is moved to another account
 * by a new policy, and in half_open when its TCP handshake is over.
 *
 * Synchronization: atomic words, no lock; written when flows come and go, and by TCP handshakes,
 * never by packets of an established flow. Number 0 is no account.
 */
#ifndef FLOW_FLOW_ACCOUNT_H
#define FLOW_FLOW_ACCOUNT_H

#include "flow.h"

enum flow_limit {
	FLOW_LIMIT_NONE,
	FLOW_LIMIT_FLOWS,
	FLOW_LIMIT_HALF_OPEN,
	FLOW_LIMIT_RATE,
	FLOW_LIMITS
};

/* 0: no limit. */
struct flow_limits {
	uint32_t max_flows, max_half_open, max_new_per_second;
};

struct flow_account {
	_Atomic uint32_t flows, half_open; /* that stand now */
	_Atomic uint64_t full; /* when max_new_per_second may begin at once again; 2^-32 s */
	_Atomic uint64_t packets, bytes; /* first packets that matched, flows or not */
	_Atomic uint64_t refused[FLOW_LIMITS - 1]; /* by limit less 1 */
	uint32_t parent; /* 0: none; immutable while anything counts here */
} __rte_cache_aligned;
static_assert(sizeof(struct flow_account) == RTE_CACHE_LINE_SIZE, "an account is one cache line");

enum {
	FLOW_HALF_OPEN = 1 << 30, /* in a flow's word, beside the number of its account */
	FLOW_ACCOUNT_ENDED = FLOW_HALF_OPEN - 1, /* the flow has ended and counts nowhere */
};

/** Where the accounts are; they stay as long as flows do. Bring-up. */
void flow_table_accounts(struct flow_table *table, struct flow_account *accounts);

/**
 * One more flow, if neither limit of this account refuses it. The account's parent is not asked.
 * FLOW_LIMIT_NONE, or the limit that refused (counted). Any worker.
 */
enum flow_limit flow_account_reserve(struct flow_account *account, const struct flow_limits *limits,
	uint64_t now_ms, bool half_open);

/** One more, whatever its limits. Any thread. */
void flow_account_add(struct flow_account *account, bool half_open);

/** Give a reservation of this account alone back. Any thread. */
void flow_account_release(struct flow_account *account, bool half_open);

/** The same by number (with FLOW_HALF_OPEN or not), and in its parents. */
void flow_account_return(struct flow_table *table, uint32_t word);

/** The flow's TCP state has changed: does it still count as half open? Any worker. */
void flow_account_tcp(struct flow_table *table, struct flow *flow);

/**
 * A RST of the end that was asked: the handshake is refused, and half open no longer. Should it go on after
 * all, flow_account_tcp() counts it again. Any worker.
 */
void flow_account_refused(struct flow_table *table, struct flow *flow);

/** A standing flow counts for `number` from now on, whatever its limits. Any worker. */
void flow_account_move(struct flow_table *table, struct flow *flow, uint32_t number);

/** The flow ends; by whoever won its end. */
void flow_account_end(struct flow_table *table, struct flow *flow);

/** Number of a flow's account, 0: none. Any thread. */
static inline uint32_t
flow_account_of(const struct flow *flow)
{
	/* relaxed: a display value */
	uint32_t number = atomic_load_explicit(&flow->account, memory_order_relaxed) &
			  ~(uint32_t)FLOW_HALF_OPEN;

	return number == FLOW_ACCOUNT_ENDED ? 0 : number;
}

#endif
