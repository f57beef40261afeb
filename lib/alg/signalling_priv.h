/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signalling: address tokens, what they ask to be opened, and who is registered where.
 */
#ifndef ALG_SIGNALLING_PRIV_H
#define ALG_SIGNALLING_PRIV_H

#include "alg/alg.h"
#include "sip/uri.h"

enum {
	EXPIRES_S =
		3600, /* where no expiry is written, or one that is none (RFC 3261 10.2, 20.10) */
	SIP_PORT = 5060,
	SIPS_PORT = 5061,
	HTTP_PORT = 80, /* of SIP over WebSocket, RFC 7118 */
	HTTPS_PORT = 443,
	/* Signalling endpoints of one message; each is an edit, too, and of these there are 256. */
	PLAN_OPENINGS_MAX = 192,
};

enum permission { PERMIT_OPEN, PERMIT_FOREIGN, PERMIT_REFUSED };

struct opening_request {
	struct endpoint endpoint;
	enum pinhole_class kind;
	bool pin; /* a pinhole too, if the message may open it */
	bool held; /* by the call; else until until_s */
	bool portless; /* written without a port */
	uint32_t until_s;
};

/* Whose spelling a token that comes back is to have, beside that of its binding. */
enum token_echo {
	ECHO_NONE,
	ECHO_REGISTERED, /* a request to a phone by what it has registered */
	ECHO_ASKED, /* the answer to its REGISTER */
	ECHO_DIALOG, /* what it has named in the call */
};

struct token {
	const struct sip_hostport *host;
	struct slice edit; /* what is replaced: host and port, or the host alone */
	uint16_t port; /* when none is written in `host` */
	uint16_t default_port;
	uint8_t proto;
	enum spelling_class spelling;
	bool host_only; /* a parameter whose port stands elsewhere */
	const struct sip_uri *uri; /* whose host it is; NULL: none */
	enum token_echo echo; /* of what, when it comes back to who wrote it */
};

/* account.c: who keeps a Contact reachable, shared by all workers. */
enum account_flag {
	ACCOUNT_GRANTED = 1 << 0, /* else it is asked for, and stays for a transaction */
	ACCOUNT_PORTLESS = 1 << 1, /* the Contact as it is registered has no port */
	ACCOUNT_ASKED_PORTLESS = 1 << 2, /* the same of the last request */
	ACCOUNT_ROUTE = 1 << 3, /* no Contact but a Path or Record-Route of its side */
	ACCOUNT_SIDE = 1 << 4, /* subscription: who named it (see struct plan) */
	ACCOUNT_SPELLED = 1 << 5, /* the two words on ports above are known */
};

struct account {
	rte_be32_t address; /* the Contact, real (inside local) */
	rte_be16_t port;
	uint8_t proto;
	uint8_t flags; /* enum account_flag */
	rte_be32_t peer; /* who may send to it */
	rte_be32_t registrar; /* 0: a subscription */
	uint64_t who; /* the address of record; of a subscription its Call-ID and subscriber */
	uint32_t user; /* in the Contact; of a subscription its event; all of these are hashes */
	uint32_t parameters; /* of the Contact's URI */
	uint32_t until_s;
	uint32_t leaving; /* the transaction that asks to end it; 0: none */
};

/* What is shown of a registration and decides nothing: texts as its phone wrote them. */
struct account_words {
	struct slice who; /* the address of record */
	struct slice contact; /* the URI; at NULL: not known */
	uint32_t granted_s; /* 0: asked for */
};

enum {
	WHO_SHOWN = 56,
	CONTACT_SHOWN = 124,
	REGISTRATION_PEERS_MAX = ALG_REGISTRATION_PEERS_MAX,
};

/* The same, kept; of texts what there is room for, with the length that they had. */
struct account_shown {
	uint32_t granted_s;
	uint32_t expires_s; /* when that ends, sip.registration_grace not counted */
	uint16_t who_length, contact_length;
	char who[WHO_SHOWN], contact[CONTACT_SHOWN];
};
static_assert(sizeof(struct account_shown) == 192, "three cache lines");

struct account_listed {
	uint32_t index;
	struct account account;
	struct account_shown shown;
};

struct account_batch {
	unsigned int count;
	struct account account[64];
};

struct account_rest {
	uint32_t contact_s; /* until when somebody needs this Contact; 0: nobody does */
	uint32_t peer_s; /* the same, of this peer alone; UINT32_MAX: not known */
};

