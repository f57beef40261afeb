/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a message (RFC 3261 section 7): start line, then one pass over the header block that
 * only stores slices and links headers of one kind, then the few values that everybody needs.
 *
 * Synchronization: none; the message belongs to the caller and lives as long as its text.
 * Limits: SIP_MESSAGE_MAX bytes, SIP_HEADERS_MAX headers, SIP_VIAS_MAX values of Via, SIP_LINE_MAX
 * bytes a line with its folds.
 * What a receiver can live with is accepted (spaces, folds, line ends); what makes two readers
 * disagree about where a message ends or which call it belongs to is refused.
 */
#include "sip/header_priv.h"
#include "sip/lines_priv.h"
#include "sip/party_priv.h"

static const char *const error_names[SIP_ERRORS] = {[SIP_OK] = "ok",
#define X(id, name, meaning) [SIP_ERROR_##id] = name,
	SIP_ERROR_LIST(X)
#undef X
};

const char *
sip_error_name(enum sip_error error)
{
	return (uint32_t)error < SIP_ERRORS ? error_names[error] : "unknown";
}

enum sip_method
sip_method_of(struct slice text)
{
	const char *const at = text.at;

	/* Methods are case-sensitive (RFC 3261 7.1). */
	switch (text.length) {
	case 0:
		return SIP_METHOD_NONE;
	case 3:
		if (memcmp(at, "ACK", 3) == 0)
			return SIP_ACK;
		return memcmp(at, "BYE", 3) == 0 ? SIP_BYE : SIP_METHOD_OTHER;
	case 4:
		return memcmp(at, "INFO", 4) == 0 ? SIP_INFO : SIP_METHOD_OTHER;
	case 5:
		if (memcmp(at, "PRACK", 5) == 0)
			return SIP_PRACK;
		return memcmp(at, "REFER", 5) == 0 ? SIP_REFER : SIP_METHOD_OTHER;
	case 6:
		if (memcmp(at, "INVITE", 6) == 0)
			return SIP_INVITE;
		if (memcmp(at, "CANCEL", 6) == 0)
			return SIP_CANCEL;
		if (memcmp(at, "NOTIFY", 6) == 0)
			return SIP_NOTIFY;
		return memcmp(at, "UPDATE", 6) == 0 ? SIP_UPDATE : SIP_METHOD_OTHER;
	case 7:
		if (memcmp(at, "OPTIONS", 7) == 0)
			return SIP_OPTIONS;
		if (memcmp(at, "MESSAGE", 7) == 0)
			return SIP_MESSAGE;
		return memcmp(at, "PUBLISH", 7) == 0 ? SIP_PUBLISH : SIP_METHOD_OTHER;
	case 8:
		return memcmp(at, "REGISTER", 8) == 0 ? SIP_REGISTER : SIP_METHOD_OTHER;
	case 9:
		return memcmp(at, "SUBSCRIBE", 9) == 0 ? SIP_SUBSCRIBE : SIP_METHOD_OTHER;
	default:
		return SIP_METHOD_OTHER;
	}
}

static bool
version_begins(struct slice text)
{
	return text.length >= 4 && scan_word((struct slice){text.at, 4}, "sip/");
}

/* SIP/2.0 SP 3DIGIT [SP reason] */
static enum sip_error
status_line_parse(struct slice line, struct sip_message *message)
{
	const char *p = line.at;
	const char *const end = p + line.length;
	uint64_t status;

	if (line.length < 11 || !scan_word((struct slice){p, 7}, "sip/2.0") || p[7] != ' ')
		return SIP_ERROR_START_LINE;
	p = scan_space(p + 7, end);
	if (end - p < 3 || (end - p > 3 && p[3] != ' ' && p[3] != '\t'))
		return SIP_ERROR_START_LINE;
	if (!slice_number((struct slice){p, 3}, 699, &status) || status < 100)
		return SIP_ERROR_START_LINE;
	message->request = false;
	message->status = (uint16_t)status;
	return SIP_OK;
}

/* Method SP Request-URI SP SIP/2.0; more spaces than one are lived with. */
static enum sip_error
request_line_parse(struct slice line, struct sip_message *message)
{
	const char *const end = line.at + line.length;
	const char *const method_end = scan_class_end(line.at, end, SCAN_TOKEN);
	const char *version = end;

	if (line.length > 8 && end[-8] == ' ' && scan_word((struct slice){end - 7, 7}, "sip/2.0"))
		version = end - 7;
	while (version > line.at && version[-1] != ' ' && version[-1] != '\t')
		version--;
	if (!version_begins(slice_of(version, end)))
		return SIP_ERROR_NOT_SIP;
	if (method_end == line.at || (*method_end != ' ' && *method_end != '\t'))
		return SIP_ERROR_START_LINE;
	if (!scan_word(slice_of(version, end), "sip/2.0") || version <= method_end)
		return SIP_ERROR_START_LINE;

	const struct slice uri = scan_trim(method_end, version);

	if (uri.length == 0 ||
		scan_two(uri.at, uri.at + uri.length, ' ', '\t') != uri.at + uri.length)
		return SIP_ERROR_START_LINE;
	message->request = true;
	message->method_text = slice_of(line.at, method_end);
	message->method = sip_method_of(message->method_text);
	message->request_uri = uri;
	return SIP_OK;
}

