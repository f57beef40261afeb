/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session descriptions as slices: addresses and ports of every stream, and what decides about them.
 * RFC 8866, 3605 (a=rtcp), 5761 and 8858 (rtcp-mux), 8839 and 6544 (candidates), 4145 (setup),
 * 8843 and 5888 (BUNDLE, mid), 4975 (path).
 *
 * How tolerant: "v=" comes first and m= opens a media section; beyond that the order of lines is
 * not looked at. Lines that only describe (s i u e p b t r z k, unknown letters, unknown attributes)
 * are kept and read by nobody here; sdp_line.h reads them for who asks. Attributes that cannot be
 * read are kept as well. A c= or m= that cannot be read is an error, since it decides where media
 * goes. Names and words are understood in any letter case, type letters are not.
 */
#ifndef SIP_SDP_H
#define SIP_SDP_H

#include "limits.h"
#include "slice.h"
#include "uri.h"

enum { SDP_SESSION = UINT8_MAX }; /* `media` of what stands before the first m= */

/* X(ENUM, "name", "meaning"). Each has a counter of its own in lib/alg. */
#define SDP_ERROR_LIST(X) \
	X(NOT_SDP, "not_sdp", "does not begin with v=") \
	X(LINE, "line", "a line that is not x=...") \
	X(CONNECTION, "connection", "c= malformed") \
	X(MEDIA, "media", "m= malformed") \
	X(TOO_MANY_MEDIA, "too_many_media", "more than SDP_MEDIA_MAX") \
	X(TOO_MANY_CANDIDATES, "too_many_candidates", \
		"a=candidate, or addresses in a=remote-candidates") \
	X(TOO_MANY_CONNECTIONS, "too_many_connections", "more than SDP_CONNECTIONS_MAX") \
	X(TOO_MANY_PATHS, "too_many_paths", "more than SDP_PATHS_MAX")

enum sdp_error {
	SDP_OK,
#define X(id, name, meaning) SDP_ERROR_##id,
	SDP_ERROR_LIST(X)
#undef X
		SDP_ERRORS
};
const char *sdp_error_name(enum sdp_error error);

/* An address in c=, o=, a=rtcp or a candidate. */
struct sdp_address {
	struct slice text; /* the address alone, without "/ttl/count"; at NULL: none */
	bool is_ipv4; /* a literal IPv4 */
	bool is_ipv6; /* holds a colon, which no host name does */
	uint8_t ttl; /* c=IN IP4 <address>/ttl; 0: none */
	uint8_t count; /* c=... /count, else 1; 255: that many or more */
	uint32_t ipv4; /* network order */
};

/* A c= line beyond the first of its section. */
struct sdp_connection {
	uint8_t media; /* index, or SDP_SESSION */
	struct sdp_address address;
};

enum sdp_candidate_type {
	SDP_CANDIDATE_OTHER,
	SDP_CANDIDATE_HOST,
	SDP_CANDIDATE_SRFLX,
	SDP_CANDIDATE_PRFLX,
	SDP_CANDIDATE_RELAY,
};

enum sdp_tcp_type { SDP_TCP_NONE, SDP_TCP_ACTIVE, SDP_TCP_PASSIVE, SDP_TCP_SO };

struct sdp_candidate {
	uint8_t media; /* index */
	bool udp;
	uint16_t component; /* 1 RTP, 2 RTCP, up to 256 */
	struct sdp_address address;
	struct slice port_text;
	uint16_t port;
	uint16_t related_port;
	uint8_t type; /* enum sdp_candidate_type */
	uint8_t tcp_type; /* enum sdp_tcp_type */
	uint32_t priority;
	struct slice related_port_text;
	struct sdp_address related_address; /* raddr; text.at NULL: none */
	struct slice foundation;
	struct slice transport;
	struct slice line; /* the whole a= line without its line end */
};

/* One address of a=remote-candidates: a candidate of whoever receives the description. */
struct sdp_remote_candidate {
	uint8_t media;
	uint16_t component;
	uint16_t port;
	struct slice port_text;
	struct sdp_address address;
};

