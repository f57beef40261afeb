/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offers and answers: what a description is. RFC 3264, RFC 6337; RFC 3261 13.2.1 and 14 (INVITE),
 * RFC 3262 5 (PRACK), RFC 3311 5 (UPDATE).
 *
 * An offer and its answer belong to one transaction: a request is answered in its response, a
 * response in the ACK or in a PRACK that names the same INVITE. So the role of a description is a
 * table: what kind of message has it, and how that message's transaction stands to what the dialog
 * knows. Repetitions and stragglers of older transactions change nothing; their addresses are
 * edited as what stands says.
 *
 * Pure: nothing here changes a record.
 */
#include "alg_priv.h"
#include "sip/sequence.h"

/* How the message's transaction stands to the dialog. */
enum relation {
	RELATION_AWAITED, /* the other side's offer waits for just this message */
	RELATION_WAITING, /* the sender's own offer in this transaction waits already */
	RELATION_OPEN, /* nothing of it is known: it may bring an offer */
	RELATION_EARLY, /* answered, but by an unreliable 1xx alone */
	RELATION_DONE, /* answered, or refused */
	RELATION_OLD, /* a newer one has taken its place, or the dialog is not known */
	RELATIONS
};

#define OFFER  MEDIA_OFFER
#define ANSWER MEDIA_ANSWER
#define AMEND  MEDIA_AMEND
#define REPEAT MEDIA_REPEAT
#define TEXT   MEDIA_TEXT

/* clang-format off */
static const uint8_t roles[MESSAGE_KINDS][RELATIONS] = {
	/*                     AWAITED  WAITING  OPEN     EARLY    DONE     OLD */
	[KIND_OTHER]       = { TEXT,    TEXT,    TEXT,    TEXT,    TEXT,    TEXT },
	[KIND_INVITE]      = { REPEAT,  REPEAT,  OFFER,   REPEAT,  REPEAT,  REPEAT },
	[KIND_REINVITE]    = { REPEAT,  REPEAT,  OFFER,   REPEAT,  REPEAT,  REPEAT },
	[KIND_UPDATE]      = { REPEAT,  REPEAT,  OFFER,   REPEAT,  REPEAT,  REPEAT },
	[KIND_PRACK]       = { ANSWER,  REPEAT,  OFFER,   REPEAT,  REPEAT,  REPEAT },
	[KIND_ACK]         = { ANSWER,  REPEAT,  ANSWER,  REPEAT,  REPEAT,  REPEAT },
	[KIND_PROVISIONAL] = { ANSWER,  OFFER,   OFFER,   AMEND,   REPEAT,  REPEAT },
	[KIND_PREVIEW]     = { OFFER,   OFFER,   OFFER,   REPEAT,  REPEAT,  REPEAT },
	[KIND_SUCCESS]     = { ANSWER,  OFFER,   OFFER,   AMEND,   REPEAT,  REPEAT },
	[KIND_RESULT]      = { ANSWER,  REPEAT,  REPEAT,  REPEAT,  REPEAT,  REPEAT },
};
/* clang-format on */

bool
offer_belongs(const struct description *offer, bool in_response, uint32_t cseq)
{
	return offer->set && offer->in_response == in_response && offer->cseq == cseq;
}

bool
provisional_reliable(const struct plan *plan)
{
	return sip_header_first(plan->sip, SIP_HEADER_RSEQ) != NULL;
}

static enum message_kind
response_kind(const struct plan *plan)
{
	const struct sip_message *sip = plan->sip;

	if (sip->status <= 100 || sip->status >= 300)
		return KIND_OTHER;
	switch (sip->method) {
	case SIP_INVITE:
		if (sip->status >= 200)
			return KIND_SUCCESS;
		return plan->dialog && plan->dialog->state == DIALOG_CONFIRMED &&
				       !provisional_reliable(plan)
			       ? KIND_PREVIEW
			       : KIND_PROVISIONAL;
	case SIP_PRACK:
	case SIP_UPDATE:
		return sip->status >= 200 ? KIND_RESULT : KIND_OTHER;
	default:
		return KIND_OTHER;
	}
}

enum message_kind
message_kind(const struct plan *plan)
{
	if (!plan->sip->request)
		return response_kind(plan);
	switch (plan->sip->method) {
	case SIP_INVITE:
		return plan->to_tag || plan->dialog ? KIND_REINVITE : KIND_INVITE;
	case SIP_UPDATE:
		return KIND_UPDATE;
	case SIP_PRACK:
		return KIND_PRACK;
	case SIP_ACK:
		return KIND_ACK;
	default:
		return KIND_OTHER;
	}
}

/* The first INVITE has no dialog: its offer stands in the call. */
static enum relation
invite_relation(const struct plan *plan)
{
	const struct call *call = plan->call;
	uint32_t cseq = plan->sip->cseq;

	if (plan->new_call || plan->new_branch || cseq > call->invite_cseq)
		return RELATION_OPEN;
	if (cseq < call->invite_cseq)
		return RELATION_OLD;
	return (call->state == CALL_CALLING || call->state == CALL_PROCEEDING) && call->offer.set
		       ? RELATION_WAITING
		       : RELATION_DONE;
}

