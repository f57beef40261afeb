/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom a message may open: an endpoint of its sender's own side, that is somebody's, at a port that
 * no service has. Contact, Record-Route and descriptions, from either side, with and without NAT. */
#include <stdio.h>
#include <string.h>

#include "alg/alg_priv.h"
#include "alg_between.h"
#include "core/drop.h"

enum { PORT = 6077 };

static bool translated;
static const char *response_tag = ";tag=b";

/* Nothing is one of these: callgate's own, networks, multicast, loopback, none. */
static const char *const no_hosts[] = {"10.0.0.1", "203.0.113.1", "10.0.0.255", "10.0.0.0",
	"203.0.113.255", "255.255.255.255", "224.0.0.1", "239.255.0.1", "127.0.0.1", "0.0.0.0",
	"240.0.0.1"};

static const char *const insiders[] = {"10.0.0.7", "10.0.0.8"};
static const char *const outsiders[] = {"198.51.100.9", "198.51.100.20", "192.0.2.66"};

static void
either(void **state, void (*check)(void))
{
	translated = true;
	check();
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.no_nat = true});
	translated = false;
	check();
}

static void
say(bool from_inside, const char *start, const char *headers, const char *body)
{
	static unsigned int number;
	const char *inside = translated ? A_OUT : A;

	/* the inside has spoken, so that the outside finds it */
	fixture_send(A, P, CRLF CRLF);
	fixture_send(from_inside ? A : P, from_inside ? P : inside,
		"%s" CRLF "Via: SIP/2.0/UDP x.example;branch=z9hG4bK%u" CRLF
		"From: <sip:a@x.example>;tag=a" CRLF "To: <sip:b@x.example>%s" CRLF
		"Call-ID: open-%u" CRLF "CSeq: 1 %s" CRLF "%s%s",
		start, number, start[0] == 'S' ? response_tag : "", number,
		body || strstr(start, "INVITE") ? "INVITE" : "OPTIONS", headers,
		body ? with_sdp(body) : CRLF);
	number++;
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

static uint32_t
pinholes(void)
{
	return pool_used(pinhole_pool(fx.pinholes));
}

/* How many pinholes a message has with this header beyond those that it has without. */
static unsigned int
opened(bool from_inside, const char *start, const char *header, const char *host, unsigned int port)
{
	char line[128];
	uint32_t before;

	fixture_time(400);
	snprintf(line, sizeof(line), "%s: <sip:x@%s:%u>" CRLF, header, host, port);
	say(from_inside, start, "", NULL);
	before = pinholes();
	say(from_inside, start, line, NULL);
	return pinholes() - before;
}

#define REQUEST "OPTIONS sip:b@x.example SIP/2.0"

static void
signalling_of_the_own_side(void)
{
	static const char *const headers[] = {"Contact", "Record-Route"};

	for (unsigned int h = 0; h < RTE_DIM(headers); h++) {
		for (unsigned int i = 0; i < RTE_DIM(insiders); i++) {
			assert_int_equal(opened(true, REQUEST, headers[h], insiders[i], PORT), 1);
			assert_int_equal(opened(false, REQUEST, headers[h], insiders[i], PORT), 0);
		}
		for (unsigned int i = 0; i < RTE_DIM(outsiders); i++) {
			assert_int_equal(opened(false, REQUEST, headers[h], outsiders[i], PORT), 1);
			assert_int_equal(opened(true, REQUEST, headers[h], outsiders[i], PORT), 0);
		}
		for (unsigned int i = 0; i < RTE_DIM(no_hosts); i++) {
			assert_int_equal(opened(false, REQUEST, headers[h], no_hosts[i], PORT), 0);
			assert_int_equal(opened(true, REQUEST, headers[h], no_hosts[i], PORT), 0);
		}
	}
}

static void
signalling_opens_the_own_side_alone(void **state)
{
	either(state, signalling_of_the_own_side);
}

static void
signalling_of_ports(void)
{
	static const struct {
		unsigned int port, opens;
	} rows[] = {{22, 0}, {1023, 0}, {1024, 1}, {65535, 1}};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		assert_int_equal(
			opened(true, REQUEST, "Contact", "10.0.0.7", rows[i].port), rows[i].opens);
		assert_int_equal(opened(false, REQUEST, "Contact", "198.51.100.9", rows[i].port),
			rows[i].opens);
	}
}

static void
signalling_opens_no_port_below_1024(void **state)
{
	either(state, signalling_of_ports);
}

