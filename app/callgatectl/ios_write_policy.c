/* SPDX-License-Identifier: BSD-3-Clause */
/* Zones, policy maps, zone pairs. */
#include <string.h>

#include "ios_out.h"

static void
zones_write(struct ios_out *out)
{
	struct ios_zone *zone;
	unsigned int count = 0;
	bool pairs = false;
	struct ios_pair *pair;

	STAILQ_FOREACH (pair, &out->model->pairs, next)
		pairs |= ios_live(&pair->item);
	STAILQ_FOREACH (zone, &out->model->zones, next) {
		if (!ios_live(&zone->item))
			continue;
		ios_origin_add(out, &zone->item, "zones[%u]", count);
		fprintf(out->stream, "%s\"%s\"", count++ == 0 ? "\nzones = [" : ", ",
			ios_own_name(out->model, IOS_NAME_ZONE, zone->name));
	}
	if (count > 0)
		fprintf(out->stream, "];\n");
	else if (pairs)
		fprintf(out->stream, "\nzones = [];\n");
}

static void
limit_write(struct ios_out *out, struct ios_number *limit, unsigned int policy, unsigned int index,
	const char *name)
{
	if (limit->item.line == 0 || !ios_live(&limit->item))
		return;
	ios_origin_add(out, &limit->item, "policy_maps[%u].classes[%u].%s", policy, index, name);
	fprintf(out->stream, " %s = %u;", name, limit->value);
}

/* Returns the index of the class that follows. */
static unsigned int
policy_class_write(struct ios_out *out, struct ios_policy_class *class, unsigned int policy,
	unsigned int index)
{
	static const char *const actions[] = {[IOS_ACTION_NONE] = "drop",
		[IOS_INSPECT] = "inspect",
		[IOS_PASS] = "pass",
		[IOS_DROP] = "drop"};
	const enum ios_action action = ios_live(&class->item) ? class->action : IOS_DROP;
	struct ios_parameters *parameters =
		class->parameters == NULL ? NULL
					  : ios_parameters_find(out->model, class->parameters);

	if (ios_class_has_rest(out->model, class)) {
		ios_note(out->model, class->item.line,
			"in IOS `inspect` is for tcp, udp and icmp: what else this class matches "
			"is "
			"dropped");
		fprintf(out->stream, "      { class = \"%s\"; action = \"drop\"; },\n",
			ios_class_rest_name(out->model, class->name));
		index++;
	}
	if (class->name != NULL)
		ios_origin_add(out, &class->item, "policy_maps[%u].classes[%u]", policy, index);
	fprintf(out->stream, "      { class = \"%s\"; action = \"%s\";%s",
		class->name == NULL ? "class-default"
				    : ios_own_name(out->model, IOS_NAME_CLASS, class->name),
		actions[action], class->log ? " log = true;" : "");
	if (parameters != NULL) {
		limit_write(out, &parameters->half_open, policy, index, "max_half_open");
		limit_write(out, &parameters->flows, policy, index, "max_flows");
	} else if (class->parameters != NULL) {
		ios_note(out->model, class->action_line, "used without parameter map %s",
			class->parameters);
	}
	fprintf(out->stream, " }");
	return index + 1;
}

/* Whether it can be written; what a lost class dropped may pass by a later one. */
static bool
policy_class_whole(struct ios_out *out, struct ios_policy_class *class)
{
	const bool drops = class->action == IOS_DROP || class->action == IOS_ACTION_NONE;
	const struct ios_class *map = ios_class_find(out->model, class->name);

	if (!ios_live(&class->item))
		return false;
	if (map == NULL) {
		ios_drop(out, &class->item, "class map %s is not there%s", class->name,
			drops ? ", so what it dropped is left to the classes after it" : "");
		return false;
	}
	if (drops && map->less)
		ios_note(out->model, class->item.line,
			"class map %s lost something that it matches: that is not dropped here, "
			"but left to the classes after it",
			class->name);
	if (class->action == IOS_ACTION_NONE)
		ios_note(out->model, class->item.line, "the class has no action: it drops");
	return true;
}

