/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Contact value with what registrars and proxies read in it (RFC 3261 10.2, 20.10; RFC 5626,
 * RFC 5627).
 */
#ifndef SIP_CONTACT_H
#define SIP_CONTACT_H

#include "uri.h"

enum { SIP_CONTACT_NO_Q = -1 };

struct sip_contact {
	struct sip_address address; /* star: "*", all of a registration */
	bool expires_present; /* a malformed one is as if absent (RFC 3261 10.3) */
	uint32_t expires; /* seconds */
	int16_t q; /* thousandths, 0 .. 1000; SIP_CONTACT_NO_Q: none, or malformed */
	uint32_t reg_id; /* 1 ..; 0: none */
	struct slice instance; /* "<urn:uuid:...>" without the quotes; at NULL: none */
	struct slice pub_gruu, temp_gruu; /* URIs without the quotes; at NULL: none */
};

/** One value of a Contact header. False when it has no URI and is no star. */
bool sip_contact_parse(struct slice value, struct sip_contact *contact);

#endif
