/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compile-time bounds of the appliance. The configuration may ask for less, never for more;
 * lib/config names these numbers in its faults.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

enum {
	WORKERS_MAX = 32, /* worker lcores */
	THREAD_CONTROL = WORKERS_MAX, /* thread id of the control lcore */
	THREADS_MAX = WORKERS_MAX + 1,
	PORTS_MAX = 32, /* NICs */
	INTERFACES_MAX = 64, /* layer-3 interfaces */
	INTERFACE_ADDRESSES_MAX = 8,
	ZONES_MAX = 62, /* "self" and "default" included: a realm is zone * 4 + NAT side */
	BURST_MAX = 32, /* packets a stage takes at once */
	OUTSIDE_ADDRESSES_MAX = 256, /* addresses that NAT may translate to */
	SIP_PORTS_MAX = 16, /* entries of nat.sip.udp_ports and of tcp_ports */
	TCP_MSS_MIN = 536, /* what a SYN without the option announces (RFC 9293 3.7.1) */
	TCP_MSS_MAX = 1460, /* Ethernet's */
	DATAGRAM_FRAGMENTS_MAX = 128, /* of one datagram: 65,535 bytes at an MTU of 576 */
	CLASS_DEPTH_MAX = 32, /* class maps within class maps */
	POLICY_STEPS_MAX = 1 << 20, /* questions of all policy maps together */
	NAME_MAX_LENGTH = 63, /* names of ports, zones, class maps ... */
};

#endif
