/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams: whose media is let in, and what each kind of stream opens and closes. */
#include <stdio.h>
#include <string.h>

#include "alg_message.h"
#include "core/drop.h"
#include "sip/sdp.h"

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
	for (unsigned int fork = 1; fork <= 2; fork++) {
		const char *tag = fork == 1 ? ";tag=f1" : ";tag=f2";

		out_request("BYE", 9, tag, NULL);
		in_response("200 OK", 9, "BYE", tag, NULL);
	}
	assert_nothing_left();
}

/* A description of these m= sections, with this attribute of the session. */
static const char *
described(const char *address, const char *attribute, const char *sections)
{
	static char text[4][2048];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]),
		"v=0" CRLF "o=- 1 1 IN IP4 %s" CRLF "s=-" CRLF "c=IN IP4 %s" CRLF "t=0 0" CRLF
		"%s%s",
		address, address, attribute, sections);
	return out;
}

#define GROUP(mids)               "a=group:BUNDLE " mids CRLF
#define AUDIO(port)               "m=audio " #port " RTP/AVP 0" CRLF "a=mid:a" CRLF "a=rtcp-mux" CRLF
#define VIDEO(port)               "m=video " #port " RTP/AVP 31" CRLF "a=mid:v" CRLF "a=rtcp-mux" CRLF
#define VIDEO_ONLY(port)          VIDEO(port) "a=bundle-only" CRLF
#define NEAR(attribute, sections) described("10.0.0.7", attribute, sections)
#define FAR(attribute, sections)  described("198.51.100.20", attribute, sections)

static void
bundle_agreed_leaves_one_door(void **state)
{
	static const char *const answers[] = {
		AUDIO(7000) VIDEO(7000), /* one transport: RFC 9143 */
		AUDIO(7000) VIDEO(7004), /* as if it did not know */
		AUDIO(7000) "m=video 9 RTP/AVP 31" CRLF "c=IN IP4 0.0.0.0" CRLF "a=mid:v" CRLF
			    "a=rtcp-mux" CRLF, /* the tagged one alone says where */
	};

	for (unsigned int i = 0; i < RTE_DIM(answers); i++) {
		uint16_t port;

		out_request("INVITE", 1, "", NEAR(GROUP("a v"), AUDIO(4000) VIDEO(4004)));
		assert_media(4, 4);
		port = outside_port("10.0.0.7:4000");
		in_response("200 OK", 1, "INVITE", ";tag=b", FAR(GROUP("a v"), answers[i]));
		out_request("ACK", 1, ";tag=b", NULL);
		assert_media(2, 1);
		assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
		assert_false(media_passes("198.51.100.20:7000", "10.0.0.7:4004"));
		/* The next offer has the one transport for both; its text is edited as before. */
		out_request("INVITE", 2, ";tag=b", NEAR(GROUP("a v"), AUDIO(4000) VIDEO(4000)));
		assert_null(strstr(fx.text, "10.0.0.7" CRLF "t=0"));
		assert_int_equal(port, 4000);
		assert_has("m=audio 4000 ");
		assert_has("m=video 4000 ");
		assert_media(2, 1);
		in_response("200 OK", 2, "INVITE", ";tag=b",
			FAR(GROUP("a v"), AUDIO(7000) VIDEO(7000)));
		assert_media(2, 1);
		/* The far side's offer, and ours as the answer. */
		in_request("INVITE", 1, ";tag=b", FAR(GROUP("a v"), AUDIO(7000) VIDEO(7000)));
		out_response("200 OK", 1, "INVITE", ";tag=b",
			NEAR(GROUP("a v"), AUDIO(4000) VIDEO(4000)));
		assert_has("m=video 4000 ");
		assert_media(2, 1);
		call_down();
	}
}

