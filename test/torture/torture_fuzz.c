/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of any flags, numbers, options and lengths, from both sides of a few connections at ports of SIP, some of
 * which open as they should: the appliance goes on, what it sends has right checksums, and in the end nothing is left.
 *
 * torture_fuzz WORKERS [SEED [ROUNDS]]
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "net/packet.h"
#include "rig.h"
#include "wire.h"

enum {
	BRIEF = 150, /* rounds */
	FULL = 20000,
	SEGMENTS = 400, /* of a round */
	CONNECTIONS = 4,
	TEXT = 1 << 14,
	OPTIONS_MAX = 40,
	PAYLOAD_MAX = 1400,
};

struct side {
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
	uint32_t initial, next; /* its own numbers */
	uint32_t heard; /* behind the last byte that came to it */
	char text[TEXT]; /* what it says, over and over */
};

static struct {
	uint64_t seed;
	unsigned int segment;
	bool broken; /* checksums may be wrong */
	struct side side[CONNECTIONS][2];
	uint64_t sent, left;
} fuzz;

static void
say_where(void)
{
	fprintf(stderr, "in round %llu, segment %u\n", (unsigned long long)fuzz.seed, fuzz.segment);
}

/* What left tells each side of the other's numbers. */
static void
on_out(uint16_t port, const uint8_t *bytes, uint32_t length)
{
	const struct rte_ipv4_hdr *ip = (const void *)(bytes + sizeof(struct rte_ether_hdr));
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	uint32_t behind;

	fuzz.left++;
	if (fuzz.broken || ip->next_proto_id != IPPROTO_TCP)
		return;
	MUST(rte_raw_cksum(ip, sizeof(*ip)) == 0xffff, "a wrong header checksum");
	MUST(rte_ipv4_udptcp_cksum_verify(ip, tcp) == 0, "a wrong TCP checksum");
	behind = rte_be_to_cpu_32(tcp->sent_seq) + rte_be_to_cpu_16(ip->total_length) -
		 (uint32_t)sizeof(*ip) - (tcp->data_off >> 4) * 4 +
		 ((tcp->tcp_flags & (TCP_SYN | TCP_FIN)) != 0);
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		struct side *side = &fuzz.side[i][port];

		if (side->src == ip->dst_addr && side->sport == tcp->dst_port)
			side->heard = behind;
	}
}

static rte_be32_t
address(const char *text)
{
	rte_be32_t wire = 0;

	MUST(inet_pton(AF_INET, text, &wire) == 1, "no address: %s", text);
	return wire;
}

/* Messages, whole and not, one after the other. */
static void
text_make(char *text, const char *own)
{
	static const char *const methods[] = {"INVITE", "REGISTER", "MESSAGE", "BYE", "OPTIONS"};
	size_t used = 0;

	while (used < TEXT - 1) {
		const char *method = methods[wire_below(RTE_DIM(methods))];
		const unsigned int length = wire_below(8) ? wire_below(600) : wire_below(70000);
		int written;

		switch (wire_below(12)) {
		case 0:
			written = snprintf(text + used, TEXT - used, "\r\n\r\n");
			break;
		case 1:
			written = snprintf(text + used, TEXT - used, "%.*s", (int)wire_below(40),
				"GET / HTTP/1.1\r\n\r\nSIP/2.0 junk\r\n\r\n");
			break;
		default:
			written = snprintf(text + used, TEXT - used,
				"%s sip:%u@%s SIP/2.0\r\nVia: SIP/2.0/TCP "
				"%s:5060;branch=z9hG4bK%u\r\n"
				"From: <sip:1@a.example>;tag=%u\r\nTo: <sip:2@a.example>\r\n"
				"Call-ID: %u\r\nCSeq: 1 %s\r\nContact: "
				"<sip:1@%s:5060;transport=tcp>\r\n"
				"Content-Type: application/sdp\r\nContent-Length: %u\r\n\r\n"
				"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
				"m=audio %u RTP/AVP 0\r\n%*s",
				method, wire_below(9), own, own, wire_below(1000), wire_below(4),
				wire_below(6), method, own, length, own, own,
				1024 + wire_below(60000), (int)RTE_MIN(length, 900u), "");
			break;
		}
		used += (size_t)RTE_MAX(written, 0);
	}
}

static void
round_begin(uint64_t seed)
{
	const struct wire_trouble none = {0};

	wire_begin(&none, seed);
	fuzz.seed = seed;
	fuzz.broken = wire_below(4) == 0;
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		const bool inward = i == CONNECTIONS - 1;
		struct side *inside = &fuzz.side[i][0], *outside = &fuzz.side[i][1];

		inside->src = address(inward ? RIG_STATIC_INSIDE : "10.0.0.5");
		inside->sport = rte_cpu_to_be_16((uint16_t)(inward ? 5060 : 40000 + i / 2));
		outside->src = address(i % 2 ? "198.51.100.10" : "198.51.100.20");
		outside->sport = rte_cpu_to_be_16(inward ? 41000 : 5060);
		inside->dst = outside->src;
		inside->dport = outside->sport;
		outside->dst = address(RIG_CALLGATE_OUTSIDE);
		outside->dport = inside->sport;
		for (unsigned int j = 0; j < 2; j++) {
			struct side *side = &fuzz.side[i][j];

			side->initial = wire_below(2) ? UINT32_MAX - wire_below(9000)
						      : wire_below(UINT32_MAX);
			side->next = side->initial + 1;
			side->heard = 0;
			text_make(side->text, j ? "198.51.100.10" : "10.0.0.5");
		}
	}
}

