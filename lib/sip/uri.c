/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URIs: sip and sips whole (RFC 3261 19.1), tel (RFC 3966) with its number as user, every other
 * scheme kept but not looked into. No state; linear.
 */
#include "sip/escaped_priv.h"
#include "sip/parameter_priv.h"

/*
 * The '@' that ends the user part, or NULL. A valid URI holds one; where unescaped ones stand in
 * the user, the last before the host's end counts.
 */
static const char *
user_end(const char *base, const char *p, const char *end)
{
	const char *at = find_two(base, p, end, '@', '@');

	if (at == end)
		return NULL;
	for (;;) {
		const char *const next = find_four(base, at + 1, end, '@', ';', '?', '@');

		if (next == end || *next != '@')
			return at;
		at = next;
	}
}

static inline bool
host_ends(const char *p, const char *end)
{
	return p != NULL && (p == end || *p == ';' || *p == '?');
}

static bool
sip_uri_rest_parse(const char *base, const char *p, const char *end, struct sip_uri *uri)
{
	const char *const user = p;
	const char *at = find_two(base, p, end, '@', '@');

	/* Nearly always the first '@' is the only one: then a host and its end follow. */
	p = hostport_read(at != end ? at + 1 : p, end, false, &uri->host);
	if (at != end && !host_ends(p, end)) {
		at = user_end(base, at, end);
		p = hostport_read(at + 1, end, false, &uri->host);
	}
	if (!host_ends(p, end))
		return false;
	scan_store(&uri->user, at != end ? slice_of(user, at) : (struct slice){NULL, 0});

	const char *const question = find_two(base, p, end, '?', '?');

	scan_store(&uri->parameters, slice_of(p, question));
	scan_store(&uri->headers,
		question != end ? slice_of(question + 1, end) : (struct slice){NULL, 0});
	return true;
}

static bool
other_parse(struct slice scheme, const char *p, const char *end, struct sip_uri *uri)
{
	memset(&uri->host, 0, sizeof(uri->host));
	uri->scheme = SIP_SCHEME_OTHER;
	uri->user = (struct slice){NULL, 0};
	uri->parameters = (struct slice){end, 0};
	uri->headers = (struct slice){NULL, 0};
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

bool
sip_uri_parse(struct slice text, struct sip_uri *uri)
{
	const struct slice trimmed = scan_trim(text.at, text.at + text.length);
	const char *const p = trimmed.at;
	const char *const end = p + trimmed.length;

	if (trimmed.length >= 4 && p[3] == ':' && scan_word((struct slice){p, 3}, "sip")) {
		uri->scheme = SIP_SCHEME_SIP;
		return sip_uri_rest_parse(p, p + 4, end, uri);
	}
	if (trimmed.length >= 5 && p[4] == ':' && scan_word((struct slice){p, 4}, "sips")) {
		uri->scheme = SIP_SCHEME_SIPS;
		return sip_uri_rest_parse(p, p + 5, end, uri);
	}
	if (trimmed.length == 0)
		return false;

	const char *const colon = scan_class_end(p, end, SCAN_SCHEME);

	if (colon == p || colon == end || *colon != ':' || scan_is(*p, SCAN_DIGIT))
		return false;
	return other_parse(slice_of(p, colon), colon + 1, end, uri);
}

enum sip_transport
sip_transport_of(struct slice text)
{
	if (scan_word(text, "udp"))
		return SIP_TRANSPORT_UDP;
	if (scan_word(text, "tcp"))
		return SIP_TRANSPORT_TCP;
	if (scan_word(text, "tls"))
		return SIP_TRANSPORT_TLS;
	if (scan_word(text, "sctp"))
		return SIP_TRANSPORT_SCTP;
	if (scan_word(text, "tls-sctp"))
		return SIP_TRANSPORT_TLS_SCTP;
	if (scan_word(text, "ws"))
		return SIP_TRANSPORT_WS;
	if (scan_word(text, "wss"))
		return SIP_TRANSPORT_WSS;
	return text.length == 0 ? SIP_TRANSPORT_NONE : SIP_TRANSPORT_OTHER;
}

/* Where to keep a parameter whose name is not empty; NULL: not one of ours. */
static struct slice *
parameter_place(struct sip_uri_parameters *found, struct slice name)
{
	const char *p = name.at;

	switch (escaped_byte(&p, p + name.length) | 0x20) {
	case 't':
		if (sip_escaped_is(name, "transport"))
			return &found->transport_text;
		return sip_escaped_is(name, "ttl") ? &found->ttl : NULL;
	case 'm':
		if (sip_escaped_is(name, "maddr"))
			return &found->maddr;
		return sip_escaped_is(name, "method") ? &found->method : NULL;
	case 'u':
		return sip_escaped_is(name, "user") ? &found->user : NULL;
	case 'g':
		return sip_escaped_is(name, "gr") ? &found->gr : NULL;
	case 'l':
		return sip_escaped_is(name, "lr") ? &found->lr_text : NULL;
	default:
		return NULL;
	}
}

void
sip_uri_parameters_read(struct slice parameters, struct sip_uri_parameters *found)
{
	const struct slice none = {NULL, 0};
	const char *const base = parameters.at;
	const char *const end = base + parameters.length;
	const char *p = base;
	struct sip_parameter parameter;

	*found = (struct sip_uri_parameters){
		SIP_TRANSPORT_NONE, none, none, none, none, none, none, none, false};
	while ((p = parameter_read(base, p, end, &parameter)) != NULL) {
		struct slice *const place =
			parameter.name.length > 0 ? parameter_place(found, parameter.name) : NULL;

		if (place == NULL || place->at != NULL)
			continue;
		/* Present without a value: empty, at the end of its name. */
		*place = parameter.value;
		if (place->at == NULL)
			place->at = parameter.name.at + parameter.name.length;
	}
	found->lr = found->lr_text.at != NULL;
	if (found->transport_text.at != NULL)
		found->transport = sip_transport_of(found->transport_text);
}
