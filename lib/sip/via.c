/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One Via value (RFC 3261 20.42, 25.1): spaces round the slashes and the colon, and a comment after
 * sent-by as RFC 2543 wrote it. No state.
 */
#include "sip/scan_priv.h"
#include "sip/uri_priv.h"

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

bool
sip_via_parse(struct slice value, struct sip_via *via)
{
	const struct slice text = slice_trim(value);
	const char *const end = text.at + text.length;
	const char *p;

	if (text.length == 0)
		return false;
	p = protocol_skip(text.at, end);
	if (p == NULL)
		return false;

	const char *const transport_end = scan_class_end(p, end, SCAN_TOKEN);

	via->transport = slice_of(p, transport_end);
	if (transport_end == p || transport_end == end || !scan_is(*transport_end, SCAN_LWS))
		return false;
	p = hostport_read(scan_space(transport_end, end), end, true, &via->sent_by);
	if (p == NULL)
		return false;
	for (p = scan_space(p, end); p < end && *p == '('; p = scan_space(p, end)) {
		p = scan_comment(p, end);
		if (p == NULL)
			return false;
	}
	if (p < end && *p != ';')
		return false;
	via->parameters = slice_of(p, end);
	return true;
}
