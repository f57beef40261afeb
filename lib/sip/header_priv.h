/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header names, and one header line with its folds: what messages, the Call-ID peek and body parts
 * have in common.
 */
#ifndef SIP_HEADER_PRIV_H
#define SIP_HEADER_PRIV_H

#include "sip/message.h"
#include "sip/scan_priv.h"

enum header_kind {
	HEADER_LINE,
	HEADER_END, /* the empty line; next: the body */
	HEADER_BAD, /* no colon, no name, or a continuation of nothing */
	HEADER_CUT, /* the text ends before the line does */
	HEADER_LONG, /* over SIP_LINE_MAX */
};

struct header_line {
	struct slice name, value;
	const char *next;
};

enum { HEADER_NAME_SLOT_BITS = 6, HEADER_NAME_SLOTS = 1 << HEADER_NAME_SLOT_BITS };

/* 32 bytes, to be indexed by a shift. */
struct header_name {
	char text[24]; /* and the colon */
	uint16_t length;
	uint16_t id;
	uint32_t unused;
};
extern const struct header_name header_names[HEADER_NAME_SLOTS];
extern const uint8_t header_short_names[256]; /* by the letter with bit 0x20 set */

/* The one known name that a length and three small letters, the first lowest, leave possible. */
static inline __attribute__((always_inline)) const struct header_name *
header_name_slot(uint32_t letters, uint32_t length)
{
	return &header_names[((letters << 8 | (length & 0xff)) * 0x222bbf6b) >>
			     (32 - HEADER_NAME_SLOT_BITS)];
}

/* Identify a header name (not empty), short forms included. */
enum sip_header_id header_id(struct slice name);

static inline __attribute__((always_inline)) enum header_kind
header_line_read(const char *p, const char *end, struct header_line *line)
{
	if (p == end)
		return HEADER_CUT;
	if (*p == '\r' || *p == '\n') {
		line->next = scan_line_next(p, end);
		return HEADER_END;
	}

	const char *colon, *line_end;

	scan_header(p, end, &colon, &line_end);

	if (colon == end)
		return end - p > SIP_LINE_MAX ? HEADER_LONG : HEADER_CUT;
	if (*colon != ':' || *p == ' ' || *p == '\t')
		return HEADER_BAD;

	const char *name_end = colon;

	while (name_end > p && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	if (name_end == p)
		return HEADER_BAD;

	for (;;) {
		if (line_end - p > SIP_LINE_MAX)
			return HEADER_LONG;
		if (line_end == end)
			return HEADER_CUT;
		line->next = scan_line_next(line_end, end);
		if (line->next == end || (*line->next != ' ' && *line->next != '\t'))
			break;
		line_end = scan_line_end(line->next, end);
	}
	scan_store(&line->name, slice_of(p, name_end));
	scan_store(&line->value, scan_trim(colon + 1, line_end));
	return HEADER_LINE;
}

#endif
