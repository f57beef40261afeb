/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the telemetry handlers: building answers, and the handlers of record tables.
 */
#ifndef APP_TELEMETRY_PRIV_H
#define APP_TELEMETRY_PRIV_H

#include <rte_telemetry.h>

#include "request.h"
#include "telemetry.h"

void telemetry_number(struct rte_tel_data *data, const char *name, uint64_t value);

/** A nested dictionary under the decimal key; NULL when there is no memory for it. */
struct rte_tel_data *telemetry_record(struct rte_tel_data *data, uint64_t key);

/** A string of ADDRESS:PORT; address 0 is "*". */
void telemetry_endpoint(
	struct rte_tel_data *data, const char *name, rte_be32_t address, rte_be16_t port);

/** Read "OFFSET[,COUNT]", COUNT at most `max`; nothing: from the start, a full page. 0 or -EINVAL. */
int telemetry_page(const char *parameters, unsigned int max, uint64_t *cursor, unsigned int *count);

enum telemetry_filter {
	FILTER_HOST = 1 << 0, /* host=ADDRESS */
	FILTER_PROTOCOL = 1 << 1, /* protocol=tcp|udp|icmp */
	FILTER_ZONE_PAIR = 1 << 2, /* zone_pair=NAME */
	FILTER_CALL_ID = 1 << 3, /* call_id=TEXT */
};

/**
 * Read "name=value" of the filters in `allowed`, in any order, beside the page. 0; -EINVAL; -ENXIO:
 * no zone pair has this name. A telemetry thread.
 */
int telemetry_question(struct appliance *appliance, const char *parameters, unsigned int allowed,
	struct record_filter *filter, unsigned int max, uint64_t *cursor, unsigned int *count);

/** The zones of a zone pair by its name, or by "SOURCE,DESTINATION". A telemetry thread. */
bool telemetry_zones(
	struct appliance *appliance, const char *name, uint8_t *source, uint8_t *destination);

/** Take the place of what DPDK serves that would not stand a hostile client. 0 or -errno. Bring-up. */
int telemetry_guard(void);

/**
 * The worker that owns a Call-ID written as in a message, and its keyed hash; -EINVAL: it is none, or
 * longer than what a request takes. Any thread.
 */
int telemetry_call_owner(
	const struct appliance *appliance, const char *call_id, struct hash128 *hash);

/* Handlers: `data` is a started dictionary; 0 or -errno. A telemetry thread. */
int telemetry_show_config(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_nat_translations(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_nat_pools(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_fw_sessions(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_fw_pinholes(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_sip_calls(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_sip_call(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_sip_messages(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_sip_registrations(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_sip_statistics(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_trace_start(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_trace_read(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_trace_stop(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_traces(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_sip_pairs(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_histograms(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_zone_pairs(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_show_log(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);
int telemetry_log_level(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data);

#endif
