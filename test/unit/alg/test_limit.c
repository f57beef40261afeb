/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits: what they refuse is dropped and counted by name, and what stands goes on. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "alg_fixture.h"
#include "core/clock.h"
#include "core/drop.h"
#include "core/keyed_hash.h"

#define A     "10.0.0.7:5060"
#define A_OUT "203.0.113.1:5060"
#define B     "10.0.0.8:5060"
#define B_OUT "203.0.113.1:1024"
#define P     "198.51.100.9:5060"

/* A call is known by its number: Call-ID "N", media at port 4000 + 2N. */
static int
request(const char *from, const char *to, const char *method, unsigned int cseq, unsigned int call,
	const char *to_tag)
{
	struct sockaddr_in at = endpoint_of(from);
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host));
	return fixture_send(from, to,
		"%s sip:b@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK%u" CRLF
		"From: <sip:a@%s>;tag=a" CRLF "To: <sip:b@198.51.100.9>%s" CRLF "Call-ID: %u" CRLF
		"CSeq: %u %s" CRLF "Contact: <sip:a@%s>" CRLF "%s",
		method, host, cseq, host, to_tag, call, cseq, method, host,
		strcmp(method, "INVITE") == 0 ? with_sdp(sdp_audio(host, 4000 + 2 * call, ""))
					      : CRLF);
}

static int
invite(const char *from, unsigned int call)
{
	return request(from, P, "INVITE", 1, call, "");
}

static void
answer(const char *from, const char *to, const char *status, unsigned int cseq, const char *method,
	unsigned int call)
{
	assert_int_equal(
		fixture_send(from, to,
			"SIP/2.0 %s" CRLF "Via: SIP/2.0/UDP 198.51.100.9;branch=z9hG4bK%u" CRLF
			"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: %u" CRLF
			"CSeq: %u %s" CRLF CRLF,
			status, cseq, call, cseq, method),
		ALG_FORWARD);
}

static void
again(void **state, const struct fixture_options *options)
{
	fixture_stop(state);
	fixture_start_with(options);
}

static void
calls_of_one_host_are_limited(void **state)
{
	again(state, &(struct fixture_options){.max_calls_per_host = 2});
	assert_int_equal(invite(A, 1), ALG_FORWARD);
	assert_int_equal(invite(A, 2), ALG_FORWARD);
	assert_int_equal(invite(A, 3), DROP_SIP_LIMIT);
	assert_int_equal(invite(A, 1), ALG_FORWARD); /* again */
	assert_int_equal(counted(SIP_COUNT_LIMIT_HOST_CALLS), 1);
	assert_int_equal(counted(SIP_COUNT_NO_CALL), 0);
	assert_int_equal(alg_call_count(fx.alg), 2);
	assert_int_equal(invite(B, 4), ALG_FORWARD);
	/* the host whose INVITE began it, wherever the call goes */
	assert_int_equal(request(P, A_OUT, "INVITE", 1, 5, ""), ALG_FORWARD);
	assert_int_equal(request(P, A_OUT, "INVITE", 1, 6, ""), ALG_FORWARD);
	assert_int_equal(request(P, A_OUT, "INVITE", 1, 7, ""), DROP_SIP_LIMIT);
	answer(P, A_OUT, "486 Busy", 1, "INVITE", 1);
	assert_int_equal(invite(A, 3), ALG_FORWARD);
	fixture_time(181);
	assert_int_equal(invite(A, 8), ALG_FORWARD);
	assert_int_equal(invite(A, 9), ALG_FORWARD);
	fixture_time(181);
	assert_nothing_left();
}

/* Eight outside hosts that share a bucket of the smallest table, which has room for seven. */
static void
hosts_of_one_bucket(char (*hosts)[32])
{
	uint64_t bucket = 0;
	unsigned int found = 0;

	for (uint32_t i = 1; found < 8; i++) {
		rte_be32_t host = inet_addr("198.51.0.0") | htonl(i);
		uint64_t at = keyed_hash64(&host, sizeof(host)) & 63;

		if (i % 256 == 0 || i % 256 == 255 || (found && at != bucket))
			continue;
		bucket = at;
		snprintf(hosts[found++], sizeof(hosts[0]), "198.51.%u.%u:5060", i / 256, i % 256);
	}
}

