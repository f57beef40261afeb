/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_fixture.h"

#include <string.h>

#include <rte_icmp.h>
#include <rte_mempool.h>
#include <rte_udp.h>

#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/log.h"
#include "eal_fixture.h"

struct net_fixture net;

const struct rte_ether_addr port_mac[2] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};
const struct rte_ether_addr host_mac = {{2, 0, 0, 0, 1, 1}};
const struct rte_ether_addr other_mac = {{2, 0, 0, 0, 1, 2}};
const struct rte_ether_addr broadcast_mac = {{255, 255, 255, 255, 255, 255}};

static const uint16_t interface_port[INTERFACES] = {0, 1, 1};
static const uint16_t interface_vlan[INTERFACES] = {0, 0, 20};

static char name_lan[] = "lan", name_wan[] = "wan", name_trunk[] = "trunk";

static struct config_interface interfaces[INTERFACES] = {
	[LAN] = {.name = name_lan,
		.port = 0,
		.mtu = 1500,
		.address_count = 1,
		.zone = 2,
		.nat_side = NAT_SIDE_INSIDE,
		.addresses = {{LAN_OWN, {IP(10, 0, 0, 0), IP(255, 255, 255, 0), 24}}}},
	[WAN] = {.name = name_wan,
		.port = 1,
		.mtu = 1500,
		.address_count = 1,
		.zone = 3,
		.nat_side = NAT_SIDE_OUTSIDE,
		.addresses = {{WAN_OWN, {IP(203, 0, 113, 0), IP(255, 255, 255, 0), 24}}}},
	[TRUNK] = {.name = name_trunk,
		.port = 1,
		.vlan = 20,
		.mtu = 600,
		.address_count = 1,
		.zone = 3,
		.nat_side = NAT_SIDE_OUTSIDE,
		.addresses = {{TRUNK_OWN, {IP(198, 51, 100, 0), IP(255, 255, 255, 252), 30}}}},
};

static struct config_route routes[] = {
	{.prefix = {0, 0, 0}, .via = IP(203, 0, 113, 254)},
	{.prefix = {IP(172, 16, 0, 0), IP(255, 240, 0, 0), 12}, .via = IP(10, 0, 0, 254)},
};

static void
keep_sent(void *context, uint16_t port, struct rte_mbuf **frames, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		assert_true(net.sent_count < SENT_MAX);
		net.sent_port[net.sent_count] = port;
		net.sent[net.sent_count++] = frames[i];
	}
}

