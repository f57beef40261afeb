/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "A transaction ... rolls back whole": each message is tried with the first, the second, the third ...
 * of everything that it takes missing, until it succeeds. After each failure all is as before, and in the
 * end it is as in a run where nothing was ever missing.
 */
#include "rollback.h"

#include <stdio.h>
#include <string.h>

#include "alg/alg_priv.h"

enum { TAKEN_MAX = 64 }; /* no message here takes more of anything */

static struct state before, after, expected;
static char expected_text[sizeof(fx.text)];
static unsigned int failures[16]; /* by resource */
static char where[256];
static struct random chance; /* the same for each try, so that ports by chance are the same, too */

static void
world_begin(const struct rollback_case *rollback, unsigned int calls_of_a_host)
{
	fixture_start_with(&(struct fixture_options){
		.small = true,
		.no_nat = rollback->no_nat,
		.max_calls = 64,
		.max_calls_per_host = calls_of_a_host,
		.port_hold_seconds = 120,
	});
	message_may_fail = false;
	rollback->before();
	state_settle();
	message_may_fail = true;
}

static void
try_message(const struct rollback_case *rollback)
{
	fx.edited = false;
	fx.worker.random = chance;
	rollback->message();
	state_settle();
}

/* Calls that began at one host: the most. What is left behind of a failure then is one too many. */
static unsigned int
calls_of_a_host(void)
{
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	unsigned int most = 1;

	for (uint32_t i = 1; i <= worker->calls.fresh; i++) {
		unsigned int count = 0;

		for (uint32_t k = 1; k <= worker->calls.fresh; k++)
			count += call_live(call_at(worker, k)) &&
				 call_at(worker, k)->host == call_at(worker, i)->host;
		most = RTE_MAX(most, count);
	}
	return most;
}

static unsigned int
expect(const struct rollback_case *rollback)
{
	unsigned int calls;

	world_begin(rollback, 1000);
	chance = fx.worker.random;
	rollback_ports_note(true);
	snprintf(where, sizeof(where), "%s", rollback->name);
	try_message(rollback);
	if (fx.verdict != ALG_FORWARD)
		fail_msg("%s: verdict %d", rollback->name, fx.verdict);
	memcpy(expected_text, fx.text, sizeof(expected_text));
	state_take(&expected, true);
	rollback_ports_note(false);
	calls = calls_of_a_host();
	fixture_stop(NULL);
	return calls;
}

/* With `n` left. False: it fails, and has changed nothing. */
static bool
try_with(const struct rollback_case *rollback, const struct rollback_resource *resource,
	unsigned int n)
{
	bool leaves;

	resource->begin(n);
	state_take(&before, false);
	try_message(rollback);
	leaves = fx.verdict == ALG_FORWARD;
	if (!leaves) {
		snprintf(where, sizeof(where), "%s: with %u of %s", rollback->name, n,
			resource->name);
		state_take(&after, false);
		assert_state_equal(&before, &after, where);
	}
	resource->end();
	return leaves;
}

/* The same text and the same state as if nothing had ever been missing. */
static void
assert_as_expected(const struct rollback_case *rollback)
{
	snprintf(where, sizeof(where), "%s: after failures", rollback->name);
	if (fx.verdict != ALG_FORWARD)
		fail_msg("%s: verdict %d", where, fx.verdict);
	if (strcmp(fx.text, expected_text) != 0)
		fail_msg("%s: another text:\n%s\nthan:\n%s", where, fx.text, expected_text);
	state_take(&after, true);
	assert_state_equal(&expected, &after, where);
}

/* More and more is there, until it leaves, or would if its text had room. Returns how often it failed. */
static unsigned int
try_without(const struct rollback_case *rollback, const struct rollback_resource *resource)
{
	unsigned int n = 0;

	while (!try_with(rollback, resource, n) && fx.verdict != DROP_SIP_TOO_LONG)
		if (++n > TAKEN_MAX)
			fail_msg("%s: fails with %u of %s", rollback->name, n, resource->name);
	return n;
}

static bool
needs_nat(const struct rollback_resource *resource)
{
	return strcmp(resource->name, "ports") == 0 || strcmp(resource->name, "bindings") == 0;
}

/*
 * The text has no room, so that what does not fail for want of something fails for that, after all has
 * been opened. In the end it has.
 */
