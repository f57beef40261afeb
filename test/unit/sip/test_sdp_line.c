/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 8866 5: every line of a description, at session and media level.
 */
#include "sip/sdp_line.h"
#include "sip_test.h"

static void
every_letter_has_its_kind_and_its_section(void **state)
{
	static const char description[] =
		"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=A call\r\ni=words\r\nu=http://example.com\r\n"
		"e=a@example.com (A)\r\np=+1 617 555-6011\r\nc=IN IP4 10.0.0.5\r\nb=CT:128\r\n"
		"t=0 0\r\nr=7d 1h 0 25h\r\nz=2882844526 -1h\r\nk=prompt\r\na=recvonly\r\n\r\n"
		"m=audio 1 RTP/AVP 0\r\ni=title\r\nc=IN IP4 10.0.0.6\r\nb=AS:64\r\nk=clear:x\r\n"
		"a=ptime:20\r\ny=unknown\r\nm=video 2 RTP/AVP 31\r\nno line\r\n=\r\na";
	static const struct {
		enum sdp_line_kind kind;
		uint8_t media;
		const char *value;
	} expected[] = {
		{SDP_LINE_VERSION, SDP_SESSION, "0"},
		{SDP_LINE_ORIGIN, SDP_SESSION, "- 1 1 IN IP4 10.0.0.5"},
		{SDP_LINE_NAME, SDP_SESSION, "A call"},
		{SDP_LINE_INFORMATION, SDP_SESSION, "words"},
		{SDP_LINE_URI, SDP_SESSION, "http://example.com"},
		{SDP_LINE_EMAIL, SDP_SESSION, "a@example.com (A)"},
		{SDP_LINE_PHONE, SDP_SESSION, "+1 617 555-6011"},
		{SDP_LINE_CONNECTION, SDP_SESSION, "IN IP4 10.0.0.5"},
		{SDP_LINE_BANDWIDTH, SDP_SESSION, "CT:128"},
		{SDP_LINE_TIME, SDP_SESSION, "0 0"},
		{SDP_LINE_REPEAT, SDP_SESSION, "7d 1h 0 25h"},
		{SDP_LINE_ZONE, SDP_SESSION, "2882844526 -1h"},
		{SDP_LINE_KEY, SDP_SESSION, "prompt"},
		{SDP_LINE_ATTRIBUTE, SDP_SESSION, "recvonly"},
		{SDP_LINE_MEDIA, 0, "audio 1 RTP/AVP 0"},
		{SDP_LINE_INFORMATION, 0, "title"},
		{SDP_LINE_CONNECTION, 0, "IN IP4 10.0.0.6"},
		{SDP_LINE_BANDWIDTH, 0, "AS:64"},
		{SDP_LINE_KEY, 0, "clear:x"},
		{SDP_LINE_ATTRIBUTE, 0, "ptime:20"},
		{SDP_LINE_OTHER, 0, "unknown"},
		{SDP_LINE_MEDIA, 1, "video 2 RTP/AVP 31"},
		{SDP_LINE_OTHER, 1, "no line"},
		{SDP_LINE_OTHER, 1, "="},
		{SDP_LINE_OTHER, 1, "a"},
	};
	struct sdp_lines lines = sdp_lines_begin(text(description));
	struct sdp_line line;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(sdp_line_next(&lines, &line));
		assert_int_equal(line.kind, expected[i].kind);
		assert_int_equal(line.media, expected[i].media);
		assert_slice(line.value, expected[i].value);
	}
	assert_slice(line.text, "a");
	assert_false(sdp_line_next(&lines, &line));
	lines = sdp_lines_begin((struct slice){NULL, 0});
	assert_false(sdp_line_next(&lines, &line));
}

static void
attributes_are_properties_or_have_values(void **state)
{
	struct slice name, value;

	assert_true(sdp_attribute_split(text("fmtp:96 a=b:c"), &name, &value));
	assert_slice(name, "fmtp");
	assert_slice(value, "96 a=b:c");
	assert_true(sdp_attribute_split(text("sendrecv"), &name, &value));
	assert_slice(name, "sendrecv");
	assert_null(value.at);
	assert_true(sdp_attribute_split(text("mid:"), &name, &value));
	assert_slice(value, "");
	assert_false(sdp_attribute_split(text(":x"), &name, &value));
	assert_false(sdp_attribute_split(text(""), &name, &value));
}

