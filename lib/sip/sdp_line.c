/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines that describe a session, each read when somebody asks. No state but the caller's; linear.
 */
#include "sip/sdp_line.h"
#include "sip/sdp_priv.h"

static const uint8_t kinds[256] = {
	['v'] = SDP_LINE_VERSION,
	['o'] = SDP_LINE_ORIGIN,
	['s'] = SDP_LINE_NAME,
	['i'] = SDP_LINE_INFORMATION,
	['u'] = SDP_LINE_URI,
	['e'] = SDP_LINE_EMAIL,
	['p'] = SDP_LINE_PHONE,
	['c'] = SDP_LINE_CONNECTION,
	['b'] = SDP_LINE_BANDWIDTH,
	['t'] = SDP_LINE_TIME,
	['r'] = SDP_LINE_REPEAT,
	['z'] = SDP_LINE_ZONE,
	['k'] = SDP_LINE_KEY,
	['a'] = SDP_LINE_ATTRIBUTE,
	['m'] = SDP_LINE_MEDIA,
};

struct sdp_lines
sdp_lines_begin(struct slice description)
{
	return (struct sdp_lines){description.at, description.at + description.length, SDP_SESSION};
}

bool
sdp_line_next(struct sdp_lines *lines, struct sdp_line *line)
{
	while (lines->p < lines->end) {
		const char *const start = lines->p;
		const char *const end = scan_line_end(start, lines->end);

		lines->p = scan_line_next(end, lines->end);
		if (end == start)
			continue;
		line->text = slice_of(start, end);
		line->value = line->text;
		line->kind = SDP_LINE_OTHER;
		if (end - start >= 2 && start[1] == '=') {
			line->kind = (enum sdp_line_kind)kinds[(uint8_t)*start];
			line->value = slice_of(start + 2, end);
		}
		if (line->kind == SDP_LINE_MEDIA)
			lines->media += lines->media != SDP_SESSION - 1;
		line->media = lines->media;
		return true;
	}
	return false;
}

bool
sdp_attribute_split(struct slice value, struct slice *name, struct slice *attribute_value)
{
	const char *const end = value.at + value.length;
	const char *const colon = scan_two(value.at, end, ':', ':');

	*name = slice_of(value.at, colon);
	*attribute_value = colon < end ? slice_of(colon + 1, end) : (struct slice){NULL, 0};
	return colon > value.at;
}

/* The word that ends before *end, which moves to its begin. */
static struct slice
word_before(const char *start, const char **end)
{
	const char *last = *end;

	while (last > start && last[-1] == ' ')
		last--;
	for (*end = last; *end > start && (*end)[-1] != ' ';)
		(*end)--;
	return slice_of(*end, last);
}

bool
sdp_origin_read(struct slice value, struct sdp_origin *origin)
{
	const char *end = value.at + value.length;

	origin->address = word_before(value.at, &end);
	origin->type = word_before(value.at, &end);
	origin->network = word_before(value.at, &end);
	origin->version = word_before(value.at, &end);
	origin->session_id = word_before(value.at, &end);
	origin->user = slice_trim(slice_of(value.at, end));
	return origin->user.length > 0;
}

bool
sdp_bandwidth_read(struct slice value, struct sdp_bandwidth *bandwidth)
{
	struct slice number;

	return sdp_attribute_split(value, &bandwidth->type, &number) &&
	       slice_number(slice_trim(number), UINT64_MAX, &bandwidth->value);
}

/* The next word off a list. */
static struct slice
word_take(struct slice *rest)
{
	const struct slice text = slice_trim(*rest);
	const char *const end = text.at + text.length;
	const char *const space = scan_two(text.at, end, ' ', '\t');

	*rest = slice_of(space, end);
	return slice_of(text.at, space);
}

bool
sdp_time_read(struct slice value, struct sdp_time *time)
{
	return slice_number(word_take(&value), UINT64_MAX, &time->start) &&
	       slice_number(word_take(&value), UINT64_MAX, &time->stop);
}

bool
sdp_interval_read(struct slice word, int64_t *seconds)
{
	const bool negative = word.length > 0 && *word.at == '-';
	uint64_t number, unit = 1;
	bool has_unit = true;

	if (negative)
		word = (struct slice){word.at + 1, word.length - 1};
	if (word.length == 0)
		return false;
	switch (word.at[word.length - 1]) {
	case 'd':
		unit = 24 * 60 * 60;
		break;
	case 'h':
		unit = 60 * 60;
		break;
	case 'm':
		unit = 60;
		break;
	case 's':
		break;
	default:
		has_unit = false;
		break;
	}
	if (has_unit)
		word.length--;
	if (!slice_number(word, INT64_MAX / unit, &number))
		return false;
	*seconds = negative ? -(int64_t)(number * unit) : (int64_t)(number * unit);
	return true;
}

bool
sdp_interval_next(struct slice *rest, int64_t *seconds)
{
	return sdp_interval_read(word_take(rest), seconds);
}

bool
sdp_repeat_read(struct slice value, struct sdp_repeat *repeat)
{
	if (!sdp_interval_next(&value, &repeat->interval) ||
		!sdp_interval_next(&value, &repeat->duration))
		return false;
	repeat->offsets = slice_trim(value);
	return true;
}

bool
sdp_zone_next(struct slice *rest, uint64_t *time, int64_t *offset)
{
	return slice_number(word_take(rest), UINT64_MAX, time) && sdp_interval_next(rest, offset);
}
