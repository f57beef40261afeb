/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Framing: every stream is fed whole, byte by byte and cut in two at each byte (a long one at 400 of
 * them), and must come out as the same events at the same places. Events are written as one line:
 * "M42" a message of 42 bytes, "c" a line end, "P" the second of a ping, "!name@7" an error at that
 * byte of its message, "+5" five bytes of a message begun.
 */
#include "sip/framing.h"
#include "sip_test.h"

enum { EVENTS_MAX = 4096 };

static const struct sip_framing_limits *limits;

static void
pieces_feed(struct sip_framing *framing, struct slice piece, char *events, size_t *used)
{
	uint32_t at = 0, taken;

	for (;;) {
		const enum sip_frame frame =
			sip_framing_feed(framing, piece.at + at, piece.length - at, &taken);

		assert_true(taken <= piece.length - at);
		at += taken;
		switch (frame) {
		case SIP_FRAME_MORE:
			assert_int_equal(at, piece.length);
			return;
		case SIP_FRAME_MESSAGE:
			assert_int_equal(
				framing->length, framing->headers_length + framing->content_length);
			*used += (size_t)snprintf(
				events + *used, EVENTS_MAX - *used, "M%u ", framing->length);
			break;
		case SIP_FRAME_CRLF:
			*used += (size_t)snprintf(events + *used, EVENTS_MAX - *used, "c ");
			break;
		case SIP_FRAME_PING:
			*used += (size_t)snprintf(events + *used, EVENTS_MAX - *used, "P ");
			break;
		case SIP_FRAME_ERROR:
			return;
		}
		assert_true(*used < EVENTS_MAX);
	}
}

static void
stream_end(const struct sip_framing *framing, char *events, size_t *used)
{
	if (framing->error != SIP_FRAMING_OK)
		*used += (size_t)snprintf(events + *used, EVENTS_MAX - *used, "!%s@%u ",
			sip_framing_error_name(framing->error), framing->length);
	else if (framing->length > 0)
		*used += (size_t)snprintf(
			events + *used, EVENTS_MAX - *used, "+%u ", framing->length);
	if (*used > 0)
		events[*used - 1] = '\0';
}

/* What comes of the stream cut at these two places. */
static void
cut_feed(struct slice stream, uint32_t first, uint32_t second, char *events)
{
	struct sip_framing framing;
	size_t used = 0;

	events[0] = '\0';
	sip_framing_begin(&framing, limits);
	pieces_feed(&framing, (struct slice){stream.at, first}, events, &used);
	pieces_feed(&framing, (struct slice){stream.at + first, second - first}, events, &used);
	pieces_feed(&framing, (struct slice){stream.at + second, stream.length - second}, events,
		&used);
	stream_end(&framing, events, &used);
}

static void
bytes_feed(struct slice stream, char *events)
{
	struct sip_framing framing;
	size_t used = 0;

	events[0] = '\0';
	sip_framing_begin(&framing, limits);
	for (uint32_t i = 0; i < stream.length; i++)
		pieces_feed(&framing, (struct slice){stream.at + i, 1}, events, &used);
	stream_end(&framing, events, &used);
}

static void
frames_are(struct slice stream, const char *expected)
{
	char events[EVENTS_MAX];

	cut_feed(stream, 0, stream.length, events);
	assert_string_equal(events, expected);
	bytes_feed(stream, events);
	assert_string_equal(events, expected);
	for (uint32_t i = 0; i <= stream.length; i += stream.length / 400 + 1) {
		cut_feed(stream, i, i, events);
		assert_string_equal(events, expected);
		cut_feed(stream, i, i + 1 < stream.length ? i + 1 : stream.length, events);
		assert_string_equal(events, expected);
	}
}

#define FRAMES(string, expected) frames_are(text_bytes(string, sizeof(string) - 1), expected)

/* 19 and 27 bytes */
#define START "ACK sip:a SIP/2.0\r\n"
#define EMPTY START "l: 0\r\n\r\n"

static void
a_message_ends_with_its_body(void **state)
{
	FRAMES(START "Content-Length: 4\r\n\r\nbody", "M44");
	FRAMES(START "Content-Length: 4\r\n\r\nbod", "+43");
	FRAMES("SIP/2.0 200 OK\r\nl:2\r\n\r\nab", "M25");
	FRAMES("SIP/2.0 200 OK\r\nl:0\r\n\r\n", "M23");
	FRAMES("", "");
}