static void
origin_has_six_words_and_its_user_may_hold_spaces(void **state)
{
	struct sdp_origin origin;

	assert_true(
		sdp_origin_read(text("jdoe 3724394400 3724394405 IN IP4 198.51.100.1"), &origin));
	assert_slice(origin.user, "jdoe");
	assert_slice(origin.session_id, "3724394400");
	assert_slice(origin.version, "3724394405");
	assert_slice(origin.network, "IN");
	assert_slice(origin.type, "IP4");
	assert_slice(origin.address, "198.51.100.1");
	assert_true(sdp_origin_read(text("John  Doe 1 2 IN  IP6 ::1 "), &origin));
	assert_slice(origin.user, "John  Doe");
	assert_slice(origin.address, "::1");
	assert_false(sdp_origin_read(text("1 2 IN IP4 h"), &origin));
	assert_false(sdp_origin_read(text(""), &origin));
}

static void
bandwidth_has_a_type(void **state)
{
	struct sdp_bandwidth bandwidth;

	assert_true(sdp_bandwidth_read(text("AS:64"), &bandwidth));
	assert_slice(bandwidth.type, "AS");
	assert_int_equal(bandwidth.value, 64);
	assert_true(sdp_bandwidth_read(text("X-YZ: 128"), &bandwidth));
	assert_int_equal(bandwidth.value, 128);
	assert_false(sdp_bandwidth_read(text("64"), &bandwidth));
	assert_false(sdp_bandwidth_read(text("AS:much"), &bandwidth));
	assert_false(sdp_bandwidth_read(text(":64"), &bandwidth));
}

static void
times_and_repetitions(void **state)
{
	struct sdp_time time;
	struct sdp_repeat repeat;
	int64_t seconds;

	assert_true(sdp_time_read(text("3724394400 3724398000"), &time));
	assert_true(time.start == 3724394400 && time.stop == 3724398000);
	assert_true(sdp_time_read(text("0 0"), &time));
	assert_false(sdp_time_read(text("0"), &time));
	assert_false(sdp_time_read(text("now then"), &time));
	assert_true(sdp_repeat_read(text("7d 1h 0 25h"), &repeat));
	assert_true(repeat.interval == 604800 && repeat.duration == 3600);
	assert_true(sdp_interval_next(&repeat.offsets, &seconds) && seconds == 0);
	assert_true(sdp_interval_next(&repeat.offsets, &seconds) && seconds == 90000);
	assert_false(sdp_interval_next(&repeat.offsets, &seconds));
	assert_false(sdp_repeat_read(text("7d"), &repeat));
	assert_false(sdp_repeat_read(text(""), &repeat));
}

static void
intervals_have_units_and_signs(void **state)
{
	int64_t seconds;

	assert_true(sdp_interval_read(text("604800"), &seconds) && seconds == 604800);
	assert_true(sdp_interval_read(text("90s"), &seconds) && seconds == 90);
	assert_true(sdp_interval_read(text("-2m"), &seconds) && seconds == -120);
	assert_false(sdp_interval_read(text(""), &seconds));
	assert_false(sdp_interval_read(text("-"), &seconds));
	assert_false(sdp_interval_read(text("h"), &seconds));
	assert_false(sdp_interval_read(text("1w"), &seconds));
	assert_false(sdp_interval_read(text("9223372036854775807d"), &seconds));
}

static void
zone_adjustments_come_in_pairs(void **state)
{
	struct slice rest = text("3730928400 -1h 3749680800 0 1");
	uint64_t time;
	int64_t offset;

	assert_true(sdp_zone_next(&rest, &time, &offset));
	assert_true(time == 3730928400 && offset == -3600);
	assert_true(sdp_zone_next(&rest, &time, &offset));
	assert_true(time == 3749680800 && offset == 0);
	assert_false(sdp_zone_next(&rest, &time, &offset));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_letter_has_its_kind_and_its_section),
		TEST(attributes_are_properties_or_have_values),
		TEST(origin_has_six_words_and_its_user_may_hold_spaces),
		TEST(bandwidth_has_a_type),
		TEST(times_and_repetitions),
		TEST(intervals_have_units_and_signs),
		TEST(zone_adjustments_come_in_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
