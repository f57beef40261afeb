/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of a stream: found by framing, read by the owner of their Call-ID, released as that one left them.
 *
 * At most one message of a direction is on its way to an owner. Its answer may be lost (a ring is full), so it
 * is asked again after a while: to the ALG that is a retransmission. What the ALG drops is released as nothing:
 * that message is gone, the stream is sound.
 */
#include "net/byte_queue.h"
#include "net/parse.h"
#include "pipeline.h"
#include "stream_priv.h"
#include "trace.h"

enum {
	ASK_AGAIN_MS = 200,
	ENDS_MAX = 1500, /* bytes of line ends that are released at once, about */
	REPLY_DIRECTION = 1 << 0,
	REPLY_AS_IT_IS = 1 << 1, /* nothing was edited */
};

/*
 * The first mbuf of a message on its way says what stream it is of, in fields of the packet that nobody else needs
 * there: spare: index; neighbour: serial of the message; egress: REPLY_*; key and hash: of its flow.
 */

/* Text into mbufs, as many as it takes; NULL: there are not enough. */
static struct rte_mbuf *
text_to_mbufs(struct rte_mempool *mempool, const char *text, uint32_t length)
{
	struct rte_mbuf *first = NULL, *mbuf;

	do {
		uint32_t part;

		mbuf = rte_pktmbuf_alloc(mempool);
		if (mbuf == NULL) {
			rte_pktmbuf_free(first);
			return NULL;
		}
		part = RTE_MIN(length, (uint32_t)rte_pktmbuf_tailroom(mbuf));
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)part), text, part);
		text += part;
		length -= part;
		if (first == NULL)
			first = mbuf;
		else
			rte_pktmbuf_chain(first, mbuf);
	} while (length > 0);
	return first;
}

/* And back; it fits STREAM_TEXT. */
static uint32_t
mbufs_to_text(struct rte_mbuf *mbuf, char *text)
{
	const uint32_t length = rte_pktmbuf_pkt_len(mbuf);
	const void *bytes = rte_pktmbuf_read(mbuf, 0, length, text);

	if (bytes != text)
		memcpy(text, bytes, length);
	return length;
}

/* Counted like a packet, which it is not. */
static void
message_drop(struct worker *worker, enum drop_reason reason)
{
	counter_add(&worker->thread.counters->drop[reason], 1);
	event_count(worker->thread.counters, EVENT_STREAM_MESSAGES_DROPPED, 1);
}

/*
 * Let the ALG read the message in the worker's text. What is to be released: *length bytes (0: nothing is left of
 * it). False: nothing was edited.
 */
static bool
message_process(struct worker *worker, struct flow *flow, unsigned int direction,
	const struct hash128 *call_id, uint32_t *length)
{
	struct flow_path *path = &flow->path[direction];
	struct alg_message message = {
		.text = worker->streams->text,
		.length = *length,
		.capacity = STREAM_TEXT,
		.call_id = call_id,
		.flow = flow,
		.direction = direction,
		.source_realm = path->key.realm,
		.destination_realm = worker->appliance->interfaces->entry[path->egress].realm,
	};
	const bool traced =
		unlikely(trace_is_on(worker->appliance->trace)) && trace_before(worker, &message);
	const uint64_t begin = worker_sip_begin(worker);
	const int verdict = alg_message_process(&worker->thread, worker->alg, &message);

	worker_sip_end(worker, begin);
	if (unlikely(traced))
		trace_after(worker, &message, verdict);
	*length = message.length;
	if (verdict == ALG_FORWARD)
		return message.edited;
	message_drop(worker, (enum drop_reason)verdict);
	*length = 0;
	return true;
}

static bool
host_refused(struct worker *worker, const struct flow *flow, unsigned int direction)
{
	const struct flow_path *path = &flow->path[direction];

	return alg_host_refused(&worker->thread, worker->alg, path->key.src,
		memcmp(worker->streams->text, "SIP/", 4) == 0, path->key.realm,
		worker->appliance->interfaces->entry[path->egress].realm);
}

