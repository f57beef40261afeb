/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URIs: sip and sips whole (RFC 3261 19.1), tel (RFC 3966) with its number as user, every other
 * scheme kept but not looked into. No state.
 */
#include "sip/scan_priv.h"
#include "sip/uri_priv.h"

static const char *
port_read(const char *p, const char *end, struct sip_hostport *host)
{
	const char *const digits_end = scan_class_end(p, end, SCAN_DIGIT);
	uint64_t port;

	if (!slice_number(slice_of(p, digits_end), UINT16_MAX, &port) || port == 0)
		return NULL;
	scan_store(&host->port_text, slice_of(p, digits_end));
	host->port = (uint16_t)port;
	return digits_end;
}

static const char *
ipv6_reference_read(const char *p, const char *end)
{
	const char *const close = scan_class_end(p + 1, end, SCAN_IPV6);

	/* "::" is the shortest address. */
	if (close == end || *close != ']' || close - p < 3)
		return NULL;
	return close + 1;
}

const char *
hostport_read(const char *p, const char *end, bool spaces, struct sip_hostport *host)
{
	const char *const start = p;

	if (p == end)
		return NULL;
	host->port_text = (struct slice){NULL, 0};
	host->port = 0;
	host->ipv4 = 0;
	if (*p == '[') {
		p = ipv6_reference_read(p, end);
		if (p == NULL)
			return NULL;
		host->kind = SIP_HOST_IPV6;
		scan_store(&host->host, slice_of(start, p));
	} else {
		p = scan_class_end(p, end, SCAN_HOST);
		if (p == start)
			return NULL;
		scan_store(&host->host, slice_of(start, p));
		host->kind = SIP_HOST_NAME;
		if (scan_is(*start, SCAN_DIGIT) && slice_ipv4(host->host, &host->ipv4))
			host->kind = SIP_HOST_IPV4;
	}

	const char *colon = spaces ? scan_space(p, end) : p;

	if (colon < end && *colon == ':') {
		colon++;
		p = port_read(spaces ? scan_space(colon, end) : colon, end, host);
		if (p == NULL)
			return NULL;
	}
	scan_store(&host->text, slice_of(start, p));
	return p;
}

bool
sip_hostport_parse(struct slice text, struct sip_hostport *host)
{
	const struct slice trimmed = slice_trim(text);
	const char *const p = trimmed.at;
	const char *const end = p + trimmed.length;

	if (trimmed.length == 0)
		return false;
	/* `received` may carry IPv6 without brackets (RFC 3261 25.1): two colons, no port. */
	if (scan_class_end(p, end, SCAN_IPV6) == end) {
		const char *const colon = memchr(p, ':', trimmed.length);

		if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL) {
			*host = (struct sip_hostport){
				.text = trimmed, .host = trimmed, .kind = SIP_HOST_IPV6};
			return true;
		}
	}
	return hostport_read(p, end, false, host) == end;
}

/* The '@' that ends the user part, or NULL. A user part may hold ';' and '?', a valid URI holds one
 * '@'; where an unescaped one stands in the user, the last before the host's end counts. */
static const char *
user_end(const char *p, const char *end)
{
	const char *at = memchr(p, '@', (size_t)(end - p));

	while (at != NULL) {
		const char *const next = scan_four(at + 1, end, '@', ';', '?', '@');

		if (next == end || *next != '@')
			break;
		at = next;
	}
	return at;
}

static bool
sip_uri_rest_parse(const char *p, const char *end, struct sip_uri *uri)
{
	const char *const at = user_end(p, end);

	if (at != NULL) {
		uri->user = slice_of(p, at);
		p = at + 1;
	}
	p = hostport_read(p, end, false, &uri->host);
	if (p == NULL || (p < end && *p != ';' && *p != '?'))
		return false;

	const char *const question = scan_two(p, end, '?', '?');

	uri->parameters = slice_of(p, question);
	if (question < end)
		uri->headers = slice_of(question + 1, end);
	return true;
}

bool
sip_uri_parse(struct slice text, struct sip_uri *uri)
{
	const struct slice trimmed = slice_trim(text);
	const char *p = trimmed.at;
	const char *const end = p + trimmed.length;

	if (trimmed.length == 0)
		return false;

	const char *const colon = scan_class_end(p, end, SCAN_SCHEME);

	if (colon == p || colon == end || *colon != ':' || scan_is(*p, SCAN_DIGIT))
		return false;

	const struct slice scheme = slice_of(p, colon);

	p = colon + 1;
	uri->user = (struct slice){NULL, 0};
	uri->headers = (struct slice){NULL, 0};
	if (scan_word(scheme, "sip")) {
		uri->scheme = SIP_SCHEME_SIP;
		return sip_uri_rest_parse(p, end, uri);
	}
	if (scan_word(scheme, "sips")) {
		uri->scheme = SIP_SCHEME_SIPS;
		return sip_uri_rest_parse(p, end, uri);
	}
	memset(&uri->host, 0, sizeof(uri->host));
	uri->parameters = (struct slice){end, 0};
	uri->scheme = SIP_SCHEME_OTHER;
	if (scan_word(scheme, "tel")) {
		const char *const number_end = scan_two(p, end, ';', ';');

		if (number_end == p)
			return false;
		uri->scheme = SIP_SCHEME_TEL;
		uri->user = slice_of(p, number_end);
		uri->parameters = slice_of(number_end, end);
	}
	return p < end;
}