static void
signalling_of_responses(void)
{
	static const struct {
		const char *start;
		unsigned int opens;
	} rows[] = {{"SIP/2.0 180 Ringing", 1}, {"SIP/2.0 200 OK", 1}, {"SIP/2.0 202 Accepted", 1},
		{"SIP/2.0 302 Moved", 1}, {"SIP/2.0 399 Else", 1}, {"SIP/2.0 400 Bad Request", 0},
		{"SIP/2.0 404 Not Found", 0}, {"SIP/2.0 503 No", 0}, {"SIP/2.0 603 Decline", 0}};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		assert_int_equal(
			opened(true, rows[i].start, "Contact", "10.0.0.7", PORT), rows[i].opens);
		assert_int_equal(opened(false, rows[i].start, "Contact", "198.51.100.9", PORT),
			rows[i].opens);
	}
	/* a 2xx of who knows no tags does (RFC 2543), a 1xx makes no dialog */
	response_tag = "";
	assert_int_equal(opened(false, "SIP/2.0 180 Ringing", "Contact", "198.51.100.9", PORT), 0);
	assert_int_equal(opened(false, "SIP/2.0 200 OK", "Contact", "198.51.100.9", PORT), 1);
	response_tag = ";tag=b";
}

static void
refusals_open_nothing_and_redirections_do(void **state)
{
	either(state, signalling_of_responses);
}

/* Media pinholes of a description, in an INVITE and in a 200 that offers. */
static unsigned int
described(bool from_inside, bool response, const char *host, unsigned int port)
{
	unsigned int count;

	say(from_inside, response ? "SIP/2.0 200 OK" : "INVITE sip:b@x.example SIP/2.0", "",
		sdp_audio(host, port, ""));
	count = pinhole_media_count(fx.pinholes);
	fixture_time(400);
	assert_int_equal(pinhole_media_count(fx.pinholes), 0);
	return count;
}

static void
media_of_the_own_side(void)
{
	for (unsigned int response = 0; response < 2; response++) {
		for (unsigned int i = 0; i < RTE_DIM(insiders); i++) {
			assert_int_equal(described(true, response, insiders[i], 4000), 2);
			assert_int_equal(described(false, response, insiders[i], 4000), 0);
		}
		for (unsigned int i = 0; i < RTE_DIM(outsiders); i++) {
			assert_int_equal(described(false, response, outsiders[i], 7000), 2);
			assert_int_equal(described(true, response, outsiders[i], 7000), 0);
		}
		for (unsigned int i = 0; i < RTE_DIM(no_hosts); i++) {
			assert_int_equal(described(false, response, no_hosts[i], 7000), 0);
			assert_int_equal(described(true, response, no_hosts[i], 4000), 0);
		}
	}
}

static void
descriptions_open_the_own_side_alone(void **state)
{
	either(state, media_of_the_own_side);
}

static void
media_of_ports(void)
{
	/* RTCP has the next port, and is asked for by itself */
	static const struct {
		unsigned int port, opens;
	} rows[] = {{22, 0}, {1022, 0}, {1023, 1}, {1024, 2}, {65534, 2}, {65535, 1}};

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		assert_int_equal(described(true, false, "10.0.0.7", rows[i].port), rows[i].opens);
		assert_int_equal(
			described(false, false, "198.51.100.9", rows[i].port), rows[i].opens);
	}
}

static void
descriptions_open_no_port_below_1024(void **state)
{
	either(state, media_of_ports);
}

static void
media_of_the_sender(void)
{
	assert_int_equal(described(true, false, "10.0.0.7", 4000), 2);
	assert_int_equal(described(true, false, "10.0.0.8", 4000), 0);
	assert_int_equal(described(false, false, "198.51.100.9", 7000), 2);
	assert_int_equal(described(false, false, "198.51.100.20", 7000), 0);
}

static void
media_hosts_sender_is_who_sent_the_message(void **state)
{
	fixture_stop(state);
	fixture_start_with(&(struct fixture_options){.media_hosts = MEDIA_HOSTS_SENDER});
	translated = true;
	media_of_the_sender();
	fixture_stop(state);
	fixture_start_with(
		&(struct fixture_options){.no_nat = true, .media_hosts = MEDIA_HOSTS_SENDER});
	translated = false;
	media_of_the_sender();
}

