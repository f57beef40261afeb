/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walking a body part by part with a stack of SIP_BODY_DEPTH_MAX levels. A level looks for its own
 * boundary in its own part alone: an outer delimiter ends what an inner one has not closed.
 *
 * No state but the walk's own. Linear: each level reads its text once for delimiters, and once more
 * the headers of its parts; a level deeper than the limit is not read.
 */
#include "sip/multipart.h"
#include "sip/header_priv.h"
#include "sip/media_type.h"
#include "sip/sdp.h"

enum step { STEP_END, STEP_PART, STEP_CLOSED /* all parts of a multipart were given */ };

static const char *const error_names[MULTIPART_ERRORS] = {[MULTIPART_OK] = "ok",
#define X(id, name, meaning) [MULTIPART_ERROR_##id] = name,
	MULTIPART_ERROR_LIST(X)
#undef X
};

const char *
multipart_error_name(enum multipart_error error)
{
	return (uint32_t)error < MULTIPART_ERRORS ? error_names[error] : "unknown";
}

static void
error_note(struct multipart *multipart, enum multipart_error error, const char *at)
{
	if (multipart->error != MULTIPART_OK)
		return;
	multipart->error = error;
	multipart->error_offset = (uint32_t)(at - multipart->body.at);
}

/* Past the boundary when it begins at p, else NULL. */
static const char *
boundary_end(const struct multipart_level *level, const char *p, const char *line_end)
{
	const char *at = level->boundary.at;
	const char *const end = at + level->boundary.length;

	if (!level->escaped) {
		if (line_end - p < end - at || memcmp(p, at, (size_t)(end - at)) != 0)
			return NULL;
		return p + (end - at);
	}
	/* A quoted pair stands for its second character (RFC 822 3.3). */
	for (; at < end; at++, p++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		if (p == line_end || *p != *at)
			return NULL;
	}
	return p;
}

/* Is the line a delimiter of the level? */
static bool
is_delimiter(
	const struct multipart_level *level, const char *p, const char *line_end, bool *closing)
{
	if (line_end - p < 3 || p[0] != '-' || p[1] != '-')
		return false;
	p = boundary_end(level, p + 2, line_end);
	if (p == NULL)
		return false;
	*closing = line_end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (*closing)
		p += 2;
	/* Gateways add white space (RFC 2046 5.1.1 transport-padding). */
	while (p < line_end && (*p == ' ' || *p == '\t'))
		p++;
	return p == line_end;
}

/*
 * The first line from p on, p itself left out, that begins as a delimiter does: two dashes and the
 * boundary's first byte. Bodies are read for delimiters once a level, so this looks at 16 places at
 * once and at no line ends between.
 */
static const char *
dashes_find(const char *p, const char *end, char first)
{
#if defined(__SSE2__) && !defined(SIP_SCAN_PLAIN)
	const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
	const __m128i dash = _mm_set1_epi8('-'), letter = _mm_set1_epi8(first);

	for (; end - p >= 19; p += 16) {
		const __m128i before = _mm_loadu_si128((const __m128i *)p);
		const __m128i ends =
			_mm_or_si128(_mm_cmpeq_epi8(before, cr), _mm_cmpeq_epi8(before, lf));
		const __m128i dashes = _mm_and_si128(
			_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 1)), dash),
			_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 2)), dash));
		const __m128i letters =
			_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 3)), letter);
		const int hits =
			_mm_movemask_epi8(_mm_and_si128(ends, _mm_and_si128(dashes, letters)));

		if (hits != 0)
			return p + 1 + __builtin_ctz((unsigned int)hits);
	}
#endif
	for (; end - p >= 4; p++) {
		if ((*p == '\r' || *p == '\n') && p[1] == '-' && p[2] == '-' && p[3] == first)
			return p + 1;
	}
	return end;
}

/* Where the line before p ends: its line end belongs to the delimiter (RFC 2046 5.1.1). */
static const char *
line_end_before(const char *start, const char *p)
{
	if (p == start)
		return start;
	p--;
	return *p == '\n' && p > start && p[-1] == '\r' ? p - 1 : p;
}

/* Text up to the next delimiter, its preceding line end left out; the level moves behind it. */
static struct slice
delimited_take(struct multipart *multipart, struct multipart_level *level)
{
	const struct slice boundary = level->boundary;
	const char first = boundary.at[boundary.at[0] == '\\' && boundary.length > 1 ? 1 : 0];
	const char *const start = level->p;
	const char *const end = level->end;

	for (const char *p = start; p < end;) {
		const char *const line_end = scan_line_end(p, end);

		if (is_delimiter(level, p, line_end, &level->closed)) {
			level->p = scan_line_next(line_end, end);
			return slice_of(start, line_end_before(start, p));
		}
		p = dashes_find(line_end, end, first);
	}
	level->p = end;
	error_note(multipart, level->opened ? MULTIPART_ERROR_NOT_CLOSED : MULTIPART_ERROR_NO_PART,
		level->opened ? level->end : start);
	level->closed = true;
	return slice_of(start, level->end);
}

