/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Call records, optional (system.cdr): what is told of a call when it has ended. Plain data.
 *
 * The owner of a call gathers it while the call lives, and puts it into a ring of its own when the call
 * ends; it never waits: when the ring is full the record is lost and counted. The control lcore takes
 * records out.
 */
#ifndef ALG_CALL_RECORD_H
#define ALG_CALL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

enum {
	CALL_RECORD_TEXT = 128, /* bytes kept of a Call-ID or URI; the whole length is beside it */
	CALL_RECORD_STREAMS = 6, /* m= lines; of more the rest is left out */
};

/* X(ENUM, "name"): why a call ended. */
#define CALL_RECORD_REASONS(X) \
	X(NONE, "none") \
	X(BYE, "bye") \
	X(CANCELLED, "cancelled") \
	X(REFUSED, "refused") \
	X(DIALOG_GONE, "dialog_gone") \
	X(PROCEEDING, "timeout_proceeding") \
	X(INACTIVITY, "timeout_inactivity") \
	X(DURATION, "timeout_duration") \
	X(SESSION, "timeout_session") \
	X(CLEARED, "cleared") \
	X(SHUTDOWN, "shutdown")

enum call_record_reason {
#define X(id, name) CALL_RECORD_##id,
	CALL_RECORD_REASONS(X)
#undef X
};

enum call_record_media {
	CALL_RECORD_OTHER,
	CALL_RECORD_AUDIO,
	CALL_RECORD_VIDEO,
	CALL_RECORD_IMAGE,
	CALL_RECORD_MESSAGE,
	CALL_RECORD_APPLICATION,
	CALL_RECORD_TEXT_MEDIA,
};

/* Where one side of a stream receives; address 0: not known. */
struct call_record_end {
	rte_be32_t address, outside_address; /* real, and as the other side sees it; 0: the same */
	rte_be16_t port, outside_port;
};

/* Of arrays of two: [0] the inside, [1] the outside. */
struct call_record_stream {
	struct call_record_end end[2];
	uint64_t packets[2],
		bytes[2]; /* RTP and what else uses its port; by the side that sent them */
	uint8_t type; /* enum call_record_media */
	bool agreed[2]; /* the end is of a confirmed dialog */
};

struct call_record {
	uint64_t begin_ms; /* clock_now_ms(); 0: nothing is to be told of this call */
	uint64_t ringing_ms, answer_ms, end_ms; /* 0: not seen */
	rte_be32_t host[2];
	uint16_t call_id_length, from_length, to_length; /* whole */
	uint16_t status; /* of the refusal; 0: none */
	uint8_t worker, proto;
	uint8_t caller; /* who began it: 0 the inside, 1 the outside */
	uint8_t bye; /* who sent the BYE: 1 the inside, 2 the outside; 0: nobody */
	uint8_t reason; /* enum call_record_reason */
	bool older; /* its first INVITE was not seen */
	bool more; /* there were more streams */
	char call_id[CALL_RECORD_TEXT], from[CALL_RECORD_TEXT], to[CALL_RECORD_TEXT];
	struct call_record_stream stream[CALL_RECORD_STREAMS];
};

struct alg;
struct thread;

/** Up to `max` records of calls that have ended; returns how many. Control lcore. */
unsigned int alg_call_records_take(struct alg *alg, struct call_record *records, unsigned int max);

/**
 * The end of the run: end up to `budget` calls that stand, so that their records are told. False: there are
 * none left. The workers have ended. Control lcore, online.
 */
bool alg_calls_finish(struct thread *self, struct alg *alg, unsigned int budget);

const char *call_record_reason_name(enum call_record_reason reason);
const char *call_record_media_name(enum call_record_media media);

#endif
