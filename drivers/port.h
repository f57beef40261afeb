/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: NICs behind one interface. Each kind of port is a struct port_driver in a file of its own
 * that turns a configured port into an ethdev; everything after that is common.
 *
 * Receive queues are spread over workers round robin (queue q to worker q modulo workers); with
 * fewer queues than workers the others receive nothing from this port and still own calls.
 * Every worker has a transmit queue; where a port has too few, several share one under its lock.
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

struct port_driver {
	const char *name;	       /* as in the configuration */
	/**
	 * Create or find the ethdev of a configured port. `queues`: how many are wanted, in; how many
	 * there will be, out. 0 and *ethdev, or -errno after a log line with the reason.
	 */
	int (*attach)(const struct config_port *config, unsigned int *queues, uint16_t *ethdev);
	void (*detach)(const struct config_port *config, uint16_t ethdev);
};

struct port_rx {
	uint16_t port;	/* configuration index */
	uint16_t ethdev, queue;
};

struct port {
	const struct config_port *config;
	const struct port_driver *driver;
	uint16_t index;	 /* configuration index */
	uint16_t ethdev;
	uint16_t rx_queues, tx_queues;
	struct rte_ether_addr mac;
	bool started;
	rte_spinlock_t tx_lock[WORKERS_MAX]; /* used only where a queue is shared */
	uint16_t tx_queue_of[WORKERS_MAX];
	bool tx_shared;
};

const struct port_driver *port_driver_find(enum config_driver driver);

/** Hint for EAL arguments: true when any port needs the PCI bus. */
bool ports_need_pci(const struct config *config);

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
unsigned int port_send(struct port *port, unsigned int worker, struct rte_mbuf **frames,
	unsigned int count);

#endif