/* The port that the others share is the one of the tagged m= line, whichever it is. */
static void
bundle_on_a_translated_port_is_edited_in_every_section(void **state)
{
	char line[64];

	fixture_send("10.0.0.8:4000", P, CRLF); /* takes port 4000 outside */
	call_up(NEAR(GROUP("v a"), AUDIO(4004) VIDEO(4000)),
		FAR(GROUP("v a"), AUDIO(7000) VIDEO(7000)));
	assert_media(2, 1);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	for (unsigned int cseq = 2; cseq < 4; cseq++) {
		out_request("INVITE", cseq, ";tag=b", NEAR(GROUP("v a"), AUDIO(4000) VIDEO(4000)));
		assert_int_not_equal(outside_port("10.0.0.7:4000"), 4000);
		snprintf(line, sizeof(line), "m=audio %u ", outside_port("10.0.0.7:4000"));
		assert_has(line);
		snprintf(line, sizeof(line), "m=video %u ", outside_port("10.0.0.7:4000"));
		assert_has(line);
		in_response("200 OK", cseq, "INVITE", ";tag=b",
			FAR(GROUP("v a"), AUDIO(7000) VIDEO(7000)));
		assert_media(2, 1);
	}
	call_down();
}

static void
bundle_refused_keeps_all(void **state)
{
	static const char *const groups[] = {"", GROUP("a"), GROUP("x y")};

	for (unsigned int i = 0; i < RTE_DIM(groups); i++) {
		call_up(NEAR(GROUP("a v"), AUDIO(4000) VIDEO(4004)),
			FAR(groups[i], AUDIO(7000) VIDEO(7004)));
		assert_media(4, 2);
		assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
		assert_true(media_passes("198.51.100.20:7004", "10.0.0.7:4004"));
		call_down();
	}
}

static void
bundle_waits_for_the_forks(void **state)
{
	out_request("INVITE", 1, "", NEAR(GROUP("a v"), AUDIO(4000) VIDEO(4004)));
	in_response("180 Ringing", 1, "INVITE", ";tag=c", NULL);
	in_response("200 OK", 1, "INVITE", ";tag=b", FAR(GROUP("a v"), AUDIO(7000) VIDEO(7000)));
	out_request("ACK", 1, ";tag=b", NULL);
	assert_media(5, 4); /* fork c may refuse to bundle */
	fixture_time(33);
	assert_media(2, 1);
	call_down();
}

static void
bundle_only_stream_is_not_refused(void **state)
{
	call_up(NEAR(GROUP("a v"), AUDIO(4000) VIDEO_ONLY(0)),
		FAR(GROUP("a v"), AUDIO(7000) VIDEO(7000)));
	assert_media(2, 1);
	/* The far side puts it on a transport of its own: that is open until both agree on one. */
	in_request("INVITE", 1, ";tag=b", FAR("", AUDIO(7000) VIDEO(7004)));
	out_response("200 OK", 1, "INVITE", ";tag=b", NEAR("", AUDIO(4000) VIDEO(4004)));
	assert_media(4, 2);
	assert_true(media_passes("10.0.0.7:4004", "198.51.100.20:7004"));
	call_down();
	/* Nobody sends on the audio stream, but on the one that is bundled with it. */
	call_up(NEAR(GROUP("a v"), AUDIO(4000) "a=inactive" CRLF VIDEO_ONLY(0)),
		FAR(GROUP("a v"), AUDIO(7000) "a=inactive" CRLF VIDEO(7000)));
	fixture_time(1000);
	assert_nothing_left();
	/* Without a group it is a refused stream like any other. */
	call_up(NEAR("", AUDIO(4000) VIDEO_ONLY(0)), FAR("", AUDIO(7000) VIDEO(7004)));
	assert_media(2, 1);
	call_down();
}

#define IMAGE(port)  "m=image " #port " udptl t38" CRLF
#define SPEECH(port) "m=audio " #port " RTP/AVP 0" CRLF

