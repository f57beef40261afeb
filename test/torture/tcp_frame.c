/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "net/packet.h"
#include "rig.h"
#include "tcp_frame.h"

enum {
	KIND_END,
	KIND_NOP,
	KIND_MSS,
	KIND_SCALE,
	KIND_SACK_PERMITTED,
	KIND_SACK,
	KIND_TIMESTAMPS = 8
};

static uint8_t *
put32(uint8_t *at, uint32_t value)
{
	const rte_be32_t wire = rte_cpu_to_be_32(value);

	memcpy(at, &wire, sizeof(wire));
	return at + sizeof(wire);
}

static uint32_t
get32(const uint8_t *at)
{
	rte_be32_t wire;

	memcpy(&wire, at, sizeof(wire));
	return rte_be_to_cpu_32(wire);
}

static uint8_t *
put_options(uint8_t *at, const struct tcp_frame *frame)
{
	if (frame->mss) {
		*at++ = KIND_MSS;
		*at++ = 4;
		*at++ = (uint8_t)(frame->mss >> 8);
		*at++ = (uint8_t)frame->mss;
	}
	if (frame->scale >= 0) {
		*at++ = KIND_NOP;
		*at++ = KIND_SCALE;
		*at++ = 3;
		*at++ = (uint8_t)frame->scale;
	}
	if (frame->sack_permitted) {
		*at++ = KIND_NOP;
		*at++ = KIND_NOP;
		*at++ = KIND_SACK_PERMITTED;
		*at++ = 2;
	}
	if (frame->timestamps) {
		*at++ = KIND_NOP;
		*at++ = KIND_NOP;
		*at++ = KIND_TIMESTAMPS;
		*at++ = 10;
		at = put32(at, frame->timestamp);
		at = put32(at, frame->echo);
	}
	if (frame->sacks > 0) {
		*at++ = KIND_NOP;
		*at++ = KIND_NOP;
		*at++ = KIND_SACK;
		*at++ = (uint8_t)(2 + 8 * frame->sacks);
		for (unsigned int i = 0; i < frame->sacks; i++) {
			at = put32(at, frame->sack[i].left);
			at = put32(at, frame->sack[i].right);
		}
	}
	return at;
}

uint32_t
tcp_frame_write(uint8_t *bytes, const struct tcp_frame *frame)
{
	struct rte_ipv4_hdr *ip = (void *)(bytes + sizeof(struct rte_ether_hdr));
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);
	uint8_t *end;

	memset(bytes, 0, sizeof(struct rte_ether_hdr));
	end = put_options((uint8_t *)(tcp + 1), frame);
	*tcp = (struct rte_tcp_hdr){
		.src_port = frame->sport,
		.dst_port = frame->dport,
		.sent_seq = rte_cpu_to_be_32(frame->seq),
		.recv_ack = rte_cpu_to_be_32(frame->ack),
		.data_off = (uint8_t)((end - (uint8_t *)tcp) / 4 << 4),
		.tcp_flags = frame->flags,
		.rx_win = rte_cpu_to_be_16(frame->window),
		.tcp_urp = rte_cpu_to_be_16(frame->urgent),
	};
	if (frame->length > 0)
		memcpy(end, frame->data, frame->length);
	end += frame->length;
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(end - (uint8_t *)ip)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = frame->src,
		.dst_addr = frame->dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return (uint32_t)(end - bytes);
}

static void
read_option(struct tcp_heard *heard, const uint8_t *option, unsigned int length)
{
	switch (option[0]) {
	case KIND_MSS:
		MUST(length == 4, "an MSS option of %u bytes", length);
		heard->mss = (uint16_t)(option[2] << 8 | option[3]);
		break;
	case KIND_SCALE:
		MUST(length == 3, "a window scale option of %u bytes", length);
		heard->scale = option[2];
		break;
	case KIND_SACK_PERMITTED:
		heard->sack_permitted = true;
		break;
	case KIND_SACK:
		for (unsigned int i = 2; i + 8 <= length; i += 8) {
			heard->sack[heard->sacks].left = get32(option + i);
			heard->sack[heard->sacks++].right = get32(option + i + 4);
		}
		break;
	case KIND_TIMESTAMPS:
		MUST(length == 10, "a timestamps option of %u bytes", length);
		heard->timestamps = true;
		heard->timestamp = get32(option + 2);
		heard->echo = get32(option + 6);
		break;
	default:
		break;
	}
}

