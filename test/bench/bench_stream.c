/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP messages over TCP beside the same messages over UDP: an INVITE with SDP, rewritten, through the whole path
 * of an appliance with one worker, from pipeline_receive() to the outbox. Over TCP they come in one connection,
 * each in a segment of its own or cut in two, and the receiver acknowledges every second segment; its
 * acknowledgements take the whole way back and are part of the figure.
 *
 * Kinds of INVITE: one that begins a call each time, and one of 64 calls that is repeated. Messages and frames
 * are made between the measurements. Rounds of the kinds alternate. A figure is of bursts of 32 messages; the
 * median of a round's bursts is taken, so that one that another process interrupted does not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "app/callgate/appliance.h"
#include "app/callgate/pipeline.h"
#include "app/callgate/worker.h"
#include "core/rcu.h"

enum {
	BURSTS = 32, /* of a round */
	ROUNDS = 12,
	CALLS = 65536,
	REPEATED = 64,
	PORT = 5060,
	WINDOW = 65535,
	TEXT = 1400,
	PAIR = 2, /* segments that one acknowledgement answers */
};

enum way { WAY_UDP, WAY_TCP, WAY_TCP_CUT, WAYS };

static const char *const way_names[WAYS] = {
	"UDP", "TCP, a segment a message", "TCP, two segments a message"};

static const char configuration[] =
	"system: { worker_cores = [0]; file_prefix = \"bench_stream_%d\"; max_flows = 65536;\n"
	"          max_calls = %u; hugepages = \"auto\"; log: { level = \"warning\"; }; };\n"
	"ports: ( { name = \"lan0\"; driver = \"null\"; }, { name = \"wan0\"; driver = \"null\"; } "
	");\n"
	"interfaces: (\n"
	"  { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/8\"]; nat = \"inside\"; },\n"
	"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\"]; nat = \"outside\"; "
	"} );\n"
	"routes: ( { prefix = \"0.0.0.0/0\"; via = \"203.0.113.254\"; } );\n"
	"nat: { rules: ( { kind = \"dynamic\"; inside = [\"10.0.0.0/8\"]; interface = \"wan\";\n"
	"                  overload = true; } ); };\n"
	"telemetry: { enabled = false; };\n";

/* A TCP end as far as it takes to send what the other has room for. */
static struct {
	uint32_t seq; /* next to send */
	uint32_t ack; /* next to receive */
} client, server;

static struct appliance appliance;
static struct worker *worker;
static rte_be16_t outside_port; /* the connection's, as it left */
static unsigned int messages_out;
static uint32_t text_bytes, made;

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(EXIT_FAILURE, "bench_stream: %s\n", what);
}

static void
fault_print(void *context, const struct config_fault *fault)
{
	char line[512];

	config_fault_format(line, sizeof(line), fault);
	fprintf(stderr, "%s\n", line);
}

/* What leaves: messages are counted, numbers noted as the receiver would. */
static void
sink(void *context, uint16_t port, struct rte_mbuf **mbufs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(mbufs[i], void *);
		const struct rte_ipv4_hdr *ip = (const void *)(ether + 1);
		const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);

		if (port == 1 && ip->next_proto_id == IPPROTO_UDP)
			messages_out++;
		if (ip->next_proto_id == IPPROTO_TCP) {
			const uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq);
			const uint32_t length = rte_be_to_cpu_16(ip->total_length) -
						(uint32_t)sizeof(*ip) - (tcp->data_off >> 4) * 4u;
			const uint32_t end = seq + length + (tcp->tcp_flags & TCP_SYN ? 1 : 0);

			if (port == 1 && end != seq)
				server.ack = end;
			if (port == 1 && length > 0)
				messages_out++;
			if (port == 1)
				outside_port = tcp->src_port;
			if (port == 0 && (tcp->tcp_flags & TCP_SYN))
				client.ack = end;
		}
		rte_pktmbuf_free(mbufs[i]);
	}
}

static void
appliance_make(void)
{
	char path[] = "/tmp/bench_stream_XXXXXX";
	int file = mkstemp(path);

	check(file >= 0 && dprintf(file, configuration, getpid(), CALLS) >= 0, "configuration");
	close(file);
	appliance.config = config_load(path, fault_print, NULL);
	unlink(path);
	check(appliance.config != NULL, "configuration refused");
	appliance.workers = 1;
	appliance.memory_mb = (unsigned int)(appliance_memory(appliance.config) >> 20) + 64;
	check(eal_start(&appliance) == 0 && appliance_up(&appliance) == 0 &&
			rcu_thread_register(0) == 0,
		"appliance does not come up");
	worker = appliance.worker[0];
	worker->outbox.flush = sink;
}

