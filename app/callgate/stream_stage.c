/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP segments of SIP connections into their streams.
 *
 * What ends a connection is believed when nothing follows, as in the TCP state table: a RST that was none to
 * its receiver (RFC 5961) is followed by other segments, which go on.
 */
#include "flow/flow_account.h"
#include "flow/tcp.h"
#include "flow/tcp_sequence.h"
#include "forward.h"
#include "net/checksum.h"
#include "net/parse.h"
#include "net/sequence_number.h"
#include "net/tcp_option.h"
#include "pipeline.h"
#include "stream_priv.h"
#include "tcp_unknown.h"

enum {
	/* Options that a splice cannot answer for: they sign numbers and bytes, or number bytes themselves. */
	OPTION_MD5 = 19,
	OPTION_AO = 29,
	OPTION_MPTCP = 30,
};

/* Which worker has a flow's stream. */
static unsigned int
stream_owner(const struct appliance *appliance, const struct flow *flow)
{
	if (appliance->workers == 1)
		return 0;
	return (unsigned int)((flow_key_hash(&flow->path[0].key) >> 32) % appliance->workers);
}

bool
stream_is_elsewhere(struct worker *worker, struct rte_mbuf *mbuf, const struct flow *flow)
{
	struct appliance *appliance = worker->appliance;
	unsigned int owner;

	if (appliance->workers == 1)
		return false;
	owner = stream_owner(appliance, flow);
	if (owner == worker->thread.id)
		return false;
	/* Nothing but a SYN begins a stream. */
	if (!(packet_of(mbuf)->tcp_flags & TCP_SYN) && !stream_exists(appliance, flow))
		return false;
	handoff_send(&worker->thread, appliance->handoff, owner, HANDOFF_PACKET, mbuf);
	return true;
}

static uint32_t
get32(const uint8_t *at)
{
	rte_be32_t wire;

	memcpy(&wire, at, sizeof(wire));
	return rte_be_to_cpu_32(wire);
}

static void
option_read(uint8_t kind, const uint8_t *value, unsigned int length, struct splice_segment *segment,
	bool *foreign)
{
	switch (kind) {
	case TCP_OPTION_MSS:
		if (length == TCP_OPTION_MSS_LENGTH - 2)
			segment->mss = (uint16_t)(value[0] << 8 | value[1]);
		break;
	case TCP_OPTION_WINDOW_SCALE:
		if (length == TCP_OPTION_WINDOW_SCALE_LENGTH - 2)
			segment->scale = (uint8_t)(RTE_MIN(value[0], 14) + 1);
		break;
	case TCP_OPTION_TIMESTAMPS:
		if (length != TCP_OPTION_TIMESTAMPS_LENGTH - 2)
			break;
		segment->timestamps = true;
		segment->timestamp = get32(value);
		segment->echo = get32(value + 4);
		break;
	case TCP_OPTION_SACK_PERMITTED:
		segment->sack_permitted = true;
		break;
	case TCP_OPTION_SACK:
		for (unsigned int i = 0; i + 8 <= length && segment->sacks < SPLICE_SACKS; i += 8) {
			segment->sack[segment->sacks].left = get32(value + i);
			segment->sack[segment->sacks++].right = get32(value + i + 4);
		}
		break;
	case OPTION_MD5:
	case OPTION_AO:
	case OPTION_MPTCP:
		*foreign = true;
		break;
	default:
		break;
	}
}

/* Numbers and options of a segment; parse has seen that its header is whole. */
static void
segment_read(struct rte_mbuf *mbuf, struct splice_segment *segment, bool *foreign)
{
	const struct packet *packet = packet_of(mbuf);
	const struct rte_tcp_hdr *tcp = packet_l4(mbuf);
	const uint8_t *option = (const uint8_t *)(tcp + 1);
	const uint8_t *end = (const uint8_t *)tcp + (packet->payload_offset - packet->l4_offset);

	*foreign = false;
	*segment = (struct splice_segment){
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.length =
			packet->ip_length - (uint32_t)(packet->payload_offset - packet->ip_offset),
		.window = rte_be_to_cpu_16(tcp->rx_win),
		.urgent = rte_be_to_cpu_16(tcp->tcp_urp),
		.flags = tcp->tcp_flags,
	};
	while (option < end && *option != TCP_OPTION_END) {
		unsigned int length;

		if (*option == TCP_OPTION_NOP) {
			option++;
			continue;
		}
		length = option + 1 < end ? option[1] : 0;
		if (length < 2 || option + length > end)
			return;
		option_read(*option, option + 2, length - 2, segment, foreign);
		option += length;
	}
}

