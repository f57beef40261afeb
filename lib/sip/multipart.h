/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of a body (RFC 2046 5.1, RFC 5621), whichever subtype of multipart it is.
 *
 * A body that is not multipart is one part of depth 0. Multipart bodies are walked into down to
 * SIP_BODY_DEPTH_MAX; what lies deeper, or has no usable boundary, is one part that is left alone.
 *
 * How tolerant: a delimiter is a whole line ("--boundary", maybe "--", then spaces and tabs only), so
 * that a boundary may be a prefix of another; lines end with CRLF, LF or CR; the first delimiter
 * may begin the body; a body that is never closed ends with its last part; header lines that are
 * none are passed over; a part without an empty line has headers and no content.
 *
 * Left alone (never `is_sdp`): parts with a Content-Transfer-Encoding other than 7bit, 8bit and
 * binary, or with a Content-Encoding other than identity; they would have to be decoded first.
 */
#ifndef SIP_MULTIPART_H
#define SIP_MULTIPART_H

#include "edit.h"
#include "limits.h"
#include "slice.h"

/* X(ENUM, "name", "meaning"). Each has a counter of its own in lib/alg. */
#define MULTIPART_ERROR_LIST(X) \
	X(TYPE, "type", "a Content-Type that is no type \"/\" subtype") \
	X(BOUNDARY, "boundary", "multipart without a boundary, or with a longer one than allowed") \
	X(NO_PART, "no_part", "the boundary stands nowhere in the body") \
	X(NOT_CLOSED, "not_closed", "the last delimiter is missing") \
	X(HEADER, "header", "a part's header line is too long") \
	X(TOO_DEEP, "too_deep", "what lies deeper than SIP_BODY_DEPTH_MAX is one part") \
	X(TOO_MANY_PARTS, "too_many_parts", "the rest is left alone")

enum multipart_error {
	MULTIPART_OK,
#define X(id, name, meaning) MULTIPART_ERROR_##id,
	MULTIPART_ERROR_LIST(X)
#undef X
		MULTIPART_ERRORS
};
const char *multipart_error_name(enum multipart_error error);

struct multipart_part {
	uint8_t depth; /* 0: the body itself, 1: a part of it ... */
	bool is_sdp; /* application/sdp that can be read as it stands */
	bool encoded; /* must be decoded before anybody can read it */
	struct slice headers; /* with the empty line; "" when there are none */
	struct slice content;
	struct slice content_type; /* value; at NULL: none (RFC 2046 5.1: plain text) */
	struct slice content_disposition; /* value; at NULL: none */
	struct slice content_length; /* value; at NULL: none */
};

/* One level of nesting. */
struct multipart_level {
	const char *p, *end; /* what is not read yet: behind a delimiter line once opened */
	struct slice boundary; /* as written between quotes */
	struct multipart_part part; /* what this level divides */
	bool opened, closed;
	bool escaped; /* the boundary holds backslashes */
};

/* The walk through a body. Its owner reads `error`: the first thing wrong, which ended nothing. */
struct multipart {
	struct slice body;
	struct slice content_type;
	uint8_t depth;
	uint8_t part_count;
	bool begun;
	enum multipart_error error;
	uint32_t error_offset; /* from the body's start */
	struct multipart_level level[SIP_BODY_DEPTH_MAX];
};

/**
 * Begin a walk. `content_type` is the value of the message's Content-Type (at NULL: none; a body
 * that starts with "v=0" is then taken for SDP). Does not touch the levels.
 */
void multipart_begin(struct multipart *multipart, struct slice body, struct slice content_type);

/**
 * The next part that is not multipart itself. False: there is no other. A whole walk reads each byte
 * at most twice for each level that it lies in (once for delimiters, once for headers).
 */
bool multipart_next(struct multipart *multipart, struct multipart_part *part);

/** The next part that is a session description. */
bool multipart_next_sdp(struct multipart *multipart, struct multipart_part *part);

/**
 * The session descriptions of a body, in order, `max` (not 0) of them at most; how many. `error` is
 * the first thing wrong up to the last of them: MULTIPART_OK when nothing is.
 */
unsigned int sdp_find_all(struct slice body, struct slice content_type, struct slice *descriptions,
	unsigned int max, enum multipart_error *error);

/**
 * Plan a new Content-Length for each part that has one and whose content other edits make longer or
 * shorter. After all edits of the body, before the message's own Content-Length. False on overflow.
 */
bool multipart_edit_lengths(struct sip_edits *edits, struct slice body, struct slice content_type);

#endif
