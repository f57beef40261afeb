/* SPDX-License-Identifier: BSD-3-Clause */
/* What is shown of registrations: one row for each that stands, whole, and as many as are counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg_message.h"

#define AOR       "sip:300@example.com"
#define PHONE     "<sip:300@10.0.0.7>"
#define PHONE_OUT "<sip:300@203.0.113.1>"
#define OTHER     "198.51.100.10:5060" /* another registrar */

enum { ROWS_MAX = 1024, GRACE = 60 };

static struct alg_registration rows[ROWS_MAX];

static void
ask_at(const char *registrar, const char *who, unsigned int cseq, const char *contact)
{
	fixture_send(A, registrar,
		"REGISTER sip:example.com SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK-%u" CRLF "From: <%s>;tag=a" CRLF
		"To: \"Phone\" <%s>" CRLF "Call-ID: %s-%s" CRLF "CSeq: %u REGISTER" CRLF
		"Contact: %s" CRLF CRLF,
		cseq, who, who, who, registrar, cseq, contact);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

/* `more`: header lines, each with its end. */
static void
answer_at(const char *registrar, const char *who, unsigned int cseq, const char *more)
{
	fixture_send(registrar, fx.nat ? A_OUT : A,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bK-%u" CRLF
		"From: <%s>;tag=a" CRLF "To: <%s>;tag=b" CRLF "Call-ID: %s-%s" CRLF
		"CSeq: %u REGISTER" CRLF "%s" CRLF,
		fx.nat ? "203.0.113.1" : "10.0.0.7", cseq, who, who, who, registrar, cseq, more);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

static void
ask(unsigned int cseq, const char *contact)
{
	ask_at(P, AOR, cseq, contact);
}

static void
answer(unsigned int cseq, const char *more)
{
	answer_at(P, AOR, cseq, more);
}

/* All pages of `size`; they list what is counted, in rising order. */
static unsigned int
listed_in(unsigned int size)
{
	uint32_t cursor = 0, last = 0;
	unsigned int count = 0, n;

	do {
		n = alg_registrations_page(fx.alg, fx.control.now_s, &cursor, size, &rows[count]);
		assert_true(n <= size);
		for (unsigned int i = count; i < count + n; i++) {
			assert_true(rows[i].index > last);
			last = rows[i].index;
		}
		count += n;
		assert_true(count + size <= ROWS_MAX);
	} while (cursor != 0);
	assert_int_equal(alg_registration_count(fx.alg), count);
	return count;
}

static unsigned int
listed(void)
{
	return listed_in(20);
}

static const char *
text_of(const struct endpoint *endpoint)
{
	static char text[2][32];
	static unsigned int turn;
	char *out = text[turn++ % 2];

	snprintf(out, sizeof(text[0]), "%s:%u", inet_ntoa((struct in_addr){endpoint->address}),
		ntohs(endpoint->port));
	return out;
}

static int
left(const struct alg_registration *row)
{
	return (int)(row->expires_s - fx.control.now_s);
}

static void
registration_is_listed_when_it_is_granted(void **state)
{
	assert_int_equal(listed(), 0);
	ask(1, PHONE);
	assert_int_equal(listed(), 0);
	answer(1, "Contact: " PHONE_OUT ";expires=600" CRLF);
	fixture_time(10);
	assert_int_equal(listed(), 1);
	assert_string_equal(rows[0].address_of_record, AOR);
	assert_string_equal(rows[0].contact, "sip:300@10.0.0.7");
	assert_string_equal(text_of(&rows[0].inside), A);
	assert_string_equal(text_of(&rows[0].outside), A_OUT);
	assert_int_equal(rows[0].registrar, inet_addr("198.51.100.9"));
	assert_int_equal(rows[0].peers[0], 0);
	assert_int_equal(rows[0].granted_s, 600);
	assert_int_equal(left(&rows[0]), 590);
}

static void
refused_registration_is_not_listed(void **state)
{
	ask(1, PHONE);
	fixture_send(P, A_OUT,
		"SIP/2.0 403 Forbidden" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK-1" CRLF
		"From: <" AOR ">;tag=a" CRLF "To: <" AOR ">;tag=b" CRLF "Call-ID: " AOR "-" P CRLF
		"CSeq: 1 REGISTER" CRLF CRLF);
	assert_int_equal(listed(), 0);
	fixture_time(40);
	assert_int_equal(listed(), 0);
}

static void
refresh_is_the_same_registration(void **state)
{
	ask(1, PHONE);
	answer(1, "Contact: " PHONE_OUT ";expires=600" CRLF);
	fixture_time(500);
	ask(2, "<sip:300@10.0.0.7:5060>");
	assert_int_equal(listed(), 1);
	assert_int_equal(left(&rows[0]), 100); /* asked, not granted yet */
	answer(2, "Contact: " PHONE_OUT CRLF "Expires: 300" CRLF);
	assert_int_equal(listed(), 1);
	assert_string_equal(rows[0].contact, "sip:300@10.0.0.7:5060");
	assert_int_equal(rows[0].granted_s, 300);
	assert_int_equal(left(&rows[0]), 300);
}

static void
taken_back_it_is_gone_at_once(void **state)
{
	ask(1, PHONE);
	answer(1, "Contact: " PHONE_OUT ";expires=600" CRLF);
	ask(2, PHONE ";expires=0");
	assert_int_equal(listed(), 1);
	answer(2, "");
	assert_int_equal(listed(), 0);
}

static void
it_ends_with_the_grace(void **state)
{
	ask(1, PHONE);
	answer(1, "Contact: " PHONE_OUT ";expires=600" CRLF);
	fixture_time(600 + GRACE - 1);
	assert_int_equal(listed(), 1);
	assert_int_equal(left(&rows[0]), 1 - GRACE);
	fixture_time(1);
	assert_int_equal(listed(), 0);
}

static void
star_takes_back_all_contacts(void **state)
{
	ask(1, PHONE ", <sip:300@10.0.0.8:5070;line=2>");
	answer(1, "Contact: " PHONE_OUT
		  ";expires=600, <sip:300@203.0.113.1:5070;line=2>;expires=90" CRLF);
	assert_int_equal(listed(), 2);
	assert_string_equal(rows[0].contact, "sip:300@10.0.0.7");
	assert_string_equal(rows[1].contact, "sip:300@10.0.0.8:5070;line=2");
	assert_string_equal(text_of(&rows[1].inside), "10.0.0.8:5070");
	assert_string_equal(text_of(&rows[1].outside), "203.0.113.1:5070");
	assert_int_equal(rows[1].granted_s, 90);
	ask(2, "*");
	assert_int_equal(listed(), 2);
	answer(2, "");
	assert_int_equal(listed(), 0);
}

static void
each_registrar_has_its_own(void **state)
{
	static const char contact[] = "Contact: " PHONE_OUT ";expires=600" CRLF;

	for (unsigned int i = 0; i < 2; i++) {
		ask_at(i ? OTHER : P, AOR, 1, PHONE);
		answer_at(i ? OTHER : P, AOR, 1, contact);
	}
	assert_int_equal(listed(), 2);
	assert_int_equal(rows[0].registrar, inet_addr("198.51.100.9"));
	assert_int_equal(rows[1].registrar, inet_addr("198.51.100.10"));
	ask_at(P, AOR, 2, PHONE ";expires=0");
	answer_at(P, AOR, 2, "");
	assert_int_equal(listed(), 1);
	assert_int_equal(rows[0].registrar, inet_addr("198.51.100.10"));
}

/* Routes of the answer and of the request make no rows of their own. */
static void
routes_are_shown_with_their_contact(void **state)
{
	ask(1, PHONE CRLF "Path: <sip:10.0.0.9:5080;lr>");
	answer(1, "Contact: " PHONE_OUT ";expires=600" CRLF "Path: <sip:203.0.113.1:5080;lr>" CRLF
		  "Service-Route: <sip:198.51.100.11;lr>, <sip:198.51.100.9;lr>, "
		  "<sip:198.51.100.12;lr>" CRLF);
	assert_int_equal(listed(), 1);
	assert_string_equal(text_of(&rows[0].inside), A);
	assert_int_equal(rows[0].peers[2], 0);
	assert_int_equal(rows[0].peers[0] ^ rows[0].peers[1],
		inet_addr("198.51.100.11") ^ inet_addr("198.51.100.12"));
	ask(2, "*");
	answer(2, "");
	assert_int_equal(listed(), 0);
}

static void
subscribe(unsigned int number)
{
	fixture_send(A, P,
		"SUBSCRIBE sip:300@example.com SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK-s" CRLF "From: <" AOR ">;tag=a" CRLF
		"To: <" AOR ">" CRLF "Call-ID: s%u" CRLF "CSeq: 1 SUBSCRIBE" CRLF "Event: reg" CRLF
		"Contact: " PHONE CRLF CRLF,
		number);
	fixture_send(P, A_OUT,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK-s" CRLF
		"From: <" AOR ">;tag=a" CRLF "To: <" AOR ">;tag=b" CRLF "Call-ID: s%u" CRLF
		"CSeq: 1 SUBSCRIBE" CRLF "Expires: 600" CRLF CRLF,
		number);
}

static void
subscription_is_no_registration(void **state)
{
	subscribe(1);
	assert_int_equal(listed(), 0);
	fixture_time(500);
	assert_true(media_passes(P, A));
}

static void
without_nat_it_has_no_outside(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.no_nat = true});
	ask(1, PHONE);
	answer(1, "Contact: " PHONE ";expires=600" CRLF);
	assert_int_equal(listed(), 1);
	assert_string_equal(text_of(&rows[0].inside), A);
	assert_int_equal(rows[0].outside.address, 0);
}

