/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcapng (draft-ietf-opsawg-pcapng): one section, an interface description when a name is first seen, an
 * enhanced packet block a packet. All numbers in the byte order of this machine, which the section tells.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_APPLICATION = 4, /* of a section */
	OPTION_NAME = 2, /* of an interface */
	OPTION_RESOLUTION = 9,
	OPTION_FLAGS = 2, /* of a packet */
	FLAG_INBOUND = 1,
	FLAG_OUTBOUND = 2,
	LINK_ETHERNET = 1,
	MICROSECONDS = 6,
	SNAP_LENGTH = 262144,
	INTERFACES_MAX = 64,
	NAME_SIZE = 64,
	CONNECTIONS = 256, /* whose numbers are remembered */
	SEGMENT_MAX = 32768,
	COMMENT_MAX = 1024,
	BLOCK_MAX = 65535 + PCAPNG_COMMENTS_MAX * (COMMENT_MAX + 8) + 256,
	ETHERNET_HEADER = 14,
	IP_HEADER = 20,
	UDP_HEADER = 8,
	TCP_HEADER = 20,
	HEADERS_MAX = ETHERNET_HEADER + IP_HEADER + TCP_HEADER,
	TCP_PUSH_ACK = 0x18,
};

/* A direction of a TCP connection. */
struct connection {
	uint32_t src, dst;
	uint16_t src_port, dst_port;
	uint32_t next; /* number of the byte that comes next; 0: free */
};

struct pcapng {
	FILE *file;
	unsigned int interfaces, newest;
	char name[INTERFACES_MAX][NAME_SIZE];
	struct connection connection[CONNECTIONS];
	uint16_t identification;
	uint32_t used; /* of the block that is being made */
	uint8_t block[BLOCK_MAX];
};

static void
put(struct pcapng *pcapng, const void *bytes, size_t length)
{
	memcpy(pcapng->block + pcapng->used, bytes, length);
	pcapng->used += (uint32_t)length;
}

static void
put16(struct pcapng *pcapng, uint16_t number)
{
	put(pcapng, &number, sizeof(number));
}

static void
put32(struct pcapng *pcapng, uint32_t number)
{
	put(pcapng, &number, sizeof(number));
}

static void
pad(struct pcapng *pcapng)
{
	while (pcapng->used % 4 != 0)
		pcapng->block[pcapng->used++] = 0;
}

static void
option_put(struct pcapng *pcapng, uint16_t code, const void *bytes, size_t length)
{
	put16(pcapng, code);
	put16(pcapng, (uint16_t)length);
	put(pcapng, bytes, length);
	pad(pcapng);
}

static void
block_begin(struct pcapng *pcapng, uint32_t type)
{
	pcapng->used = 0;
	put32(pcapng, type);
	put32(pcapng, 0); /* length, known in the end */
}

static bool
block_end(struct pcapng *pcapng)
{
	uint32_t length = pcapng->used + 8;

	put32(pcapng, OPTION_END);
	put32(pcapng, length);
	memcpy(pcapng->block + 4, &length, sizeof(length));
	return fwrite(pcapng->block, length, 1, pcapng->file) == 1;
}

struct pcapng *
pcapng_begin(FILE *file)
{
	struct pcapng *pcapng = calloc(1, sizeof(*pcapng));
	const uint64_t unknown = UINT64_MAX;

	if (pcapng == NULL)
		return NULL;
	pcapng->file = file;
	block_begin(pcapng, BLOCK_SECTION);
	put32(pcapng, 0x1a2b3c4d); /* tells the byte order */
	put16(pcapng, 1); /* version 1.0 */
	put16(pcapng, 0);
	put(pcapng, &unknown, sizeof(unknown)); /* length of the section */
	option_put(pcapng, OPTION_APPLICATION, "callgatectl", strlen("callgatectl"));
	if (!block_end(pcapng)) {
		free(pcapng);
		return NULL;
	}
	return pcapng;
}