/* What is sent in this direction later looks as what came last. */
static void
way_note(struct stream_way *way, struct rte_mbuf *mbuf)
{
	const struct rte_ipv4_hdr *ip = packet_ip(mbuf);

	way->time_to_live = ip->time_to_live;
	way->type_of_service = ip->type_of_service;
}

/* This connection is nobody's business any more. */
static void
pass_unread(struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction)
{
	event_count(worker->thread.counters, EVENT_TCP_SIP_LAYER4, 1);
	forward_packet(worker, mbuf, &flow->path[direction]);
}

void
stream_make_plain(struct stream *stream, unsigned int direction)
{
	struct stream_way *way = &stream->way[direction];

	if (way->plain)
		return;
	way->plain = true;
	way->whole = way->fed = way->ends = 0;
	way->asked_ms = 0;
	event_count(stream->worker->thread.counters, EVENT_STREAM_PLAIN, 1);
}

/* Does it answer the SYN of a connection that would pass unread? */
static bool
answers_unread(
	const struct stream *stream, unsigned int direction, const struct splice_segment *segment)
{
	return stream->unread.direction != direction && (segment->flags & TCP_ACK) &&
	       sequence_is_after(segment->ack, stream->unread.seq) &&
	       !sequence_is_after(segment->ack, stream->unread.end);
}

/* This stream does not stand for the connection that the SYN is of. */
static bool
stream_is_replaced(struct stream *stream, unsigned int direction,
	const struct splice_segment *segment, bool foreign)
{
	if (!splice_has_begun(&stream->splice))
		return foreign;
	if ((segment->flags & TCP_ACK) && answers_unread(stream, direction, segment))
		return true;
	/* Anybody may have sent it (RFC 5961 4): until it is answered the connection stands. */
	if (foreign && !(segment->flags & TCP_ACK)) {
		stream->unread.seq = segment->seq;
		stream->unread.end = segment->seq + 1 + segment->length;
		stream->unread.direction = direction;
	}
	return false;
}

/* A SYN passes as it is; the numbers of both sides begin with it. */
static void
synchronize(struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction,
	struct stream *stream)
{
	struct splice_segment segment;
	bool foreign;

	segment_read(mbuf, &segment, &foreign);
	foreign |= segment.length > 0;
	if (stream == NULL && !(segment.flags & TCP_ACK) && !foreign)
		stream = stream_make(worker, flow);
	if (stream != NULL && stream_is_replaced(stream, direction, &segment, foreign)) {
		stream_end(stream, false);
		stream = NULL;
	}
	if (stream == NULL || foreign) {
		pass_unread(worker, mbuf, flow, direction);
		return;
	}
	way_note(&stream->way[direction], mbuf);
	stream->splice.now_ms = worker->thread.now_ms;
	if (splice_syn(&stream->splice, direction, &segment)) /* a new one over an old one */
		stream_begin(stream);
	forward_packet(worker, mbuf, &flow->path[direction]);
}

/* What a number of the header becomes; the checksum is that of the new one. */
static rte_be32_t
renumber(struct rte_tcp_hdr *tcp, rte_be32_t was, uint32_t number)
{
	const rte_be32_t wire = rte_cpu_to_be_32(number);

	tcp->cksum = checksum_apply(tcp->cksum, checksum_delta32(was, wire));
	return wire;
}

/* A RST that is none to its receiver: the connection goes on. */
static void
reset_refuse(
	struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction)
{
	packet_drop(&worker->thread, mbuf, DROP_TCP_RST_SEQUENCE);
	if (atomic_load_explicit(&flow->tcp_state, memory_order_relaxed) == TCP_RESET &&
		tcp_segment(flow, direction, TCP_ACK) == TCP_MOVES)
		flow_account_tcp(worker->appliance->flows, flow);
}

/*
 * A RST goes at once: who sent it has nothing more to say. Its receiver believes it for its number (RFC 5961
 * 3.2), which is made here, so what it would not have believed must not pass, whatever nat.tcp_rst_check says.
 */
