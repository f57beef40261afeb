/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Class maps. One that lost a line matches less than in IOS: that is well where it is inspected, but
 * what negates it would match more, and is not written. In IOS `inspect` is for TCP, UDP and ICMP and
 * drops all else, in callgate it lets all pass: so where a class that is inspected may match
 * something else, a class of the rest stands before it, to be dropped.
 */
#include <string.h>

#include "ios_out.h"

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
list_lost(const struct ios_model *model, const struct ios_acl *acl)
{
	const struct ios_entry *entry;
	bool lost = acl->lost;

	STAILQ_FOREACH (entry, &acl->entries, next)
		lost |= entry->permit && !entry->item.removed &&
			(entry->item.refused || ios_side_lost(model, &entry->source) ||
				ios_side_lost(model, &entry->destination));
	return lost;
}

static bool
match_less(const struct ios_model *model, const struct ios_match *match)
{
	const struct ios_class *class;
	const struct ios_acl *acl;

	if (!ios_live(&match->item) || match->negated)
		return match->item.refused;
	acl = match->kind == IOS_MATCH_ACL ? ios_acl_find(model, match->name) : NULL;
	class = match->kind == IOS_MATCH_CLASS ? ios_class_find(model, match->name) : NULL;
	return (acl != NULL && list_lost(model, acl)) || (class != NULL && class->less);
}

/* Which class maps match less than in IOS, those that contain such ones too. */
static void
classes_judge(struct ios_model *model)
{
	struct ios_class *class;
	struct ios_match *match;
	bool again = true;

	while (again) {
		again = false;
		STAILQ_FOREACH (class, &model->classes, next) {
			bool less = class->lost;

			STAILQ_FOREACH (match, &class->matches, next)
				less |= match_less(model, match);
			again |= less && !class->less;
			class->less |= less;
		}
	}
}

static void
match_check(struct ios_out *out, struct ios_match *match)
{
	const struct ios_class *class;
	const struct ios_acl *acl;

	if (match->kind == IOS_MATCH_CLASS) {
		class = ios_class_find(out->model, match->name);
		if (class == NULL)
			ios_drop(out, &match->item, "class map %s is not there", match->name);
		else if (match->negated && class->less)
			ios_drop(out, &match->item,
				"class map %s lost something that it matches, so this would match "
				"more than in IOS",
				match->name);
	}
	if (match->kind != IOS_MATCH_ACL)
		return;
	acl = ios_acl_find(out->model, match->name);
	if (acl == NULL)
		ios_drop(out, &match->item, "access list %s is not there", match->name);
	else if (match->negated && list_lost(out->model, acl))
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

const char *
ios_class_rest_name(struct ios_model *model, const char *class)
{
	/* No class map of IOS has spaces in its name. */
	return ios_own_name(model, IOS_NAME_CLASS,
		ios_format(&model->arena, "%s other protocols",
			class == NULL ? "class-default" : class));
}

/* Might this be about a packet that is neither TCP, UDP nor ICMP? */
static bool
match_wide(const struct ios_model *model, const struct ios_match *match)
{
	const struct ios_class *class;
	const struct ios_entry *entry;
	const struct ios_acl *acl;

	if (match->negated)
		return true;
	if (match->kind == IOS_MATCH_CLASS) {
		class = ios_class_find(model, match->name);
		return class != NULL && class->wide;
	}
	acl = match->kind == IOS_MATCH_ACL ? ios_acl_find(model, match->name) : NULL;
	if (acl == NULL)
		return false; /* every service has its protocol */
	STAILQ_FOREACH (entry, &acl->entries, next) {
		if (ios_live(&entry->item) && entry->permit && entry->protocol == 0)
			return true;
	}
	return false;
}

static bool
class_wide(const struct ios_model *model, const struct ios_class *class)
{
	const struct ios_match *match;
	bool wide = class->all;

	STAILQ_FOREACH (match, &class->matches, next) {
		if (ios_live(&match->item) && match_wide(model, match) != class->all)
			wide = !class->all;
	}
	return wide;
}

static void
classes_widen(struct ios_model *model)
{
	struct ios_class *class;
	bool again = true;

	STAILQ_FOREACH (class, &model->classes, next)
		class->wide = false;
	while (again) {
		again = false;
		STAILQ_FOREACH (class, &model->classes, next) {
			if (class->wide || !class_wide(model, class))
				continue;
			class->wide = again = true;
		}
	}
}

bool
ios_class_has_rest(const struct ios_model *model, const struct ios_policy_class *class)
{
	const struct ios_class *map =
		class->name != NULL ? ios_class_find(model, class->name) : NULL;

	return ios_live(&class->item) && class->action == IOS_INSPECT &&
	       (class->name == NULL || (map != NULL && map->wide));
}

/* Does some policy inspect this one (NULL: class-default)? Its line there, or NULL. */
static struct ios_policy_class *
rest_wanted(struct ios_model *model, const char *name)
{
	struct ios_policy_class *class;
	struct ios_policy *policy;

	STAILQ_FOREACH (policy, &model->policies, next) {
		if (!ios_live(&policy->item))
			continue;
		if (name == NULL && ios_class_has_rest(model, &policy->otherwise))
			return &policy->otherwise;
		STAILQ_FOREACH (class, &policy->classes, next) {
			if (name != NULL && strcmp(class->name, name) == 0 &&
				ios_class_has_rest(model, class))
				return class;
		}
	}
	return NULL;
}

static unsigned int
rest_write(struct ios_out *out, const char *name, unsigned int count)
{
	struct ios_policy_class *class = rest_wanted(out->model, name);

	if (class == NULL)
		return count;
	ios_entry_begin(out, "class_maps", count);
	ios_origin_add(out, &class->item, "class_maps[%u]", count);
	fprintf(out->stream, "  { name = \"%s\"; match = \"all\";",
		ios_class_rest_name(out->model, name));
	if (name != NULL)
		fprintf(out->stream, "\n    class_maps = [\"%s\"];",
			ios_own_name(out->model, IOS_NAME_CLASS, name));
	fprintf(out->stream, "\n    not_protocols = [\"tcp\", \"udp\", \"icmp\"]; }");
	return count + 1;
}

void
ios_write_classes(struct ios_out *out)
{
	struct ios_class *class;
	unsigned int count = 0;

	classes_judge(out->model);
	classes_widen(out->model);
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
		count = rest_write(out, class->name, count + 1);
	}
	ios_list_end(out, rest_write(out, NULL, count));
}
