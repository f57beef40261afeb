/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts: who keeps a Contact reachable, and what is left when the table is full. */
#include <stdio.h>

#include "alg/alg_priv.h"
#include "alg_message.h"

enum { CALLS = 64, ROOM = 4096, NOW = 1000, REGISTRAR = 0x0a6433c6 };

static struct account_table *table;

static int
start(void **state)
{
	table = account_table_create(CALLS, SOCKET_ID_ANY);
	return table ? 0 : -1;
}

static int
stop(void **state)
{
	account_table_destroy(table);
	return 0;
}

/* A line of the phone at 10.0.0.6 and this port. */
static struct account
line(uint64_t who, uint16_t port, uint32_t until_s)
{
	return (struct account){
		.address = inet_addr("10.0.0.6"),
		.port = htons(port),
		.proto = IPPROTO_UDP,
		.flags = ACCOUNT_GRANTED | ACCOUNT_SPELLED,
		.peer = REGISTRAR,
		.registrar = REGISTRAR,
		.who = who,
		.user = (uint32_t)who,
		.until_s = until_s,
	};
}

static void
note(struct account account)
{
	uint32_t before_s;

	account_note(table, &account, NULL, NOW, &before_s);
}

static struct account_rest
rest_at(uint16_t port, uint32_t now_s)
{
	struct account of = line(0, port, 0);

	return account_rest(table, &of, now_s);
}

static void
others_at_a_contact_keep_it(void **state)
{
	struct account first = line(1, 5060, NOW + 900), other = line(2, 5060, NOW + 300);

	note(first);
	note(other);
	other.peer = other.registrar = 7; /* of another registrar, longer */
	other.until_s = NOW + 1200;
	note(other);
	note(line(3, 5062, NOW + 5000));
	assert_int_equal(rest_at(5060, NOW).contact_s, NOW + 1200);
	assert_int_equal(rest_at(5060, NOW).peer_s, NOW + 900);
	account_drop(table, &first, NOW);
	assert_int_equal(rest_at(5060, NOW).peer_s, NOW + 300);
	assert_int_equal(rest_at(5060, NOW + 300).peer_s, 0);
	assert_int_equal(rest_at(5060, NOW + 300).contact_s, NOW + 1200);
}

static void
all_of_one_address_of_record_leave_together(void **state)
{
	struct account of = line(1, 0, 0), found[8];
	unsigned int leaving = 0, count;

	for (uint16_t port = 5060; port < 5064; port++)
		note(line(1, port, NOW + 100));
	note(line(2, 5060, NOW + 100));
	account_leave(table, &of, true, 77, NOW);
	count = account_list(table, &of, NOW, found, RTE_DIM(found));
	assert_int_equal(count, 4);
	for (unsigned int i = 0; i < count; i++)
		leaving += found[i].leaving == 77;
	assert_int_equal(leaving, 4);
	/* a grant that comes after takes its own out again */
	note(line(1, 5061, NOW + 200));
	count = account_list(table, &of, NOW, found, RTE_DIM(found));
	for (unsigned int i = leaving = 0; i < count; i++)
		leaving += found[i].leaving == 77;
	assert_int_equal(leaving, 3);
	of.who = 2;
	assert_int_equal(account_list(table, &of, NOW, found, RTE_DIM(found)), 1);
	assert_int_equal(found[0].leaving, 0);
}

static void
spelling_is_asked_for_and_then_granted(void **state)
{
	struct account asked = line(1, 5060, NOW + 32), granted = line(1, 5060, NOW + 600), of;

	asked.flags = ACCOUNT_PORTLESS | ACCOUNT_ASKED_PORTLESS | ACCOUNT_SPELLED;
	note(asked);
	note(granted);
	of = granted;
	assert_int_equal(account_spelling(table, &of, false, NOW), ACCOUNT_WITHOUT_PORT);
	asked.flags = ACCOUNT_SPELLED;
	note(asked);
	assert_int_equal(account_spelling(table, &of, false, NOW), ACCOUNT_WITHOUT_PORT);
	assert_int_equal(account_spelling(table, &of, true, NOW), ACCOUNT_WITH_PORT);
	note(granted);
	assert_int_equal(account_spelling(table, &of, false, NOW), ACCOUNT_WITH_PORT);
	of.user = 99; /* a user that is not registered: as any at this Contact */
	assert_int_equal(account_spelling(table, &of, false, NOW), ACCOUNT_WITH_PORT);
	of.port = htons(6000);
	assert_int_equal(account_spelling(table, &of, false, NOW), ACCOUNT_UNKNOWN);
	of.port = htons(5060);
	assert_int_equal(account_spelling(table, &of, false, NOW + 600), ACCOUNT_UNKNOWN);
}

static void
full_table_closes_nothing_early(void **state)
{
	struct account_rest rest;

	for (uint32_t who = 1; who <= ROOM; who++)
		note(line(who, (uint16_t)(10000 + who), NOW + 100));
	assert_int_equal(rest_at(5060, NOW).contact_s, 0);
	note(line(ROOM + 1, 5060, NOW + 5000));
	rest = rest_at(5060, NOW);
	assert_int_equal(rest.contact_s, UINT32_MAX);
	assert_int_equal(rest.peer_s, UINT32_MAX);
	/* the room of those whose time is over is taken again; what was not noted may stand still */
	for (uint32_t who = 1; who <= ROOM; who++) {
		struct account account = line(who, (uint16_t)(20000 + who % 1000), NOW + 9000);
		uint32_t before_s;

		account_note(table, &account, NULL, NOW + 101, &before_s);
	}
	assert_int_equal(rest_at(5060, NOW + 101).contact_s, UINT32_MAX);
	assert_int_equal(rest_at(5060, NOW + 5000).contact_s, 0);
	assert_int_equal(rest_at(20001, NOW + 5000).contact_s, NOW + 9000);
}

