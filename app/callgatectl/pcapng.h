/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture file of messages or frames: pcapng with a block for each interface and comments at the packets.
 * DPDK's own writer (rte_pcapng) knows neither comments nor interfaces that are no port of the process.
 */
#ifndef CALLGATECTL_PCAPNG_H
#define CALLGATECTL_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PCAPNG_COMMENTS_MAX = 257 };

struct pcapng;

/* A message, of which a packet is made. Addresses and ports in network byte order. */
struct pcapng_message {
	const char *interface; /* name */
	bool outbound;
	uint64_t at_ms; /* since 1970 */
	uint8_t proto; /* IPPROTO_UDP, IPPROTO_TCP */
	uint32_t src, dst;
	uint16_t src_port, dst_port;
	const uint8_t *text;
	uint32_t length;
	char **comments;
	unsigned int comment_count; /* at most PCAPNG_COMMENTS_MAX */
};

/* A frame as it was on the wire, or the first bytes of it. */
struct pcapng_frame {
	const char *interface; /* name */
	bool outbound;
	uint64_t at_us; /* since 1970 */
	const uint8_t *bytes;
	uint32_t captured, original;
};

/** Begin a file on a stream, which stays the caller's. NULL: out of memory, or errno. */
struct pcapng *pcapng_begin(FILE *file);

/** Write a frame. False: errno. */
bool pcapng_write_frame(struct pcapng *pcapng, const struct pcapng_frame *frame);

/**
 * Write a message as an IPv4 packet in an Ethernet frame: UDP; or TCP, in as many segments as it takes, each connection counted
 * on from the message before. False: errno.
 */
bool pcapng_write(struct pcapng *pcapng, const struct pcapng_message *message);

void pcapng_free(struct pcapng *pcapng);

#endif
