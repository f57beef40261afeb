/* SPDX-License-Identifier: BSD-3-Clause */
/* What came out of order. */
#include <string.h>

#include "net/sequence_number.h"
#include "splice_priv.h"

uint32_t
splice_blocked(const struct splice_stream *stream)
{
	uint32_t length = 0;

	for (unsigned int i = 0; i < stream->blocks; i++)
		length += stream->block[i].bytes.length;
	return length;
}

void
splice_block_remove(struct splice *splice, struct splice_stream *stream, unsigned int index)
{
	byte_queue_drop(splice->stock, &stream->block[index].bytes, UINT32_MAX);
	stream->blocks--;
	memmove(&stream->block[index], &stream->block[index + 1],
		(stream->blocks - index) * sizeof(stream->block[0]));
}

bool
splice_block_give_way(struct splice *splice, struct splice_stream *stream)
{
	unsigned int furthest = 0;

	if (stream->blocks == 0)
		return false;
	for (unsigned int i = 1; i < stream->blocks; i++)
		if (sequence_is_after(stream->block[i].seq, stream->block[furthest].seq))
			furthest = i;
	splice_block_remove(splice, stream, furthest);
	return true;
}

void
splice_blocks_take(struct splice *splice, struct splice_stream *stream)
{
	for (unsigned int i = 0; i < stream->blocks;) {
		struct splice_block *block = &stream->block[i];
		const uint32_t end = splice_block_end(block);

		if (sequence_is_after(block->seq, stream->taken)) {
			i++;
			continue;
		}
		if (sequence_is_after(end, stream->taken)) {
			byte_queue_drop(splice->stock, &block->bytes, stream->taken - block->seq);
			if (byte_queue_move(splice->stock, &block->bytes, block->bytes.length,
				    &stream->held))
				stream->taken = end;
		}
		splice_block_remove(splice, stream, i);
		i = 0;
	}
}

/* The newest block has grown: those that it reaches go on in it. */
static void
blocks_join(struct splice *splice, struct splice_stream *stream)
{
	for (unsigned int i = 1; i < stream->blocks;) {
		struct splice_block *block = &stream->block[i], *newest = &stream->block[0];
		const uint32_t end = splice_block_end(newest);

		if (sequence_is_after(newest->seq, block->seq) ||
			sequence_is_after(block->seq, end)) {
			i++;
			continue;
		}
		byte_queue_drop(splice->stock, &block->bytes, end - block->seq);
		byte_queue_move(splice->stock, &block->bytes, block->bytes.length, &newest->bytes);
		splice_block_remove(splice, stream, i);
		i = 1;
	}
}

/* Make the block at this index the first. */
static void
block_to_front(struct splice_stream *stream, unsigned int index)
{
	const struct splice_block block = stream->block[index];

	memmove(&stream->block[1], &stream->block[0], index * sizeof(block));
	stream->block[0] = block;
}

void
splice_blocks_add(struct splice *splice, struct splice_stream *stream, uint32_t seq,
	const uint8_t *data, uint32_t length)
{
	unsigned int i = 0;

	if (stream->held.length + stream->kept.length + splice_blocked(stream) + length >
			splice->room ||
		!byte_stock_has_spare(splice->stock, length))
		return;
	/* It goes on where one ends, or earlier: the rest is new. */
	while (i < stream->blocks &&
		(sequence_is_after(stream->block[i].seq, seq) ||
			sequence_is_after(seq, splice_block_end(&stream->block[i]))))
		i++;
	if (i < stream->blocks) {
		const uint32_t known = splice_block_end(&stream->block[i]) - seq;

		block_to_front(stream, i);
		if (known < length)
			byte_queue_append(splice->stock, &stream->block[0].bytes, data + known,
				length - known);
	} else {
		struct splice_block block = {.seq = seq};

		if (stream->blocks == SPLICE_BLOCKS ||
			!byte_queue_append(splice->stock, &block.bytes, data, length))
			return;
		stream->block[stream->blocks++] = block;
		block_to_front(stream, stream->blocks - 1u);
	}
	blocks_join(splice, stream);
}
