/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One header line, folds included: what messages, the Call-ID peek and body parts have in common.
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

/* Identify a header name (not empty), short forms included. `end`: what may be read. */
enum sip_header_id header_id(struct slice name, const char *end);

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
