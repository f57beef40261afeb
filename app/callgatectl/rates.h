/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates of counters between two answers.
 */
#ifndef CALLGATECTL_RATES_H
#define CALLGATECTL_RATES_H

#include <stdbool.h>

#include <jansson.h>

/**
 * Copy of `now` with a member "NAME/s" behind each counter NAME: what it grew by in a second since
 * `before` (NULL: nothing is known yet, the rates are 0), `seconds` ago. Numbers that are no counters
 * by their name (seconds, shares, what is in use now) have none, nor have counters that became less.
 * To be released by the caller.
 */
json_t *rates_beside(const json_t *before, const json_t *now, double seconds);

enum { RATE_TEXT_MAX = 32 };

/** "12/s", "0.3/s", "0/s". */
void rates_text(const json_t *rate, char text[RATE_TEXT_MAX]);

/** True for a member that rates_beside() has put in. */
bool rates_is_rate(const char *name);

#endif
