/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every line of a session description, one by one (RFC 8866 5), for who wants more of it than what
 * decides where media goes: sdp.h reads that. Nothing here is edited by the ALG.
 */
#ifndef SIP_SDP_LINE_H
#define SIP_SDP_LINE_H

#include "sdp.h"

enum sdp_line_kind {
	SDP_LINE_OTHER, /* a letter RFC 8866 does not know, or no line of the form x=... */
	SDP_LINE_VERSION, /* v= */
	SDP_LINE_ORIGIN, /* o= */
	SDP_LINE_NAME, /* s= */
	SDP_LINE_INFORMATION, /* i= */
	SDP_LINE_URI, /* u= */
	SDP_LINE_EMAIL, /* e= */
	SDP_LINE_PHONE, /* p= */
	SDP_LINE_CONNECTION, /* c= */
	SDP_LINE_BANDWIDTH, /* b= */
	SDP_LINE_TIME, /* t= */
	SDP_LINE_REPEAT, /* r= */
	SDP_LINE_ZONE, /* z= */
	SDP_LINE_KEY, /* k=, obsolete */
	SDP_LINE_ATTRIBUTE, /* a= */
	SDP_LINE_MEDIA, /* m= */
};

struct sdp_line {
	enum sdp_line_kind kind;
	uint8_t media; /* index of its section, 254 for all further ones, or SDP_SESSION */
	struct slice text; /* without the line end */
	struct slice value; /* behind the '='; the whole text where there is none */
};

/* Begin with sdp_lines_begin(). */
struct sdp_lines {
	const char *p, *end;
	uint8_t media;
};

struct sdp_lines sdp_lines_begin(struct slice description);

/** The next line that is not empty, in order. False: the description ends. */
bool sdp_line_next(struct sdp_lines *lines, struct sdp_line *line);

/** a=<name>[:<value>]; *value: at NULL when it is a property. False: no name. */
bool sdp_attribute_split(struct slice value, struct slice *name, struct slice *attribute_value);

/* o=<user> <session id> <session version> <network> <type> <address> */
struct sdp_origin {
	struct slice user, session_id, version, network, type, address;
};
/** From the end, so that a user name with spaces in it is one. False: fewer than six words. */
bool sdp_origin_read(struct slice value, struct sdp_origin *origin);

/* b=<type>:<bandwidth>; kilobits a second but for types that say otherwise (RFC 3890). */
struct sdp_bandwidth {
	struct slice type;
	uint64_t value;
};
bool sdp_bandwidth_read(struct slice value, struct sdp_bandwidth *bandwidth);

/* t=<start> <stop>, seconds since 1900; 0: not bounded. */
struct sdp_time {
	uint64_t start, stop;
};
bool sdp_time_read(struct slice value, struct sdp_time *time);

/** A time in r= and z=: digits, maybe '-' before and d, h, m or s behind; in seconds. */
bool sdp_interval_read(struct slice word, int64_t *seconds);

/* r=<interval> <duration> <offset> ... in seconds */
struct sdp_repeat {
	int64_t interval, duration;
	struct slice offsets; /* one word each; sdp_interval_next() */
};
bool sdp_repeat_read(struct slice value, struct sdp_repeat *repeat);

/** The next word of a list of times. False: none is left, or it is none. */
bool sdp_interval_next(struct slice *rest, int64_t *seconds);

/** z=<time> <offset> ...: the next pair. False: none is left, or it is none. */
bool sdp_zone_next(struct slice *rest, uint64_t *time, int64_t *offset);

#endif
