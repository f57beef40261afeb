/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding the session description in a body (RFC 2046 5.1, RFC 5621). Nested bodies are walked with
 * a stack of SIP_BODY_DEPTH_MAX levels; each level reads its text once.
 */
#include "sip/header_priv.h"
#include "sip/sdp.h"
#include "sip/uri.h"

struct media_type {
	struct slice type, subtype, parameters;
};

struct level {
	const char *p, *end; /* what is not read yet: behind a delimiter line once opened */
	struct slice boundary;
	bool opened, closed;
};

static bool
media_type_parse(struct slice text, struct media_type *media_type)
{
	const struct slice value = slice_trim(text);
	const char *p = value.at;
	const char *const end = p + value.length;
	const char *token_end;

	if (value.length == 0)
		return false;
	token_end = scan_class_end(p, end, SCAN_TOKEN);
	scan_store(&media_type->type, slice_of(p, token_end));
	p = scan_space(token_end, end);
	if (p == end || *p != '/')
		return false;
	p = scan_space(p + 1, end);
	token_end = scan_class_end(p, end, SCAN_TOKEN);
	scan_store(&media_type->subtype, slice_of(p, token_end));
	scan_store(&media_type->parameters, slice_of(token_end, end));
	return true;
}

static bool
is_sdp(const struct media_type *media_type)
{
	return scan_word(media_type->type, "application") && scan_word(media_type->subtype, "sdp");
}

static bool
level_begin(struct level *level, const struct media_type *media_type, struct slice body)
{
	struct slice boundary;

	if (!scan_word(media_type->type, "multipart") || body.length == 0)
		return false;
	if (!sip_parameter_find(media_type->parameters, "boundary", &boundary))
		return false;
	if (boundary.length >= 2 && boundary.at[0] == '"' &&
		boundary.at[boundary.length - 1] == '"')
		boundary = (struct slice){boundary.at + 1, boundary.length - 2};
	if (boundary.length == 0 || boundary.length > SIP_BOUNDARY_MAX)
		return false;
	*level = (struct level){.p = body.at, .end = body.at + body.length, .boundary = boundary};
	return true;
}

/* Is the line the level's delimiter ("--boundary", maybe "--", maybe spaces)? */
static bool
is_delimiter(const struct level *level, const char *p, const char *line_end, bool *closing)
{
	const uint32_t length = level->boundary.length;

	if (line_end - p < (ptrdiff_t)length + 2 || p[0] != '-' || p[1] != '-' ||
		memcmp(p + 2, level->boundary.at, length) != 0)
		return false;
	p += 2 + length;
	*closing = line_end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (*closing)
		p += 2;
	while (p < line_end && (*p == ' ' || *p == '\t'))
		p++;
	return p == line_end;
}

/* Text up to the next delimiter, its preceding line end left out; level moves behind it. */
static struct slice
delimited_take(struct level *level)
{
	const char *const start = level->p;
	const char *content_end = start;

	while (level->p < level->end) {
		const char *const line_end = scan_line_end(level->p, level->end);
		const char *const next = scan_line_next(line_end, level->end);

		if (is_delimiter(level, level->p, line_end, &level->closed)) {
			level->p = next;
			return slice_of(start, content_end);
		}
		content_end = line_end;
		level->p = next;
	}
	/* The last part of a body that was never closed goes to its end. */
	level->closed = true;
	return slice_of(start, level->end);
}

static bool
part_next(struct level *level, struct slice *part)
{
	if (!level->opened) {
		/* The preamble is for nobody. */
		delimited_take(level);
		level->opened = true;
	}
	if (level->closed)
		return false;
	*part = delimited_take(level);
	return true;
}

/* Split a part into its Content-Type (at NULL: none) and its content; false: no content. */
static bool
part_parse(struct slice part, struct slice *content_type, struct slice *content)
{
	const char *p = part.at;
	const char *const end = p + part.length;
	struct header_line line;

	*content_type = (struct slice){NULL, 0};
	for (;;) {
		switch (header_line_read(p, end, &line)) {
		case HEADER_END:
			*content = slice_of(line.next, end);
			return true;
		case HEADER_LINE:
			if (content_type->at == NULL &&
				header_id(line.name, end) == SIP_HEADER_CONTENT_TYPE)
				*content_type = line.value;
			p = line.next;
			break;
		case HEADER_BAD:
			p = scan_line_next(scan_line_end(p, end), end);
			break;
		default:
			return false;
		}
	}
}

bool
sdp_find(struct slice body, struct slice content_type, struct slice *description)
{
	struct level levels[SIP_BODY_DEPTH_MAX];
	struct media_type media_type;
	uint32_t depth = 0;

	if (body.length == 0)
		return false;
	if (content_type.at == NULL) {
		*description = body;
		return body.length >= 3 && memcmp(body.at, "v=0", 3) == 0;
	}
	/* How nearly all of them are written. */
	if (scan_word(content_type, "application/sdp")) {
		*description = body;
		return true;
	}
	if (!media_type_parse(content_type, &media_type))
		return false;
	if (is_sdp(&media_type)) {
		*description = body;
		return true;
	}
	if (level_begin(&levels[0], &media_type, body))
		depth = 1;
	while (depth > 0) {
		struct slice part, type, content;

		if (!part_next(&levels[depth - 1], &part)) {
			depth--;
			continue;
		}
		/* A part without a type is plain text (RFC 2046 5.1). */
		if (!part_parse(part, &type, &content) || !media_type_parse(type, &media_type))
			continue;
		if (is_sdp(&media_type)) {
			*description = content;
			return true;
		}
		if (depth < SIP_BODY_DEPTH_MAX && level_begin(&levels[depth], &media_type, content))
			depth++;
	}
	return false;
}