static void
several_messages_in_one_piece(void **state)
{
	FRAMES(EMPTY EMPTY, "M27 M27");
	FRAMES(EMPTY START "l: 5\r\n\r\n\r\n\r\nxSIP/2.0 180 R\r\nl: 0\r\n\r\nACK",
		"M27 M32 M23 +3");
	FRAMES(EMPTY "\r\n" EMPTY "\r\n\r\n\r\n" EMPTY, "M27 c M27 c P c M27");
}

static void
pings_and_pongs_are_told_apart(void **state)
{
	FRAMES("\r\n", "c");
	FRAMES("\r\n\r\n", "c P");
	FRAMES("\r\n\r\n\r\n\r\n", "c P c P");
	FRAMES("\n\n" EMPTY, "c P M27");
	FRAMES("\r\r" EMPTY, "M27");
	FRAMES("\r", "");
	FRAMES(EMPTY "\r\n\r\n", "M27 c P");
}

static void
between_messages_nothing_need_be_kept(void **state)
{
	struct sip_framing framing;
	uint32_t taken;

	sip_framing_begin(&framing, NULL);
	assert_int_equal(sip_framing_feed(&framing, "\r", 1, &taken), SIP_FRAME_MORE);
	assert_int_equal(framing.length, 0);
	assert_int_equal(sip_framing_feed(&framing, "\nA", 2, &taken), SIP_FRAME_CRLF);
	assert_int_equal(taken, 1);
	assert_int_equal(framing.length, 0);
	assert_int_equal(sip_framing_feed(&framing, "A", 1, &taken), SIP_FRAME_MORE);
	assert_int_equal(framing.length, 1);
	assert_int_equal(sip_framing_missing(&framing), 0);
}

static void
the_missing_bytes_of_a_body_are_told(void **state)
{
	static const char headers[] = START "l: 1000\r\n\r\nab";
	struct sip_framing framing;
	uint32_t taken;

	sip_framing_begin(&framing, NULL);
	assert_int_equal(
		sip_framing_feed(&framing, headers, sizeof(headers) - 1, &taken), SIP_FRAME_MORE);
	assert_int_equal(framing.headers_length, sizeof(headers) - 3);
	assert_int_equal(framing.content_length, 1000);
	assert_int_equal(sip_framing_missing(&framing), 998);
	assert_int_equal(sip_framing_feed(&framing, headers, 0, &taken), SIP_FRAME_MORE);
	assert_int_equal(sip_framing_missing(&framing), 998);
}

static void
after_a_message_the_state_is_new(void **state)
{
	struct sip_framing framing;
	uint32_t taken;

	sip_framing_begin(&framing, NULL);
	assert_int_equal(
		sip_framing_feed(&framing, EMPTY, sizeof(EMPTY) - 1, &taken), SIP_FRAME_MESSAGE);
	assert_int_equal(framing.length, sizeof(EMPTY) - 1);
	assert_int_equal(sip_framing_missing(&framing), 0);
	assert_int_equal(sip_framing_feed(&framing, "", 0, &taken), SIP_FRAME_MORE);
	assert_int_equal(framing.length, 0);
	assert_int_equal(framing.headers_length, 0);
	/* The next one's length is its own. */
	FRAMES(START "l: 3\r\n\r\nabc" START "v: x\r\n\r\n", "M30 !content_length_missing@27");
}

static void
line_ends_of_every_kind(void **state)
{
	FRAMES("ACK sip:a SIP/2.0\nl: 1\n\nxACK", "M25 +3");
	FRAMES("ACK sip:a SIP/2.0\nl: 0\n\nACK", "M24 +3");
	FRAMES("ACK sip:a SIP/2.0\rl: 1\r\rxACK", "M25 +3");
	FRAMES("ACK sip:a SIP/2.0\nl: 1\r\n\n\nACK", "M26 +3");
	FRAMES("ACK sip:a SIP/2.0\r\nl: 0\n\r\nACK", "M26 +3");
	FRAMES("ACK sip:a SIP/2.0\nv: x\rl: 0\n\rACK", "M29 +3");
}

static void
an_lf_behind_the_last_cr_is_waited_for(void **state)
{
	FRAMES("ACK sip:a SIP/2.0\rl: 0\r\r", "+24");
	FRAMES("ACK sip:a SIP/2.0\rl: 0\r\r\n", "M25");
	FRAMES("ACK sip:a SIP/2.0\rl: 0\r\rA", "M24 +1");
}

