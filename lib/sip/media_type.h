/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Content-Type (RFC 3261 20.15, RFC 2045 5.1) and Content-Disposition (RFC 3261 20.11, RFC 2183).
 */
#ifndef SIP_MEDIA_TYPE_H
#define SIP_MEDIA_TYPE_H

#include "uri.h"

struct sip_media_type {
	struct slice type, subtype;
	struct slice parameters; /* from the first ';' on, "" when none */
};

/** False when it is no type "/" subtype; spaces round the '/' are passed over. */
bool sip_media_type_parse(struct slice value, struct sip_media_type *media_type);

/** Compare both, case ignored. */
bool sip_media_type_is(
	const struct sip_media_type *media_type, const char *type, const char *subtype);

/** The boundary parameter without its quotes, escapes in it kept. False: none, or empty. */
bool sip_media_type_boundary(const struct sip_media_type *media_type, struct slice *boundary);

struct sip_disposition {
	struct slice type; /* "session", "render", "attachment", ... */
	bool optional; /* handling=optional; anything else is required (RFC 3261 20.11) */
	struct slice parameters;
};

/** False when it does not begin with a token. */
bool sip_disposition_parse(struct slice value, struct sip_disposition *disposition);

#endif
