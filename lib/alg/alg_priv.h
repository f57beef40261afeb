/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the ALG share: records, one worker's state, and the plan of one message.
 *
 * Everything here belongs to one worker and is touched by it alone, except the words marked
 * _Atomic, which the control lcore reads (sweep) and telemetry threads read (gauges).
 */
#ifndef ALG_ALG_PRIV_H
#define ALG_ALG_PRIV_H

#include <stdatomic.h>

#include <rte_hash.h>
#include <rte_spinlock.h>

#include "alg/alg.h"
#include "call_record_priv.h"
#include "core/drop.h"
#include "history_priv.h"
#include "limit_priv.h"
#include "media_priv.h"
#include "record_priv.h"
#include "signalling_priv.h"
#include "sip/edit.h"
#include "sip/message.h"
#include "sip/multipart.h"
#include "sip/sdp.h"
#include "sip/uri.h"
#include "slab.h"

enum {
	RECORDS_A_STEP = 512, /* looked at between two bursts: some 50 us */
	TRANSACTION_S = 32, /* 64 * T1, RFC 3261 17.1 */
	SESSION_MIN_S = 90, /* RFC 4028 4 */
	/* Objects a record, on average; the slabs are shared by all calls of a worker. */
	OPENINGS_PER_CALL = 10,
	SETS_PER_CALL = 4,
	DIALOGS_PER_CALL = 2,
	/* Changes of a message to what stands; each spelling goes with an edit. */
	PLAN_CHANGES_MAX = PLAN_OPENINGS_MAX,
	PLAN_SPELLINGS_MAX = SIP_EDITS_MAX,
};

struct alg_worker {
	struct alg *alg;
	uint8_t id;
	struct rte_hash *table; /* Call-ID's hash to its first call; this thread alone: no flags */
	uint32_t table_changes; /* first records that came or went */
	struct slab calls, dialogs, sets, openings;
	uint32_t tombstone_first, tombstone_last;
	_Atomic uint32_t call_count; /* live records; readers: any */
	_Atomic uint32_t call_high; /* highest index ever used; reader: control lcore */
	/* Scratch of one message, not cleared between messages. */
	struct sip_message sip;
	struct sdp sdp;
	struct sip_edits edits;
	struct wanted wanted[WANTED_MAX];
	struct sip_statistics *statistics; /* a block for each pair of zones */
	struct sip_statistics *counted; /* of the message or timer at hand */
	uint32_t clear_next, clear_s; /* "clear sip calls": next record, 0: none; when it came */
	uint32_t pending; /* calls without a final answer */
	struct contact_notes contacts;
	struct history history;
	struct call_record *records; /* by the call's index; NULL: system.cdr is off */
	struct rte_ring *told; /* of calls that have ended; taken by the control lcore */
} __rte_cache_aligned;

struct host_table;
struct account_table;

struct alg {
	const struct config *config;
	struct nat *nat;
	struct pinhole_table *pinholes;
	struct flow_table *flows;
	const struct route_table *routes;
	const struct interface_table *interfaces;
	struct host_table *hosts; /* NULL: no limit */
	struct blacklist *blacklist; /* NULL: off */
	struct account_table *accounts;
	struct sip_statistics *cleared; /* where each pair's sums stood; any telemetry thread */
	unsigned int workers, zones;
	uint8_t owner_map[256];
	uint32_t sweep_worker, sweep_index; /* control lcore */
	uint32_t records_worker; /* whose records come next; control lcore */
	uint32_t finish_worker, finish_call; /* control lcore */
	struct alg_worker *worker[WORKERS_MAX];
};

/* What a description is to its dialog (negotiation.c). */
enum media_role {
	MEDIA_NONE, /* there is no description */
	MEDIA_TEXT, /* it is no part of a call here: nothing opens */
	MEDIA_OFFER,
	MEDIA_ANSWER,
	MEDIA_AMEND, /* another answer to the offer that an unreliable 1xx answered */
	MEDIA_REPEAT, /* known or outdated: edited as what stands says; changes nothing */
};

/* One signalling endpoint opened by this message. */
struct plan_opening {
	uint32_t index;
	bool held; /* the call keeps it; else it stays until until_s */
	uint32_t until_s;
};

/* A signalling opening that stood, as it was before this message named it. */
struct plan_change {
	uint32_t index;
	uint8_t kind, flags;
	bool doored; /* and it had no door */
};

/* A binding that stood, as it was spelled before this message. */
struct plan_spelling {
	struct binding *binding;
	enum spelling_class class;
	bool portless;
};

/*
 * One message on its way through the ALG. Everything it opens is listed here and given back whole
 * when a later step fails, and what it changes of that which stands has its old value here; only
 * plan_commit() hands it over to the record.
 */
