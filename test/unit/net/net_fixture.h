/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small network for the tests of this room: three interfaces, routes, one worker, the control
 * lcore, and an outbox that keeps what was sent.
 *
 *   lan   port 0, untagged, 10.0.0.1/24          zone 2, inside
 *   wan   port 1, untagged, 203.0.113.1/24       zone 3, outside
 *   trunk port 1, VLAN 20,  198.51.100.1/30, MTU 600, zone 3, outside
 *   0.0.0.0/0 via 203.0.113.254, 172.16.0.0/12 via 10.0.0.254
 */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "config/config.h"
#include "net/icmp.h"
#include "net/neighbour.h"
#include "net/packet.h"
#include "net/parse.h"
#include "net/route.h"

enum { LAN, WAN, TRUNK, INTERFACES };
enum { SENT_MAX = 256, MBUFS = 2047, NET_ERRORS_PER_SECOND = 100 };

#define IP(a, b, c, d) RTE_BE32(RTE_IPV4(a, b, c, d))
#define LAN_OWN        IP(10, 0, 0, 1)
#define LAN_HOST       IP(10, 0, 0, 2)
#define WAN_OWN        IP(203, 0, 113, 1)
#define WAN_HOST       IP(203, 0, 113, 77)
#define TRUNK_OWN      IP(198, 51, 100, 1)
#define TRUNK_HOST     IP(198, 51, 100, 2)
#define FAR_HOST       IP(8, 8, 8, 8)

struct net_fixture {
	struct config config;
	struct interface_table *interfaces;
	struct route_table *routes;
	struct outbox outbox;
	struct net_output output;
	struct thread worker, control;
	struct icmp_limiter limiter;
	unsigned int sent_count;
	uint16_t sent_port[SENT_MAX];
	struct rte_mbuf *sent[SENT_MAX];
};

extern struct net_fixture net;
extern const struct rte_ether_addr port_mac[2], host_mac, other_mac, broadcast_mac;

/** EAL, pool, interfaces and routes: once an executable (cmocka group setup and teardown). */
int net_start(void **state);
int net_stop(void **state);

/** An empty neighbour table, zeroed counters, a full limiter, the clock at second 1000. */
int net_reset(void **state);
/** Frees what was sent and asserts that no mbuf is lost. */
int net_check(void **state);

void net_advance(uint32_t seconds);
uint64_t net_drops(enum drop_reason reason);
uint64_t net_events(enum event event);

/** Flush the outbox; the number of frames kept so far. */
unsigned int net_sent(void);
/** Free the frames kept. */
void net_forget(void);
const uint8_t *net_frame(unsigned int index);

/** An mbuf with these bytes. */
struct rte_mbuf *net_mbuf(const void *bytes, unsigned int length);
/** The same bytes in segments of `size`. */
struct rte_mbuf *net_mbuf_chain(const void *bytes, unsigned int length, unsigned int size);

/** A frame in `to`: Ethernet (tagged when vlan), IPv4 without options, UDP with `payload` bytes. */
unsigned int frame_udp(uint8_t *to, unsigned int interface, rte_be32_t source,
	rte_be32_t destination, unsigned int payload);
/** The same with any protocol and `l4` bytes of layer 4. */
unsigned int frame_ip(uint8_t *to, unsigned int interface, rte_be32_t source,
	rte_be32_t destination, uint8_t proto, const void *l4, unsigned int length);
unsigned int frame_echo(uint8_t *to, unsigned int interface, rte_be32_t source,
	rte_be32_t destination, unsigned int payload);
unsigned int frame_arp(uint8_t *to, unsigned int interface, uint16_t opcode,
	const struct rte_ether_addr *sender_mac, rte_be32_t sender, rte_be32_t target);
/** Offset of IPv4 in a frame made for this interface. */
unsigned int frame_ip_offset(unsigned int interface);
void frame_fix_checksum(uint8_t *ip);

/** Parse one frame as received on the interface's port; what parse_burst() made of it. */
const struct parse_result *net_parse(struct rte_mbuf *mbuf, unsigned int interface);
/** Parse a frame and assert that it is good IPv4. */
struct rte_mbuf *net_parsed(const void *bytes, unsigned int length, unsigned int interface);
/** Give a frame to neighbour_arp_burst(). */
void net_arp(unsigned int interface, uint16_t opcode, const struct rte_ether_addr *sender_mac,
	rte_be32_t sender, rte_be32_t target);
/** A parsed UDP packet from the LAN, to be sent to `next_hop` on `egress`. */
struct rte_mbuf *net_packet(
	unsigned int egress, rte_be32_t next_hop, unsigned int payload, uint16_t mark);

#endif