static void
case_run(const struct rollback_case *rollback)
{
	world_begin(rollback, expect(rollback));
	fx.capacity = 1;
	for (unsigned int r = 0; r < rollback_resource_count; r++)
		failures[r] += try_without(rollback, &rollback_resources[r]);
	fx.capacity = 0;
	try_message(rollback);
	assert_as_expected(rollback);
	fixture_stop(NULL);
}

/* Without NAT no text is edited, so each resource has a run of its own. */
static void
case_run_apart(const struct rollback_case *rollback)
{
	unsigned int calls = expect(rollback);

	for (unsigned int r = 0; r < rollback_resource_count; r++) {
		if (needs_nat(&rollback_resources[r]))
			continue;
		world_begin(rollback, calls);
		failures[r] += try_without(rollback, &rollback_resources[r]);
		assert_as_expected(rollback);
		fixture_stop(NULL);
	}
}

static void
a_message_that_fails_changes_nothing(void **state)
{
	for (unsigned int i = 0; i < rollback_case_count; i++) {
		if (rollback_cases[i].no_nat)
			case_run_apart(&rollback_cases[i]);
		else
			case_run(&rollback_cases[i]);
	}
	message_may_fail = false;
	for (unsigned int r = 0; r < rollback_resource_count; r++) {
		print_message(
			"%4u failures for want of %s\n", failures[r], rollback_resources[r].name);
		assert_int_not_equal(failures[r], 0);
	}
}

/* An ended record that was to give its place, among all or among those of one Call-ID, stands yet. */
static void
what_has_ended_gives_its_place_to_what_leaves(void **state)
{
	for (unsigned int same = 0; same < 2; same++) {
		fixture_start_with(
			&(struct fixture_options){.small = true, .max_calls = same ? 80 : 4});
		fixture_send(A, P, CRLF);
		for (unsigned int i = 0; i < (same ? 64 : 4); i++) {
			for (unsigned int k = 0; k < 2; k++)
				fixture_send(k ? P : A, k ? A_OUT : P,
					"%s" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK%u" CRLF
					"From: <sip:a@x>;tag=a%u" CRLF "To: <sip:b@x>%s" CRLF
					"Call-ID: e%u" CRLF "CSeq: 1 INVITE" CRLF CRLF,
					k ? "SIP/2.0 486 Busy"
					  : "INVITE sip:b@198.51.100.9 SIP/2.0",
					k ? "203.0.113.1" : "10.0.0.7", i, i, k ? ";tag=b" : "",
					same ? 0 : i);
		}
		state_settle();
		state_take(&before, false);
		for (unsigned int k = 0; k < 2; k++) {
			fx.capacity = k ? 0 : 1;
			fixture_send(A, P,
				"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF
				"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKn" CRLF
				"From: <sip:a@x>;tag=n" CRLF "To: <sip:b@x>" CRLF
				"Call-ID: e%u" CRLF "CSeq: 1 INVITE" CRLF
				"Contact: <sip:a@10.0.0.7:5066>" CRLF CRLF,
				same ? 0 : 1000);
			assert_int_equal(fx.verdict == ALG_FORWARD, k);
			if (k)
				break;
			state_settle();
			state_take(&after, false);
			assert_state_equal(&before, &after, "an INVITE where records are full");
		}
		assert_int_equal(alg_call_count(fx.alg), 1);
		assert_int_equal(alg_worker_of(fx.alg, 0)->calls.used, same ? 64 : 4);
		fixture_stop(state);
	}
}

/* What is found by this tag under one Call-ID of 64 records. */
static void
invite_of(unsigned int tag, unsigned int cseq)
{
	fixture_send(A, P,
		"INVITE sip:b@198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK%u" CRLF "From: <sip:a@x>;tag=a%u" CRLF
		"To: <sip:b@x>" CRLF "Call-ID: e" CRLF "CSeq: %u INVITE" CRLF CRLF,
		tag, tag, cseq);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

/* A call that goes on takes its own place, and no other's. */
static void
what_is_revived_takes_its_own_place(void **state)
{
	for (unsigned int tag = 0; tag < 64; tag++) {
		invite_of(tag, 1);
		fixture_send(P, A_OUT,
			"SIP/2.0 486 Busy" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK%u" CRLF
			"From: <sip:a@x>;tag=a%u" CRLF "To: <sip:b@x>;tag=b" CRLF "Call-ID: e" CRLF
			"CSeq: 1 INVITE" CRLF CRLF,
			tag, tag);
	}
	assert_int_equal(alg_call_count(fx.alg), 0);
	invite_of(5, 2);
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(alg_worker_of(fx.alg, 0)->calls.used, 64);
	for (unsigned int tag = 0; tag < 64; tag++)
		invite_of(tag, 1); /* late: of what has ended, or of a try before */
	assert_int_equal(alg_call_count(fx.alg), 1);
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), 65);
}

