/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "rig.h"
#include "script.h"

enum {
	TEXT_MAX = 66000,
	TEXT_LINE_MAX = 600,
	SIP_PORT = 5060,
	PLAIN_PORT = 7060,
	CONTACT_PORT = 5070, /* of whom is inside: callgate's 5060 is taken */
};

#define FAR "198.51.100.10"

static const struct {
	const char *name, *inside;
	unsigned int caller;
} directions[SCRIPT_DIRECTIONS] = {
	[SCRIPT_GROWS] = {"grows", "10.0.0.5", 0},
	[SCRIPT_SHRINKS] = {"shrinks", "10.200.100.105", 0},
	[SCRIPT_EQUAL] = {"equal", "10.10.100.5", 0},
	[SCRIPT_INWARD] = {"inward", RIG_STATIC_INSIDE, 1},
};

const char *
script_name(enum script_direction direction)
{
	return directions[direction].name;
}

void
script_begin(struct talk *talk, enum script_direction direction, bool plain)
{
	const unsigned int caller = directions[direction].caller;

	memset(talk, 0, sizeof(*talk));
	talk->caller = caller;
	talk->address[0] = directions[direction].inside;
	talk->address[1] = FAR;
	talk->port[caller] = 40000;
	talk->port[!caller] = plain ? PLAIN_PORT : SIP_PORT;
	talk->destination = caller ? RIG_CALLGATE_OUTSIDE : FAR;
	talk->destination_port = talk->port[!caller];
	talk->untouched = plain;
}

/* The text that an end has got in what was last said to it. */
static const char *
heard_by(unsigned int end)
{
	static char text[2][TCP_END_STREAM_MAX];
	const uint32_t length = tcp_end_received(&wire_end[end]);

	memcpy(text[end], wire_end[end].got, length);
	text[end][length] = 0;
	return text[end];
}

/* The last line in `text` that begins with `name`, without its end. */
static void
last_line(const char *text, const char *name, char *line)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
		found = at;
	if (found == NULL)
		line[0] = 0;
	else
		snprintf(line, TEXT_LINE_MAX, "%.*s", (int)strcspn(found, "\r\n"), found);
}

static void
contact_of(unsigned int end, const struct talk *talk, char *contact)
{
	snprintf(contact, TEXT_LINE_MAX, "sip:%u00@%s:%u;transport=tcp", end + 1,
		talk->address[end], end == 0 && talk->caller == 0 ? CONTACT_PORT : SIP_PORT);
}

/* Where the other wants to be sent to, as far as `who` knows; else where the connection leads. */
static void
target_for(unsigned int who, const struct talk *talk, char *target)
{
	char line[TEXT_LINE_MAX], *end;

	last_line(heard_by(who), "Contact: <", line);
	if (line[0] == 0) {
		snprintf(target, TEXT_LINE_MAX, "sip:200@%s", talk->destination);
		return;
	}
	end = strchr(line, '>');
	MUST(end != NULL, "a Contact without end: %s", line);
	*end = 0;
	snprintf(target, TEXT_LINE_MAX, "%s", line + strlen("Contact: <"));
}

static size_t
sdp_write(char *body, const char *address, unsigned int port, unsigned int version, const char *way)
{
	return (size_t)snprintf(body, TEXT_LINE_MAX,
		"v=0\r\no=- 7 %u IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		"m=audio %u RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=%s\r\n",
		version, address, address, port, way);
}

/* One message. */
struct message {
	const char *method; /* of the request, also of what answers it */
	unsigned int status; /* 0: a request */
	unsigned int cseq;
	unsigned int version; /* of a description in it; 0: none */
	const char *way;
	uint32_t length; /* filled up to so many bytes; 0: as it is */
	bool registers;
};

static void
parties_write(const struct talk *talk, unsigned int requester, char *text)
{
	const bool swapped = requester != talk->caller;
	const char *caller = "<sip:100@example.com>;tag=caller",
		   *callee = "<sip:200@example.com>;tag=callee";

	snprintf(text, TEXT_LINE_MAX, "From: %s\r\nTo: %s\r\nCall-ID: torture@example.com",
		swapped ? callee : caller, swapped ? caller : callee);
}

static char *
message_make(
	const struct talk *talk, unsigned int who, const struct message *message, uint32_t *length)
{
	const unsigned int requester = message->status ? !who : who;
	char via[TEXT_LINE_MAX], target[TEXT_LINE_MAX], contact[TEXT_LINE_MAX],
		parties[TEXT_LINE_MAX], first[TEXT_LINE_MAX + 32], *text = malloc(TEXT_MAX);
	static char body[TEXT_MAX];
	size_t filled = 0;
	int written;

	MUST(text != NULL, "no memory");
	if (message->registers && message->status)
		target_for(who, talk, contact); /* what was registered */
	else
		contact_of(who, talk, contact);
	parties_write(talk, requester, parties);
	if (message->status) {
		last_line(heard_by(who), "Via: ", via);
		snprintf(first, sizeof(first), "SIP/2.0 %u Reason", message->status);
	} else {
		target_for(who, talk, target);
		snprintf(first, sizeof(first), "%s %s SIP/2.0", message->method, target);
		snprintf(via, sizeof(via), "Via: SIP/2.0/TCP %s:%u;branch=z9hG4bK%u%s",
			talk->address[who], who == 0 && talk->caller == 0 ? CONTACT_PORT : SIP_PORT,
			message->cseq, message->method);
	}
	if (message->version)
		filled = sdp_write(body, talk->address[who], who ? 20000 : 10000, message->version,
			message->way);
	/* Written to be measured, filled up, and shortened again where the number of its digits has grown. */
	for (unsigned int pass = 0; pass < 3; pass++) {
		written = snprintf(text, TEXT_MAX,
			"%s\r\n%s\r\n%s%s\r\nCSeq: %u %s\r\nContact: <%s>\r\n%sContent-Length: "
			"%zu\r\n"
			"\r\n%.*s",
			first, via, message->status ? "" : "Max-Forwards: 70\r\n", parties,
			message->cseq, message->method, contact,
			message->registers ? "Expires: 20000\r\n"
			: message->version ? "Content-Type: application/sdp\r\n"
			: message->length  ? "Content-Type: text/plain\r\n"
					   : "",
			filled, (int)filled, body);
		if (message->length == 0)
			break;
		for (; (uint32_t)written < message->length; written++, filled++)
			body[filled] = (char)('a' + (filled * 7 + message->cseq) % 26);
		for (; (uint32_t)written > message->length && filled > 0; written--)
			filled--;
	}
	written = (int)strlen(text);
	*length = (uint32_t)written;
	return text;
}

