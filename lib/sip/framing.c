/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Framing as a machine of one step a byte, so that it can be left and entered again between any two.
 * What matters of the headers is their line ends and Content-Length; the lines of other headers are
 * passed over with a scan, a body with an addition. Nothing is looked at a second time, whatever
 * the pieces are.
 *
 * Synchronization: none. Limits: those of sip_framing_begin(), and SIP_LINE_MAX bytes a line.
 * Lines, folds and names are those of sip_message_parse(): a message that it accepts ends for both
 * at the same byte. Headers that it refuses for other reasons are framed all the same, so that one
 * bad message does not end a stream.
 */
#include "sip/framing.h"
#include "sip/scan_priv.h"

enum state {
	STATE_BETWEEN, /* line ends before a message */
	/* the start line */
	STATE_METHOD,
	STATE_URI, /* the space before it */
	STATE_WORDS, /* the rest; only how its last word begins counts */
	STATE_WORD_REST, /* of a word that is not the version */
	/* header lines */
	STATE_NAME,
	STATE_NAME_SPACE, /* between the name and its colon */
	STATE_VALUE, /* of Content-Length, before the first digit */
	STATE_DIGITS,
	STATE_VALUE_SPACE, /* behind them */
	STATE_OTHER, /* the rest of any other line */
	/* between lines */
	STATE_CR, /* an LF may follow */
	STATE_LINE, /* does the line go on? */
	STATE_LAST_CR, /* of the empty line; an LF may follow */
	STATE_BODY,
	STATE_DONE,
	STATE_FAILED,
};

/* `matched` besides a number of letters */
enum { MATCHED_SHORT = 0x40, MATCHED_NOT, MATCHED_STATUS_LINE };

static const char version_word[] = "sip/";
static const char length_word[] = "content-length";
enum { VERSION_WORD = sizeof(version_word) - 1, LENGTH_WORD = sizeof(length_word) - 1 };

static const char *const error_names[SIP_FRAMING_ERRORS] = {
	[SIP_FRAMING_OK] = "ok",
	[SIP_FRAMING_NOT_SIP] = "not_sip",
	[SIP_FRAMING_LINE_TOO_LONG] = "line_too_long",
	[SIP_FRAMING_HEADERS_TOO_LONG] = "headers_too_long",
	[SIP_FRAMING_MESSAGE_TOO_LONG] = "message_too_long",
	[SIP_FRAMING_LENGTH_MISSING] = "content_length_missing",
	[SIP_FRAMING_LENGTH_BAD] = "content_length_bad",
	[SIP_FRAMING_LENGTH_OVERFLOW] = "content_length_overflow",
	[SIP_FRAMING_LENGTH_DIFFERS] = "content_length_differs",
};

const char *
sip_framing_error_name(enum sip_framing_error error)
{
	return (uint32_t)error < SIP_FRAMING_ERRORS ? error_names[error] : "unknown";
}

static void
message_begin(struct sip_framing *framing)
{
	framing->length = 0;
	framing->headers_length = 0;
	framing->content_length = 0;
	framing->state = STATE_BETWEEN;
	framing->folded = STATE_OTHER;
	framing->matched = 0;
	framing->version = false;
	framing->length_seen = false;
	framing->half_ping = false;
	framing->line = 0;
	framing->number = 0;
}

void
sip_framing_begin(struct sip_framing *framing, const struct sip_framing_limits *limits)
{
	static const struct sip_framing_limits largest = {SIP_MESSAGE_MAX, SIP_MESSAGE_MAX, false};

	framing->limits = limits != NULL ? *limits : largest;
	if (framing->limits.message_max > SIP_MESSAGE_MAX)
		framing->limits.message_max = SIP_MESSAGE_MAX;
	if (framing->limits.headers_max > framing->limits.message_max)
		framing->limits.headers_max = framing->limits.message_max;
	framing->error = SIP_FRAMING_OK;
	message_begin(framing);
}

static inline char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static inline bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static inline bool
is_line_end(char byte)
{
	return byte == '\r' || byte == '\n';
}

/* The first word: SIP/ of a status line, or a method. What is neither shows with its first bytes:
 * a TLS record, HTTP/1.1, noise. */
