/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mailbox: an rte_ring of letters by value, many producers, one consumer.
 *
 * The producer side is in RTS mode: telemetry threads are ordinary threads that may lose their
 * core in the middle of a post, and the others must not spin until they get it back.
 */
#include <errno.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "core/mailbox.h"

_Static_assert(sizeof(struct mail) == 32, "a letter is 32 bytes, a multiple of a ring word");

struct mailbox {
	struct rte_ring *ring;
};

size_t
mailbox_memory(unsigned int size)
{
	/* RING_F_EXACT_SZ rounds size + 1 up to a power of two */
	return sizeof(struct mailbox) + 2 * (size_t)size * sizeof(struct mail) + 4096;
}

struct mailbox *
mailbox_create(const char *name, unsigned int size, int socket)
{
	struct mailbox *mailbox;

	if (!rte_is_power_of_2(size)) {
		rte_errno = EINVAL;
		return NULL;
	}
	mailbox = rte_zmalloc_socket("mailbox", sizeof(*mailbox), RTE_CACHE_LINE_SIZE, socket);
	if (mailbox == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	/* exact size: `size` letters fit, not size - 1 */
	mailbox->ring = rte_ring_create_elem(name, sizeof(struct mail), size, socket,
		RING_F_MP_RTS_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (mailbox->ring == NULL) {
		rte_free(mailbox);
		return NULL;
	}
	return mailbox;
}

void
mailbox_destroy(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	rte_ring_free(mailbox->ring);
	rte_free(mailbox);
}

int
mailbox_post(struct mailbox *mailbox, const struct mail *mail)
{
	return rte_ring_enqueue_elem(mailbox->ring, (void *)(uintptr_t)mail, sizeof(*mail));
}

unsigned int
mailbox_take(struct mailbox *mailbox, struct mail *mails, unsigned int max)
{
	return rte_ring_dequeue_burst_elem(mailbox->ring, mails, sizeof(*mails), max, NULL);
}

int
mailbox_empty(const struct mailbox *mailbox)
{
	return rte_ring_empty(mailbox->ring);
}
