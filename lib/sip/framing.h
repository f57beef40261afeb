/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where messages end in a stream (RFC 3261 18.3). The state is small and keeps no bytes: it is fed
 * the stream in pieces of any size, one after the other, and tells after which byte something ends.
 * What it tells depends on the bytes alone, never on where the pieces were cut.
 *
 * Life cycle: sip_framing_begin() when the stream begins, sip_framing_feed() for its bytes in order.
 * After SIP_FRAME_ERROR the rest of the stream cannot be framed.
 * Synchronization: none; a state belongs to one thread.
 */
#ifndef SIP_FRAMING_H
#define SIP_FRAMING_H

#include "message.h"

enum sip_frame {
	SIP_FRAME_MORE, /* all bytes are taken and nothing ends with them */
	SIP_FRAME_MESSAGE, /* a message ends with the last byte taken */
	SIP_FRAME_CRLF, /* so does a line end between messages: a pong (RFC 5626 4.4.1), or half a ping */
	SIP_FRAME_PING, /* so does a second one in a row: a ping */
	SIP_FRAME_ERROR, /* framing->error says why */
};

enum sip_framing_error {
	SIP_FRAMING_OK,
	SIP_FRAMING_NOT_SIP, /* neither a request nor a status line */
	SIP_FRAMING_LINE_TOO_LONG, /* SIP_LINE_MAX, folds included */
	SIP_FRAMING_HEADERS_TOO_LONG,
	SIP_FRAMING_MESSAGE_TOO_LONG,
	SIP_FRAMING_LENGTH_MISSING, /* no Content-Length: who knows where the body ends? */
	SIP_FRAMING_LENGTH_BAD, /* no number */
	SIP_FRAMING_LENGTH_OVERFLOW, /* more than 32 bits */
	SIP_FRAMING_LENGTH_DIFFERS, /* repeated with another number (RFC 4475 3.3.9) */
	SIP_FRAMING_ERRORS
};
/** Name for counters and logs; "unknown" for any other number. */
const char *sip_framing_error_name(enum sip_framing_error error);

struct sip_framing_limits {
	uint32_t headers_max; /* bytes up to and with the empty line */
	uint32_t message_max; /* bytes of a message */
	/* Take a message without Content-Length for one without a body, as some phones mean it. RFC
	 * 3261 20.14 demands the header on a stream, so it is an error otherwise. */
	bool length_optional;
};

struct sip_framing {
	struct sip_framing_limits limits;
	/* Of the message that is being read or, after SIP_FRAME_MESSAGE, was read: */
	uint32_t length; /* bytes up to now; 0: between messages, no byte need be kept; after an
			  * error: offset in the message of the byte that is wrong */
	uint32_t headers_length; /* 0: the empty line was not seen yet */
	uint32_t content_length; /* valid once headers_length is set */
	uint8_t error; /* enum sip_framing_error */
	/* Private to framing.c: */
	uint8_t state;
	uint8_t folded; /* the state to go on with when the next line continues this one */
	uint8_t matched; /* letters of the word that is looked for */
	bool version; /* the start line's last word up to now begins with SIP/ */
	bool length_seen;
	bool half_ping; /* between messages: an odd number of line ends */
	uint32_t line; /* offset in the message of the line with its folds */
	uint32_t number; /* of the Content-Length being read */
};

/** Begin a stream. NULL: the largest limits (SIP_MESSAGE_MAX), Content-Length demanded. */
void sip_framing_begin(struct sip_framing *framing, const struct sip_framing_limits *limits);

/**
 * Take the next bytes of the stream, up to the first thing that ends; *taken says how many. To be
 * called again with the rest, also when no byte is left, until it returns SIP_FRAME_MORE. A line end
 * is CRLF, LF or CR, as in sip_message_parse(); whether an LF follows a CR that ends the headers is
 * known with the byte behind it. Each byte is looked at once, those of a body are not.
 * On SIP_FRAME_ERROR *taken stops at the byte that was wrong, and every later call says the same.
 */
enum sip_frame sip_framing_feed(
	struct sip_framing *framing, const char *bytes, uint32_t length, uint32_t *taken);

/** Bytes that the message still lacks; 0: not known yet, or between messages. */
static inline uint32_t
sip_framing_missing(const struct sip_framing *framing)
{
	return framing->headers_length == 0
		       ? 0
		       : framing->headers_length + framing->content_length - framing->length;
}

#endif