/* A binding that was there is a media door once the message has left, and ends with the call. */
static void
what_was_joined_is_media_when_the_message_leaves(void **state)
{
	fixture_send(A, P, CRLF);
	fixture_media("10.0.0.7:4000", "198.51.100.30:3478");
	assert_int_equal(nat_media_doors(fx.nat), 0);
	out_request("INVITE", 1, "", sdp_audio("10.0.0.7", 4000, ""));
	assert_int_equal(nat_media_doors(fx.nat), 2);
	in_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
	assert_int_equal(nat_media_doors(fx.nat), 0);
	assert_string_equal(outside_of("10.0.0.7:4000"), "");
	assert_nothing_left();
}

/* Contact lines with 600 of one endpoint, and one of another. */
static const char *
many_contacts(void)
{
	static char lines[14000];
	size_t length = 0;

	for (unsigned int i = 0; i < 600; i++)
		length += (size_t)snprintf(lines + length, sizeof(lines) - length,
			"%s<sip:%u@10.0.0.7>", i % 200 ? "," : CRLF "Contact: ", i);
	snprintf(lines + length, sizeof(lines) - length, ",<sip:%u@10.0.0.7:5070>", 600);
	return lines;
}

/* More than can be edited. */
static void
many_contacts_that_do_not_leave_are_not_registered(void **state)
{
	fixture_send(A, P, CRLF);
	state_take(&before, false);
	fixture_send(A, P,
		"REGISTER sip:198.51.100.9 SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKr" CRLF
		"From: <sip:a@198.51.100.9>;tag=a" CRLF "To: <sip:a@198.51.100.9>" CRLF
		"Call-ID: r" CRLF "CSeq: 1 REGISTER%s" CRLF CRLF,
		many_contacts());
	assert_int_equal(fx.verdict, DROP_SIP_TOO_LONG);
	state_settle();
	state_take(&after, false);
	assert_state_equal(&before, &after, "a REGISTER with 601 Contacts");
}

/* Where nothing needs an edit. */
static void
many_contacts_that_leave_are_registered(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.no_nat = true});
	for (unsigned int k = 0; k < 2; k++) {
		fixture_send(k ? P : A, k ? A : P,
			"%s" CRLF "Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKr" CRLF
			"From: <sip:a@198.51.100.9>;tag=a" CRLF "To: <sip:a@198.51.100.9>%s" CRLF
			"Call-ID: r" CRLF "CSeq: 1 REGISTER" CRLF "Expires: 3600%s" CRLF CRLF,
			k ? "SIP/2.0 200 OK" : "REGISTER sip:198.51.100.9 SIP/2.0",
			k ? ";tag=b" : "", many_contacts());
		assert_int_equal(fx.verdict, ALG_FORWARD);
	}
	/* there is room for 256 of one address of record; the others are reached all the same */
	assert_int_equal(alg_registration_count(fx.alg), 256);
	fixture_time(3000);
	assert_true(media_passes(P, "10.0.0.7:5070"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_fails_changes_nothing),
		cmocka_unit_test(what_has_ended_gives_its_place_to_what_leaves),
		cmocka_unit_test_setup_teardown(
			what_is_revived_takes_its_own_place, fixture_start, fixture_stop),
		cmocka_unit_test_setup_teardown(what_was_joined_is_media_when_the_message_leaves,
			fixture_start, fixture_stop),
		cmocka_unit_test_setup_teardown(many_contacts_that_do_not_leave_are_not_registered,
			fixture_start, fixture_stop),
		cmocka_unit_test_setup_teardown(
			many_contacts_that_leave_are_registered, fixture_start, fixture_stop),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
