/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP statistics: counting a message by its start line, and sums for readers.
 */
#include <rte_malloc.h>

#include "alg_priv.h"

static const char *const counter_names[SIP_COUNTERS] = {
#define X(id, name) [SIP_COUNT_##id] = name,
	SIP_METHOD_COUNTERS(X) SIP_RESPONSE_COUNTERS(X) SIP_OK_COUNTERS(X)
#undef X
#define X(id, name, meaning) [SIP_COUNT_##id] = name,
		SIP_EVENT_COUNTERS(X) SIP_ERROR_COUNTERS(X) SIP_LIMIT_COUNTERS(X)
#undef X
#define X(id, name, meaning) [SIP_COUNT_ERROR_##id] = "error_" name,
			SIP_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) [SIP_COUNT_SDP_ERROR_##id] = "sdp_error_" name,
				SDP_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) [SIP_COUNT_BODY_ERROR_##id] = "body_error_" name,
					MULTIPART_ERROR_LIST(X)
#undef X
};

static const uint8_t method_counters[] = {
	[SIP_METHOD_NONE] = SIP_COUNT_OTHER_METHOD,
	[SIP_ACK] = SIP_COUNT_ACK,
	[SIP_BYE] = SIP_COUNT_BYE,
	[SIP_CANCEL] = SIP_COUNT_CANCEL,
	[SIP_INFO] = SIP_COUNT_INFO,
	[SIP_INVITE] = SIP_COUNT_INVITE,
	[SIP_MESSAGE] = SIP_COUNT_MESSAGE,
	[SIP_NOTIFY] = SIP_COUNT_NOTIFY,
	[SIP_OPTIONS] = SIP_COUNT_OPTIONS,
	[SIP_PRACK] = SIP_COUNT_PRACK,
	[SIP_PUBLISH] = SIP_COUNT_PUBLISH,
	[SIP_REFER] = SIP_COUNT_REFER,
	[SIP_REGISTER] = SIP_COUNT_REGISTER,
	[SIP_SUBSCRIBE] = SIP_COUNT_SUBSCRIBE,
	[SIP_UPDATE] = SIP_COUNT_UPDATE,
	[SIP_METHOD_OTHER] = SIP_COUNT_OTHER_METHOD,
};

static const uint8_t ok_counters[] = {
	[SIP_METHOD_NONE] = SIP_COUNT_OK_OTHER,
	[SIP_ACK] = SIP_COUNT_OK_OTHER,
	[SIP_BYE] = SIP_COUNT_OK_BYE,
	[SIP_CANCEL] = SIP_COUNT_OK_CANCEL,
	[SIP_INFO] = SIP_COUNT_OK_INFO,
	[SIP_INVITE] = SIP_COUNT_OK_INVITE,
	[SIP_MESSAGE] = SIP_COUNT_OK_MESSAGE,
	[SIP_NOTIFY] = SIP_COUNT_OK_NOTIFY,
	[SIP_OPTIONS] = SIP_COUNT_OK_OPTIONS,
	[SIP_PRACK] = SIP_COUNT_OK_PRACK,
	[SIP_PUBLISH] = SIP_COUNT_OK_PUBLISH,
	[SIP_REFER] = SIP_COUNT_OK_REFER,
	[SIP_REGISTER] = SIP_COUNT_OK_REGISTER,
	[SIP_SUBSCRIBE] = SIP_COUNT_OK_SUBSCRIBE,
	[SIP_UPDATE] = SIP_COUNT_OK_UPDATE,
	[SIP_METHOD_OTHER] = SIP_COUNT_OK_OTHER,
};

const char *
sip_counter_name(enum sip_counter counter)
{
	return (unsigned int)counter < SIP_COUNTERS ? counter_names[counter] : "?";
}

/* Realms hold zone numbers of interfaces alone. */
unsigned int
statistics_zones(const struct config *config)
{
	unsigned int zones = ZONE_FIRST;

	for (unsigned int i = 0; i < config->interface_count; i++)
		zones = RTE_MAX(zones, config->interfaces[i].zone + 1u);
	return zones;
}

size_t
statistics_memory(unsigned int zones)
{
	return (size_t)zones * zones * sizeof(struct sip_statistics);
}

struct sip_statistics *
statistics_create(unsigned int zones, int socket)
{
	return rte_zmalloc_socket(
		"alg_statistics", statistics_memory(zones), RTE_CACHE_LINE_SIZE, socket);
}

void
statistics_choose(
	struct alg_worker *worker, uint8_t source_realm, uint8_t destination_realm, bool response)
{
	uint8_t source = realm_zone(response ? destination_realm : source_realm);
	uint8_t destination = realm_zone(response ? source_realm : destination_realm);

	worker->counted = &worker->statistics[source * worker->alg->zones + destination];
}

