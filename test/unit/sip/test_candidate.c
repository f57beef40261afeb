/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 8839 5.1 and 5.2, RFC 6544 4.5: candidates.
 */
#include "sip/sdp.h"
#include "sip_test.h"

#define MEDIA "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nt=0 0\r\nm=audio 1000 RTP/AVP 0\r\n"

static struct sdp sdp;

static void
parse(const char *string)
{
	assert_int_equal(sdp_parse(text(string), &sdp), SDP_OK);
}

static void
candidates_of_each_media(void **state)
{
	parse(MEDIA "a=candidate:1 1 UDP 2130706431 10.0.0.5 8998 typ host\r\n"
		    "a=candidate:2 2 udp 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.0.5 "
		    "rport 8999 generation 0\r\n"
		    "m=video 2000 RTP/AVP 0\r\n"
		    "a=candidate:3 1 TCP 1 a1.local 9 typ host tcptype active\r\n"
		    "a=candidate:broken\r\na=candidate:4 1 UDP 1 10.0.0.5 99999 typ host\r\n");
	assert_int_equal(sdp.candidate_count, 3);
	assert_int_equal(sdp.candidates[0].media, 0);
	assert_int_equal(sdp.candidates[0].component, 1);
	assert_true(sdp.candidates[0].udp);
	assert_slice(sdp.candidates[0].foundation, "1");
	assert_slice(sdp.candidates[0].transport, "UDP");
	assert_int_equal(sdp.candidates[0].priority, 2130706431);
	assert_slice(sdp.candidates[0].address.text, "10.0.0.5");
	assert_int_equal(sdp.candidates[0].address.ipv4, ipv4(10, 0, 0, 5));
	assert_slice(sdp.candidates[0].port_text, "8998");
	assert_int_equal(sdp.candidates[0].port, 8998);
	assert_null(sdp.candidates[0].related_address.text.at);
	assert_null(sdp.candidates[0].related_port_text.at);
	assert_slice(
		sdp.candidates[0].line, "a=candidate:1 1 UDP 2130706431 10.0.0.5 8998 typ host");
	assert_int_equal(sdp.candidates[1].address.ipv4, ipv4(192, 0, 2, 3));
	assert_int_equal(sdp.candidates[1].component, 2);
	assert_slice(sdp.candidates[1].related_address.text, "10.0.0.5");
	assert_true(sdp.candidates[1].related_address.is_ipv4);
	assert_slice(sdp.candidates[1].related_port_text, "8999");
	assert_int_equal(sdp.candidates[1].related_port, 8999);
	assert_int_equal(sdp.candidates[2].media, 1);
	assert_false(sdp.candidates[2].udp);
	assert_false(sdp.candidates[2].address.is_ipv4 || sdp.candidates[2].address.is_ipv6);
	assert_int_equal(sdp.candidates[2].tcp_type, SDP_TCP_ACTIVE);
}

static void
types(void **state)
{
	static const char *const names[] = {
		[SDP_CANDIDATE_OTHER] = "token",
		[SDP_CANDIDATE_HOST] = "host",
		[SDP_CANDIDATE_SRFLX] = "srflx",
		[SDP_CANDIDATE_PRFLX] = "prflx",
		[SDP_CANDIDATE_RELAY] = "RELAY",
	};
	static const char *const tcp_types[] = {
		[SDP_TCP_NONE] = "else",
		[SDP_TCP_ACTIVE] = "active",
		[SDP_TCP_PASSIVE] = "passive",
		[SDP_TCP_SO] = "so",
	};
	struct sdp_candidate candidate;
	char string[128];

	for (int type = 0; type <= SDP_CANDIDATE_RELAY; type++) {
		snprintf(string, sizeof(string), "a=candidate:1 1 UDP 1 10.0.0.5 1 typ %s",
			names[type]);
		assert_true(sdp_candidate_read(text(string), &candidate));
		assert_int_equal(candidate.type, type);
	}
	for (int type = 0; type <= SDP_TCP_SO; type++) {
		snprintf(string, sizeof(string),
			"a=candidate:1 1 TCP 1 10.0.0.5 1 typ host tcptype %s", tcp_types[type]);
		assert_true(sdp_candidate_read(text(string), &candidate));
		assert_int_equal(candidate.tcp_type, type);
		assert_int_equal(candidate.type, SDP_CANDIDATE_HOST);
	}
}

