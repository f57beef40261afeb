/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HEP, version 3: copies of SIP messages to a collector such as Homer (sip.hep), one datagram each, over a
 * socket of the kernel. Control lcore, offline; it never waits: what the kernel does not take at once is
 * lost and counted.
 */
#ifndef APP_HEP_H
#define APP_HEP_H

#include "config/config.h"
#include "core/thread.h"
#include "trace_record.h"

struct hep;

/** A socket for the configured collector. NULL and rte_errno. Bring-up. */
struct hep *hep_create(const struct config_sip *config);
void hep_destroy(struct hep *hep);

/** Send a record: the message as it came and, if it left with other text or addresses, as it left. */
void hep_send(struct thread *self, struct hep *hep, const struct trace_record *record);

#endif
