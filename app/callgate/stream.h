/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP over TCP: one stream object a connection, owned by one worker, from its SYN on.
 *
 * Which worker: by the hash of the flow's first key; others hand it their segments before any TCP
 * processing. The stream's splice (net/splice.h) holds what came in order; framing (sip/framing.h) finds
 * where messages end; each whole one meets the owner of its Call-ID, as a datagram would, and what that
 * one made of it is released in its place. What is no SIP, or cannot be framed, is released as it is.
 *
 *   segment ─▶ splice_take ─▶ framing ─▶ ALG, here or with the owner ─▶ splice_release ─▶ splice_answer ─▶ forward
 *
 * A connection without a stream (its SYN was not seen, there was no room, its options forbid it) passes
 * at layer 4, segment by segment.
 *
 * Life cycle: made at a SYN; gone some seconds after both ends have closed or a RST, when the flow is
 * gone, or when nothing can be read in it any more and nothing in it has changed.
 * Synchronization: a stream belongs to its worker. The pools are shared by all; so is the array that
 * tells which flow has a stream, of atomic words.
 */
#ifndef APP_STREAM_H
#define APP_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "config/config.h"
#include "flow/flow.h"

struct appliance;
struct stream_table;
struct worker;

/* What the workers share. */
struct stream_pools {
	struct pool *streams;
	struct pool *bytes; /* chunks of what is held and kept */
	/* By flow index: generation of the flow, index of its stream. Writer: the worker of that flow. */
	_Atomic uint64_t *of_flow;
	uint32_t flows; /* elements of of_flow */
};

/** Pools for a configuration. NULL and rte_errno. Bring-up. */
struct stream_pools *stream_pools_create(const struct config *config, int socket);
void stream_pools_destroy(struct stream_pools *pools);

/** A worker's own part. NULL and rte_errno. Bring-up. */
struct stream_table *stream_table_create(struct worker *worker, int socket);
/** Gives all bytes and streams of the worker back. */
void stream_table_destroy(struct stream_table *table);

/** How many chunks of the pool of bytes this worker has at hand, in no stream. Any thread. */
uint32_t stream_bytes_rest(const struct stream_table *table);

/** Bytes that all of them take, for the memory sum of --check. */
size_t stream_memory(const struct config *config);

/**
 * True: the segment is for the stream of another worker, and has been handed to it. To be asked before its
 * TCP state is looked at, of a flow with FLOW_SIP_TCP. Any worker.
 */
bool stream_is_elsewhere(struct worker *worker, struct rte_mbuf *mbuf, const struct flow *flow);

/** Does this flow have a stream? Then its ends do not number bytes alike. Any worker. */
bool stream_exists(const struct appliance *appliance, const struct flow *flow);

/**
 * A TCP segment of a permitted flow with FLOW_SIP_TCP; its TCP state has been looked at. Takes it: forwarded,
 * or taken into its stream. The worker that stream_is_elsewhere() left it to.
 */
void stream_segment(
	struct worker *worker, struct rte_mbuf *mbuf, struct flow *flow, unsigned int direction);

/** What another worker handed over: kinds HANDOFF_STREAM_*. Takes the mbuf. Worker. */
struct handoff_letter;
void stream_handed(struct worker *worker, const struct handoff_letter *letter);

/**
 * A router says that the path of this direction takes packets of at most `mtu` bytes (RFC 1191), about
 * a segment with this number. Any worker: the stream's own learns it by hand-off.
 */
void stream_path_mtu(struct worker *worker, const struct flow *flow, unsigned int direction,
	uint32_t seq, uint16_t mtu);

/** Timers; returns how much there was to do. Worker, each turn. */
unsigned int stream_poll(struct worker *worker);

#endif
