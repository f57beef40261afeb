/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptions as text: as their senders write them, and as they should leave callgate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg_fixture.h"
#include "model_wire.h"

/* "10.0.0.7" of a party's host. */
static void
host_write(const struct wire *wire, enum party party, uint8_t host, char text[16])
{
	static const char *const relays[] = {"192.0.2.4", "192.0.2.8"};
	unsigned int which = host & HOST_WHOSE;
	bool inside = wire->inside[party];

	switch (host & (uint8_t)~HOST_WHOSE) {
	case HOST_SECOND:
		snprintf(text, 16, "%s%u", wire->media[party], 60 + which);
		break;
	case HOST_NAT:
		if (inside)
			snprintf(text, 16, "203.0.113.1");
		else
			snprintf(text, 16, "198.51.100.%u", 120 + which);
		break;
	case HOST_RELAY:
		snprintf(text, 16, "%s%u", relays[inside], which);
		break;
	case HOST_FOREIGN:
		snprintf(text, 16, inside ? "192.0.2.%u" : "10.0.0.%u", 200 + which);
		break;
	default:
		snprintf(text, 16, "%s%u", wire->media[party], which ? 20 + which : 7);
		break;
	}
}

rte_be32_t
host_address(const struct wire *wire, enum party party, uint8_t host)
{
	char text[16];

	host_write(wire, party, host, text);
	return inet_addr(text);
}

/* A description on its way to text. */
struct writer {
	const struct wire *wire;
	const struct sip *sip;
	bool left; /* as it should leave: '?' for a number that nobody can know */
	char *text;
	size_t used, size;
};

__rte_format_printf(2, 3) static void put(struct writer *writer, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(
		writer->text + writer->used, writer->size - writer->used, format, arguments);
	va_end(arguments);
	writer->used += (size_t)length;
	assert_true(writer->used < writer->size);
}

static bool
is_translated(const struct writer *writer, const char *address)
{
	return writer->left && writer->wire->translated[writer->sip->from] &&
	       strncmp(address, "10.0.0.", 7) == 0;
}

static void
put_host(struct writer *writer, uint8_t host)
{
	char text[16];

	host_write(writer->wire, (enum party)writer->sip->from, host, text);
	put(writer, "%s", is_translated(writer, text) ? "203.0.113.1" : text);
}

/* A port: its door's, where it has one; what was named and is not open, may be any. */
static void
put_port(struct writer *writer, uint8_t host, uint16_t port, enum kind kind)
{
	place_t place = place_of((enum party)writer->sip->from, host, port, kind);
	char text[16];

	host_write(writer->wire, (enum party)writer->sip->from, host, text);
	if (!is_translated(writer, text) || port < 1024)
		put(writer, "%u", port);
	else if (kept_port(place))
		put(writer, "%u", ntohs(kept_port(place)));
	else
		put(writer, "?");
}

static void
put_connection(struct writer *writer, const struct stream *stream)
{
	if (stream->zero) {
		put(writer, "c=IN IP4 0.0.0.0" CRLF);
	} else if (stream->at == AT_NAME) {
		put(writer, "c=IN IP4 media.example.com" CRLF);
	} else if (stream->at == AT_IPV6) {
		put(writer, "c=IN IP6 2001:db8::7" CRLF);
	} else if (stream->at != AT_OWN) {
		put(writer, "c=IN IP4 ");
		put_host(writer, stream_host(&writer->sip->sdp, stream));
		put(writer, CRLF);
	}
}

static void
put_candidate(struct writer *writer, const struct candidate *candidate, unsigned int number)
{
	static const char *const types[] = {"host", "srflx", "relay"};

	put(writer, "a=candidate:%u %u UDP %u ", number, candidate->component,
		2130706431 - number * 256 - candidate->component);
	put_host(writer, candidate->host);
	put(writer, " ");
	put_port(writer, candidate->host, candidate->port, KIND_RTP);
	put(writer, " typ %s", types[candidate->type]);
	if (candidate->type != CANDIDATE_HOST) {
		put(writer, " raddr ");
		put_host(writer, candidate->base_host);
		put(writer, " rport ");
		put_port(writer, candidate->base_host, candidate->base_port, KIND_RTP);
	}
	put(writer, CRLF);
}

/* TCP: MSRP, which says where in a=path as well, or BFCP. */
static void
put_tcp(struct writer *writer, const struct stream *stream, uint8_t host)
{
	static const char *const setups[] = {"", "active", "passive", "actpass", "holdconn"};

	put(writer, "a=setup:%s" CRLF "a=connection:%s" CRLF, setups[stream->setup],
		stream->existing ? "existing" : "new");
	if (stream->port % 8 || stream->at > AT_FOREIGN)
		return;
	put(writer, "a=path:msrp://");
	put_host(writer, host);
	put(writer, ":");
	put_port(writer, host, stream->port, KIND_TCP);
	put(writer, "/s;tcp" CRLF);
}

