/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One message, from text to text: count, read, find its call, open its media, rewrite its headers,
 * apply the edits, and only then move the call on. What fails before that leaves nothing behind.
 */
#include "alg_priv.h"
#include "core/log.h"
#include "sip/seconds.h"

/*
 * Which end names the record (see struct call_end): the one behind the NAT; without one, that of
 * the lower zone, since zones are listed from the inside out; in one zone both.
 */
static void
end_choose(struct plan *plan)
{
	const struct alg_message *message = plan->message;
	uint8_t source_zone = realm_zone(message->source_realm);
	uint8_t destination_zone = realm_zone(message->destination_realm);
	bool source_is_end;

	plan->end.second = 0;
	if (plan->outward != plan->inward) {
		source_is_end = plan->outward;
	} else if (!plan->outward && source_zone != destination_zone) {
		source_is_end = source_zone < destination_zone;
	} else {
		source_is_end = rte_be_to_cpu_32(plan->real_source) <
				rte_be_to_cpu_32(plan->real_destination);
		plan->end.second = source_is_end ? plan->real_destination : plan->real_source;
	}
	plan->end.address = source_is_end ? plan->real_source : plan->real_destination;
	plan->end.zone = source_is_end ? source_zone : destination_zone;
	plan->side = source_is_end ? 0 : 1;
}

/* By which a message leaves or came in; of a hairpin that on which its sender is seen; -1: any. */
static int
outside_interface(const struct plan *plan, enum nat_side from, enum nat_side to)
{
	const struct binding *binding;

	if (to == NAT_SIDE_OUTSIDE)
		return plan->path->egress;
	if (from == NAT_SIDE_OUTSIDE)
		return plan->message->flow->path[!plan->message->direction].egress;
	binding = plan_binding(plan, true);
	return binding ? binding->inside.scope - 1 : -1;
}

static void
plan_begin(struct plan *plan, struct thread *self, struct alg_worker *worker,
	struct alg_message *message)
{
	const struct flow_path *path = &message->flow->path[message->direction];
	enum nat_side from = realm_side(message->source_realm);
	enum nat_side to = realm_side(message->destination_realm);

	plan->self = self;
	plan->worker = worker;
	plan->message = message;
	plan->path = path;
	plan->sip = &worker->sip;
	plan->edits = &worker->edits;
	plan->real_source = path->key.src;
	plan->real_destination = path->new_dst;
	plan->outside_interface = outside_interface(plan, from, to);
	plan->outward = plan->inward = false;
	/* relaxed: this bit is as old as the flow */
	if (worker->alg->nat &&
		!(atomic_load_explicit(&path->ops, memory_order_relaxed) & FLOW_NAT_EXCLUDED)) {
		plan->outward = path->new_src != path->key.src ||
				path->new_src_port != path->key.src_port ||
				(from == NAT_SIDE_INSIDE && to == NAT_SIDE_OUTSIDE);
		plan->inward = path->new_dst != path->key.dst ||
			       path->new_dst_port != path->key.dst_port ||
			       (from == NAT_SIDE_OUTSIDE && to == NAT_SIDE_INSIDE);
	}
	plan->peer = plan->outward && plan->inward ? path->key.dst : path->new_dst;
	end_choose(plan);
	plan->client_side = plan->sip->request ? plan->side : 1 - plan->side;
	plan->from_tag = tag_hash(plan->sip->from_tag);
	plan->to_tag = tag_hash(plan->sip->to_tag);
	plan->call = NULL;
	plan->known = NULL;
	plan->dialog = plan->evicted = NULL;
	plan->gone = NULL;
	plan->new_call = plan->new_dialog = plan->stray = plan->retransmission = false;
	plan->branch = 0;
	plan->new_branch = plan->unasked = plan->foreign = plan->joined = false;
	plan->role = MEDIA_NONE;
	plan->description_new = (struct description){0};
	plan->wanted_count = 0;
	plan->opened_count = plan->changed_count = plan->spelled_count = 0;
	plan->from_host = plan->to_host = 0;
	plan->session_expires = 0;
	plan->acknowledged = 0;
	plan->permit_known = false;
	plan->drop = ALG_FORWARD;
	sip_edits_begin(plan->edits, message->text);
}

static void
retransmission_note(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;

	if (plan->new_call || !plan->call || !sip->request || sip->method != SIP_INVITE)
		return;
	if (plan->to_tag || plan->dialog
			? plan->dialog && plan->dialog->sequenced >> plan->side & 1 &&
				  plan->dialog->invite_cseq[plan->side] == sip->cseq
			: plan->call->invite_cseq == sip->cseq && !plan->new_branch)
		sip_count(plan->worker, SIP_COUNT_RETRANSMISSION, 1);
}

static void
session_note(struct plan *plan)
{
	const struct sip_header *header;
	struct sip_session_expires session;

	if (plan->sip->request || plan->sip->status / 100 != 2)
		return;
	header = sip_header_first(plan->sip, SIP_HEADER_SESSION_EXPIRES);
	if (!header || !sip_session_expires_parse(header->value, &session) || session.seconds == 0)
		return; /* 0, like what is no number, is none */
	if (session.seconds < SESSION_MIN_S)
		session.seconds = SESSION_MIN_S;
	plan->session_expires = RTE_MIN(session.seconds, UINT32_MAX / 4);
}