/* The place was there when the message was read. False: it is not any more. bytes NULL: as they are. */
static bool
way_release(struct stream *stream, unsigned int direction, const void *bytes, uint32_t length)
{
	struct stream_way *way = &stream->way[direction];

	if (!splice_release(&stream->splice, direction, way->fed, bytes, length)) {
		/* Nothing lacks its end: its receiver will answer for it. */
		splice_whole(&stream->splice, direction);
		return false;
	}
	way->fed = way->whole = way->ends = 0;
	way->asked_ms = 0;
	way->serial++;
	way->since_ms = stream->worker->thread.now_ms;
	return true;
}

/* Hand the message, which is in the worker's text, to its owner. */
static void
message_ask(struct stream *stream, struct flow *flow, unsigned int direction, unsigned int owner)
{
	struct worker *worker = stream->worker;
	struct stream_way *way = &stream->way[direction];
	struct rte_mbuf *mbuf =
		text_to_mbufs(worker->appliance->mempool, worker->streams->text, way->whole);

	way->asked_ms = worker->thread.now_ms;
	splice_whole(&stream->splice, direction);
	if (mbuf == NULL) /* again later */
		return;
	*packet_of(mbuf) = (struct packet){
		.key = flow->path[direction].key,
		.egress = (uint16_t)direction,
		.neighbour = way->serial,
		.spare = pool_index(worker->streams->pools->streams, stream),
	};
	packet_of(mbuf)->hash = flow_key_hash(&packet_of(mbuf)->key);
	handoff_send_stream(&worker->thread, worker->appliance->handoff, owner,
		HANDOFF_STREAM_MESSAGE, mbuf,
		atomic_load_explicit(&stream->object.generation, memory_order_relaxed));
}

void
stream_message_serve(struct worker *worker, const struct handoff_letter *letter)
{
	struct packet packet = *packet_of(letter->mbuf);
	void *data = flow_lookup(worker->appliance->flows, &packet.key, packet.hash);
	char *text = worker->streams->text;
	uint32_t length = mbufs_to_text(letter->mbuf, text);
	struct rte_mbuf *reply = letter->mbuf;
	struct hash128 call_id;

	if (data == NULL) { /* so its stream ends, too */
		packet_drop(&worker->thread, letter->mbuf, DROP_FLOW_STALE);
		return;
	}
	if (alg_owner(worker->appliance->alg, text, length, &call_id) < 0 ||
		!message_process(worker, flow_of_data(data), flow_direction_of_data(data), &call_id,
			&length)) {
		packet.egress |= REPLY_AS_IT_IS;
	} else {
		rte_pktmbuf_free(letter->mbuf);
		reply = text_to_mbufs(worker->appliance->mempool, text, length);
	}
	if (reply == NULL) /* it is asked again */
		return;
	*packet_of(reply) = packet;
	handoff_send_stream(&worker->thread, worker->appliance->handoff, letter->from,
		HANDOFF_STREAM_REPLY, reply, letter->generation);
}

void
stream_message_reply(struct worker *worker, const struct handoff_letter *letter)
{
	const struct packet packet = *packet_of(letter->mbuf);
	const struct handle name = {.index = packet.spare, .generation = letter->generation};
	const unsigned int direction = packet.egress & REPLY_DIRECTION;
	struct stream *stream = pool_get(worker->streams->pools->streams, name);
	struct flow *flow = stream ? stream_flow(stream) : NULL;
	char *text = worker->streams->text;
	const uint32_t length = mbufs_to_text(letter->mbuf, text);

	rte_pktmbuf_free(letter->mbuf);
	if (flow == NULL || stream->way[direction].serial != packet.neighbour ||
		stream->way[direction].asked_ms == 0)
		return; /* the stream is over, or this message: it was asked again, and answered */
	stream->splice.now_ms = worker->thread.now_ms;
	if (!way_release(stream, direction, packet.egress & REPLY_AS_IT_IS ? NULL : text, length))
		return; /* no room now: it is asked again */
	event_count(worker->thread.counters, EVENT_STREAM_MESSAGES, 1);
	stream_turn(stream, flow, direction);
}

