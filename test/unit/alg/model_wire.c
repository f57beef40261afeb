/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * callgate's side of a walk: messages as text, and what the tables hold, against what the model
 * expects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg_fixture.h"
#include "core/pool.h"
#include "flow/media_filter.h"
#include "model_wire.h"

#define PROXY "198.51.100.9:5060"

const struct wire wires[] = {
	{"NAT, outward", false, {"10.0.0.7:5060", PROXY}, {"10.0.0.", "198.51.100."}, {true, false},
		{true, false}, 7000},
	{"NAT, inward", false, {PROXY, "10.0.0.7:5060"}, {"198.51.100.", "10.0.0."}, {false, true},
		{false, true}, 7000},
	{"NAT, hairpin", false, {"10.0.0.7:5060", "10.0.0.8:5060"}, {"10.0.0.", "10.0.0."},
		{true, true}, {true, true}, 4000},
	{"inspect, outward", true, {"10.0.0.7:5060", PROXY}, {"10.0.0.", "198.51.100."},
		{true, false}, {false, false}, 7000},
	{"inspect, inward", true, {PROXY, "10.0.0.7:5060"}, {"198.51.100.", "10.0.0."},
		{false, true}, {false, false}, 7000},
};
const unsigned int wire_count = RTE_DIM(wires);

/* How the other party sees each one's signalling: over UDP, over TCP. */
static char seen[2][2][32];
enum wire_transport wire_transport;

/* The outside port of each endpoint that is open, as long as it is. */
static struct kept {
	place_t place;
	rte_be16_t port;
} kept[OPEN_MAX];
static unsigned int kept_count;

static void
home_look(const struct wire *wire, int party, bool tcp)
{
	const char *home = wire->home[party], *at = home;

	fx.proto = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	if (wire->translated[party]) {
		fixture_send(home, PROXY, CRLF);
		at = tcp ? outside_tcp(home) : outside_of(home);
	}
	snprintf(seen[tcp][party], sizeof(seen[0][0]), "%s", at);
}

void
wire_begin(const struct wire *wire)
{
	kept_count = 0;
	for (int party = 0; party < 2; party++) {
		if (wire_transport != WIRE_TCP)
			home_look(wire, party, false);
		if (wire_transport != WIRE_UDP)
			home_look(wire, party, true);
	}
}

/* A transaction keeps its transport (RFC 3261 18.2.2), a dialog need not. */
static bool
goes_by_tcp(const struct sip *sip)
{
	switch (wire_transport) {
	case WIRE_UDP:
		return false;
	case WIRE_TCP:
		return true;
	default:
		return sip->cseq & 1;
	}
}

static struct endpoint
endpoint_at(const struct wire *wire, place_t place)
{
	enum party party = place_party(place);

	return (struct endpoint){host_address(wire, party, place_host(place)),
		htons((uint16_t)place), place & PLACE_TCP ? IPPROTO_TCP : IPPROTO_UDP};
}

bool
wire_send(const struct wire *wire, const struct sip *sip)
{
	enum party peer = (enum party)(1 - sip->from);
	/* of the transaction's request */
	enum party client = sip->status ? peer : (enum party)sip->from;
	const bool tcp = goes_by_tcp(sip);
	const char *at = seen[tcp][peer];
	const char *via = sip->status ? at : wire->home[sip->from];
	/* RFC 3261 9.1 */
	const char *branch = verbs[sip->verb == VERB_CANCEL ? VERB_INVITE : sip->verb];
	char start[64], more[64] = "", body[4096] = "", tag[2][16] = {";tag=a", ""};
	size_t length = 0;

	if (sip->tag)
		snprintf(tag[CALLEE], sizeof(tag[0]), ";tag=%u", sip->tag);
	if (sip->status)
		snprintf(start, sizeof(start), "SIP/2.0 %u Some", sip->status);
	else
		snprintf(start, sizeof(start), "%s sip:b@%s SIP/2.0", verbs[sip->verb], at);
	if (sip->rseq && sip->status)
		snprintf(more, sizeof(more), "RSeq: %u" CRLF, sip->rseq);
	else if (sip->rseq)
		snprintf(more, sizeof(more), "RAck: %u %u INVITE" CRLF, sip->rseq, sip->rack_cseq);
	if (sip->sdp.count)
		length = session_write(wire, sip, body, sizeof(body));
	fx.proto = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	return fixture_send(wire->home[sip->from], at,
		       "%s" CRLF "Via: SIP/2.0/%s %s;branch=z9hG4bK%s%u" CRLF
		       "From: <sip:x@example.com>%s" CRLF "To: <sip:y@example.com>%s" CRLF
		       "Call-ID: walk" CRLF "CSeq: %u %s" CRLF "Contact: <sip:z@%s>" CRLF
		       "%s%sContent-Length: %zu" CRLF CRLF "%s",
		       start, transport_now(), via, branch, sip->cseq, tag[client], tag[1 - client],
		       sip->cseq, verbs[sip->verb], wire->home[sip->from], more,
		       length ? "Content-Type: application/sdp" CRLF : "", length,
		       body) == ALG_FORWARD;
}

