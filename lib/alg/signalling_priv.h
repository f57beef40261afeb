/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signalling: address tokens, what they ask to be opened, and who is registered where.
 */
#ifndef ALG_SIGNALLING_PRIV_H
#define ALG_SIGNALLING_PRIV_H

#include "alg/alg.h"
#include "sip/uri.h"

enum {
	SUBSCRIPTION_S = 3600, /* no Expires in a SUBSCRIBE, NOTIFY or REFER */
	REGISTRATION_S = 3600, /* no expiry granted in a 200, RFC 3261 10.2 */
	SIP_PORT = 5060,
	SIPS_PORT = 5061,
	PLAN_OPENINGS_MAX = 64, /* signalling endpoints of one message */
};

enum permission { PERMIT_OPEN, PERMIT_FOREIGN, PERMIT_REFUSED };

struct opening_request {
	struct endpoint endpoint;
	enum pinhole_class kind;
	bool pin; /* a pinhole too, if the message may open it */
	bool held; /* by the call; else until until_s */
	uint32_t until_s;
};

struct token {
	const struct sip_hostport *host;
	struct slice edit; /* what is replaced: host and port, or the host alone */
	uint16_t port; /* when none is written in `host` */
	uint16_t default_port;
	uint8_t proto;
	enum spelling_class spelling;
	bool host_only; /* a parameter whose port stands elsewhere */
};

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

#endif
