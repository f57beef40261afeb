/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every way to read a message gives the same: each variant that finds line ends against the others
 * and against the room built in plain C, a shared object that is loaded beside it.
 */
#include <dlfcn.h>

#include "sip/lines_priv.h"
#include "sip/marks_priv.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip_test.h"

enum { TEXTS = 20000, TEXT_SIZE = 4096 };

static struct sip_message message, plain;
static struct sdp sdp, sdp_plain;
static enum sip_error (*plain_parse)(const char *, uint32_t, struct sip_message *);
static bool (*plain_peek)(const char *, uint32_t, struct slice *);
static enum sdp_error (*plain_sdp)(struct slice, struct sdp *);
static uint32_t seed = 1;

static uint32_t
below(uint32_t limit)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

static int
plain_load(void **state)
{
	void *const library = dlopen(SIP_PLAIN, RTLD_NOW | RTLD_LOCAL);

	assert_non_null(library);
	*(void **)&plain_parse = dlsym(library, "sip_message_parse");
	*(void **)&plain_peek = dlsym(library, "sip_peek_call_id");
	*(void **)&plain_sdp = dlsym(library, "sdp_parse");
	assert_non_null(plain_parse);
	assert_non_null(plain_peek);
	assert_non_null(plain_sdp);
	assert_ptr_not_equal(plain_parse, sip_message_parse);
	return 0;
}

/* A line, its end, and now and then a fold of it. */
static uint32_t
line_add(char *text, uint32_t used)
{
	static const char *const lines[] = {"Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;rport",
		"v : SIP/2.0/TCP a , SIP/2.0/TLS b", "From: \"A, \\\"B\" <sip:a@b;x=\">\">;tag=f",
		"f: sip:a@b;tag=1", "f:\"a\" <sip:a>;tag=1;x",
		"From: <sip:a@b>;tag=", "From: <sip:a@b>;tag=\x01", "To: <sip:c@d>;Tag=2",
		"f: < sip:a >;tag=3 ;y",
		"t:\"\"<sip:a@b.example.org;transport=tcp>;tag=4567890123456789", "To: <sip:c@d>",
		"TO:<tel:+1>;tag=\"q;q\"", "t:x", "Call-ID: a84b4c76e66710@pc33.example.com", "i:1",
		"CALL-ID\t:  2 ", "Call-ID:", "CSeq: 314159 INVITE", "cseq:1  ACK",
		"Max-Forwards: 70", "Contact: *",
		"m:<sip:a@10.0.0.5:5060>,\"x\"<sips:b@[::1]>;q=0.5", "Content-Length: 0", "l:9",
		"Content-Type: application/sdp", "P-Preferred-Identity: <sip:a@b>",
		"X-A-Name-That-Is-Longer-Than-Thirty-Two-Bytes: x", "no colon", ": no name", "",
		" ", "Record-Route:<sip:p1.example.com;lr>", "Subject:\xc3\xa4 : \x01 \x80",
		"s:", "Supported: 100rel,timer", "c:multipart/mixed;boundary=\"b\"",
		"Expires : 60"};
	static const char *const ends[] = {"\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ", "\n\t"};

	return used + (uint32_t)sprintf(text + used, "%s%s",
			      lines[below(sizeof(lines) / sizeof(lines[0]))],
			      ends[below(sizeof(ends) / sizeof(ends[0]))]);
}

static uint32_t
text_make(char *text)
{
	static const char *const starts[] = {"INVITE sip:c@d SIP/2.0", "SIP/2.0 200 OK",
		"ACK  sip:c@d\tsip/2.0", "BYE sip:a;b=c SIP/2.0 ", "\r\n\r\nACK tel:1 SIP/2.0",
		"x"};
	uint32_t used = (uint32_t)sprintf(text, "%s%s", starts[below(6)], below(4) ? "\r\n" : "\n");

	for (uint32_t i = below(24); i > 0; i--)
		used = line_add(text, used);
	if (below(4) > 0) {
		used += (uint32_t)sprintf(text + used,
			"v:SIP/2.0/UDP h\r\nf:<sip:a@b>;tag=1\r\nt:a\r\ni:%u\r\nCSeq:1 "
			"ACK\r\n\r\nv=0\r\no=- 1 2 IN IP4 10.0.0.5\r\nc=IN IP4 10.0.0.5\nm=audio "
			"%u "
			"RTP/AVP 0\r\na=rtcp:5 IN IP4 1.2.3.4\r\n",
			below(1000), below(70000));
	}
	for (uint32_t i = below(8) / 4 * below(6); i > 0; i--)
		text[below(used)] = "\r\n :;,<>\"\\\0a"[below(12)];
	return below(8) > 0 ? used : below(used + 1);
}

static void
same_slice(struct slice a, struct slice b)
{
	assert_ptr_equal(a.at, b.at);
	assert_int_equal(a.length, b.length);
}

static void
same_party(const struct sip_address *a, const struct sip_address *b, enum sip_error error)
{
	same_slice(a->uri, b->uri);
	if (error != SIP_OK || a->uri.at == NULL)
		return;
	same_slice(a->display, b->display);
	same_slice(a->parameters, b->parameters);
	assert_int_equal(a->star, b->star);
	assert_int_equal(a->bracketed, b->bracketed);
}

