/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a response answers. It belongs to a request that was seen on its way in the other direction: the
 * branch of the first Via, the number and the method of the CSeq are the same (RFC 3261 17.1.3). What
 * answers nothing is a straggler or forged. It passes, as through a proxy that knows no
 * transaction for it, and changes nothing.
 *
 * The INVITE of the call may go out on several branches with one CSeq, since an element behind us forks:
 * to all targets at once, or to the next when one has refused (16.6, 16.7). So it is refused when all
 * of them are, as far as they are known, and each is heard until it is (17.1.1.2).
 *
 * Of the requests in a dialog the last one of each kind and side is known. A call that is older than
 * callgate may begin with a response: then the first one tells the branch of its INVITE. Of what else
 * passed before nothing is believed; a request that is yet to be seen brings the call up to date.
 */
#include "alg_priv.h"

/* Any value names a branch, also none at all (RFC 2543), but not 0. */
static uint32_t
branch_hash(struct slice branch)
{
	return (uint32_t)keyed_hash64(branch.at ? branch.at : "", branch.length) | 1;
}

void
branch_read(struct plan *plan)
{
	plan->via_rest = sip_header_first(plan->sip, SIP_HEADER_VIA)->value;
	if (!sip_via_next(&plan->via_rest, &plan->via, &plan->via_parameters)) {
		plan->via = (struct sip_via){.sent_by.kind = SIP_HOST_NONE};
		plan->via_parameters = (struct sip_via_parameters){.rport_number = 0};
	}
	plan->branch = branch_hash(plan->via_parameters.branch);
}

/* A response to the INVITE that makes the call, or made it. */
bool
answers_initial(const struct plan *plan)
{
	return !plan->sip->request && plan->sip->method == SIP_INVITE &&
	       plan->client_side == plan->call->caller_side &&
	       plan->sip->cseq == plan->call->invite_cseq;
}

/* Index, or CALL_BRANCHES_MAX. */
static unsigned int
branch_find(const struct call_branches *branches, uint32_t branch)
{
	unsigned int i = 0;

	while (i < CALL_BRANCHES_MAX && branches->hash[i] != branch)
		i++;
	return i;
}

bool
branch_known(const struct call_branches *branches, uint32_t branch)
{
	return branch_find(branches, branch) < CALL_BRANCHES_MAX;
}

static uint8_t
bit_remove(uint8_t bits, unsigned int index)
{
	uint8_t below = (uint8_t)((1u << index) - 1);

	return (uint8_t)((bits & below) | (bits >> 1 & ~below));
}

/* Make room: one that was refused goes, else the oldest. */
static void
branch_forget_one(struct call_branches *branches)
{
	unsigned int index = branches->refused ? (unsigned int)__builtin_ctz(branches->refused) : 0;

	branches->more |= !branches->refused;
	memmove(&branches->hash[index], &branches->hash[index + 1],
		(CALL_BRANCHES_MAX - 1 - index) * sizeof(branches->hash[0]));
	branches->hash[CALL_BRANCHES_MAX - 1] = 0;
	branches->refused = bit_remove(branches->refused, index);
	branches->cancelled = bit_remove(branches->cancelled, index);
}

void
branch_add(struct call_branches *branches, uint32_t branch)
{
	if (branch_known(branches, branch))
		return;
	if (branches->hash[CALL_BRANCHES_MAX - 1])
		branch_forget_one(branches);
	branches->hash[branch_find(branches, 0)] = branch;
}

/* Branches that were not refused yet. */
static uint8_t
branches_open(const struct call_branches *branches)
{
	uint8_t open = 0;

	for (unsigned int i = 0; i < CALL_BRANCHES_MAX && branches->hash[i]; i++)
		open |= (uint8_t)(1u << i);
	return open & (uint8_t)~branches->refused;
}

/* True: no other is open, so the INVITE is refused. */
bool
branch_refuse(struct call_branches *branches, uint32_t branch, bool challenge)
{
	unsigned int index = branch_find(branches, branch);

	if (index < CALL_BRANCHES_MAX)
		branches->refused |= (uint8_t)(1u << index);
	branches->challenged |= challenge;
	return branches_open(branches) == 0;
}

/* True: no other is open that is not cancelled, so the INVITE is. */
bool
branch_cancel(struct call_branches *branches, uint32_t branch)
{
	unsigned int index = branch_find(branches, branch);

	if (branches->hash[0] && index == CALL_BRANCHES_MAX)
		return false;
	if (index < CALL_BRANCHES_MAX)
		branches->cancelled |= (uint8_t)(1u << index);
	return (branches_open(branches) & ~branches->cancelled) == 0;
}

/* Is anything still heard on a branch of the INVITE? */
bool
branch_heard(const struct call_branches *branches, uint32_t branch)
{
	unsigned int index = branch_find(branches, branch);

	if (index == CALL_BRANCHES_MAX)
		return branches->hash[0] == 0 || branches->more;
	return !(branches->refused >> index & 1);
}

static enum asked_kind
kind_of(enum sip_method method)
{
	switch (method) {
	case SIP_INVITE:
		return ASKED_INVITE;
	case SIP_UPDATE:
		return ASKED_UPDATE;
	case SIP_PRACK:
		return ASKED_PRACK;
	case SIP_BYE:
		return ASKED_BYE;
	default:
		return ASKED_KINDS;
	}
}

static bool
may_offer(enum asked_kind kind)
{
	return kind == ASKED_UPDATE || kind == ASKED_PRACK;
}

static bool
asked_equal(const struct plan *plan, const struct asked *asked)
{
	return asked->branch == plan->branch && asked->cseq == plan->sip->cseq;
}

/* A request in a dialog, or the INVITE that made it. A late one takes no other's place. */
void
asked_note(const struct plan *plan, struct dialog *dialog)
{
	enum asked_kind kind = kind_of(plan->sip->method);
	struct asked *asked;

	if (kind == ASKED_KINDS)
		return;
	if (may_offer(kind) && plan->sip->body.length > 0)
		kind = ASKED_OFFER;
	asked = &dialog->asked[plan->client_side][kind];
	if (asked->branch == 0 || plan->sip->cseq >= asked->cseq)
		*asked = (struct asked){plan->branch, plan->sip->cseq};
}

/* Is the message of the transaction that was noted? */
bool
asked_is(const struct plan *plan, const struct dialog *dialog)
{
	enum asked_kind kind = kind_of(plan->sip->method);
	const struct asked *asked = dialog->asked[plan->client_side];

	return asked_equal(plan, &asked[kind]) ||
	       (may_offer(kind) && asked_equal(plan, &asked[ASKED_OFFER]));
}

/* After the dialog was looked for, and before one is made. */
bool
response_unasked(const struct plan *plan)
{
	const struct dialog *dialog = plan->dialog;

	if (plan->sip->request)
		return false;
	if (answers_initial(plan))
		return !branch_heard(&plan->call->branches, plan->branch);
	if (!dialog || kind_of(plan->sip->method) == ASKED_KINDS)
		return false;
	return !asked_is(plan, dialog);
}