static void
t38_reinvite_and_back(void **state)
{
	uint16_t port;

	fixture_send("10.0.0.8:4000", P, CRLF); /* takes port 4000 outside */
	call_up(NEAR("", SPEECH(4000)), FAR("", SPEECH(7000)));
	port = outside_port("10.0.0.7:4000");
	assert_int_not_equal(port, 4000);
	/* Beside the audio, on a port of its own; both ways round. */
	in_request("INVITE", 1, ";tag=b", FAR("", SPEECH(0) IMAGE(7010)));
	assert_media(5, 2);
	out_response("200 OK", 1, "INVITE", ";tag=b", NEAR("", SPEECH(0) IMAGE(4010)));
	assert_has("m=image 4010 udptl");
	assert_media(2, 1);
	assert_true(media_passes("198.51.100.20:7010", "10.0.0.7:4010"));
	assert_false(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	/* Back to audio. */
	out_request("INVITE", 2, ";tag=b", NEAR("", SPEECH(4000) IMAGE(0)));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR("", SPEECH(7000) IMAGE(0)));
	assert_media(4, 2);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.20:7010", "10.0.0.7:4010"));
	/* On the port that the audio had: the same outside, and no RTCP. */
	port = outside_port("10.0.0.7:4000");
	out_request("INVITE", 3, ";tag=b", NEAR("", IMAGE(4000)));
	in_response("200 OK", 3, "INVITE", ";tag=b", FAR("", IMAGE(7000)));
	assert_int_equal(outside_port("10.0.0.7:4000"), port);
	assert_media(2, 1);
	out_request("INVITE", 4, ";tag=b", NEAR("", SPEECH(4000)));
	in_response("200 OK", 4, "INVITE", ";tag=b", FAR("", SPEECH(7000)));
	assert_int_equal(outside_port("10.0.0.7:4000"), port);
	assert_media(4, 2);
	call_down();
}

static void
refused_t38_keeps_the_audio(void **state)
{
	call_up(NEAR("", SPEECH(4000)), FAR("", SPEECH(7000)));
	in_request("INVITE", 1, ";tag=b", FAR("", IMAGE(7000)));
	out_response("488 No", 1, "INVITE", ";tag=b", NULL);
	assert_media(4, 2);
	assert_true(media_passes("198.51.100.20:7000", "10.0.0.7:4000"));
	assert_true(media_passes("198.51.100.20:7001", "10.0.0.7:4001"));
	call_down();
}

static bool
connects(const char *from, const char *to)
{
	struct sockaddr_in source = endpoint_of(from), destination = endpoint_of(to);
	struct flow_key key = {source.sin_addr.s_addr, destination.sin_addr.s_addr, source.sin_port,
		destination.sin_port, IPPROTO_TCP, 0, 0};
	struct pinhole *pinhole;

	return pinhole_match(&fx.worker, fx.pinholes, &key, &pinhole) == PINHOLE_PASS;
}

#define TCP(port, setup, connection) \
	"m=image " #port " TCP t38" CRLF "a=setup:" setup CRLF "a=connection:" connection CRLF

/* RFC 4145: who listens is opened; who connects says port 9, and is let in as the first that comes. */
static void
tcp_actpass_and_existing_connection(void **state)
{
	call_up(NEAR("", TCP(4000, "actpass", "new")), FAR("", TCP(9, "active", "new")));
	assert_media(1, 1);
	assert_true(connects("198.51.100.20:33000", "10.0.0.7:4000"));
	assert_false(connects("198.51.100.21:33000", "10.0.0.7:4000"));
	assert_false(media_passes("198.51.100.20:33000", "10.0.0.7:4000")); /* UDP */
	/* The connection stays: nothing is opened or closed. */
	out_request("INVITE", 2, ";tag=b", NEAR("", TCP(4000, "actpass", "existing")));
	in_response("200 OK", 2, "INVITE", ";tag=b", FAR("", TCP(9, "active", "existing")));
	assert_media(1, 1);
	assert_int_equal(counted(SIP_COUNT_MEDIA_OPENED), 1);
	assert_false(connects("198.51.100.21:33001", "10.0.0.7:4000"));
	call_down();

	/* The other way round: the inside connects. */
	call_up(NEAR("", TCP(4000, "actpass", "new")), FAR("", TCP(7000, "passive", "new")));
	assert_true(connects("10.0.0.7:33000", "198.51.100.20:7000"));
	assert_false(connects("10.0.0.7:33000", "198.51.100.20:7001"));
	call_down();

	/* The inside only connects: port 9 is no port. */
	call_up(NEAR("", TCP(9, "active", "new")), FAR("", TCP(7000, "passive", "new")));
	assert_media(1, 0);
	assert_true(connects("10.0.0.7:33000", "198.51.100.20:7000"));
	call_down();
}

