/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The SIP ALG as the pipeline sees it. One struct alg for all, one struct alg_worker a worker.
 *
 * A message meets exactly one worker: the owner of its Call-ID (alg_owner()). That worker alone
 * touches the call's record, so no lock spans parse, allocate and edit; what other workers must
 * know (bindings, pinholes) is published in the shared tables before the message leaves.
 */
#ifndef ALG_ALG_H
#define ALG_ALG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alg/statistics.h"
#include "config/config.h"
#include "core/keyed_hash.h"
#include "core/mailbox.h"
#include "core/thread.h"
#include "flow/pinhole.h"
#include "nat/nat.h"
#include "net/route.h"

struct alg;
struct alg_worker;
struct sip_edits;

struct alg_parameters {
	const struct config *config;
	struct nat *nat; /* NULL: no translation configured */
	struct pinhole_table *pinholes;
	struct flow_table *flows;
	const struct route_table *routes;
	const struct interface_table *interfaces;
	int socket;
};

/** 0 and *alg, or -errno. Makes every worker's table and pools (max_calls / workers each, rounded
 *  up; with several workers plus a quarter, since Call-IDs do not spread evenly). Bring-up. */
int alg_create(const struct alg_parameters *parameters, struct alg **alg);
void alg_destroy(struct alg *alg);
size_t alg_memory(const struct config *config);
struct alg_worker *alg_worker_of(struct alg *alg, unsigned int worker);

/**
 * Owner of a datagram's Call-ID, 0 .. workers - 1, and the Call-ID's keyed hash; -1 when it has none
 * (keepalive, no SIP): such a message is for the worker that received it. Reads only the text. Any
 * worker.
 */
int alg_owner(const struct alg *alg, const char *text, uint32_t length, struct hash128 *call_id);

/* Where a Call-ID leads, looked up before its message is read: a hint (lead.c). */
struct alg_lead {
	uint32_t first; /* record; 0: none */
	uint32_t changes; /* of the table, when it was asked */
};

/**
 * Messages of these Call-IDs come next, in this order: look them up together, and bring their records
 * toward the cache. leads: one for each. Owner worker.
 */
void alg_seek(const struct alg_worker *worker, const struct hash128 *call_ids, unsigned int count,
	struct alg_lead *leads);

/**
 * Of the messages that these leads are of, number `next` is processed now: bring toward the cache what
 * those behind it will need. To be called in turn, from 0 on. Owner worker.
 */
void alg_approach(const struct alg_worker *worker, const struct alg_lead *leads, unsigned int count,
	unsigned int next);

/*
 * One SIP message: a UDP datagram's, or one of a TCP stream, which begins and ends with it. The protocol
 * is that of the flow's keys. The same bytes may come again, over either, as a sender's repetition or
 * because what was made of them was lost: they leave as they left before, but for ports of media that
 * they themselves have closed (sip.md), which nobody uses.
 */
struct alg_message {
	char *text; /* in: as it came; edited in place */
	uint32_t length; /* in and out */
	uint32_t capacity; /* bytes that may be used from `text` on */
	bool edited; /* out: bytes changed, lengths and checksum are to be redone */
	const struct sip_edits *edits; /* out: when edited, what was; until the next message */
	const struct hash128 *call_id; /* keyed hash as alg_owner() tells it; NULL: not known */
	const struct alg_lead *lead; /* of the Call-ID; NULL: it has not been looked up */
	const struct flow *flow;
	unsigned int direction; /* of flow->path */
	uint8_t source_realm; /* where it came from */
	uint8_t destination_realm; /* where it goes */
};

enum { ALG_FORWARD = -1 };

/**
 * Read a message, keep its call, open what it needs, rewrite it. ALG_FORWARD, or the enum
 * drop_reason to drop it with; in that case nothing of it stays. Text that does not parse is
 * forwarded as it is or dropped, as sip.malformed says, and counted. Owner worker, online.
 */
int alg_message_process(
	struct thread *self, struct alg_worker *worker, struct alg_message *message);

/**
 * True: this host is blacklisted, drop its message unread (DROP_SIP_BLACKLISTED); it has been
 * counted. Counts the message against sip.blacklist otherwise, a response less than a request. To be
 * asked once a message, by the worker that received it. Any worker.
 */
bool alg_host_refused(struct thread *self, struct alg_worker *worker, rte_be32_t host,
	bool response, uint8_t source_realm, uint8_t destination_realm);

/** Kinds of mail that a worker passes on to alg_mail(). Others are the application's. */
enum alg_mail { ALG_MAIL_CALL_DUE = 1, ALG_MAIL_CLEAR_CALLS, ALG_MAIL_LAST = 15 };

/** Handle one letter (alg_mail kinds). ALG_MAIL_CLEAR_CALLS goes on in alg_poll(). Owner worker,
 *  online. */
