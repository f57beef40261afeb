/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URIs: sip and sips whole (RFC 3261 19.1), tel (RFC 3966) with its number as user, every other
 * scheme kept but not looked into. No state; linear.
 */
#include "sip/escaped_priv.h"
#include "sip/parameter_priv.h"
#include "sip/usual_priv.h"

/* Of several '@' in a row the last, as far as no ';' or '?' stands between. */
static __attribute__((noinline)) const char *
last_at(const char *base, const char *at, const char *end)
{
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

static inline bool
rest_parse(const char *base, const char *p, const char *end, struct sip_uri *uri)
{
	const char *const user = p;
	const char *at = find_two(base, p, end, '@', '@');

	/* Nearly always the first '@' is the only one: then a host and its end follow. */
	p = hostport_read(at != end ? at + 1 : p, end, false, &uri->host);
	if (at != end && !host_ends(p, end)) {
		at = last_at(base, at, end);
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

static __attribute__((noinline)) bool
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

/* Apart, so that the usual way saves no registers. */
static __attribute__((noinline)) bool
uri_parse(struct slice text, struct sip_uri *uri)
{
	const struct slice trimmed = scan_trim(text.at, text.at + text.length);
	const char *const p = trimmed.at;
	const char *const end = p + trimmed.length;

	if (trimmed.length >= 4 && scan_word((struct slice){p, 4}, "sip:")) {
		uri->scheme = SIP_SCHEME_SIP;
		return rest_parse(p, p + 4, end, uri);
	}
	if (trimmed.length >= 5 && scan_word((struct slice){p, 5}, "sips:")) {
		uri->scheme = SIP_SCHEME_SIPS;
		return rest_parse(p, p + 5, end, uri);
	}
	if (trimmed.length == 0)
		return false;

	const char *const colon = scan_class_end(p, end, SCAN_SCHEME);

	if (colon == p || colon == end || *colon != ':' || scan_is(*p, SCAN_DIGIT))
		return false;
	return other_parse(slice_of(p, colon), colon + 1, end, uri);
}

bool
sip_uri_parse(struct slice text, struct sip_uri *uri)
{
	return (usual_able() && usual_uri(text, uri)) || uri_parse(text, uri);
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

/* Where to keep a parameter whose name is written with escapes; NULL: not one of ours. */
static struct slice *
escaped_place(struct sip_uri_parameters *found, struct slice name)
{
	if (sip_escaped_is(name, "transport"))
		return &found->transport_text;
	if (sip_escaped_is(name, "maddr"))
		return &found->maddr;
	if (sip_escaped_is(name, "ttl"))
		return &found->ttl;
	if (sip_escaped_is(name, "user"))
		return &found->user;
	if (sip_escaped_is(name, "method"))
		return &found->method;
	if (sip_escaped_is(name, "gr"))
		return &found->gr;
	return sip_escaped_is(name, "lr") ? &found->lr_text : NULL;
}

/* A parameter whose name is none of ours as it stands. */
static __attribute__((noinline)) void
escaped_note(const char *base, const char *p, const char *end, struct sip_uri_parameters *found)
{
	const char *const name_end = stop_find(base, p, end, true);
	struct slice *place;

	if (name_end == p || memchr(p, '%', (size_t)(name_end - p)) == NULL)
		return;
	place = escaped_place(found, slice_of(p, name_end));
	if (place != NULL)
		value_keep(base, name_end, end, place);
}

/* The parameter at p, if it is one of ours. */
static inline void
parameter_note(const char *base, const char *p, const char *end, bool escapes,
	struct sip_uri_parameters *found)
{
	switch (*p | 0x20) {
	case 't':
		if (name_keep(base, p, end, "transport", &found->transport_text) ||
			name_keep(base, p, end, "ttl", &found->ttl))
			return;
		break;
	case 'm':
		if (name_keep(base, p, end, "maddr", &found->maddr) ||
			name_keep(base, p, end, "method", &found->method))
			return;
		break;
	case 'u':
		if (name_keep(base, p, end, "user", &found->user))
			return;
		break;
	case 'g':
		if (name_keep(base, p, end, "gr", &found->gr))
			return;
		break;
	case 'l':
		if (name_keep(base, p, end, "lr", &found->lr_text))
			return;
		break;
	}
	if (escapes)
		escaped_note(base, p, end, found);
}

#ifdef SCAN_SSE2
/* The same for up to 32 bytes without quotes and escapes in which a name follows each semicolon.
 * False: they are others, and what was found is found again. */
static inline bool
parameters_read_short(struct slice parameters, struct sip_uri_parameters *found)
{
	const char *const base = parameters.at;
	const char *const end = base + parameters.length;

	if (parameters.length - 1 >= 32)
		return false;

	const struct parameter_marks marks = parameter_marks(base, parameters.length);

	if ((marks.semicolons & 1) == 0 || marks.others != 0)
		return false;
	for (uint32_t left = marks.semicolons; left != 0; left &= left - 1) {
		const char *const p = base + __builtin_ctz(left) + 1;

		if (p == end || !scan_is(*p, SCAN_TOKEN))
			return false;
		parameter_note(base, p, end, false, found);
	}
	return true;
}
#else
static inline bool
parameters_read_short(struct slice parameters, struct sip_uri_parameters *found)
{
	(void)parameters;
	(void)found;
	return false;
}
#endif

static __attribute__((noinline)) void
parameters_read(struct slice parameters, struct sip_uri_parameters *found)
{
	const char *const base = parameters.at;
	const char *const end = base + parameters.length;
	const bool escapes = scan_two(base, end, '%', '%') != end;

	for (const char *p = name_begin(base, end); p < end;
		p = name_begin(semicolon_find(base, p, end), end))
		parameter_note(base, p, end, escapes, found);
}

void
sip_uri_parameters_read(struct slice parameters, struct sip_uri_parameters *found)
{
	const struct slice none = {NULL, 0};

	*found = (struct sip_uri_parameters){
		SIP_TRANSPORT_NONE, none, none, none, none, none, none, none, false};
	/* What routes have, and nearly always nothing else. */
	if (parameters.length == 3 && memcmp(parameters.at, ";lr", 3) == 0) {
		found->lr_text.at = parameters.at + 3;
		found->lr = true;
		return;
	}
	if (!parameters_read_short(parameters, found))
		parameters_read(parameters, found);
	found->lr = found->lr_text.at != NULL;
	if (found->transport_text.at != NULL)
		found->transport = sip_transport_of(found->transport_text);
}