/* An INVITE of that body, and whether it leaves. */
static bool
invites(const char *call_id, const char *from, const char *to, const char *type, const char *body)
{
	fixture_send(from, to,
		"INVITE sip:x@%.12s SIP/2.0" CRLF "Via: SIP/2.0/UDP %s;branch=z9hG4bKx" CRLF
		"From: <sip:a@x>;tag=a" CRLF "To: <sip:b@x>" CRLF "Call-ID: %s" CRLF
		"CSeq: 1 INVITE" CRLF "Content-Type: %s" CRLF "Content-Length: %zu" CRLF CRLF "%s",
		to, from, call_id, type, strlen(body), body);
	return fx.verdict == ALG_FORWARD;
}

#define PART "--b" CRLF "Content-Type: application/sdp" CRLF CRLF "%s" CRLF

/* What is wrong with a body is counted by its name; what can be read is translated all the same. */
static void
wrong_bodies_are_counted_by_name(void **state)
{
	const char *const mixed = "multipart/mixed;boundary=b";
	char part[512], long_line[9000];
	const struct {
		enum sip_counter counter;
		const char *type, *before, *after;
	} row[] = {
		{SIP_COUNT_BODY_ERROR_NOT_CLOSED, mixed, "", ""},
		{SIP_COUNT_BODY_ERROR_TYPE, mixed, "--b" CRLF "Content-Type: ?" CRLF CRLF "x" CRLF,
			"--b--"},
		{SIP_COUNT_BODY_ERROR_BOUNDARY, mixed,
			"--b" CRLF "Content-Type: multipart/mixed" CRLF CRLF "x" CRLF, "--b--"},
		{SIP_COUNT_BODY_ERROR_NO_PART, mixed,
			"--b" CRLF "Content-Type: multipart/mixed;boundary=c" CRLF CRLF "x" CRLF,
			"--b--"},
		{SIP_COUNT_BODY_ERROR_HEADER, mixed, long_line, "--b--"},
	};

	memset(long_line, 'x', sizeof(long_line) - 1);
	memcpy(long_line, "--b" CRLF, 5);
	strcpy(long_line + sizeof(long_line) - 10, ":" CRLF CRLF "y" CRLF);
	snprintf(part, sizeof(part), PART, sdp_audio("10.0.0.7", 4000, ""));
	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char body[12288], call_id[16];

		snprintf(body, sizeof(body), "%s%s%s", row[i].before, part, row[i].after);
		snprintf(call_id, sizeof(call_id), "wrong%u", i);
		assert_true(invites(call_id, A, P, row[i].type, body));
		assert_int_equal(counted(row[i].counter), 1);
		assert_null(strstr(fx.text, "IP4 10.0.0.7"));
		fixture_time(200);
		assert_nothing_left();
	}
}

/* A description that nobody looked for may name anything. */
static void
body_of_too_many_parts_is_refused_and_counted(void **state)
{
	char body[4096] = "";

	for (unsigned int i = 0; i < 16; i++)
		strcat(body, "--b" CRLF CRLF "text" CRLF);
	sprintf(body + strlen(body), PART "--b--", sdp_audio("10.0.0.7", 4000, ""));
	assert_false(invites("parts", A, P, "multipart/mixed;boundary=b", body));
	assert_int_equal(fx.verdict, DROP_SIP_NO_MEDIA);
	assert_int_equal(counted(SIP_COUNT_BODY_ERROR_TOO_MANY_PARTS), 1);
	assert_int_equal(counted(SIP_COUNT_TOO_MANY_MEDIA), 1);
	assert_true(invites("fewer", A, P, "multipart/mixed;boundary=b", strstr(body, "text") + 6));
	assert_null(strstr(fx.text, "IP4 10.0.0.7"));
	fixture_time(200);
	assert_nothing_left();
}

enum {
	PORT_COUNT_MAX = 8, /* m=audio 4000/8 */
	DESCRIPTIONS_MAX = 4, /* of one message */
	WANTED_MAX = 128, /* endpoints of one message */
};

enum excess { EXCESS_STREAMS, EXCESS_PORTS, EXCESS_ENDPOINTS, EXCESS_CANDIDATES, EXCESS_BODIES };