static unsigned int
options_make(uint8_t *options)
{
	unsigned int length = 0;

	while (wire_below(3) && length + 12 <= OPTIONS_MAX) {
		static const uint8_t kinds[] = {0, 1, 2, 3, 4, 5, 8, 19, 29, 30, 34, 254};
		static const uint8_t lengths[] = {1, 1, 4, 3, 2, 10, 10, 18, 16, 12, 10, 2};
		const unsigned int kind = wire_below(RTE_DIM(kinds));
		const unsigned int size =
			kind > 1 && wire_below(10) == 0 ? wire_below(14) : lengths[kind];

		options[length] = kinds[kind];
		if (kind > 1) {
			options[length + 1] = (uint8_t)size;
			for (unsigned int i = 2; i < size && length + i < OPTIONS_MAX; i++)
				options[length + i] = (uint8_t)wire_below(256);
		}
		length += RTE_MAX(size, 1u);
		length = RTE_MIN(length, (unsigned int)OPTIONS_MAX);
	}
	for (; length % 4; length++)
		options[length] = 1;
	return length;
}

static uint8_t
flags_make(void)
{
	switch (wire_below(20)) {
	case 0:
		return TCP_SYN;
	case 1:
		return TCP_SYN | TCP_ACK;
	case 2:
		return TCP_FIN | TCP_ACK;
	case 3:
		return wire_below(4) ? TCP_ACK : TCP_RST;
	case 4:
		return wire_below(4) ? TCP_ACK : TCP_RST | TCP_ACK;
	case 5:
		return (uint8_t)wire_below(256);
	case 6:
		return TCP_ACK | 0x20 /* URG */;
	default:
		return TCP_ACK;
	}
}

static uint32_t
near_number(uint32_t number)
{
	switch (wire_below(12)) {
	case 0:
		return wire_below(UINT32_MAX);
	case 1:
		return number - wire_below(3000);
	case 2:
		return number + wire_below(3000);
	case 3:
		return number - 1;
	default:
		return number;
	}
}

static void
segment_send(unsigned int connection, unsigned int who, uint8_t flags)
{
	static uint8_t bytes[2048];
	struct side *side = &fuzz.side[connection][who];
	struct rte_ipv4_hdr *ip = (void *)(bytes + sizeof(struct rte_ether_hdr));
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);
	const unsigned int options = options_make((uint8_t *)(tcp + 1));
	uint8_t *data = (uint8_t *)(tcp + 1) + options;
	const uint32_t seq = flags & TCP_SYN ? side->initial : near_number(side->next);
	uint32_t length = wire_below(3) ? wire_below(wire_below(2) ? PAYLOAD_MAX : 60) : 0;

	if ((flags & TCP_SYN) && wire_below(8))
		length = 0;
	for (uint32_t i = 0; i < length; i++)
		data[i] = (uint8_t)side->text[(seq + i - side->initial - 1) % TEXT];
	*tcp = (struct rte_tcp_hdr){
		.src_port = side->sport,
		.dst_port = side->dport,
		.sent_seq = rte_cpu_to_be_32(seq),
		.recv_ack = rte_cpu_to_be_32(near_number(side->heard)),
		.data_off = (uint8_t)((sizeof(*tcp) + options) / 4 << 4),
		.tcp_flags = flags,
		.rx_win = (rte_be16_t)(wire_below(4) ? 0xffff : wire_below(UINT16_MAX)),
		.tcp_urp = (rte_be16_t)wire_below(UINT16_MAX),
	};
	if (fuzz.broken && wire_below(20) == 0)
		tcp->data_off = (uint8_t)wire_below(256);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length =
			rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*tcp) + options + length)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = side->src,
		.dst_addr = side->dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	if (fuzz.broken && wire_below(20) == 0)
		tcp->cksum++;
	if (seq == side->next || (flags & TCP_SYN))
		side->next = seq + length + ((flags & (TCP_SYN | TCP_FIN)) != 0);
	fuzz.sent++;
	rig_put((uint16_t)who, bytes, (uint32_t)(data + length - bytes));
}

static void
round_run(uint64_t seed)
{
	const char *left;

	round_begin(seed);
	for (fuzz.segment = 0; fuzz.segment < SEGMENTS; fuzz.segment++) {
		const unsigned int connection = wire_below(CONNECTIONS);
		const unsigned int opener = connection == CONNECTIONS - 1;

		if (wire_below(12) == 0) {
			/* As it should be. */
			segment_send(connection, opener, TCP_SYN);
			segment_send(connection, !opener, TCP_SYN | TCP_ACK);
			segment_send(connection, opener, TCP_ACK);
		} else {
			segment_send(connection, wire_below(2), flags_make());
		}
		if (wire_below(3) == 0)
			rig_clock(rig_now_ms() + 1 + wire_below(wire_below(10) ? 200 : 20000));
	}
	rig_rest();
	left = rig_left();
	MUST(left == NULL, "left at the end:%s", left);
}

int
main(int count, char **arguments)
{
	struct rig_options options = {
		.workers = count > 1 ? (unsigned int)atoi(arguments[1]) : 1,
		.sip = "stream_memory = 1; max_streams = 3;",
	};
	const uint64_t first = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
	const uint64_t rounds = count > 3                 ? strtoull(arguments[3], NULL, 10)
				: count > 2               ? 1
				: getenv("CALLGATE_LONG") ? FULL
							  : BRIEF;

	rig_where = say_where;
	rig_start(&options, on_out);
	for (uint64_t seed = first; seed < first + rounds; seed++)
		round_run(seed);
	printf("%llu rounds, %llu segments in, %llu out, %llu streams, %llu messages read\n",
		(unsigned long long)rounds, (unsigned long long)fuzz.sent,
		(unsigned long long)fuzz.left, (unsigned long long)rig_event("stream_opened"),
		(unsigned long long)rig_event("stream_messages"));
	rig_stop();
	return 0;
}