static void
contact_is_shown_as_its_phone_wrote_it(void **state)
{
	ask(1, "\"Desk\" <sips:300:pass@10.0.0.7;line=1;ob?X=y>;q=0.5");
	answer(1, "Contact: <sips:300@203.0.113.1:5061;LINE=1>;expires=600" CRLF);
	assert_int_equal(listed(), 1);
	assert_string_equal(rows[0].contact, "sips:300:pass@10.0.0.7;line=1;ob?X=y");
	assert_int_equal(rows[0].inside.proto, IPPROTO_TCP);
	assert_int_equal(ntohs(rows[0].inside.port), 5061);
}

static void
long_texts_are_cut(void **state)
{
	char who[160], contact[320], expected[256];

	snprintf(who, sizeof(who), "sip:%0100d@example.com", 7);
	snprintf(contact, sizeof(contact), "<sip:300@10.0.0.7;x=%0200d>", 7);
	ask_at(P, who, 1, contact);
	snprintf(contact, sizeof(contact), "Contact: <sip:300@203.0.113.1;x=%0200d>;expires=9" CRLF,
		7);
	answer_at(P, who, 1, contact);
	assert_int_equal(listed(), 1);
	assert_int_equal(strlen(rows[0].address_of_record), 55);
	snprintf(expected, sizeof(expected), "sip:%048d...", 0);
	assert_string_equal(rows[0].address_of_record, expected);
	assert_int_equal(strlen(rows[0].contact), 123);
	snprintf(expected, sizeof(expected), "sip:300@10.0.0.7;x=%0101d...", 0);
	assert_string_equal(rows[0].contact, expected);
}