/* m= names the first port alone: the outside ones have to follow it as the inside ones do. */
static void
ports_of_a_count_follow_each_other_or_the_message_is_refused(void **state)
{
	const char *two = sdp_audio("10.0.0.7", 0, "m=audio 4010/2 RTP/AVP 0" CRLF);
	char inside[32];

	out_request("INVITE", 1, "", two);
	assert_has("m=audio 4010/2 ");
	assert_media(4, 4);
	for (unsigned int port = 4010; port < 4014; port++) {
		snprintf(inside, sizeof(inside), "10.0.0.7:%u", port);
		assert_int_equal(outside_port(inside), port);
		assert_true(open_inside(port));
	}
	in_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
	assert_nothing_left();
	/* another host has one of them outside */
	fixture_send("10.0.0.8:4012", P, CRLF);
	fixture_send(A, P,
		"INVITE sip:x@198.51.100.9 SIP/2.0" CRLF "Via: SIP/2.0/UDP 10.0.0.7" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>" CRLF "Call-ID: n" CRLF
		"CSeq: 1 INVITE" CRLF "%s",
		with_sdp(two));
	assert_int_equal(fx.verdict, DROP_SIP_NO_PORT);
	assert_int_equal(counted(SIP_COUNT_NO_PORT), 1);
	assert_nothing_left();
}

/* Where the message's plan will be on the stack. */
static __rte_noinline void
stack_dirty(void)
{
	volatile char bytes[16384];

	memset((char *)bytes, 0xff, sizeof(bytes));
	rte_compiler_barrier();
}

/* Only what names an endpoint of the other side makes other legs of its Call-ID careful (foreign.c). */
static void
call_is_foreign_when_it_has_named_the_other_side(void **state)
{
	static const struct {
		const char *host;
		bool foreign;
	} rows[] = {{"10.0.0.7", false}, {"198.51.100.20", true}};
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		stack_dirty();
		out_request("INVITE", 1, "", sdp_audio(rows[i].host, 4000, ""));
		assert_int_equal(call_at(worker, 1)->foreign, rows[i].foreign);
		in_response("486 Busy", 1, "INVITE", ";tag=b", NULL);
		assert_nothing_left();
	}
}

static void
watch(bool from_inside, const char *start, const char *method, const char *headers)
{
	const char *inside = translated ? A_OUT : A;
	bool back = strcmp(method, "NOTIFY") == 0;
	const char *to_tag = start[0] == 'S' ? ";tag=b" : "";

	fixture_send(A, P, CRLF CRLF);
	fixture_send(from_inside ? A : P, from_inside ? P : inside,
		"%s" CRLF "Via: SIP/2.0/UDP x.example;branch=z9hG4bK" CRLF
		"From: <sip:x@x.example>;tag=%s" CRLF "To: <sip:x@x.example>%s" CRLF
		"Call-ID: watch" CRLF "CSeq: 1 %s" CRLF "Contact: <sip:x@%s:6077>" CRLF
		"Event: presence" CRLF "%s" CRLF CRLF,
		start, back ? "b" : "a", back ? ";tag=a" : to_tag, method,
		from_inside ? "10.0.0.7" : "198.51.100.9", headers);
	assert_int_equal(fx.verdict, ALG_FORWARD);
}

#define LONG      "1000000000"
#define SUBSCRIBE "SUBSCRIBE sip:x@x.example SIP/2.0"
#define NOTIFY    "NOTIFY sip:x@x.example SIP/2.0"
#define ACTIVE    "Subscription-State: active;expires=" LONG

static void
subscriptions(void)
{
	enum { DAY_S = 24 * 3600 };

	watch(false, NOTIFY, "NOTIFY", ACTIVE);
	fixture_time(400);
	assert_int_equal(pinholes(), 0);
	watch(false, "SIP/2.0 200 OK", "SUBSCRIBE", "Expires: " LONG);
	fixture_time(400);
	assert_int_equal(pinholes(), 0);
	watch(false, SUBSCRIBE, "SUBSCRIBE", "Expires: " LONG);
	watch(false, NOTIFY, "NOTIFY", ACTIVE);
	fixture_time(400);
	assert_int_equal(pinholes(), 0);
	/* asked for: for a week at most */
	watch(true, SUBSCRIBE, "SUBSCRIBE", "Expires: " LONG);
	watch(false, NOTIFY, "NOTIFY", ACTIVE);
	fixture_time(6 * DAY_S);
	assert_int_equal(pinholes(), 2);
	fixture_time(2 * DAY_S);
	assert_int_equal(pinholes(), 0);
}

static void
subscription_that_nobody_asked_for_keeps_nothing(void **state)
{
	either(state, subscriptions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(signalling_opens_the_own_side_alone),
		TEST(signalling_opens_no_port_below_1024),
		TEST(refusals_open_nothing_and_redirections_do),
		TEST(descriptions_open_the_own_side_alone),
		TEST(descriptions_open_no_port_below_1024),
		TEST(media_hosts_sender_is_who_sent_the_message),
		TEST(ports_of_a_count_follow_each_other_or_the_message_is_refused),
		TEST(call_is_foreign_when_it_has_named_the_other_side),
		TEST(subscription_that_nobody_asked_for_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