void
statistics_choose_call(struct alg_worker *worker, const struct call *call)
{
	worker->counted = &worker->statistics[call->pair];
}

uint16_t
statistics_chosen(const struct alg_worker *worker)
{
	return (uint16_t)(worker->counted - worker->statistics);
}

/* relaxed throughout: a counter orders nothing */
static uint64_t
pair_sum(const struct alg *alg, unsigned int pair, enum sip_counter counter)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < alg->workers; i++)
		sum += atomic_load_explicit(
			&alg->worker[i]->statistics[pair].count[counter], memory_order_relaxed);
	return sum;
}

static uint64_t
pair_shown(const struct alg *alg, unsigned int pair, enum sip_counter counter)
{
	uint64_t cleared =
		atomic_load_explicit(&alg->cleared[pair].count[counter], memory_order_relaxed);

	return pair_sum(alg, pair, counter) - cleared;
}

uint64_t
sip_statistics_sum(const struct alg *alg, enum sip_counter counter)
{
	uint64_t sum = 0;

	for (unsigned int pair = 0; pair < alg->zones * alg->zones; pair++)
		sum += pair_shown(alg, pair, counter);
	return sum;
}

uint64_t
sip_statistics_pair(const struct alg *alg, uint8_t source_zone, uint8_t destination_zone,
	enum sip_counter counter)
{
	if (source_zone >= alg->zones || destination_zone >= alg->zones)
		return 0;
	return pair_shown(alg, source_zone * alg->zones + destination_zone, counter);
}

void
sip_statistics_clear(struct alg *alg)
{
	for (unsigned int pair = 0; pair < alg->zones * alg->zones; pair++) {
		for (unsigned int i = 0; i < SIP_COUNTERS; i++)
			atomic_store_explicit(&alg->cleared[pair].count[i],
				pair_sum(alg, pair, (enum sip_counter)i), memory_order_relaxed);
	}
}

static enum sip_counter
response_counter(unsigned int status)
{
	switch (status) {
	case 100:
		return SIP_COUNT_R100;
	case 180:
		return SIP_COUNT_R180;
	case 183:
		return SIP_COUNT_R183;
	case 200:
		return SIP_COUNT_R200;
	}
	return (enum sip_counter[]){SIP_COUNT_R1XX, SIP_COUNT_R2XX, SIP_COUNT_R3XX, SIP_COUNT_R4XX,
		SIP_COUNT_R5XX, SIP_COUNT_R6XX}[status / 100 - 1];
}

/* "SIP/2.0 200 ..."; the version's letters in any case (RFC 3261 7.1). */
static void
count_response(struct alg_worker *worker, const char *line, uint32_t length)
{
	unsigned int status;

	if (length < 11 || line[7] != ' ')
		return;
	for (int i = 8; i < 11; i++) {
		if (line[i] < '0' || line[i] > '9')
			return;
	}
	if (length > 11 && line[11] != ' ')
		return;
	status = (unsigned int)((line[8] - '0') * 100 + (line[9] - '0') * 10 + (line[10] - '0'));
	if (status < 100 || status > 699)
		return;
	sip_count(worker, response_counter(status), 1);
}

void
sip_count_message(struct alg_worker *worker, const struct alg_message *message)
{
	const struct sip_message *sip = &worker->sip;

	statistics_choose(worker, message->source_realm, message->destination_realm, !sip->request);
	sip_count(worker,
		sip->request ? method_counters[sip->method] : response_counter(sip->status), 1);
	if (sip->request && sip->method == SIP_INVITE && sip->to_tag.length > 0)
		sip_count(worker, SIP_COUNT_REINVITE, 1);
	if (!sip->request && sip->status == 200)
		sip_count(worker, ok_counters[sip->method], 1);
}

void
sip_count_text(struct alg_worker *worker, const struct alg_message *message)
{
	const char *at = message->text, *end = at + message->length, *line_end, *space;
	bool response;

	while (at < end && (*at == '\r' || *at == '\n'))
		at++;
	response = end - at >= 10 && strncasecmp(at, "SIP/2.0", 7) == 0;
	statistics_choose(worker, message->source_realm, message->destination_realm, response);
	line_end = memchr(at, '\n', (size_t)(end - at));
	if (!line_end)
		line_end = end;
	if (line_end > at && line_end[-1] == '\r')
		line_end--;
	if (line_end - at < 10)
		return;
	if (response) {
		count_response(worker, at, (uint32_t)(line_end - at));
		return;
	}
	if (strncasecmp(line_end - 8, " SIP/2.0", 8) != 0)
		return;
	space = memchr(at, ' ', (size_t)(line_end - at));
	if (space == at || space == line_end - 8)
		return;
	sip_count(worker, method_counters[sip_method_of(slice_of(at, space))], 1);
}
