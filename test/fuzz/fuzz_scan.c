/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways to look for bytes against each other: every variant of the line search that this
 * processor can run against a reader that goes byte by byte, and all of lib/sip as it is, with the
 * readers of usual values and without them, against the library compiled with SIP_SCAN_PLAIN, which
 * is loaded beside it. What either reads out of an input is the same; and lists of addresses that are
 * read for IPv4 addresses alone give all values that hold one.
 */
#include <dlfcn.h>

#include "sip/escaped.h"
#include "sip/framing.h"
#include "sip/lines_priv.h"
#include "sip/marks_priv.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/usual_priv.h"
#include "test/fuzz/harness.h"
#include "test/fuzz/message_seeds.h"

#define LINES8 \
	"x:y\n" \
	"x:y\n" \
	"x:y\n" \
	"x:y\n" \
	"x:y\n" \
	"x:y\n" \
	"x:y\n" \
	"x:y\n"
#define LINES64 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8 LINES8

static const char *const seeds[] = {
	"OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/UDP h:5060 ;branch=z9hG4bK1;received=10.0.0.1\r\n"
	"From: \"A\\\" <sip:\" <sip:a@10.0.0.5:5060;transport=udp>;tag=1\r\nt: sip:b@[::1]\r\n"
	"i: x\r\nCSeq: 1 OPTIONS\r\nm: <sip:a@b>, sip:c@d, (c) <tel:1>\r\n\r\n",
	"\"A B\" <sip:alice@10.0.0.5:5060;transport=udp;lr?Subject=x>;tag=1, <sip:10.0.0.255;lr>,"
	"<sip:edge.example.com:65535;lr>;q=0.5,\"\"<sip:a@255.255.255.255>, <sip:01.2.3.4>",
	"SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1234567890;rport=5061;received=10.0.0.6,"
	" SIP/2.0/TCP edge.example.com;branch=z9hG4bK1;rport, SIP/2.0/TLS 1.22.333.4:1;maddr=a",
	",,,, "
	",,,,,\t,,,,,,,,,,,,,,,,,,,,,sip:1.2.3.4,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,sip:a",
	"a,*, b ,*,a.b.c.d.e.f.g,*,sip:1.1.1.1,<sip:a>,<>,sip:h;x,\"1.1.1.1\" "
	"<sip:a;maddr=10.0.0.5>,(,) "
	"<sip:a?b=%31.2.3.4>",
	"sip:b@1.2.3.4:5,<sip:h;ob>,<sip:h;transport=tcp;%6daddr=1.2.3.4>,*,,sip:a@1.2.3.4.5",
	/* A list of lines that the last block fills, and longer ones. */
	"ACK sip:a SIP/2.0\n" LINES64,
	"ACK sip:a SIP/2.0\r" LINES64 LINES64 LINES64 "\nbody",
	"ACK sip:a SIP/2.0\r\nx:" LINES8 "\r\r\n\r\n\n",
	"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
	"m=audio 40000/2 RTP/AVP 0 8\r\na=rtcp:40001 IN IP4 10.0.0.5\r\n"
	"a=candidate:1 1 UDP 1 10.0.0.5 9000 typ srflx raddr 10.0.0.6 rport 9001\r\n",
};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), message_dictionary, MESSAGE_WORDS, 200, 20000};

enum { TRACE_MAX = 1 << 16, VALUES_MAX = 64 };
_Static_assert((int)LINES_VARIANTS == (int)MARKS_VARIANTS, "both are gone through together");

/* What was read, in the order in which it was read. */
struct trace {
	uint32_t count;
	uint32_t at[TRACE_MAX];
};

/* What is compared of a library. */
struct library {
	__typeof__(&sip_message_parse) message_parse;
	__typeof__(&sip_peek_call_id) peek_call_id;
	__typeof__(&sip_value_next) value_next;
	__typeof__(&sip_address_parse) address_parse;
	__typeof__(&sip_uri_parse) uri_parse;
	__typeof__(&sip_via_parse) via_parse;
	__typeof__(&sip_address_next) address_next;
	__typeof__(&sip_address_next_literal) address_next_literal;
	__typeof__(&sip_uri_parameters_read) uri_parameters_read;
	__typeof__(&sip_via_next) via_next;
	__typeof__(&sip_via_parameters_read) via_parameters_read;
	__typeof__(&slice_ipv4) ipv4;
	__typeof__(&sip_parameter_find_word) parameter_find_word;
	__typeof__(&sdp_parse) description_parse;
	__typeof__(&sdp_find) description_find;
	__typeof__(&sip_framing_feed) framing_feed;
};

