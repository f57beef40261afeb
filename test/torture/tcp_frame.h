/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of TCP segments, written and read byte for byte. */
#ifndef TORTURE_TCP_FRAME_H
#define TORTURE_TCP_FRAME_H

#include "tcp_end.h"

/* A segment to write; numbers in host byte order. */
struct tcp_frame {
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
	uint32_t seq, ack, length;
	const uint8_t *data;
	uint16_t window, urgent;
	uint8_t flags;
	uint16_t mss; /* 0: no option */
	int scale; /* -1: no option */
	bool sack_permitted, timestamps;
	uint32_t timestamp, echo;
	unsigned int sacks;
	struct {
		uint32_t left, right;
	} sack[TCP_END_SACKS];
};

/** Ethernet (addresses left open), IPv4, TCP, with right checksums; returns how many bytes. */
uint32_t tcp_frame_write(uint8_t *bytes, const struct tcp_frame *frame);

/** Read a frame that callgate sent; the test ends when it is no TCP, or a checksum or length is wrong. */
void tcp_frame_read(const uint8_t *bytes, uint32_t length, struct tcp_heard *heard);

/** One line about a frame. */
void tcp_frame_print(const char *prefix, const uint8_t *bytes, uint32_t length);

#endif