/* What is said in a call: role 0 is the caller. */
static const struct line {
	unsigned int role, turn;
	const char *text; /* or NULL: a message */
	struct message message;
} call[] = {
	{0, 0, "\r\n\r\n", {0}},
	{0, 0, NULL, {"INVITE", 0, 1, 1, "sendrecv", 0}},
	{1, 1, "\r\n", {0}},
	{1, 1, NULL, {"INVITE", 100, 1, 0, NULL, 0}},
	{1, 1, NULL, {"INVITE", 180, 1, 0, NULL, 0}},
	{1, 1, NULL, {"INVITE", 200, 1, 1, "sendrecv", 0}},
	{0, 2, NULL, {"ACK", 0, 1, 0, NULL, 0}},
	{0, 2, "\r\n\r\n", {0}},
	{0, 2, NULL, {"INVITE", 0, 2, 2, "sendonly", 0}},
	{1, 3, NULL, {"INVITE", 200, 2, 2, "recvonly", 0}},
	{0, 4, NULL, {"ACK", 0, 2, 0, NULL, 0}},
	{1, 5, "\r\n\r\n", {0}},
	{1, 5, NULL, {"INVITE", 0, 1, 3, "sendrecv", 0}},
	{0, 6, "\r\n", {0}},
	{0, 6, NULL, {"INVITE", 200, 1, 3, "sendrecv", 0}},
	{1, 7, NULL, {"ACK", 0, 1, 0, NULL, 0}},
	{1, 7, NULL, {"BYE", 0, 2, 0, NULL, 0}},
	{0, 8, NULL, {"BYE", 200, 2, 0, NULL, 0}},
};

bool
script_call(struct talk *talk, unsigned int number, void *context)
{
	const struct line *line;
	struct talk_unit *unit;

	if (number == RTE_DIM(call))
		return false;
	line = &call[number];
	unit = &talk->unit[number];
	unit->who = line->role ? !talk->caller : talk->caller;
	unit->turn = line->turn;
	if (line->text != NULL) {
		unit->said = strdup(line->text);
		unit->length = (uint32_t)strlen(line->text);
	} else {
		unit->said = message_make(talk, unit->who, &line->message, &unit->length);
	}
	return true;
}

bool
script_messages(struct talk *talk, unsigned int number, void *context)
{
	const struct script_lengths *lengths = context;
	struct talk_unit *unit = &talk->unit[number];
	struct message message = {.method = "MESSAGE", .cseq = number + 1};

	if (number < 2) {
		message = (struct message){.method = "REGISTER",
			.status = number ? 200 : 0,
			.cseq = 1,
			.registers = true};
		unit->who = unit->turn = number;
		unit->said = message_make(talk, number, &message, &unit->length);
		return true;
	}
	number -= 2;
	if (number == lengths->count)
		return false;
	unit->who = lengths->who[number];
	unit->turn = 2 + lengths->turn[number];
	message.length = lengths->length[number];
	if (message.length < 8) {
		unit->said = strdup(message.length < 4 ? "\r\n" : "\r\n\r\n");
		unit->length = (uint32_t)strlen(unit->said);
	} else {
		unit->said = message_make(talk, unit->who, &message, &unit->length);
	}
	return true;
}

/* Each message in what an end got has as many bytes behind its empty line as it says. */
static void
check_lengths(const char *text, uint32_t length)
{
	const char *at = text, *end = text + length;

	while (at < end) {
		const char *empty, *field;

		if (at[0] == '\r' && at[1] == '\n') {
			at += 2;
			continue;
		}
		empty = strstr(at, "\r\n\r\n");
		field = strstr(at, "\r\nContent-Length: ");
		MUST(empty != NULL && field != NULL && field < empty, "no Content-Length: %.200s",
			at);
		at = empty + 4 + strtoul(field + 18, NULL, 10);
	}
	MUST(at == end, "the last Content-Length is wrong by %d", (int)(at - end));
}

void
script_check(const struct talk *talk)
{
	const char *inside = (const char *)talk->expected[0],
		   *outside = (const char *)talk->expected[1], *found;

	check_lengths(inside, talk->expected_length[0]);
	check_lengths(outside, talk->expected_length[1]);
	MUST(talk->untouched == (strstr(outside, talk->address[0]) != NULL),
		"outside has %s inside address", talk->untouched ? "no" : "an");
	MUST(talk->untouched || strstr(outside, RIG_CALLGATE_OUTSIDE) != NULL,
		"outside lacks callgate's address");
	found = strstr(inside, RIG_CALLGATE_OUTSIDE);
	MUST(talk->untouched || found == NULL, "inside has callgate's outside address: %.300s",
		found - RTE_MIN(found - inside, 100));
}

void
script_end(struct talk *talk)
{
	for (unsigned int i = 0; i < talk->units; i++)
		free((void *)(uintptr_t)talk->unit[i].said);
	talk_free(talk);
}
