/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading text with percent escapes (RFC 3261 19.1.1, 25.1) as it stands, without a decoded copy:
 * comparing it, and finding the addresses in it. A '%' that no two hex digits follow is a letter
 * like others.
 */
#ifndef SIP_ESCAPED_H
#define SIP_ESCAPED_H

#include "uri.h"

/** Compare with a NUL-ended ASCII word, case ignored. */
bool sip_escaped_is(struct slice escaped, const char *word);

/** Compare with plain text, byte by byte: tags, Call-IDs. */
bool sip_escaped_equal(struct slice escaped, struct slice plain);

/**
 * Find the next IPv4 literal, with its port if one is written, and take all up to it off `rest`.
 * A literal stands alone: "10.0.0.5" in "a@10.0.0.5%3A5060%3Blr", not in "x10.0.0.5" or
 * "1.10.0.0.5". The slices of *host cover what is written, escapes included, so an edit replaces
 * them as they are. What a literal is there for is the caller's to know: one in a Call-ID of
 * Replaces is to be left alone.
 */
bool sip_escaped_ipv4_next(struct slice *rest, struct sip_hostport *host);

/**
 * The transport parameter of the URI in which such a literal stands: `rest` begins behind that one, and the
 * URI ends with it or before a '>', a ',' or a '?', at *uri_end. Literals up to there are of the same URI, so
 * that who asks once for each URI reads the text once.
 */
enum sip_transport sip_escaped_transport(struct slice rest, const char **uri_end);

#endif