static void
reset(struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction,
	struct stream *stream)
{
	struct rte_tcp_hdr *tcp = packet_l4(mbuf);
	struct splice_segment segment;
	bool foreign;

	if (!splice_has_begun(&stream->splice)) { /* the answer to a SYN */
		forward_unseen(worker, mbuf, &flow->path[direction]);
		return;
	}
	segment_read(mbuf, &segment, &foreign);
	/* What answers a SYN over an old connection knows of no other numbers. */
	if ((stream->splice.other_syn_known && stream->splice.other_syn_direction != direction &&
		    segment.ack == stream->splice.other_syn.seq + 1) ||
		answers_unread(stream, direction, &segment)) {
		forward_unseen(worker, mbuf, &flow->path[direction]);
		return;
	}
	stream->splice.now_ms = worker->thread.now_ms;
	switch (splice_rst_check(&stream->splice, direction, segment.seq)) {
	case SPLICE_RST_OUTSIDE:
		reset_refuse(worker, mbuf, flow, direction);
		return;
	case SPLICE_RST_NEAR: /* who means it answers with the number that is told */
		reset_refuse(worker, mbuf, flow, direction);
		splice_challenge(&stream->splice, direction);
		return;
	case SPLICE_RST_EXACT:
		break;
	}
	tcp->sent_seq =
		renumber(tcp, tcp->sent_seq, splice_reset(&stream->splice, direction, segment.seq));
	if (segment.flags & TCP_ACK)
		tcp->recv_ack =
			renumber(tcp, tcp->recv_ack, stream->splice.stream[!direction].acked);
	stream->reset_ms = worker->thread.now_ms;
	stream_wait(stream);
	forward_unseen(worker, mbuf, &flow->path[direction]);
}

void
stream_settle(struct stream *stream, struct flow *flow)
{
	struct worker *worker = stream->worker;

	if (stream->way[0].plain && stream->way[1].plain && stream_is_even(stream)) {
		if (worker->tcp_rst_check)
			tcp_sequence_unknown(worker->appliance->flows, flow);
		stream_end(stream, false);
		return;
	}
	stream_charge(stream);
	stream_wait(stream);
}

void
stream_turn(struct stream *stream, struct flow *flow, unsigned int direction)
{
	stream_read(stream, flow, direction);
	splice_answer(&stream->splice, direction);
	/* What an acknowledgement made room for. */
	if (stream->splice.stream[!direction].held.length > 0) {
		stream_read(stream, flow, !direction);
		splice_answer(&stream->splice, !direction);
	}
	stream_settle(stream, flow);
}

/*
 * New bytes for which there is no room are not taken, and their sender repeats them: there is none in all, or what the
 * host that began the connection has is its share. What the segment acknowledges counts all the same, and what it
 * repeats: that is here, and goes when its receiver has got it.
 */
static void
segment_limit(struct stream *stream, unsigned int direction, struct splice_segment *segment)
{
	const uint32_t taken = stream->splice.stream[direction].taken;
	struct stream_table *table = stream->worker->streams;
	struct counters *counters = stream->worker->thread.counters;
	uint32_t added = segment->length;

	if (sequence_is_after(taken, segment->seq))
		added -= RTE_MIN(taken - segment->seq, added);
	if (added == 0)
		return;
	if (!byte_stock_has_spare(&table->bytes, added))
		event_count(counters, EVENT_STREAM_NO_MEMORY, 1);
	if (stream->share->bytes + added <= table->most.bytes)
		return;
	event_count(counters, EVENT_STREAM_HOST_MEMORY, 1);
	segment->length -= added;
	segment->flags &= (uint8_t)~TCP_FIN;
}

/* May it be of this connection? What is said of others' segments does not count. */
static bool
is_near(const struct stream *stream, unsigned int direction, uint32_t seq)
{
	const uint32_t room = stream->worker->streams->room;

	return seq - stream->splice.stream[direction].taken + room <= 2 * room;
}