static bool
level_next(struct multipart *multipart, struct multipart_level *level, struct slice *text)
{
	if (!level->opened) {
		/* The preamble is for nobody. */
		delimited_take(multipart, level);
		level->opened = true;
	}
	if (level->closed)
		return false;
	*text = delimited_take(multipart, level);
	return true;
}

/* Begin to divide a part. False: it is to be given as it is. */
static bool
level_begin(struct multipart *multipart, const struct multipart_part *part,
	const struct sip_media_type *type)
{
	const char *const at = part->content_type.at;
	struct slice boundary;

	if (part->content.length == 0 || part->encoded)
		return false;
	if (multipart->depth == SIP_BODY_DEPTH_MAX) {
		error_note(multipart, MULTIPART_ERROR_TOO_DEEP, part->content.at);
		return false;
	}
	if (!sip_media_type_boundary(type, &boundary))
		boundary = (struct slice){NULL, 0};
	/* Spaces at its end are a gateway's (RFC 2046 5.1.1). */
	while (boundary.length > 0 && boundary.at[boundary.length - 1] == ' ')
		boundary.length--;
	if (boundary.length == 0 || boundary.length > SIP_BOUNDARY_MAX) {
		/* The body's own type does not stand in the body. */
		error_note(multipart, MULTIPART_ERROR_BOUNDARY,
			part->depth > 0 ? at : multipart->body.at);
		return false;
	}
	multipart->level[multipart->depth++] = (struct multipart_level){
		.p = part->content.at,
		.end = part->content.at + part->content.length,
		.boundary = boundary,
		.part = *part,
		.escaped = memchr(boundary.at, '\\', boundary.length) != NULL,
	};
	return true;
}

static void
header_note(struct slice name, struct slice value, struct multipart_part *part)
{
	switch (header_id(name)) {
	case SIP_HEADER_CONTENT_TYPE:
		if (part->content_type.at == NULL)
			part->content_type = value;
		break;
	case SIP_HEADER_CONTENT_DISPOSITION:
		if (part->content_disposition.at == NULL)
			part->content_disposition = value;
		break;
	case SIP_HEADER_CONTENT_LENGTH:
		if (part->content_length.at == NULL)
			part->content_length = value;
		break;
	case SIP_HEADER_CONTENT_ENCODING:
		if (!scan_word(value, "identity"))
			part->encoded = true;
		break;
	default:
		if (scan_word(name, "content-transfer-encoding") && !scan_word(value, "7bit") &&
			!scan_word(value, "8bit") && !scan_word(value, "binary"))
			part->encoded = true;
		break;
	}
}

/*
 * Past a short line whose first letter no header has that counts here, neither long nor short; NULL:
 * to be read. Lines that are no headers are passed over, too.
 */
static inline const char *
other_line_skip(const char *p, const char *end)
{
#ifdef SCAN_SSE2
	const char first = (char)(*p | 0x20);
	uint32_t ends;
	const char *next;

	if (end - p < 18 || first == 'c' || first == 'e' || first == 'l')
		return NULL;
	ends = scan_block(p, '\r', '\n', '\r', '\n');
	if (ends == 0 || (ends & 1) != 0)
		return NULL;
	p += __builtin_ctz(ends);
	next = p + 1 + (p[0] == '\r' && p[1] == '\n');
	return *next == ' ' || *next == '\t' ? NULL : next;
#else
	(void)p;
	(void)end;
	return NULL;
#endif
}

/* Split the text between two delimiters into headers and content. */
static void
part_read(struct multipart *multipart, struct slice text, struct multipart_part *part)
{
	const char *p = text.at;
	const char *const end = p + text.length;
	struct header_line line;

	*part = (struct multipart_part){.depth = multipart->depth};
	while (p < end) {
		const char *const next = other_line_skip(p, end);

		if (next != NULL) {
			p = next;
			continue;
		}
		switch (header_line_read(p, end, &line)) {
		case HEADER_END:
			part->headers = slice_of(text.at, line.next);
			part->content = slice_of(line.next, end);
			return;
		case HEADER_LINE:
			header_note(line.name, line.value, part);
			p = line.next;
			break;
		case HEADER_LONG:
			error_note(multipart, MULTIPART_ERROR_HEADER, p);
			p = end;
			break;
		case HEADER_CUT:
			p = end;
			break;
		case HEADER_BAD:
			p = scan_line_next(scan_line_end(p, end), end);
			break;
		}
	}
	part->headers = text;
	part->content = (struct slice){end, 0};
}