/* A frame of so many bytes behind its IPv4 header. */
static struct rte_mbuf *
frame_make(bool outward, uint8_t proto, uint32_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(appliance.mempool);
	struct rte_ether_hdr *ether;
	struct rte_ipv4_hdr *ip;

	check(mbuf != NULL, "mbufs");
	ether = (void *)rte_pktmbuf_append(mbuf, (uint16_t)(sizeof(*ether) + sizeof(*ip) + length));
	ip = (void *)(ether + 1);
	ether->dst_addr = appliance.ports[outward ? 0 : 1].mac;
	ether->src_addr = (struct rte_ether_addr){{2, 0, 0, 0, 0, 9}};
	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + length)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = inet_addr(outward ? "10.0.0.2" : "203.0.113.254"),
		.dst_addr = inet_addr(outward ? "203.0.113.254" : "203.0.113.1"),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return mbuf;
}

/* The text of a SYN is its options. */
static struct rte_mbuf *
tcp_make(bool outward, uint8_t flags, const char *text, uint32_t length)
{
	struct rte_mbuf *mbuf =
		frame_make(outward, IPPROTO_TCP, (uint32_t)sizeof(struct rte_tcp_hdr) + length);
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(mbuf, void *, sizeof(struct rte_ether_hdr));
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);
	const size_t options = flags & TCP_SYN ? length : 0;

	*tcp = (struct rte_tcp_hdr){
		.src_port = outward ? RTE_BE16(40000) : RTE_BE16(PORT),
		.dst_port = outward ? RTE_BE16(PORT) : outside_port,
		.sent_seq = rte_cpu_to_be_32(outward ? client.seq : server.seq),
		.recv_ack = rte_cpu_to_be_32(outward ? client.ack : server.ack),
		.data_off = (uint8_t)((sizeof(*tcp) + options) / 4 << 4),
		.tcp_flags = flags,
		.rx_win = RTE_BE16(WINDOW),
	};
	memcpy(tcp + 1, text, length);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	if (outward)
		client.seq += flags & TCP_SYN ? 1 : length;
	return mbuf;
}

static struct rte_mbuf *
udp_make(const char *text, uint32_t length)
{
	struct rte_mbuf *mbuf =
		frame_make(true, IPPROTO_UDP, (uint32_t)sizeof(struct rte_udp_hdr) + length);
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(mbuf, void *, sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (void *)(ip + 1);

	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(40000),
		.dst_port = RTE_BE16(PORT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + length)),
	};
	memcpy(udp + 1, text, length);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return mbuf;
}

/* The gateway's answer to ARP, so that the path ends in frames and not in the hold queue. */
static void
neighbour_tell(uint16_t port, const char *address, const char *own)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(appliance.mempool);
	struct burst burst = {.mbuf = {mbuf}, .count = 1};
	struct rte_ether_hdr *ether;
	struct rte_arp_hdr *arp;

	ether = (void *)rte_pktmbuf_append(mbuf, sizeof(*ether) + sizeof(*arp));
	arp = (void *)(ether + 1);
	ether->dst_addr = appliance.ports[port].mac;
	ether->src_addr = (struct rte_ether_addr){{2, 0, 0, 0, 0, 9}};
	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	*arp = (struct rte_arp_hdr){
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(uint32_t),
		.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY),
		.arp_data = {ether->src_addr, inet_addr(address), appliance.ports[port].mac,
			inet_addr(own)},
	};
	pipeline_receive(worker, port, &burst);
}

static void
turn_end(void)
{
	outbox_flush(&worker->outbox);
	rcu_quiescent(0);
}

static void
receive(uint16_t port, struct rte_mbuf **mbufs, unsigned int count)
{
	struct burst burst = {.count = count};

	memcpy(burst.mbuf, mbufs, count * sizeof(mbufs[0]));
	pipeline_receive(worker, port, &burst);
	turn_end();
}

static void
connect_both(void)
{
	static const char mss[] = {2, 4, 1460 >> 8, (char)(1460 & 255)};
	struct rte_mbuf *mbuf;

	client.seq = 0x10000000;
	server.seq = 0x20000000;
	mbuf = tcp_make(true, TCP_SYN, mss, sizeof(mss));
	receive(0, &mbuf, 1);
	neighbour_tell(1, "203.0.113.254", "203.0.113.1");
	turn_end();
	check(outside_port != 0, "the SYN does not leave");
	mbuf = tcp_make(false, TCP_SYN | TCP_ACK, mss, sizeof(mss));
	server.seq++;
	receive(1, &mbuf, 1);
	neighbour_tell(0, "10.0.0.2", "10.0.0.1");
	turn_end();
	check(client.ack == server.seq, "the SYN's answer does not leave");
	mbuf = tcp_make(true, TCP_ACK, NULL, 0);
	receive(0, &mbuf, 1);
}

