/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mailbox: any thread posts small messages by value, one thread takes them. Used by telemetry
 * threads and the control lcore to ask something of a worker or of the control lcore.
 */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include <stdint.h>

struct mail {
	uint32_t kind; /* meaning is the receiver's */
	uint32_t a, b;
	uint32_t spare;
	void *pointer; /* stays the sender's unless `kind` says otherwise */
	uint64_t c;
};

struct mailbox;

/** `size` is a power of two. NULL and rte_errno on failure. Bring-up. */
struct mailbox *mailbox_create(const char *name, unsigned int size, int socket);
/** Bytes that mailbox_create() takes, rounded up. */
size_t mailbox_memory(unsigned int size);
void mailbox_destroy(struct mailbox *mailbox);

/** 0, or -ENOBUFS when full (count it, do not wait). Any thread, EAL or not. */
int mailbox_post(struct mailbox *mailbox, const struct mail *mail);

/** Take up to `max` letters; returns how many. Owning thread only. */
unsigned int mailbox_take(struct mailbox *mailbox, struct mail *mails, unsigned int max);

/** 1 when nothing waits; any thread. */
int mailbox_empty(const struct mailbox *mailbox);

#endif
