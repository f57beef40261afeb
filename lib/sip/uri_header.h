/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers embedded in a URI behind its '?' (RFC 3261 19.1.1), as Refer-To and redirecting Contacts
 * hold them: "sip:b@h?Replaces=a%40b%3Bto-tag%3D1&Route=%3Csip:10.0.0.5%3Blr%3E".
 */
#ifndef SIP_URI_HEADER_H
#define SIP_URI_HEADER_H

#include "message.h"

struct sip_uri_header {
	enum sip_header_id id; /* OTHER: also "body" */
	struct slice name;
	struct slice value; /* escaped; see escaped.h */
};

/** Take the next one off `rest`, which begins as uri.headers. False when nothing is left. */
bool sip_uri_header_next(struct slice *rest, struct sip_uri_header *header);

/** Find the first one of an id; *value: escaped. */
bool sip_uri_header_find(struct slice headers, enum sip_header_id id, struct slice *value);

#endif