static void
policy_write(struct ios_out *out, struct ios_policy *policy, unsigned int index)
{
	struct ios_policy_class *class;
	unsigned int count = 0;

	ios_entry_begin(out, "policy_maps", index);
	ios_origin_add(out, &policy->item, "policy_maps[%u]", index);
	fprintf(out->stream, "  { name = \"%s\"; classes: (\n",
		ios_own_name(out->model, IOS_NAME_POLICY, policy->name));
	STAILQ_FOREACH (class, &policy->classes, next) {
		if (!policy_class_whole(out, class))
			continue;
		count = policy_class_write(out, class, index, count);
		fprintf(out->stream, ",\n");
	}
	policy_class_write(out, &policy->otherwise, index, count);
	fprintf(out->stream, " ); }");
}

/* Of two zones one is callgate itself: where no pair is, everything passes. */
static bool
pair_of_self(const struct ios_pair *pair)
{
	return strcmp(pair->source, "self") == 0 || strcmp(pair->destination, "self") == 0;
}

/* Without its policy such a pair would let everything in. */
static bool
pair_needs_policy(const struct ios_model *model, const struct ios_pair *pair)
{
	return ios_live(&pair->item) && pair->policy != NULL && pair_of_self(pair) &&
	       ios_policy_find(model, pair->policy) == NULL;
}

/* One in the place of each policy map that is not there and has to be. */
static unsigned int
stand_ins_write(struct ios_out *out, unsigned int count)
{
	struct ios_pair *pair, *before;

	STAILQ_FOREACH (pair, &out->model->pairs, next) {
		if (!pair_needs_policy(out->model, pair))
			continue;
		STAILQ_FOREACH (before, &out->model->pairs, next) {
			if (before == pair || (pair_needs_policy(out->model, before) &&
						      strcmp(before->policy, pair->policy) == 0))
				break;
		}
		if (before != pair)
			continue;
		ios_entry_begin(out, "policy_maps", count);
		ios_origin_add(out, &pair->item, "policy_maps[%u]", count++);
		fprintf(out->stream,
			"  # stands in: IOS's is not there\n"
			"  { name = \"%s\"; classes: ( { class = \"class-default\"; action = "
			"\"drop\"; } ); }",
			ios_own_name(out->model, IOS_NAME_POLICY, pair->policy));
	}
	return count;
}

static void
policies_write(struct ios_out *out)
{
	struct ios_policy *policy;
	unsigned int count = 0;

	STAILQ_FOREACH (policy, &out->model->policies, next) {
		if (ios_live(&policy->item))
			policy_write(out, policy, count++);
	}
	ios_list_end(out, stand_ins_write(out, count));
}

static bool
pair_whole(struct ios_out *out, struct ios_pair *pair)
{
	if (!ios_live(&pair->item))
		return false;
	if (pair->policy == NULL) {
		ios_note(out->model, pair->item.line,
			pair_of_self(pair)
				? "left out: without a service policy everything passes to and "
				  "from callgate itself, with or without the pair"
				: "left out: without a service policy nothing passes, with or "
				  "without the pair");
		return false;
	}
	if (pair_needs_policy(out->model, pair)) {
		ios_note(out->model, pair->item.line,
			"policy map %s is not there: one that drops everything stands in",
			pair->policy);
		return true;
	}
	if (ios_policy_find(out->model, pair->policy) == NULL) {
		ios_drop(out, &pair->item, "policy map %s is not there, so nothing passes",
			pair->policy);
		return false;
	}
	return true;
}

static void
pairs_write(struct ios_out *out)
{
	struct ios_model *model = out->model;
	struct ios_pair *pair;
	unsigned int count = 0;

	STAILQ_FOREACH (pair, &model->pairs, next) {
		if (!pair_whole(out, pair))
			continue;
		ios_entry_begin(out, "zone_pairs", count);
		ios_origin_add(out, &pair->item, "zone_pairs[%u]", count++);
		fprintf(out->stream,
			"  { name = \"%s\"; source = \"%s\"; destination = \"%s\"; policy = "
			"\"%s\"; }",
			ios_own_name(model, IOS_NAME_PAIR, pair->name),
			ios_own_name(model, IOS_NAME_ZONE, pair->source),
			ios_own_name(model, IOS_NAME_ZONE, pair->destination),
			ios_own_name(model, IOS_NAME_POLICY, pair->policy));
	}
	ios_list_end(out, count);
}

void
ios_write_policy(struct ios_out *out)
{
	zones_write(out);
	ios_write_classes(out);
	policies_write(out);
	pairs_write(out);
}
