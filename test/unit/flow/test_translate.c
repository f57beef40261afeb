/* SPDX-License-Identifier: BSD-3-Clause */
/* Translation of packets: fields, checksums recomputed from scratch, counters; burst look-up. */
#include <string.h>

#include <rte_icmp.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "flow/flow_translate.h"
#include "flow_fixture.h"

enum { PAYLOAD = 40, IP_OFFSET = 14 };

static struct flow_table *table;
static struct rte_mempool *mbufs;

static int
start(void **state)
{
	table = flow_table_create(256, &fixture_timeouts, SOCKET_ID_ANY);
	assert_non_null(table);
	mbufs = rte_pktmbuf_pool_create(
		"mbufs", 127, 0, PACKET_PRIVATE_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(mbufs);
	return 0;
}

static int
stop(void **state)
{
	rte_mempool_free(mbufs);
	flow_table_destroy(table);
	return 0;
}

static void
l4_fill(void *l4, const struct flow_key *key, const struct rte_ipv4_hdr *ip)
{
	struct rte_udp_hdr *udp = l4;
	struct rte_tcp_hdr *tcp = l4;
	struct rte_icmp_hdr *icmp = l4;

	switch (key->proto) {
	case IPPROTO_UDP:
		udp->src_port = key->src_port;
		udp->dst_port = key->dst_port;
		udp->dgram_len = rte_cpu_to_be_16(PAYLOAD);
		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
		break;
	case IPPROTO_TCP:
		tcp->src_port = key->src_port;
		tcp->dst_port = key->dst_port;
		tcp->cksum = 0;
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
		break;
	case IPPROTO_ICMP:
		icmp->icmp_type = RTE_IP_ICMP_ECHO_REQUEST;
		icmp->icmp_code = 0;
		icmp->icmp_ident = key->src_port;
		icmp->icmp_cksum = 0;
		icmp->icmp_cksum = ~rte_raw_cksum(icmp, PAYLOAD);
		break;
	default:
		break;
	}
}

static struct rte_mbuf *
packet_make(const struct flow_key *key, uint8_t seed)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mbufs);
	const uint16_t ip_length = sizeof(struct rte_ipv4_hdr) + PAYLOAD;
	struct packet *packet;
	struct rte_ipv4_hdr *ip;
	uint8_t *l4;

	assert_non_null(mbuf);
	assert_non_null(rte_pktmbuf_append(mbuf, IP_OFFSET + ip_length));
	packet = packet_of(mbuf);
	memset(packet, 0, sizeof(*packet));
	packet->key = *key;
	packet->hash = flow_key_hash(key);
	packet->ip_offset = IP_OFFSET;
	packet->l4_offset = IP_OFFSET + sizeof(*ip);
	packet->ip_length = ip_length;
	ip = packet_ip(mbuf);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16(ip_length),
		.packet_id = seed,
		.time_to_live = 64,
		.next_proto_id = key->proto,
		.src_addr = key->src,
		.dst_addr = key->dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	l4 = packet_l4(mbuf);
	for (unsigned int i = 0; i < PAYLOAD; i++)
		l4[i] = (uint8_t)(seed * 31 + i * 7);
	l4_fill(l4, key, ip);
	return mbuf;
}

/* The packet is what the same payload under the new header would be, byte by byte. */
static void
assert_translated(struct rte_mbuf *mbuf, const struct flow_key *answer, uint8_t seed)
{
	struct flow_key expected = {
		.src = answer->dst,
		.dst = answer->src,
		.src_port = answer->dst_port,
		.dst_port = answer->src_port,
		.proto = answer->proto,
	};
	struct rte_mbuf *fresh = packet_make(&expected, seed);
	struct rte_ipv4_hdr *ip = packet_ip(fresh);

	ip->time_to_live = 63;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	assert_memory_equal(packet_ip(mbuf), ip, sizeof(*ip) + PAYLOAD);
	rte_pktmbuf_free(fresh);
}

static void
translated_packets_are_as_if_made_so(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_GRE};

	for (unsigned int i = 0; i < RTE_DIM(protocols); i++) {
		struct flow_template template = template_make(4000, protocols[i]);
		struct flow *flow;
		void *data;

		if (protocols[i] == IPPROTO_GRE)
			for (unsigned int d = 0; d < 2; d++)
				template.key[d].src_port = template.key[d].dst_port = 0;
		assert_int_equal(flow_create(&worker, table, &template, &data), 0);
		flow = flow_of_data(data);
		for (unsigned int seed = 0; seed < 256; seed++) {
			const unsigned int direction = seed % 2;
			struct rte_mbuf *mbuf = packet_make(&template.key[direction], seed);

			assert_true(atomic_load(&flow->path[direction].ops) & FLOW_REWRITE);
			flow_translate(&worker, &flow->path[direction], mbuf);
			assert_translated(mbuf, &template.key[!direction], seed);
			rte_pktmbuf_free(mbuf);
		}
		for (unsigned int d = 0; d < 2; d++) {
			assert_int_equal(atomic_load(&flow->path[d].packets), 128);
			assert_int_equal(atomic_load(&flow->path[d].bytes), 128 * (20 + PAYLOAD));
			assert_int_equal(atomic_load(&flow->path[d].last_seen_s), worker.now_s);
		}
		assert_true(flow_remove(&worker, table, flow));
	}
}