static enum sip_framing_error
method_take(struct sip_framing *framing, char byte)
{
	if (framing->length < VERSION_WORD && framing->matched == framing->length &&
		lower(byte) == version_word[framing->matched]) {
		framing->matched++;
		if (framing->matched == VERSION_WORD) {
			framing->matched = MATCHED_STATUS_LINE;
			framing->version = true;
			framing->state = STATE_WORDS;
		}
		return SIP_FRAMING_OK;
	}
	framing->matched = MATCHED_NOT;
	if (scan_is(byte, SCAN_TOKEN))
		return SIP_FRAMING_OK;
	if (!is_blank(byte) || framing->length == 0)
		return SIP_FRAMING_NOT_SIP;
	framing->state = STATE_URI;
	return SIP_FRAMING_OK;
}

static void
line_finish(struct sip_framing *framing, char byte)
{
	switch (framing->state) {
	case STATE_VALUE:
		framing->folded = STATE_VALUE;
		break;
	case STATE_DIGITS:
	case STATE_VALUE_SPACE:
		framing->folded = STATE_VALUE_SPACE;
		break;
	default:
		framing->folded = STATE_OTHER;
		break;
	}
	framing->state = byte == '\r' ? STATE_CR : STATE_LINE;
}

static enum sip_framing_error
words_take(struct sip_framing *framing, char byte)
{
	if (is_line_end(byte)) {
		if (!framing->version)
			return SIP_FRAMING_NOT_SIP;
		line_finish(framing, byte);
		return SIP_FRAMING_OK;
	}
	if (framing->matched == MATCHED_STATUS_LINE)
		return SIP_FRAMING_OK;
	if (is_blank(byte)) {
		framing->matched = 0;
		if (framing->state == STATE_WORD_REST)
			framing->state = STATE_WORDS;
		return SIP_FRAMING_OK;
	}
	if (framing->state == STATE_WORD_REST)
		return SIP_FRAMING_OK;
	if (framing->state == STATE_URI) {
		/* The path of an HTTP request; a URI begins with its scheme. */
		if (byte == '/' || byte == '*')
			return SIP_FRAMING_NOT_SIP;
		framing->state = STATE_WORDS;
		framing->matched = 0;
	}
	if (framing->matched == 0)
		framing->version = false;
	if (framing->matched < VERSION_WORD) {
		if (lower(byte) == version_word[framing->matched])
			framing->version = ++framing->matched == VERSION_WORD;
		else
			framing->state = STATE_WORD_REST;
	}
	return SIP_FRAMING_OK;
}

static void
name_take(struct sip_framing *framing, char byte)
{
	const uint32_t at = framing->length - framing->line;
	const bool whole = framing->matched == LENGTH_WORD || framing->matched == MATCHED_SHORT;

	if (byte == ':' && whole) {
		framing->state = STATE_VALUE;
		framing->number = 0;
	} else if (is_blank(byte) && whole) {
		framing->state = STATE_NAME_SPACE;
	} else if (framing->state == STATE_NAME_SPACE) {
		framing->state = STATE_OTHER;
	} else if (at == 0 && lower(byte) == 'l') {
		framing->matched = MATCHED_SHORT;
	} else if (framing->matched == at && at < LENGTH_WORD && lower(byte) == length_word[at]) {
		framing->matched++;
	} else {
		framing->state = STATE_OTHER;
	}
}

static enum sip_framing_error
value_take(struct sip_framing *framing, char byte)
{
	const uint8_t digit = (uint8_t)(byte - '0');
	uint64_t number;

	if (is_blank(byte)) {
		if (framing->state == STATE_DIGITS)
			framing->state = STATE_VALUE_SPACE;
		return SIP_FRAMING_OK;
	}
	if (digit > 9 || framing->state == STATE_VALUE_SPACE)
		return SIP_FRAMING_LENGTH_BAD;
	framing->state = STATE_DIGITS;
	number = (uint64_t)framing->number * 10 + digit;
	if (number > UINT32_MAX)
		return SIP_FRAMING_LENGTH_OVERFLOW;
	framing->number = (uint32_t)number;
	return SIP_FRAMING_OK;
}

