/* SPDX-License-Identifier: BSD-3-Clause */
/* How a spliced connection begins, and how a RST ends it. */
#include "splice_fixture.h"

#include <string.h>

#include "core/rcu.h"
#include "eal_fixture.h"

static struct splice_segment
syn_of(unsigned int end, uint32_t seq, uint32_t ack, uint8_t flags)
{
	return (struct splice_segment){
		.seq = fixture.first[end] + seq,
		.ack = fixture.first[!end] + ack,
		.flags = (uint8_t)(TCP_SYN | flags),
		.window = FIXTURE_WINDOW,
		.mss = FIXTURE_MSS,
	};
}

static bool
syn(unsigned int end, uint32_t seq, uint32_t ack, uint8_t flags)
{
	const struct splice_segment segment = syn_of(end, seq, ack, flags);

	return splice_syn(&fixture.splice, end, &segment);
}

/* A message that became longer, received and acknowledged: the numbers of both ends differ from now on. */
static void
grow(void)
{
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_release(0, 4, "ABCDEF");
	fixture_expect(0, 1, 1, "ABCDEF", 0);
	fixture_say(1, 1, 7, "", 0);
	fixture_expect(1, 1, 5, "", 0);
}

static void
it_has_begun_with_both_syns(void **state)
{
	(void)state;
	fixture_begin();
	assert_false(splice_has_begun(&fixture.splice));
	syn(0, 0, 0, 0);
	assert_false(splice_has_begun(&fixture.splice));
	fixture_say(0, 1, 1, "too early", 0);
	fixture_quiet();
	assert_false(syn(1, 0, 1, TCP_ACK));
	assert_true(splice_has_begun(&fixture.splice));
	fixture_close();
}

static void
a_syn_ack_of_no_syn_begins_nothing(void **state)
{
	(void)state;
	fixture_begin();
	syn(1, 0, 1, TCP_ACK);
	assert_false(splice_has_begun(&fixture.splice));
	syn(0, 0, 0, 0);
	syn(1, 0, 2, TCP_ACK);
	assert_false(splice_has_begun(&fixture.splice));
	fixture_close();
}

static void
simultaneous_open(void **state)
{
	(void)state;
	fixture_begin();
	syn(0, 0, 0, 0);
	syn(1, 0, 0, 0);
	syn(0, 0, 1, TCP_ACK);
	syn(1, 0, 1, TCP_ACK);
	assert_true(splice_has_begun(&fixture.splice));
	grow();
	fixture_close();
}

/* Both ends connect from the same port to the same: the first was refused, then the other's is accepted. */
static void
a_refused_syn_is_forgotten(void **state)
{
	struct splice_segment refused, answer;

	(void)state;
	fixture_begin();
	refused = syn_of(1, 7000, 0, 0);
	refused.scale = 5;
	refused.timestamps = true;
	assert_false(splice_syn(&fixture.splice, 1, &refused));
	answer = syn_of(0, 0, 0, 0);
	answer.scale = 5;
	answer.timestamps = true;
	assert_false(splice_syn(&fixture.splice, 0, &answer));
	assert_true(syn(1, 0, 1, TCP_ACK)); /* without these options */
	grow();
	assert_false(fixture.sent[0].out.timestamps);
	assert_int_equal(
		fixture.splice.stream[0].limit, (uint32_t)(fixture.first[0] + 7 + FIXTURE_WINDOW));
	assert_false(syn(1, 9000, 1, TCP_ACK)); /* not any more */
	fixture_say(0, 5, 1, "xy", 0);
	fixture_release(0, 2, NULL);
	fixture_expect(0, 7, 1, "xy", 0);
	fixture_close();
}

/* A SYN cookie again, of another number as time has gone on: which of them was heard? */
static void
a_syn_ack_of_another_number(void **state)
{
	(void)state;
	fixture_open(0);
	assert_true(syn(1, 500, 1, TCP_ACK)); /* the first was lost */
	fixture.first[1] += 500;
	fixture_say(0, 1, 1, "", 0);
	assert_false(syn(1, 777, 1, TCP_ACK)); /* too late */
	grow();
	fixture_close();
}

static void
the_same_syn_again_changes_nothing(void **state)
{
	(void)state;
	fixture_open(0);
	grow();
	assert_false(syn(0, 0, 0, 0));
	assert_false(syn(1, 0, 1, TCP_ACK));
	fixture_say(0, 5, 1, "xy", 0);
	fixture_release(0, 2, NULL);
	fixture_expect(0, 7, 1, "xy", 0);
	fixture_close();
}