static enum sip_error
start_line_parse(const char **p, const char *end, struct lines *lines, struct sip_message *message)
{
	const char *const line_end = lines->text + lines_next(lines);
	const struct slice line = scan_trim(*p, line_end);
	enum sip_error error;

	if (line.length > SIP_LINE_MAX)
		return SIP_ERROR_LINE_TOO_LONG;
	if (line.length == 0 || line.at != *p)
		return SIP_ERROR_NOT_SIP;
	if (version_begins(line))
		error = status_line_parse(line, message);
	else
		error = request_line_parse(line, message);
	if (error != SIP_OK)
		return error;
	*p = scan_line_next(line_end, end);
	/* A line that goes on from nothing; behind a header it would be its fold. */
	return *p < end && (**p == ' ' || **p == '\t') ? SIP_ERROR_HEADER : SIP_OK;
}

enum { NAME_BLOCK = 32 };

/* The name in a line's first 32 bytes: where its colon is and which header it is. 0: none there. */
static inline __attribute__((always_inline)) uint32_t
name_read(const char *p, const char *end, enum sip_header_id *id)
{
#ifdef SCAN_SSE2
	const __m128i text = _mm_loadu_si128((const __m128i *)p);
	const __m128i more = _mm_loadu_si128((const __m128i *)(p + 16));
	const __m128i colon = _mm_set1_epi8(':');
	const uint32_t colons = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, colon)) |
				(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(more, colon)) << 16;

	if (colons == 0)
		return 0;

	const uint32_t length = (uint32_t)__builtin_ctz(colons);

	if (length > 1) {
		uint32_t letters;

		memcpy(&letters, p, sizeof(letters));
		letters |= 0x20202020;
		*id = header_name_check(p, length, header_name_slot(letters, length), text);
	} else {
		*id = header_short_names[(uint8_t)*p | 0x20];
	}
	return length;
#else
	const char *const colon = memchr(p, ':', NAME_BLOCK);

	if (colon == NULL || colon == p)
		return 0;
	*id = header_id(slice_of(p, colon), end);
	return (uint32_t)(colon - p);
#endif
}

/*
 * A header as nearly all are: a name of less than 32 bytes, nothing before the colon, no fold, at
 * most one space before the value and none behind it. Where the next line begins; NULL: to be read
 * the long way. The line does not begin with a space, and NAME_BLOCK bytes may be read.
 */
static inline __attribute__((always_inline)) const char *
header_read_plain(const char *p, const char *line_end, const char *end, struct sip_header *header)
{
	enum sip_header_id id = SIP_HEADER_OTHER;
	const uint32_t length = name_read(p, end, &id);
	const char *const colon = p + length;
	const char *value, *next;

	if (length == 0 || colon >= line_end || (uint8_t)colon[-1] <= ' ')
		return NULL;
	next = line_end + 1 + (line_end[0] == '\r' && line_end[1] == '\n');
	value = colon + 1;
	value += *value == ' ';
	if (*next == ' ' || *next == '\t')
		return NULL;
	if (value != line_end && ((uint8_t)*value <= ' ' || (uint8_t)line_end[-1] <= ' '))
		return NULL;
	scan_store(&header->name, slice_of(p, colon));
	scan_store(&header->value, slice_of(value, line_end));
	header->id = (uint16_t)id;
	header->next = 0;
	return next;
}

/* As header_line_read(), but line ends are known: `line_end` is that of the line at *at, which is
 * not empty. */
static __attribute__((noinline)) enum header_kind
header_read_whole(const char **at, const char *line_end, const char *end, struct lines *lines,
	struct sip_header *header)
{
	const char *const p = *at;
	const char *const colon = scan_two(p, line_end, ':', ':');
	const char *name_end = colon, *next = end;