struct plan {
	struct thread *self;
	struct alg_worker *worker;
	struct alg_message *message;
	const struct flow_path *path;
	struct sip_message *sip;
	struct sip_edits *edits;
	bool outward, inward; /* source, destination is behind NAT; hairpin: both */
	uint8_t side; /* who sent it: 0 the end that names the record, 1 the other */
	uint8_t client_side; /* who sent the request of this transaction */
	rte_be32_t real_source, real_destination;
	int outside_interface; /* whose rules translate this message's inside endpoints; -1: any */
	rte_be32_t peer; /* the other end as filters see it: in a hairpin its outside */
	struct call_end end;
	uint64_t from_tag, to_tag; /* 0: none */
	struct hash128 id; /* of the Call-ID */
	const struct alg_lead *lead; /* where it leads; NULL: not looked up yet */
	uint32_t first; /* record of the Call-ID, as found; 0: none */
	struct call *call; /* live record, or NULL */
	const struct call *known; /* also one that has ended: what the inside wrote */
	struct dialog *dialog;
	struct dialog *evicted; /* gives its place to the new dialog once the message leaves */
	struct call *gone; /* an ended record that gives its place likewise */
	bool new_call, new_dialog, stray; /* stray: repetition of what has ended; opens nothing */
	bool retransmission;
	uint32_t branch; /* of the first Via, hashed; 0: not looked at */
	struct sip_via via; /* the first one, unless branch is 0 */
	struct sip_via_parameters via_parameters;
	struct slice via_rest; /* of its header */
	bool new_branch; /* of the INVITE without To tag */
	bool unasked; /* a response to no request that was seen: it changes nothing */
	enum media_role role;
	uint8_t description_count; /* not written before sdp_plan() */
	bool foreign; /* it names an endpoint of the other side */
	bool joined; /* some pinhole that stood, see opening_widen() */
	bool too_many; /* descriptions, or endpoints of theirs, for what is kept of a message */
	bool alternative; /* worker->sdp is a further description of the same streams */
	struct slice description[DESCRIPTIONS_MAX];
	struct description description_new; /* of this message; its set has a reference, or is 0 */
	uint16_t wanted_count;
	uint16_t opened_count;
	uint16_t changed_count, spelled_count;
	struct plan_opening opened[PLAN_OPENINGS_MAX];
	struct plan_change changed[PLAN_CHANGES_MAX]; /* an opening once */
	struct plan_spelling spelled[PLAN_SPELLINGS_MAX]; /* the last one last */
	rte_be32_t from_host, to_host; /* identity hosts replaced by this message */
	uint32_t session_expires;
	uint32_t acknowledged; /* PRACK: the INVITE that its RAck names; 0: none */
	rte_be32_t permit_address; /* last answer of the route look-up */
	enum permission permit;
	bool permit_known, permit_inside; /* inside: it routes to an inside interface */
	int drop; /* ALG_FORWARD, or why not */
};

/* The sender as filters see it: in a hairpin its outside. */
static inline rte_be32_t
plan_sender(const struct plan *plan)
{
	return plan->outward && plan->inward ? plan->path->new_src : plan->real_source;
}

/* Over which the message came. */
static inline uint8_t
plan_proto(const struct plan *plan)
{
	return plan->path->key.proto;
}

static inline void
sip_count(struct alg_worker *worker, enum sip_counter counter, uint64_t n)
{
	counter_add(&worker->counted->count[counter], n);
}

/* What of a Call-ID's hash the table goes by. */
static inline hash_sig_t
id_signature(const struct hash128 *id)
{
	return (hash_sig_t)id->low;
}

static inline struct call *
call_at(const struct alg_worker *worker, uint32_t index)
{
	return slab_at(&worker->calls, index);
}

static inline struct dialog *
dialog_at(const struct alg_worker *worker, uint32_t index)
{
	return slab_at(&worker->dialogs, index);
}

static inline struct media_set *
set_at(const struct alg_worker *worker, uint32_t index)
{
	return slab_at(&worker->sets, index);
}

static inline struct opening *
opening_at(const struct alg_worker *worker, uint32_t index)
{
	return slab_at(&worker->openings, index);
}

/* statistics.c: whose pair counts from here on. */
void statistics_choose(
	struct alg_worker *worker, uint8_t source_realm, uint8_t destination_realm, bool response);
void statistics_choose_call(struct alg_worker *worker, const struct call *call);
uint16_t statistics_chosen(const struct alg_worker *worker);

/* Choose, and count a message, or a text that is none by what its start line looks like. */
void sip_count_message(struct alg_worker *worker, const struct alg_message *message);
void sip_count_text(struct alg_worker *worker, const struct alg_message *message);

unsigned int statistics_zones(const struct config *config);
size_t statistics_memory(unsigned int zones);
struct sip_statistics *statistics_create(unsigned int zones, int socket);