enum account_spelling { ACCOUNT_UNKNOWN, ACCOUNT_WITH_PORT, ACCOUNT_WITHOUT_PORT };

struct account_table *account_table_create(uint32_t calls, int socket);
void account_table_destroy(struct account_table *table);
size_t account_table_memory(uint32_t calls);
/* Note, or note again: granted sets its time, asked for raises it; *before_s is the time before.
 * `words` of a registration, NULL for all else. False: there is no room. */
bool account_note(struct account_table *table, const struct account *account,
	const struct account_words *words, uint32_t now_s, uint32_t *before_s);
/* Those of one address of record or Call-ID (who, registrar). */
unsigned int account_list(struct account_table *table, const struct account *of, uint32_t now_s,
	struct account *found, unsigned int max);
/* A transaction asks to end what has this Contact, or all of one address of record. */
void account_leave(struct account_table *table, const struct account *of, bool all,
	uint32_t transaction, uint32_t now_s);
/* Some of those that this transaction asks to end, and with `routes` all routes: they are accounts no
 * more. To be asked until there are none. Returns how many. */
unsigned int account_take_leaving(struct account_table *table, const struct account *of,
	uint32_t transaction, bool routes, uint32_t now_s, struct account_batch *batch);
/* Has this address of record at this registrar, or this subscription, named the endpoint itself? */
bool account_asked(struct account_table *table, const struct account *of, uint32_t now_s);
void account_drop(struct account_table *table, const struct account *account, uint32_t now_s);
struct account_rest account_rest(
	struct account_table *table, const struct account *of, uint32_t now_s);
/* How the Contact of this endpoint, user and parameters is registered, or was asked for last. */
enum account_spelling account_spelling(
	struct account_table *table, const struct account *of, bool asked, uint32_t now_s);

/* End `budget` accounts whose time is over, from where the last sweep ended. Control lcore. */
void account_sweep(struct account_table *table, uint32_t budget, uint32_t now_s);
/* Granted registrations; any thread. */
uint32_t account_registrations(const struct account_table *table);
/* Those with an index above `*cursor`, up to `max`. A bounded number of entries is looked at;
 * `*cursor` is where to go on, 0 at the end. */
unsigned int account_page(struct account_table *table, uint32_t now_s, uint32_t *cursor,
	unsigned int max, struct account_listed *listed);
/* Who else may send to a registered Contact; returns how many. */
unsigned int account_peers(struct account_table *table, const struct account *of, uint32_t now_s,
	rte_be32_t *peers, unsigned int max);

/* What a REGISTER, or a message about a subscription, says of one endpoint (contact.c). */
enum contact_note_kind {
	NOTE_NAMED, /* the sender's own, opened by this message */
	NOTE_ECHOED, /* the other side's, that was named before */
	NOTE_PEER, /* of the sender's side: later messages may come from there */
	NOTE_ALL, /* Contact: * */
};

struct contact_note {
	struct account account; /* endpoint, user, parameters, spelling, route */
	uint8_t kind; /* enum contact_note_kind */
	uint16_t text; /* of the Contact, as kept; 0: not taken */
	uint32_t expires;
};

/* As a text of them is kept, with the length that it had. */
struct contact_text {
	uint16_t length;
	char text[CONTACT_SHOWN];
};

enum {
	CONTACT_NOTES_MAX = UINT16_MAX / 12, /* each is at least a "sip:1.2.3.4," of the message */
	CONTACT_TEXTS_MAX = 256, /* as many accounts as one address of record has */
};

enum subscription_verdict { SUBSCRIPTION_STAYS, SUBSCRIPTION_LASTS, SUBSCRIPTION_ENDS };

/* All that is taken from such a message. It is acted on when the text has been edited already. */
struct contact_notes {
	uint64_t who; /* as of an account */
	uint16_t who_length; /* of a registration, as of struct account_shown */
	char who_text[WHO_SHOWN];
	uint32_t transaction;
	uint32_t event;
	uint32_t seconds; /* of the subscription, when it lasts */
	uint8_t verdict; /* enum subscription_verdict */
	bool taken; /* the message is one of those */
	uint16_t count, text_count;
	struct contact_note note[CONTACT_NOTES_MAX];
	struct contact_text text[CONTACT_TEXTS_MAX + 1]; /* from 1 on */
};

#endif
