/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * af_packet: any kernel network device, through packet sockets (net_af_packet).
 *
 * Queues: as many as wanted, whatever the device has. The kernel spreads packets over the sockets
 * by flow hash (PACKET_FANOUT_HASH, and to the next socket when one is full): a five-tuple stays
 * on one queue, and different ones spread well. Measured on a veth pair with one hardware queue
 * and 64 source ports: 54:65 on two queues, 27:48:66:51 on four.
 *
 * Fragments: the PMD always asks the kernel to reassemble before it spreads, with a single queue
 * too. Reassembled datagrams come as one frame far beyond the MTU, and the PMD cuts what does not
 * fit its frame: with its own 2 KiB frames a datagram of 3,000 bytes arrived as 1,982. So frames
 * are 63 KiB (the most an mbuf can hold), received into a small mempool of such mbufs and copied
 * at once into the common one (see port.c). Our own reassembly is not reached here.
 *
 * Checksums: a peer veth hands over TCP and UDP with partial checksums and unsegmented TCP unless
 * told not to. On the peer: `ethtool -K PEER tx off tso off gso off`. On this device we switch
 * receive offload (gro) off ourselves. The device needs no address; one with addresses, or with
 * IPv6 on, has the kernel answer besides us.
 *
 * Memory: two rings of frames for each queue, in the kernel: all queues of a port share
 * RING_BYTES. qdisc_bypass stays on (PMD's default): frames we send do not come back to us.
 */
#include <errno.h>

#include "core/log.h"

#include "driver_priv.h"

enum {
	RING_BYTES = 64 << 20, /* of one port */
	FRAMES_MIN = 64, /* two bursts */
};

static int
af_packet_attach(const struct config_port *config, struct port_attachment *attachment)
{
	unsigned int frames;
	int rc;

	rc = netdev_check(config);
	if (rc < 0)
		return rc;
	netdev_gro_off(config);
	frames = RING_BYTES / (2 * AF_PACKET_FRAME_SIZE * attachment->queues);
	frames = RTE_MIN(frames, config->rx_descriptors);
	frames = RTE_MAX(frames, (unsigned int)FRAMES_MIN);
	frames = RTE_ALIGN_FLOOR(frames, (unsigned int)AF_PACKET_FRAMES_PER_BLOCK);
	attachment->ethdev_count = 1;
	return vdev_attach(config, "net_af_packet", "librte-net-af-packet23",
		&attachment->ethdevs[0], "iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u",
		config->device, attachment->queues,
		AF_PACKET_FRAMES_PER_BLOCK * AF_PACKET_FRAME_SIZE, AF_PACKET_FRAME_SIZE, frames);
}

const struct port_driver driver_af_packet = {
	.name = "af_packet",
	.frame_room = AF_PACKET_FRAME_ROOM,
	.attach = af_packet_attach,
	.detach = vdev_detach,
};
