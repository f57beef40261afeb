/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * name-addr and addr-spec with header parameters (RFC 3261 20.10, 25.1). No state; a value is read
 * once.
 */
#include "sip/usual_priv.h"
#include "sip/value_priv.h"

/* Past quoted strings to what decides: '<', ';' or the end. NULL: a quote is not closed. */
static inline const char *
display_skip(const char *base, const char *end, bool *quoted)
{
	const char *p = base;

	*quoted = false;
	for (;;) {
		if (p == end || *p != '"')
			p = find_four(base, p, end, '"', '<', ';', '"');
		if (p == end || *p != '"')
			return p;
		p = scan_quoted(p, end);
		if (p == NULL)
			return NULL;
		*quoted = true;
	}
}

bool
sip_address_parse(struct slice value, struct sip_address *address)
{
	const struct slice text = scan_trim(value.at, value.at + value.length);
	const char *const base = text.at, *const end = base + text.length;
	const char *p, *close;
	bool quoted;

	if (text.length == 0)
		return false;
	address->star = text.length == 1 && *base == '*';
	address->bracketed = false;
	scan_store(&address->display, (struct slice){base, 0});
	scan_store(&address->parameters, (struct slice){end, 0});
	if (address->star) {
		address->uri = (struct slice){end, 0};
		return true;
	}
	p = display_skip(base, end, &quoted);
	if (p == NULL)
		return false;
	if (p == end || *p == ';') {
		/* Without <> what follows a semicolon is the header's. */
		scan_store(&address->uri, scan_trim(base, p));
		scan_store(&address->parameters, slice_of(p, end));
		return address->uri.length > 0 && !quoted;
	}
	close = find_two(base, p, end, '>', '>');
	if (close == end)
		return false;
	scan_store(&address->display, scan_trim(base, p));
	scan_store(&address->uri, scan_trim(p + 1, close));
	address->bracketed = true;
	p = close + 1;
	if (p < end) {
		p = find_two(base, p, end, ';', ';');
		scan_store(&address->parameters, slice_of(p, end));
	}
	return address->uri.length > 0;
}

static void
address_read(struct slice value, struct sip_address *address, struct sip_uri *uri)
{
	if (!sip_address_parse(value, address))
		memset(address, 0, sizeof(*address));
	if (address->uri.length == 0 || !sip_uri_parse(address->uri, uri))
		memset(uri, 0, sizeof(*uri));
}

static __attribute__((noinline)) bool
address_next(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	struct slice value;

	if (!sip_value_next(rest, &value))
		return false;
	address_read(value, address, uri);
	return true;
}

bool
sip_address_next(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	if (rest->length == 0)
		return false;
	return (usual_able() && usual_address(rest, address, uri)) ||
	       address_next(rest, address, uri);
}

/* A value with a quad in it has so many bytes, and a dot or an escaped one. */
#define LITERAL_LEAST (sizeof("sip:1.1.1.1") - 1)

/*
 * Where the next value begins that may hold a quad, or, with `stars`, begins with one; *comma: where it
 * ends. The end: there is none. What is before the next mark is passed over, so that between two marks
 * the text is looked at twice and not once a value.
 */
static const char *
literal_find(const char *base, const char *end, bool stars, const char **comma)
{
	const char star = stars ? '*' : '.';
	const char *p = base, *mark = scan_four(p, end, '.', '%', star, star);

	while (mark < end) {
		p = scan_separators(p, end);
		if (p == end)
			break;
		*comma = value_end(base, p, end);
		if (*comma - p >= (ptrdiff_t)LITERAL_LEAST || (stars && *p == '*')) {
			if (mark < p)
				mark = scan_four(p, end, '.', '%', star, star);
			if (*comma > mark)
				return p;
		}
		p = *comma;
	}
	return end;
}

static __attribute__((noinline)) bool
literal_next(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	const char *const end = rest->at + rest->length;
	const char *comma, *unused;
	const char *p = literal_find(rest->at, end, true, &comma);
	struct slice value;

	if (p == end) {
		*rest = (struct slice){end, 0};
		return false;
	}
	value = scan_trim(p, comma);
	p = comma < end ? comma + 1 : end;
	/* More of "*" says nothing new. */
	if (value.length == 1)
		p = literal_find(p, end, false, &unused);
	scan_store(rest, slice_of(p, end));
	address_read(value, address, uri);
	return true;
}

/* Too short for any value with a quad, and no "*" in it. */
static inline bool
literal_none(struct slice rest)
{
	if (rest.length >= LITERAL_LEAST)
		return false;
	for (uint32_t i = 0; i < rest.length; i++) {
		if (rest.at[i] == '*')
			return false;
	}
	return true;
}

bool
sip_address_next_literal(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	/* Most times nothing is left behind the first. */
	if (literal_none(*rest))
		return false;
	return (usual_able() && usual_address(rest, address, uri)) ||
	       literal_next(rest, address, uri);
}
