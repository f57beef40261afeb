/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call's media at one end.
 *
 * Overview: RTP every 20 ms with 160 bytes of payload, an RTCP sender report at the start and every
 * second. Payload and report carry a note that lets the other end judge without any tolerance in
 * time: the packet's index, when it was sent (CLOCK_MONOTONIC, which both ends share: they are
 * namespaces of one machine), how many RTCP packets went before it, and what its sender knew of the
 * call's end.
 * Life cycle: open, announce, start, [draining], ended or answered, done. The side that hangs up
 * says so (draining) well before it sends BYE: all that either side sent before must arrive. What
 * is sent while BYE travels may arrive or not. Once the side that hung up has *seen* the final
 * answer, callgate has closed the media, so whatever is sent from then on, by either side, and
 * still arrives is a leak.
 * Limits: INDEXES_MAX packets a stream and call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtp_call.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

enum {
	NOTE_MAGIC = 0x43475254,
	INDEXES_MAX = 65536,
	RTP_PERIOD_MS = 20,
	RTP_PAYLOAD = 160,
	RTP_TYPE_PCMA = 8,
	SEQUENCE_START = 65500, /* every stream wraps early */
	SEND_LATE_MS = 200, /* a sender that was held up longer does not catch up */
	RECEIVE_BUFFER = 1 << 20,
	RTCP_SR = 200,
	RTCP_APP = 204,
};

enum { NOTE_DRAINING = 1, NOTE_ENDED = 2 };

struct note {
	uint32_t magic, index, rtcp_sent, flags;
	uint64_t sent_ns;
} __attribute__((packed));

struct rtp_packet {
	uint8_t version, type;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	union {
		struct note note;
		uint8_t sound[RTP_PAYLOAD];
	};
} __attribute__((packed));

struct rtcp_packet {
	uint8_t version, type;
	uint16_t length; /* in words, less one */
	uint32_t ssrc, ntp_seconds, ntp_fraction, timestamp, packets, bytes;
	uint8_t app_version, app_type;
	uint16_t app_length;
	uint32_t app_ssrc;
	char app_name[4];
	struct note note;
} __attribute__((packed));

_Static_assert(sizeof(struct rtp_packet) == 172, "G.711, 20 ms");
_Static_assert(sizeof(struct rtcp_packet) % 4 == 0, "RTCP lengths are in words");

static int
socket_open(struct in_addr address, unsigned int port)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET,
		.sin_addr = address,
		.sin_port = htons((uint16_t)port),
	};
	int size = RECEIVE_BUFFER, fd;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(2, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		err(2, "%s:%u", inet_ntoa(address), port);
	return fd;
}

void
rtp_call_open(struct rtp_call *call, const struct rtp_settings *settings, unsigned int index)
{
	unsigned int port = settings->base + index * settings->step;

	memset(call, 0, sizeof(*call));
	call->index = index;
	call->patient = settings->patient;
	/* Unlike at both ends, and unlike in every call. */
	call->ssrc = ntohl(settings->address.s_addr) * 2654435761u + index;
	for (unsigned int stream = 0; stream < STREAMS; stream++) {
		call->socket[stream] = socket_open(settings->address, port + stream);
		call->receiver[stream].seen = calloc(1, INDEXES_MAX / 8);
		if (call->receiver[stream].seen == NULL)
			err(2, "call");
	}
}

void
rtp_call_close(struct rtp_call *call)
{
	for (unsigned int stream = 0; stream < STREAMS; stream++) {
		close(call->socket[stream]);
		free(call->receiver[stream].seen);
	}
}

static bool
same_endpoint(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

void
rtp_call_announce(struct rtp_call *call, const char *address, unsigned int port)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 || port == 0 || port > 65534)
		errx(2, "call %u: peer '%s' %u is no endpoint", call->index, address, port);
	for (unsigned int stream = 0; stream < STREAMS; stream++) {
		peer.sin_port = htons((uint16_t)(port + stream));
		if (call->announced && !same_endpoint(&call->peer[stream], &peer))
			call->counts.wrong_source++; /* an answer repeated must not differ */
		call->peer[stream] = peer;
		/* What came before the announcement was kept to be compared with it. */
		if (call->receiver[stream].highest > 0 &&
			!same_endpoint(&call->first_source[stream], &peer))
			call->counts.wrong_source++;
	}
	call->announced = true;
}

void
rtp_call_start(struct rtp_call *call, uint64_t now)
{
	if (call->started || call->done_ns != 0)
		return;
	call->started = true;
	call->next_ns[RTP] = now;
	call->next_ns[RTCP] = now;
}