/* More of one address of record than is walked: one that is granted may stand at any Contact. */
static void
contact_beyond_the_room_of_one_address_of_record_closes_nothing_early(void **state)
{
	struct account asked = line(1, 5060, NOW + 32);

	asked.flags = ACCOUNT_SPELLED;
	for (uint16_t i = 0; i < 256; i++)
		note(line(1, (uint16_t)(10000 + i), NOW + 100));
	note(asked);
	assert_int_equal(rest_at(5060, NOW).contact_s, 0);
	assert_true(account_asked(table, &asked, NOW));
	note(line(1, 5060, NOW + 5000));
	assert_int_equal(rest_at(5060, NOW).contact_s, UINT32_MAX);
	assert_int_equal(rest_at(5060, NOW + 5000).contact_s, 0);
	assert_false(account_asked(table, &asked, NOW + 5000));
}

static void
asking_leaves_room_for_what_is_granted(void **state)
{
	struct account of = line(ROOM, 0, 0), found;

	for (uint32_t who = 1; who <= 2 * ROOM; who++) {
		struct account account = line(who, (uint16_t)who, NOW + 32);

		account.flags = ACCOUNT_SPELLED;
		note(account);
	}
	assert_int_equal(account_list(table, &of, NOW, &found, 1), 0);
	note(line(ROOM, 5060, NOW + 600));
	assert_int_equal(account_list(table, &of, NOW, &found, 1), 1);
}

static void
many_lines_at_one_contact_are_walked_in_part(void **state)
{
	struct account account;

	for (uint32_t who = 1; who <= 300; who++)
		note(line(who, 5060, NOW + 100 + who));
	assert_int_equal(rest_at(5060, NOW).contact_s, UINT32_MAX);
	for (uint32_t who = 2; who <= 300; who++) {
		account = line(who, 5060, 0);
		account_drop(table, &account, NOW);
	}
	assert_int_equal(rest_at(5060, NOW).contact_s, NOW + 101);
	assert_int_equal(rest_at(5060, NOW + 101).contact_s, 0);
}

/* A REGISTER that cannot leave, and then its neighbour that can. */
static void
failed_message_changes_no_registration(void **state)
{
	fixture_start_with(&(struct fixture_options){.first_port = 5060, .last_port = 5061});
	for (unsigned int cseq = 1; cseq <= 2; cseq++) {
		const char *contact =
			cseq == 1 ? "<sip:a@10.0.0.7>;expires=3600"
				  : "<sip:a@10.0.0.7>;expires=0, <sip:a@10.0.0.7:7000>, "
				    "<sip:a@10.0.0.7:7001>, <sip:a@10.0.0.7:7002>";

		fixture_send(A, P,
			"REGISTER sip:198.51.100.9 SIP/2.0" CRLF
			"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK-%u" CRLF
			"From: <sip:a@198.51.100.9>;tag=a" CRLF "To: <sip:a@198.51.100.9>" CRLF
			"Call-ID: r" CRLF "CSeq: %u REGISTER" CRLF "Contact: %s" CRLF CRLF,
			cseq, cseq, contact);
		assert_int_equal(fx.verdict == ALG_FORWARD, cseq == 1);
		/* a 200 to the second would be wrong; it must take nothing back */
		fixture_send(P, outside_of(A),
			"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK-%u" CRLF
			"From: <sip:a@198.51.100.9>;tag=a" CRLF
			"To: <sip:a@198.51.100.9>;tag=b" CRLF "Call-ID: r" CRLF
			"CSeq: %u REGISTER" CRLF "%s%s%s" CRLF,
			outside_of(A), cseq, cseq, cseq == 1 ? "Contact: <sip:a@" : "",
			cseq == 1 ? outside_of(A) : "", cseq == 1 ? ">;expires=3600" CRLF : "");
	}
	fixture_time(1000);
	assert_true(media_passes(P, A));
	assert_string_not_equal(outside_of(A), "");
	fixture_stop(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(others_at_a_contact_keep_it, start, stop),
		cmocka_unit_test_setup_teardown(
			all_of_one_address_of_record_leave_together, start, stop),
		cmocka_unit_test_setup_teardown(
			spelling_is_asked_for_and_then_granted, start, stop),
		cmocka_unit_test_setup_teardown(full_table_closes_nothing_early, start, stop),
		cmocka_unit_test_setup_teardown(
			contact_beyond_the_room_of_one_address_of_record_closes_nothing_early,
			start, stop),
		cmocka_unit_test_setup_teardown(
			asking_leaves_room_for_what_is_granted, start, stop),
		cmocka_unit_test_setup_teardown(
			many_lines_at_one_contact_are_walked_in_part, start, stop),
		cmocka_unit_test(failed_message_changes_no_registration),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
