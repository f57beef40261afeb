/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Refer-To (RFC 3515 2.1), with the dialog that its target is to replace (RFC 3891 4, RFC 5589).
 */
#ifndef SIP_REFER_TO_H
#define SIP_REFER_TO_H

#include "replaces.h"
#include "uri.h"

struct sip_refer_to {
	struct sip_address address;
	struct sip_uri uri; /* of any scheme */
	struct slice method; /* URI parameter; at NULL: none, an INVITE */
	bool has_replaces; /* a well-formed Replaces in uri.headers */
	struct slice replaces_text; /* escaped; at NULL: none in it */
	struct sip_replaces replaces;
};

/** False when it has no URI. */
bool sip_refer_to_parse(struct slice value, struct sip_refer_to *refer_to);

#endif