static void
note_fill(struct note *note, const struct rtp_call *call, unsigned int stream, uint64_t now)
{
	note->magic = NOTE_MAGIC;
	note->index = (uint32_t)call->counts.sent[stream];
	note->rtcp_sent = (uint32_t)call->counts.sent[RTCP];
	note->flags = (call->draining_ns != 0 ? NOTE_DRAINING : 0) |
		      (call->ended_ns != 0 ? NOTE_ENDED : 0);
	note->sent_ns = now;
}

static void
packet_send(struct rtp_call *call, unsigned int stream, const void *packet, size_t length)
{
	/* A full transmit queue here would be loss that is not callgate's: wait for it. */
	while (sendto(call->socket[stream], packet, length, 0,
		       (struct sockaddr *)&call->peer[stream], sizeof(call->peer[stream])) < 0) {
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			err(2, "call %u: send", call->index);
		usleep(100);
	}
	call->counts.sent[stream]++;
}

/* A patient end speaks when it has been spoken to. */
static bool
silent(const struct rtp_call *call)
{
	return call->patient &&
	       (call->counts.received[RTP] == 0 || call->counts.received[RTCP] == 0);
}

static void
rtp_send(struct rtp_call *call, uint64_t now)
{
	uint32_t index = (uint32_t)call->counts.sent[RTP];
	struct rtp_packet packet = {
		.version = 0x80,
		.type = RTP_TYPE_PCMA,
		.sequence = htons((uint16_t)(SEQUENCE_START + index)),
		.timestamp = htonl(index * RTP_PAYLOAD),
		.ssrc = htonl(call->ssrc),
	};

	memset(packet.sound, 0xd5, sizeof(packet.sound)); /* A-law silence */
	note_fill(&packet.note, call, RTP, now);
	packet_send(call, RTP, &packet, sizeof(packet));
}

static void
rtcp_send(struct rtp_call *call, uint64_t now)
{
	struct rtcp_packet packet = {
		.version = 0x80,
		.type = RTCP_SR,
		.length = htons(6),
		.ssrc = htonl(call->ssrc),
		.ntp_seconds = htonl((uint32_t)(now / NS_PER_S)),
		.timestamp = htonl((uint32_t)call->counts.sent[RTP] * RTP_PAYLOAD),
		.packets = htonl((uint32_t)call->counts.sent[RTP]),
		.bytes = htonl((uint32_t)call->counts.sent[RTP] * RTP_PAYLOAD),
		.app_version = 0x80,
		.app_type = RTCP_APP,
		.app_length = htons(2 + sizeof(struct note) / 4),
		.app_ssrc = htonl(call->ssrc),
		.app_name = {'c', 'g', 'r', 't'},
	};

	note_fill(&packet.note, call, RTCP, now);
	packet_send(call, RTCP, &packet, sizeof(packet));
}

void
rtp_call_send(struct rtp_call *call, uint64_t now)
{
	static const uint64_t period[STREAMS] = {RTP_PERIOD_MS * NS_PER_MS, NS_PER_S};

	if (!call->started || !call->announced || call->done)
		return;
	if (call->done_ns != 0 && now >= call->done_ns) {
		call->done = true;
		return;
	}
	if (silent(call)) {
		call->next_ns[RTP] = now;
		call->next_ns[RTCP] = now;
		return;
	}
	for (unsigned int stream = 0; stream < STREAMS; stream++) {
		if (now > call->next_ns[stream] + SEND_LATE_MS * NS_PER_MS)
			call->next_ns[stream] = now;
		while (now >= call->next_ns[stream] && call->counts.sent[stream] < INDEXES_MAX) {
			if (stream == RTP)
				rtp_send(call, now);
			else
				rtcp_send(call, now);
			call->next_ns[stream] += period[stream];
		}
	}
}