static const struct library own = {sip_message_parse, sip_peek_call_id, sip_value_next,
	sip_address_parse, sip_uri_parse, sip_via_parse, sip_address_next, sip_address_next_literal,
	sip_uri_parameters_read, sip_via_next, sip_via_parameters_read, slice_ipv4,
	sip_parameter_find_word, sdp_parse, sdp_find, sip_framing_feed};
static struct library plain;

static struct slice text;

static void
library_load(struct library *library)
{
	void *const handle = dlopen(FUZZ_PLAIN_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
#define LOAD(member, name) \
	*(void **)&library->member = dlsym(handle, #name); \
	PROPERTY(library->member != NULL && library->member != own.member)
	LOAD(message_parse, sip_message_parse);
	LOAD(peek_call_id, sip_peek_call_id);
	LOAD(value_next, sip_value_next);
	LOAD(address_parse, sip_address_parse);
	LOAD(uri_parse, sip_uri_parse);
	LOAD(via_parse, sip_via_parse);
	LOAD(address_next, sip_address_next);
	LOAD(address_next_literal, sip_address_next_literal);
	LOAD(uri_parameters_read, sip_uri_parameters_read);
	LOAD(via_next, sip_via_next);
	LOAD(via_parameters_read, sip_via_parameters_read);
	LOAD(ipv4, slice_ipv4);
	LOAD(parameter_find_word, sip_parameter_find_word);
	LOAD(description_parse, sdp_parse);
	LOAD(description_find, sdp_find);
	LOAD(framing_feed, sip_framing_feed);
#undef LOAD
}

static void
put(struct trace *trace, uint32_t value)
{
	if (trace->count < TRACE_MAX)
		trace->at[trace->count++] = value;
}

static void
put_slice(struct trace *trace, struct slice slice)
{
	put(trace, slice.at == NULL ? UINT32_MAX : (uint32_t)(slice.at - text.at));
	put(trace, slice.length);
}

static void
put_hostport(struct trace *trace, const struct sip_hostport *host)
{
	put(trace, host->kind);
	if (host->kind == SIP_HOST_NONE)
		return;
	put_slice(trace, host->text);
	put_slice(trace, host->host);
	put_slice(trace, host->port_text);
	put(trace, host->port);
	if (host->kind == SIP_HOST_IPV4)
		put(trace, host->ipv4);
}

static void
put_address(struct trace *trace, const struct sip_address *address)
{
	put(trace, address->star);
	put(trace, address->bracketed);
	put_slice(trace, address->display);
	put_slice(trace, address->uri);
	put_slice(trace, address->parameters);
}

/* One that is not readable has no URI, and nothing else that counts. */
static void
put_party(struct trace *trace, const struct sip_address *party)
{
	put(trace, party->uri.at != NULL);
	if (party->uri.at != NULL)
		put_address(trace, party);
}

static void
put_uri(struct trace *trace, const struct sip_uri *uri)
{
	put(trace, uri->scheme);
	put_slice(trace, uri->user);
	put_slice(trace, uri->parameters);
	put_slice(trace, uri->headers);
	put_hostport(trace, &uri->host);
}

static void
put_via(struct trace *trace, const struct sip_via *via)
{
	put_slice(trace, via->transport);
	put_slice(trace, via->parameters);
	put_hostport(trace, &via->sent_by);
}

static void
put_via_parameters(struct trace *trace, const struct sip_via_parameters *found)
{
	put_slice(trace, found->branch);
	put_slice(trace, found->received);
	put_slice(trace, found->rport);
	put_slice(trace, found->maddr);
	put_slice(trace, found->ttl);
	put(trace, found->rport_number);
}

static void
put_uri_parameters(const struct library *library, const struct sip_uri *uri, struct trace *trace)
{
	struct sip_uri_parameters found;

	library->uri_parameters_read(uri->parameters, &found);
	put(trace, found.transport);
	put_slice(trace, found.transport_text);
	put_slice(trace, found.maddr);
	put_slice(trace, found.ttl);
	put_slice(trace, found.user);
	put_slice(trace, found.method);
	put_slice(trace, found.gr);
	put_slice(trace, found.lr_text);
	put(trace, found.lr);
}

static bool
contains_ipv4(struct slice embedded)
{
	struct sip_hostport host;

	return embedded.length > 0 && sip_escaped_ipv4_next(&embedded, &host);
}

/* Has the value what somebody who looks for IPv4 addresses must see? */
static bool
value_counts(const struct sip_address *address, const struct sip_uri *uri)
{
	struct sip_uri_parameters found = {0};
	struct sip_hostport host;

	if (uri->parameters.length > 0)
		sip_uri_parameters_read(uri->parameters, &found);
	return address->star || uri->host.kind == SIP_HOST_IPV4 || contains_ipv4(uri->headers) ||
	       (found.maddr.length > 0 && sip_hostport_parse(found.maddr, &host) &&
		       host.kind == SIP_HOST_IPV4);
}

/* Those values alone, read with all others or not. */
static void
literals_trace(__typeof__(&sip_address_next) next, struct slice list, struct trace *trace)
{
	struct sip_address address;
	struct slice rest = list;
	struct sip_uri uri;
	bool star = false; /* the last one that counts: another one does not */

	while (next(&rest, &address, &uri)) {
		if (!value_counts(&address, &uri) || (star && address.star))
			continue;
		star = address.star;
		put_address(trace, &address);
		put_uri(trace, &uri);
	}
}

static void
traces_equal(const struct trace *a, const struct trace *b)
{
	PROPERTY(a->count == b->count);
	for (uint32_t i = 0; i < a->count; i++)
		PROPERTY(a->at[i] == b->at[i]);
}

static void
literals_check(const struct library *library, struct slice list)
{
	static struct trace all, some;

	all.count = some.count = 0;
	literals_trace(library->address_next, list, &all);
	literals_trace(library->address_next_literal, list, &some);
	traces_equal(&all, &some);
}

/* Value by value, and what of it is left each time. */
static void
list_trace(const struct library *library, struct slice list, struct trace *trace)
{
	struct sip_via_parameters parameters;
	struct sip_address address;
	uint32_t values = 0;
	struct sip_uri uri;
	struct sip_via via;

	for (struct slice rest = list;
		values++ < VALUES_MAX && library->address_next(&rest, &address, &uri);) {
		put_slice(trace, rest);
		put_address(trace, &address);
		put_uri(trace, &uri);
	}
	literals_check(library, list);
	values = 0;
	for (struct slice rest = list;
		values++ < VALUES_MAX && library->via_next(&rest, &via, &parameters);) {
		put_slice(trace, rest);
		put_via(trace, &via);
		put_via_parameters(trace, &parameters);
	}
}

static void
value_trace(const struct library *library, struct slice value, struct trace *trace)
{
	struct sip_via_parameters parameters;
	struct sip_address address;
	struct slice found;
	struct sip_uri uri;
	struct sip_via via;
	uint32_t ipv4;

	put_slice(trace, value);
	if (library->address_parse(value, &address)) {
		put_address(trace, &address);
		if (library->parameter_find_word(address.parameters, "tag", 3, &found))
			put_slice(trace, found);
		if (library->uri_parse(address.uri, &uri)) {
			put_uri(trace, &uri);
			put_uri_parameters(library, &uri, trace);
			if (library->ipv4(uri.host.host, &ipv4))
				put(trace, ipv4);
		}
	}
	if (library->via_parse(value, &via)) {
		put_via(trace, &via);
		library->via_parameters_read(via.parameters, &parameters);
		put_via_parameters(trace, &parameters);
	}
	if (library->ipv4(value, &ipv4))
		put(trace, ipv4);
}

static void
message_trace(const struct library *library, struct sip_message *message, struct trace *trace)
{
	const enum sip_error error = library->message_parse(text.at, text.length, message);
	struct slice found;

	put(trace, error);
	put(trace, message->error_offset);
	if (library->peek_call_id(text.at, text.length, &found))
		put_slice(trace, found);
	put_slice(trace, message->call_id);
	put(trace, message->header_count);
	for (uint32_t i = 0; i < SIP_HEADER_IDS; i++)
		put(trace, message->first[i]);
	for (uint32_t i = 0; i < message->header_count; i++) {
		const struct sip_header *const header = &message->header[i];
		struct slice rest = header->value, value;
		uint32_t values = 0;

		put_slice(trace, header->name);
		put_slice(trace, header->value);
		put(trace, header->id);
		put(trace, header->next);
		list_trace(library, rest, trace);
		while (values++ < VALUES_MAX && library->value_next(&rest, &value))
			value_trace(library, value, trace);
	}
	if (error != SIP_OK)
		return;
	put(trace, message->request);
	put(trace, message->method);
	put(trace, message->status);
	put(trace, message->cseq);
	put_slice(trace, message->method_text);
	put_slice(trace, message->request_uri);
	put_party(trace, &message->from);
	put_party(trace, &message->to);
	put_slice(trace, message->from_tag);
	put_slice(trace, message->to_tag);
	put(trace, message->content_length_present);
	put_slice(trace, message->content_length);
	put_slice(trace, message->body);
}

static void
put_description_address(struct trace *trace, const struct sdp_address *address)
{
	put_slice(trace, address->text);
	put(trace, (uint32_t)address->is_ipv4 << 1 | address->is_ipv6);
	if (address->text.at == NULL)
		return;
	put(trace, (uint32_t)address->ttl << 8 | address->count);
	put(trace, address->ipv4);
}

static void
put_media(struct trace *trace, const struct sdp_media *media)
{
	put_slice(trace, media->type);
	put_slice(trace, media->protocol);
	put_slice(trace, media->formats);
	put_slice(trace, media->port_text);
	put_slice(trace, media->rtcp_port_text);
	put_slice(trace, media->mid);
	put_slice(trace, media->line);
	put_slice(trace, media->section);
	put(trace, (uint32_t)media->port << 16 | media->port_count);
	put(trace, media->rtcp_port);
	put(trace, (uint32_t)media->is_rtp << 5 | (uint32_t)media->is_udp << 4 |
			   (uint32_t)media->rtcp_present << 3 | (uint32_t)media->rtcp_mux << 2 |
			   (uint32_t)media->rtcp_mux_only << 1 | media->bundle_only);
	put(trace, (uint32_t)media->bundle << 24 | (uint32_t)media->direction << 16 |
			   (uint32_t)media->setup << 8 | media->ice);
	put_description_address(trace, &media->connection);
	put_description_address(trace, &media->rtcp_address);
}

static void
put_candidate(struct trace *trace, const struct sdp_candidate *candidate)
{
	put_slice(trace, candidate->line);
	put_slice(trace, candidate->foundation);
	put_slice(trace, candidate->transport);
	put_slice(trace, candidate->port_text);
	put_slice(trace, candidate->related_port_text);
	put(trace, (uint32_t)candidate->media << 1 | candidate->udp);
	put(trace, candidate->component);
	put(trace, (uint32_t)candidate->port << 16 | candidate->related_port);
	put(trace, (uint32_t)candidate->type << 8 | candidate->tcp_type);
	put(trace, candidate->priority);
	put_description_address(trace, &candidate->address);
	put_description_address(trace, &candidate->related_address);
}

static void
description_trace(const struct library *library, struct slice description, struct trace *trace)
{
	static struct sdp sdp;
	const enum sdp_error error = library->description_parse(description, &sdp);

	put(trace, error);
	if (error != SDP_OK) {
		put(trace, error == SDP_ERROR_NOT_SDP ? 0 : sdp.error_offset);
		return;
	}
	put_slice(trace, sdp.line_end);
	put_description_address(trace, &sdp.origin);
	put_description_address(trace, &sdp.connection);
	put(trace, (uint32_t)sdp.direction << 16 | (uint32_t)sdp.setup << 8 | sdp.ice);
	put(trace, sdp.ipv6_candidates);
	put(trace, sdp.media_count);
	for (uint32_t i = 0; i < sdp.media_count; i++)
		put_media(trace, &sdp.media[i]);
	put(trace, sdp.candidate_count);
	for (uint32_t i = 0; i < sdp.candidate_count; i++)
		put_candidate(trace, &sdp.candidates[i]);
	put(trace, sdp.remote_count);
	for (uint32_t i = 0; i < sdp.remote_count; i++) {
		put(trace, sdp.remotes[i].media);
		put(trace, (uint32_t)sdp.remotes[i].component << 16 | sdp.remotes[i].port);
		put_slice(trace, sdp.remotes[i].port_text);
		put_description_address(trace, &sdp.remotes[i].address);
	}
	put(trace, sdp.connection_count);
	for (uint32_t i = 0; i < sdp.connection_count; i++) {
		put(trace, sdp.connections[i].media);
		put_description_address(trace, &sdp.connections[i].address);
	}
	put(trace, sdp.path_count);
	for (uint32_t i = 0; i < sdp.path_count; i++) {
		put(trace, (uint32_t)sdp.paths[i].media << 1 | sdp.paths[i].secure);
		put_slice(trace, sdp.paths[i].uri);
		put_hostport(trace, &sdp.paths[i].host);
	}
	put(trace, sdp.group_count);
	for (uint32_t i = 0; i < sdp.group_count; i++)
		put_slice(trace, sdp.groups[i]);
}

static void
framing_trace(const struct library *library, struct trace *trace)
{
	struct sip_framing framing;
	enum sip_frame frame;
	uint32_t at = 0, taken;

	sip_framing_begin(&framing, NULL);
	do {
		frame = library->framing_feed(&framing, text.at + at, text.length - at, &taken);
		at += taken;
		put(trace, frame);
		put(trace, at);
	} while (frame != SIP_FRAME_MORE && frame != SIP_FRAME_ERROR);
	put(trace, framing.length);
}

static void
library_trace(const struct library *library, struct trace *trace)
{
	static struct sip_message message;
	const struct sip_header *type;
	struct slice description;

	trace->count = 0;
	message_trace(library, &message, trace);
	value_trace(library, text, trace);
	list_trace(library, text, trace);
	description_trace(library, text, trace);
	framing_trace(library, trace);
	if (message.body.at == NULL)
		return;
	type = sip_header_first(&message, SIP_HEADER_CONTENT_TYPE);
	if (library->description_find(message.body,
		    type != NULL ? type->value : (struct slice){NULL, 0}, &description)) {
		put_slice(trace, description);
		description_trace(library, description, trace);
	}
}

/* Every line end from an offset to the first empty line. */
static void
line_ends_check(uint32_t begin)
{
	static struct lines lines;
	bool empty = false, complete = false;
	uint32_t at = begin;

	lines_begin(&lines, text.at, text.length, begin);
	while (!complete) {
		const uint32_t start = at;

		while (at < text.length && text.at[at] != '\r' && text.at[at] != '\n')
			at++;
		empty = at == start && at > begin;
		PROPERTY(lines_next(&lines) == at);
		complete = at == text.length || empty;
		if (at < text.length)
			at += at + 1 < text.length && text.at[at] == '\r' && text.at[at + 1] == '\n'
				      ? 2
				      : 1;
	}
	if (empty)
		PROPERTY(lines_next(&lines) == text.length);
}

/* The library as it is, reading usual values at once or not. */
static void
own_check(const struct trace *expected, bool usual)
{
	static struct trace seen;

#ifdef USUAL_X86
	if (usual != usual_find_out())
		atomic_store(&usual_state, USUAL_OFF);
#else
	(void)usual;
#endif
	library_trace(&own, &seen);
	traces_equal(expected, &seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trace expected;
	uint64_t random = fuzz_random_begin(data, size);
	void (*const chosen)(struct lines *) = atomic_load(&lines_more_chosen);
	void (*const marks_chosen)(struct marks *) = atomic_load(&marks_more_chosen);

	if (size == 0 || size > SIP_MESSAGE_MAX)
		return 0;
	if (plain.message_parse == NULL)
		library_load(&plain);
	text = (struct slice){(const char *)data, (uint32_t)size};
	library_trace(&plain, &expected);
	for (uint32_t i = 0; i < LINES_VARIANTS; i++) {
		const struct lines_variant *const variant = &lines_variants[i];

		if (variant->more == NULL || !variant->usable())
			continue;
		atomic_store(&lines_more_chosen, variant->more);
		if (marks_variants[i].more != NULL && marks_variants[i].usable())
			atomic_store(&marks_more_chosen, marks_variants[i].more);
		line_ends_check(0);
		line_ends_check(fuzz_random(&random, text.length));
		own_check(&expected, i % 2 == 0);
		own_check(&expected, i % 2 != 0);
	}
	atomic_store(&lines_more_chosen, chosen);
	atomic_store(&marks_more_chosen, marks_chosen);
	return 0;
}
