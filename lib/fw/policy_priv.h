/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policies as programs. A policy map with its class maps, however nested, becomes one list of
 * steps: ask one question, go on at one of two places; a place with the high bit is a verdict: the
 * number of the class that matched. "any" and "all" are where the arrows go; nothing recurses and
 * every arrow points to a step compiled earlier, so a verdict comes after at most as many steps as
 * there are.
 */
#ifndef FW_POLICY_PRIV_H
#define FW_POLICY_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "acl_priv.h"
#include "core/limits.h"

struct config;
struct config_policy_map;

#define POLICY_VERDICT UINT32_C(0x80000000) /* or class index */

enum step_kind { STEP_SERVICE, STEP_SIP, STEP_ACL };

struct policy_step {
	uint8_t kind; /* enum step_kind */
	uint8_t proto; /* SERVICE: 0 is TCP and UDP both */
	rte_be16_t port; /* SERVICE: destination port, 0: any */
	uint32_t acl; /* ACL: index */
	uint32_t yes, no; /* next step, or POLICY_VERDICT | class */
};

/**
 * Write a policy's steps to `steps` (room for `capacity`; NULL: only count them). `first` is the
 * number of the first step. *start is where to begin (a verdict when there is nothing to ask).
 * Returns how many steps, -ELOOP (nested too deep, or in a circle), -E2BIG. Control.
 */
int64_t policy_compile(const struct config *config, const struct config_policy_map *policy,
	struct policy_step *steps, uint32_t first, uint32_t capacity, uint32_t *start);

#endif
