/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histograms: how many observations fell into each bucket, and what they add up to. One writer, with
 * relaxed loads and stores as for counters (counter.h); any thread reads. Each has cache lines of its
 * own, so that a reader disturbs nothing but them.
 *
 * What a bucket holds is its user's: shares of a whole (histogram_share) or times in powers of two
 * (histogram_time). An observation counts in one bucket; readers add them up.
 */
#ifndef CORE_HISTOGRAM_H
#define CORE_HISTOGRAM_H

#include "counter.h"

enum {
	HISTOGRAM_BUCKETS = 20,
	/* Shares: bucket i is for those above i tenths and up to i + 1 tenths; 0 is in the first. */
	HISTOGRAM_SHARES = 10,
	HISTOGRAM_WHOLE = 1000000, /* a share of 1: they are counted in millionths */
	/* Times: the first bucket is for up to 256 ns, each other one for twice as much as the one
	 * before, the last, beyond 2^25 ns (34 ms), for all others. */
	HISTOGRAM_TIME_SHIFT = 8,
	HISTOGRAM_TIMES = 19,
};

struct histogram {
	_Atomic uint64_t bucket[HISTOGRAM_BUCKETS];
	_Atomic uint64_t sum; /* millionths, or nanoseconds */
} __rte_cache_aligned;

/** A share in millionths, at most HISTOGRAM_WHOLE. The writer. */
static inline void
histogram_share(struct histogram *histogram, uint32_t millionths)
{
	const uint32_t tenth = HISTOGRAM_WHOLE / HISTOGRAM_SHARES;

	counter_add(&histogram->bucket[millionths > 0 ? (millionths - 1) / tenth : 0], 1);
	counter_add(&histogram->sum, millionths);
}

/** The bucket of a time in nanoseconds. */
static inline unsigned int
histogram_time_bucket(uint64_t ns)
{
	/* Times of up to 2^n belong below its border, so one less decides; the bits that are always set
	 * keep what is short in the first bucket. */
	const uint64_t below = (ns - (ns > 0)) | (((uint64_t)1 << HISTOGRAM_TIME_SHIFT) - 1);
	const unsigned int bits = 64 - (unsigned int)__builtin_clzll(below);

	return RTE_MIN(bits - HISTOGRAM_TIME_SHIFT, (unsigned int)HISTOGRAM_TIMES - 1);
}

/** A time in nanoseconds. The writer. */
static inline void
histogram_time(struct histogram *histogram, uint64_t ns)
{
	counter_add(&histogram->bucket[histogram_time_bucket(ns)], 1);
	counter_add(&histogram->sum, ns);
}

/** The border that a bucket of times reaches up to, nanoseconds; 0: there is none (the last one). */
static inline uint64_t
histogram_time_border(unsigned int bucket)
{
	return bucket + 1 < HISTOGRAM_TIMES ? (uint64_t)1 << (bucket + HISTOGRAM_TIME_SHIFT) : 0;
}

#endif