/* A segment without SYN and RST. */
static void
segment_take(
	struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction, struct stream *stream)
{
	struct worker *worker = stream->worker;
	struct stream_way *way = &stream->way[direction];
	struct splice_segment segment;
	bool foreign;

	segment_read(mbuf, &segment, &foreign);
	if (is_near(stream, direction, segment.seq))
		way_note(way, mbuf);
	/* flat; one that came in several pieces is copied where messages are read */
	segment.data = rte_pktmbuf_read(
		mbuf, packet_of(mbuf)->payload_offset, segment.length, worker->streams->text);
	stream->reset_ms = 0;
	stream->splice.now_ms = worker->thread.now_ms;
	if (stream->splice.stream[direction].held.length == 0)
		way->since_ms = worker->thread.now_ms;
	segment_limit(stream, direction, &segment);
	splice_take(&stream->splice, direction, &segment);
	packet_drop(&worker->thread, mbuf, DROP_STREAM_CONSUMED);
	stream_turn(stream, flow, direction);
}

/* Of a connection that is over here: who sent it is told so. */
static void
segment_refuse(struct worker *worker, struct rte_mbuf *mbuf)
{
	tcp_unknown_answer(worker, mbuf);
	packet_drop(&worker->thread, mbuf, DROP_STREAM_OVER);
}

void
stream_segment(
	struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction)
{
	const uint8_t flags = packet_of(mbuf)->tcp_flags;
	struct stream *stream = NULL;

	if (stream_owner(worker->appliance, flow) == worker->thread.id)
		stream = stream_of(worker, flow);
	if (flags & TCP_SYN)
		synchronize(worker, mbuf, flow, direction, stream);
	else if (stream == NULL && stream_is_gone(worker, flow))
		segment_refuse(worker, mbuf);
	else if (stream == NULL)
		pass_unread(worker, mbuf, flow, direction);
	else if (flags & TCP_RST)
		reset(worker, mbuf, flow, direction, stream);
	else if (!splice_has_begun(&stream->splice)) /* of an old connection, in answer to a SYN */
		forward_packet(worker, mbuf, &flow->path[direction]);
	else
		segment_take(mbuf, flow, direction, stream);
}

/* Bytes from here on have been sent, and their receiver has not said that they are there. */
static bool
is_on_its_way(const struct stream *stream, unsigned int direction, uint32_t seq)
{
	const struct splice_stream *bytes = &stream->splice.stream[direction];

	return splice_has_begun(&stream->splice) && !sequence_is_after(bytes->received, seq) &&
	       sequence_is_after(bytes->sent, seq);
}

void
stream_path_mtu(struct worker *worker, const struct flow *flow, unsigned int direction,
	uint32_t seq, uint16_t mtu)
{
	struct appliance *appliance = worker->appliance;
	const unsigned int owner = stream_owner(appliance, flow);
	struct stream *stream;
	struct rte_mbuf *mbuf;

	if (mtu <= STREAM_HEADERS || !stream_exists(appliance, flow))
		return;
	if (owner == worker->thread.id) {
		stream = stream_of(worker, flow);
		/* Who forges it does not know what is on its way (RFC 5927 4.1). */
		if (stream == NULL || !is_on_its_way(stream, direction, seq))
			return;
		splice_mtu(&stream->splice, direction, (uint16_t)(mtu - STREAM_HEADERS));
		splice_answer(&stream->splice, direction);
		return;
	}
	mbuf = rte_pktmbuf_alloc(appliance->mempool);
	if (mbuf == NULL)
		return; /* the router says it again */
	*packet_of(mbuf) = (struct packet){
		.key = flow->path[direction].key, .ip_length = mtu, .neighbour = seq};
	packet_of(mbuf)->hash = flow_key_hash(&packet_of(mbuf)->key);
	handoff_send_stream(
		&worker->thread, appliance->handoff, owner, HANDOFF_STREAM_MTU, mbuf, 0);
}

void
stream_handed(struct worker *worker, const struct handoff_letter *letter)
{
	const struct packet *packet = packet_of(letter->mbuf);
	void *data;

	switch (letter->kind) {
	case HANDOFF_STREAM_MESSAGE:
		stream_message_serve(worker, letter);
		return;
	case HANDOFF_STREAM_REPLY:
		stream_message_reply(worker, letter);
		return;
	default: /* HANDOFF_STREAM_MTU */
		data = flow_lookup(worker->appliance->flows, &packet->key, packet->hash);
		if (data != NULL)
			stream_path_mtu(worker, flow_of_data(data), flow_direction_of_data(data),
				packet->neighbour, packet->ip_length);
		rte_pktmbuf_free(letter->mbuf);
	}
}
