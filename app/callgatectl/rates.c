/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <err.h>

#include "rates.h"

enum { NAME_ROOM = 160 };

static bool
ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), wanted = strlen(end);

	return length >= wanted && strcmp(name + length - wanted, end) == 0;
}

bool
rates_is_rate(const char *name)
{
	return ends_with(name, "/s");
}

static bool
is_counter(const char *name)
{
	static const char *const gauges[] = {
		"core", "rx_queues", "tx_queues", "flows", "half_open", "next"};

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		if (strcmp(name, gauges[i]) == 0)
			return false;
	}
	return !ends_with(name, "_s") && !ends_with(name, "_percent") &&
	       !ends_with(name, "_per_packet");
}

/* Whole numbers, but below ten one decimal: what is rare is not nothing. */
static json_t *
rate_make(json_int_t before, json_int_t now, double seconds)
{
	double rate = seconds > 0 ? (double)(now - before) / seconds : 0;

	return rate > 0 && rate < 9.95 ? json_real(round(rate * 10) / 10)
				       : json_integer((json_int_t)llround(rate));
}

void
rates_text(const json_t *rate, char text[RATE_TEXT_MAX])
{
	snprintf(text, RATE_TEXT_MAX, json_is_real(rate) ? "%.1f/s" : "%.0f/s",
		json_number_value(rate));
}

json_t *
rates_beside(const json_t *before, const json_t *now, double seconds)
{
	json_t *copy = json_object(), *value, *old;
	char rate[NAME_ROOM];
	const char *name;

	if (copy == NULL)
		errx(1, "out of memory");
	json_object_foreach((json_t *)(uintptr_t)now, name, value)
	{
		old = json_object_get(before, name);
		if (json_is_object(value)) {
			json_object_set_new(copy, name, rates_beside(old, value, seconds));
			continue;
		}
		json_object_set(copy, name, value);
		if (!json_is_integer(value) || !is_counter(name))
			continue;
		snprintf(rate, sizeof(rate), "%s/s", name);
		if (old == NULL || json_integer_value(old) > json_integer_value(value))
			json_object_set_new(copy, rate, json_integer(0));
		else
			json_object_set_new(copy, rate,
				rate_make(json_integer_value(old), json_integer_value(value),
					seconds));
	}
	return copy;
}
