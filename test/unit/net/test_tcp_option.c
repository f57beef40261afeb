/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options found in well-made and in broken headers, and a segment size lowered in place. */
#include <string.h>

#include "net/tcp_option.h"
#include "net_fixture.h"

enum { HEADER = 20, OPTIONS_MAX = 40 };

/* A frame with a TCP header of these options (a whole number of words) and some data behind it. */
static struct rte_mbuf *
segment(const uint8_t *options, unsigned int length)
{
	static uint8_t frame[14 + 20 + HEADER + OPTIONS_MAX + 8];
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
	struct packet *packet;
	struct rte_mbuf *mbuf;

	assert_int_equal(length % 4, 0);
	memset(frame, 0x5a, sizeof(frame));
	memset(ip, 0, sizeof(*ip) + HEADER);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = LAN_HOST;
	ip->dst_addr = FAR_HOST;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + HEADER + length + 8));
	tcp->src_port = RTE_BE16(4000);
	tcp->tcp_flags = TCP_SYN;
	tcp->data_off = (uint8_t)((HEADER + length) / 4 << 4);
	memcpy(tcp + 1, options, length);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	mbuf = net_mbuf(frame, (unsigned int)(14 + 20 + HEADER + length + 8));
	packet = packet_of(mbuf);
	memset(packet, 0, sizeof(*packet));
	packet->ip_offset = 14;
	packet->l4_offset = 34;
	return mbuf;
}

static const struct {
	const char *options;
	unsigned int length, at; /* at: of the segment size's value in the options; 0: none */
} cases[] = {
#define OPTIONS(text, at) \
	{ \
		text, sizeof(text) - 1, at \
	}
	OPTIONS("\x02\x04\x05\xb4", 2), OPTIONS("\x01\x02\x04\x05\xb4\x01\x01\x01", 3),
	OPTIONS("\x01\x01\x02\x04\x05\xb4\x01\x00", 4),
	OPTIONS("\x03\x03\x07\x02\x04\x05\xb4\x00", 5),
	OPTIONS("\x04\x02\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08\x02\x04\x05\xb4", 14),
	OPTIONS("\x02\x04\x05\xb4\x02\x04\x05\xb4", 2),
	/* 2 and 4 in another option's value are no option */
	OPTIONS("\xfd\x06\x02\x04\x05\xb4\x02\x04\x05\xb4\x01\x01", 8), OPTIONS("", 0),
	OPTIONS("\x00\x02\x04\x05\xb4\x00\x00\x00", 0), /* behind the end */
	OPTIONS("\x01\x01\x01\x02", 0), /* no room for a length */
	OPTIONS("\xfd\x00\x02\x04\x05\xb4\x00\x00", 0), /* lengths that lead nowhere */
	OPTIONS("\xfd\x01\x02\x04\x05\xb4\x00\x00", 0),
	OPTIONS("\xfd\xff\x02\x04\x05\xb4\x00\x00", 0),
	OPTIONS("\x02\x03\x05\x01", 0), /* another length than the option has */
	OPTIONS("\x02\x05\x05\xb4\x01\x00\x00\x00", 0),
	OPTIONS("\x01\x01\x02\x04", 0), /* the value would be behind the header */
};

static void
segment_size_is_found_wherever_it_stands(void **state)
{
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct rte_mbuf *mbuf = segment((const uint8_t *)cases[i].options, cases[i].length);
		unsigned int at =
			tcp_option_find(packet_l4(mbuf), TCP_OPTION_MSS, TCP_OPTION_MSS_LENGTH);

		if (at != (cases[i].at ? HEADER + cases[i].at : 0))
			fail_msg("case %u: found at %u", i, at);
		rte_pktmbuf_free(mbuf);
	}
}

/* Only the value and the checksum change, and the checksum is right whatever the place and value. */
static void
clamped_segment_differs_in_its_value_alone(void **state)
{
	static const uint16_t limits[] = {536, 1000, 1280, 1459, 1460, 1461, 65535};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		for (unsigned int j = 0; j < RTE_DIM(limits); j++) {
			struct rte_mbuf *mbuf =
				segment((const uint8_t *)cases[i].options, cases[i].length);
			struct rte_mbuf *same =
				segment((const uint8_t *)cases[i].options, cases[i].length);
			uint8_t *tcp = packet_l4(mbuf), *expected = packet_l4(same);
			bool lower = cases[i].at && limits[j] < 1460;

			assert_int_equal(tcp_mss_clamp(mbuf, limits[j]), lower);
			assert_int_equal(rte_ipv4_udptcp_cksum_verify(packet_ip(mbuf), tcp), 0);
			if (lower) {
				uint8_t *value = expected + HEADER + cases[i].at;

				value[0] = (uint8_t)(limits[j] >> 8);
				value[1] = (uint8_t)limits[j];
				memcpy(expected + 16, tcp + 16, 2);
			}
			assert_memory_equal(tcp, expected, HEADER + cases[i].length + 8);
			rte_pktmbuf_free(mbuf);
			rte_pktmbuf_free(same);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segment_size_is_found_wherever_it_stands),
		cmocka_unit_test(clamped_segment_differs_in_its_value_alone),
	};

	return cmocka_run_group_tests(tests, net_start, net_stop);
}