/* A SYN repeated without options (as some do when the first is lost), answered to the first. */
static void
options_of_a_repeated_syn_stay(void **state)
{
	struct splice_segment first, bare, answer;

	(void)state;
	fixture_begin();
	first = syn_of(0, 0, 0, 0);
	first.scale = 3;
	first.timestamps = true;
	bare = syn_of(0, 0, 0, 0);
	bare.mss = 0;
	answer = syn_of(1, 0, 1, TCP_ACK);
	answer.scale = 5;
	answer.timestamps = true;
	splice_syn(&fixture.splice, 0, &first);
	splice_syn(&fixture.splice, 0, &bare);
	splice_syn(&fixture.splice, 1, &answer);
	fixture.segment.timestamps = true;
	fixture.window[1] = 100; /* 1600 bytes */
	fixture_say(1, 1, 1, "", 0);
	assert_true(fixture_expect(1, 1, 1, "", 0)->out.timestamps);
	fixture_quiet();
	assert_int_equal(fixture.splice.stream[0].limit, (uint32_t)(fixture.first[0] + 1 + 1600));
	assert_int_equal(fixture.splice.stream[1].mss, 536);
	fixture_close();
}

/* RFC 7323 5.3: the end that got the second SYN believes no older timestamp. */
static void
a_repeated_syn_has_a_newer_timestamp(void **state)
{
	const struct fixture_sent *sent;

	(void)state;
	fixture.segment.timestamps = true;
	fixture.segment.timestamp = 1000;
	fixture_open(0);
	for (unsigned int end = 0; end < 2; end++) {
		struct splice_segment again = syn_of(end, 0, 1, end == 1 ? TCP_ACK : 0);

		again.timestamps = true;
		again.timestamp = end == 0 ? 1250 : 1300;
		again.echo = 1250;
		splice_syn(&fixture.splice, end, &again);
	}
	fixture.segment.timestamp = 1500;
	fixture.segment.echo = 1300;
	fixture_say(0, 1, 1, "held", 0);
	fixture_tick(SPLICE_WAIT_MS + 1);
	sent = fixture_expect(1, 1, 5, "", 0);
	assert_int_equal(sent->out.timestamp, 1300);
	assert_int_equal(sent->out.echo, 1500);
	fixture_close();
}

/* Before its sender has said anything else. */
static void
timestamps_begin_with_the_syn(void **state)
{
	const struct fixture_sent *sent;

	(void)state;
	fixture.segment.timestamps = true;
	fixture.segment.timestamp = 0x90000000;
	fixture_open(0);
	fixture_say(0, 2, 1, "late", 0);
	sent = fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(sent->out.timestamp, 0x90000000);
	assert_int_equal(sent->out.echo, 0x90000000);
	fixture_close();
}

/* RFC 5961 4: the other end answers a SYN in the middle with an acknowledgement, which is translated. */
static void
a_forged_syn_leaves_the_connection(void **state)
{
	(void)state;
	fixture_open(0);
	grow();
	assert_false(syn(0, 777777, 0, 0));
	fixture_say(1, 1, 7, "", 0); /* the challenge */
	fixture_expect(1, 1, 5, "", 0);
	fixture_say(0, 5, 1, "xy", 0);
	fixture_release(0, 2, NULL);
	fixture_expect(0, 7, 1, "xy", 0);
	fixture_close();
}

/* An end that has forgotten the connection: challenge, RST of the number that it names, then its SYN again. */
static void
a_forgotten_connection_is_reset_by_its_challenge(void **state)
{
	(void)state;
	fixture_open(0);
	fixture_say(0, 1, 1, "abcd", 0);
	fixture_release(0, 4, "ABCDEF"); /* lost on its way */
	assert_false(syn(0, 777777, 0, 0));
	fixture_say(1, 1, 1, "", 0);
	fixture_expect(1, 1, 1, "", 0);
	assert_int_equal(
		splice_rst_check(&fixture.splice, 0, fixture.first[0] + 1), SPLICE_RST_EXACT);
	assert_int_equal(splice_reset(&fixture.splice, 0, fixture.first[0] + 1),
		(uint32_t)(fixture.first[0] + 1));
	fixture_say(1, 1, 4, "", 0); /* it has part of the piece, of which nobody was told */
	assert_int_equal(splice_reset(&fixture.splice, 0, fixture.first[0] + 1),
		(uint32_t)(fixture.first[0] + 4));
	fixture_close();
}

