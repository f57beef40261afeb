/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of a spliced stream, as they would have arrived from their sender: the flow translates them, like
 * any other packet of its direction.
 */
#include <rte_tcp.h>

#include "flow/tcp.h"
#include "forward.h"
#include "net/byte_queue.h"
#include "net/checksum.h"
#include "net/tcp_option.h"
#include "stream_priv.h"

enum {
	OPTIONS_MAX = 40,
	FRAME_ROOM = 18, /* Ethernet header and a VLAN tag */
	ECN_MASK = 0x03, /* of the type of service (RFC 3168) */
};

static uint8_t *
put32(uint8_t *at, uint32_t value)
{
	const rte_be32_t wire = rte_cpu_to_be_32(value);

	memcpy(at, &wire, sizeof(wire));
	return at + sizeof(wire);
}

/* Timestamps and SACK blocks, padded as usual (RFC 7323 appendix A); returns how many bytes. */
static unsigned int
put_options(uint8_t *options, const struct splice_out *out)
{
	uint8_t *at = options;

	if (out->timestamps) {
		*at++ = TCP_OPTION_NOP;
		*at++ = TCP_OPTION_NOP;
		*at++ = TCP_OPTION_TIMESTAMPS;
		*at++ = TCP_OPTION_TIMESTAMPS_LENGTH;
		at = put32(at, out->timestamp);
		at = put32(at, out->echo);
	}
	if (out->sacks > 0) {
		*at++ = TCP_OPTION_NOP;
		*at++ = TCP_OPTION_NOP;
		*at++ = TCP_OPTION_SACK;
		*at++ = (uint8_t)(2 + 8 * out->sacks);
		for (unsigned int i = 0; i < out->sacks; i++) {
			at = put32(at, out->sack[i].left);
			at = put32(at, out->sack[i].right);
		}
	}
	return (unsigned int)(at - options);
}

/* The IPv4 header of a segment as its sender would have made it, and behind it the TCP header. */
static void
put_headers(struct rte_ipv4_hdr *ip, const struct stream_way *way, const struct flow_path *path,
	const struct splice_out *out, unsigned int option_bytes)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
	const size_t headers = sizeof(*ip) + sizeof(*tcp) + option_bytes;

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		/* An acknowledgement alone is not of an ECN-capable transport (RFC 3168 6.1.4). */
		.type_of_service = out->length > 0 ? way->type_of_service
						   : way->type_of_service & (uint8_t)~ECN_MASK,
		.total_length = rte_cpu_to_be_16((uint16_t)(headers + out->length)),
		.packet_id = 0, /* with DF it means nothing (RFC 6864 4.1) */
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = way->time_to_live,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = path->key.src,
		.dst_addr = path->key.dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*tcp = (struct rte_tcp_hdr){
		.src_port = path->key.src_port,
		.dst_port = path->key.dst_port,
		.sent_seq = rte_cpu_to_be_32(out->seq),
		.recv_ack = rte_cpu_to_be_32(out->ack),
		.data_off = (uint8_t)((sizeof(*tcp) + option_bytes) / 4 << 4),
		.tcp_flags = out->flags,
		.rx_win = rte_cpu_to_be_16(out->window),
		.tcp_urp = rte_cpu_to_be_16(out->urgent),
	};
}

void
stream_send(void *context, const struct splice_out *out)
{
	struct stream *stream = context;
	struct worker *worker = stream->worker;
	struct flow *flow = stream_flow(stream);
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(worker->appliance->mempool);
	struct flow_path *path;
	struct rte_ipv4_hdr *ip;
	uint8_t options[OPTIONS_MAX];
	unsigned int option_bytes, headers;
	uint8_t *tcp;

	if (mbuf == NULL || flow == NULL) {
		/* TCP sends it again. */
		rte_pktmbuf_free(mbuf);
		counter_add(
			&worker->thread.counters->drop[flow ? DROP_NO_MBUF : DROP_FLOW_STALE], 1);
		return;
	}
	path = &flow->path[out->direction];
	option_bytes = put_options(options, out);
	headers = (unsigned int)(sizeof(*ip) + sizeof(struct rte_tcp_hdr)) + option_bytes;
	ip = (struct rte_ipv4_hdr *)(rte_pktmbuf_append(
					     mbuf, (uint16_t)(FRAME_ROOM + headers + out->length)) +
				     FRAME_ROOM);
	tcp = (uint8_t *)(ip + 1);
	put_headers(ip, &stream->way[out->direction], path, out, option_bytes);
	memcpy(tcp + sizeof(struct rte_tcp_hdr), options, option_bytes);
	if (out->length > 0)
		byte_queue_copy(&out->stream->kept, out->offset, out->length,
			tcp + sizeof(struct rte_tcp_hdr) + option_bytes);
	((struct rte_tcp_hdr *)tcp)->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	*packet_of(mbuf) = (struct packet){
		.key = path->key,
		.interface = flow->path[!out->direction].egress,
		.ip_offset = FRAME_ROOM,
		.l4_offset = FRAME_ROOM + sizeof(*ip),
		.ip_length = (uint16_t)(headers + out->length),
		.payload_offset = (uint16_t)(FRAME_ROOM + headers),
		.tcp_flags = out->flags,
	};
	event_count(worker->thread.counters, EVENT_STREAM_SEGMENTS_OUT, 1);
	forward_packet(worker, mbuf, path);
}

void
stream_abort(struct stream *stream, struct flow *flow)
{
	struct worker *worker = stream->worker;

	for (unsigned int i = 0; i < 2; i++) {
		const struct splice_stream *bytes = &stream->splice.stream[i];
		const struct splice_out reset = {
			.stream = bytes,
			.direction = i,
			.seq = bytes->received,
			.ack = stream->splice.stream[!i].acked,
			.flags = TCP_RST | TCP_ACK,
		};

		stream_send(stream, &reset);
		tcp_segment(flow, i, TCP_RST | TCP_ACK);
	}
	event_count(worker->thread.counters, EVENT_STREAM_ABORTED, 1);
	stream_end(stream, true);
}
