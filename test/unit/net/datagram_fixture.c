/* SPDX-License-Identifier: BSD-3-Clause */
#include "datagram_fixture.h"

#include "net/datagram_priv.h"

uint8_t datagram_text[TEXT_MAX];

void
datagram_text_make(void)
{
	for (unsigned int i = 0; i < sizeof(datagram_text); i++)
		datagram_text[i] = (uint8_t)random_next(&net.worker.random);
}

struct rte_mbuf *
datagram_piece(const struct piece *piece)
{
	uint8_t frame[2048], *ip = frame + 14;
	unsigned int length = frame_ip(frame, LAN, piece->source ? piece->source : LAN_HOST,
		FAR_HOST, piece->proto ? piece->proto : IPPROTO_UDP, datagram_text + piece->first,
		piece->end - piece->first);
	uint16_t field = (uint16_t)(piece->first / 8 | (piece->last ? 0 : RTE_IPV4_HDR_MF_FLAG));
	const struct parse_result *result;

	ip[4] = (uint8_t)(piece->id >> 8);
	ip[5] = (uint8_t)piece->id;
	ip[6] = (uint8_t)(field >> 8);
	ip[7] = (uint8_t)field;
	frame_fix_checksum(ip);
	result = net_parse(net_mbuf(frame, length), LAN);
	assert_int_equal(result->fragments.count, 1);
	return result->fragments.mbuf[0];
}

struct datagram_table *
datagram_table_make(struct datagram_limits limits)
{
	struct datagram_table *table;

	limits.timeout_ms = TIMEOUT_MS;
	limits.datagrams = limits.datagrams ? limits.datagrams : 64;
	limits.held = limits.held ? limits.held : 1024;
	limits.held_per_source = limits.held_per_source ? limits.held_per_source : 1024;
	limits.fragments = limits.fragments ? limits.fragments : 64;
	table = datagram_table_create(&limits, SOCKET_ID_ANY);
	assert_non_null(table);
	return table;
}

int
datagram_give(struct datagram_table *table, const struct piece *piece)
{
	struct rte_mbuf *mbuf = datagram_piece(piece);
	struct datagram *datagram;
	int verdict = datagram_add(&net.worker, table, mbuf, &datagram);

	if (verdict != DATAGRAM_ADDED)
		packet_drop(&net.worker, mbuf, (enum drop_reason)verdict);
	else
		datagram_hold(&net.worker, table, datagram, mbuf);
	return verdict;
}

struct datagram *
datagram_of(struct datagram_table *table, const struct piece *piece)
{
	struct rte_mbuf *mbuf = datagram_piece(piece);
	struct datagram *datagram = datagram_find(table, packet_of(mbuf));

	rte_pktmbuf_free(mbuf);
	return datagram;
}

void
datagram_check(struct datagram_table *table, struct datagram *datagram)
{
	static uint8_t bytes[TEXT_MAX];
	uint32_t length = datagram->end;
	struct rte_mbuf *whole;
	const void *payload;

	assert_true(datagram_is_complete(datagram));
	whole = datagram_join(&net.worker, table, datagram);
	rte_mbuf_sanity_check(whole, 1);
	assert_int_equal(rte_pktmbuf_pkt_len(whole), 34 + length);
	assert_int_equal(packet_of(whole)->ip_length, 20 + length);
	assert_int_equal(packet_ip(whole)->total_length, rte_cpu_to_be_16((uint16_t)(20 + length)));
	assert_int_equal(packet_ip(whole)->fragment_offset, 0);
	assert_int_equal(rte_raw_cksum(packet_ip(whole), 20), 0xffff);
	payload = rte_pktmbuf_read(whole, 34, length, bytes);
	assert_non_null(payload);
	assert_memory_equal(payload, datagram_text, length);
	rte_pktmbuf_free(whole);
}
