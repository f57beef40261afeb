/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions of telemetry threads to the control lcore or to a worker. A telemetry handler runs in a
 * thread of its own and touches no table: it takes a request from a fixed set, posts it, waits at
 * most REQUEST_WAIT_MS (a reload reads files and may take longer) and copies the answer.
 *
 * State of a request: FREE -> POSTED (asker) -> SERVED (server takes it) -> DONE (server), and the
 * asker sets it FREE. An asker that gives up moves POSTED or SERVED to ABANDONED; the server then
 * frees it, so an answer is never written into memory that somebody else has meanwhile.
 */
#ifndef APP_REQUEST_H
#define APP_REQUEST_H

#include "appliance.h"
#include "trace.h"

enum {
	REQUEST_WAIT_MS = 200,
	REQUEST_RELOAD_WAIT_MS = 5000,
	/* The longest records of a page, with '\\' before each character of foreign texts, fit DPDK's
	 * 16 KiB an answer; what does not fit is lost. */
	PAGE_RECORDS_MAX = 64,
	PAGE_SESSIONS_MAX = 32,
	PAGE_CALLS_MAX = 28,
	PAGE_REGISTRATIONS_MAX = 24,
	PAGE_CLASSES_MAX = 24,
	PAGE_POOLS_MAX = 24,
	PAGE_MESSAGES_MAX = 32,
	PAGE_TRACE_BYTES = 8928, /* 96 texts of 124 characters, base64 */
	PAGE_HISTOGRAMS_MAX = 12, /* workers */
};

enum request_kind {
	REQUEST_CALLS = ALG_MAIL_LAST + 1, /* served by a worker */
	REQUEST_CALL, /* served by a worker */
	REQUEST_MESSAGES, /* served by a worker; question: call_hash */
	REQUEST_TRANSLATIONS, /* the rest by the control lcore */
	REQUEST_SESSIONS,
	REQUEST_PINHOLES,
	REQUEST_REGISTRATIONS,
	REQUEST_TRACE_START, /* question: trace; answer: next is its token */
	REQUEST_TRACE_READ, /* question: cursor is the token; answer: bytes, next: how many are lost */
	REQUEST_TRACE_STOP, /* question: cursor is the token */
	REQUEST_TRACES,
	REQUEST_CLEAR_NAT,
	REQUEST_CLEAR_FIREWALL,
	REQUEST_RELOAD, /* answer: text has the faults, result how many, or -errno */
};

struct translation_row {
	uint32_t index;
	struct endpoint inside, outside;
	struct endpoint peer; /* address 0: no flow yet */
	const char *kind;
	uint32_t idle_s, flows;
};

enum { CALL_ID_FILTER_MAX = 128 };

/* Which records: those that fit all that is set. */
struct record_filter {
	rte_be32_t host; /* either end, as it came or as it leaves; 0: any */
	uint8_t proto; /* 0: any */
	char zone_pair[NAME_MAX_LENGTH + 1]; /* "": any */
	uint8_t source_zone, destination_zone; /* of it */
	char call_id[CALL_ID_FILTER_MAX + 1]; /* a part of it; "": any */
};

struct session_row {
	uint32_t index;
	struct flow_key key;
	struct endpoint translated_source, translated_destination;
	const char *state;
	char zone_pair[NAME_MAX_LENGTH + 1], class[NAME_MAX_LENGTH + 1]; /* "-": none */
	uint32_t idle_s, age_s;
	uint64_t packets[2], bytes[2];
};

struct pinhole_row {
	uint32_t index;
	struct pinhole_key key;
	uint8_t class;
	uint32_t holders, flows, until_s, age_s;
	uint8_t holder_worker;
	uint32_t holder_call;
};

struct request {
	_Atomic int state;
	enum request_kind kind;
	/* question */
	uint64_t cursor;
	unsigned int max;
	struct record_filter filter;
	struct trace_filter trace;
	char call_id[256];
	struct hash128 call_hash;
	/* answer */
	int result; /* records, text length, or -errno */
	uint64_t next; /* cursor of the next page; 0: none */
	union {
		struct alg_call_summary calls[PAGE_CALLS_MAX];
		struct translation_row translations[PAGE_RECORDS_MAX];
		struct session_row sessions[PAGE_SESSIONS_MAX];
		struct pinhole_row pinholes[PAGE_RECORDS_MAX];
		struct alg_registration registrations[PAGE_REGISTRATIONS_MAX];
		struct alg_history_row messages[PAGE_MESSAGES_MAX];
		struct trace_row traces[TRACES_MAX];
		uint8_t bytes[PAGE_TRACE_BYTES];
		char text[8000];
	};
};

/** Take a request; NULL: too many askers at once. Any thread. */
struct request *request_take(enum request_kind kind);

/** Post and wait. 0: answered (look at result), -ETIMEDOUT, -ENOBUFS. On an error the request is
 *  no longer the caller's; after 0 it is, until request_free(). Any thread but the server. */
int request_ask(struct mailbox *mailbox, struct request *request);

/** The servers have ended: nobody waits for them any more (-ETIMEDOUT). Tear-down. */
void requests_end(void);
void request_free(struct request *request);

struct worker;
/** Serve one letter of a request kind. The worker. */
void request_serve_worker(struct worker *worker, const struct mail *mail);

/** The answer is complete. Whoever serves the request. */
void request_done(struct request *request);

/** Serve what waits in the control mailbox; returns how many. Control lcore, online. */
unsigned int request_serve_control(struct appliance *appliance);

#endif