/* TIME-WAIT or forgotten on both sides: the SYN is accepted, another connection begins. */
static void
an_accepted_syn_begins_anew(void **state)
{
	(void)state;
	fixture_open(0);
	grow();
	fixture_say(0, 5, 1, "held", 0);
	assert_false(syn(0, 900000, 0, 0));
	assert_false(syn(1, 500000, 5, TCP_ACK)); /* of another SYN */
	assert_int_equal(fixture.splice.stream[0].held.length, 4);
	assert_true(syn(1, 500000, 900001, TCP_ACK));
	assert_int_equal(fixture.splice.stream[0].held.length, 0);
	assert_int_equal(pool_used(fixture.pool), 0);
	fixture.first[0] += 900000;
	fixture.first[1] += 500000;
	grow();
	fixture_close();
}

static void
the_other_end_opens_it_again(void **state)
{
	(void)state;
	fixture_open(0);
	grow();
	assert_false(syn(1, 300000, 0, 0));
	assert_false(syn(1, 400000, 300001, TCP_ACK)); /* its own */
	assert_true(syn(0, 600000, 300001, TCP_ACK));
	fixture.first[0] += 600000;
	fixture.first[1] += 300000;
	grow();
	fixture_close();
}

static void
rst_must_be_of_the_next_number(void **state)
{
	const struct splice *splice = &fixture.splice;

	(void)state;
	fixture_open(0);
	grow();
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 5), SPLICE_RST_EXACT);
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 4), SPLICE_RST_OUTSIDE);
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 6), SPLICE_RST_NEAR);
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 7), SPLICE_RST_NEAR);
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 5 + FIXTURE_WINDOW),
		SPLICE_RST_NEAR);
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 6 + 2 * FIXTURE_WINDOW),
		SPLICE_RST_OUTSIDE);
	assert_int_equal(
		splice_reset(splice, 0, fixture.first[0] + 5), (uint32_t)(fixture.first[0] + 7));
	/* What is held was taken: a RST behind it is the sender's next, and the receiver's. */
	fixture_say(0, 5, 1, "held", 0);
	assert_int_equal(splice_rst_check(splice, 0, fixture.first[0] + 9), SPLICE_RST_EXACT);
	assert_int_equal(
		splice_reset(splice, 0, fixture.first[0] + 9), (uint32_t)(fixture.first[0] + 7));
	fixture_close();
}

static void
a_rst_before_the_answer_passes(void **state)
{
	(void)state;
	fixture_begin();
	syn(0, 0, 0, 0);
	assert_int_equal(splice_rst_check(&fixture.splice, 1, 0), SPLICE_RST_EXACT);
	assert_int_equal(splice_reset(&fixture.splice, 1, 0), 0);
	assert_int_equal(splice_reset(&fixture.splice, 0, 4711), 4711);
	fixture_close();
}

static void
a_challenge_says_where_the_sender_is(void **state)
{
	(void)state;
	fixture_open(0);
	grow();
	fixture.count = 0;
	fixture_tick(SPLICE_CHALLENGE_MS);
	splice_challenge(&fixture.splice, 0);
	splice_challenge(&fixture.splice, 0); /* not so soon again */
	fixture_expect(1, 1, 5, "", 0);
	fixture_quiet();
	fixture_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_begun_with_both_syns),
		cmocka_unit_test(a_syn_ack_of_no_syn_begins_nothing),
		cmocka_unit_test(simultaneous_open),
		cmocka_unit_test(a_refused_syn_is_forgotten),
		cmocka_unit_test(a_syn_ack_of_another_number),
		cmocka_unit_test(the_same_syn_again_changes_nothing),
		cmocka_unit_test(options_of_a_repeated_syn_stay),
		cmocka_unit_test(a_repeated_syn_has_a_newer_timestamp),
		cmocka_unit_test(timestamps_begin_with_the_syn),
		cmocka_unit_test(a_forged_syn_leaves_the_connection),
		cmocka_unit_test(a_forgotten_connection_is_reset_by_its_challenge),
		cmocka_unit_test(an_accepted_syn_begins_anew),
		cmocka_unit_test(the_other_end_opens_it_again),
		cmocka_unit_test(rst_must_be_of_the_next_number),
		cmocka_unit_test(a_rst_before_the_answer_passes),
		cmocka_unit_test(a_challenge_says_where_the_sender_is),
	};

	eal_fixture_start();
	if (rcu_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