/* Everything a note says that depends on the receiver's own knowledge of the call. */
static void
note_take(struct rtp_call *call, unsigned int stream, const struct note *note)
{
	struct rtp_receiver *receiver = &call->receiver[stream];
	uint8_t bit = (uint8_t)(1u << (note->index % 8));
	uint8_t *byte = &receiver->seen[note->index / 8];

	if ((note->flags & NOTE_ENDED) != 0 ||
		(call->ended_ns != 0 && note->sent_ns > call->ended_ns)) {
		call->counts.leaked++;
		return;
	}
	if ((*byte & bit) != 0) {
		call->counts.duplicate[stream]++;
		return;
	}
	*byte |= bit;
	if (note->index == 0)
		receiver->first = call->counts.sent[RTP] == 0 && call->counts.sent[RTCP] == 0;
	if (note->index + 1 < receiver->highest)
		call->counts.reordered[stream]++;
	else
		receiver->highest = note->index + 1;
	if (stream == RTCP)
		return;
	/* The first packet of the drain tells what must have come before it. */
	if ((note->flags & NOTE_DRAINING) != 0 ||
		(call->draining_ns != 0 && note->sent_ns >= call->draining_ns)) {
		if (!receiver->bounded || note->index < receiver->required) {
			receiver->required = note->index;
			call->receiver[RTCP].required = note->rtcp_sent;
		}
		receiver->bounded = true;
		call->receiver[RTCP].bounded = true;
	}
}

/* The note in a packet, when it is one of ours and all around it is as it was sent. */
static const struct note *
packet_note(unsigned int stream, const uint8_t *bytes, ssize_t length, uint32_t *ssrc)
{
	const struct rtp_packet *rtp = (const void *)bytes;
	const struct rtcp_packet *rtcp = (const void *)bytes;
	const struct note *note;

	if (stream == RTP) {
		if (length != sizeof(*rtp) || rtp->version != 0x80 || rtp->type != RTP_TYPE_PCMA)
			return NULL;
		note = &rtp->note;
		if (ntohs(rtp->sequence) != (uint16_t)(SEQUENCE_START + note->index))
			return NULL;
		*ssrc = ntohl(rtp->ssrc);
	} else {
		if (length != sizeof(*rtcp) || rtcp->version != 0x80 || rtcp->type != RTCP_SR)
			return NULL;
		note = &rtcp->note;
		*ssrc = ntohl(rtcp->ssrc);
	}
	return note->magic == NOTE_MAGIC && note->index < INDEXES_MAX ? note : NULL;
}

static void
packet_take(struct rtp_call *call, unsigned int stream, const uint8_t *bytes, ssize_t length,
	const struct sockaddr_in *source)
{
	const struct note *note;
	uint32_t ssrc;

	note = packet_note(stream, bytes, length, &ssrc);
	if (note == NULL) {
		call->counts.stray++;
		return;
	}
	if (call->peer_ssrc == 0)
		call->peer_ssrc = ssrc;
	if (call->peer_ssrc != ssrc) {
		call->counts.crosstalk++;
		return;
	}
	if (call->counts.received[stream]++ == 0) {
		call->first_source[stream] = *source;
		if (stream == RTP && !call->announced)
			call->counts.before_answer = 1;
	}
	if (!same_endpoint(
		    source, call->announced ? &call->peer[stream] : &call->first_source[stream]))
		call->counts.wrong_source++;
	note_take(call, stream, note);
}

void
rtp_call_receive(struct rtp_call *call, unsigned int stream)
{
	struct sockaddr_in source;
	uint8_t bytes[2048];
	socklen_t size;
	ssize_t length;

	for (;;) {
		size = sizeof(source);
		length = recvfrom(call->socket[stream], bytes, sizeof(bytes), 0,
			(struct sockaddr *)&source, &size);
		if (length >= 0)
			packet_take(call, stream, bytes, length, &source);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNREFUSED)
			err(2, "call %u: receive", call->index);
	}
}

bool
rtp_call_judge(struct rtp_call *call)
{
	struct rtp_counts *counts = &call->counts;
	bool good = call->done;

	for (unsigned int stream = 0; stream < STREAMS; stream++) {
		const struct rtp_receiver *receiver = &call->receiver[stream];

		counts->expected[stream] = receiver->bounded ? receiver->required : 0;
		for (uint32_t i = 0; receiver->bounded && i < receiver->required; i++)
			counts->lost[stream] += (receiver->seen[i / 8] >> (i % 8) & 1) == 0;
		/* Nothing of the drain came: the end of the stream is lost, however long it was. */
		counts->lost[stream] += receiver->bounded ? 0 : 1;
		counts->one_way += counts->received[stream] == 0;
		good = good && counts->lost[stream] == 0 && counts->duplicate[stream] == 0 &&
		       counts->reordered[stream] == 0 && counts->received[stream] > 0;
	}
	counts->unheard = counts->received[RTP] == 0;
	counts->peer_first = call->receiver[RTP].first && call->receiver[RTCP].first;
	return good && counts->wrong_source == 0 && counts->crosstalk == 0 && counts->stray == 0 &&
	       counts->leaked == 0;
}