static void
untranslated_flow_only_counts_down_the_ttl(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct rte_mbuf *mbuf;
	struct flow *flow;
	void *data;

	template.ops[0] = FLOW_PERMITTED | FLOW_SIP_UDP;
	template.key[1] = key_make(0xc6336401, 5060, 0x0a000001, 4000, IPPROTO_UDP, REALM_OUTSIDE);
	assert_int_equal(flow_create(&worker, table, &template, &data), 0);
	flow = flow_of_data(data);
	assert_int_equal(atomic_load(&flow->path[0].ops), FLOW_PERMITTED | FLOW_SIP_UDP);
	mbuf = packet_make(&template.key[0], 9);
	flow_translate(&worker, &flow->path[0], mbuf);
	assert_translated(mbuf, &template.key[1], 9);
	rte_pktmbuf_free(mbuf);
	assert_true(flow_remove(&worker, table, flow));
}

static void
udp_checksum_zero_stays_zero_and_is_never_made(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct rte_mbuf *mbuf;
	struct rte_udp_hdr *udp;
	struct flow *flow;
	unsigned int made_ffff = 0;
	void *data;

	assert_int_equal(flow_create(&worker, table, &template, &data), 0);
	flow = flow_of_data(data);
	for (uint32_t before = 0; before <= 0xffff; before++) {
		mbuf = packet_make(&template.key[0], 9);
		udp = packet_l4(mbuf);
		udp->dgram_cksum = (uint16_t)before;
		flow_translate(&worker, &flow->path[0], mbuf);
		assert_true((udp->dgram_cksum == 0) == (before == 0));
		made_ffff += udp->dgram_cksum == 0xffff;
		rte_pktmbuf_free(mbuf);
	}
	assert_int_equal(made_ffff, 1);
	assert_true(flow_remove(&worker, table, flow));
}

static void
last_seen_follows_the_clock(void **state)
{
	struct flow_template template = template_make(4000, IPPROTO_UDP);
	struct rte_mbuf *mbuf = packet_make(&template.key[1], 1);
	struct flow *flow;
	void *data;

	assert_int_equal(flow_create(&worker, table, &template, &data), 0);
	flow = flow_of_data(data);
	assert_int_equal(atomic_load(&flow->path[0].last_seen_s), worker.now_s);
	assert_int_equal(atomic_load(&flow->path[1].last_seen_s), 0);
	fixture_advance(3);
	flow_translate(&worker, &flow->path[1], mbuf);
	assert_int_equal(atomic_load(&flow->path[0].last_seen_s), worker.now_s - 3);
	assert_int_equal(atomic_load(&flow->path[1].last_seen_s), worker.now_s);
	rte_pktmbuf_free(mbuf);
	assert_true(flow_remove(&worker, table, flow));
}

static void
burst_finds_hits_and_marks_misses(void **state)
{
	struct rte_mbuf *burst[BURST_MAX];
	struct flow *flows[BURST_MAX] = {0};
	void *data[BURST_MAX];

	for (unsigned int i = 0; i < BURST_MAX; i++) {
		struct flow_template template = template_make(4000 + i, IPPROTO_UDP);

		burst[i] = packet_make(&template.key[i % 2], i);
		if (i % 3 == 0)
			continue;
		assert_int_equal(flow_create(&worker, table, &template, &data[0]), 0);
		flows[i] = flow_of_data(data[0]);
	}
	for (unsigned int count = 0; count <= BURST_MAX; count++) {
		memset(data, 0xff, sizeof(data));
		flow_lookup_burst(table, burst, count, data);
		for (unsigned int i = 0; i < count; i++) {
			if (flows[i] == NULL) {
				assert_null(data[i]);
				continue;
			}
			assert_ptr_equal(flow_of_data(data[i]), flows[i]);
			assert_int_equal(flow_direction_of_data(data[i]), i % 2);
		}
	}
	for (unsigned int i = 0; i < BURST_MAX; i++) {
		rte_pktmbuf_free(burst[i]);
		if (flows[i] != NULL)
			assert_true(flow_remove(&worker, table, flows[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translated_packets_are_as_if_made_so),
		cmocka_unit_test(untranslated_flow_only_counts_down_the_ttl),
		cmocka_unit_test(udp_checksum_zero_stays_zero_and_is_never_made),
		cmocka_unit_test(last_seen_follows_the_clock),
		cmocka_unit_test(burst_finds_hits_and_marks_misses),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, start, stop);
}
