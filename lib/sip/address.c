/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header values: lists separated by commas, name-addr and addr-spec, parameters (RFC 3261 7.3.1,
 * 20.10, 25.1). No state; each function reads its slice once.
 */
#include "sip/message.h"
#include "sip/scan_priv.h"
#include "sip/uri.h"

/* Where the value that begins at p ends: a comma or the end. What is opened and never closed takes
 * the rest, so that reading a whole list stays linear. */
static const char *
value_end(const char *p, const char *end)
{
	const char *const start = p;

	for (;;) {
		const char *after;

		p = scan_four(p, end, ',', '"', '<', '(');
		if (p == end || *p == ',')
			return p;
		if (*p == '"') {
			after = scan_quoted(p, end);
		} else if (*p == '<') {
			after = memchr(p, '>', (size_t)(end - p));
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

bool
sip_value_next(struct slice *rest, struct slice *value)
{
	if (rest->length == 0)
		return false;

	const char *p = rest->at;
	const char *const end = p + rest->length;

	/* Nearly always one value, trimmed as it stands: no comma, nothing to split. */
	if (scan_two(p, end, ',', ',') == end && !scan_is(*p, SCAN_LWS) &&
		!scan_is(end[-1], SCAN_LWS)) {
		scan_store(value, *rest);
		scan_store(rest, slice_of(end, end));
		return true;
	}
	while (p < end && (*p == ',' || scan_is(*p, SCAN_LWS)))
		p++;
	if (p == end) {
		*rest = (struct slice){end, 0};
		return false;
	}

	const char *const comma = value_end(p, end);

	scan_store(value, scan_trim(p, comma));
	scan_store(rest, slice_of(comma < end ? comma + 1 : end, end));
	return true;
}

bool
sip_address_parse(struct slice value, struct sip_address *address)
{
	const struct slice text = scan_trim(value.at, value.at + value.length);
	const char *const end = text.at + text.length;
	const char *p = text.at;
	bool quoted = false;

	if (text.length == 0)
		return false;
	address->star = text.length == 1 && *p == '*';
	address->display = (struct slice){p, 0};
	address->parameters = (struct slice){end, 0};
	address->bracketed = false;
	if (address->star) {
		address->uri = (struct slice){end, 0};
		return true;
	}
	for (;;) {
		p = scan_four(p, end, '"', '<', ';', '"');
		if (p == end || *p != '"')
			break;
		p = scan_quoted(p, end);
		if (p == NULL)
			return false;
		quoted = true;
	}
	if (p < end && *p == '<') {
		const char *const close = scan_two(p, end, '>', '>');

		if (close == end)
			return false;
		address->display = scan_trim(text.at, p);
		scan_store(&address->uri, scan_trim(p + 1, close));
		address->bracketed = true;
		p = scan_two(close, end, ';', ';');
	} else {
		/* Without <> what follows a semicolon is the header's (RFC 3261 20.10). */
		scan_store(&address->uri, scan_trim(text.at, p));
	}
	scan_store(&address->parameters, slice_of(p, end));
	return address->uri.length > 0 && (address->bracketed || !quoted);
}

bool
sip_parameter_find(struct slice parameters, const char *name, struct slice *value)
{
	if (parameters.length == 0)
		return false;

	const uint32_t name_length = (uint32_t)strlen(name);
	const char *p = parameters.at;
	const char *const end = p + parameters.length;

	while (p < end) {
		if (*p == ';' || scan_is(*p, SCAN_LWS)) {
			p++;
			continue;
		}

		/* A name goes up to what cannot be part of it, whatever it is made of. */
		const char *const name_at = p;

		p = scan_class_find(p, end, SCAN_NAME_END);

		const struct slice found = slice_of(name_at, p);
		struct slice found_value = {NULL, 0};

		p = scan_space(p, end);
		if (p < end && *p == '=') {
			p = scan_space(p + 1, end);

			const char *const value_at = p;

			if (p < end && *p == '"') {
				p = scan_quoted(p, end);
				if (p == NULL)
					p = end;
			} else {
				p = scan_class_find(p, end, SCAN_VALUE_END);
			}
			found_value = slice_of(value_at, p);
		}
		if (found.length == name_length && slice_is(found, name)) {
			scan_store(value, found_value);
			return true;
		}
		/* To the next parameter; a stray quoted string is passed over whole. */
		while (p < end && *p != ';') {
			if (*p != '"') {
				p++;
				continue;
			}
			p = scan_quoted(p, end);
			if (p == NULL)
				p = end;
		}
	}
	return false;
}
