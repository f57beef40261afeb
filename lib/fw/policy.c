/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiling policy maps to programs; overview in policy_priv.h.
 *
 * Compiled from the end: where to go when a match fails (or holds) is known before the match itself
 * is written. Class maps nest by recursion here, at compile time, to a bounded depth.
 */
#include <errno.h>
#include <stdbool.h>

#include "config/config.h"
#include "policy_priv.h"

struct compiler {
	const struct config *config;
	struct policy_step *steps; /* NULL: count only */
	uint32_t first, capacity, count;
	int error;
};

static uint32_t class_compile(struct compiler *compiler, unsigned int index, unsigned int depth,
	uint32_t yes, uint32_t no);

static uint32_t
step_append(struct compiler *compiler, const struct policy_step *step)
{
	if (compiler->count >= compiler->capacity) {
		compiler->error = -E2BIG;
		return step->no;
	}
	if (compiler->steps)
		compiler->steps[compiler->count] = *step;
	return compiler->first + compiler->count++;
}

static uint32_t
match_compile(struct compiler *compiler, const struct config_match *match, unsigned int depth,
	uint32_t yes, uint32_t no)
{
	struct policy_step step;

	if (match->negated) {
		uint32_t swapped = yes;

		yes = no;
		no = swapped;
	}
	step = (struct policy_step){.yes = yes, .no = no};
	switch (match->kind) {
	case MATCH_CLASS_MAP:
		return class_compile(compiler, match->index, depth + 1, yes, no);
	case MATCH_SERVICE:
		step.kind = STEP_SERVICE;
		step.proto = match->proto;
		step.port = htons(match->port);
		break;
	case MATCH_SIP:
		step.kind = STEP_SIP;
		break;
	case MATCH_ACL:
		step.kind = STEP_ACL;
		step.acl = match->index;
		break;
	}
	return step_append(compiler, &step);
}

static uint32_t
class_compile(struct compiler *compiler, unsigned int index, unsigned int depth, uint32_t yes,
	uint32_t no)
{
	const struct config_class_map *map = &compiler->config->class_maps[index];
	uint32_t next = map->match_all ? yes : no;

	if (depth > CLASS_DEPTH_MAX)
		compiler->error = -ELOOP;
	if (compiler->error)
		return no;
	if (map->match_count == 0)
		return no; /* a class map that asks nothing matches nothing */
	for (unsigned int i = map->match_count; i-- > 0;)
		next = map->match_all ? match_compile(compiler, &map->matches[i], depth, next, no)
				      : match_compile(compiler, &map->matches[i], depth, yes, next);
	return next;
}

int64_t
policy_compile(const struct config *config, const struct config_policy_map *policy,
	struct policy_step *steps, uint32_t first, uint32_t capacity, uint32_t *start)
{
	struct compiler compiler = {config, steps, first, capacity, 0, 0};
	uint32_t next = POLICY_VERDICT | (policy->class_count - 1);

	for (unsigned int i = policy->class_count; i-- > 0;) {
		int class_map = policy->classes[i].class_map;

		if (class_map < 0)
			next = POLICY_VERDICT | i; /* class-default: matches all */
		else
			next = class_compile(
				&compiler, (unsigned int)class_map, 1, POLICY_VERDICT | i, next);
	}
	*start = next;
	return compiler.error ? compiler.error : (int64_t)compiler.count;
}