static void
content_length_in_every_form(void **state)
{
	FRAMES(START "cOnTeNt-LeNgTh\t :\t 0002 \t\r\n\r\nab", "M50");
	FRAMES(START "L:2\r\n\r\nab", "M28");
	FRAMES(START "l:\r\n 2\r\n\r\nab", "M31");
	FRAMES(START "l\t:\r\n\t\r\n  2 \n \r\n\r\nab", "M39");
	FRAMES(START "l: 00000000000000000000000000002\r\n\r\nab", "M57");
	FRAMES(START "l: 2\r\nContent-Length: 02\r\nL: 2\r\n\r\nab", "M55");
}

static void
what_only_looks_like_content_length(void **state)
{
	FRAMES(START "l 5: 9\r\nContent-Lengths: 9\r\nContent-Length-: 9\r\nContent-Lengt: 9\r\n"
		     "ll: 9\r\nx: l: 9\r\nx:\r\n l: 9\r\n: 9\r\nContent-Length\r\n : 9\r\nl\r\n"
		     "Content-Length 5\r\nContent Length: 9\r\nk: 1\r\nl: 1\r\n\r\na",
		"M194");
	FRAMES("ACK sip:a SIP/2.0\r\n l: 9\r\nl: 1\r\n\r\na", "M35");
	/* In the body it is text. */
	FRAMES(START "l: 9\r\n\r\nl: 1\r\n\r\nx" EMPTY, "M36 M27");
}

static void
no_content_length_is_an_error_unless_it_may_be_missing(void **state)
{
	static const struct sip_framing_limits optional = {65535, 65535, true};

	FRAMES(START "v: x\r\n\r\nbody", "!content_length_missing@27");
	FRAMES(START "\r\n", "!content_length_missing@21");
	limits = &optional;
	FRAMES(START "v: x\r\n\r\n" EMPTY, "M27 M27");
	FRAMES(START "l: 1\r\n\r\na" EMPTY, "M28 M27");
	limits = NULL;
}

static void
bad_content_length(void **state)
{
	FRAMES(START "l: x\r\n\r\n", "!content_length_bad@22");
	FRAMES(START "l: -1\r\n\r\n", "!content_length_bad@22");
	FRAMES(START "l: +1\r\n\r\n", "!content_length_bad@22");
	FRAMES(START "l: 1x\r\n\r\n", "!content_length_bad@23");
	FRAMES(START "l: 1 1\r\n\r\n", "!content_length_bad@24");
	FRAMES(START "l: 1\r\n 1\r\n\r\n", "!content_length_bad@26");
	FRAMES(START "l: 1, 1\r\n\r\n", "!content_length_bad@23");
	FRAMES(START "l:\r\n\r\n", "!content_length_bad@23");
	FRAMES(START "l: \r\n \r\nv: x\r\n\r\n", "!content_length_bad@27");
	FRAMES(START "l: 1\r\nl:\r\n\r\n", "!content_length_bad@29");
}

static void
content_length_overflow_is_refused(void **state)
{
	FRAMES(START "l: 4294967328\r\n\r\n", "!content_length_overflow@31");
	FRAMES(START "l: 18446744073709551617\r\n\r\n", "!content_length_overflow@32");
	FRAMES(START "l: 4294967295\r\n\r\n", "!message_too_long@36");
	FRAMES(START "l: 65510\r\n\r\n", "!message_too_long@31");
	FRAMES(START "l: 65504\r\n\r\n", "+31");
	FRAMES(START "l: 65505\r\n\r\n", "!message_too_long@31");
}

static void
content_lengths_that_differ(void **state)
{
	FRAMES(START "l: 2\r\nl: 3\r\n\r\n", "!content_length_differs@31");
	FRAMES(START "Content-Length: 2\r\nv: x\r\nl: 0\r\nx: y\r\n", "!content_length_differs@50");
}

static void
what_is_not_sip_shows_early(void **state)
{
	FRAMES("\x16\x03\x01\x02", "!not_sip@0");
	FRAMES("HTTP/1.1 200 OK\r\n", "!not_sip@4");
	FRAMES("GET / HTTP/1.1\r\nHost: a\r\n", "!not_sip@4");
	FRAMES("OPTIONS * HTTP/1.1\r\n", "!not_sip@8");
	FRAMES("OPTIONS * SIP/2.0\r\n", "!not_sip@8");
	FRAMES("INVITE  /index.html SIP/2.0\r\n", "!not_sip@8");
	FRAMES("CONNECT a:5060 HTTP/1.1\r\nHost: a\r\n", "!not_sip@23");
	FRAMES("SSH-2.0-OpenSSH\r\n", "!not_sip@15");
	FRAMES("INVITE\r\n", "!not_sip@6");
	FRAMES("INVITE \n", "!not_sip@7");
	FRAMES(" INVITE sip:a SIP/2.0\r\n", "!not_sip@0");
	FRAMES("\0\1", "!not_sip@0");
	FRAMES("\r\n\xff", "c !not_sip@0");
	FRAMES(EMPTY "GET / HTTP/1.1\r\n", "M27 !not_sip@4");
	FRAMES("ACK sip:a SIP/2.0 x\r\n", "!not_sip@19");
	FRAMES("ACK SIP/2.0 sip:a\r\n", "!not_sip@17");
	FRAMES("a-method-whose-name-has-as-many-letters-as-a-mark-for-no-match-in "
	       "\xff xSIP/2.0\r\n",
		"!not_sip@76");
}

