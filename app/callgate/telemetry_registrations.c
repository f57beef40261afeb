/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of registrations. The table is shared by all workers, so the control lcore answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "core/clock.h"
#include "request.h"
#include "telemetry_priv.h"

/* UTC of a moment of the dataplane's clock, to the nearest second. */
static void
add_moment(struct rte_tel_data *data, const char *name, uint32_t clock_s)
{
	struct timespec now;
	struct tm broken;
	time_t then;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	then = now.tv_sec +
	       ((int64_t)clock_s * 1000 - (int64_t)clock_now_ms() + now.tv_nsec / 1000000 + 500) /
		       1000;
	gmtime_r(&then, &broken);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &broken);
	rte_tel_data_add_dict_string(data, name, text);
}

static void
add_peers(struct rte_tel_data *data, const struct alg_registration *registration)
{
	char text[ALG_REGISTRATION_PEERS_MAX * INET_ADDRSTRLEN] = "-";
	size_t length = 0;

	for (unsigned int i = 0; i < ALG_REGISTRATION_PEERS_MAX && registration->peers[i]; i++) {
		if (length > 0)
			text[length++] = ' ';
		inet_ntop(AF_INET, &registration->peers[i], text + length, INET_ADDRSTRLEN);
		length += strlen(text + length);
	}
	rte_tel_data_add_dict_string(data, "peers", text);
}

static void
add_registration(struct rte_tel_data *data, const struct alg_registration *registration)
{
	struct rte_tel_data *record = telemetry_record(data, registration->index);
	uint32_t now_s = (uint32_t)(clock_now_ms() / 1000);
	char registrar[INET_ADDRSTRLEN];

	if (record == NULL)
		return;
	rte_tel_data_add_dict_string(record, "address_of_record", registration->address_of_record);
	rte_tel_data_add_dict_string(
		record, "contact", registration->contact[0] ? registration->contact : "-");
	telemetry_endpoint(
		record, "inside", registration->inside.address, registration->inside.port);
	if (registration->outside.address)
		telemetry_endpoint(record, "outside", registration->outside.address,
			registration->outside.port);
	else
		rte_tel_data_add_dict_string(record, "outside", "-");
	inet_ntop(AF_INET, &registration->registrar, registrar, sizeof(registrar));
	rte_tel_data_add_dict_string(record, "registrar", registrar);
	add_peers(record, registration);
	rte_tel_data_add_dict_string(
		record, "transport", registration->inside.proto == IPPROTO_TCP ? "tcp" : "udp");
	telemetry_number(record, "granted_s", registration->granted_s);
	telemetry_number(record, "expires_s",
		registration->expires_s > now_s ? registration->expires_s - now_s : 0);
	add_moment(record, "until", registration->expires_s);
}

/* One step into the page; the cursor moves on, 0 at the end. */
static int
add_registrations(struct appliance *appliance, uint64_t *cursor, const struct record_filter *filter,
	unsigned int *wanted, struct rte_tel_data *data)
{
	struct request *request = request_take(REQUEST_REGISTRATIONS);
	int rc;

	if (request == NULL)
		return -EBUSY;
	request->cursor = *cursor;
	request->max = *wanted;
	request->filter = *filter;
	rc = request_ask(appliance->control_mailbox, request);
	if (rc != 0)
		return rc;
	for (int i = 0; i < request->result; i++)
		add_registration(data, &request->registrations[i]);
	*wanted -= (unsigned int)request->result;
	*cursor = request->next;
	request_free(request);
	return 0;
}

/* A sparse table may end the page before it is full. */
int
telemetry_show_sip_registrations(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	enum { STEPS_A_PAGE = 64 };
	struct record_filter filter;
	unsigned int wanted;
	uint64_t cursor;
	int rc = telemetry_question(appliance, parameters, FILTER_HOST | FILTER_PROTOCOL, &filter,
		PAGE_REGISTRATIONS_MAX, &cursor, &wanted);

	if (rc != 0)
		return rc;
	cursor = RTE_MIN(cursor, (uint64_t)UINT32_MAX); /* nobody has this index */
	for (unsigned int i = 0; i < STEPS_A_PAGE && wanted > 0; i++) {
		rc = add_registrations(appliance, &cursor, &filter, &wanted, data);
		if (rc != 0)
			return rc;
		if (cursor == 0)
			break;
	}
	telemetry_number(data, "next", cursor);
	return 0;
}
