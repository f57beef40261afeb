/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As many calls at one time as the configuration names, each with one audio stream: RTP and RTCP doors
 * and pinholes open on both sides, a pool of 40 addresses. What the process has touched then is no
 * more than what --check says that the configuration takes. All end; nothing is left.
 *
 * 20,000 calls; with "long" or CALLGATE_LONG=1 a million (about 4 GB).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg/alg_priv.h"
#include "app/callgate/worker.h"
#include "call_load.h"

enum { BRIEF = 20000, FULL = 1000000, ADDRESSES = 40, STEP = 10000 };

static void
calls_make(uint32_t calls)
{
	for (uint32_t i = 0; i < calls; i++) {
		call_load_send(LOAD_INVITE, i);
		call_load_send(LOAD_OK, i);
		call_load_send(LOAD_ACK, i);
		if (i % STEP == 0)
			call_load_time(10);
	}
}

/* What the ALG's own objects of these calls take. */
static size_t
records_size(void)
{
	const struct alg_worker *worker = call_load.worker[0]->alg;

	return (size_t)worker->calls.used * worker->calls.size +
	       (size_t)worker->dialogs.used * worker->dialogs.size +
	       (size_t)worker->sets.used * worker->sets.size +
	       (size_t)worker->openings.used * worker->openings.size;
}

int
main(int count, char **arguments)
{
	bool whole =
		count > 1 ? strcmp(arguments[1], "long") == 0 : getenv("CALLGATE_LONG") != NULL;
	uint32_t calls = whole ? FULL : BRIEF;
	size_t configured, resident;
	bool good;

	call_load_start(&(struct call_load_options){.max_calls = calls,
		.ringing_s = 180,
		.silence_s = 3600,
		.addresses = ADDRESSES,
		.hugepages = "auto"});
	configured = appliance_memory(call_load.config);
	printf("before the first call: %zu MiB touched of %zu MiB configured\n",
		call_load_resident() >> 20, configured >> 20);
	calls_make(calls);
	resident = call_load_resident();
	good = alg_call_count(call_load.alg) == calls;
	good &= nat_media_doors(call_load.nat) == 2 * calls;
	good &= pinhole_media_count(call_load.pinholes) == 4 * calls;
	good &= resident <= configured;
	printf("%u calls, %u media doors, %u media pinholes: %zu MiB touched of %zu MiB "
	       "configured\n",
		alg_call_count(call_load.alg), nat_media_doors(call_load.nat),
		pinhole_media_count(call_load.pinholes), resident >> 20, configured >> 20);
	printf("a call: %zu bytes of records, %zu of all tables, %zu configured\n",
		records_size() / calls, resident / calls, configured / calls);
	call_load_clear();
	good &= call_load_empty();
	call_load_stop();
	printf("calls at one time: %s\n", good ? "as configured" : "FAILED");
	return good ? 0 : 1;
}
