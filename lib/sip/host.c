/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host[:port] (RFC 3261 25.1, RFC 5118): names, IPv4, IPv6 in brackets and, as it is seen in the
 * wild, without. No state; each byte is looked at a bounded number of times.
 *
 * Decided here:
 * - A port is 1 to 65535. Leading zeros are grammatical (1*DIGIT) and do not change the value.
 * - Dotted quads with leading zeros or octets over 255 are names: resolvers disagree about them.
 * - IPv6 without brackets takes all it can be: "2001:db8::1:5060" is an address without a port
 *   (RFC 5118 4.5); only behind eight groups a ninth can be nothing but a port.
 * - ":::" before an IPv4 tail is what RFC 3261's grammar spells "::" (RFC 5118 4.10).
 * - A zone ("%eth0", "%25eth0") is passed over, in brackets only.
 */
#include "sip/scan_priv.h"
#include "sip/uri_priv.h"

enum { IPV6_GROUPS = 8, IPV6_GROUP_DIGITS = 4 };

/* Apart, so that the way of most hosts saves no registers. */
#define SELDOM __attribute__((noinline))

static inline bool
is_hex(const char *p, const char *end)
{
	/* Of the IPv6 class all but '.' and ':'. */
	return p < end && scan_is(*p, SCAN_IPV6) && *p != '.' && *p != ':';
}

/* One group; 0: none, too many digits are none either. */
static uint32_t
group_length(const char *p, const char *end)
{
	uint32_t length = 0;

	while (length <= IPV6_GROUP_DIGITS && is_hex(p + length, end))
		length++;
	return length <= IPV6_GROUP_DIGITS ? length : 0;
}

static inline bool
double_colon(const char *p, const char *end)
{
	return end - p >= 2 && p[0] == ':' && p[1] == ':';
}

/* The end of an IPv6 address, or NULL. */
static const char *
ipv6_read(const char *p, const char *end)
{
	uint32_t groups = 0, length, ipv4;
	bool gap = false, third;

	while (groups < IPV6_GROUPS) {
		third = false;
		if (double_colon(p, end)) {
			if (gap)
				return NULL;
			gap = true;
			p += 2;
			third = p < end && *p == ':';
			p += third;
			if (!third && !is_hex(p, end))
				break;
		} else if (groups > 0) {
			if (p == end || *p != ':')
				break;
			p++;
		}
		length = group_length(p, end);
		if (length == 0)
			return NULL;
		if (p + length < end && p[length] == '.') {
			p = ipv4_read(p, end, &ipv4);
			groups += 2;
			break;
		}
		if (third)
			return NULL;
		p += length;
		groups++;
	}
	return p != NULL && (gap ? groups < IPV6_GROUPS : groups == IPV6_GROUPS) ? p : NULL;
}

static SELDOM const char *
ipv6_reference_read(const char *p, const char *end)
{
	p = ipv6_read(p + 1, end);
	if (p != NULL && p < end && *p == '%')
		p = scan_class_end(p, end, SCAN_HOST);
	return p != NULL && p < end && *p == ']' ? p + 1 : NULL;
}

/* Digits at p as a port; NULL: none, or out of range. */
static inline const char *
port_read(const char *p, const char *end, struct sip_hostport *host)
{
	const char *const start = p;
	uint64_t long_port;
	uint32_t port = 0;
	uint8_t digit;

	for (; p < end && (digit = (uint8_t)(*p - '0')) <= 9; p++)
		port = port * 10 + digit;
	if (p - start > 9) /* zeros before it, or more than 32 bits hold */
		port = slice_number(slice_of(start, p), UINT16_MAX, &long_port)
			       ? (uint32_t)long_port
			       : 0;
	if (port == 0 || port > UINT16_MAX)
		return NULL;
	scan_store(&host->port_text, slice_of(start, p));
	host->port = (uint16_t)port;
	return p;
}

/* IPv6 without brackets, a port behind eight groups only. */
static SELDOM const char *
ipv6_bare_read(const char *p, const char *end, struct sip_hostport *host)
{
	const char *const start = p;

	p = ipv6_read(p, end);
	if (p == NULL)
		return NULL;
	host->kind = SIP_HOST_IPV6;
	host->ipv4 = 0;
	host->host = slice_of(start, p);
	host->port_text = (struct slice){NULL, 0};
	host->port = 0;
	if (p < end && *p == ':') {
		p = port_read(p + 1, end, host);
		if (p == NULL)
			return NULL;
	}
	host->text = slice_of(start, p);
	return p;
}

static inline const char *
name_read(const char *p, const char *end)
{
	const char *const after = scan_class_end(p, end, SCAN_HOST);

	return after > p ? after : NULL;
}

/* The host without its port, or NULL. */
static inline const char *
host_read(const char *p, const char *end, struct sip_hostport *host)
{
	const char *const start = p;
	const char *after;

	if (scan_is(*p, SCAN_DIGIT)) {
		after = ipv4_read(p, end, &host->ipv4);
		if (after != NULL && (after == end || !scan_is(*after, SCAN_HOST))) {
			host->kind = SIP_HOST_IPV4;
			scan_store(&host->host, slice_of(start, after));
			return after;
		}
	}
	host->ipv4 = 0;
	host->kind = *p == '[' ? SIP_HOST_IPV6 : SIP_HOST_NAME;
	p = *p == '[' ? ipv6_reference_read(p, end) : name_read(p, end);
	scan_store(&host->host, p != NULL ? slice_of(start, p) : (struct slice){NULL, 0});
	return p;
}

/* What follows the host at p when it is no colon: spaces before one are for sent-by. */
static SELDOM const char *
colon_find(const char *p, const char *end)
{
	const char *const colon = scan_space(p, end);

	return colon < end && *colon == ':' ? colon : NULL;
}

const char *
hostport_read(const char *p, const char *end, bool spaces, struct sip_hostport *host)
{
	const char *const start = p;
	const char *colon;

	if (p == end)
		return NULL;
	p = host_read(p, end, host);
	if (p == NULL)
		return *start == ':' ? ipv6_bare_read(start, end, host) : NULL;
	colon = p < end && *p == ':' ? p : NULL;
	if (spaces && p < end && scan_is(*p, SCAN_LWS))
		colon = colon_find(p, end);
	if (colon == NULL) {
		scan_store(&host->text, slice_of(start, p));
		scan_store(&host->port_text, (struct slice){NULL, 0});
		host->port = 0;
		return p;
	}
	colon++;
	p = port_read(spaces ? scan_space(colon, end) : colon, end, host);
	if (p == NULL || (p < end && (*p == ':' || is_hex(p, end))))
		return host->kind == SIP_HOST_NAME ? ipv6_bare_read(start, end, host) : NULL;
	scan_store(&host->text, slice_of(start, p));
	return p;
}

bool
sip_hostport_parse(struct slice text, struct sip_hostport *host)
{
	const struct slice trimmed = slice_trim(text);
	const char *const end = trimmed.at + trimmed.length;

	return trimmed.length > 0 && hostport_read(trimmed.at, end, false, host) == end;
}