/* A Content-Length whose last line is behind us. */
static enum sip_framing_error
length_take(struct sip_framing *framing)
{
	if (framing->folded == STATE_VALUE)
		return SIP_FRAMING_LENGTH_BAD;
	if (framing->length_seen && framing->content_length != framing->number)
		return SIP_FRAMING_LENGTH_DIFFERS;
	framing->content_length = framing->number;
	framing->length_seen = true;
	return SIP_FRAMING_OK;
}

static enum sip_framing_error
headers_finish(struct sip_framing *framing)
{
	if (!framing->length_seen && !framing->limits.length_optional)
		return SIP_FRAMING_LENGTH_MISSING;
	if (framing->content_length > framing->limits.message_max - framing->length)
		return SIP_FRAMING_MESSAGE_TOO_LONG;
	framing->headers_length = framing->length;
	framing->state = STATE_BODY;
	return SIP_FRAMING_OK;
}

/* The first byte of a line; false: it is not taken yet. */
static bool
line_begin(struct sip_framing *framing, char byte, enum sip_framing_error *error)
{
	*error = SIP_FRAMING_OK;
	if (is_blank(byte)) {
		if (framing->length - framing->line >= SIP_LINE_MAX)
			*error = SIP_FRAMING_LINE_TOO_LONG;
		framing->state = framing->folded;
		return true;
	}
	if (framing->folded != STATE_OTHER)
		*error = length_take(framing);
	framing->folded = STATE_OTHER;
	if (is_line_end(byte)) {
		framing->state = STATE_LAST_CR;
		return byte == '\r';
	}
	framing->line = framing->length;
	framing->matched = 0;
	framing->state = STATE_NAME;
	return false;
}

/* One byte of a line; not called for STATE_OTHER but at a line's end. */
static enum sip_framing_error
line_take(struct sip_framing *framing, char byte)
{
	const bool start_line = framing->state <= STATE_WORD_REST;

	/* Blanks behind a start line do not count. */
	if (framing->length - framing->line >= SIP_LINE_MAX && !is_line_end(byte) &&
		!(start_line && is_blank(byte)))
		return SIP_FRAMING_LINE_TOO_LONG;
	if (framing->state == STATE_METHOD)
		return method_take(framing, byte);
	if (start_line)
		return words_take(framing, byte);
	if (is_line_end(byte)) {
		line_finish(framing, byte);
		return SIP_FRAMING_OK;
	}
	if (framing->state <= STATE_NAME_SPACE) {
		name_take(framing, byte);
		return SIP_FRAMING_OK;
	}
	return value_take(framing, byte);
}

/* Of a line that does not matter, what is before its end. */
static enum sip_framing_error
other_take(struct sip_framing *framing, const char **p, const char *end)
{
	const char *const line_end = scan_line_end(*p, end);
	const uint32_t length = framing->length + (uint32_t)(line_end - *p);

	if (length - framing->line > SIP_LINE_MAX) {
		*p += framing->line + SIP_LINE_MAX - framing->length;
		framing->length = framing->line + SIP_LINE_MAX;
		return SIP_FRAMING_LINE_TOO_LONG;
	}
	framing->length = length;
	*p = line_end;
	return SIP_FRAMING_OK;
}

/* Of a start line, the rest of a word that is not the version: no byte of it matters. */
static void
word_skip(struct sip_framing *framing, const char **p, const char *end)
{
	const uint32_t line = framing->length - framing->line;
	const char *const most = line < SIP_LINE_MAX && end - *p > (ptrdiff_t)(SIP_LINE_MAX - line)
					 ? *p + (SIP_LINE_MAX - line)
					 : end;
	const char *const word_end =
		line < SIP_LINE_MAX ? scan_four(*p, most, ' ', '\t', '\r', '\n') : *p;

	framing->length += (uint32_t)(word_end - *p);
	*p = word_end;
}

/*
 * The usual end of a line: CRLF and a name behind it, all there. The same as the steps that would take them, in
 * one; most names are passed over with the rest of their lines. False: nothing was taken.
 */
