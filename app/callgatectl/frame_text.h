/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A captured frame in words: where, which way, from whom to whom.
 */
#ifndef CALLGATECTL_FRAME_TEXT_H
#define CALLGATECTL_FRAME_TEXT_H

#include <stdint.h>

#include "app/callgate/trace_record.h"

struct frame_words {
	char protocol[16]; /* "udp", "ip 50", "arp", "0x88cc" */
	char source[32],
		destination
			[32]; /* addresses of IPv4, with ports where there are; else of Ethernet */
};

/** What is in the bytes of a frame; those that are missing are not looked at. */
void frame_words(struct frame_words *words, const uint8_t *bytes, uint32_t length);

/** On standard output; `port`: its name. */
void frame_print_line(const struct trace_frame *frame, const uint8_t *bytes, const char *port);
void frame_print_json(const struct trace_frame *frame, const uint8_t *bytes, const char *port);

#endif