/* INVITE number n, as a PBX's trunk sends it. */
static uint32_t
invite_write(char *text, uint32_t n, bool tcp)
{
	static const char body[] = "v=0\r\no=- 3724 3724 IN IP4 10.0.0.2\r\ns=-\r\n"
				   "c=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio %u RTP/AVP 8 0 101\r\n"
				   "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
				   "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
	const char *transport = tcp ? "TCP" : "UDP";
	char sdp[512];
	int length = snprintf(sdp, sizeof(sdp), body, 10000 + n % 64 * 2);

	return (uint32_t)snprintf(text, TEXT,
		"INVITE sip:+4930%07u@203.0.113.254:5060;transport=%s SIP/2.0\r\n"
		"Via: SIP/2.0/%s 10.0.0.2:40000;branch=z9hG4bK-%08x;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:+49301234567@10.0.0.2>;tag=a%08x\r\n"
		"To: <sip:+4930%07u@203.0.113.254>\r\n"
		"Call-ID: %08x-7d3e-4a1b@10.0.0.2\r\n"
		"CSeq: 1 INVITE\r\n"
		"Contact: <sip:trunk@10.0.0.2:40000;transport=%s>\r\n"
		"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK\r\n"
		"User-Agent: pbx/1.0\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: %d\r\n\r\n%s",
		n, transport, transport, n, n, n, n, transport, length, sdp);
}

/* Cycles of one burst of messages and of what they call forth. */
static uint64_t
burst_run(enum way way, bool repeated)
{
	struct rte_mbuf *frames[2 * BURST_MAX], *back;
	char text[TEXT];
	unsigned int count = 0, acknowledged = 0;
	const unsigned int segments = way == WAY_TCP_CUT ? 2 * BURST_MAX : BURST_MAX;
	uint64_t start, cycles = 0;

	for (unsigned int i = 0; i < BURST_MAX; i++, made++) {
		const uint32_t n = (repeated ? made % REPEATED : REPEATED + made) * WAYS + way;
		const uint32_t length = invite_write(text, n, way != WAY_UDP);

		text_bytes = length;
		if (way == WAY_UDP) {
			frames[count++] = udp_make(text, length);
		} else if (way == WAY_TCP) {
			frames[count++] = tcp_make(true, TCP_ACK | TCP_PSH, text, length);
		} else {
			frames[count++] = tcp_make(true, TCP_ACK, text, length / 3);
			frames[count++] = tcp_make(
				true, TCP_ACK | TCP_PSH, text + length / 3, length - length / 3);
		}
	}
	messages_out = 0;
	for (unsigned int i = 0; i < segments; i += PAIR) {
		/* As they would be between other packets: two by two, each pair answered. */
		const unsigned int before = messages_out;

		start = rte_rdtsc();
		receive(0, frames + i, PAIR);
		cycles += rte_rdtsc() - start;
		if (way == WAY_UDP || messages_out == before)
			continue;
		back = tcp_make(false, TCP_ACK, NULL, 0);
		acknowledged++;
		start = rte_rdtsc();
		receive(1, &back, 1);
		cycles += rte_rdtsc() - start;
	}
	check(messages_out == BURST_MAX, "a message is missing");
	return cycles;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds a message. */
static double
measure(enum way way, bool repeated)
{
	static double figures[BURSTS];

	for (unsigned int i = 0; i < BURSTS; i++)
		figures[i] = (double)burst_run(way, repeated) * 1e9 / (double)rte_get_tsc_hz() /
			     BURST_MAX;
	qsort(figures, BURSTS, sizeof(figures[0]), compare);
	return figures[BURSTS / 2];
}

int
main(void)
{
	static double figures[2][WAYS][ROUNDS], ratios[2][WAYS][ROUNDS];

	appliance_make();
	connect_both();
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int repeated = 0; repeated < 2; repeated++)
			for (enum way way = 0; way < WAYS; way++) {
				figures[repeated][way][round] = measure(way, repeated);
				ratios[repeated][way][round] = figures[repeated][way][round] /
							       figures[repeated][WAY_UDP][round];
			}
	printf("INVITE of %u bytes, ns a message, best round (median of %u); ratio to UDP, median "
	       "of rounds\n",
		text_bytes, ROUNDS);
	for (unsigned int repeated = 0; repeated < 2; repeated++) {
		printf(repeated ? " one of 64 calls, repeated\n" : " a call each\n");
		for (enum way way = 0; way < WAYS; way++) {
			qsort(figures[repeated][way], ROUNDS, sizeof(double), compare);
			qsort(ratios[repeated][way], ROUNDS, sizeof(double), compare);
			printf("  %-28s %7.0f (%.0f)  %.2f\n", way_names[way],
				figures[repeated][way][0], figures[repeated][way][ROUNDS / 2],
				ratios[repeated][way][ROUNDS / 2]);
		}
	}
	return 0;
}
