/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leads: what was looked up before a message is read helps to find its call, and never misleads, even
 * when the messages before it in its burst made and ended calls.
 */
#include <stdio.h>
#include <string.h>

#include "alg/alg_priv.h"
#include "alg_fixture.h"

enum {
	BURST = 6,
	MANY = 70, /* more than twice what is looked up at once */
};

/* Messages on their way, all looked up before the first of them is read. */
static struct alg_lead leads[BURST];
static unsigned int count, next;

static struct hash128
hash_of(const char *call_id)
{
	return keyed_hash128(call_id, strlen(call_id));
}

static uint32_t
first_of(const char *call_id)
{
	const struct hash128 id = hash_of(call_id);

	return call_first(alg_worker_of(fx.alg, 0), &id);
}

static void
burst(unsigned int messages, const char *const *call_id)
{
	struct hash128 ids[BURST];

	count = messages;
	next = 0;
	for (unsigned int i = 0; i < count; i++)
		ids[i] = hash_of(call_id[i]);
	alg_seek(alg_worker_of(fx.alg, 0), ids, count, leads);
}

/* The next of the burst; one that comes alone when there is none. */
static void
arrives(void)
{
	fx.lead = NULL;
	if (next >= count)
		return;
	alg_approach(alg_worker_of(fx.alg, 0), leads, count, next);
	fx.lead = &leads[next++];
}

static void
request(const char *method, const char *host, const char *call_id, const char *to_tag,
	unsigned int port)
{
	char from[32];

	snprintf(from, sizeof(from), "%s:5060", host);
	arrives();
	fixture_send(from, "198.51.100.9:5060",
		"%s sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK1" CRLF
		"From: <sip:a@%s>;tag=a" CRLF "To: <sip:b@198.51.100.9>%s" CRLF "Call-ID: %s" CRLF
		"CSeq: %u %s" CRLF "Contact: <sip:a@%s>" CRLF "%s",
		method, host, host, to_tag, call_id, *to_tag ? 2 : 1, method, host,
		port ? with_sdp(sdp_audio(host, port, "")) : CRLF);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

static void
invite(const char *host, const char *call_id)
{
	request("INVITE", host, call_id, "", 4000);
}

static void
busy(const char *host, const char *call_id)
{
	char inside[32];

	snprintf(inside, sizeof(inside), "%s:5060", host);
	arrives();
	fixture_send("198.51.100.9:5060", outside_of(inside),
		"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK1" CRLF
		"From: <sip:a@203.0.113.1>;tag=a" CRLF "To: <sip:b@198.51.100.9>;tag=b" CRLF
		"Call-ID: %s" CRLF "CSeq: 1 INVITE" CRLF CRLF,
		outside_of(inside), call_id);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

/* When both were looked up there was no call. */
static void
repetition_in_one_burst_makes_no_second_call(void **state)
{
	burst(2, (const char *[]){"twice", "twice"});
	assert_int_equal(leads[1].first, 0);
	invite("10.0.0.7", "twice");
	invite("10.0.0.7", "twice");
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 1);
	busy("10.0.0.7", "twice");
	assert_nothing_left();
}

/* Records are short, so a call takes the place of one that has ended, whose record is for the next one. */
static void
call_comes_and_goes(void)
{
	invite("10.0.0.9", "between");
	busy("10.0.0.9", "between");
}

static void
call_may_end_and_another_take_its_record_in_one_burst(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.max_calls = 1});
	invite("10.0.0.7", "gone");
	burst(6, (const char *[]){"gone", "between", "between", "new", "gone", "new"});
	assert_int_not_equal(leads[4].first, 0);
	assert_int_equal(leads[5].first, 0);
	busy("10.0.0.7", "gone");
	call_comes_and_goes();
	invite("10.0.0.7", "new");
	assert_int_equal(first_of("new"), leads[4].first);
	request("BYE", "10.0.0.7", "gone", ";tag=b", 0);
	assert_int_equal(counted(SIP_COUNT_NO_RECORD), 1);
	invite("10.0.0.7", "new");
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 1);
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 3);
	assert_int_equal(alg_call_count(fx.alg), 1);
	busy("10.0.0.7", "new");
	assert_nothing_left();
}

/* Two clients use one Call-ID. The first one's record becomes another call's, and the second's is first. */
static void
other_calls_of_the_call_id_are_found_when_the_first_has_gone(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.max_calls = 2});
	invite("10.0.0.7", "same");
	invite("10.0.0.8", "same");
	burst(5, (const char *[]){"same", "between", "between", "other", "same"});
	busy("10.0.0.7", "same");
	call_comes_and_goes();
	invite("10.0.0.9", "other");
	assert_int_equal(first_of("other"), leads[4].first);
	invite("10.0.0.8", "same");
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 1);
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 4);
	assert_int_equal(alg_call_count(fx.alg), 2);
	busy("10.0.0.8", "same");
	busy("10.0.0.9", "other");
	assert_nothing_left();
}

/* The same, but it is a third client of the Call-ID that takes the record. */
static void
record_that_was_the_first_may_become_another_one_of_its_call_id(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.max_calls = 2});
	invite("10.0.0.7", "same");
	invite("10.0.0.8", "same");
	burst(6, (const char *[]){"same", "between", "between", "same", "same", "same"});
	busy("10.0.0.7", "same");
	call_comes_and_goes();
	invite("10.0.0.9", "same");
	assert_int_not_equal(first_of("same"), leads[4].first);
	invite("10.0.0.8", "same");
	invite("10.0.0.9", "same");
	assert_int_equal(counted(SIP_COUNT_RETRANSMISSION), 2);
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 4);
	assert_int_equal(alg_call_count(fx.alg), 2);
	busy("10.0.0.8", "same");
	busy("10.0.0.9", "same");
	assert_nothing_left();
}

/* None, one, as many as are looked up at once, more; known and unknown ones mixed. */
static void
burst_of_any_size_leads_where_each_of_its_messages_would(void **state)
{
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	struct alg_lead many[MANY + 1];
	struct hash128 ids[MANY];
	char id[MANY][16];

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(id[i], sizeof(id[i]), "burst-%u", i);
		ids[i] = hash_of(id[i]);
		if (i % 3)
			request("INVITE", "10.0.0.7", id[i], "", 4000 + 2 * i);
	}
	for (unsigned int n = 0; n <= MANY; n++) {
		memset(many, 0xff, sizeof(many));
		alg_seek(worker, ids, n, many);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(many[i].first != 0, i % 3 != 0);
			assert_int_equal(many[i].first, first_of(id[i]));
			assert_int_equal(many[i].changes, worker->table_changes);
			alg_approach(worker, many, n, i);
		}
		assert_int_equal(many[n].first, UINT32_MAX);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		if (i % 3)
			busy("10.0.0.7", id[i]);
	}
	assert_nothing_left();
}

static int
start(void **state)
{
	count = next = 0;
	return fixture_start(state);
}

static int
stop(void **state)
{
	fx.lead = NULL;
	return fixture_stop(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(repetition_in_one_burst_makes_no_second_call),
		TEST(call_may_end_and_another_take_its_record_in_one_burst),
		TEST(other_calls_of_the_call_id_are_found_when_the_first_has_gone),
		TEST(record_that_was_the_first_may_become_another_one_of_its_call_id),
		TEST(burst_of_any_size_leads_where_each_of_its_messages_would),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