static bool
otherwise(char *why, size_t size, const char *what, const struct endpoint *at, unsigned int is,
	unsigned int expected)
{
	snprintf(why, size, "%s %s:%u: is %u, expected %u", what,
		inet_ntoa((struct in_addr){at->address}), ntohs(at->port), is, expected);
	return false;
}

static bool
compare_gauge(const char *what, uint32_t is, uint32_t expected, char *why, size_t size)
{
	if (is == expected)
		return true;
	snprintf(why, size, "%s: is %u, expected %u", what, is, expected);
	return false;
}

static const struct open_place *
expected_at(const struct wire *wire, const struct expected *expected, const struct pinhole_key *key)
{
	for (unsigned int i = 0; i < expected->count; i++) {
		struct endpoint at = endpoint_at(wire, expected->open[i].place);

		if (at.address == key->dst && at.port == key->dst_port && at.proto == key->proto)
			return &expected->open[i];
	}
	return NULL;
}

/*
 * The source as a filter sees it: in a hairpin the outside half (RFC 4787 REQ-9), which a port that
 * is nobody's to open does not have.
 */
static rte_be32_t
source_at(const struct wire *wire, place_t place)
{
	struct endpoint at = endpoint_at(wire, place);
	bool hairpin = wire->translated[CALLER] && wire->translated[CALLEE];

	return hairpin && ntohs(at.port) >= 1024 &&
			       (at.address & htonl(0xff000000)) == htonl(0x0a000000)
		       ? inet_addr("203.0.113.1")
		       : at.address;
}

/* By address alone: a phone may send from another port than it listens on. */
static unsigned int
sources_of(const struct wire *wire, const struct open_place *open, rte_be32_t *addresses)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < open->source_count && count < PINHOLE_ANNOUNCED_MAX; i++) {
		rte_be32_t address = source_at(wire, open->source[i]);
		bool known = false;

		for (unsigned int n = 0; n < count; n++)
			known |= addresses[n] == address;
		if (!known)
			addresses[count++] = address;
	}
	return count;
}

static bool
is_announced(const struct media_filter *filter, rte_be32_t address)
{
	for (unsigned int i = 0; i < filter->announced_count; i++) {
		if (filter->announced[i].address == address)
			return true;
	}
	return false;
}

static bool
compare_sources(const struct wire *wire, const struct open_place *open,
	const struct pinhole *pinhole, char *why, size_t size)
{
	struct endpoint at = endpoint_at(wire, open->place);
	rte_be32_t addresses[PINHOLE_ANNOUNCED_MAX];
	bool closed = media_filter_is_answered(&pinhole->media);
	unsigned int count;

	if (!open->committed) /* or it was, by a dialog that is over */
		return true;
	if (closed == open->further)
		return otherwise(why, size, "closed to others", &at, closed, !open->further);
	count = sources_of(wire, open, addresses);
	for (unsigned int i = 0; i < count; i++) {
		if (!is_announced(&pinhole->media, addresses[i]))
			return otherwise(why, size, "announced at", &at, 0, ntohl(addresses[i]));
	}
	if (pinhole->media.announced_count == count)
		return true;
	return otherwise(why, size, "number of sources announced at", &at,
		pinhole->media.announced_count, count);
}

