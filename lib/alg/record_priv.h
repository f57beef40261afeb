/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records: calls and their dialogs. One worker's, touched by it alone, but for the words marked
 * _Atomic, which the control lcore reads (sweep).
 */
#ifndef ALG_RECORD_PRIV_H
#define ALG_RECORD_PRIV_H

#include <assert.h>

#include "alg/alg.h"
#include "core/keyed_hash.h"

enum {
	LINE_PAIR = 2 * RTE_CACHE_LINE_SIZE,
	CALL_DIALOGS_MAX = 16, /* forks of one call */
	CALLS_PER_ID_MAX = 64, /* records of one Call-ID: legs, clients, calls that have ended */
	CALL_ID_STORED = 128,
	CALL_BRANCHES_MAX = 4,
	PARTY_STORED = 48,
};

/* What one side said of its media, once. The set has the endpoints and may be another's, too. */
struct description {
	uint32_t set; /* holds a reference; 0: no description */
	uint32_t cseq; /* of the transaction in which it was offered */
	uint16_t streams; /* bit per m= line that is not refused with port 0 */
	uint16_t bundled; /* bit per m= line that may share another one's transport */
	uint16_t mux; /* bit per m= line that offers or accepts a=rtcp-mux */
	bool held; /* no stream waits for media: silence is no sign of death */
	bool in_response; /* offered by the server: the answer comes in an ACK or a PRACK */
};

enum dialog_state {
	DIALOG_EARLY,
	DIALOG_CONFIRMED,
	DIALOG_ENDED, /* holds nothing; a late 2xx of it makes no new one while the call goes on */
};

/* The last exchange of an offer and an answer, in this dialog. */
enum exchange_state {
	EXCHANGE_NONE,
	EXCHANGE_EARLY, /* answered by an unreliable 1xx alone: a later one, or the 2xx, may differ */
	EXCHANGE_DONE,
};

/*
 * What a response in a dialog may answer: the last request of each kind and side (branch.c). An UPDATE
 * or PRACK with an offer stands apart: others may follow it before it is answered.
 */
enum asked_kind { ASKED_INVITE, ASKED_UPDATE, ASKED_PRACK, ASKED_BYE, ASKED_OFFER, ASKED_KINDS };

struct asked {
	uint32_t branch; /* hash; 0: none was seen */
	uint32_t cseq;
};

/*
 * A dialog: an unordered pair of tags. Index of arrays and bit fields: side (see struct plan). What
 * every message in it reads or writes is in the first line.
 */
struct dialog {
	uint32_t next;
	uint8_t state;
	bool late : 1; /* answered early, but after the first 2xx */
	bool unseen : 1; /* the INVITE that its first response answers was not seen */
	uint8_t exchange : 2; /* enum exchange_state */
	uint8_t exchange_side : 1; /* client of the transaction that offered */
	uint8_t sequenced : 2; /* bit a side: highest_cseq is known */
	uint8_t invite_open : 2; /* bit a side: its INVITE brought no offer, a response to it may */
	uint8_t invite_refused : 2; /* bit a side */
	uint8_t overtaken : 2; /* bit a side: something else was agreed on since its INVITE */
	uint64_t tag[2]; /* keyed hashes, lower first */
	uint32_t highest_cseq[2]; /* of the side's requests, but for ACK and CANCEL */
	uint32_t invite_cseq[2]; /* of the side's last INVITE */
	uint32_t exchange_cseq;
	uint32_t bye_s; /* end of the BYE under way, 64*T1 after it; 0: none */
	struct description committed[2];
	struct description offer[2]; /* waiting for an answer */
	struct asked asked[2][ASKED_KINDS]; /* by side */
} __rte_cache_aligned;
static_assert(offsetof(struct dialog, committed) <= RTE_CACHE_LINE_SIZE,
	"what every message needs of its dialog is one line");

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

/* The limits against which a call counts. */
enum call_counted {
	COUNTED_HOST = 1 << 0,
	COUNTED_PENDING = 1 << 1,
	COUNTED_NO_PENDING = 1 << 2, /* it began with a To tag, so nothing refused it */
};

/*
 * The endpoint that tells records of one Call-ID apart: zone and inside local address. Where no
 * end is "the inside" (hairpin, one zone), both addresses, lower first.
 */
struct call_end {
	rte_be32_t address, second;
	uint8_t zone;
};

/*
 * The branches on which the INVITE without To tag went out (RFC 3261 17.1.3), of its last CSeq: one,
 * or several where an element behind us forks.
 */
struct call_branches {
	uint32_t hash[CALL_BRANCHES_MAX]; /* oldest first; 0: none */
	uint8_t refused; /* bit a branch: finally, so nothing more is heard on it */
	uint8_t cancelled; /* bit a branch */
	bool challenged; /* one of those that were refused asks for credentials */
	bool more; /* some had to give their place: what is not known may be theirs */
};

/*
 * Lines come from memory in pairs. A message finds its call, and where else it has to look, by the
 * first line, and compares its Call-ID in the second; one that ends there leaves the third alone.
 * What it reads or writes of the call beside that is in the fourth. Behind that is what only the
 * beginning and the end of a call need, or an INVITE and its responses.
 */
struct call {
	uint32_t next; /* slab, or tombstones */
	uint32_t same_id; /* next record of this Call-ID */
	uint32_t dialogs; /* chain */
	uint32_t signalling; /* chain of Via, Contact and route openings */
	struct hash128 id; /* of the Call-ID */
	uint64_t caller_tag;
	struct call_end end;
	uint16_t call_id_length; /* whole; CALL_ID_STORED bytes of it are here */
	uint8_t caller_side;
	uint8_t state; /* enum call_state */
	bool cleared; /* end at the next look */
	bool older; /* established before its record was made */
	bool timed_out; /* ended by a timer: its parties may not know */
	uint8_t counted; /* bits of enum call_counted */
	uint16_t pair; /* of zones: whose statistics it counts in */
	uint16_t openings; /* of media and signalling, held or of the message at hand */
	char call_id[CALL_ID_STORED];
	_Atomic uint32_t generation; /* odd: in use; readers: control lcore */
	_Atomic uint32_t deadline_s; /* 0: none; readers: control lcore */
	struct description offer; /* of the INVITE without To tag; every fork begins with it */
	uint32_t invite_cseq;
	rte_be32_t from_host, to_host; /* what the inside wrote, replaced outward; 0: nothing */
	uint32_t created_s;
	uint32_t proceeding_s; /* INVITE or last 1xx */
	uint32_t refreshed_s; /* last 2xx to INVITE or UPDATE */
	uint32_t session_s; /* end of the session interval; 0: none */
	uint32_t media_check_s; /* next look at the media */
	uint32_t forks_s; /* end of the forks that lost, 64*T1 after the first 2xx; 0: none */
	uint32_t close_s; /* end of CHALLENGED, CANCELLED, ENDED; 0: none */
	uint32_t previous; /* tombstones */
	rte_be32_t host; /* that began it */
	struct call_branches branches;
	bool refused; /* ended by a refusal: another branch may be tried */
	bool foreign; /* a message of it named an endpoint of the other side (foreign.c) */
	uint8_t from_length, to_length;
	char from[PARTY_STORED], to[PARTY_STORED];
} __rte_aligned(LINE_PAIR);
static_assert(offsetof(struct call, call_id) == RTE_CACHE_LINE_SIZE, "a call is found by one line");
static_assert(offsetof(struct call, generation) == LINE_PAIR + RTE_CACHE_LINE_SIZE &&
		      offsetof(struct call, previous) <= 2 * LINE_PAIR,
	"what a message needs of its call beside that is one line");

#endif
