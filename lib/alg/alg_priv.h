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
#include "core/drop.h"
#include "core/keyed_hash.h"
#include "sip/edit.h"
#include "sip/message.h"
#include "sip/multipart.h"
#include "sip/sdp.h"
#include "sip/uri.h"
#include "slab.h"

enum {
	TRANSACTION_S = 32, /* 64 * T1, RFC 3261 17.1 */
	SUBSCRIPTION_S = 3600, /* no Expires in a SUBSCRIBE, NOTIFY or REFER */
	REGISTRATION_S = 3600, /* no expiry granted in a 200, RFC 3261 10.2 */
	SIP_PORT = 5060,
	SIPS_PORT = 5061,
	MEDIA_PORT_MIN = 1024, /* lowest port a message may open */
	PORT_COUNT_MAX = 8, /* m=audio 49170/8 */
	DESCRIPTIONS_MAX = 4, /* of one message: multipart/alternative, early-session */
	WANTED_MAX = 128, /* endpoints of one description */
	PLAN_OPENINGS_MAX = 64, /* signalling endpoints of one message */
	CALL_DIALOGS_MAX = 16, /* forks of one call */
	CALL_ID_STORED = 255,
	PARTY_STORED = 48,
	/* Objects a record, on average; the slabs are shared by all calls of a worker. */
	OPENINGS_PER_CALL = 10,
	SETS_PER_CALL = 4,
	DIALOGS_PER_CALL = 2,
};

enum opening_flag {
	OPENING_MUX = 1 << 0, /* RTP: its description offered or accepted rtcp-mux */
	OPENING_MUX_AGREED = 1 << 1, /* RTP: both did; there is no RTCP opening any more */
	OPENING_ICE = 1 << 2, /* the stream has candidates */
	OPENING_CANDIDATE =
		1 << 3, /* beside the default destination: candidate, other description */
	OPENING_KEPT = 1 << 4, /* on hold with 0.0.0.0: kept from the description before */
};

/* One endpoint that a message named: its door and its pinhole, each held once, either absent. */
struct opening {
	uint32_t next;
	rte_be32_t address; /* real (inside local) */
	rte_be16_t port;
	uint8_t proto;
	uint8_t kind; /* enum pinhole_class */
	rte_be32_t source; /* who may send to it; 0: any */
	uint8_t stream; /* RTP, RTCP: index of the m= line */
	uint8_t component; /* 1 RTP, 2 RTCP; port/count: 3, 4, ... */
	uint8_t flags;
	uint8_t side; /* signalling: who named it (see struct plan) */
	rte_be32_t outside_address; /* of the door */
	rte_be16_t outside_port; /* 0: not translated */
	uint16_t spare2;
	struct handle door, pinhole;
};

/* The endpoints of one description. Forks share the set of the offer, so it is counted. */
struct media_set {
	uint32_t next;
	uint32_t first; /* openings, in the description's order */
	uint16_t references;
	uint16_t streams; /* bit per m= line that is not refused with port 0 */
	bool held; /* no stream waits for media: silence is no sign of death */
};

enum dialog_state { DIALOG_EARLY, DIALOG_CONFIRMED };

/* A dialog: an unordered pair of tags. Index of arrays: side (see struct plan). */
struct dialog {
	uint32_t next;
	uint8_t state;
	bool bye; /* a BYE is under way */
	bool answered; /* answer_cseq and answer_side are valid */
	uint8_t answer_side; /* side of the client of that transaction */
	uint64_t tag[2]; /* keyed hashes, lower first */
	uint32_t set[2]; /* committed */
	uint32_t offer[2]; /* waiting for an answer */
	uint32_t offer_cseq[2];
	uint32_t answer_cseq;
};

