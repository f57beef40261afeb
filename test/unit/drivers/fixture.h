/* SPDX-License-Identifier: BSD-3-Clause */
/* One mempool for the tests of a file, and ports made from a few words. */
#ifndef DRIVERS_FIXTURE_H
#define DRIVERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "drivers/port.h"
#include "eal_fixture.h"

enum {
	MBUFS = 20000,
};

static struct rte_mempool *mempool;

static inline void
mempool_create(bool umem)
{
	mempool = umem ? umem_mempool_create("mbufs", MBUFS, 64, RTE_CACHE_LINE_SIZE, SOCKET_ID_ANY)
		       : rte_pktmbuf_pool_create("mbufs", MBUFS, 64, RTE_CACHE_LINE_SIZE,
				 RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (mempool == NULL) {
		fprintf(stderr, "no mempool\n");
		exit(1);
	}
}

static inline struct config_port
port_config(enum config_driver driver, const char *device, unsigned int queues)
{
	return (struct config_port){
		.name = (char *)(uintptr_t) "test0",
		.driver = driver,
		.device = (char *)(uintptr_t)device,
		.queues = queues,
		.rx_descriptors = 1024,
		.tx_descriptors = 1024,
	};
}

/* A frame of 60 bytes, marked with a number. */
static inline struct rte_mbuf *
frame_make(uint32_t number)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mempool);
	char *data;

	assert_non_null(mbuf);
	data = rte_pktmbuf_mtod(mbuf, char *);
	mbuf->data_len = 60;
	mbuf->pkt_len = 60;
	memset(data, 0xff, 12); /* broadcast */
	memset(&data[12], 0, 48);
	data[12] = 0x08;
	memcpy(&data[20], &number, sizeof(number));
	return mbuf;
}

static inline uint32_t
frame_number(const struct rte_mbuf *mbuf)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod_offset(mbuf, char *, 20), sizeof(number));
	return number;
}

#endif