static void
start_lines_that_are_sip(void **state)
{
	FRAMES("sip/3.0\r\nl:0\r\n\r\n", "M16");
	FRAMES("ACK  sip:a\tsIp/7.0 \t \r\nl:0\r\n\r\n", "M30");
	FRAMES("ACK  sip:a /*x\tSIP/2.0\nl:0\n\n", "M28");
	FRAMES("SI sip:a SIP/2.0\nl:0\n\n", "M22");
	FRAMES("!x%*_+`.'~- <sip:a> SIP/2.0\nl:0\n\n", "M33");
	FRAMES("SIP x SIP/2.0\nl:0\n\n", "M19");
}

static void
an_error_stays(void **state)
{
	struct sip_framing framing;
	uint32_t taken;

	sip_framing_begin(&framing, NULL);
	assert_int_equal(sip_framing_feed(&framing, "HTTP/", 5, &taken), SIP_FRAME_ERROR);
	assert_int_equal(taken, 4);
	assert_int_equal(sip_framing_feed(&framing, EMPTY, 27, &taken), SIP_FRAME_ERROR);
	assert_int_equal(taken, 0);
	assert_int_equal(framing.error, SIP_FRAMING_NOT_SIP);
	sip_framing_begin(&framing, NULL);
	assert_int_equal(sip_framing_feed(&framing, EMPTY, 27, &taken), SIP_FRAME_MESSAGE);
}

static void
errors_have_names(void **state)
{
	for (int i = 0; i < SIP_FRAMING_ERRORS; i++) {
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				sip_framing_error_name(i), sip_framing_error_name(j));
	}
	assert_string_equal(sip_framing_error_name(SIP_FRAMING_OK), "ok");
	assert_string_equal(sip_framing_error_name(SIP_FRAMING_ERRORS), "unknown");
}

/* A stream of `prefix`, `count` times `byte` and `suffix`. */
static struct slice
long_text(const char *prefix, char byte, uint32_t count, const char *suffix)
{
	const size_t before = strlen(prefix), behind = strlen(suffix);
	char *const bytes = malloc(before + count + behind);
	struct slice stream;

	assert_non_null(bytes);
	memcpy(bytes, prefix, before);
	memset(bytes + before, byte, count);
	memcpy(bytes + before + count, suffix, behind);
	stream = text_bytes(bytes, before + count + behind);
	free(bytes);
	return stream;
}

static void
a_line_has_its_limit(void **state)
{
	/* 8192 bytes without the line end; folds count. */
	frames_are(long_text(START "x:", 'y', SIP_LINE_MAX - 2, "\r\nl: 0\r\n\r\n"), "M8221");
	frames_are(long_text(START "x:", 'y', SIP_LINE_MAX - 1, "\r\nl: 0\r\n\r\n"),
		"!line_too_long@8211");
	frames_are(long_text(START "x:", 'y', SIP_LINE_MAX - 4, "\r\n \r\nl: 0\r\n\r\n"),
		"!line_too_long@8211");
	frames_are(long_text(START "x:", 'y', SIP_LINE_MAX - 5, "\r\n \r\nl: 0\r\n\r\n"), "M8221");
	frames_are(long_text(START "l", ' ', SIP_LINE_MAX, ": 0\r\n\r\n"), "!line_too_long@8211");
	frames_are(long_text(START "l:", ' ', SIP_LINE_MAX, "0\r\n\r\n"), "!line_too_long@8211");
	frames_are(long_text(START "l:", '0', SIP_LINE_MAX, "\r\n\r\n"), "!line_too_long@8211");
	frames_are(long_text("", 'A', SIP_LINE_MAX + 1, " sip:a SIP/2.0"), "!line_too_long@8192");
	frames_are(long_text("ACK", ' ', SIP_LINE_MAX, "sip:a"), "!line_too_long@8195");
	frames_are(long_text("ACK sip:a", 'a', SIP_LINE_MAX, " SIP/2.0"), "!line_too_long@8192");
	frames_are(long_text("SIP/2.0 200 ", 'a', SIP_LINE_MAX, "\r\n"), "!line_too_long@8192");
	/* Blanks behind the start line are none of it. */
	frames_are(long_text("ACK sip:a SIP/2.0", ' ', SIP_LINE_MAX, "\nl:0\n\n"), "M8215");
	frames_are(long_text("SIP/2.0 200 OK", '\t', SIP_LINE_MAX, "\nl:0\n\n"), "M8212");
}