/* One URI of a=path. */
struct sdp_path {
	uint8_t media;
	bool secure; /* msrps */
	struct slice uri;
	struct sip_hostport host; /* no port written: 2855 (RFC 4975 6) */
};
enum { SDP_MSRP_PORT = 2855 };

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

enum sdp_setup {
	SDP_SETUP_NONE,
	SDP_SETUP_ACTIVE,
	SDP_SETUP_PASSIVE,
	SDP_SETUP_ACTPASS,
	SDP_SETUP_HOLDCONN,
};

/* ICE attributes that stand at this level; nothing is inherited. */
enum sdp_ice {
	SDP_ICE_UFRAG = 1 << 0,
	SDP_ICE_PWD = 1 << 1,
	SDP_ICE_LITE = 1 << 2,
	SDP_ICE_MISMATCH = 1 << 3,
	SDP_ICE_END = 1 << 4, /* end-of-candidates */
};

struct sdp_media {
	struct slice type; /* audio, video, image ... */
	struct slice protocol; /* RTP/AVP, udptl, TCP/MSRP ... */
	struct slice formats; /* the rest of m= */
	struct slice port_text; /* digits of the port alone */
	uint16_t port;
	uint16_t port_count; /* from port/count, else 1 */
	bool is_rtp; /* protocol contains RTP/ */
	bool is_udp; /* runs over UDP: RTP, udptl, UDP/..., DTLS */
	bool rtcp_present;
	bool rtcp_mux;
	bool rtcp_mux_only;
	bool bundle_only;
	uint8_t bundle; /* its BUNDLE group: index into `groups` plus 1; 0: none */
	uint8_t direction; /* enum sdp_direction; its own, else the session's */
	uint8_t setup; /* enum sdp_setup; its own, else the session's */
	uint8_t ice; /* enum sdp_ice */
	uint16_t rtcp_port;
	struct slice rtcp_port_text; /* a=rtcp: */
	struct sdp_address rtcp_address;
	struct sdp_address connection; /* own c=; text.at NULL: the session's holds */
	struct slice mid; /* at NULL: none */
	struct slice line; /* the m= line without its line end */
	struct slice section; /* from m= to the next m= or the end */
};

struct sdp {
	struct slice text;
	struct slice line_end; /* how its first line ends: what an added line ends with */
	struct sdp_address origin; /* o= */
	struct sdp_address connection; /* session c=; text.at NULL: none */
	uint32_t error_offset; /* of the line that is wrong */
	uint8_t direction; /* enum sdp_direction */
	uint8_t setup; /* enum sdp_setup */
	uint8_t ice; /* enum sdp_ice */
	uint8_t media_count;
	uint8_t candidate_count;
	uint8_t ipv6_candidates; /* with nothing but IPv6: not listed */
	uint8_t remote_count;
	uint8_t connection_count;
	uint8_t path_count;
	uint8_t group_count;
	/* What follows is written as far as the counts go. */
	struct sdp_media media[SDP_MEDIA_MAX];
	struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
	struct sdp_remote_candidate remotes[SDP_REMOTES_MAX];
	struct sdp_connection connections[SDP_CONNECTIONS_MAX];
	struct sdp_path paths[SDP_PATHS_MAX];
	struct slice groups[SDP_GROUPS_MAX]; /* mids of each a=group:BUNDLE */
};

/** Parse a description that fills `text`. Lines may end with CRLF, LF alone or CR alone. */
enum sdp_error sdp_parse(struct slice text, struct sdp *sdp);

/**
 * Read one a=candidate line (without its line end), whatever its addresses are. `media` is left
 * alone. False when it is none or not readable.
 */
bool sdp_candidate_read(struct slice line, struct sdp_candidate *candidate);

/**
 * The first application/sdp part of a body (multipart.h lists them all): the body itself, or a part
 * of a multipart body. `content_type` is the Content-Type value (at NULL: a body that starts with
 * "v=0" is taken for SDP). False when there is none.
 */
bool sdp_find(struct slice body, struct slice content_type, struct slice *description);

#endif