void
pcapng_free(struct pcapng *pcapng)
{
	free(pcapng);
}

/* Its number in the file; -1: errno. */
static int
interface_number(struct pcapng *pcapng, const char *name)
{
	const uint8_t resolution = MICROSECONDS;

	for (unsigned int i = 0; i < pcapng->interfaces; i++)
		if (strcmp(pcapng->name[i], name) == 0)
			return (int)i;
	if (pcapng->interfaces == INTERFACES_MAX) /* more than an appliance has */
		return INTERFACES_MAX - 1;
	snprintf(pcapng->name[pcapng->interfaces], NAME_SIZE, "%s", name);
	block_begin(pcapng, BLOCK_INTERFACE);
	put16(pcapng, LINK_ETHERNET);
	put16(pcapng, 0);
	put32(pcapng, SNAP_LENGTH);
	option_put(pcapng, OPTION_NAME, name, strlen(name));
	option_put(pcapng, OPTION_RESOLUTION, &resolution, sizeof(resolution));
	return block_end(pcapng) ? (int)pcapng->interfaces++ : -1;
}

/* RFC 1071, over bytes as they stand. */
static uint32_t
sum_of(const void *bytes, size_t length, uint32_t sum)
{
	const uint8_t *at = bytes;

	for (; length > 1; length -= 2, at += 2)
		sum += (uint32_t)at[0] << 8 | at[1];
	if (length > 0)
		sum += (uint32_t)at[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
store16(uint8_t *at, uint32_t number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

static void
store32(uint8_t *at, uint32_t number)
{
	store16(at, number >> 16);
	store16(at + 2, number);
}

/* The connection's direction; an older one gives its place. */
static struct connection *
connection_of(struct pcapng *pcapng, const struct connection *like, bool make)
{
	struct connection *connection;

	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		connection = &pcapng->connection[i];
		if (connection->next != 0 && connection->src == like->src &&
			connection->dst == like->dst && connection->src_port == like->src_port &&
			connection->dst_port == like->dst_port)
			return connection;
	}
	if (!make)
		return NULL;
	connection = &pcapng->connection[pcapng->newest++ % CONNECTIONS];
	*connection = *like;
	connection->next = 1;
	return connection;
}

/*
 * A station for each address. The frames need none, but libpcap (1.10) reads no file of bare IP packets with
 * more than one interface, and so neither tcpdump nor sngrep would.
 */
static void
ethernet_make(uint8_t header[ETHERNET_HEADER], const struct pcapng_message *message)
{
	memset(header, 0, ETHERNET_HEADER);
	header[0] = header[6] = 2; /* locally administered */
	memcpy(header + 2, &message->dst, 4);
	memcpy(header + 8, &message->src, 4);
	store16(header + 12, 0x0800);
}

/* IP and layer 4 before `length` bytes of the text; returns how long the headers are. */
static size_t
headers_make(struct pcapng *pcapng, const struct pcapng_message *message, const uint8_t *text,
	uint32_t length, uint8_t header[IP_HEADER + TCP_HEADER])
{
	const bool tcp = message->proto == IPPROTO_TCP;
	uint8_t *l4 = header + IP_HEADER;
	const size_t l4_length = tcp ? TCP_HEADER : UDP_HEADER;
	uint32_t sum;

	memset(header, 0, IP_HEADER + TCP_HEADER);
	header[0] = 0x45;
	store16(header + 2, (uint32_t)(IP_HEADER + l4_length + length));
	store16(header + 4, ++pcapng->identification);
	header[8] = 64;
	header[9] = message->proto;
	memcpy(header + 12, &message->src, 4);
	memcpy(header + 16, &message->dst, 4);
	store16(header + 10, ~sum_of(header, IP_HEADER, 0));
	memcpy(l4, &message->src_port, 2);
	memcpy(l4 + 2, &message->dst_port, 2);
	if (tcp) {
		const struct connection way = {message->src, message->dst, message->src_port,
						message->dst_port, 0},
					back = {message->dst, message->src, message->dst_port,
						message->src_port, 0};
		struct connection *connection = connection_of(pcapng, &way, true);
		const struct connection *other = connection_of(pcapng, &back, false);

		store32(l4 + 4, connection->next);
		store32(l4 + 8, other != NULL ? other->next : 1);
		connection->next += length;
		connection->next += connection->next == 0;
		l4[12] = TCP_HEADER / 4 << 4;
		l4[13] = TCP_PUSH_ACK;
		store16(l4 + 14, 65535); /* window */
	} else {
		store16(l4 + 4, (uint32_t)(l4_length + length));
	}
	sum = sum_of(header + 12, 8, message->proto + (uint32_t)(l4_length + length));
	sum = sum_of(l4, l4_length, sum);
	sum = ~sum_of(text, length, sum) & 0xffff;
	store16(l4 + (tcp ? 16 : 6), !tcp && sum == 0 ? 0xffff : sum);
	return IP_HEADER + l4_length;
}

/* A packet's block up to its bytes. False: errno. */
static bool
packet_begin(struct pcapng *pcapng, const char *name, uint64_t at_us, uint32_t captured,
	uint32_t original)
{
	int interface = interface_number(pcapng, name);

	if (interface < 0)
		return false;
	block_begin(pcapng, BLOCK_PACKET);
	put32(pcapng, (uint32_t)interface);
	put32(pcapng, (uint32_t)(at_us >> 32));
	put32(pcapng, (uint32_t)at_us);
	put32(pcapng, captured);
	put32(pcapng, original);
	return true;
}

/* Behind its bytes. */
static void
packet_flags(struct pcapng *pcapng, bool outbound)
{
	const uint32_t flags = outbound ? FLAG_OUTBOUND : FLAG_INBOUND;

	pad(pcapng);
	option_put(pcapng, OPTION_FLAGS, &flags, sizeof(flags));
}

bool
pcapng_write_frame(struct pcapng *pcapng, const struct pcapng_frame *frame)
{
	if (!packet_begin(pcapng, frame->interface, frame->at_us, frame->captured, frame->original))
		return false;
	put(pcapng, frame->bytes, frame->captured);
	packet_flags(pcapng, frame->outbound);
	return block_end(pcapng);
}

static bool
packet_write(struct pcapng *pcapng, const struct pcapng_message *message, const uint8_t *text,
	uint32_t length, bool first)
{
	uint8_t header[HEADERS_MAX];
	size_t header_length = ETHERNET_HEADER + headers_make(pcapng, message, text, length,
							 header + ETHERNET_HEADER);
	uint32_t whole = (uint32_t)header_length + length;

	if (!packet_begin(pcapng, message->interface, message->at_ms * 1000, whole, whole))
		return false;
	ethernet_make(header, message);
	put(pcapng, header, header_length);
	put(pcapng, text, length);
	packet_flags(pcapng, message->outbound);
	for (unsigned int i = 0; first && i < message->comment_count; i++) {
		size_t size = strlen(message->comments[i]);

		option_put(pcapng, OPTION_COMMENT, message->comments[i],
			size < COMMENT_MAX ? size : COMMENT_MAX);
	}
	return block_end(pcapng);
}

bool
pcapng_write(struct pcapng *pcapng, const struct pcapng_message *message)
{
	const uint32_t most =
		message->proto == IPPROTO_TCP ? SEGMENT_MAX : 65535 - IP_HEADER - UDP_HEADER;
	uint32_t at = 0;

	do {
		uint32_t length = message->length - at < most ? message->length - at : most;

		if (!packet_write(pcapng, message, message->text + at, length, at == 0))
			return false;
		at += length;
	} while (at < message->length);
	return true;
}
