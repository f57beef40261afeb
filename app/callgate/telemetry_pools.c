/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of outside addresses. Gauges and counters alone, so the telemetry thread reads them itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "request.h"
#include "telemetry_priv.h"

static const char *const proto_names[NAT_PROTOS] = {
	[NAT_UDP] = "udp", [NAT_TCP] = "tcp", [NAT_ICMP] = "icmp"};

static void
add_row(struct rte_tel_data *data, uint32_t row, const struct nat_report *report)
{
	struct rte_tel_data *record = telemetry_record(data, row);
	char text[INET_ADDRSTRLEN] = "all";

	if (record == NULL)
		return;
	if (report->address)
		inet_ntop(AF_INET, &report->address, text, sizeof(text));
	rte_tel_data_add_dict_string(record, "pool", report->pool);
	rte_tel_data_add_dict_string(record, "of", report->of_interface ? "interface" : "pool");
	rte_tel_data_add_dict_string(
		record, "kind", report->one_to_one ? "one_to_one" : "overload");
	rte_tel_data_add_dict_string(record, "address", text);
	telemetry_number(record, "hosts", report->hosts);
	for (unsigned int p = 0; p < NAT_PROTOS; p++) {
		snprintf(text, sizeof(text), "%s_used", proto_names[p]);
		telemetry_number(record, text, report->used[p]);
		snprintf(text, sizeof(text), "%s_free", proto_names[p]);
		telemetry_number(record, text, report->free[p]);
	}
	telemetry_number(record, "udp_held", report->held);
	telemetry_number(record, "blocks_used", report->blocks_used);
	telemetry_number(record, "blocks_free", report->blocks_free);
	for (unsigned int i = 0; i < NAT_FAILURES; i++)
		telemetry_number(record, nat_failure_name(i), report->failed[i]);
}

/* A cursor is the number of the last row shown, counted from 1. */
int
telemetry_show_nat_pools(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct nat_report report;
	uint64_t cursor, row;
	unsigned int count;

	if (telemetry_page(parameters, PAGE_POOLS_MAX, &cursor, &count) != 0)
		return -EINVAL;
	for (row = cursor; row < cursor + count && appliance->nat && row < UINT32_MAX &&
			   nat_report(appliance->nat, (uint32_t)row, &report);
		row++)
		add_row(data, (uint32_t)row + 1, &report);
	if (row != cursor + count || row >= UINT32_MAX ||
		!nat_report(appliance->nat, (uint32_t)row, &report))
		row = 0;
	telemetry_number(data, "next", row);
	return 0;
}
