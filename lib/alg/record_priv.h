/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records: calls and their dialogs. One worker's, touched by it alone, but for the words marked
 * _Atomic, which the control lcore reads (sweep).
 */
#ifndef ALG_RECORD_PRIV_H
#define ALG_RECORD_PRIV_H

#include "alg/alg.h"
#include "core/keyed_hash.h"

enum {
	CALL_DIALOGS_MAX = 16, /* forks of one call */
	CALL_ID_STORED = 255,
	PARTY_STORED = 48,
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

#endif