/* Noted while the headers can be read: the edits move them. */
static void
acknowledged_note(struct plan *plan)
{
	uint32_t cseq;

	if (plan->call && plan->sip->request && plan->sip->method == SIP_PRACK &&
		prack_invite(plan, &cseq))
		plan->acknowledged = cseq;
}

/* Plan everything; plan->drop says how it went. */
static void
plan_make(struct plan *plan)
{
	call_attach(plan);
	if (plan->call)
		statistics_choose_call(plan->worker, plan->call);
	if (plan->drop == ALG_FORWARD)
		dialog_attach(plan);
	if (plan->drop == ALG_FORWARD) {
		retransmission_note(plan);
		session_note(plan);
		acknowledged_note(plan);
		sdp_plan(plan);
	}
	contact_begin(plan);
	if (plan->drop == ALG_FORWARD)
		rewrite_headers(plan);
	if (plan->drop == ALG_FORWARD && plan->call && plan->opened_count)
		peer_open(plan);
	if (plan->drop == ALG_FORWARD)
		sdp_rewrite(plan);
}

static void
plan_apply(struct plan *plan)
{
	struct alg_message *message = plan->message;
	int64_t length;

	if (plan->edits->count == 0 && !plan->edits->overflow)
		return;
	sip_edits_content_length(plan->edits, plan->sip);
	length = sip_edits_apply(plan->edits, message->text, message->length, message->capacity);
	if (length < 0) {
		plan_fail(plan, DROP_SIP_TOO_LONG, SIP_COUNT_TOO_LONG);
		return;
	}
	message->length = (uint32_t)length;
	message->edited = true;
	message->edits = plan->edits;
}

/* A STUN message on the port of SIP (RFC 5626 4.4.2), known by its magic cookie (RFC 8489 5). */
static bool
is_stun(const struct alg_message *message)
{
	return message->length >= 20 && (message->text[0] & 0xc0) == 0 &&
	       memcmp(message->text + 4, "\x21\x12\xa4\x42", 4) == 0;
}

/* Phones keep their NAT binding alive with a few bytes, or with nothing but white space or NULs. */
static bool
is_keepalive(const struct alg_message *message)
{
	if (message->length <= 4 || is_stun(message))
		return true;
	for (uint32_t i = 0; i < message->length; i++) {
		if (!strchr(" \t\r\n", message->text[i])) /* finds NUL, too */
			return false;
	}
	return true;
}

/* Not SIP, or not readable: layer 4 alone, or dropped. */
static int
message_unreadable(
	struct alg_worker *worker, const struct alg_message *message, enum sip_error error)
{
	const uint8_t *source;

	if (error == SIP_ERROR_NOT_SIP && is_keepalive(message)) {
		sip_count(worker, SIP_COUNT_KEEPALIVE, 1);
		return ALG_FORWARD;
	}
	sip_count(worker, (enum sip_counter)(SIP_COUNT_ERROR_EMPTY + error - SIP_ERROR_EMPTY), 1);
	if (error == SIP_ERROR_EMPTY) {
		sip_count(worker, SIP_COUNT_KEEPALIVE, 1);
		return ALG_FORWARD;
	}
	sip_count(worker, SIP_COUNT_MALFORMED, 1);
	source = (const uint8_t *)&message->flow->path[message->direction].key.src;
	LOG_RATED(DEBUG, "SIP messages that cannot be read",
		"SIP message of %u.%u.%u.%u cannot be read: %s", source[0], source[1], source[2],
		source[3], sip_error_name(error));
	return worker->alg->config->sip.malformed == MALFORMED_DROP ? DROP_SIP_MALFORMED
								    : ALG_FORWARD;
}

/* Not so a REGISTER or PUBLISH: they have no call (begin.c), and many come where there are phones. */
static bool
may_lead(const struct alg_message *message)
{
	return message->call_id && memcmp(message->text, "REG", 3) != 0 &&
	       memcmp(message->text, "PUB", 3) != 0;
}

int
alg_message_process(struct thread *self, struct alg_worker *worker, struct alg_message *message)
{
	struct sip_statistics *statistics;
	const struct alg_lead *lead = message->lead;
	struct alg_lead found;
	const struct history_counts before = history_counts(self);
	enum sip_error error;
	struct plan plan;

	message->edited = false;
	if (!lead && may_lead(message)) {
		alg_seek(worker, message->call_id, 1, &found);
		lead = &found;
	}
	error = sip_message_parse(message->text, message->length, &worker->sip);
	if (error != SIP_OK) {
		sip_count_text(worker, message);
		return message_unreadable(worker, message, error);
	}
	if (lead == &found)
		lead_follow(worker, lead);
	sip_count_message(worker, message);
	statistics = worker->counted;
	plan_begin(&plan, self, worker, message);
	plan.lead = lead;
	plan_make(&plan);
	if (plan.drop == ALG_FORWARD)
		plan_apply(&plan);
	if (plan.drop != ALG_FORWARD) {
		plan_rollback(&plan);
		history_note(&worker->history, &plan, &before);
		return plan.drop;
	}
	counter_add(&statistics->count[message->edited ? SIP_COUNT_EDITED : SIP_COUNT_UNEDITED], 1);
	plan_commit(&plan);
	if (plan.call)
		call_advance(&plan);
	history_note(&worker->history, &plan, &before);
	return ALG_FORWARD;
}