/* limit.c */
bool limit_call(struct plan *plan, struct call *call);
void limit_call_over(struct alg_worker *worker, struct call *call);
void limit_pending(struct alg_worker *worker, struct call *call);
bool limit_opening(struct plan *plan);
void limit_endpoints(struct plan *plan);

/* opening.c */
bool address_openable(const struct alg *alg, rte_be32_t address);
enum permission opening_permitted(struct plan *plan, rte_be32_t address, rte_be16_t port);
int opening_door(struct plan *plan, struct opening *opening);
void opening_doored(struct plan *plan, struct opening *opening, const struct door *door);
void opening_undo_door(const struct plan *plan, struct opening *opening);
void opening_undo(const struct plan *plan, struct opening *opening);
int opening_pin(struct plan *plan, struct opening *opening);
int opening_pin_pair(struct plan *plan, struct opening *rtp, struct opening *rtcp);
bool opening_room(const struct plan *plan);
void opening_widen(struct plan *plan, struct opening *opening);
uint32_t opening_take(struct plan *plan, const struct opening *like);
void opening_release(
	struct thread *self, struct alg_worker *worker, uint32_t index, uint32_t linger_until_s);
uint32_t opening_last_seen(const struct alg *alg, const struct opening *opening);
bool opening_translatable(struct plan *plan, const struct opening *opening);
bool endpoint_translatable(struct plan *plan, const struct endpoint *endpoint);

/* transaction.c */
void plan_fail(struct plan *plan, enum drop_reason reason, enum sip_counter counter);
void plan_fail_door(struct plan *plan, int error);
const struct opening *plan_open(struct plan *plan, const struct opening_request *request);
void plan_spell(
	struct plan *plan, struct binding *binding, enum spelling_class class, bool portless);
void plan_rollback(struct plan *plan);
void plan_commit(struct plan *plan);

/* token.c */
struct binding *plan_binding(const struct plan *plan, bool source);
struct endpoint plan_inside(
	const struct plan *plan, rte_be32_t address, rte_be16_t port, uint8_t proto);
uint8_t plan_unnamed_proto(const struct plan *plan, rte_be32_t address, rte_be16_t port);
bool token_inward(struct plan *plan, const struct token *token, struct endpoint *inside);
bool token_outward(
	struct plan *plan, const struct token *token, const struct opening_request *request);
rte_be32_t host_outward(struct plan *plan, rte_be32_t address, uint16_t port);

/* rewrite.c, via.c, identity.c */
void rewrite_headers(struct plan *plan);
void rewrite_via(struct plan *plan, const struct sip_via *via,
	const struct sip_via_parameters *parameters, bool first);
void rewrite_warning(struct plan *plan, struct slice rest);
void rewrite_identity(struct plan *plan, enum sip_header_id id, const struct sip_uri *uri);

/* peer.c */
void peer_open(struct plan *plan);

/* contact.c */
uint32_t expiry_read(struct slice value);
void contact_begin(struct plan *plan);
void contact_note(struct plan *plan, enum contact_note_kind kind, bool route,
	const struct endpoint *endpoint, const struct sip_uri *uri, struct slice parameters);
void contact_note_all(struct plan *plan);
void contact_commit(struct plan *plan);
void account_of_uri(
	struct account *account, const struct endpoint *endpoint, const struct sip_uri *uri);
bool contact_reachable(const struct plan *plan, const struct account *account, rte_be32_t peer);
void contact_keep(
	const struct plan *plan, const struct account *account, const struct account_words *words);
void contact_settle(const struct plan *plan, const struct account *account);
void contact_end(const struct plan *plan, const struct account *account);

/* registration.c, subscription.c: what is read, and what a message that leaves does with it */
void registration_read(const struct plan *plan, struct contact_notes *notes);
void registration_commit(struct plan *plan, const struct contact_notes *notes);
void subscription_read(const struct plan *plan, struct contact_notes *notes);
void subscription_commit(struct plan *plan, const struct contact_notes *notes);

/* sdp_rewrite.c */
void sdp_plan(struct plan *plan);
void sdp_rewrite(struct plan *plan);

/* negotiation.c */
enum message_kind {
	KIND_OTHER, /* carries no offer and no answer */
	KIND_INVITE, /* without To tag */
	KIND_REINVITE,
	KIND_UPDATE,
	KIND_PRACK,
	KIND_ACK,
	KIND_PROVISIONAL, /* 101 to 199 to an INVITE */
	KIND_PREVIEW, /* the same in a confirmed dialog, and not reliable */
	KIND_SUCCESS, /* 2xx to an INVITE */
	KIND_RESULT, /* 2xx to an UPDATE or a PRACK */
	MESSAGE_KINDS
};
enum message_kind message_kind(const struct plan *plan);
enum media_role negotiation_role(const struct plan *plan);
const struct description *negotiation_peer(const struct plan *plan);
bool provisional_reliable(const struct plan *plan);
bool prack_invite(const struct plan *plan, uint32_t *cseq);
bool offer_belongs(const struct description *offer, bool in_response, uint32_t cseq);