enum call_state {
	CALL_FREE,
	CALL_CALLING,
	CALL_PROCEEDING,
	CALL_CHALLENGED, /* 401 or 407: the next INVITE goes on with this record */
	CALL_CANCELLED,
	CALL_ESTABLISHED,
	CALL_CLOSING, /* BYE under way */
	CALL_ENDED, /* holds nothing; stays a while so that stray repetitions make no new record */
	CALL_STATES
};

enum call_event {
	CALL_EVENT_INVITE,
	CALL_EVENT_PROVISIONAL,
	CALL_EVENT_SUCCESS,
	CALL_EVENT_CHALLENGE,
	CALL_EVENT_FAILURE,
	CALL_EVENT_CANCEL,
	CALL_EVENT_BYE,
	CALL_EVENT_BYE_DONE,
	CALL_EVENT_BYE_REFUSED,
	CALL_EVENTS
};

/*
 * The endpoint that tells records of one Call-ID apart: zone and inside local address. Where no
 * end is "the inside" (hairpin, one zone), both addresses, lower first.
 */
struct call_end {
	rte_be32_t address, second;
	uint8_t zone;
};

struct call {
	uint32_t next; /* slab, or tombstones */
	_Atomic uint32_t generation; /* odd: in use; readers: control lcore */
	_Atomic uint32_t deadline_s; /* 0: none; readers: control lcore */
	uint32_t previous; /* tombstones */
	struct hash128 key;
	uint64_t id_hash; /* of the Call-ID alone, for show */
	uint64_t caller_tag;
	struct call_end end;
	uint8_t state; /* enum call_state */
	uint8_t caller_side, offer_side;
	bool cleared; /* end at the next look */
	bool timed_out; /* ended by a timer: its parties may not know */
	uint8_t call_id_length; /* 0: longer than CALL_ID_STORED, key alone decides */
	uint8_t from_length, to_length;
	bool counted_host;
	rte_be32_t host; /* counted against max_calls_per_host */
	uint32_t invite_cseq;
	uint32_t offer; /* set of the INVITE that has no dialog yet; shared by forks */
	uint32_t dialogs; /* chain */
	uint32_t signalling; /* chain of Via, Contact and route openings */
	rte_be32_t from_host, to_host; /* what the inside wrote, replaced outward; 0: nothing */
	uint32_t created_s;
	uint32_t proceeding_s; /* INVITE or last 1xx */
	uint32_t refreshed_s; /* last 2xx to INVITE or UPDATE */
	uint32_t session_s; /* end of the session interval; 0: none */
	uint32_t media_check_s; /* next look at the media */
	uint32_t close_s; /* end of CHALLENGED, CANCELLED, CLOSING, ENDED; 0: none */
	char call_id[CALL_ID_STORED];
	char from[PARTY_STORED], to[PARTY_STORED];
};

/* One endpoint a description names, before anything is opened. */
struct wanted {
	rte_be32_t address;
	rte_be16_t port;
	uint8_t proto, stream, component, flags;
	uint32_t opening; /* filled when opened or found */
};

enum permission { PERMIT_OPEN, PERMIT_FOREIGN, PERMIT_REFUSED };

struct alg_worker {
	struct alg *alg;
	uint8_t id;
	struct rte_hash *table; /* key to call index; this thread alone, so without flags */
	struct slab calls, dialogs, sets, openings;
	uint32_t tombstone_first, tombstone_last;
	_Atomic uint32_t call_count; /* live records; readers: any */
	_Atomic uint32_t call_high; /* highest index ever used; reader: control lcore */
	/* Scratch of one message, not cleared between messages. */
	struct sip_message sip;
	struct sdp sdp;
	struct sip_edits edits;
	struct wanted wanted[WANTED_MAX];
	struct sip_statistics statistics;
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
	struct account_table *accounts;
	unsigned int workers;
	uint8_t owner_map[256];
	uint32_t sweep_worker, sweep_index; /* control lcore */
	struct alg_worker *worker[WORKERS_MAX];
};

enum media_role { MEDIA_NONE, MEDIA_TEXT, MEDIA_OFFER, MEDIA_ANSWER, MEDIA_REPEAT };

