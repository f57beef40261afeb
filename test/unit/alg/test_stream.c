/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams: whose media is let in, and what each kind of stream opens and closes. */
#include <stdio.h>
#include <string.h>

#include "alg_message.h"

#define OFFER sdp_audio("10.0.0.7", 4000, "")

static const char *
far_of(unsigned int fork)
{
	char address[32];

	snprintf(address, sizeof(address), "198.51.100.%u", 20 + fork);
	return sdp_audio(address, 7000, "");
}

/* Fork n answers from 198.51.100.(20 + n), with this status. */
static void
fork_says(const char *status, unsigned int fork)
{
	char tag[16];

	snprintf(tag, sizeof(tag), ";tag=f%u", fork);
	in_response(status, 1, "INVITE", tag, far_of(fork));
}

/* A new source at that fork's address: another port each time, so that nothing is latched. */
static bool
fork_heard(unsigned int fork)
{
	static unsigned int port = 30000;
	char from[32];

	snprintf(from, sizeof(from), "198.51.100.%u:%u", 20 + fork, ++port);
	return media_passes(from, "10.0.0.7:4000");
}

static void
early_media_of_every_fork_is_heard(void **state)
{
	out_request("INVITE", 1, "", OFFER);
	for (unsigned int fork = 1; fork <= 4; fork++) {
		fork_says("183 Progress", fork);
		for (unsigned int i = 1; i <= fork; i++)
			assert_true(fork_heard(i));
		assert_false(fork_heard(fork + 1));
	}
	in_response("486 Busy", 1, "INVITE", ";tag=x", NULL);
	assert_nothing_left();
}

static void
first_2xx_leaves_its_own_source(void **state)
{
	out_request("INVITE", 1, "", OFFER);
	fork_says("183 Progress", 1);
	fork_says("183 Progress", 2);
	fork_says("200 OK", 2); /* the same answer again */
	out_request("ACK", 1, ";tag=f2", NULL);
	assert_true(fork_heard(2));
	assert_false(fork_heard(1));
	fork_says("200 OK", 1); /* late, as well */
	assert_true(fork_heard(1));
	assert_true(fork_heard(2));
	fixture_time(33);
	assert_true(fork_heard(1));
	assert_true(fork_heard(2));
	out_request("BYE", 2, ";tag=f1", NULL);
	in_response("200 OK", 2, "BYE", ";tag=f1", NULL);
	assert_false(fork_heard(1));
	assert_true(fork_heard(2));
	out_request("BYE", 2, ";tag=f2", NULL);
	in_response("200 OK", 2, "BYE", ";tag=f2", NULL);
	assert_nothing_left();
}

static void
fork_that_only_rings_on_is_heard_until_forks_close(void **state)
{
	out_request("INVITE", 1, "", OFFER);
	fork_says("200 OK", 1);
	out_request("ACK", 1, ";tag=f1", NULL);
	fork_says("183 Progress", 2);
	assert_true(fork_heard(1));
	assert_true(fork_heard(2));
	fixture_time(33);
	assert_true(fork_heard(1));
	assert_false(fork_heard(2));
	out_request("BYE", 2, ";tag=f1", NULL);
	in_response("200 OK", 2, "BYE", ";tag=f1", NULL);
	assert_nothing_left();
}

static void
fork_that_gave_up_is_heard_no_more(void **state)
{
	out_request("INVITE", 1, "", OFFER);
	fork_says("183 Progress", 1);
	fork_says("183 Progress", 2);
	in_response("199 Gone", 1, "INVITE", ";tag=f1", NULL);
	assert_true(fork_heard(2));
	assert_false(fork_heard(1));
	in_response("486 Busy", 1, "INVITE", ";tag=x", NULL);
	assert_nothing_left();
}

static void
moved_media_of_one_dialog_leaves_the_others_source(void **state)
{
	out_request("INVITE", 1, "", OFFER);
	fork_says("200 OK", 1);
	fork_says("200 OK", 2);
	out_request("INVITE", 2, ";tag=f1", OFFER);
	in_response("200 OK", 2, "INVITE", ";tag=f1", far_of(3));
	assert_true(fork_heard(3));
	assert_true(fork_heard(2));
	assert_false(fork_heard(1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(early_media_of_every_fork_is_heard),
		TEST(first_2xx_leaves_its_own_source),
		TEST(fork_that_only_rings_on_is_heard_until_forks_close),
		TEST(fork_that_gave_up_is_heard_no_more),
		TEST(moved_media_of_one_dialog_leaves_the_others_source),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