static void
put_stream(struct writer *writer, unsigned int index)
{
	static const char *const ways[] = {
		"", "a=sendonly" CRLF, "a=recvonly" CRLF, "a=inactive" CRLF};
	static const char *const types[] = {"audio", "image", "application"};
	static const char *const protocols[] = {"RTP/AVP 0", "udptl t38", "TCP/BFCP *"};
	const struct session *session = &writer->sip->sdp;
	const struct stream *stream = &session->stream[index];
	uint8_t host = stream_host(session, stream);

	put(writer, "m=%s ", types[stream->kind]);
	if (stream->at > AT_FOREIGN || stream->zero || stream->port < 1024)
		put(writer, "%u", stream->port);
	else
		put_port(writer, host, stream->port, (enum kind)stream->kind);
	put(writer, " %s" CRLF, protocols[stream->kind]);
	put_connection(writer, stream);
	if (stream->bundled)
		put(writer, "a=mid:m%u" CRLF, index);
	if (stream->bundle_only)
		put(writer, "a=bundle-only" CRLF);
	if (!stream_accepted(stream))
		return;
	put(writer, "%s%s", ways[stream->way], stream->mux ? "a=rtcp-mux" CRLF : "");
	if (stream->kind == KIND_TCP)
		put_tcp(writer, stream, host);
	for (unsigned int i = 0; i < stream->candidate_count; i++)
		put_candidate(writer, &stream->candidate[i], i + 1);
}

static void
put_group(struct writer *writer)
{
	const struct session *session = &writer->sip->sdp;

	if (!session->stream[session->tag].bundled)
		return;
	put(writer, "a=group:BUNDLE m%u", session->tag);
	for (unsigned int i = 0; i < session->count; i++) {
		if (session->stream[i].bundled && i != session->tag)
			put(writer, " m%u", i);
	}
	put(writer, CRLF);
}

static void
put_session(struct writer *writer)
{
	const struct session *session = &writer->sip->sdp;

	put(writer, "v=0" CRLF "o=- 1 1 IN IP4 ");
	put_host(writer, session->host);
	put(writer, CRLF "s=-" CRLF "c=IN IP4 ");
	put_host(writer, session->host);
	put(writer, CRLF "t=0 0" CRLF);
	put_group(writer);
	for (unsigned int i = 0; i < session->count; i++)
		put_stream(writer, i);
}

size_t
session_write(const struct wire *wire, const struct sip *sip, char *text, size_t size)
{
	struct writer writer = {.wire = wire, .sip = sip, .text = text, .size = size};

	put_session(&writer);
	return writer.used;
}

/* a=rtcp, where RTCP does not follow its RTP port outside (RFC 3605): the line, and what it says. */
static const char *
rtcp_line(const char *text, unsigned int *port)
{
	if (strncmp(text, "a=rtcp:", 7) != 0)
		return NULL;
	*port = (unsigned int)atoi(text + 7);
	return strstr(text, CRLF) + 2;
}

/* The same but for '?', which is any number, and for a=rtcp, which is looked at beside it. */
static const char *
differs(const char *is, const char *expected)
{
	unsigned int port;

	while (*is || *expected) {
		const char *behind = is[0] == 'a' && is[-1] == '\n' ? rtcp_line(is, &port) : NULL;

		if (behind) {
			is = behind;
		} else if (*expected == '?') {
			is += strspn(is, "0123456789");
			expected++;
		} else if (*is++ != *expected++) {
			return is - 1;
		}
	}
	return NULL;
}

/* Every m= section with RTCP apart says where that is, if it is not at the next port. */
static bool
compare_rtcp(const struct wire *wire, const struct sip *sip, uint8_t named, const char *at,
	char *why, size_t size)
{
	for (unsigned int i = 0; i < sip->sdp.count; i++) {
		const struct stream *stream = &sip->sdp.stream[i];
		uint8_t host = stream_host(&sip->sdp, stream);
		place_t rtp = place_of((enum party)sip->from, host, stream->port, KIND_RTP);
		unsigned int outside = ntohs(kept_port(rtp)), rtcp = ntohs(kept_port(rtp + 1));
		unsigned int said = 0;
		const char *line, *end;

		at = strstr(at + 1, "\nm=");
		if (!at || !wire->translated[sip->from])
			return true;
		line = strstr(at, "\na=rtcp:");
		end = strstr(at + 1, "\nm=");
		if (line && (!end || line < end))
			rtcp_line(line + 1, &said);
		if (said ? !rtcp || said == rtcp
			 : !(named >> i & 1) || stream->zero || !rtcp || rtcp == outside + 1)
			continue;
		snprintf(why, size, "a=rtcp of stream %u: is %u, expected %u", i, said, rtcp);
		return false;
	}
	return true;
}

/* What left is what was sent, with doors in the place of what they are for. */
bool
compare_text(const struct wire *wire, const struct expected *open, const struct sip *sip, char *why,
	size_t size)
{
	char expected[4096];
	struct writer writer = {
		.wire = wire, .sip = sip, .left = true, .text = expected, .size = sizeof(expected)};
	const char *body = strstr(fx.text, CRLF CRLF), *other;

	if (sip->sdp.count == 0)
		return true;
	put_session(&writer);
	other = differs(body + 4, expected);
	if (!other)
		return compare_rtcp(wire, sip, open->rtcp, body, why, size);
	snprintf(why, size, "text differs at \"%.20s\":\n%s\nexpected:\n%s", other, body + 4,
		expected);
	return false;
}

/* No inside address leaves, whatever is known of the call. */
bool
compare_secret(const struct wire *wire, const struct sip *sip, char *why, size_t size)
{
	const char *address = strstr(fx.text, "10.0.0.");

	if (!address || !wire->translated[sip->from] || wire->translated[1 - sip->from])
		return true;
	snprintf(why, size, "an inside address left: %s", fx.text);
	return false;
}