/* One signalling endpoint opened by this message. */
struct plan_opening {
	uint32_t index;
	bool held; /* the call keeps it; else it stays until until_s */
	uint32_t until_s;
};

/*
 * One message on its way through the ALG. Everything it opens is listed here and given back whole
 * when a later step fails; only plan_commit() hands it over to the record.
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
	rte_be32_t peer; /* the other end as filters see it: in a hairpin its outside */
	struct call_end end;
	uint64_t from_tag, to_tag; /* 0: none */
	struct hash128 id_hash;
	struct call *call; /* live record, or NULL */
	const struct call *known; /* also one that has ended: what the inside wrote */
	struct dialog *dialog;
	bool new_call, new_dialog, stray; /* stray: repetition of what has ended; opens nothing */
	bool retransmission;
	enum media_role role;
	uint8_t description_count; /* not written before sdp_plan() */
	bool alternative; /* worker->sdp is a further description of the same streams */
	struct slice description[DESCRIPTIONS_MAX];
	uint32_t set; /* endpoints of this message's description; 0: none */
	bool new_set, set_held;
	uint16_t set_streams; /* see struct media_set */
	uint16_t wanted_count;
	uint16_t opened_count;
	struct plan_opening opened[PLAN_OPENINGS_MAX];
	rte_be32_t from_host, to_host; /* identity hosts replaced by this message */
	uint32_t session_expires;
	rte_be32_t permit_address; /* last answer of the route look-up */
	enum permission permit;
	bool permit_known;
	int drop; /* ALG_FORWARD, or why not */
};

