/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <time.h>

#include "telemetry.h"
#include "top_sample.h"

static const char *const commands[SAMPLE_PARTS] = {
	[SAMPLE_INFO] = "/callgate/info",
	[SAMPLE_SUMMARY] = "/callgate/summary",
	[SAMPLE_SIP] = "/callgate/sip/stats",
	[SAMPLE_WORKERS] = "/callgate/workers",
	[SAMPLE_PORTS] = "/callgate/ports",
	[SAMPLE_DROPS] = "/callgate/drops",
};

bool
sample_take(struct sample *sample, int fd)
{
	struct timespec now;

	sample_free(sample);
	for (unsigned int i = 0; i < SAMPLE_PARTS; i++) {
		sample->part[i] = telemetry_ask(fd, commands[i], 0);
		if (sample->part[i] == NULL)
			return false;
		if (json_object_get(sample->part[i], "error") != NULL) {
			fprintf(stderr, "callgatectl: %s: %s\n", commands[i],
				json_string_value(json_object_get(sample->part[i], "error")));
			return false;
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	sample->at_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	return true;
}

void
sample_free(struct sample *sample)
{
	for (unsigned int i = 0; i < SAMPLE_PARTS; i++) {
		json_decref(sample->part[i]);
		sample->part[i] = NULL;
	}
}

double
number_of(const json_t *from, const char *name)
{
	return json_number_value(json_object_get(from, name));
}

double
rate_of(const json_t *before, const json_t *now, const char *name, double seconds)
{
	double grown = number_of(now, name) - number_of(before, name);

	return json_object_get(before, name) != NULL && seconds > 0 && grown > 0 ? grown / seconds
										 : 0;
}