/* The message at the head is whole. False: it cannot go on now. */
static bool
message_take(struct stream *stream, struct flow *flow, unsigned int direction)
{
	struct worker *worker = stream->worker;
	struct stream_way *way = &stream->way[direction];
	char *text = worker->streams->text;
	uint32_t length = way->whole;
	struct hash128 call_id;
	bool edited;
	int owner;

	if (way->asked_ms != 0 && worker->thread.now_ms < way->asked_ms + ASK_AGAIN_MS)
		return false;
	if (!splice_has_place(&stream->splice, direction, length + STREAM_GROWTH))
		return false;
	byte_queue_copy(&stream->splice.stream[direction].held, 0, length, text);
	if (way->asked_ms == 0 && host_refused(worker, flow, direction)) {
		message_drop(worker, DROP_SIP_BLACKLISTED);
		return way_release(stream, direction, text, 0);
	}
	owner = alg_owner(worker->appliance->alg, text, length, &call_id);
	if (owner >= 0 && (unsigned int)owner != worker->thread.id) {
		message_ask(stream, flow, direction, (unsigned int)owner);
		return false;
	}
	if (owner >= 0)
		event_count(worker->thread.counters, EVENT_HANDOFF_LOCAL, 1);
	edited = message_process(worker, flow, direction, owner >= 0 ? &call_id : NULL, &length);
	event_count(worker->thread.counters, EVENT_STREAM_MESSAGES, 1);
	return way_release(stream, direction, edited ? text : NULL, length);
}

/* Does a line end come next, whole? */
static bool
line_end_is_next(const struct byte_queue *held, uint32_t offset)
{
	uint32_t length;
	const uint8_t *bytes = byte_queue_span(held, offset, &length);

	return length >= 2 && bytes[0] == '\r' && bytes[1] == '\n';
}

/*
 * Feed framing with what it has not seen; line ends side by side are one piece. While no message has begun, what came
 * are lone CRs: any number of them may come, so they are not held for one.
 */
static enum sip_frame
way_feed(struct stream *stream, unsigned int direction)
{
	struct stream_way *way = &stream->way[direction];
	const struct byte_queue *held = &stream->splice.stream[direction].held;
	enum sip_frame frame = SIP_FRAME_MORE;

	do {
		uint32_t length, taken;
		const uint8_t *bytes = byte_queue_span(held, way->fed, &length);

		frame = sip_framing_feed(
			&way->framing, (const char *)bytes, bytes ? length : 0, &taken);
		way->fed += taken;
		if (frame == SIP_FRAME_MORE && way->fed > 0 && way->framing.length == 0)
			return SIP_FRAME_CRLF;
	} while ((frame == SIP_FRAME_MORE && way->fed < held->length) ||
		 ((frame == SIP_FRAME_CRLF || frame == SIP_FRAME_PING) && way->fed < ENDS_MAX &&
			 line_end_is_next(held, way->fed)));
	return frame;
}

/*
 * A message ends with what was fed. Lone CRs before it, a chunk of them at most, are no part of it. If they cannot go now
 * the text has room for them, too.
 */
static void
message_begin(struct stream *stream, unsigned int direction)
{
	struct stream_way *way = &stream->way[direction];
	const uint32_t before = way->fed - way->framing.length;

	if (before > 0 && splice_release(&stream->splice, direction, before, NULL, 0))
		way->fed -= before;
	way->whole = way->fed;
}

void
stream_read(struct stream *stream, struct flow *flow, unsigned int direction)
{
	struct stream_way *way = &stream->way[direction];
	const struct splice_stream *bytes = &stream->splice.stream[direction];

	while (bytes->held.length > 0) {
		if (way->plain) {
			way->fed = bytes->held.length;
			way_release(stream, direction, NULL, 0);
			return;
		}
		if (way->ends > 0) { /* nothing more is fed before they are gone */
			if (!way_release(stream, direction, NULL, 0))
				return;
			continue;
		}
		if (way->whole == 0) {
			switch (way_feed(stream, direction)) {
			case SIP_FRAME_MESSAGE:
				message_begin(stream, direction);
				break;
			case SIP_FRAME_CRLF:
			case SIP_FRAME_PING:
				way->ends = way->fed;
				continue;
			case SIP_FRAME_ERROR:
				stream_make_plain(stream, direction);
				continue;
			case SIP_FRAME_MORE:
				if (bytes->fin_taken) /* its end will not come */
					stream_make_plain(stream, direction);
				if (!way->plain)
					return;
				continue;
			}
		}
		if (!message_take(stream, flow, direction))
			return;
	}
}
