/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_memory.h>

#include "splice_fixture.h"

struct fixture fixture;

static unsigned int shown; /* how many of fixture.sent the test has looked at */

static void
sends(void *context, const struct splice_out *out)
{
	struct fixture_sent *sent = &fixture.sent[fixture.count++];

	assert_ptr_equal(context, &fixture);
	assert_true(fixture.count <= FIXTURE_SENT);
	assert_in_range(out->length, 0, FIXTURE_MSS);
	memset(sent, 0, sizeof(*sent));
	sent->out = *out;
	sent->out.seq -= fixture.first[out->direction];
	sent->out.ack -= fixture.first[!out->direction];
	for (unsigned int i = 0; i < out->sacks; i++) {
		sent->out.sack[i].left -= fixture.first[!out->direction];
		sent->out.sack[i].right -= fixture.first[!out->direction];
	}
	if (out->length > 0)
		byte_queue_copy(&out->stream->kept, out->offset, out->length, sent->text);
}

void
fixture_begin(void)
{
	if (fixture.pool == NULL) {
		fixture.pool = byte_pool_create("fixture", FIXTURE_CHUNKS, SOCKET_ID_ANY);
		byte_stock_open(&fixture.stock, fixture.pool);
	} else {
		splice_end(&fixture.splice); /* of a test that failed */
	}
	fixture.first[0] = UINT32_MAX - 100;
	fixture.first[1] = INT32_MAX - 100;
	fixture.window[0] = fixture.window[1] = FIXTURE_WINDOW;
	fixture.count = shown = 0;
	splice_begin(&fixture.splice, &fixture.stock, FIXTURE_ROOM, sends, &fixture);
	fixture.splice.now_ms = 1000;
}

void
fixture_open(uint8_t scale)
{
	fixture_begin();
	for (unsigned int end = 0; end < 2; end++) {
		struct splice_segment syn = fixture.segment;

		syn.seq = fixture.first[end];
		syn.ack = end == 1 ? fixture.first[0] + 1 : 0;
		syn.flags = (uint8_t)(TCP_SYN | (end == 1 ? TCP_ACK : 0));
		syn.window = FIXTURE_WINDOW;
		syn.scale = scale;
		if (syn.mss == 0)
			syn.mss = FIXTURE_MSS;
		assert_false(splice_syn(&fixture.splice, end, &syn));
	}
	assert_true(splice_has_begun(&fixture.splice));
}

void
fixture_close(void)
{
	splice_end(&fixture.splice);
	assert_int_equal(pool_used(fixture.pool), 0);
	memset(&fixture.segment, 0, sizeof(fixture.segment));
}

void
fixture_say(unsigned int end, uint32_t seq, uint32_t ack, const char *text, uint8_t flags)
{
	struct splice_segment segment = fixture.segment;

	fixture.count = shown = 0;
	segment.seq = fixture.first[end] + seq;
	segment.ack = fixture.first[!end] + ack;
	segment.data = text;
	segment.length = (uint32_t)strlen(text);
	segment.window = fixture.window[end];
	segment.flags = (uint8_t)(flags | TCP_ACK);
	for (unsigned int i = 0; i < segment.sacks; i++) {
		segment.sack[i].left += fixture.first[!end];
		segment.sack[i].right += fixture.first[!end];
	}
	splice_take(&fixture.splice, end, &segment);
	splice_answer(&fixture.splice, end);
}

bool
fixture_tick(uint32_t milliseconds)
{
	fixture.count = shown = 0;
	return splice_tick(&fixture.splice, fixture.splice.now_ms + milliseconds);
}

void
fixture_release(unsigned int end, uint32_t in, const char *text)
{
	fixture.count = shown = 0;
	assert_true(splice_release(
		&fixture.splice, end, in, text, text == NULL ? 0 : (uint32_t)strlen(text)));
	splice_answer(&fixture.splice, end);
}

const struct fixture_sent *
fixture_next(void)
{
	assert_true(shown < fixture.count);
	return &fixture.sent[shown++];
}

const struct fixture_sent *
fixture_expect(unsigned int direction, uint32_t seq, uint32_t ack, const char *text, uint8_t flags)
{
	const struct fixture_sent *sent = fixture_next();

	assert_int_equal(sent->out.direction, direction);
	assert_int_equal(sent->out.seq, seq);
	assert_int_equal(sent->out.ack, ack);
	assert_string_equal(sent->text, text);
	assert_int_equal(sent->out.flags & ~TCP_PSH, flags | TCP_ACK);
	return sent;
}

void
fixture_quiet(void)
{
	assert_int_equal(shown, fixture.count);
}

const char *
fixture_text(char letter, unsigned int length)
{
	static char text[FIXTURE_ROOM + 1];

	assert_true(length <= FIXTURE_ROOM);
	memset(text, letter, length);
	text[length] = '\0';
	return text;
}

void
fixture_grow(void)
{
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_quiet();
	fixture_release(0, 4, "ABCDEF");
	fixture_expect(0, 1, 1, "ABCDEF", 0);
	fixture_quiet();
}
