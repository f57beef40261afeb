/* SPDX-License-Identifier: BSD-3-Clause */
/* What the driver files share: the list of them, virtual devices, facts about a netdev. */
#ifndef DRIVERS_DRIVER_PRIV_H
#define DRIVERS_DRIVER_PRIV_H

#include "drivers/port.h"

extern const struct port_driver driver_pci, driver_af_packet, driver_af_xdp, driver_tap,
	driver_pcap, driver_ring, driver_null;

enum {
	/*
	 * af_packet: frames of 63 KiB, the most that divides into whole pages four at a time and
	 * still fits an mbuf (16-bit length). 32 bytes are the kernel's ring header.
	 */
	AF_PACKET_FRAME_SIZE = 63 * 1024,
	AF_PACKET_FRAMES_PER_BLOCK = 4,
	AF_PACKET_FRAME_ROOM = AF_PACKET_FRAME_SIZE - 32,
	/* af_xdp: what the PMD takes off the mempool for each queue, and may hold for sending */
	AF_XDP_QUEUE_MBUFS = 2 * 2048,
};

/** 0, or -EINVAL after a log line, unless the kernel can map all of the port's mempool. */
int umem_check(const struct port *port);

/** mbufs that receive queues with a frame mempool need between them. */
unsigned int frame_mempool_size(unsigned int queues);

/**
 * Create a virtual device of PMD `pmd` ("net_tap") for a port. `arguments` is a printf format.
 * 0 and *ethdev, or -errno after a log line that names the Debian package `package`.
 */
int vdev_attach(const struct config_port *config, const char *pmd, const char *package,
	uint16_t *ethdev, const char *arguments, ...) __attribute__((format(printf, 5, 6)));

/** Remove the device behind an ethdev. */
void vdev_detach(uint16_t ethdev);

/** 0, or -EINVAL after a log line, when a value cannot stand in device arguments. */
int vdev_value_check(const struct config_port *config, const char *value);

/** 0, or -errno after a log line, unless the port's netdev is there and up. */
int netdev_check(const struct config_port *config);

/** Queues of a netdev: `combined` channels (0: it has none) and receive queues. */
void netdev_queues(const char *name, unsigned int *combined, unsigned int *rx);

/** Switch generic receive offload off; logs when it was on. */
void netdev_gro_off(const struct config_port *config);

#endif
