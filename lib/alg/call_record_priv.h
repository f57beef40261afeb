/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gathering call records: one beside each call, in an array of the worker's by the call's index, and a ring
 * for those that have ended. Without system.cdr there is neither, and each function returns at once.
 *
 * A stream's packets are those of the flows that end with its doors and pinholes: who closes these lists
 * the flows before and adds up those that are gone after. So each is counted once, however many hold it.
 */
#ifndef ALG_CALL_RECORD_PRIV_H
#define ALG_CALL_RECORD_PRIV_H

#include <rte_ring.h>

#include "alg/call_record.h"
#include "flow/pinhole.h"

struct alg_worker;
struct call;
struct config;
struct opening;
struct plan;

enum {
	CALL_RECORD_RING = 2048, /* of each worker */
	CALL_RECORD_FLOWS = 2 * PINHOLE_FLOWS_MAX, /* through one endpoint */
};

/* Flows through an opening that may be about to close. */
struct call_record_flows {
	unsigned int count; /* 0: none, or nothing is to be counted */
	const struct flow *flow[CALL_RECORD_FLOWS];
};

/* Bring-up. */
int call_records_create(struct alg_worker *worker, uint32_t calls, int socket);
void call_records_destroy(struct alg_worker *worker);
size_t call_records_memory(const struct config *config, uint32_t calls);

/* All that follows: the owner of the call. */
void call_record_begin(const struct plan *plan, const struct call *call);
/* The message that began it does not leave: there has been no call. */
void call_record_void(struct alg_worker *worker, const struct call *call);
/* A description was read: what its streams are. */
void call_record_types(const struct plan *plan);
/* A response to an INVITE; `initial`: to the one that began the call. */
void call_record_answer(const struct plan *plan, bool initial);
/* A response that may end the call by what it refuses. */
void call_record_refusal(const struct plan *plan);
void call_record_bye(const struct plan *plan);
/* A timer ends it. */
void call_record_due(struct alg_worker *worker, const struct call *call, uint32_t now_s);
/* What a side has said goes: remember its endpoints. `agreed`: it was of a confirmed dialog. */
void call_record_description(
	struct alg_worker *worker, uint32_t set, unsigned int side, bool agreed);
void call_record_look(const struct alg_worker *worker, const struct opening *opening,
	struct call_record_flows *flows);
void call_record_count(struct alg_worker *worker, const struct opening *opening,
	const struct call_record_flows *flows);
/* The call ends: before what it holds goes, and after. */
void call_record_close(struct thread *self, struct alg_worker *worker, const struct call *call);
void call_record_tell(struct thread *self, struct alg_worker *worker, const struct call *call);

#endif
