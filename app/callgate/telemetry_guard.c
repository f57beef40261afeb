/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DPDK's own part of the telemetry socket (22.11) does not stand by itself. Whoever may ask
 * statistics must not be able to end callgate, nor to get what another client has asked for.
 */
#include <string.h>

#include <rte_telemetry.h>

#include "telemetry_priv.h"

/*
 * DPDK takes requests apart by strtok(), each client in a thread of its own, but the C library's has
 * one state for all threads: of two clients that ask at once one may be answered, or obeyed, with the
 * parameters of the other. This one stands before the C library's, in the libraries too.
 */
char *
strtok(char *text, const char *delimiters)
{
	static _Thread_local char *rest;

	return strtok_r(text, delimiters, &rest);
}

static int
refuse(const char *name, const char *parameters, struct rte_tel_data *data)
{
	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_string(data, "error", "not served by callgate");
	return 0;
}

/*
 * DPDK's handlers of these read beyond their tables when the number they are given is too great. Of
 * commands that are registered twice the later is found.
 */
int
telemetry_guard(void)
{
	static const char *const commands[] = {
		"/eal/heap_info",
		"/eal/memzone_info",
		"/ethdev/info",
		"/eventdev/rxa_rxq_instance_get",
	};

	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		int rc = rte_telemetry_register_cmd(commands[i], refuse, "Not served by callgate");

		if (rc != 0)
			return rc;
	}
	return 0;
}