/* The INVITE whose reliable response a PRACK acknowledges. */
bool
prack_invite(const struct plan *plan, uint32_t *cseq)
{
	const struct sip_header *header = sip_header_first(plan->sip, SIP_HEADER_RACK);
	struct sip_rack rack;

	if (!header || !sip_rack_parse(header->value, &rack) || rack.cseq.method != SIP_INVITE)
		return false;
	*cseq = rack.cseq.number;
	return true;
}

/* A PRACK that does not say which response it means can only mean the one that offered. */
static bool
prack_answers(const struct plan *plan)
{
	const struct description *offer = &plan->dialog->offer[1 - plan->side];
	uint32_t cseq;

	if (prack_invite(plan, &cseq))
		return offer_belongs(offer, true, cseq);
	return offer->set && offer->in_response;
}

/* A PRACK that crosses the refusal of its INVITE: it answers what was offered there, if it says anything. */
static bool
prack_is_late(const struct plan *plan)
{
	const struct dialog *dialog = plan->dialog;
	uint32_t cseq;

	return dialog->invite_refused >> plan->side & 1 && prack_invite(plan, &cseq) &&
	       cseq <= dialog->invite_cseq[plan->side];
}

static enum relation
request_relation(const struct plan *plan, enum message_kind kind)
{
	const struct dialog *dialog = plan->dialog;
	uint8_t side = plan->side;
	uint32_t cseq = plan->sip->cseq;

	if (kind == KIND_PRACK && prack_answers(plan))
		return RELATION_AWAITED;
	if (kind == KIND_PRACK && prack_is_late(plan))
		return RELATION_OLD;
	if (dialog->sequenced >> side & 1) {
		if (cseq < dialog->highest_cseq[side])
			return RELATION_OLD;
		if (cseq == dialog->highest_cseq[side])
			return offer_belongs(&dialog->offer[side], false, cseq) ? RELATION_WAITING
										: RELATION_DONE;
	}
	return RELATION_OPEN;
}

static bool
exchange_is_of(const struct dialog *dialog, uint8_t client, uint32_t cseq)
{
	return dialog->exchange != EXCHANGE_NONE && dialog->exchange_side == client &&
	       dialog->exchange_cseq == cseq;
}

static enum relation
ack_relation(const struct plan *plan)
{
	const struct dialog *dialog = plan->dialog;
	uint32_t cseq = plan->sip->cseq;

	if (offer_belongs(&dialog->offer[1 - plan->side], true, cseq))
		return RELATION_AWAITED;
	if (exchange_is_of(dialog, plan->side, cseq))
		return RELATION_DONE;
	return plan->new_call ? RELATION_OPEN : RELATION_OLD;
}

static enum relation
response_relation(const struct plan *plan, enum message_kind kind)
{
	const struct dialog *dialog = plan->dialog;
	const struct description *own = &dialog->offer[plan->side];
	uint8_t client = plan->client_side;
	uint32_t cseq = plan->sip->cseq;
	bool own_of_other = own->set && !offer_belongs(own, true, cseq);

	if (offer_belongs(&dialog->offer[client], false, cseq))
		return kind == KIND_PREVIEW && own_of_other ? RELATION_OLD : RELATION_AWAITED;
	if (exchange_is_of(dialog, client, cseq))
		return dialog->exchange == EXCHANGE_EARLY ? RELATION_EARLY : RELATION_DONE;
	if (kind == KIND_RESULT || own_of_other)
		return RELATION_OLD;
	if (own->set)
		return RELATION_WAITING;
	return dialog->invite_open >> client & 1 && dialog->invite_cseq[client] == cseq
		       ? RELATION_OPEN
		       : RELATION_OLD;
}

static enum relation
relation_of(const struct plan *plan, enum message_kind kind)
{
	if (kind == KIND_INVITE)
		return invite_relation(plan);
	if (!plan->dialog)
		return RELATION_OLD;
	if (kind == KIND_ACK)
		return ack_relation(plan);
	return plan->sip->request ? request_relation(plan, kind) : response_relation(plan, kind);
}

enum media_role
negotiation_role(const struct plan *plan)
{
	enum message_kind kind = message_kind(plan);

	if (!plan->call)
		return MEDIA_TEXT;
	if (plan->unasked)
		return kind == KIND_OTHER ? MEDIA_TEXT : MEDIA_REPEAT;
	return (enum media_role)roles[kind][relation_of(plan, kind)];
}

/* The offer that the message's description answers, for good or until the 2xx; NULL: it offers. */
const struct description *
negotiation_peer(const struct plan *plan)
{
	const struct dialog *dialog = plan->dialog;
	uint8_t other = 1 - plan->side;

	if (plan->role == MEDIA_AMEND)
		return &dialog->committed[other];
	if (plan->role == MEDIA_ANSWER)
		return &dialog->offer[other];
	if (plan->role == MEDIA_OFFER && !plan->sip->request &&
		offer_belongs(&dialog->offer[other], false, plan->sip->cseq))
		return &dialog->offer[other];
	return NULL;
}