/* branch.c */
void branch_read(struct plan *plan);
bool answers_initial(const struct plan *plan);
bool branch_known(const struct call_branches *branches, uint32_t branch);
bool branch_heard(const struct call_branches *branches, uint32_t branch);
void branch_add(struct call_branches *branches, uint32_t branch);
bool branch_refuse(struct call_branches *branches, uint32_t branch, bool challenge);
bool branch_cancel(struct call_branches *branches, uint32_t branch);
void asked_note(const struct plan *plan, struct dialog *dialog);
bool asked_is(const struct plan *plan, const struct dialog *dialog);
bool response_unasked(const struct plan *plan);

/* begin.c */
void call_attach(struct plan *plan);
void dialog_attach(struct plan *plan);

/* bundle.c */
uint8_t bundle_tag(const struct sdp *sdp, uint8_t stream);
uint8_t bundle_transport(const struct sdp *sdp, uint8_t stream);
void bundle_describe(const struct sdp *sdp, struct description *description);

/* wanted.c */
void media_want(struct plan *plan);
void media_want_alternative(struct plan *plan);

/* media.c */
void media_set_obtain(struct plan *plan);
void media_set_recall(struct plan *plan);
void media_set_empty(struct thread *self, struct alg_worker *worker, uint32_t index);
void media_set_drop(struct thread *self, struct alg_worker *worker, uint32_t index);
bool media_has_pinhole(
	const struct alg_worker *worker, const struct call *call, struct handle pinhole);
const struct opening *media_find(
	const struct alg_worker *worker, uint32_t set, uint8_t stream, uint8_t component);

/* media_commit.c */
void media_announce(struct alg_worker *worker, const struct call *call);
void media_settle(struct thread *self, struct alg_worker *worker, struct call *call);

/* offer.c */
void description_drop(
	struct thread *self, struct alg_worker *worker, struct description *description);
void offer_inherit(struct alg_worker *worker, const struct call *call, struct dialog *dialog);
void offer_apply(struct plan *plan);
void offer_refused(struct plan *plan);
void offer_unanswered(struct plan *plan, uint32_t cseq);
void offer_unseen_through(struct plan *plan);
void offer_confirmed(struct plan *plan);
void offer_settle(struct thread *self, struct alg_worker *worker, struct call *call);

/* dialog.c */
uint64_t tag_hash(struct slice tag);
struct dialog *dialog_find(
	const struct alg_worker *worker, const struct call *call, uint64_t a, uint64_t b);
struct dialog *dialog_obtain(struct plan *plan);
void invite_note(struct dialog *dialog, uint8_t side, uint32_t cseq, bool open);
void sequence_note(struct dialog *dialog, uint8_t side, uint32_t cseq);
void dialog_end(
	struct thread *self, struct alg_worker *worker, struct call *call, struct dialog *dialog);
void dialog_close(struct thread *self, struct alg_worker *worker, struct dialog *dialog);
bool dialog_end_early(struct thread *self, struct alg_worker *worker, struct call *call);
unsigned int dialog_count(
	const struct alg_worker *worker, const struct call *call, enum dialog_state state);

/* call.c */
struct call *call_find(struct plan *plan);
uint32_t call_first(const struct alg_worker *worker, const struct hash128 *id);
bool call_has_id(const struct call *call, const struct hash128 *id);
struct call *call_create(struct plan *plan);
struct call *call_revive(struct plan *plan, struct call *ended);
void call_end(struct thread *self, struct alg_worker *worker, struct call *call);
void call_forget(struct alg_worker *worker, struct call *call);
void call_release_via(struct thread *self, struct alg_worker *worker, struct call *call);
bool call_live(const struct call *call);
bool call_rings(const struct call *call);
struct handle call_handle(const struct alg_worker *worker, const struct call *call);

/* foreign.c */
bool foreign_elsewhere(const struct plan *plan, rte_be32_t address, rte_be16_t port);

/* lead.c */
uint32_t lead_first(const struct plan *plan);
void lead_follow(const struct alg_worker *worker, const struct alg_lead *lead);

/* state.c */
void call_advance(struct plan *plan);
void call_event(
	struct thread *self, struct alg_worker *worker, struct call *call, enum call_event event);
const char *call_state_name(enum call_state state);

/* lifetime.c */
void call_arm(struct alg_worker *worker, struct call *call, uint32_t now_s);

#endif