static void
unprintable_bytes_are_not_shown(void **state)
{
	ask_at(P, "sip:J\xf6rg\x01@example.com", 1, "<sip:J\xf6rg@10.0.0.7;x=\x7f>");
	answer_at(P, "sip:J\xf6rg\x01@example.com", 1,
		"Contact: <sip:J\xf6rg@203.0.113.1;x=\x7f>;expires=9" CRLF);
	assert_int_equal(listed(), 1);
	assert_string_equal(rows[0].address_of_record, "sip:J?rg?@example.com");
	assert_string_equal(rows[0].contact, "sip:J?rg@10.0.0.7;x=?");
}

/* Several hundred phones behind one host, and subscriptions among them. */
static void
pages_list_each_once(void **state)
{
	enum { PHONES = 700 };
	static bool seen[PHONES];
	char who[64], contact[64], more[96];

	for (unsigned int i = 0; i < PHONES; i++) {
		if (i % 5 == 0)
			subscribe(i);
		snprintf(who, sizeof(who), "sip:%u@example.com", i);
		snprintf(contact, sizeof(contact), "<sip:%u@10.0.0.7:%u>", i, 10000 + i);
		ask_at(P, who, 1, contact);
		snprintf(more, sizeof(more), "Contact: <sip:%u@203.0.113.1:%u>;expires=600" CRLF, i,
			10000 + i);
		answer_at(P, who, 1, more);
	}
	for (unsigned int size = 1; size <= 64; size = size * 4 - 1) {
		memset(seen, 0, sizeof(seen));
		assert_int_equal(listed_in(size), PHONES);
		for (unsigned int i = 0; i < PHONES; i++) {
			unsigned int phone = (unsigned int)atoi(rows[i].address_of_record + 4);

			assert_false(seen[phone]);
			seen[phone] = true;
			assert_int_equal(ntohs(rows[i].inside.port), 10000 + phone);
			assert_int_equal(ntohs(rows[i].outside.port), 10000 + phone);
		}
	}
	for (unsigned int i = 0; i < PHONES; i++) {
		if (i % 50 == 0)
			continue;
		snprintf(who, sizeof(who), "sip:%u@example.com", i);
		ask_at(P, who, 2, "*");
		answer_at(P, who, 2, "");
	}
	assert_int_equal(listed(), PHONES / 50);
	fixture_time(600 + GRACE);
	assert_int_equal(listed(), 0);
}