static void
components_1_to_256(void **state)
{
	struct sdp_candidate candidate;
	char string[128];

	for (int component = 0; component <= 257; component++) {
		snprintf(string, sizeof(string), "a=candidate:1 %d UDP 1 10.0.0.5 1 typ host",
			component);
		assert_int_equal(sdp_candidate_read(text(string), &candidate),
			component >= 1 && component <= 256);
		if (component >= 1 && component <= 256)
			assert_int_equal(candidate.component, component);
		texts_free(NULL);
	}
}

static void
priorities_of_every_length(void **state)
{
	static const char not_digits[] = "/:pP\xb0\xff\0";
	struct sdp_candidate candidate;
	char line[64], digits[16];

	for (uint32_t length = 1; length <= 11; length++) {
		for (uint32_t first = 0; first < 10; first++) {
			unsigned long long value;

			for (uint32_t i = 0; i < length; i++)
				digits[i] = (char)('0' + (first + i * 7) % 10);
			digits[length] = '\0';
			value = strtoull(digits, NULL, 10);
			sprintf(line, "a=candidate:1 1 UDP %s h 1 typ host", digits);
			assert_int_equal(sdp_candidate_read(text(line), &candidate),
				length <= 10 && value <= UINT32_MAX);
			if (length <= 10 && value <= UINT32_MAX)
				assert_int_equal(candidate.priority, value);
		}
		for (uint32_t i = 0; i < length; i++) {
			for (uint32_t j = 0; j < sizeof(not_digits) - 1; j++) {
				const uint32_t used = (uint32_t)sprintf(line,
					"a=candidate:1 1 UDP %.*s h 1", (int)length, "12345678901");

				line[20 + i] = not_digits[j];
				assert_false(
					sdp_candidate_read((struct slice){line, used}, &candidate));
			}
		}
	}
}

/* Nothing is read behind the last word, however short. */
static void
lines_may_end_after_any_byte(void **state)
{
	static const char line[] = "a=candidate:1 1 UDP 1 10.0.0.5 1 typ x raddr 10.0.0.6";

	for (uint32_t length = 0; length <= sizeof(line) - 1; length++) {
		char *const copy = malloc(length > 0 ? length : 1);
		struct sdp_candidate candidate;

		assert_non_null(copy);
		memcpy(copy, line, length);
		assert_int_equal(
			sdp_candidate_read((struct slice){copy, length}, &candidate), length >= 32);
		if (length >= 32)
			assert_int_equal(candidate.port, 1);
		free(copy);
	}
}

static void
related_addresses_of_any_family_and_in_any_order(void **state)
{
	struct sdp_candidate candidate;

	assert_true(sdp_candidate_read(text("a=candidate:1 1 UDP 1 198.51.100.7 1 typ relay "
					    "network-id 3 rport 77 raddr 10.0.0.5"),
		&candidate));
	assert_int_equal(candidate.type, SDP_CANDIDATE_RELAY);
	assert_int_equal(candidate.related_port, 77);
	assert_int_equal(candidate.related_address.ipv4, ipv4(10, 0, 0, 5));
	assert_true(sdp_candidate_read(
		text("a=candidate:1 1 UDP 1 198.51.100.7 1 typ srflx raddr 2001:db8::1 rport 9"),
		&candidate));
	assert_true(candidate.related_address.is_ipv6);
	assert_true(sdp_candidate_read(
		text("a=candidate:1 1 UDP 1 198.51.100.7 1 typ srflx raddr h.example rport x"),
		&candidate));
	assert_slice(candidate.related_address.text, "h.example");
	assert_null(candidate.related_port_text.at);
	assert_int_equal(candidate.related_port, 0);
}

static void
ipv6_candidates_are_counted_and_read_on_demand(void **state)
{
	struct sdp_candidate candidate;

	parse(MEDIA "a=candidate:1 1 UDP 1 2001:db8::5 1000 typ host\r\n"
		    "a=candidate:2 1 UDP 1 2001:db8::6 1000 typ srflx raddr 10.0.0.5 rport 1000\r\n"
		    "a=candidate:3 1 UDP 1 fe80::1%eth0 1000 typ host\r\n");
	assert_int_equal(sdp.candidate_count, 1);
	assert_int_equal(sdp.ipv6_candidates, 2);
	assert_slice(sdp.candidates[0].foundation, "2");
	assert_true(sdp.candidates[0].address.is_ipv6);
	assert_true(sdp_candidate_read(
		text("a=candidate:1 1 UDP 1 2001:db8::5 1000 typ host"), &candidate));
	assert_true(candidate.address.is_ipv6);
	assert_slice(candidate.address.text, "2001:db8::5");
}