void alg_mail(struct thread *self, struct alg_worker *worker, const struct mail *mail);

/** Do a step of what takes longer than packets may wait. False: there was nothing to do. Owner
 *  worker, each turn. */
bool alg_poll(struct thread *self, struct alg_worker *worker);

/**
 * Timers: look at `budget` call records from a cursor, post ALG_MAIL_CALL_DUE to the mailbox of
 * each owner whose call is due (mailboxes[worker]); a full mailbox is tried again next time.
 * Reads the deadlines the workers publish and the doors' last_seen. As many registrations and
 * subscriptions are looked at, too, and those whose time is over end. Control lcore, online.
 */
void alg_sweep(struct thread *self, struct alg *alg, struct mailbox **mailboxes, uint32_t budget);

/** True when no call record is due at now_s (replay: time may move). Control lcore. */
bool alg_idle(const struct alg *alg, uint32_t now_s);

/** Live call records (gauge); any thread. */
uint32_t alg_call_count(const struct alg *alg);

/* What `show sip calls` shows of a call; plain data, copied out by the owner. */
struct alg_call_summary {
	uint32_t index;
	char call_id[128]; /* NUL ended; long ones end in "..." */
	char from[64], to[64]; /* URIs */
	const char *state; /* static string */
	uint32_t age_s;
	uint32_t media_doors;
	uint8_t worker;
};

/* Which calls: those that fit all that is set. */
struct alg_call_filter {
	const char *call_id; /* a part of it, as it is stored (128 bytes at most); "": any */
	rte_be32_t host; /* that began it, or of an endpoint of it, real or translated; 0: any */
	bool zones; /* the two below count */
	uint8_t source_zone, destination_zone; /* of the INVITE that began it */
};

/**
 * Up to `max` summaries of this worker's calls that fit `filter` (NULL: all) with pool index >
 * `*cursor`; returns how many. A bounded number of records is looked at, so there may be fewer, and
 * more behind: `*cursor` is then where to go on, 0 at the end. Owner worker (asked through the
 * application's mailbox).
 */
unsigned int alg_calls_page(struct alg_worker *worker, uint32_t now_s, uint32_t *cursor,
	const struct alg_call_filter *filter, unsigned int max, struct alg_call_summary *summaries);

enum { ALG_REGISTRATION_PEERS_MAX = 4 };

/* What `show sip registrations` shows: one Contact of one address of record at one registrar, from
 * the 2xx that grants it until it is taken back or sip.registration_grace is over. Texts are as the
 * phone wrote them, NUL ended; long ones end in "...". */
struct alg_registration {
	uint32_t index;
	char address_of_record[56], contact[124]; /* URIs; contact "": not known */
	struct endpoint inside; /* that the Contact names, real (inside local) */
	struct endpoint outside; /* its door's; address 0: it has none */
	rte_be32_t registrar;
	rte_be32_t peers[ALG_REGISTRATION_PEERS_MAX]; /* who else may send to it; 0: no more */
	uint32_t granted_s;
	uint32_t expires_s; /* when that ends (thread clock), the grace not counted */
};

/**
 * Up to `max` registrations with an index > `*cursor`; returns how many. A bounded number of entries
 * is looked at: `*cursor` is then where to go on, 0 at the end. Control lcore, online: the table
 * is shared by all workers.
 */
unsigned int alg_registrations_page(struct alg *alg, uint32_t now_s, uint32_t *cursor,
	unsigned int max, struct alg_registration *registrations);

/** Registrations that such pages list (gauge); any thread. */
uint32_t alg_registration_count(const struct alg *alg);

/**
 * Write one call whole as lines "key: value\n" into `text`; returns the length, or -ENOENT.
 * Owner worker.
 */
int alg_call_describe(struct alg_worker *worker, uint32_t now_s, const char *call_id,
	size_t call_id_length, char *text, size_t capacity);

/* A message of a call, as the owner has noted it (sip.message_history). */
struct alg_history_row {
	uint64_t number; /* of the worker's messages */
	uint64_t at_ms; /* since 1970 */
	const char *in, *out; /* interfaces; they live as long as the appliance */
	const char *dropped; /* drop reason; "": it left */
	const char *method; /* of the request, or of that which it answers */
	uint32_t cseq;
	uint16_t status; /* 0: request */
	uint8_t proto;
	uint8_t edits, doors_opened, doors_closed, pinholes_opened,
		pinholes_closed; /* 255: or more */
};

/**
 * Up to `max` messages of a Call-ID, oldest first, behind `*cursor`; returns how many. A bounded number
 * is looked at: `*cursor` is then where to go on, 0 at the end. Owner worker.
 */
unsigned int alg_history_page(const struct alg_worker *worker, const struct hash128 *call_id,
	uint64_t *cursor, unsigned int max, struct alg_history_row *rows);

#endif