static void
uncounted_call_is_not_given_back(void **state)
{
	char host[8][32];

	again(state, &(struct fixture_options){.max_calls = 64, .max_calls_per_host = 2});
	hosts_of_one_bucket(host);
	assert_int_equal(request(A, host[0], "OPTIONS", 1, 99, ""), ALG_FORWARD);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(request(host[i], A_OUT, "INVITE", 1, i, ""), ALG_FORWARD);
	answer(A, host[0], "486 Busy", 1, "INVITE", 0); /* makes room */
	assert_int_equal(request(host[7], A_OUT, "INVITE", 1, 10, ""), ALG_FORWARD);
	assert_int_equal(request(host[7], A_OUT, "INVITE", 1, 11, ""), ALG_FORWARD);
	assert_int_equal(request(host[7], A_OUT, "INVITE", 1, 12, ""), DROP_SIP_LIMIT);
	answer(A, host[7], "486 Busy", 1, "INVITE", 7); /* the one that had no room */
	assert_int_equal(request(host[7], A_OUT, "INVITE", 1, 12, ""), DROP_SIP_LIMIT);
	answer(A, host[7], "486 Busy", 1, "INVITE", 10);
	assert_int_equal(request(host[7], A_OUT, "INVITE", 1, 12, ""), ALG_FORWARD);
	fixture_time(181);
	assert_nothing_left();
}

static void
pending_calls_are_limited_and_established_ones_go_on(void **state)
{
	again(state, &(struct fixture_options){.max_pending_calls = 3});
	for (unsigned int i = 1; i <= 3; i++)
		assert_int_equal(invite(A, i), ALG_FORWARD);
	assert_int_equal(invite(B, 4), DROP_SIP_LIMIT);
	assert_int_equal(counted(SIP_COUNT_LIMIT_PENDING), 1);
	answer(P, A_OUT, "180 Ringing", 1, "INVITE", 1);
	answer(P, A_OUT, "401 Unauthorized", 1, "INVITE", 2);
	assert_int_equal(invite(B, 4), DROP_SIP_LIMIT);
	assert_int_equal(request(A, P, "INVITE", 2, 2, ""), ALG_FORWARD); /* with credentials */

	answer(P, A_OUT, "200 OK", 1, "INVITE", 1);
	assert_int_equal(invite(B, 4), ALG_FORWARD);
	assert_int_equal(invite(B, 5), DROP_SIP_LIMIT);
	/* established calls go on, those older than their record, too */
	assert_int_equal(request(A, P, "INVITE", 2, 1, ";tag=b"), ALG_FORWARD);
	assert_int_equal(request(A, P, "INVITE", 7, 20, ";tag=b"), ALG_FORWARD);
	assert_int_equal(request(A, P, "BYE", 3, 1, ";tag=b"), ALG_FORWARD);
	answer(P, A_OUT, "200 OK", 3, "BYE", 1);

	answer(P, A_OUT, "200 OK", 7, "INVITE", 20);
	answer(P, A_OUT, "486 Busy", 2, "INVITE", 2);
	assert_int_equal(invite(B, 5), ALG_FORWARD);
	assert_int_equal(invite(B, 6), DROP_SIP_LIMIT);
	fixture_time(301); /* all of them, each by its timer */
	for (unsigned int i = 7; i < 10; i++)
		assert_int_equal(invite(A, i), ALG_FORWARD);
	assert_int_equal(invite(A, 10), DROP_SIP_LIMIT);
	fixture_time(181);
	assert_nothing_left();
}

static const struct fixture_options blacklisting = {.workers = 2,
	.blacklist_messages = 5,
	.blacklist_period_ms = 1000,
	.blacklist_seconds = 30};

static bool
message_refused(unsigned int worker, const char *host, bool response)
{
	return alg_host_refused(&fx.worker, alg_worker_of(fx.alg, worker), inet_addr(host),
		response, fx.interfaces->entry[0].realm, fx.interfaces->entry[1].realm);
}

static bool
refused(unsigned int worker, const char *host)
{
	return message_refused(worker, host, false);
}

static void
time_passes_ms(uint64_t ms)
{
	clock_set_ms(clock_now_ms() + ms);
	thread_refresh_clock(&fx.worker);
}

static void
blacklisted_host_is_refused_until_its_time(void **state)
{
	again(state, &blacklisting);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(refused(0, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7"));
	assert_false(refused(0, "10.0.0.8"));
	time_passes_ms(29999);
	assert_true(refused(0, "10.0.0.7"));
	time_passes_ms(1001);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(refused(0, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7"));
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED_HOSTS), 2);
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED), 4);
}