/* A full table refuses what it would have to hold, and only that. */
static void
ipv6_candidates_never_fill_the_table(void **state)
{
	char string[32768];
	size_t used = (size_t)snprintf(string, sizeof(string), MEDIA);

	for (int i = 0; i < SDP_CANDIDATES_MAX; i++)
		used += (size_t)snprintf(string + used, sizeof(string) - used,
			"a=candidate:1 1 UDP 1 10.0.0.5 %d typ host\r\n", 1000 + i);
	for (int i = 0; i < 300; i++)
		used += (size_t)snprintf(string + used, sizeof(string) - used,
			"a=candidate:1 1 UDP 1 2001:db8::%d 1000 typ host\r\n", i);
	parse(string);
	assert_int_equal(sdp.candidate_count, SDP_CANDIDATES_MAX);
	assert_int_equal(sdp.ipv6_candidates, 255);
}

static void
extensions_are_kept_and_words_may_be_far_apart(void **state)
{
	struct sdp_candidate candidate;
	char string[512];

	snprintf(string, sizeof(string),
		"a=candidate:%0*d   12\tUDP%*s 4294967295 10.0.0.5 1000 typ host generation 0 "
		"ufrag "
		"EsAw network-cost 999 lone",
		32, 7, 130, "");
	assert_true(sdp_candidate_read(text(string), &candidate));
	assert_int_equal(candidate.foundation.length, 32);
	assert_int_equal(candidate.component, 12);
	assert_int_equal(candidate.priority, UINT32_MAX);
	assert_int_equal(candidate.port, 1000);
	assert_int_equal(candidate.type, SDP_CANDIDATE_HOST);
	assert_int_equal(candidate.line.length, strlen(string));
}

static void
lines_that_are_no_candidate(void **state)
{
	static const char *const lines[] = {"", "a=candidate",
		"a=candidate:", "a=candidate: ", "a=candidates:1 1 UDP 1 10.0.0.5 1 typ host",
		"a=candidate:1", "a=candidate:1 x UDP 1 10.0.0.5 1 typ host",
		"a=candidate:1 1 UDP x 10.0.0.5 1",
		"a=candidate:1 1 UDP 4294967296 10.0.0.5 1 typ host",
		"a=candidate:1 1 UDP 1 10.0.0.5", "a=candidate:1 1 UDP 1 10.0.0.5 x typ host",
		"a=candidate:1 1 UDP 1 10.0.0.5 65536 typ host"};
	struct sdp_candidate candidate;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(sdp_candidate_read(text(lines[i]), &candidate));
	/* Kept, and no fault of the description; at session level there are none. */
	parse("v=0\r\na=candidate:1 1 UDP 1 10.0.0.5 1 typ host\r\nm=audio 1 RTP/AVP 0\r\n"
	      "a=candidate:1 1 UDP 1 10.0.0.5\r\na=candidate:\r\n");
	assert_int_equal(sdp.candidate_count, 0);
}

static void
remote_candidates(void **state)
{
	parse(MEDIA "a=remote-candidates:1 192.0.2.3 45664 2 2001:db8::5 45665 256 h.example 1\r\n"
		    "m=video 2000 RTP/AVP 31\r\na=remote-candidates:1 10.0.0.5 7 2 10.0.0.5\r\n"
		    "a=remote-candidates:\r\na=remote-candidates:x 10.0.0.5 7\r\n"
		    "a=remote-candidates:1 10.0.0.5 65536\r\n");
	assert_int_equal(sdp.remote_count, 4);
	assert_int_equal(sdp.remotes[0].media, 0);
	assert_int_equal(sdp.remotes[0].component, 1);
	assert_slice(sdp.remotes[0].address.text, "192.0.2.3");
	assert_int_equal(sdp.remotes[0].address.ipv4, ipv4(192, 0, 2, 3));
	assert_slice(sdp.remotes[0].port_text, "45664");
	assert_int_equal(sdp.remotes[0].port, 45664);
	assert_true(sdp.remotes[1].address.is_ipv6);
	assert_int_equal(sdp.remotes[1].component, 2);
	assert_slice(sdp.remotes[2].address.text, "h.example");
	assert_int_equal(sdp.remotes[2].component, 256);
	assert_int_equal(sdp.remotes[3].media, 1);
	assert_int_equal(sdp.remotes[3].port, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(candidates_of_each_media),
		TEST(types),
		TEST(components_1_to_256),
		TEST(priorities_of_every_length),
		TEST(lines_may_end_after_any_byte),
		TEST(related_addresses_of_any_family_and_in_any_order),
		TEST(ipv6_candidates_are_counted_and_read_on_demand),
		TEST(ipv6_candidates_never_fill_the_table),
		TEST(extensions_are_kept_and_words_may_be_far_apart),
		TEST(lines_that_are_no_candidate),
		TEST(remote_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