/* A body of `host` with just as many as fit, or one more. */
static const char *
body_of(enum excess excess, const char *host, bool more)
{
	static char text[16384];
	char *end = text;
	unsigned int count, extra = more ? 1 : 0;

#define WRITE(...) (end += snprintf(end, (size_t)(text + sizeof(text) - end), __VA_ARGS__))
	if (excess == EXCESS_BODIES) {
		for (unsigned int i = 0; i < DESCRIPTIONS_MAX + extra; i++)
			WRITE("--b" CRLF "Content-Type: application/sdp" CRLF CRLF "%s" CRLF,
				sdp_audio(host, 4000 + 2 * i, ""));
		WRITE("--b--" CRLF);
		return text;
	}
	WRITE("%s", described(host, "", ""));
	switch (excess) {
	case EXCESS_STREAMS:
		for (unsigned int i = 0; i < SDP_MEDIA_MAX + extra; i++)
			WRITE("m=audio %u RTP/AVP 0" CRLF, 4000 + 2 * i);
		break;
	case EXCESS_PORTS:
		WRITE("m=audio 4000/%u RTP/AVP 0" CRLF, PORT_COUNT_MAX + extra);
		break;
	case EXCESS_ENDPOINTS:
		count = WANTED_MAX / 2 / PORT_COUNT_MAX;
		for (unsigned int i = 0; i < count; i++)
			WRITE("m=audio %u/%u RTP/AVP 0" CRLF, 4000 + 2 * PORT_COUNT_MAX * i,
				PORT_COUNT_MAX);
		if (more)
			WRITE("m=image 3000 udptl t38" CRLF);
		break;
	case EXCESS_CANDIDATES:
		WRITE("m=audio 4000 RTP/AVP 0" CRLF);
		for (unsigned int i = 0; i < SDP_CANDIDATES_MAX + extra; i++)
			WRITE("a=candidate:%u 1 UDP 1 %s %u typ host" CRLF, i, host, 5000 + i);
		break;
	case EXCESS_BODIES:
		break;
	}
#undef WRITE
	return text;
}

static void
description_of_too_many_endpoints_is_refused_and_counted(void **state)
{
	for (unsigned int excess = EXCESS_STREAMS; excess <= EXCESS_BODIES; excess++) {
		const char *type =
			excess == EXCESS_BODIES ? "multipart/mixed;boundary=b" : "application/sdp";
		char call_id[16];

		snprintf(call_id, sizeof(call_id), "fits%u", excess);
		assert_true(invites(call_id, A, P, type, body_of(excess, "10.0.0.7", false)));
		assert_int_equal(counted(SIP_COUNT_TOO_MANY_MEDIA), 2 * excess);
		assert_null(strstr(fx.text, "IP4 10.0.0.7"));
		fixture_time(200);
		assert_nothing_left();

		assert_false(invites("more", A, P, type, body_of(excess, "10.0.0.7", true)));
		assert_int_equal(fx.verdict, DROP_SIP_NO_MEDIA);
		assert_int_equal(counted(SIP_COUNT_TOO_MANY_MEDIA), 2 * excess + 1);
		assert_nothing_left();

		/* It names nothing of the inside: it passes, and is counted. */
		snprintf(call_id, sizeof(call_id), "outside%u", excess);
		assert_true(
			invites(call_id, P, A_OUT, type, body_of(excess, "198.51.100.9", true)));
		assert_int_equal(counted(SIP_COUNT_TOO_MANY_MEDIA), 2 * excess + 2);
		fixture_time(200);
		assert_nothing_left();
	}
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
		TEST(bundle_agreed_leaves_one_door),
		TEST(bundle_on_a_translated_port_is_edited_in_every_section),
		TEST(bundle_refused_keeps_all),
		TEST(bundle_waits_for_the_forks),
		TEST(bundle_only_stream_is_not_refused),
		TEST(t38_reinvite_and_back),
		TEST(refused_t38_keeps_the_audio),
		TEST(tcp_actpass_and_existing_connection),
		TEST(description_of_too_many_endpoints_is_refused_and_counted),
		TEST(wrong_bodies_are_counted_by_name),
		TEST(body_of_too_many_parts_is_refused_and_counted),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