static void
sixteen_responses_weigh_as_one_request(void **state)
{
	again(state, &blacklisting);
	for (unsigned int i = 0; i < 5 * 16 - 1; i++)
		assert_false(message_refused(0, "10.0.0.7", true));
	assert_true(message_refused(0, "10.0.0.7", true));
	assert_true(message_refused(0, "10.0.0.7", true));
	/* a request that fills more than is left */
	for (unsigned int i = 0; i < 4 * 16 + 1; i++)
		assert_false(message_refused(0, "10.0.0.8", true));
	assert_true(refused(0, "10.0.0.8"));
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED_HOSTS), 2);
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED), 3);
}

static void
host_below_the_rate_is_never_blacklisted(void **state)
{
	again(state, &blacklisting);
	for (unsigned int i = 0; i < 100; i++) {
		assert_false(refused(0, "10.0.0.7"));
		time_passes_ms(250);
	}
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED_HOSTS), 0);
}

static void
block_that_is_shorter_than_the_period_ends(void **state)
{
	again(state, &(struct fixture_options){.blacklist_messages = 2,
			     .blacklist_period_ms = 3600000,
			     .blacklist_seconds = 1});
	assert_false(refused(0, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7"));
	time_passes_ms(2001);
	assert_false(refused(0, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7"));
}

static void
blacklist_counts_over_all_workers(void **state)
{
	again(state, &blacklisting);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(refused(i % 2, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7"));
	assert_true(refused(1, "10.0.0.7"));
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED_HOSTS), 1);
}

enum { TRIGGER = 1000000 };

static pthread_barrier_t together;

struct asker {
	pthread_t thread;
	unsigned int worker, passed;
};

static void *
ask_often(void *argument)
{
	struct asker *asker = argument;
	cpu_set_t all;

	/* EAL keeps this process on one core */
	memset(&all, 0xff, sizeof(all));
	pthread_setaffinity_np(pthread_self(), sizeof(all), &all);
	pthread_barrier_wait(&together);
	for (unsigned int i = 0; i < TRIGGER; i++)
		asker->passed += !refused(asker->worker, "10.0.0.7");
	return NULL;
}

static void
workers_that_count_at_once_lose_nothing(void **state)
{
	struct asker asker[2] = {{.worker = 0}, {.worker = 1}};

	again(state, &(struct fixture_options){.workers = 2,
			     .blacklist_messages = TRIGGER,
			     .blacklist_period_ms = 1000,
			     .blacklist_seconds = 30});
	assert_false(refused(0, "10.0.0.7"));
	assert_int_equal(pthread_barrier_init(&together, NULL, 2), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&asker[i].thread, NULL, ask_often, &asker[i]), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(asker[i].thread, NULL), 0);
	assert_int_equal(counted(SIP_COUNT_BLACKLISTED_HOSTS), 1);
	/* one may have been asked about just before the block */
	assert_in_range(asker[0].passed + asker[1].passed, TRIGGER - 2, TRIGGER - 1);
	assert_int_equal(
		counted(SIP_COUNT_BLACKLISTED) + asker[0].passed + asker[1].passed, 2 * TRIGGER);
	pthread_barrier_destroy(&together);
}

/* More hosts at once than there is room for: each is counted or passes, and none is refused for others. */
static void
many_hosts_do_not_blacklist_each_other(void **state)
{
	char host[32];

	again(state, &blacklisting);
	for (unsigned int i = 0; i < 3 * 65536; i++) {
		snprintf(host, sizeof(host), "198.%u.%u.%u", i % 3, i / 3 % 256, i / 768);
		assert_false(refused(0, host));
	}
	time_passes_ms(1001);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(refused(0, "10.0.0.7"));
	assert_true(refused(0, "10.0.0.7")); /* stale entries have given their place */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(calls_of_one_host_are_limited),
		TEST(uncounted_call_is_not_given_back),
		TEST(pending_calls_are_limited_and_established_ones_go_on),
		TEST(blacklisted_host_is_refused_until_its_time),
		TEST(sixteen_responses_weigh_as_one_request),
		TEST(host_below_the_rate_is_never_blacklisted),
		TEST(block_that_is_shorter_than_the_period_ends),
		TEST(blacklist_counts_over_all_workers),
		TEST(workers_that_count_at_once_lose_nothing),
		TEST(many_hosts_do_not_blacklist_each_other),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
