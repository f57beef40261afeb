/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of values separated by commas (RFC 3261 7.3.1, 20.10, 25.1). No state. Reading a whole list
 * looks at each byte a bounded number of times, also where quotes, <> or comments are never closed.
 */
#include "sip/value.h"
#include "sip/value_priv.h"

/* From '<' to its '>', or past it. With nothing or one letter between them there is no search that
 * would have to be waited for. */
static inline const char *
bracket_end(const char *base, const char *p, const char *end)
{
	if (end - p >= 3) {
		if (p[1] == '>')
			return p + 2;
		if (p[2] == '>')
			return p + 3;
	}
	return find_two(base, p, end, '>', '>');
}

const char *
value_end(const char *base, const char *p, const char *end)
{
	const char *const start = p;

	for (;;) {
		const char *after;

		/* What a value begins with most times, or ends with, is seen without a search: the
		 * processor need not wait for its result to go on. */
		if (p < end && *p != '<' && *p != ',' && *p != '"')
			p = find_four(base, p, end, ',', '"', '<', '(');
		if (p == end || *p == ',')
			return p;
		if (*p == '"') {
			after = scan_quoted(p, end);
		} else if (*p == '<') {
			after = bracket_end(base, p, end);
		} else if (p == start || scan_is(p[-1], SCAN_LWS)) {
			after = scan_comment(p, end);
		} else {
			/* In a URI's user part a parenthesis is a letter like others. */
			after = p + 1;
		}
		if (after == NULL)
			return end;
		p = after;
	}
}

/* Apart, so that the short way saves no registers. */
static __attribute__((noinline)) bool
value_split(struct slice *rest, struct slice *value)
{
	const char *p = rest->at;
	const char *const end = p + rest->length;

	p = scan_separators(p, end);
	if (p == end) {
		*rest = (struct slice){end, 0};
		return false;
	}

	const char *const comma = value_end(rest->at, p, end);

	scan_store(value, scan_trim(p, comma));
	scan_store(rest, slice_of(comma < end ? comma + 1 : end, end));
	return true;
}

bool
sip_value_next(struct slice *rest, struct slice *value)
{
	if (rest->length == 0)
		return false;

	const char *const p = rest->at;
	const char *const end = p + rest->length;

	/* Nearly always one value, trimmed as it stands: no comma, nothing to split. */
	if (scan_is(*p, SCAN_LWS) || scan_is(end[-1], SCAN_LWS) ||
		find_two(p, p, end, ',', ',') != end)
		return value_split(rest, value);
	scan_store(value, *rest);
	scan_store(rest, (struct slice){end, 0});
	return true;
}

bool
sip_values_contain(const struct sip_message *message, enum sip_header_id id, const char *word)
{
	struct sip_values values = sip_values_begin(message, id);
	struct slice value;

	while (sip_values_next(&values, &value)) {
		const char *const end = value.at + value.length;

		if (slice_is(slice_of(value.at, scan_class_end(value.at, end, SCAN_TOKEN)), word))
			return true;
	}
	return false;
}