/* Is it multipart, so that its parts come next? Otherwise it is to be given. */
static bool
part_opens(struct multipart *multipart, struct multipart_part *part)
{
	struct sip_media_type type;

	if (part->content_type.at == NULL)
		return false;
	if (!sip_media_type_parse(part->content_type, &type)) {
		error_note(multipart, MULTIPART_ERROR_TYPE,
			part->depth > 0 ? part->content_type.at : multipart->body.at);
		return false;
	}
	if (scan_word(type.type, "multipart"))
		return level_begin(multipart, part, &type);
	part->is_sdp = !part->encoded && part->content.length > 0 &&
		       scan_word(type.type, "application") && scan_word(type.subtype, "sdp");
	return false;
}

static enum step
body_step(struct multipart *multipart, struct multipart_part *part)
{
	const struct slice body = multipart->body;

	multipart->begun = true;
	*part = (struct multipart_part){
		.headers = {body.at, 0}, .content = body, .content_type = multipart->content_type};
	if (body.length == 0)
		return STEP_END;
	if (part_opens(multipart, part))
		return STEP_CLOSED;
	if (part->content_type.at == NULL)
		part->is_sdp = body.length >= 3 && memcmp(body.at, "v=0", 3) == 0;
	return STEP_PART;
}

static enum step
multipart_step(struct multipart *multipart, struct multipart_part *part)
{
	if (!multipart->begun) {
		const enum step step = body_step(multipart, part);

		if (step != STEP_CLOSED)
			return step;
	}
	while (multipart->depth > 0) {
		struct multipart_level *const level = &multipart->level[multipart->depth - 1];
		struct slice text;

		if (!level_next(multipart, level, &text)) {
			*part = level->part;
			multipart->depth--;
			return STEP_CLOSED;
		}
		if (multipart->part_count == SIP_BODY_PARTS_MAX) {
			error_note(multipart, MULTIPART_ERROR_TOO_MANY_PARTS, text.at);
			level->closed = true;
			continue;
		}
		multipart->part_count++;
		part_read(multipart, text, part);
		if (!part_opens(multipart, part))
			return STEP_PART;
	}
	return STEP_END;
}

void
multipart_begin(struct multipart *multipart, struct slice body, struct slice content_type)
{
	multipart->body = body;
	multipart->content_type = content_type;
	multipart->depth = 0;
	multipart->part_count = 0;
	multipart->begun = false;
	multipart->error = MULTIPART_OK;
	multipart->error_offset = 0;
}

bool
multipart_next(struct multipart *multipart, struct multipart_part *part)
{
	enum step step;

	while ((step = multipart_step(multipart, part)) == STEP_CLOSED)
		;
	return step == STEP_PART;
}

bool
multipart_next_sdp(struct multipart *multipart, struct multipart_part *part)
{
	while (multipart_next(multipart, part)) {
		if (part->is_sdp)
			return true;
	}
	return false;
}

unsigned int
sdp_find_all(struct slice body, struct slice content_type, struct slice *descriptions,
	unsigned int max, enum multipart_error *error)
{
	struct multipart multipart;
	struct multipart_part part;
	unsigned int count = 0;

	/* How nearly all of them are written. */
	if (body.length > 0 && scan_word(content_type, "application/sdp")) {
		descriptions[0] = body;
		*error = MULTIPART_OK;
		return 1;
	}
	multipart_begin(&multipart, body, content_type);
	while (count < max && multipart_next_sdp(&multipart, &part))
		descriptions[count++] = part.content;
	*error = multipart.error;
	return count;
}

bool
sdp_find(struct slice body, struct slice content_type, struct slice *description)
{
	enum multipart_error error;

	return sdp_find_all(body, content_type, description, 1, &error) > 0;
}

/* What the edits planned so far add to a part of the message. */
static int64_t
growth_of(const struct sip_edits *edits, struct slice content)
{
	const uint32_t begin = (uint32_t)(content.at - edits->base);
	const uint32_t end = begin + content.length;
	int64_t growth = 0;

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];

		if (edit->offset >= begin && edit->offset <= end)
			growth += (int64_t)edit->text_length - edit->length;
	}
	return growth;
}

bool
multipart_edit_lengths(struct sip_edits *edits, struct slice body, struct slice content_type)
{
	struct multipart multipart;
	struct multipart_part part;
	enum step step;

	multipart_begin(&multipart, body, content_type);
	/* A multipart is told of when it closes: its parts' new lengths are among the edits then. */
	while ((step = multipart_step(&multipart, &part)) != STEP_END) {
		uint64_t length;
		int64_t growth;

		if (!slice_number(part.content_length, SIP_MESSAGE_MAX, &length))
			continue;
		growth = growth_of(edits, part.content);
		if (growth == 0 || (int64_t)length + growth < 0)
			continue;
		if (!sip_edits_number(
			    edits, part.content_length, (uint32_t)((int64_t)length + growth)))
			return false;
	}
	return true;
}