/* Own endpoints of one REGISTER, or of the answer to it: "<sip:300@10.0.0.7:10000>, ..." */
static const char *
contacts(const char *host, unsigned int first, unsigned int count, const char *parameters)
{
	static char text[8000];
	size_t length = 0;

	for (unsigned int i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
			"%s<sip:300@%s:%u>%s", i ? ", " : "", host, 10000 + first + i, parameters);
	assert_true(length < sizeof(text));
	return text;
}

static void
granted(unsigned int cseq, unsigned int first, unsigned int count)
{
	static char more[8192];

	snprintf(more, sizeof(more), "Contact: %s" CRLF "Expires: 3600" CRLF,
		contacts("203.0.113.1", first, count, ""));
	answer(cseq, more);
}

static bool
reached(unsigned int number)
{
	char to[32];

	snprintf(to, sizeof(to), "10.0.0.7:%u", 10000 + number);
	return media_passes(P, to);
}

static void
star_takes_back_two_hundred_contacts(void **state)
{
	enum { EACH = 40, CONTACTS = 200 };

	for (unsigned int i = 0; i < CONTACTS; i += EACH) {
		ask(1 + i, contacts("10.0.0.7", i, EACH, ""));
		granted(1 + i, i, EACH);
	}
	assert_int_equal(listed(), CONTACTS);
	ask(1000, "*");
	assert_int_equal(listed(), CONTACTS);
	answer(1000, "");
	assert_int_equal(listed(), 0);
	assert_true(reached(0) && reached(CONTACTS - 1));
	fixture_time(33);
	for (unsigned int i = 0; i < CONTACTS; i++)
		assert_false(reached(i));
	assert_int_equal(counted(SIP_COUNT_NO_CONTACT), 0);
}

/* Those that an address of record has beyond its room work until their time is over. */
static void
contacts_beyond_the_room_are_counted_and_stay(void **state)
{
	enum { EACH = 40, CONTACTS = 280, ROOM = 256 };

	for (unsigned int i = 0; i < CONTACTS; i += EACH) {
		ask(1 + i, contacts("10.0.0.7", i, EACH, ""));
		granted(1 + i, i, EACH);
	}
	assert_int_equal(listed(), ROOM);
	assert_int_equal(counted(SIP_COUNT_NO_CONTACT), CONTACTS - ROOM);
	fixture_time(100);
	for (unsigned int i = 0; i < CONTACTS; i++)
		assert_true(reached(i));
	ask(1000, "*");
	answer(1000, "");
	assert_int_equal(listed(), 0);
	fixture_time(3600 + GRACE - 101);
	assert_true(reached(CONTACTS - 1));
	fixture_time(1);
	assert_false(reached(CONTACTS - 1));
	/* and then there is room, and it ends as ever */
	ask(1001, PHONE);
	answer(1001, "Contact: " PHONE_OUT ";expires=600" CRLF);
	ask(1002, PHONE ";expires=0");
	answer(1002, "");
	assert_int_equal(listed(), 0);
	fixture_time(33);
	assert_false(media_passes(P, A));
}

