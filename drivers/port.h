/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: NICs behind one interface. Each kind of port is a struct port_driver in a file of its own
 * that turns a configured port into an ethdev; everything after that is common.
 *
 * Receive queues are spread over workers round robin (queue q of port p to worker (p + q) modulo
 * workers, so that ports with one queue each do not all land on the first worker); with fewer
 * queues than workers the others receive nothing from this port and still own calls.
 * Every worker has a transmit queue; where a port has too few, several share one under its lock.
 *
 * Life cycle: port_open() at bring-up, after rte_eal_init(); port_close() when the workers rest.
 * Synchronization: a receive queue has one worker; a transmit queue one worker or its lock. The
 * rest of struct port is written by port_open() only.
 * Limits: RTE_MAX_ETHPORTS ethdevs over all ports (32 in Debian's DPDK), which counts for af_xdp,
 * where each queue may be an ethdev.
 */
#ifndef DRIVERS_PORT_H
#define DRIVERS_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_spinlock.h>

#include "config/config.h"
#include "core/limits.h"

/* What a driver made of a configured port. */
struct port_attachment {
	unsigned int queues; /* receive queues: wanted, in; there, out (at most as many) */
	unsigned int ethdev_count; /* 1, or one for each queue */
	uint16_t ethdevs[WORKERS_MAX];
};

struct port;

struct port_driver {
	const char *name; /* as in the configuration */
	unsigned int frame_room; /* bytes an mbuf must hold to receive into; 0: any will do */
	bool umem; /* the kernel maps the mempool: it is of umem_mempool_create() */
	bool paired_queues; /* as many transmit as receive queues, no more, no fewer */
	/** Create or find the ethdevs. 0, or -errno after a log line with the reason. */
	int (*attach)(const struct config_port *config, struct port_attachment *attachment);
	void (*detach)(uint16_t ethdev);
	void (*opened)(struct port *port); /* or NULL: when all its queues are there */
	/** Or NULL: add what the PMD does not count. Any thread. */
	void (*stats)(const struct port *port, struct rte_eth_stats *stats);
};

struct port_rx {
	uint16_t port; /* configuration index */
	uint16_t ethdev, queue;
};

struct port {
	const struct config_port *config;
	const struct port_driver *driver;
	uint16_t index; /* configuration index */
	uint16_t ethdev; /* the first: link, MAC */
	uint16_t ethdev_count;
	uint16_t ethdevs[WORKERS_MAX]; /* one with all queues, or one for each queue */
	uint16_t rx_queues, tx_queues; /* over all ethdevs */
	struct rte_ether_addr mac;
	bool started;
	rte_spinlock_t tx_lock[WORKERS_MAX]; /* used only where a queue is shared */
	uint16_t tx_queue_of[WORKERS_MAX];
	bool tx_shared;
	int sockets[WORKERS_MAX]; /* af_xdp: one for each queue, the PMD's */
	unsigned int socket_count;
	struct rte_mempool *mempool; /* where received packets end up */
	struct rte_mempool *frame_mempool; /* for driver->frame_room, else NULL */
	const struct rte_eth_rxtx_callback *frame_copies[WORKERS_MAX]; /* by receive queue */
};

const struct port_driver *port_driver_find(enum config_driver driver);

/** Hint for EAL arguments: true when any port needs the PCI bus. */
bool ports_need_pci(const struct config *config);

/** True when a port of the configuration needs the mempool of umem_mempool_create(). */
bool ports_need_umem(const struct config *config);

/**
 * A mempool for ports whose kernel side maps it, and for all others beside them: each mbuf is a
 * page long, with as much room as that leaves. Like rte_pktmbuf_pool_create() but for that: NULL
 * with rte_errno, and rte_mempool_free() frees it. Bring-up.
 */
struct rte_mempool *umem_mempool_create(const char *name, unsigned int mbufs, unsigned int cache,
	uint16_t private_size, int socket);

/**
 * Bring one port up: attach, configure queues, start, promiscuous off, MAC read. `socket` NUMA node.
 * 0, or -errno after a log line. Bring-up.
 */
int port_open(const struct config_port *config, uint16_t index, unsigned int workers,
	struct rte_mempool *mempool, struct port *port);
void port_close(struct port *port);

/** Receive queues that `worker` polls, over all ports; returns how many (at most `max`). */
unsigned int port_rx_assign(const struct port *ports, unsigned int count, unsigned int worker,
	unsigned int workers, struct port_rx *rx, unsigned int max);

/** Send; returns how many the queue took, the rest stay the caller's. Worker. */
unsigned int port_send(
	struct port *port, unsigned int worker, struct rte_mbuf **frames, unsigned int count);

/** Counters of a port over all its ethdevs. Any thread. 0 or -errno. */
int port_stats(const struct port *port, struct rte_eth_stats *stats);

/**
 * For the memory sum of --check: mbufs of the common mempool that a port may keep to itself, and
 * bytes of memory that port_open() takes beyond them.
 */
unsigned int port_mbufs(const struct config_port *config, unsigned int workers);
size_t port_memory(const struct config_port *config, unsigned int workers);

#endif
