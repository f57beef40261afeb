/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An end of a TCP connection (RFC 9293, 7323, 2018, 5681), a model as complete as the test needs: handshake with
 * options or without, delayed acknowledgements, SACK, PAWS, repetition by timer and by three equal acknowledgements,
 * small and closed windows with probes, keepalives, FIN, RST. Where its segments end is the test's choice.
 */
#ifndef TORTURE_TCP_END_H
#define TORTURE_TCP_END_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

enum {
	TCP_END_STREAM_MAX = 1 << 20,
	TCP_END_FRAME_MAX = 14 + 20 + 60 + 1460,
	TCP_END_SACKS = 4,
};

/* A segment as it came; numbers in host byte order. */
struct tcp_heard {
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
	uint32_t seq, ack, length;
	const uint8_t *data;
	uint16_t window;
	uint8_t flags;
	unsigned int options; /* bytes */
	uint16_t mss; /* 0: none */
	int scale; /* -1: none */
	bool sack_permitted, timestamps;
	uint32_t timestamp, echo;
	unsigned int sacks;
	struct {
		uint32_t left, right;
	} sack[TCP_END_SACKS];
};

enum tcp_repeat {
	TCP_REPEAT_SAME, /* a segment as it was cut at first */
	TCP_REPEAT_COALESCED, /* as much as a segment takes */
	TCP_REPEAT_PARTIAL, /* parts of any length */
};

/* How an end does things. */
struct tcp_habits {
	uint16_t mss; /* that it takes; 0: no such option, 536 */
	int scale; /* -1: no such option */
	bool sack, timestamps;
	uint32_t capacity; /* bytes that it keeps for a reader */
	unsigned int slow; /* percent of the times that the reader does not come */
	unsigned int
		delay_ms; /* acknowledgements of every other segment at once, else after so long; 0: each */
	unsigned int flight; /* segments sent and not acknowledged, at most */
	enum tcp_repeat repeat;
	uint32_t initial; /* sequence number */
};

struct tcp_end {
	const char *name;
	uint16_t rig_port;
	struct tcp_habits habits;
	rte_be32_t address, peer;
	rte_be16_t port, peer_port;
	bool passive; /* waits for a SYN */
	/* what was agreed */
	bool open, opening, sack, timestamps;
	unsigned int own_shift, peer_shift;
	uint16_t mss; /* that the other takes */
	/* as sender */
	uint8_t *bytes; /* all of the stream */
	uint8_t *cut; /* [offset]: a segment ends before this byte */
	uint8_t *sacked; /* [offset]: the other has said that it has it */
	uint32_t length; /* written up to now */
	bool fin_wanted, fin_sent;
	uint32_t first, unacknowledged, next, highest, limit;
	uint32_t recover; /* what had been sent when a loss was seen; valid while recovering */
	bool recovering;
	unsigned int same;
	unsigned int backoff;
	uint64_t repeat_ms; /* 0: no timer */
	uint16_t last_window;
	/* as receiver */
	uint32_t origin, expected;
	uint8_t *got, *have;
	uint32_t got_end; /* furthest offset of `have` */
	uint32_t read, announced;
	bool fin_got;
	unsigned int owed; /* segments not yet acknowledged */
	uint64_t ack_ms; /* when an acknowledgement is due; 0: none is */
	uint32_t recent, last_ack; /* time stamp to echo, last acknowledgement sent */
	uint32_t stamp_base;
	bool reset_got, reset_sent;
	uint64_t keepalives_answered;
	bool keepalive_asked;
};

/** Where an end's frames go: the network (wire.c). */
void wire_send(struct tcp_end *from, uint8_t *frame, uint32_t length, bool fresh);

/** Begin anew; buffers are kept. */
void tcp_end_begin(struct tcp_end *end, const struct tcp_habits *habits);

/** Connect, the SYN of which goes out at the next turn. */
void tcp_end_connect(struct tcp_end *end, rte_be32_t peer, rte_be16_t peer_port);

/** Two ends in the midst of a connection that nobody saw begin. */
void tcp_end_adopt(struct tcp_end *end, struct tcp_end *other);

/** Say something; `cut`: segments end there where the caller has set end->cut. */
void tcp_end_write(struct tcp_end *end, const void *bytes, uint32_t length);
void tcp_end_close(struct tcp_end *end);
void tcp_end_reset(struct tcp_end *end);
void tcp_end_keepalive(struct tcp_end *end, bool with_a_byte);

/** Timers, and whatever may be sent now. */
void tcp_end_turn(struct tcp_end *end);

/** When the next timer is due; UINT64_MAX: none runs. */
uint64_t tcp_end_due(const struct tcp_end *end);

/** A frame arrives whose checksums are right. */
void tcp_end_hear(struct tcp_end *end, const struct tcp_heard *heard);

/** How many bytes it has received in order. */
static inline uint32_t
tcp_end_received(const struct tcp_end *end)
{
	return end->expected - end->origin - end->fin_got;
}

/** All that it said, its FIN too, is acknowledged. */
bool tcp_end_is_heard(const struct tcp_end *end);

#endif