static void
one_register_names_many_contacts(void **state)
{
	enum { CONTACTS = 190 };

	ask(1, contacts("10.0.0.7", 0, CONTACTS, ""));
	granted(1, 0, CONTACTS);
	assert_int_equal(listed(), CONTACTS);
	fixture_time(100);
	for (unsigned int i = 0; i < CONTACTS; i++)
		assert_true(reached(i));
	ask(2, contacts("10.0.0.7", 0, CONTACTS, ";expires=0"));
	answer(2, "");
	assert_int_equal(listed(), 0);
}

/* Refused whole, and nothing of it stays; lines at one endpoint are one endpoint. */
static void
register_with_more_endpoints_than_are_opened_is_refused(void **state)
{
	enum { ROOM = 192 };

	fixture_send(A, P,
		"REGISTER sip:example.com SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK-1" CRLF "From: <" AOR ">;tag=a" CRLF
		"To: <" AOR ">" CRLF "Call-ID: many" CRLF "CSeq: 1 REGISTER" CRLF
		"Contact: %s" CRLF CRLF,
		contacts("10.0.0.7", 0, ROOM + 1, ""));
	assert_int_equal(fx.verdict, DROP_SIP_LIMIT);
	assert_int_equal(counted(SIP_COUNT_LIMIT_ENDPOINTS), 1);
	assert_int_equal(counted(SIP_COUNT_NO_PINHOLE), 0);
	assert_int_equal(pool_used(pinhole_pool(fx.pinholes)), 0);
	assert_int_equal(listed(), 0);
	ask(1, contacts("10.0.0.7:9000>, <sip:7@10.0.0.7", 0, 100, ""));
	assert_int_equal(counted(SIP_COUNT_LIMIT_ENDPOINTS), 1);
}

static void
so_it_is_without_nat(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.no_nat = true});
	register_with_more_endpoints_than_are_opened_is_refused(state);
}

static int
stop(void **state)
{
	fixture_time(1000);
	assert_int_equal(listed(), 0);
	assert_nothing_left();
	return fixture_stop(state);
}

#define REGISTRATION_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REGISTRATION_TEST(registration_is_listed_when_it_is_granted),
		REGISTRATION_TEST(refused_registration_is_not_listed),
		REGISTRATION_TEST(refresh_is_the_same_registration),
		REGISTRATION_TEST(taken_back_it_is_gone_at_once),
		REGISTRATION_TEST(it_ends_with_the_grace),
		REGISTRATION_TEST(star_takes_back_all_contacts),
		REGISTRATION_TEST(each_registrar_has_its_own),
		REGISTRATION_TEST(routes_are_shown_with_their_contact),
		REGISTRATION_TEST(subscription_is_no_registration),
		REGISTRATION_TEST(without_nat_it_has_no_outside),
		REGISTRATION_TEST(contact_is_shown_as_its_phone_wrote_it),
		REGISTRATION_TEST(long_texts_are_cut),
		REGISTRATION_TEST(unprintable_bytes_are_not_shown),
		REGISTRATION_TEST(star_takes_back_two_hundred_contacts),
		REGISTRATION_TEST(contacts_beyond_the_room_are_counted_and_stay),
		REGISTRATION_TEST(one_register_names_many_contacts),
		REGISTRATION_TEST(register_with_more_endpoints_than_are_opened_is_refused),
		REGISTRATION_TEST(so_it_is_without_nat),
		REGISTRATION_TEST(pages_list_each_once),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
