/* SPDX-License-Identifier: BSD-3-Clause */
/* Zones, class maps, policy maps, zone pairs. */
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
matches_write(struct ios_out *out, struct ios_class *class, unsigned int index,
	enum ios_match_kind kind, bool negated)
{
	static const struct {
		const char *name;
		enum ios_name_kind kind;
	} members[] = {
		[IOS_MATCH_PROTOCOL] = {"protocols", IOS_NAME_KINDS},
		[IOS_MATCH_ACL] = {"acls", IOS_NAME_ACL},
		[IOS_MATCH_CLASS] = {"class_maps", IOS_NAME_CLASS},
	};
	const char *not = negated ? "not_" : "", *name = members[kind].name;
	struct ios_match *match;
	unsigned int count = 0;

	STAILQ_FOREACH (match, &class->matches, next) {
		if (!ios_live(&match->item) || match->kind != kind || match->negated != negated)
			continue;
		if (count == 0)
			fprintf(out->stream, "\n    %s%s = [", not, name);
		ios_origin_add(
			out, &match->item, "class_maps[%u].%s%s[%u]", index, not, name, count);
		fprintf(out->stream, "%s\"%s\"", count++ == 0 ? "" : ", ",
			kind == IOS_MATCH_PROTOCOL
				? ios_clean(out->model, match->name)
				: ios_own_name(out->model, members[kind].kind, match->name));
	}
	if (count > 0)
		fprintf(out->stream, "];");
}

/* A list that permits less than in IOS lets its negation match more. */
static bool
list_lost(const struct ios_acl *acl)
{
	const struct ios_entry *entry;
	bool lost = acl->lost;

	STAILQ_FOREACH (entry, &acl->entries, next)
		lost |= entry->permit && entry->item.refused;
	return lost;
}

static void
match_check(struct ios_out *out, struct ios_match *match)
{
	const struct ios_acl *acl;

	if (match->kind == IOS_MATCH_CLASS && ios_class_find(out->model, match->name) == NULL)
		ios_drop(out, &match->item, "class map %s is not there", match->name);
	if (match->kind != IOS_MATCH_ACL)
		return;
	acl = ios_acl_find(out->model, match->name);
	if (acl == NULL)
		ios_drop(out, &match->item, "access list %s is not there", match->name);
	else if (match->negated && list_lost(acl))
		ios_drop(out, &match->item,
			"list %s lost an entry that permits, so this would match more than in IOS",
			match->name);
}

/* Drop lines that name what is not there. Whether the class map can stand without them. */
static bool
class_whole(struct ios_out *out, struct ios_class *class)
{
	unsigned int live = 0, lost = class->lost;
	struct ios_match *match;

	if (!ios_live(&class->item))
		return false;
	STAILQ_FOREACH (match, &class->matches, next) {
		if (ios_live(&match->item))
			match_check(out, match);
		live += ios_live(&match->item);
		lost += match->item.refused;
	}
	if (class->all && lost > 0)
		ios_drop(out, &class->item,
			"match-all without one of its lines would match more than it does in IOS");
	else if (live == 0)
		ios_drop(out, &class->item, "the class map matches nothing");
	return ios_live(&class->item);
}

static void
classes_write(struct ios_out *out)
{
	struct ios_class *class;
	unsigned int count = 0;

	STAILQ_FOREACH (class, &out->model->classes, next) {
		if (!class_whole(out, class))
			continue;
		ios_entry_begin(out, "class_maps", count);
		ios_origin_add(out, &class->item, "class_maps[%u]", count);
		fprintf(out->stream, "  { name = \"%s\"; match = \"%s\";",
			ios_own_name(out->model, IOS_NAME_CLASS, class->name),
			class->all ? "all" : "any");
		for (unsigned int kind = 0; kind < IOS_MATCH_KINDS; kind++) {
			matches_write(out, class, count, kind, false);
			matches_write(out, class, count, kind, true);
		}
		fprintf(out->stream, " }");
		count++;
	}
	ios_list_end(out, count);
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

static void
policy_class_write(struct ios_out *out, struct ios_policy_class *class, unsigned int policy,
	unsigned int index)
{
	static const char *const actions[] = {[IOS_ACTION_NONE] = "drop",
		[IOS_INSPECT] = "inspect",
		[IOS_PASS] = "pass",
		[IOS_DROP] = "drop"};
	struct ios_parameters *parameters =
		class->parameters == NULL ? NULL
					  : ios_parameters_find(out->model, class->parameters);

	fprintf(out->stream, "      { class = \"%s\"; action = \"%s\";%s",
		class->name == NULL ? "class-default"
				    : ios_own_name(out->model, IOS_NAME_CLASS, class->name),
		actions[class->action], class->log ? " log = true;" : "");
	if (parameters != NULL) {
		limit_write(out, &parameters->half_open, policy, index, "max_half_open");
		limit_write(out, &parameters->flows, policy, index, "max_flows");
	} else if (class->parameters != NULL) {
		ios_note(out->model, class->action_line, "used without parameter map %s",
			class->parameters);
	}
	fprintf(out->stream, " }");
}

/* Whether it can be written; what a lost class dropped may pass by a later one. */
static bool
policy_class_whole(struct ios_out *out, struct ios_policy_class *class)
{
	if (!ios_live(&class->item))
		return false;
	if (ios_class_find(out->model, class->name) == NULL) {
		ios_drop(out, &class->item, "class map %s is not there%s", class->name,
			class->action == IOS_DROP || class->action == IOS_ACTION_NONE
				? ", so what it dropped is left to the classes after it"
				: "");
		return false;
	}
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
		ios_origin_add(out, &class->item, "policy_maps[%u].classes[%u]", index, count);
		policy_class_write(out, class, index, count++);
		fprintf(out->stream, ",\n");
	}
	policy_class_write(out, &policy->otherwise, index, count);
	fprintf(out->stream, " ); }");
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
	ios_list_end(out, count);
}

static bool
pair_whole(struct ios_out *out, struct ios_pair *pair)
{
	if (!ios_live(&pair->item))
		return false;
	if (pair->policy == NULL) {
		ios_note(out->model, pair->item.line,
			"left out: without a service policy nothing passes, with or without the "
			"pair");
		return false;
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
	classes_write(out);
	policies_write(out);
	pairs_write(out);
}
