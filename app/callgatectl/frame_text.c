/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "frame_text.h"

enum {
	MACS = 12,
	TAG = 4,
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_IPV6 = 0x86dd,
	IP_HEADER = 20,
};

static unsigned int
number(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void
mac_format(char text[32], const uint8_t *mac)
{
	snprintf(text, 32, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

static void
ipv4_words(struct frame_words *words, const uint8_t *ip, uint32_t length)
{
	const uint32_t header = (ip[0] & 15u) * 4;
	const unsigned int protocol = ip[9];
	const bool ports = (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP) &&
			   (number(ip + 6) & 0x1fff) == 0 && length >= header + 4;
	const size_t size = sizeof(words->source);

	inet_ntop(AF_INET, ip + 12, words->source, INET_ADDRSTRLEN);
	inet_ntop(AF_INET, ip + 16, words->destination, INET_ADDRSTRLEN);
	if (ports) {
		size_t used = strlen(words->source);

		snprintf(words->source + used, size - used, ":%u", number(ip + header));
		used = strlen(words->destination);
		snprintf(words->destination + used, size - used, ":%u", number(ip + header + 2));
	}
	snprintf(words->protocol, sizeof(words->protocol),
		protocol == IPPROTO_UDP    ? "udp"
		: protocol == IPPROTO_TCP  ? "tcp"
		: protocol == IPPROTO_ICMP ? "icmp"
					   : "ip %u",
		protocol);
}

void
frame_words(struct frame_words *words, const uint8_t *bytes, uint32_t length)
{
	uint32_t at = MACS;
	unsigned int type;

	*words = (struct frame_words){.protocol = "short", .source = "-", .destination = "-"};
	if (length < MACS + 2)
		return;
	mac_format(words->source, bytes + 6);
	mac_format(words->destination, bytes);
	type = number(bytes + at);
	while ((type == TYPE_VLAN || type == TYPE_QINQ) && length >= at + TAG + 2) {
		at += TAG;
		type = number(bytes + at);
	}
	at += 2;
	if (type == TYPE_IPV4 && length >= at + IP_HEADER)
		ipv4_words(words, bytes + at, length - at);
	else
		snprintf(words->protocol, sizeof(words->protocol),
			type == TYPE_ARP    ? "arp"
			: type == TYPE_IPV6 ? "ipv6"
					    : "0x%04x",
			type);
}

/* "2026-01-31T12:34:56.789012Z" */
static void
time_format(uint64_t at_us, char text[40])
{
	const time_t seconds = (time_t)(at_us / 1000000);
	char start[24] = "";
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(text, 40, "%s.%06uZ", start, (unsigned int)(at_us % 1000000));
}

void
frame_print_line(const struct trace_frame *frame, const uint8_t *bytes, const char *port)
{
	struct frame_words words;
	char when[40];

	time_format(frame->at_us, when);
	frame_words(&words, bytes, frame->captured);
	printf("%s %s %s %s %s > %s %u\n", when, port, frame->outbound ? "out" : "in",
		words.protocol, words.source, words.destination, (unsigned int)frame->original);
}

void
frame_print_json(const struct trace_frame *frame, const uint8_t *bytes, const char *port)
{
	struct frame_words words;
	char when[40];
	json_t *line;

	time_format(frame->at_us, when);
	frame_words(&words, bytes, frame->captured);
	line = json_pack("{ss ss ss ss ss ss sI}", "time", when, "port", port, "direction",
		frame->outbound ? "out" : "in", "protocol", words.protocol, "source", words.source,
		"destination", words.destination, "bytes", (json_int_t)frame->original);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}
