/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session descriptions as slices: addresses and ports of every stream, and what decides about them.
 * RFC 8866, 3605 (a=rtcp), 5761 (rtcp-mux), 8839 (candidates), 4145 (setup), 8843 (BUNDLE).
 */
#ifndef SIP_SDP_H
#define SIP_SDP_H

#include "limits.h"
#include "slice.h"

enum sdp_error {
	SDP_OK,
	SDP_ERROR_NOT_SDP, /* does not begin with v= */
	SDP_ERROR_LINE, /* a line that is not x=... */
	SDP_ERROR_CONNECTION, /* c= malformed */
	SDP_ERROR_MEDIA, /* m= malformed */
	SDP_ERROR_TOO_MANY_MEDIA,
	SDP_ERROR_TOO_MANY_CANDIDATES,
	SDP_ERRORS
};
const char *sdp_error_name(enum sdp_error error);

/* An address in c=, o=, a=rtcp or a candidate. */
struct sdp_address {
	struct slice
		text; /* the address alone (a TTL or count after '/' excluded); at NULL: none */
	bool is_ipv4; /* a literal IPv4; else a host name or IPv6 */
	uint32_t ipv4; /* network order */
};

struct sdp_candidate {
	uint8_t media; /* index */
	uint8_t component; /* 1 RTP, 2 RTCP */
	bool udp;
	struct sdp_address address;
	struct slice port_text;
	uint16_t port;
	struct sdp_address related_address; /* raddr; text.at NULL: none */
	struct slice related_port_text;
	uint16_t related_port;
	struct slice line; /* the whole a= line without its line end */
};

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_media {
	struct slice type; /* audio, video, image ... */
	struct slice protocol; /* RTP/AVP, udptl, TCP/MSRP ... */
	bool is_rtp; /* protocol contains RTP/ */
	bool is_udp; /* runs over UDP: RTP, udptl, UDP/..., DTLS */
	struct slice port_text; /* digits of the port alone */
	uint16_t port;
	uint16_t port_count; /* from port/count, else 1 */
	struct sdp_address connection; /* own c=; text.at NULL: the session's holds */
	bool rtcp_present;
	struct slice rtcp_port_text; /* a=rtcp: */
	uint16_t rtcp_port;
	struct sdp_address rtcp_address;
	bool rtcp_mux;
	enum sdp_direction direction;
	struct slice line; /* the m= line without its line end */
	struct slice section; /* from m= to the next m= or the end */
};

struct sdp {
	struct slice text;
	struct sdp_address origin; /* o= */
	struct sdp_address connection; /* session c=; text.at NULL: none */
	enum sdp_direction direction;
	uint8_t media_count;
	uint8_t candidate_count;
	struct sdp_media media[SDP_MEDIA_MAX];
	struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
};

/** Parse a description that fills `text`. LF-only lines are understood. */
enum sdp_error sdp_parse(struct slice text, struct sdp *sdp);

/**
 * The application/sdp part of a body: the body itself, or the first such part of a multipart body
 * (RFC 2046, depth 4). `content_type` is the Content-Type value (at NULL: a body that starts with
 * "v=0" is taken for SDP). False when there is none.
 */
bool sdp_find(struct slice body, struct slice content_type, struct slice *description);

#endif
