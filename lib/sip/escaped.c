/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text with percent escapes. No state; each byte is looked at once, of a possible address its few
 * bytes twice.
 */
#include "sip/escaped_priv.h"
#include "sip/uri_priv.h"

enum { IPV4_TEXT_MAX = 15, TRANSPORT_TEXT_MAX = 9 /* one more than the longest */ };

static inline char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

bool
sip_escaped_is(struct slice escaped, const char *word)
{
	const char *p = escaped.at;
	const char *const end = p + escaped.length;

	while (p < end) {
		/* The NUL ends the comparison: a NUL in the text must not pass for it. */
		if (*word == '\0' || lower(escaped_byte(&p, end)) != lower(*word))
			return false;
		word++;
	}
	return *word == '\0';
}

bool
sip_escaped_equal(struct slice escaped, struct slice plain)
{
	const char *p = escaped.at, *q = plain.at;
	const char *const end = p + escaped.length, *const plain_end = q + plain.length;

	while (p < end && q < plain_end) {
		if (escaped_byte(&p, end) != *q++)
			return false;
	}
	return p == end && q == plain_end;
}

/* A run of letters, digits, '.', '-' and '_', as far as an address may be long. */
struct run {
	const char *end; /* behind it */
	uint32_t length; /* decoded; more than IPV4_TEXT_MAX: too long for an address */
	char text[IPV4_TEXT_MAX];
};

static inline bool
is_run_byte(char byte)
{
	return byte != '%' && scan_is(byte, SCAN_HOST);
}

static void
run_read(const char *p, const char *end, struct run *run)
{
	run->length = 0;
	run->end = p;
	while (p < end) {
		const char byte = escaped_byte(&p, end);

		if (!is_run_byte(byte))
			return;
		if (run->length < IPV4_TEXT_MAX)
			run->text[run->length] = byte;
		run->length++;
		run->end = p;
	}
}

/* ':' and digits behind an address; without them it has no port. */
static void
escaped_port_read(const char *p, const char *end, struct sip_hostport *host)
{
	const char *after = p;
	uint32_t port = 0;

	if (p == end || escaped_byte(&after, end) != ':')
		return;

	const char *const digits = after;

	for (p = digits; p < end;) {
		const uint8_t digit = (uint8_t)(escaped_byte(&after, end) - '0');

		if (digit > 9)
			break;
		port = port * 10 + digit;
		if (port > UINT16_MAX)
			return;
		p = after;
	}
	if (port == 0)
		return;
	host->port = (uint16_t)port;
	host->port_text = slice_of(digits, p);
	host->text = slice_of(host->text.at, p);
}

bool
sip_escaped_ipv4_next(struct slice *rest, struct sip_hostport *host)
{
	struct run run;

	if (rest->length == 0)
		return false;

	const char *p = rest->at;
	const char *const end = p + rest->length;

	while (p < end) {
		const char *const start = p;

		run_read(p, end, &run);
		if (run.length == 0) {
			/* What separates: one byte or one escape. */
			escaped_byte(&p, end);
			continue;
		}
		p = run.end;
		if (run.length > IPV4_TEXT_MAX ||
			!slice_ipv4((struct slice){run.text, run.length}, &host->ipv4))
			continue;
		host->kind = SIP_HOST_IPV4;
		host->host = host->text = slice_of(start, p);
		host->port_text = (struct slice){NULL, 0};
		host->port = 0;
		escaped_port_read(p, end, host);
		*rest = slice_of(host->text.at + host->text.length, end);
		return true;
	}
	*rest = (struct slice){end, 0};
	return false;
}

enum sip_transport
sip_escaped_transport(struct slice rest, const char **uri_end)
{
	static const char name[] = "transport=";
	enum { VALUE = sizeof(name) - 1, OTHER };
	const char *p = rest.at, *at;
	const char *const end = p + rest.length;
	uint32_t matched = OTHER, length = 0; /* of the name; of the value */
	bool found = false; /* of doubled ones the first counts */
	char value[TRANSPORT_TEXT_MAX];

	for (at = p; p < end; at = p) {
		const char byte = lower(escaped_byte(&p, end));

		if (byte == '>' || byte == ',' || byte == '?')
			break;
		if (byte == ';') {
			found |= matched == VALUE;
			matched = found ? OTHER : 0;
		} else if (matched < VALUE) {
			matched = byte == name[matched] ? matched + 1 : OTHER;
		} else if (matched == VALUE && length < TRANSPORT_TEXT_MAX) {
			value[length++] = byte;
		}
	}
	*uri_end = at;
	return found || matched == VALUE ? sip_transport_of((struct slice){value, length})
					 : SIP_TRANSPORT_NONE;
}
