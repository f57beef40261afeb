/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One Via value (RFC 3261 20.42, 25.1): spaces round the slashes and the colon, and a comment after
 * sent-by as RFC 2543 wrote it. No state.
 */
#include "sip/message.h"
#include "sip/parameter_priv.h"
#include "sip/usual_priv.h"

/* Past LWS "/" LWS, or NULL. */
static const char *
slash_skip(const char *p, const char *end)
{
	p = scan_space(p, end);
	if (p == end || *p != '/')
		return NULL;
	return scan_space(p + 1, end);
}

/* Past "SIP/2.0/" to the transport, or NULL. */
static const char *
protocol_skip(const char *p, const char *end)
{
	if (end - p >= 8 && memcmp(p, "SIP/2.0/", 8) == 0)
		return scan_space(p + 8, end);
	for (int i = 0; i < 2; i++) {
		const char *const token_end = scan_class_end(p, end, SCAN_TOKEN);

		if (token_end == p)
			return NULL;
		p = slash_skip(token_end, end);
		if (p == NULL)
			return NULL;
	}
	return p;
}

/* The transport at p, and on to sent-by; NULL: no transport or nothing behind it. */
static inline const char *
transport_read(const char *p, const char *end, struct sip_via *via)
{
	const char *const start = p;

	if (end - p >= 4 && memcmp(p, "UDP ", 4) == 0) {
		p += 3;
	} else {
		p = scan_class_end(p, end, SCAN_TOKEN);
		if (p == start || p == end || !scan_is(*p, SCAN_LWS))
			return NULL;
	}
	scan_store(&via->transport, slice_of(start, p));
	return scan_space(p, end);
}

bool
sip_via_parse(struct slice value, struct sip_via *via)
{
	const struct slice text = scan_trim(value.at, value.at + value.length);
	const char *const end = text.at + text.length;
	const char *p;

	if (text.length == 0)
		return false;
	p = protocol_skip(text.at, end);
	if (p != NULL)
		p = transport_read(p, end, via);
	if (p != NULL)
		p = hostport_read(p, end, true, &via->sent_by);
	if (p == NULL)
		return false;
	for (p = scan_space(p, end); p < end && *p == '('; p = scan_space(p, end)) {
		p = scan_comment(p, end);
		if (p == NULL)
			return false;
	}
	if (p < end && *p != ';')
		return false;
	scan_store(&via->parameters, slice_of(p, end));
	return true;
}

/* The parameter at p, if it is one of ours. */
static inline void
parameter_note(const char *base, const char *p, const char *end, struct sip_via_parameters *found)
{
	switch (*p | 0x20) {
	case 'b':
		name_keep(base, p, end, "branch", &found->branch);
		break;
	case 'r':
		if (!name_keep(base, p, end, "rport", &found->rport))
			name_keep(base, p, end, "received", &found->received);
		break;
	case 'm':
		name_keep(base, p, end, "maddr", &found->maddr);
		break;
	case 't':
		name_keep(base, p, end, "ttl", &found->ttl);
		break;
	}
}

void
sip_via_parameters_read(struct slice parameters, struct sip_via_parameters *found)
{
	const struct slice none = {NULL, 0};
	const char *const base = parameters.at;
	const char *const end = base + parameters.length;
	uint64_t port;

	*found = (struct sip_via_parameters){none, none, none, none, none, 0};
	for (const char *p = name_begin(base, end); p < end;
		p = name_begin(semicolon_find(base, p, end), end))
		parameter_note(base, p, end, found);
	if (found->rport.length > 0 && slice_number(found->rport, UINT16_MAX, &port))
		found->rport_number = (uint16_t)port;
}

static __attribute__((noinline)) bool
via_next(struct slice *rest, struct sip_via *via, struct sip_via_parameters *parameters)
{
	struct slice value;

	if (!sip_value_next(rest, &value))
		return false;
	if (!sip_via_parse(value, via))
		memset(via, 0, sizeof(*via));
	sip_via_parameters_read(via->parameters, parameters);
	return true;
}

bool
sip_via_next(struct slice *rest, struct sip_via *via, struct sip_via_parameters *parameters)
{
	if (rest->length == 0)
		return false;
	return (usual_able() && usual_via(rest, via, parameters)) ||
	       via_next(rest, via, parameters);
}
