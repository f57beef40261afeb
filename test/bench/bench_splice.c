/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A message of 800 bytes that becomes 830 on its way through a splice: its segment is taken, the message read and
 * released, the new segment built, the receiver's acknowledgement passed back. Headers are not part of it. The
 * floor: the copies that this cannot do without, memcpy() of 800 bytes in and out and of 830 twice. "One": the same
 * connection over and over; "many": 4,096 in turn, so that each comes from memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "net/packet.h"
#include "net/splice.h"

enum {
	CONNECTIONS = 4096,
	CHUNKS = 4 * CONNECTIONS,
	MESSAGES = 4096, /* of a round */
	ROUNDS = 100,
	IN = 800,
	OUT = 830,
	WINDOW = 60000,
	ROOM = 70000,
};

struct connection {
	struct splice splice;
	uint32_t said, heard; /* by the sender, by the receiver */
};

static struct connection *connections;
static char message[IN], changed[OUT], text[IN], wire[OUT], stored[2][OUT];

static void
send_segment(void *context, const struct splice_out *out)
{
	if (out->length > 0)
		byte_queue_copy(&out->stream->kept, out->offset, out->length, wire);
}

static void
connection_open(struct connection *connection, struct byte_stock *stock)
{
	struct splice_segment syn = {
		.window = WINDOW, .mss = 1460, .flags = TCP_SYN, .timestamps = true};

	splice_begin(&connection->splice, stock, ROOM, send_segment, NULL);
	splice_syn(&connection->splice, 0, &syn);
	syn.flags |= TCP_ACK;
	syn.ack = 1;
	splice_syn(&connection->splice, 1, &syn);
	connection->said = connection->heard = 1;
}

static void
message_pass(struct connection *connection)
{
	struct splice *splice = &connection->splice;
	const struct splice_segment segment = {
		.seq = connection->said,
		.ack = 1,
		.length = IN,
		.data = message,
		.window = WINDOW,
		.flags = TCP_ACK | TCP_PSH,
		.timestamps = true,
	};
	struct splice_segment answer = {
		.seq = 1, .window = WINDOW, .flags = TCP_ACK, .timestamps = true};

	if (splice_take(splice, 0, &segment) != IN)
		rte_exit(1, "the message was not taken\n");
	byte_queue_copy(&splice->stream[0].held, 0, IN, text);
	if (!splice_has_place(splice, 0, OUT) || !splice_release(splice, 0, IN, changed, OUT))
		rte_exit(1, "the message was not released\n");
	splice_answer(splice, 0);
	connection->said += IN;
	connection->heard += OUT;
	answer.ack = connection->heard;
	splice_take(splice, 1, &answer);
	splice_answer(splice, 1);
	if (splice->stream[0].acked != connection->said)
		rte_exit(1, "the message was not acknowledged\n");
}

static double
round_run(unsigned int used)
{
	const uint64_t start = rte_rdtsc();

	for (unsigned int i = 0; i < MESSAGES; i++)
		message_pass(&connections[i % used]);
	return (double)(rte_rdtsc() - start) / MESSAGES * 1e9 / (double)rte_get_tsc_hz();
}

static double
floor_run(void)
{
	const uint64_t start = rte_rdtsc();

	for (unsigned int i = 0; i < MESSAGES; i++) {
		memcpy(stored[0], message, IN);
		rte_compiler_barrier();
		memcpy(text, stored[0], IN);
		rte_compiler_barrier();
		memcpy(stored[1], changed, OUT);
		rte_compiler_barrier();
		memcpy(wire, stored[1], OUT);
		rte_compiler_barrier();
	}
	return (double)(rte_rdtsc() - start) / MESSAGES * 1e9 / (double)rte_get_tsc_hz();
}

static int
compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int
main(void)
{
	char prefix[32];
	const char *arguments[] = {"bench_splice", "--no-huge", "--no-shconf", "-m", "256",
		"--no-pci", "--no-telemetry", "--log-level=warning", "-l", "0", "--file-prefix",
		prefix};
	static double took[3][ROUNDS];
	static const char *const names[] = {"copies alone", "one connection", "many connections"};
	struct pool *pool;
	struct byte_stock stock;

	snprintf(prefix, sizeof(prefix), "bench_splice_%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) < 0)
		rte_exit(1, "no EAL\n");
	pool = byte_pool_create("bytes", CHUNKS, SOCKET_ID_ANY);
	connections = calloc(CONNECTIONS, sizeof(*connections));
	if (pool == NULL || connections == NULL)
		rte_exit(1, "no memory\n");
	byte_stock_open(&stock, pool);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		connection_open(&connections[i], &stock);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		took[0][i] = floor_run();
		took[1][i] = round_run(1);
		took[2][i] = round_run(CONNECTIONS);
	}
	printf("a connection takes %zu bytes\n", sizeof(struct splice));
	for (unsigned int way = 0; way < RTE_DIM(names); way++) {
		qsort(took[way], ROUNDS, sizeof(double), compare);
		printf("%-18s best %6.1f  median %6.1f ns a message\n", names[way], took[way][0],
			took[way][ROUNDS / 2]);
	}
	return 0;
}
