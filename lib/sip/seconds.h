/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers that are a number of seconds: Expires, Min-Expires (RFC 3261 20.19, 20.23),
 * Session-Expires and Min-SE (RFC 4028 4, 5).
 */
#ifndef SIP_SECONDS_H
#define SIP_SECONDS_H

#include "uri.h"

/**
 * Delta-seconds, maybe with parameters or a comment behind, which are not looked into. False when
 * it is no number or over 2^32 - 1; an HTTP date, as RFC 2543 had it, is none.
 */
bool sip_seconds_parse(struct slice value, uint32_t *seconds);

enum sip_refresher { SIP_REFRESHER_NONE, SIP_REFRESHER_UAC, SIP_REFRESHER_UAS };

struct sip_session_expires {
	uint32_t seconds;
	enum sip_refresher refresher; /* NONE: not written, or neither of the two */
	struct slice parameters;
};

/** False when it does not begin with seconds. */
bool sip_session_expires_parse(struct slice value, struct sip_session_expires *session);

#endif