static inline void
sip_count(struct alg_worker *worker, enum sip_counter counter, uint64_t n)
{
	counter_add(&worker->statistics.count[counter], n);
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

/* statistics.c: count a message, or a text that is none by what its start line looks like. */
void sip_count_message(struct alg_worker *worker, const struct sip_message *sip);
void sip_count_text(struct alg_worker *worker, const char *text, uint32_t length);

/* host.c: calls per host, shared by all workers. */
struct host_table *host_table_create(uint32_t calls, int socket);
void host_table_destroy(struct host_table *table);
size_t host_table_memory(uint32_t calls);
bool host_take(struct host_table *table, rte_be32_t host, uint32_t limit);
void host_give(struct host_table *table, rte_be32_t host);

/* account.c: who is registered at a Contact, shared by all workers. */
struct account_rest {
	uint32_t contact_s; /* until when others are registered at this Contact; 0: nobody */
	uint32_t registrar_s; /* the same, with this registrar alone */
};
struct account_table *account_table_create(uint32_t calls, int socket);
void account_table_destroy(struct account_table *table);
size_t account_table_memory(uint32_t calls);
void account_note(struct account_table *table, const struct endpoint *contact, rte_be32_t registrar,
	uint32_t who, uint32_t now_s, uint32_t until_s);
struct account_rest account_drop(struct account_table *table, const struct endpoint *contact,
	rte_be32_t registrar, uint32_t who);

/* opening.c */
bool address_openable(const struct alg *alg, rte_be32_t address);
enum permission opening_permitted(struct plan *plan, rte_be32_t address, rte_be16_t port);
int opening_door(struct plan *plan, struct opening *opening);
int opening_pin(struct plan *plan, struct opening *opening);
int opening_pin_pair(struct plan *plan, struct opening *rtp, struct opening *rtcp);
void opening_release(
	struct thread *self, struct alg_worker *worker, uint32_t index, uint32_t linger_until_s);
uint32_t opening_last_seen(const struct alg *alg, const struct opening *opening);
bool opening_translatable(const struct plan *plan, const struct opening *opening);

/* transaction.c */
void plan_fail(struct plan *plan, enum drop_reason reason, enum sip_counter counter);
void plan_fail_door(struct plan *plan, int error);
struct opening_request {
	struct endpoint endpoint;
	enum pinhole_class kind;
	bool pin; /* a pinhole too, if the message may open it */
	bool held; /* by the call; else until until_s */
	uint32_t until_s;
};
const struct opening *plan_open(struct plan *plan, const struct opening_request *request);
void plan_rollback(struct plan *plan);
void plan_commit(struct plan *plan);

/* token.c */
struct token {
	const struct sip_hostport *host;
	struct slice edit; /* what is replaced: host and port, or the host alone */
	uint16_t port; /* when none is written in `host` */
	uint16_t default_port;
	uint8_t proto;
	enum spelling_class spelling;
	bool host_only; /* a parameter whose port stands elsewhere */
};
struct binding *plan_binding(const struct plan *plan, bool source);
bool token_inward(struct plan *plan, const struct token *token, struct endpoint *inside);
bool token_outward(
	struct plan *plan, const struct token *token, const struct opening_request *request);
bool token_translatable(const struct plan *plan, const struct token *token);
rte_be32_t host_outward(const struct plan *plan, rte_be32_t address);

/* rewrite.c, via.c, identity.c */
void rewrite_headers(struct plan *plan);
void rewrite_via(struct plan *plan, const struct sip_via *via,
	const struct sip_via_parameters *parameters, bool first);
void rewrite_identity(struct plan *plan, enum sip_header_id id, const struct sip_uri *uri);

/* peer.c */
void peer_open(struct plan *plan);

/* registration.c */
uint32_t contact_lifetime(const struct plan *plan, struct slice parameters);
void registration_request(struct plan *plan, const struct endpoint *contact, uint32_t expires);
void registration_granted(struct plan *plan, const struct endpoint *contact, uint32_t expires);

/* sdp_rewrite.c */
void sdp_plan(struct plan *plan);
void sdp_rewrite(struct plan *plan);

/* media.c */
void media_want(struct plan *plan);
void media_want_alternative(struct plan *plan);
void media_set_obtain(struct plan *plan);
void media_set_drop(struct thread *self, struct alg_worker *worker, uint32_t index);
const struct opening *media_find(
	const struct alg_worker *worker, uint32_t set, uint8_t stream, uint8_t component);
void media_commit(struct plan *plan, struct dialog *dialog);
void media_settle(struct thread *self, struct alg_worker *worker, struct dialog *dialog);

/* offer.c */
enum media_role offer_role(const struct plan *plan);
void offer_apply(struct plan *plan);
void offer_refused(struct plan *plan);
void offer_outlived(struct plan *plan);

/* dialog.c */
uint64_t tag_hash(struct slice tag);
struct dialog *dialog_find(
	const struct alg_worker *worker, const struct call *call, uint64_t a, uint64_t b);
struct dialog *dialog_obtain(struct plan *plan);
void dialog_end(
	struct thread *self, struct alg_worker *worker, struct call *call, struct dialog *dialog);
void dialog_end_early(struct thread *self, struct alg_worker *worker, struct call *call);
unsigned int dialog_count(
	const struct alg_worker *worker, const struct call *call, enum dialog_state state);

/* call.c */
struct call *call_find(struct plan *plan);
struct call *call_create(struct plan *plan);
void call_revive(struct plan *plan, struct call *call);
void call_end(struct thread *self, struct alg_worker *worker, struct call *call);
void call_forget(struct alg_worker *worker, struct call *call);
void call_release_via(struct thread *self, struct alg_worker *worker, struct call *call);
bool call_live(const struct call *call);
struct handle call_handle(const struct alg_worker *worker, const struct call *call);

/* state.c */
void call_advance(struct plan *plan);
void call_event(
	struct thread *self, struct alg_worker *worker, struct call *call, enum call_event event);
const char *call_state_name(enum call_state state);

/* lifetime.c */
void call_arm(struct alg_worker *worker, struct call *call, uint32_t now_s);

#endif