static void
headers_and_message_have_their_limits(void **state)
{
	static const struct sip_framing_limits small = {27, 30, false};

	limits = &small;
	FRAMES(EMPTY, "M27");
	FRAMES(START "l: 3\r\n\r\nabc", "M30");
	FRAMES(START "l: 4\r\n\r\nabcd", "!message_too_long@27");
	FRAMES(START "l: 00\r\n\r\n", "!headers_too_long@27");
	FRAMES(START "l: 00\r\n\rA", "M27 +1");
	FRAMES(START "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "!headers_too_long@27");
	FRAMES("ACK sip:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "!headers_too_long@27");
	/* Line ends before a message count for nothing. */
	FRAMES("\r\n\r\n\r\n\r\n" EMPTY, "c P c P M27");
	limits = NULL;
}

static void
limits_are_at_most_those_of_a_message(void **state)
{
	static const struct sip_framing_limits large = {UINT32_MAX, UINT32_MAX, false};
	struct sip_framing framing;

	sip_framing_begin(&framing, &large);
	assert_int_equal(framing.limits.message_max, SIP_MESSAGE_MAX);
	assert_int_equal(framing.limits.headers_max, SIP_MESSAGE_MAX);
	assert_true(sizeof(framing) <= 64);
}

/* What sip_message_parse() accepts of the whole ends where framing says, also with bytes behind. */
static void
messages_end_where_the_parser_says(void **state)
{
	static const char *const messages[] = {
		"INVITE sip:c@d SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: a\r\nt: b\r\ni: x\r\n"
		"CSeq: 1 INVITE\r\nl  : 0003\r\nContent-Length: 3\r\n\r\nabc",
		"SIP/2.0  200 OK\nv  :  SIP  / 2.0\n /UDP 192.0.2.2 : 5060\nf: a\nt:sip:b@c;tag=4\n"
		"i : x\nCSEQ: 1\n  PRACK\nL: \n\t0\n\n",
		"BYE sip:a SIP/2.0\rv: SIP/2.0/TCP h\rf: a\rt: b\ri: x\rCSeq: 1 BYE\rl: 2\r\rab",
	};
	static struct sip_message message;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const uint32_t length = (uint32_t)strlen(messages[i]);
		struct sip_framing framing;
		char stream[512];
		uint32_t taken;

		snprintf(stream, sizeof(stream), "%sBYE", messages[i]);
		assert_int_equal(
			sip_message_parse(stream, (uint32_t)strlen(stream), &message), SIP_OK);
		assert_ptr_equal(message.body.at + message.body.length, stream + length);
		sip_framing_begin(&framing, NULL);
		assert_int_equal(
			sip_framing_feed(&framing, stream, (uint32_t)strlen(stream), &taken),
			SIP_FRAME_MESSAGE);
		assert_int_equal(taken, length);
		assert_int_equal(framing.content_length, message.body.length);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_ends_with_its_body),
		TEST(several_messages_in_one_piece),
		TEST(pings_and_pongs_are_told_apart),
		TEST(between_messages_nothing_need_be_kept),
		TEST(the_missing_bytes_of_a_body_are_told),
		TEST(after_a_message_the_state_is_new),
		TEST(line_ends_of_every_kind),
		TEST(an_lf_behind_the_last_cr_is_waited_for),
		TEST(content_length_in_every_form),
		TEST(what_only_looks_like_content_length),
		TEST(no_content_length_is_an_error_unless_it_may_be_missing),
		TEST(bad_content_length),
		TEST(content_length_overflow_is_refused),
		TEST(content_lengths_that_differ),
		TEST(what_is_not_sip_shows_early),
		TEST(start_lines_that_are_sip),
		TEST(an_error_stays),
		TEST(errors_have_names),
		TEST(a_line_has_its_limit),
		TEST(headers_and_message_have_their_limits),
		TEST(limits_are_at_most_those_of_a_message),
		TEST(messages_end_where_the_parser_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