static bool
compare_pinholes(const struct wire *wire, const struct expected *expected, bool sources, char *why,
	size_t size)
{
	struct pool *pool = pinhole_pool(fx.pinholes);
	uint32_t left = pool_used(pool);
	unsigned int found = 0;

	for (uint32_t i = 1; left && i <= pool_capacity(pool); i++) {
		const struct pinhole *pinhole = pool_at(pool, i);
		const struct open_place *open;
		struct endpoint at;

		if (!pool_object_live(&pinhole->object))
			continue;
		left--;
		if (pinhole->class != PINHOLE_RTP && pinhole->class != PINHOLE_RTCP)
			continue;
		at = (struct endpoint){pinhole->key.dst, pinhole->key.dst_port, pinhole->key.proto};
		open = expected_at(wire, expected, &pinhole->key);
		if (!open)
			return otherwise(why, size, "pinhole", &at, 1, 0);
		found++;
		if (sources && !compare_sources(wire, open, pinhole, why, size))
			return false;
	}
	if (found == expected->count)
		return true;
	for (unsigned int i = 0; i < expected->count; i++) {
		struct endpoint at = endpoint_at(wire, expected->open[i].place);
		bool stands = false;

		for (uint32_t n = 1; n <= pool_capacity(pool); n++) {
			const struct pinhole *pinhole = pool_at(pool, n);

			stands |= pool_object_live(&pinhole->object) &&
				  pinhole->key.dst == at.address &&
				  pinhole->key.dst_port == at.port &&
				  pinhole->key.proto == at.proto;
		}
		if (!stands)
			return otherwise(why, size, "pinhole", &at, 0, 1);
	}
	return compare_gauge("pinholes found", found, expected->count, why, size);
}

rte_be16_t
kept_port(place_t place)
{
	for (unsigned int i = 0; i < kept_count; i++) {
		if (kept[i].place == place)
			return kept[i].port;
	}
	return 0;
}

/* Each inside endpoint has a door, on the same port as long as it is open. */
static bool
compare_doors(const struct wire *wire, const struct expected *expected, char *why, size_t size)
{
	struct kept next[OPEN_MAX];
	unsigned int count = 0;

	for (unsigned int i = 0; i < expected->count; i++) {
		place_t place = expected->open[i].place;
		struct endpoint at = endpoint_at(wire, place);
		const struct binding *binding;
		rte_be16_t before = kept_port(place);

		if (!wire->translated[place_party(place)])
			continue;
		binding = binding_find_inside(fx.nat, &at);
		if (!binding || !binding->media || !binding->holders)
			return otherwise(why, size, "door", &at, 0, 1);
		if (before && before != binding->outside.port)
			return otherwise(why, size, "outside port of", &at,
				ntohs(binding->outside.port), ntohs(before));
		next[count++] = (struct kept){place, binding->outside.port};
	}
	memcpy(kept, next, sizeof(kept));
	kept_count = count;
	return true;
}

bool
wire_compare(const struct wire *wire, const struct expected *expected, const struct sip *sip,
	char *why, size_t size)
{
	if (!compare_pinholes(wire, expected, true, why, size) ||
		!compare_doors(wire, expected, why, size))
		return false;
	if (sip && (!compare_secret(wire, sip, why, size) ||
			   (expected->in_call && !compare_text(wire, expected, sip, why, size))))
		return false;
	return compare_gauge("calls", alg_call_count(fx.alg), expected->calls, why, size) &&
	       compare_gauge("media pinholes", pinhole_media_count(fx.pinholes), expected->count,
		       why, size) &&
	       (!fx.nat || compare_gauge(
				   "media doors", nat_media_doors(fx.nat), kept_count, why, size));
}

bool
wire_empty(char *why, size_t size)
{
	uint32_t left = 1;

	for (int i = 0; i < 3 && left; i++) {
		fixture_time(400);
		left = pool_used(pinhole_pool(fx.pinholes)) + pool_used(flow_pool(fx.flows));
		if (fx.nat)
			left += nat_doors(fx.nat) + nat_ports_used(fx.nat);
	}
	return compare_gauge("left at the end", left, 0, why, size) &&
	       compare_gauge("media opened and not closed",
		       counted(SIP_COUNT_MEDIA_OPENED) - counted(SIP_COUNT_MEDIA_CLOSED), 0, why,
		       size) &&
	       compare_gauge("calls made and not ended",
		       counted(SIP_COUNT_CALL_MADE) - counted(SIP_COUNT_CALL_ENDED), 0, why, size);
}

void
wire_clear(void)
{
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	for (int i = 0; i < 4; i++)
		fixture_time(400);
}