void
tcp_frame_read(const uint8_t *bytes, uint32_t length, struct tcp_heard *heard)
{
	const uint8_t *option, *end;
	const struct rte_ipv4_hdr *ip = (const void *)(bytes + sizeof(struct rte_ether_hdr));
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	const uint32_t total = rte_be_to_cpu_16(ip->total_length);

	MUST(length >= sizeof(struct rte_ether_hdr) + sizeof(*ip) + sizeof(*tcp) &&
			ip->version_ihl == RTE_IPV4_VHL_DEF && ip->next_proto_id == IPPROTO_TCP,
		"a frame that is no TCP");
	MUST(total + sizeof(struct rte_ether_hdr) <= length, "a frame shorter than its packet");
	MUST(rte_raw_cksum(ip, sizeof(*ip)) == 0xffff, "a wrong header checksum");
	MUST(rte_ipv4_udptcp_cksum_verify(ip, tcp) == 0, "a wrong TCP checksum");
	*heard = (struct tcp_heard){
		.src = ip->src_addr,
		.dst = ip->dst_addr,
		.sport = tcp->src_port,
		.dport = tcp->dst_port,
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.window = rte_be_to_cpu_16(tcp->rx_win),
		.flags = tcp->tcp_flags,
		.scale = -1,
	};
	option = (const uint8_t *)(tcp + 1);
	end = (const uint8_t *)tcp + (tcp->data_off >> 4) * 4;
	MUST(end >= option && end <= (const uint8_t *)ip + total, "a TCP header of %u words",
		tcp->data_off >> 4);
	heard->data = end;
	heard->options = (unsigned int)(end - option);
	heard->length = (uint32_t)((const uint8_t *)ip + total - end);
	while (option < end && *option != KIND_END) {
		if (*option == KIND_NOP) {
			option++;
			continue;
		}
		MUST(option + 1 < end && option[1] >= 2 && option + option[1] <= end,
			"an option that does not end");
		read_option(heard, option, option[1]);
		option += option[1];
	}
}

void
tcp_frame_print(const char *prefix, const uint8_t *bytes, uint32_t length)
{
	struct tcp_heard heard;
	char begin[25] = "", addresses[80], source[INET_ADDRSTRLEN], destination[INET_ADDRSTRLEN];

	tcp_frame_read(bytes, length, &heard);
	memcpy(begin, heard.data, RTE_MIN((size_t)heard.length, sizeof(begin) - 1));
	inet_ntop(AF_INET, &heard.src, source, sizeof(source));
	inet_ntop(AF_INET, &heard.dst, destination, sizeof(destination));
	snprintf(addresses, sizeof(addresses), "%s:%u > %s:%u", source,
		rte_be_to_cpu_16(heard.sport), destination, rte_be_to_cpu_16(heard.dport));
	fprintf(stderr, "%10llu %s %s %s%s%s%s seq %u+%u ack %u win %u",
		(unsigned long long)rig_now_ms(), prefix, addresses,
		heard.flags & TCP_SYN ? "S" : "", heard.flags & TCP_FIN ? "F" : "",
		heard.flags & TCP_RST ? "R" : "", heard.flags & TCP_ACK ? "A" : "", heard.seq,
		heard.length, heard.ack, heard.window);
	for (unsigned int i = 0; i < heard.sacks; i++)
		fprintf(stderr, " sack %u-%u", heard.sack[i].left, heard.sack[i].right);
	if (heard.timestamps)
		fprintf(stderr, " ts %u %u", heard.timestamp, heard.echo);
	if (heard.mss)
		fprintf(stderr, " mss %u", heard.mss);
	if (heard.length > 0)
		fprintf(stderr, " \"%.*s\"", (int)strcspn(begin, "\r\n"), begin);
	fputc('\n', stderr);
}
