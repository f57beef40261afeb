/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edit list: replacements planned while reading, applied once. Bytes outside the edits stay
 * identical. New text is kept in the list's own buffer until it is applied.
 */
#ifndef SIP_EDIT_H
#define SIP_EDIT_H

#include "message.h"

enum { SIP_EDIT_TEXT_SLACK = 32 };

struct sip_edit {
	uint32_t offset, length; /* what is replaced; length 0: insertion */
	uint16_t text_offset, text_length;
};

struct sip_edits {
	const char *base; /* start of the message */
	uint64_t known; /* the address written last and a bit above it; 0: none */
	/* Its text, which the next may repeat: offset, and length above; with ":port" and without. */
	uint32_t known_full, known_host;
	uint32_t known_port;
	uint32_t count;
	int32_t growth; /* sum of length changes */
	uint32_t text_used;
	uint32_t end; /* where the last one ends */
	uint32_t body_first; /* that many were there when the body's began; 0: nobody said so */
	int32_t body_growth; /* the sum at that time */
	bool overflow; /* an edit did not fit: apply will refuse */
	bool disorder; /* planned in another order than their places, or overlapping */
	bool long_text; /* one is longer than the slack */
	struct sip_edit edit[SIP_EDITS_MAX];
	char text[SIP_EDIT_TEXT_MAX + SIP_EDIT_TEXT_SLACK];
};

/** Empty list for a message that begins at `base`. Does not touch the arrays. */
void sip_edits_begin(struct sip_edits *edits, const char *base);

/** Replace `old` (a slice of the message) by text. Planned in any order. False on overflow. */
bool sip_edits_replace(
	struct sip_edits *edits, struct slice old, const char *text, uint32_t length);

/** Replace by an IPv4 address (network order) and, unless port is 0, ":port" (host order). */
bool sip_edits_address(struct sip_edits *edits, struct slice old, uint32_t address, uint16_t port);

/** Replace by a decimal number. */
bool sip_edits_number(struct sip_edits *edits, struct slice old, uint32_t number);

/** Headers are planned, what follows is in the body: a hint that spares the Content-Length a search. */
void sip_edits_body(struct sip_edits *edits);

/**
 * Plan the new Content-Length: body growth so far added to the old value; nothing when absent or
 * unchanged. After all other edits. False on overflow, and when an edit crosses the body's border.
 */
bool sip_edits_content_length(struct sip_edits *edits, const struct sip_message *message);

/**
 * Apply all edits in place. `length` is the message's length (bytes from base), `capacity` what may
 * be used from base on: what stands there behind the message is not kept. Returns the new length, or
 * -EMSGSIZE (too long), -EINVAL (overlap or overflow); on failure the buffer is unchanged.
 */
int64_t sip_edits_apply(struct sip_edits *edits, char *base, uint32_t length, uint32_t capacity);

/**
 * Write the edited message to `to`, which has `capacity` bytes and does not overlap with `from`, the
 * message of `length` bytes; that one is only read. Results as above; on failure `to` is unchanged.
 */
int64_t sip_edits_apply_to(
	struct sip_edits *edits, const char *from, uint32_t length, char *to, uint32_t capacity);

#endif