static void
same_description_once(struct slice body, enum sdp_error error)
{
	assert_int_equal(sdp_parse(body, &sdp), error);
	if (error != SDP_OK) {
		assert_int_equal(sdp.error_offset, sdp_plain.error_offset);
		return;
	}
	same_slice(sdp.origin.text, sdp_plain.origin.text);
	same_slice(sdp.connection.text, sdp_plain.connection.text);
	assert_int_equal(sdp.media_count, sdp_plain.media_count);
	for (uint32_t i = 0; i < sdp.media_count; i++) {
		same_slice(sdp.media[i].port_text, sdp_plain.media[i].port_text);
		same_slice(sdp.media[i].connection.text, sdp_plain.media[i].connection.text);
		assert_int_equal(sdp.media[i].rtcp_present, sdp_plain.media[i].rtcp_present);
	}
}

/* Each way to mark it, and the one chosen at first again. */
static void
same_description(struct slice body)
{
	const enum sdp_error error = plain_sdp(body, &sdp_plain);
	void (*const chosen)(struct marks *) = atomic_load(&marks_more_chosen);

	for (uint32_t i = 0; i < MARKS_VARIANTS; i++) {
		if (marks_variants[i].more == NULL || !marks_variants[i].usable())
			continue;
		atomic_store(&marks_more_chosen, marks_variants[i].more);
		same_description_once(body, error);
	}
	atomic_store(&marks_more_chosen, chosen);
	same_description_once(body, error);
}

static void
same_message(struct slice t)
{
	const enum sip_error error = plain_parse(t.at, t.length, &plain);
	struct slice call_id = {NULL, 0}, plain_call_id = {NULL, 0};

	assert_int_equal(sip_message_parse(t.at, t.length, &message), error);
	assert_int_equal(message.error_offset, plain.error_offset);
	assert_int_equal(message.header_count, plain.header_count);
	assert_memory_equal(message.first, plain.first, sizeof(plain.first));
	for (uint32_t i = 0; i < plain.header_count; i++) {
		same_slice(message.header[i].name, plain.header[i].name);
		same_slice(message.header[i].value, plain.header[i].value);
		assert_int_equal(message.header[i].id, plain.header[i].id);
		assert_int_equal(message.header[i].next, plain.header[i].next);
	}
	assert_int_equal(message.request, plain.request);
	assert_int_equal(message.method, plain.method);
	assert_int_equal(message.status, plain.status);
	assert_int_equal(message.cseq, plain.cseq);
	same_slice(message.request_uri, plain.request_uri);
	same_slice(message.call_id, plain.call_id);
	same_party(&message.from, &plain.from, error);
	same_party(&message.to, &plain.to, error);
	same_slice(message.from_tag, plain.from_tag);
	same_slice(message.to_tag, plain.to_tag);
	same_slice(message.content_length, plain.content_length);
	same_slice(message.body, plain.body);
	if (error == SIP_OK)
		same_description(message.body);

	const bool found = sip_peek_call_id(t.at, t.length, &call_id);

	assert_int_equal(plain_peek(t.at, t.length, &plain_call_id), found);
	if (found)
		same_slice(call_id, plain_call_id);
	/* What sip_message_parse() read before it failed, the peek finds, too. */
	if (message.call_id.at != NULL) {
		assert_int_equal(found, message.call_id.length > 0);
		if (found)
			same_slice(call_id, message.call_id);
	} else if (error == SIP_ERROR_CALL_ID) {
		assert_false(found);
	}
}

static void
all_variants_read_the_same(void **state)
{
	static char text_buffer[TEXT_SIZE];
	uint32_t used = 0, read = 0;

	for (uint32_t v = 0; v < LINES_VARIANTS; v++) {
		if (lines_variants[v].more == NULL || !lines_variants[v].usable())
			continue;
		atomic_store_explicit(
			&lines_more_chosen, lines_variants[v].more, memory_order_relaxed);
		used++;
		seed = 1;
		for (uint32_t i = 0; i < TEXTS; i++) {
			same_message(text_bytes(text_buffer, text_make(text_buffer)));
			read += message.header_count;
			texts_free(NULL);
		}
	}
	assert_true(used > 0);
	assert_true(read > used * TEXTS);
}

/* The list is filled more than once, and ends at, before and behind a block's border. */
static void
line_ends_are_found_as_byte_by_byte(void **state)
{
	static const char *const ends[] = {"\n", "\r", "\r\n"};
	char bytes[6 * LINES_BLOCK];

	for (uint32_t v = 0; v < LINES_VARIANTS; v++) {
		if (lines_variants[v].more == NULL || !lines_variants[v].usable())
			continue;
		atomic_store_explicit(
			&lines_more_chosen, lines_variants[v].more, memory_order_relaxed);
		for (uint32_t i = 0; i < 3 * 64 * 70; i++) {
			const char *const end = ends[i % 3];
			const uint32_t length = 1 + below(sizeof(bytes)), at = below(length);
			struct lines lines;
			struct slice t;

			memset(bytes, 'a', sizeof(bytes));
			for (uint32_t n = below(200); n > 0; n--)
				memcpy(bytes + below(sizeof(bytes) - 1), end, strlen(end));
			bytes[at] = 'a';
			t = text_bytes(bytes, length);
			lines_begin(&lines, t.at, t.length, at);
			for (uint32_t p = at, begin = at; p < length; p++) {
				if (t.at[p] != '\r' && t.at[p] != '\n')
					continue;
				assert_true(lines_left(&lines));
				assert_int_equal(lines_next(&lines), p);
				if (p == begin && p > at)
					break;
				p += p + 1 < length && t.at[p] == '\r' && t.at[p + 1] == '\n';
				begin = p + 1;
			}
			assert_int_equal(lines_next(&lines), length);
			assert_false(lines_left(&lines));
			texts_free(NULL);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_variants_read_the_same),
		TEST(line_ends_are_found_as_byte_by_byte),
	};

	return cmocka_run_group_tests(tests, plain_load, NULL);
}
