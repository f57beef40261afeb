/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of one call in no order at all: whatever they do to the record, clearing it leaves
 * nothing, neither in the shared tables nor in the worker's own.
 */
#include <stdio.h>

#include "alg/alg_priv.h"
#include "alg_message.h"

enum { CALLS = 400, MESSAGES = 40, FORKS = 20 };

static uint64_t seed;

/* xorshift64: the same on every machine */
static unsigned int
any(unsigned int below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned int)(seed >> 33) % below;
}

static const char *
any_tag(void)
{
	static char tag[16];

	/* the first forks more often than the last */
	snprintf(tag, sizeof(tag), ";tag=f%u", any(1 + any(FORKS)));
	return tag;
}

static const char *
any_sdp(const char *address, unsigned int port)
{
	static const char *const more[] = {"", "", "a=inactive" CRLF, "a=rtcp-mux" CRLF,
		"m=video 0 RTP/AVP 31" CRLF, "m=video 6000 RTP/AVP 31" CRLF};

	if (any(3) == 0)
		return NULL;
	if (any(8) == 0)
		address = "0.0.0.0";
	return sdp_audio(address, port + 2 * any(3), more[any(RTE_DIM(more))]);
}

static void
any_request(void)
{
	static const char *const methods[] = {
		"INVITE", "INVITE", "UPDATE", "PRACK", "ACK", "ACK", "BYE", "CANCEL", "INFO"};
	const char *method = methods[any(RTE_DIM(methods))];
	unsigned int cseq = 1 + any(4);
	char rack[32];

	if (any(2)) {
		snprintf(rack, sizeof(rack), "RAck: 1 %u INVITE", 1 + any(3));
		next_header(rack);
	}
	if (any(3) == 0)
		in_request(method, cseq, any_tag(), any_sdp("198.51.100.20", 7000));
	else
		out_request(method, cseq, any(3) ? any_tag() : "", any_sdp("10.0.0.7", 4000));
}

static void
any_response(void)
{
	static const char *const methods[] = {
		"INVITE", "INVITE", "INVITE", "UPDATE", "PRACK", "BYE", "CANCEL"};
	static const char *const statuses[] = {"100 Trying", "180 Ringing", "183 Progress",
		"199 Gone", "200 OK", "200 OK", "200 OK", "401 Who", "487 Cancelled", "488 No",
		"491 Pending"};
	const char *method = methods[any(RTE_DIM(methods))];
	const char *status = statuses[any(RTE_DIM(statuses))];
	unsigned int cseq = 1 + any(4);

	if (any(3) == 0)
		next_header("RSeq: 1");
	if (any(3) == 0)
		out_response(status, cseq, method, any_tag(), any_sdp("10.0.0.7", 4000));
	else
		in_response(status, cseq, method, any_tag(), any_sdp("198.51.100.20", 7000));
}

static void
assert_cleared(void)
{
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	fixture_time(0);
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_int_equal(pinhole_media_count(fx.pinholes), 0);
	assert_int_equal(nat_media_doors(fx.nat), 0);
	assert_int_equal(worker->dialogs.used, 0);
	assert_int_equal(worker->sets.used, 0);
	assert_int_equal(worker->openings.used, 0);
	fixture_time(33);
	assert_int_equal(worker->calls.used, 0);
}

static void
messages_in_any_order_leave_nothing(void **state)
{
	for (unsigned int call = 0; call < CALLS; call++) {
		seed = 0x9e3779b97f4a7c15 * (call + 1);
		for (unsigned int i = 0; i < MESSAGES; i++) {
			fixture_media(A, P); /* the phone's binding is in use */
			if (any(2))
				any_request();
			else
				any_response();
			if (any(10) == 0)
				fixture_time(any(40));
		}
		assert_cleared();
	}
	assert_nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			messages_in_any_order_leave_nothing, fixture_start, fixture_stop),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
