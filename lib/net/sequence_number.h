/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP sequence numbers (RFC 9293 3.4): 32 bits that wrap, compared by the shorter way round. */
#ifndef NET_SEQUENCE_NUMBER_H
#define NET_SEQUENCE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
sequence_is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline uint32_t
sequence_later(uint32_t a, uint32_t b)
{
	return sequence_is_after(a, b) ? a : b;
}

static inline uint32_t
sequence_earlier(uint32_t a, uint32_t b)
{
	return sequence_is_after(a, b) ? b : a;
}

#endif
