/* SPDX-License-Identifier: BSD-3-Clause */
#include "busy.h"
#include "worker.h"

enum { SAMPLE_MS = 1000 };

static void
sample(struct busy *record, const struct worker_load *load)
{
	/* relaxed, and not of one moment: a turn that ends between the two counts in one alone */
	const uint64_t busy = atomic_load_explicit(&load->busy_cycles, memory_order_relaxed);
	const uint64_t total = atomic_load_explicit(&load->total_cycles, memory_order_relaxed);
	const uint64_t worked = busy - record->busy_cycles, passed = total - record->total_cycles;

	if (passed == 0)
		return;
	record->busy_cycles = busy;
	record->total_cycles = total;
	histogram_share(
		&record->share, (uint32_t)RTE_MIN((double)worked / (double)passed * HISTOGRAM_WHOLE,
					(double)HISTOGRAM_WHOLE));
}

void
busy_sample(struct appliance *appliance)
{
	const uint64_t now_ms = appliance->control.now_ms;

	for (unsigned int i = 0; i < appliance->workers; i++) {
		struct busy *record = &appliance->worker[i]->busy;

		if (now_ms < record->sampled_ms + SAMPLE_MS)
			continue;
		record->sampled_ms = now_ms;
		sample(record, &appliance->worker[i]->load);
	}
}
