/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * name-addr and addr-spec with header parameters (RFC 3261 20.10, 25.1). No state; a value is read
 * once.
 */
#include "sip/message.h"
#include "sip/uri_priv.h"
#include "sip/usual_priv.h"

/* Past quoted strings to what decides: '<', ';' or the end. NULL: a quote is not closed. */
static inline const char *
display_skip(const char *base, const char *end, bool *quoted)
{
	const char *p = base;

	*quoted = false;
	for (;;) {
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

static __attribute__((noinline)) bool
address_next(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	struct slice value;

	if (!sip_value_next(rest, &value))
		return false;
	if (!sip_address_parse(value, address))
		memset(address, 0, sizeof(*address));
	if (address->uri.length == 0 || !sip_uri_parse(address->uri, uri))
		memset(uri, 0, sizeof(*uri));
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