	if (p == end)
		return HEADER_CUT;
	if (colon == end)
		return end - p > SIP_LINE_MAX ? HEADER_LONG : HEADER_CUT;
	while (name_end > p && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	if (colon == line_end || *p == ' ' || *p == '\t' || name_end == p)
		return HEADER_BAD;
	for (;; line_end = lines->text + lines_next(lines)) {
		if (line_end - p > SIP_LINE_MAX)
			return HEADER_LONG;
		if (line_end == end)
			return HEADER_CUT;
		next = scan_line_next(line_end, end);
		if (next == end || (*next != ' ' && *next != '\t'))
			break;
	}
	scan_store(&header->name, slice_of(p, name_end));
	scan_store(&header->value, scan_trim(colon + 1, line_end));
	header->id = (uint16_t)header_id(header->name, end);
	header->next = 0;
	*at = next;
	return HEADER_LINE;
}

static const uint8_t kind_errors[] = {
	[HEADER_LINE] = SIP_ERROR_TOO_MANY_HEADERS,
	[HEADER_END] = SIP_OK,
	[HEADER_BAD] = SIP_ERROR_HEADER,
	[HEADER_CUT] = SIP_ERROR_NO_END,
	[HEADER_LONG] = SIP_ERROR_LINE_TOO_LONG,
};

/* Fills the header table; *at moves to the body, or stays at the line that is wrong. */
static enum sip_error
headers_parse(const char **at, const char *end, struct lines *lines, struct sip_message *message)
{
	const char *const text = lines->text;
	/* Room for a block, and for what is read behind the line end. */
	const char *const block_limit = end - text >= NAME_BLOCK ? end - NAME_BLOCK : text;
	const char *const line_limit = end - text >= NAME_BLOCK ? end - 3 : text;
	uint16_t last[SIP_HEADER_IDS];
	struct sip_header one_more;
	enum header_kind kind = HEADER_LINE;
	const char *p = *at, *next;
	uint32_t count = 0;

	for (;; count++) {
		const char *const line_end = text + lines_next(lines);
		const bool full = count == SIP_HEADERS_MAX;
		struct sip_header *const header = full ? &one_more : &message->header[count];

		next = NULL;
		if (p == line_end && p < end) {
			next = scan_line_next(p, end);
			kind = HEADER_END;
			break;
		}
		if (p <= block_limit && line_end <= line_limit && line_end - p <= SIP_LINE_MAX)
			next = header_read_plain(p, line_end, end, header);
		if (next == NULL) {
			next = p;
			kind = header_read_whole(&next, line_end, end, lines, header);
			if (kind != HEADER_LINE)
				break;
		}
		if (full)
			break;

		const uint32_t id = header->id;

		if (message->first[id] == 0)
			message->first[id] = (uint16_t)(count + 1);
		else
			message->header[last[id]].next = (uint16_t)count;
		last[id] = (uint16_t)count;
		p = next;
	}
	message->header_count = (uint16_t)count;
	if (message->first[SIP_HEADER_CALL_ID] != 0)
		message->call_id = message->header[message->first[SIP_HEADER_CALL_ID] - 1].value;
	*at = kind == HEADER_END ? next : p;
	return kind_errors[kind];
}

/* 1*DIGIT LWS Method; the method must be the request's (RFC 3261 8.1.1.5). */
static bool
cseq_parse(struct slice value, struct sip_message *message)
{
	const char *const end = value.at + value.length;
	const char *const digits_end = scan_class_end(value.at, end, SCAN_DIGIT);
	uint64_t number;

	if (digits_end == end || !scan_is(*digits_end, SCAN_LWS))
		return false;
	if (!slice_number(slice_of(value.at, digits_end), UINT32_MAX, &number))
		return false;

	const char *const method = scan_space(digits_end, end);
	const struct slice text = slice_of(method, end);

	if (scan_class_end(method, end, SCAN_TOKEN) != end)
		return false;
	message->cseq = (uint32_t)number;
	if (message->request)
		return slice_equal(text, message->method_text);
	message->method_text = text;
	message->method = sip_method_of(text);
	return true;
}

/* An error is at the value that is wrong; at the end of the headers when there is none. */
static enum sip_error
value_wrong(const char **p, const struct sip_header *header, enum sip_error error)
{
	if (header != NULL)
		*p = header->value.at;
	return error;
}

/* Values are counted only where there is text enough for so many: two bytes each, and a comma between
 * any two of a header. */
static bool
vias_too_many(const struct sip_message *message, const struct sip_header *first)
{
	const struct sip_header *h;
	struct slice rest, value;
	uint32_t length = 0, count = 0;

	for (h = first; h != NULL && length <= 2 * SIP_VIAS_MAX; h = sip_header_next(message, h))
		length += h->value.length + 1;
	if (length <= 2 * SIP_VIAS_MAX)
		return false;
	for (h = first; h != NULL && count <= SIP_VIAS_MAX; h = sip_header_next(message, h))
		count += 1 + scan_count(h->value.at, h->value.at + h->value.length, ',');
	if (count <= SIP_VIAS_MAX)
		return false;
	/* Some of the commas may be within quotes, or part nothing. */
	count = 0;
	for (h = first; h != NULL; h = sip_header_next(message, h)) {
		for (rest = h->value; sip_value_next(&rest, &value);) {
			if (++count > SIP_VIAS_MAX)
				return true;
		}
	}
	return false;
}

/* Cut the body out of what is there. Two lengths that differ would let two readers see two
 * different messages (RFC 4475 3.3.9). */
static enum sip_error
body_cut(const char **p, const char *end, struct sip_message *message)
{
	const struct sip_header *header = sip_header_first(message, SIP_HEADER_CONTENT_LENGTH);
	uint64_t length = 0;

	if (header == NULL) {
		message->body = slice_of(*p, end);
		return SIP_OK;
	}
	message->content_length_present = true;
	message->content_length = header->value;
	if (!slice_number(header->value, UINT32_MAX, &length) || length > (uint64_t)(end - *p))
		return value_wrong(p, header, SIP_ERROR_CONTENT_LENGTH);
	while ((header = sip_header_next(message, header)) != NULL) {
		uint64_t other;

		if (!slice_number(header->value, UINT32_MAX, &other) || other != length)
			return value_wrong(p, header, SIP_ERROR_CONTENT_LENGTH);
	}
	message->body = slice_of(*p, *p + length);
	return SIP_OK;
}

static enum sip_error
values_parse(const char **p, const char *end, struct sip_message *message)
{
	const struct sip_header *header = sip_header_first(message, SIP_HEADER_CALL_ID);

	if (header == NULL || header->value.length == 0)
		return value_wrong(p, header, SIP_ERROR_CALL_ID);
	header = sip_header_first(message, SIP_HEADER_CSEQ);
	if (header == NULL || !cseq_parse(header->value, message))
		return value_wrong(p, header, SIP_ERROR_CSEQ);
	if (!party_read(message, SIP_HEADER_FROM, &message->from, &message->from_tag) ||
		!party_read(message, SIP_HEADER_TO, &message->to, &message->to_tag))
		return SIP_ERROR_FROM_TO;
	header = sip_header_first(message, SIP_HEADER_VIA);
	if (header == NULL)
		return SIP_ERROR_VIA;
	if (vias_too_many(message, header))
		return value_wrong(p, header, SIP_ERROR_TOO_MANY_VIAS);
	return body_cut(p, end, message);
}

static const char *
keepalives_skip(const char *p, const char *end)
{
	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	return p;
}

/* Everything but the header array, which is 5 KB. By field: the compiler would make one memset() of
 * the rest a string instruction, which takes as long as two headers. */
static void
message_begin(struct sip_message *message, const char *text, uint32_t length)
{
	const struct slice none = {NULL, 0};

	message->text = (struct slice){text, length};
	message->request = false;
	message->method = SIP_METHOD_NONE;
	message->status = 0;
	message->method_text = none;
	message->request_uri = none;
	message->cseq = 0;
	message->call_id = none;
	message->from.uri = none;
	message->to.uri = none;
	message->from_tag = none;
	message->to_tag = none;
	message->content_length_present = false;
	message->content_length = none;
	message->body = none;
	message->error_offset = 0;
	message->header_count = 0;
	memset(message->first, 0, sizeof(message->first));
}

enum sip_error
sip_message_parse(const char *text, uint32_t length, struct sip_message *message)
{
	const char *p = text;
	struct lines lines;
	enum sip_error error;

	message_begin(message, text, length);
	if (length > SIP_MESSAGE_MAX)
		return SIP_ERROR_MESSAGE_TOO_LONG;
	if (length == 0)
		return SIP_ERROR_EMPTY;

	const char *const end = text + length;

	p = keepalives_skip(p, end);
	if (p == end)
		return SIP_ERROR_EMPTY;
	lines_begin(&lines, text, length, (uint32_t)(p - text));
	error = start_line_parse(&p, end, &lines, message);
	if (error == SIP_OK)
		error = headers_parse(&p, end, &lines, message);
	if (error == SIP_OK)
		error = values_parse(&p, end, message);
	message->error_offset = error == SIP_OK ? 0 : (uint32_t)(p - text);
	return error;
}

bool
sip_peek_call_id(const char *text, uint32_t length, struct slice *call_id)
{
	if (length == 0 || length > SIP_MESSAGE_MAX)
		return false;

	const char *const end = text + length;
	const char *p = keepalives_skip(text, end);

	/* The start line is no header, and a continuation line begins with a space. */
	p = scan_line_next(scan_line_end(p, end), end);
	while (p < end && *p != '\r' && *p != '\n') {
		const char first = (char)(*p | 0x20);
		struct header_line line;

		if ((first == 'c' || first == 'i') &&
			header_line_read(p, end, &line) == HEADER_LINE &&
			header_id(line.name, end) == SIP_HEADER_CALL_ID) {
			*call_id = line.value;
			return line.value.length > 0;
		}
		p = scan_line_next(scan_line_end(p, end), end);
	}
	return false;
}
