/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every bound of this room in one place. What is beyond one is refused with an error, never cut.
 */
#ifndef SIP_LIMITS_H
#define SIP_LIMITS_H

#include <stdint.h>

enum {
	/* message */
	SIP_MESSAGE_MAX = 65535, /* bytes, as of a UDP datagram */
	SIP_HEADERS_MAX = 128,
	SIP_LINE_MAX = 8192, /* bytes of the start line, or of a header with its folds */
	SIP_CSEQ_MAX = INT32_MAX, /* RFC 3261 8.1.1.5 */
	SIP_VIAS_MAX = 70, /* Via values: no request has passed more proxies (RFC 3261 8.1.1.6) */

	/* bodies */
	SIP_BODY_DEPTH_MAX = 4, /* multipart in multipart */
	SIP_BODY_PARTS_MAX = 16, /* parts that are looked at, all levels together */
	SIP_BOUNDARY_MAX = 70, /* characters (RFC 2046 5.1.1) */

	/* session descriptions */
	SDP_MEDIA_MAX = 16,
	SDP_CANDIDATES_MAX = 32, /* of all media together */
	SDP_REMOTES_MAX = 32, /* addresses in a=remote-candidates, of all media together */
	SDP_CONNECTIONS_MAX = 16, /* c= lines beyond the first of their section, all together */
	SDP_PATHS_MAX = 16, /* URIs in a=path, of all media together */
	SDP_GROUPS_MAX = 4, /* a=group:BUNDLE lines; further ones are kept, but tell nothing */

	/* edit lists */
	SIP_EDITS_MAX = 256,
	SIP_EDIT_TEXT_MAX = 8192, /* bytes of new text */
};

#endif
