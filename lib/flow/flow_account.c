/* SPDX-License-Identifier: BSD-3-Clause */
/* Overview in flow_account.h. */
#include "flow_account.h"

#include "flow_priv.h"
#include "tcp.h"

void
flow_table_accounts(struct flow_table *table, struct flow_account *accounts)
{
	table->accounts = accounts;
}

/* relaxed throughout: each gauge stands by itself. No worker passes a limit that another has filled. A place taken
 * and given back because a further limit refuses may, for that moment, refuse another worker the last one. */
static bool
gauge_take(_Atomic uint32_t *gauge, uint32_t max)
{
	uint32_t count = atomic_load_explicit(gauge, memory_order_relaxed);

	do {
		if (max != 0 && count >= max)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		gauge, &count, count + 1, memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* In units of which 2^32 are a second. */
static uint64_t
rate_clock(uint64_t now_ms)
{
	return (now_ms / 1000 << 32) + (now_ms % 1000 << 32) / 1000;
}

/*
 * A bucket of `max` places, refilled one by one over a second, in one word: when it will be full. So a
 * flood has no second whose beginning it takes whole, and a worker whose clock is behind gains nothing.
 */
static bool
rate_take(struct flow_account *account, uint32_t max, uint64_t now_ms)
{
	uint64_t full = atomic_load_explicit(&account->full, memory_order_relaxed), next;
	uint64_t now = rate_clock(now_ms), place;

	if (max == 0)
		return true;
	place = (UINT64_C(1) << 32) / max;
	do {
		next = RTE_MAX(full, now);
		if (next - now > (max - 1) * place)
			return false;
		next += place;
	} while (!atomic_compare_exchange_weak_explicit(
		&account->full, &full, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}

void
flow_account_add(struct flow_account *account, bool half_open)
{
	atomic_fetch_add_explicit(&account->flows, 1, memory_order_relaxed);
	if (half_open)
		atomic_fetch_add_explicit(&account->half_open, 1, memory_order_relaxed);
}

void
flow_account_release(struct flow_account *account, bool half_open)
{
	if (half_open)
		atomic_fetch_sub_explicit(&account->half_open, 1, memory_order_relaxed);
	/* release: whoever finds nobody left finds all else done, too */
	atomic_fetch_sub_explicit(&account->flows, 1, memory_order_release);
}

enum flow_limit
flow_account_reserve(struct flow_account *account, const struct flow_limits *limits,
	uint64_t now_ms, bool half_open)
{
	enum flow_limit limit = FLOW_LIMIT_NONE;

	if (!gauge_take(&account->flows, limits->max_flows)) {
		limit = FLOW_LIMIT_FLOWS;
	} else if (half_open && !gauge_take(&account->half_open, limits->max_half_open)) {
		flow_account_release(account, false);
		limit = FLOW_LIMIT_HALF_OPEN;
	} else if (!rate_take(account, limits->max_new_per_second, now_ms)) {
		flow_account_release(account, half_open);
		limit = FLOW_LIMIT_RATE;
	}
	if (limit != FLOW_LIMIT_NONE)
		atomic_fetch_add_explicit(&account->refused[limit - 1], 1, memory_order_relaxed);
	return limit;
}

void
flow_account_return(struct flow_table *table, uint32_t word)
{
	uint32_t number = word & ~(uint32_t)FLOW_HALF_OPEN;

	for (; number != 0; number = table->accounts[number].parent)
		flow_account_release(&table->accounts[number], word & FLOW_HALF_OPEN);
}

static void
account_enter(struct flow_table *table, uint32_t word)
{
	uint32_t number = word & ~(uint32_t)FLOW_HALF_OPEN;

	for (; number != 0; number = table->accounts[number].parent)
		flow_account_add(&table->accounts[number], word & FLOW_HALF_OPEN);
}

/* Of an account and its parents. */
static void
half_open_count(struct flow_table *table, uint32_t number, bool more)
{
	for (; number != 0; number = table->accounts[number].parent) {
		if (more)
			atomic_fetch_add_explicit(
				&table->accounts[number].half_open, 1, memory_order_relaxed);
		else
			atomic_fetch_sub_explicit(
				&table->accounts[number].half_open, 1, memory_order_relaxed);
	}
}

/*
 * The state is read again after each change of the word, and both are sequentially consistent here, so
 * that of two workers that move one connection the last one leaves the word as the state is.
 */
void
flow_account_tcp(struct flow_table *table, struct flow *flow)
{
	for (;;) {
		uint32_t word, number;
		bool opening;

		atomic_thread_fence(memory_order_seq_cst);
		word = atomic_load(&flow->account);
		number = word & ~(uint32_t)FLOW_HALF_OPEN;
		opening = tcp_phase_of(atomic_load(&flow->tcp_state)) == TCP_OPENING;
		if (number == 0 || number == FLOW_ACCOUNT_ENDED ||
			opening == !!(word & FLOW_HALF_OPEN))
			return;
		if (atomic_compare_exchange_strong(&flow->account, &word, word ^ FLOW_HALF_OPEN))
			half_open_count(table, number, opening);
	}
}

/* The bit stands while the connection opens only, so there is no state to look at. */
void
flow_account_refused(struct flow_table *table, struct flow *flow)
{
	uint32_t word = atomic_load(&flow->account);

	do {
		if (!(word & FLOW_HALF_OPEN))
			return;
	} while (!atomic_compare_exchange_strong(&flow->account, &word, word ^ FLOW_HALF_OPEN));
	half_open_count(table, word ^ FLOW_HALF_OPEN, false);
}

void
flow_account_move(struct flow_table *table, struct flow *flow, uint32_t number)
{
	uint32_t word = atomic_load(&flow->account);

	for (;;) {
		uint32_t from = word & ~(uint32_t)FLOW_HALF_OPEN, next;

		if (from == number || from == FLOW_ACCOUNT_ENDED)
			return;
		/* What counted nowhere was not followed; flow_account_tcp() sets it right. */
		next = number == 0 ? 0 : number | (word & FLOW_HALF_OPEN);
		account_enter(table, next);
		if (atomic_compare_exchange_strong(&flow->account, &word, next)) {
			flow_account_return(table, word);
			return;
		}
		flow_account_return(table, next);
		word = atomic_load(&flow->account);
	}
}

void
flow_account_end(struct flow_table *table, struct flow *flow)
{
	flow_account_return(table, atomic_exchange(&flow->account, FLOW_ACCOUNT_ENDED));
}
