/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay: captures in, one capture per port out, through the whole pipeline. Every port of the
 * configuration becomes a pair of rings; all workers run on the control lcore, turn by turn, so a
 * run with the same --seed gives identical files. Time follows the captures' time stamps and moves
 * only when rings, mailboxes and due sweeps are empty.
 *
 * Frames of a capture are for other stations: any destination MAC is taken. callgate's own ARP
 * requests are answered by the replay (station 02:00 followed by the IPv4 address), unless
 * --replay-arp none leaves that to the captures.
 */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include <sys/time.h>

#include "appliance.h"

/** Run all captures of the options, write the results, print the counters. 0 or -errno. */
int replay_run(struct appliance *appliance);

/* One port as a pair of ring sets (replay_port.c). */

/** Bring up port `index` on rings instead of its driver. Bring-up. */
int replay_port_open(struct appliance *appliance, uint16_t index);
void replay_port_close(struct appliance *appliance, struct port *port);

/** Open the capture that port `index` writes. 0 or -errno after a line on standard error. */
int replay_port_record(struct appliance *appliance, uint16_t index);

/** A frame arrives on a port, on the queue its addresses choose. False: no mbuf or ring full. */
bool replay_port_inject(
	struct appliance *appliance, uint16_t index, const uint8_t *frame, uint32_t length);

/** Write what left by a port with time stamp `now`; answers ARP. Returns how many frames. */
unsigned int replay_port_drain(
	struct appliance *appliance, uint16_t index, const struct timeval *now);

/** True when frames wait to be received on a port. */
bool replay_port_pending(uint16_t index);

#endif
