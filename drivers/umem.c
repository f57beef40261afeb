/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mempools that the kernel maps as UMEM; see umem_mempool_create() in port.h.
 *
 * net_af_xdp (DPDK 22.11) has the kernel map as many bytes as the mempool's objects take side by
 * side. But a mempool lays its objects so that none crosses a page, with a gap before each that
 * would: of 20,000 mbufs of 2,496 bytes on ordinary pages, one to a page, the last 7,800 are outside
 * then. The kernel drops what is to be sent from such an mbuf (tx_invalid_descs of its
 * XDP_STATISTICS), and skips it in the fill ring, where it counts that nowhere. Either way the mbuf
 * is lost, and a queue that has lost as many as its fill ring held receives nothing any more.
 *
 * So an mbuf is a whole page here, and the first one begins a page: no gaps, with pages of any size,
 * and no mbuf crosses a page, as zero copy wants it. With ordinary pages that takes no more memory.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "core/log.h"

#include "driver_priv.h"

/* No padding to spread objects over memory channels: it would not fit the page. */
enum { UMEM_FLAGS = RTE_MEMPOOL_F_NO_SPREAD };

static void
memory_free(struct rte_mempool_memhdr *chunk, void *memory)
{
	rte_memzone_free(memory);
}

static int
memory_add(struct rte_mempool *mempool, const char *name, size_t page, int socket)
{
	char memory_name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *memory;
	int rc;

	snprintf(memory_name, sizeof(memory_name), "umem_%s", name);
	memory = rte_memzone_reserve_aligned(memory_name, mempool->size * page, socket,
		RTE_MEMZONE_1GB | RTE_MEMZONE_SIZE_HINT_ONLY, (unsigned int)page);
	if (memory == NULL)
		return -rte_errno;
	rc = rte_mempool_populate_virt(
		mempool, memory->addr, memory->len, page, memory_free, (void *)(uintptr_t)memory);
	if (rc < 0)
		rte_memzone_free(memory);
	return rc;
}

struct rte_mempool *
umem_mempool_create(
	const char *name, unsigned int mbufs, unsigned int cache, uint16_t private_size, int socket)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct rte_mempool_objsz sizes;
	struct rte_pktmbuf_pool_private parameters = {.mbuf_priv_size = private_size};
	uint32_t fixed = (uint32_t)sizeof(struct rte_mbuf) + private_size;
	struct rte_mempool *mempool;
	uint32_t element;
	int rc;

	rte_mempool_calc_obj_size(fixed, UMEM_FLAGS, &sizes);
	element = (uint32_t)page - sizes.header_size;
	parameters.mbuf_data_room_size = (uint16_t)(element - fixed);
	mempool = rte_mempool_create_empty(
		name, mbufs, element, cache, sizeof(parameters), socket, UMEM_FLAGS);
	if (mempool == NULL)
		return NULL;
	rc = rte_mempool_set_ops_byname(mempool, rte_mbuf_best_mempool_ops(), NULL);
	if (rc == 0) {
		rte_pktmbuf_pool_init(mempool, &parameters);
		rc = memory_add(mempool, name, page, socket);
	}
	if (rc < 0) {
		rte_mempool_free(mempool);
		rte_errno = -rc;
		return NULL;
	}
	rte_mempool_obj_iter(mempool, rte_pktmbuf_init, NULL);
	return mempool;
}

static void
end_note(struct rte_mempool *mempool, void *end, void *object, unsigned int index)
{
	uintptr_t *last = end;

	*last = RTE_MAX(*last, (uintptr_t)object + mempool->elt_size + mempool->trailer_size);
}

int
umem_check(const struct port *port)
{
	struct rte_mempool *mempool = port->mempool;
	uint32_t object = rte_mempool_calc_obj_size(mempool->elt_size, mempool->flags, NULL);
	uintptr_t umem_end, end = 0;

	if (object > (uint32_t)sysconf(_SC_PAGESIZE)) {
		LOG(ERR, "port %s: %s needs mbufs within a page, they are of %u bytes",
			port->config->name, port->driver->name, object);
		return -EINVAL;
	}
	if (mempool->nb_mem_chunks != 1) {
		LOG(ERR,
			"port %s: %s needs the mbufs in one piece of memory, they stand in %u; "
			"larger hugepages help, or none",
			port->config->name, port->driver->name, mempool->nb_mem_chunks);
		return -EINVAL;
	}
	umem_end = (uintptr_t)STAILQ_FIRST(&mempool->mem_list)->addr +
		   (size_t)mempool->populated_size * object;
	rte_mempool_obj_iter(mempool, end_note, &end);
	if (end > umem_end) {
		LOG(ERR, "port %s: %s needs mbufs side by side, they end %zu bytes too far",
			port->config->name, port->driver->name, (size_t)(end - umem_end));
		return -EINVAL;
	}
	return 0;
}
