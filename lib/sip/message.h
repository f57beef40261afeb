/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A SIP message as a table of slices over the caller's buffer (RFC 3261 section 7, 25). One pass,
 * linear, bounded, no allocation. Nothing is unfolded or normalised; what is not understood is kept.
 */
#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include "limits.h"
#include "uri.h"

enum sip_method {
	SIP_METHOD_NONE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_INFO,
	SIP_INVITE,
	SIP_MESSAGE,
	SIP_NOTIFY,
	SIP_OPTIONS,
	SIP_PRACK,
	SIP_PUBLISH,
	SIP_REFER,
	SIP_REGISTER,
	SIP_SUBSCRIBE,
	SIP_UPDATE,
	SIP_METHOD_OTHER
};

/* Headers with a number; the rest is SIP_HEADER_OTHER. Short forms (all of the IANA registry's) map
 * to the same value. */
enum sip_header_id {
	SIP_HEADER_OTHER,
	SIP_HEADER_VIA,
	SIP_HEADER_FROM,
	SIP_HEADER_TO,
	SIP_HEADER_CALL_ID,
	SIP_HEADER_CSEQ,
	SIP_HEADER_CONTACT,
	SIP_HEADER_RECORD_ROUTE,
	SIP_HEADER_ROUTE,
	SIP_HEADER_PATH,
	SIP_HEADER_SERVICE_ROUTE,
	SIP_HEADER_CONTENT_TYPE,
	SIP_HEADER_CONTENT_LENGTH,
	SIP_HEADER_CONTENT_DISPOSITION,
	SIP_HEADER_EXPIRES,
	SIP_HEADER_SESSION_EXPIRES,
	SIP_HEADER_REFER_TO,
	SIP_HEADER_REFERRED_BY,
	SIP_HEADER_REPLACES,
	SIP_HEADER_RACK,
	SIP_HEADER_RSEQ,
	SIP_HEADER_REQUIRE,
	SIP_HEADER_SUPPORTED,
	SIP_HEADER_P_ASSERTED_IDENTITY,
	SIP_HEADER_P_PREFERRED_IDENTITY,
	SIP_HEADER_REMOTE_PARTY_ID,
	SIP_HEADER_DIVERSION,
	SIP_HEADER_HISTORY_INFO,
	SIP_HEADER_ACCEPT_CONTACT,
	SIP_HEADER_ALLOW,
	SIP_HEADER_ALLOW_EVENTS,
	SIP_HEADER_CONTENT_ENCODING,
	SIP_HEADER_EVENT,
	SIP_HEADER_IDENTITY,
	SIP_HEADER_IDENTITY_INFO,
	SIP_HEADER_JOIN,
	SIP_HEADER_MIN_EXPIRES,
	SIP_HEADER_MIN_SE,
	SIP_HEADER_REJECT_CONTACT,
	SIP_HEADER_REQUEST_DISPOSITION,
	SIP_HEADER_SUBJECT,
	SIP_HEADER_TARGET_DIALOG,
	SIP_HEADER_WARNING,
	SIP_HEADER_IDS
};

struct sip_header {
	struct slice name; /* as written, without colon and spaces */
	struct slice value; /* trimmed; folds inside */
	uint16_t id; /* enum sip_header_id */
	uint16_t next; /* index of the next header with this id; 0: none */
};

/* X(ENUM, "name", "meaning"). Each has a counter of its own in lib/alg. */
#define SIP_ERROR_LIST(X) \
	X(EMPTY, "empty", "nothing but CRLF: a keepalive, or an empty datagram") \
	X(NOT_SIP, "not_sip", "the first line is no request and no status line") \
	X(START_LINE, "start_line", "it looks like one of SIP, but is wrong") \
	X(HEADER, "header", "a line without colon or name") \
	X(TOO_MANY_HEADERS, "too_many_headers", "more than SIP_HEADERS_MAX") \
	X(TOO_MANY_VIAS, "too_many_vias", "more than SIP_VIAS_MAX values") \
	X(LINE_TOO_LONG, "line_too_long", "more than SIP_LINE_MAX, folds included") \
	X(MESSAGE_TOO_LONG, "message_too_long", "more than SIP_MESSAGE_MAX") \
	X(NO_END, "no_end", "no empty line after the headers") \
	X(CONTENT_LENGTH, "content_length", \
		"no number, overflow, two that differ, or more than there is") \
	X(CALL_ID, "call_id", "missing or empty") \
	X(CSEQ, "cseq", "missing, malformed, or 2^31 and more") \
	X(FROM_TO, "from_to", "missing From or To") \
	X(VIA, "via", "missing Via")

enum sip_error {
	SIP_OK,
#define X(id, name, meaning) SIP_ERROR_##id,
	SIP_ERROR_LIST(X)
#undef X
		SIP_ERRORS
};
/** Name for counters and logs; "unknown" for any other number. */
const char *sip_error_name(enum sip_error error);

struct sip_message {
	struct slice text; /* everything given */
	bool request;
	enum sip_method method; /* of the request line, or of CSeq for a response */
	uint16_t status; /* 100 .. 699; 0 for a request */
	struct slice method_text, request_uri;
	uint32_t cseq;
	struct slice
		call_id; /* value of the first Call-ID header, also when a later one is wrong */
	struct sip_address from, to; /* of the first From and To; uri.at NULL: not readable */
	struct slice from_tag, to_tag; /* at NULL: none */
	bool content_length_present;
	struct slice content_length; /* the digits, to be edited */
	struct slice body; /* Content-Length bytes, or to the end when absent (UDP) */
	uint32_t error_offset; /* of the line or value that is wrong; 0 when none is */
	uint16_t header_count;
	uint16_t first[SIP_HEADER_IDS]; /* index + 1 of the first header with an id; 0: none */
	struct sip_header header[SIP_HEADERS_MAX];
};

/**
 * Parse one message that fills `text` (a datagram, or one framed message of a stream). Leading
 * CRLFs are skipped. `header` beyond header_count is not written. SIP_OK or what is wrong.
 */
enum sip_error sip_message_parse(const char *text, uint32_t length, struct sip_message *message);

/**
 * First Call-ID value, either form, without a full parse; false when there is none or it is empty,
 * whatever comes behind it. It agrees with sip_message_parse(): where that one leaves a call_id that
 * is not empty, with SIP_OK or with an error, this is the same slice, and where it leaves an empty
 * one, or reads all headers and finds none, this is false. Where it gives up before it comes to a
 * Call-ID, this may find one further down.
 */
bool sip_peek_call_id(const char *text, uint32_t length, struct slice *call_id);

/** Headers of an id in order: for (h = sip_header_first(m, id); h; h = sip_header_next(m, h)). */
static inline const struct sip_header *
sip_header_first(const struct sip_message *message, enum sip_header_id id)
{
	return message->first[id] == 0 ? NULL : &message->header[message->first[id] - 1];
}

static inline const struct sip_header *
sip_header_next(const struct sip_message *message, const struct sip_header *header)
{
	return header->next == 0 ? NULL : &message->header[header->next];
}

/**
 * Take the next comma-separated value off `rest` (quotes, <> and comments respected; trimmed).
 * False when nothing is left. Start with rest = header->value.
 */
bool sip_value_next(struct slice *rest, struct slice *value);

enum sip_method sip_method_of(struct slice text);

#endif
