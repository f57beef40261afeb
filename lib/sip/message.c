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
#include "sip/headers_priv.h"
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

/* Over 9: none. */
static inline uint8_t
digit_of(char byte)
{
	return (uint8_t)(byte - '0');
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

	/* A URI begins with its scheme; a path or '*' is what HTTP asks for. */
	if (uri.length == 0 || *uri.at == '/' || *uri.at == '*' ||
		scan_two(uri.at, uri.at + uri.length, ' ', '\t') != uri.at + uri.length)
		return SIP_ERROR_START_LINE;
	message->request = true;
	message->method_text = slice_of(line.at, method_end);
	message->method = sip_method_of(message->method_text);
	message->request_uri = uri;
	return SIP_OK;
}

#ifdef SCAN_SSE2
static inline uint64_t
word_read(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* A request with a known method as nearly all are: one space between the parts, none around. False: to
 * be read the long way. */
static inline bool
request_line_plain(const char *p, const char *line_end, struct sip_message *message)
{
	const char *const uri_end = line_end - 8;
	uint32_t spaces;
	const char *uri;

	if (word_read(uri_end) != word_read(" SIP/2.0"))
		return false;
	spaces = scan_block(p, ' ', ' ', ' ', ' ');
	if (spaces == 0)
		return false;
	uri = p + __builtin_ctz(spaces) + 1;

	const struct slice method_text = slice_of(p, uri - 1);
	const enum sip_method method = sip_method_of(method_text);

	/* A scheme's letters are above what is between them. */
	if (method == SIP_METHOD_NONE || method == SIP_METHOD_OTHER || uri >= uri_end ||
		*uri <= '/' || scan_two(uri, uri_end, ' ', '\t') != uri_end)
		return false;
	message->request = true;
	message->method_text = method_text;
	message->method = method;
	message->request_uri = slice_of(uri, uri_end);
	return true;
}

/* The same for a status line with a reason, or a space where it would be. */
static inline bool
status_line_plain(const char *p, struct sip_message *message)
{
	const uint8_t hundreds = digit_of(p[8]), tens = digit_of(p[9]), ones = digit_of(p[10]);

	if (word_read(p) != word_read("SIP/2.0 ") || p[11] != ' ' || hundreds - 1u >= 6 ||
		tens > 9 || ones > 9)
		return false;
	message->request = false;
	message->status = (uint16_t)(hundreds * 100 + tens * 10 + ones);
	return true;
}

static inline bool
start_line_plain(const char *p, const char *line_end, struct sip_message *message)
{
	const ptrdiff_t length = line_end - p;

	if (length > SIP_LINE_MAX)
		return false;
	return (length >= 16 && request_line_plain(p, line_end, message)) ||
	       (length >= 12 && status_line_plain(p, message));
}
#else
static inline bool
start_line_plain(const char *p, const char *line_end, struct sip_message *message)
{
	(void)p;
	(void)line_end;
	(void)message;
	return false;
}
#endif

/* Any start line. */
static __attribute__((noinline)) enum sip_error
start_line_read(const char *p, const char *line_end, struct sip_message *message)
{
	const struct slice line = scan_trim(p, line_end);

	if (line.length > SIP_LINE_MAX)
		return SIP_ERROR_LINE_TOO_LONG;
	if (line.length == 0 || line.at != p)
		return SIP_ERROR_NOT_SIP;
	return version_begins(line) ? status_line_parse(line, message)
				    : request_line_parse(line, message);
}

static enum sip_error
start_line_parse(const char **p, const char *end, struct lines *lines, struct sip_message *message)
{
	const char *const line_end = lines->text + lines_next(lines);

	if (!start_line_plain(*p, line_end, message)) {
		const enum sip_error error = start_line_read(*p, line_end, message);

		if (error != SIP_OK)
			return error;
	}
	*p = scan_line_next(line_end, end);
	/* A line that goes on from nothing; behind a header it would be its fold. */
	return *p < end && (**p == ' ' || **p == '\t') ? SIP_ERROR_HEADER : SIP_OK;
}

static const uint8_t kind_errors[] = {
	[HEADER_LINE] = SIP_ERROR_TOO_MANY_HEADERS,
	[HEADER_END] = SIP_OK,
	[HEADER_BAD] = SIP_ERROR_HEADER,
	[HEADER_CUT] = SIP_ERROR_NO_END,
	[HEADER_LONG] = SIP_ERROR_LINE_TOO_LONG,
};

static enum sip_error
headers_parse(const char **at, const char *end, struct lines *lines, struct sip_message *message)
{
	const enum sip_error error = kind_errors[headers_read(at, end, lines, message)];

	if (message->first[SIP_HEADER_CALL_ID] != 0)
		message->call_id = message->header[message->first[SIP_HEADER_CALL_ID] - 1].value;
	return error;
}

/* 1*DIGIT LWS; where the method begins, or NULL. */
static inline const char *
cseq_number_read(struct slice value, uint32_t *number)
{
	const char *p = value.at;
	const char *const end = p + value.length;
	uint64_t read = 0;

	for (; p < end && digit_of(*p) <= 9; p++) {
		read = read * 10 + digit_of(*p);
		if (read > SIP_CSEQ_MAX)
			return NULL;
	}
	if (p == value.at || p == end || !scan_is(*p, SCAN_LWS))
		return NULL;
	*number = (uint32_t)read;
	return scan_space(p, end);
}

/* The method must be the request's (RFC 3261 8.1.1.5). */
static bool
cseq_parse(struct slice value, struct sip_message *message)
{
	const char *const end = value.at + value.length;
	uint32_t number;
	const char *const method = cseq_number_read(value, &number);

	if (method == NULL)
		return false;

	const struct slice text = slice_of(method, end);
	const enum sip_method known = sip_method_of(text);

	/* One that is known is a token. */
	if (known == SIP_METHOD_OTHER && scan_class_end(method, end, SCAN_TOKEN) != end)
		return false;
	message->cseq = number;
	if (message->request)
		return known == message->method &&
		       (known != SIP_METHOD_OTHER || slice_equal(text, message->method_text));
	message->method_text = text;
	message->method = known;
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

/* Nearly always none. */
static inline uint32_t
commas_count(struct slice value)
{
	const char *const end = value.at + value.length;
	const char *const first = scan_two(value.at, end, ',', ',');

	return first == end ? 0 : scan_count(first, end, ',');
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
		count += 1 + commas_count(h->value);
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
			header_id(line.name) == SIP_HEADER_CALL_ID) {
			*call_id = line.value;
			return line.value.length > 0;
		}
		p = scan_line_next(scan_line_end(p, end), end);
	}
	return false;
}