static bool
line_change(struct sip_framing *framing, const char **p, const char *end)
{
	char first;

	if (end - *p < 3 || (*p)[0] != '\r' || (*p)[1] != '\n')
		return false;
	first = (*p)[2];
	if (is_blank(first) || is_line_end(first))
		return false;
	*p += 2;
	framing->length += 2;
	framing->line = framing->length;
	framing->matched = 0;
	first = lower(first);
	if (first == length_word[0] || first == 'l')
		framing->state = STATE_NAME;
	return true;
}

/* Up to the body, an error or the end of what is there. */
static enum sip_framing_error
headers_take(struct sip_framing *framing, const char **p, const char *end)
{
	const uint32_t room = framing->limits.headers_max - framing->length;
	const char *const limit = end - *p > (ptrdiff_t)room ? *p + room : end;

	while (framing->state < STATE_BODY && *p < end) {
		enum sip_framing_error error = SIP_FRAMING_OK;

		/* The one step that takes no byte may stand at the limit. */
		if (framing->state == STATE_LAST_CR && **p != '\n') {
			error = headers_finish(framing);
			if (error != SIP_FRAMING_OK)
				return error;
			break;
		}
		if (*p == limit)
			return SIP_FRAMING_HEADERS_TOO_LONG;
		if (framing->state == STATE_OTHER) {
			error = other_take(framing, p, limit);
			if (error != SIP_FRAMING_OK)
				return error;
			if (*p == limit || line_change(framing, p, limit))
				continue;
		} else if (framing->state == STATE_WORD_REST) {
			word_skip(framing, p, limit);
			if (*p == limit)
				continue;
		}

		const char byte = **p;

		if (framing->state == STATE_CR) {
			framing->state = STATE_LINE;
			if (byte != '\n')
				continue;
		} else if (framing->state == STATE_LINE) {
			const bool taken = line_begin(framing, byte, &error);

			if (error != SIP_FRAMING_OK)
				return error;
			if (!taken)
				continue;
		} else if (framing->state == STATE_LAST_CR) {
			framing->length++;
			(*p)++;
			error = headers_finish(framing);
			if (error != SIP_FRAMING_OK)
				return error;
			break;
		} else {
			error = line_take(framing, byte);
			if (error != SIP_FRAMING_OK)
				return error;
		}
		framing->length++;
		(*p)++;
	}
	return SIP_FRAMING_OK;
}

static enum sip_frame
between_take(struct sip_framing *framing, const char **p)
{
	const char byte = **p;

	if (!is_line_end(byte)) {
		framing->state = STATE_METHOD;
		return SIP_FRAME_MORE;
	}
	(*p)++;
	if (byte == '\r')
		return SIP_FRAME_MORE;
	framing->half_ping = !framing->half_ping;
	return framing->half_ping ? SIP_FRAME_CRLF : SIP_FRAME_PING;
}

enum sip_frame
sip_framing_feed(struct sip_framing *framing, const char *bytes, uint32_t length, uint32_t *taken)
{
	enum sip_frame frame = SIP_FRAME_MORE;
	const char *p = bytes;
	const char *const end = p + length;

	if (framing->state == STATE_DONE)
		message_begin(framing);
	while (frame == SIP_FRAME_MORE) {
		if (framing->state == STATE_BODY) {
			const uint32_t missing = sip_framing_missing(framing);
			const uint32_t there = (uint32_t)(end - p);
			const uint32_t step = missing < there ? missing : there;

			framing->length += step;
			p += step;
			if (step < missing)
				break;
			framing->state = STATE_DONE;
			frame = SIP_FRAME_MESSAGE;
		} else if (framing->state == STATE_FAILED) {
			frame = SIP_FRAME_ERROR;
		} else if (p == end) {
			break;
		} else if (framing->state == STATE_BETWEEN) {
			frame = between_take(framing, &p);
		} else {
			framing->error = headers_take(framing, &p, end);
			if (framing->error != SIP_FRAMING_OK)
				framing->state = STATE_FAILED;
		}
	}
	*taken = (uint32_t)(p - bytes);
	return frame;
}