int
net_start(void **state)
{
	eal_fixture_start();
	keyed_hash_init(1);
	clock_init(true);
	assert_int_equal(log_init("error", "stderr"), 0);
	net.config.interface_count = INTERFACES;
	net.config.interfaces = interfaces;
	net.config.route_count = RTE_DIM(routes);
	net.config.routes = routes;
	net.interfaces = interface_table_create(&net.config, port_mac);
	assert_non_null(net.interfaces);
	assert_int_equal(
		route_table_create(&net.config, net.interfaces, SOCKET_ID_ANY, &net.routes), 0);
	net.output.mempool = rte_pktmbuf_pool_create(
		"net", MBUFS, 0, PACKET_PRIVATE_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(net.output.mempool);
	net.output.outbox = &net.outbox;
	net.output.interfaces = net.interfaces;
	net.outbox.flush = keep_sent;
	thread_init(&net.worker, 0);
	thread_init(&net.control, THREAD_CONTROL);
	return 0;
}

int
net_stop(void **state)
{
	rte_mempool_free(net.output.mempool);
	route_table_destroy(net.routes);
	interface_table_destroy(net.interfaces);
	return rte_eal_cleanup();
}

int
net_reset(void **state)
{
	net.output.neighbours = neighbour_table_create(SOCKET_ID_ANY);
	assert_non_null(net.output.neighbours);
	memset(net.worker.counters, 0, sizeof(*net.worker.counters));
	memset(net.control.counters, 0, sizeof(*net.control.counters));
	icmp_limiter_init(&net.limiter, NET_ERRORS_PER_SECOND);
	net.worker.now_s = net.control.now_s = 1000;
	net.worker.now_ms = net.control.now_ms = 1000000;
	return 0;
}

int
net_check(void **state)
{
	net_sent();
	net_forget();
	neighbour_table_destroy(net.output.neighbours);
	assert_int_equal(rte_mempool_avail_count(net.output.mempool), MBUFS);
	return 0;
}

void
net_advance(uint32_t seconds)
{
	net.worker.now_s += seconds;
	net.worker.now_ms += 1000 * (uint64_t)seconds;
	net.control.now_s = net.worker.now_s;
	net.control.now_ms = net.worker.now_ms;
}

uint64_t
net_drops(enum drop_reason reason)
{
	return net.worker.counters->drop[reason] + net.control.counters->drop[reason];
}

uint64_t
net_events(enum event event)
{
	return net.worker.counters->event[event];
}

unsigned int
net_sent(void)
{
	outbox_flush(&net.outbox);
	return net.sent_count;
}

void
net_forget(void)
{
	rte_pktmbuf_free_bulk(net.sent, net.sent_count);
	net.sent_count = 0;
}

const uint8_t *
net_frame(unsigned int index)
{
	assert_true(index < net.sent_count);
	return rte_pktmbuf_mtod(net.sent[index], const uint8_t *);
}

struct rte_mbuf *
net_mbuf(const void *bytes, unsigned int length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(net.output.mempool);
	char *to;

	assert_non_null(mbuf);
	to = rte_pktmbuf_append(mbuf, (uint16_t)length);
	assert_non_null(to);
	memcpy(to, bytes, length);
	memset(packet_of(mbuf), 0xa5, sizeof(struct packet)); /* what the last owner left */
	return mbuf;
}

struct rte_mbuf *
net_mbuf_chain(const void *bytes, unsigned int length, unsigned int size)
{
	struct rte_mbuf *head = net_mbuf(bytes, RTE_MIN(size, length));
	unsigned int at;

	for (at = size; at < length; at += size)
		assert_int_equal(rte_pktmbuf_chain(head, net_mbuf((const uint8_t *)bytes + at,
								 RTE_MIN(size, length - at))),
			0);
	return head;
}

unsigned int
frame_ip_offset(unsigned int interface)
{
	return interface_vlan[interface] ? 18 : 14;
}

static void
frame_ether(uint8_t *to, unsigned int interface, const struct rte_ether_addr *destination,
	uint16_t type)
{
	memcpy(to, destination, 6);
	memcpy(to + 6, &host_mac, 6);
	to += 12;
	if (interface_vlan[interface]) {
		memcpy(to, (uint8_t[]){0x81, 0, 0, (uint8_t)interface_vlan[interface]}, 4);
		to += 4;
	}
	to[0] = (uint8_t)(type >> 8);
	to[1] = (uint8_t)type;
}

void
frame_fix_checksum(uint8_t *ip)
{
	struct rte_ipv4_hdr *header = (struct rte_ipv4_hdr *)ip;

	header->hdr_checksum = 0;
	header->hdr_checksum = rte_ipv4_cksum(header);
}

unsigned int
frame_ip(uint8_t *to, unsigned int interface, rte_be32_t source, rte_be32_t destination,
	uint8_t proto, const void *l4, unsigned int length)
{
	unsigned int offset = frame_ip_offset(interface);
	struct rte_ipv4_hdr ip = {.version_ihl = 0x45,
		.time_to_live = 60,
		.next_proto_id = proto,
		.total_length = rte_cpu_to_be_16((uint16_t)(20 + length)),
		.src_addr = source,
		.dst_addr = destination,
		.packet_id = RTE_BE16(0x1234)};

	frame_ether(to, interface, &port_mac[interface_port[interface]], RTE_ETHER_TYPE_IPV4);
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(to + offset, &ip, sizeof(ip));
	memcpy(to + offset + sizeof(ip), l4, length);
	return offset + 20 + length;
}

unsigned int
frame_udp(uint8_t *to, unsigned int interface, rte_be32_t source, rte_be32_t destination,
	unsigned int payload)
{
	uint8_t l4[9000];
	struct rte_udp_hdr udp = {
		RTE_BE16(4000), RTE_BE16(5060), rte_cpu_to_be_16((uint16_t)(8 + payload)), 0};
	unsigned int i, length;
	struct rte_ipv4_hdr *ip;

	assert_true(payload + 8 <= sizeof(l4));
	memcpy(l4, &udp, sizeof(udp));
	for (i = 0; i < payload; i++)
		l4[8 + i] = (uint8_t)(i * 7 + (i >> 8));
	length = frame_ip(to, interface, source, destination, IPPROTO_UDP, l4, 8 + payload);
	ip = (struct rte_ipv4_hdr *)(to + frame_ip_offset(interface));
	((struct rte_udp_hdr *)(ip + 1))->dgram_cksum = rte_ipv4_udptcp_cksum(ip, ip + 1);
	return length;
}

unsigned int
frame_echo(uint8_t *to, unsigned int interface, rte_be32_t source, rte_be32_t destination,
	unsigned int payload)
{
	uint8_t l4[2000] = {8, 0, 0, 0, 0x77, 0x01, 0, 9};
	unsigned int i;
	uint16_t sum;

	for (i = 0; i < payload; i++)
		l4[8 + i] = (uint8_t)i;
	sum = (uint16_t)~rte_raw_cksum(l4, 8 + payload);
	memcpy(l4 + 2, &sum, 2);
	return frame_ip(to, interface, source, destination, IPPROTO_ICMP, l4, 8 + payload);
}

unsigned int
frame_arp(uint8_t *to, unsigned int interface, uint16_t opcode,
	const struct rte_ether_addr *sender_mac, rte_be32_t sender, rte_be32_t target)
{
	unsigned int offset = frame_ip_offset(interface);
	struct rte_arp_hdr arp = {RTE_BE16(1), RTE_BE16(0x0800), 6, 4, rte_cpu_to_be_16(opcode),
		{*sender_mac, sender, {{0}}, target}};

	frame_ether(to, interface,
		opcode == 1 ? &broadcast_mac : &port_mac[interface_port[interface]],
		RTE_ETHER_TYPE_ARP);
	memcpy(to + offset, &arp, sizeof(arp));
	return offset + sizeof(arp);
}

const struct parse_result *
net_parse(struct rte_mbuf *mbuf, unsigned int interface)
{
	static struct parse_result result;
	struct burst burst = {.mbuf = {mbuf}, .count = 1};

	parse_burst(&net.worker, net.interfaces, interface_port[interface], false, &burst, &result);
	return &result;
}

struct rte_mbuf *
net_parsed(const void *bytes, unsigned int length, unsigned int interface)
{
	const struct parse_result *result = net_parse(net_mbuf(bytes, length), interface);

	assert_int_equal(result->ipv4.count, 1);
	return result->ipv4.mbuf[0];
}

void
net_arp(unsigned int interface, uint16_t opcode, const struct rte_ether_addr *sender_mac,
	rte_be32_t sender, rte_be32_t target)
{
	uint8_t frame[64];
	unsigned int length = frame_arp(frame, interface, opcode, sender_mac, sender, target);
	const struct parse_result *result = net_parse(net_mbuf(frame, length), interface);

	assert_int_equal(result->arp.count, 1);
	neighbour_arp_burst(&net.worker, &net.output, &result->arp);
}

struct rte_mbuf *
net_packet(unsigned int egress, rte_be32_t next_hop, unsigned int payload, uint16_t mark)
{
	uint8_t frame[9100];
	unsigned int length = frame_udp(frame, LAN, LAN_HOST, FAR_HOST, payload);
	struct rte_mbuf *mbuf = net_mbuf_chain(frame, length, 1900);
	const struct parse_result *result = net_parse(mbuf, LAN);

	assert_int_equal(result->ipv4.count, 1);
	packet_ip(mbuf)->packet_id = rte_cpu_to_be_16(mark);
	frame_fix_checksum((uint8_t *)packet_ip(mbuf));
	packet_of(mbuf)->egress = (uint16_t)egress;
	packet_of(mbuf)->next_hop = next_hop;
	return mbuf;
}
