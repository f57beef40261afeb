/* SPDX-License-Identifier: BSD-3-Clause */
/* What silence says of a call: nothing, where its media does not pass. */
#include "alg_message.h"

/* Nobody hears the media of these calls here, so silence ends none of them. */
static void
assert_outlives_silence(void)
{
	fixture_time(301);
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(1000);
	assert_int_equal(alg_call_count(fx.alg), 1);
	call_down();
}

static void
call_with_foreign_media_outlives_the_inactivity_timeout(void **state)
{
	call_up(sdp_audio("192.0.2.44", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	assert_outlives_silence();
}

static void
call_with_host_name_media_outlives_the_inactivity_timeout(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, ""),
		"v=0" CRLF "o=- 1 1 IN IP4 host" CRLF "s=-" CRLF "c=IN IP4 media.example.com" CRLF
		"t=0 0" CRLF "m=audio 7000 RTP/AVP 0" CRLF);
	assert_outlives_silence();
}

static void
call_with_refused_media_outlives_the_inactivity_timeout(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.media_hosts = MEDIA_HOSTS_SENDER});
	call_up(sdp_audio("10.0.0.8", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	assert_outlives_silence();
}

static void
call_without_any_description_outlives_the_inactivity_timeout(void **state)
{
	call_up(NULL, NULL);
	assert_outlives_silence();
}

static void
call_without_an_answer_outlives_the_inactivity_timeout(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, ""), NULL);
	assert_outlives_silence();
}

/* Music on hold, an announcement, a listener: one way is enough. */
static void
one_sided_media_is_alive(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	for (int i = 0; i < 5; i++) {
		fixture_time(200);
		fixture_media("10.0.0.7:4000", "198.51.100.20:7000");
	}
	assert_int_equal(alg_call_count(fx.alg), 1);
	fixture_time(301);
	assert_int_equal(counted(SIP_COUNT_CALL_TIMED_OUT), 1);
	assert_nothing_left();
}

static void
call_is_taken_up_again_by_an_update(void **state)
{
	call_up(sdp_audio("10.0.0.7", 4000, ""), sdp_audio("198.51.100.20", 7000, ""));
	fixture_time(301);
	out_request("UPDATE", 2, ";tag=b", sdp_audio("10.0.0.7", 4000, ""));
	in_response("200 OK", 2, "UPDATE", ";tag=b", sdp_audio("198.51.100.20", 7000, ""));
	assert_media(4, 2);
	call_down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(call_with_foreign_media_outlives_the_inactivity_timeout),
		TEST(call_with_host_name_media_outlives_the_inactivity_timeout),
		TEST(call_with_refused_media_outlives_the_inactivity_timeout),
		TEST(call_without_any_description_outlives_the_inactivity_timeout),
		TEST(call_without_an_answer_outlives_the_inactivity_timeout),
		TEST(one_sided_media_is_alive),
		TEST(call_is_taken_up_again_by_an_update),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
