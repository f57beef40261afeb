/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT. In IOS an access list says what a rule translates; in callgate a rule has its inside
 * prefixes, and access lists say what is left out. So the sources that the list permits become the
 * prefixes, and a list that says more than that also becomes one of `nat.exclude`.
 */
#include <netinet/in.h>
#include <string.h>

#include "ios_out.h"

const char *
ios_exclude_name(struct ios_model *model, const char *list)
{
	/* No list of IOS has spaces in its name. */
	return ios_own_name(model, IOS_NAME_ACL, ios_format(&model->arena, "nat exclude %s", list));
}

bool
ios_entry_plain(const struct ios_entry *entry)
{
	return entry->protocol == 0 && entry->destination.group == NULL &&
	       STAILQ_EMPTY(&entry->destination.prefixes);
}

bool
ios_prefix_within(const struct ios_prefix *narrow, const struct ios_prefix *wide)
{
	return wide->length <= narrow->length &&
	       (wide->length == 0 || (narrow->address ^ wide->address) >> (32 - wide->length) == 0);
}

/* Add what is not there already, in place of what lies within. */
void
ios_source_add(
	struct ios_model *model, struct ios_prefixes *sources, const struct ios_prefix *added)
{
	struct ios_prefix *prefix, *following;

	STAILQ_FOREACH (prefix, sources, next) {
		if (ios_prefix_within(added, prefix))
			return;
	}
	for (prefix = STAILQ_FIRST(sources); prefix != NULL; prefix = following) {
		following = STAILQ_NEXT(prefix, next);
		if (ios_prefix_within(prefix, added))
			STAILQ_REMOVE(sources, prefix, ios_prefix, next);
	}
	ios_prefix_add(model, sources, added->address, added->length, 0);
}

/* The rule's inside prefixes; whether its list also says what is not translated. */
static void
rule_plan(struct ios_out *out, struct ios_rule *rule)
{
	struct ios_acl *acl = ios_acl_find(out->model, rule->list);
	const struct ios_prefix *prefix;
	struct ios_entry *entry;
	bool denied = false;

	STAILQ_INIT(&rule->sources);
	if (acl == NULL) {
		ios_drop(out, &rule->item, "access list %s is not there", rule->list);
		return;
	}
	acl->translates = true;
	STAILQ_FOREACH (entry, &acl->entries, next) {
		struct ios_prefixes sources = STAILQ_HEAD_INITIALIZER(sources);

		if (!ios_live(&entry->item))
			continue;
		if (!entry->permit) {
			denied = true;
			continue;
		}
		acl->excludes |= denied || !ios_entry_plain(entry);
		if (!ios_side_expand(out->model, &entry->source, &sources)) {
			ios_drop(out, &entry->item,
				"its object group, or one within it, is not there");
			continue;
		}
		STAILQ_FOREACH (prefix, &sources, next)
			ios_source_add(out->model, &rule->sources, prefix);
	}
	if (STAILQ_EMPTY(&rule->sources))
		ios_drop(out, &rule->item, "access list %s permits nothing", rule->list);
}

/* Could both rules be about one host? */
static bool
rules_meet(const struct ios_rule *rule, const struct ios_rule *other)
{
	const struct ios_prefix host = {.address = other->inside, .length = 32};
	const struct ios_prefix *prefix, *another;

	STAILQ_FOREACH (prefix, &rule->sources, next) {
		if (other->list == NULL && ios_prefix_within(&host, prefix))
			return true;
		if (other->list == NULL || strcmp(other->list, rule->list) == 0)
			continue;
		STAILQ_FOREACH (another, &other->sources, next) {
			if (ios_prefix_within(prefix, another) ||
				ios_prefix_within(another, prefix))
				return true;
		}
	}
	return false;
}

/* A list that leaves something out does so for all rules, other than in IOS. */
static void
excludes_note(struct ios_out *out)
{
	struct ios_rule *rule, *other;
	struct ios_acl *acl;

	STAILQ_FOREACH (rule, &out->model->rules, next) {
		acl = ios_live(&rule->item) && rule->list != NULL
			      ? ios_acl_find(out->model, rule->list)
			      : NULL;
		if (acl == NULL || !acl->excludes)
			continue;
		STAILQ_FOREACH (other, &out->model->rules, next) {
			if (other != rule && ios_live(&other->item) && rules_meet(rule, other))
				ios_note(out->model, rule->item.line,
					"what list %s does not translate, the rule of line %u does "
					"not "
					"either",
					rule->list, other->item.line);
		}
	}
}

void
ios_nat_plan(struct ios_out *out)
{
	struct ios_model *model = out->model;
	struct ios_class *class;
	struct ios_match *match;
	struct ios_rule *rule;
	struct ios_acl *acl;

	STAILQ_FOREACH (acl, &model->acls, next)
		acl->translates = acl->matches = acl->excludes = false;
	STAILQ_FOREACH (rule, &model->rules, next) {
		if (ios_live(&rule->item) && rule->list != NULL)
			rule_plan(out, rule);
	}
	excludes_note(out);
	STAILQ_FOREACH (class, &model->classes, next) {
		STAILQ_FOREACH (match, &class->matches, next) {
			acl = match->kind == IOS_MATCH_ACL && ios_live(&match->item) &&
					      ios_live(&class->item)
				      ? ios_acl_find(model, match->name)
				      : NULL;
			if (acl != NULL)
				acl->matches = true;
		}
	}
}

/* To be called before anything within `nat` is written. */
static FILE *
nat_stream(struct ios_out *out)
{
	if (!out->nat_begun)
		fprintf(out->stream, "\nnat: {\n");
	out->nat_begun = true;
	return out->stream;
}

/* The interface whose first address is all that a pool has; NULL: none. */
static struct ios_interface *
pool_interface(const struct ios_model *model, const struct ios_pool *pool)
{
	struct ios_interface *interface;

	STAILQ_FOREACH (interface, &model->interfaces, next) {
		if (interface->written && interface->primary == pool->first &&
			pool->first == pool->last)
			return interface;
	}
	return NULL;
}

static void
dynamic_write(struct ios_out *out, struct ios_rule *rule)
{
	const struct ios_pool *pool =
		rule->pool != NULL ? ios_pool_find(out->model, rule->pool) : NULL;
	const struct ios_interface *interface = NULL;
	char address[IOS_ADDRESS_TEXT_MAX];
	const struct ios_prefix *prefix;
	bool overload = rule->overload;
	const char *separator = "";

	if (rule->interface != NULL)
		interface = ios_interface_find(out->model, rule->interface);
	else if (pool != NULL)
		interface = pool_interface(out->model, pool);
	fprintf(out->stream, "    { kind = \"dynamic\"; inside = [");
	STAILQ_FOREACH (prefix, &rule->sources, next) {
		ios_address_format(prefix->address, address);
		fprintf(out->stream, "%s\"%s/%u\"", separator, address, prefix->length);
		separator = ", ";
	}
	if (interface != NULL) {
		overload = true; /* there is one address */
		fprintf(out->stream, "]; interface = \"%s\";", interface->own);
	} else {
		fprintf(out->stream, "]; pool = \"%s\";",
			ios_own_name(out->model, IOS_NAME_POOL, rule->pool));
	}
	fprintf(out->stream, " overload = %s; }", overload ? "true" : "false");
}

static void
static_write(struct ios_out *out, const struct ios_rule *rule)
{
	const struct ios_interface *interface =
		rule->interface != NULL ? ios_interface_find(out->model, rule->interface) : NULL;
	char inside[IOS_ADDRESS_TEXT_MAX], outside[IOS_ADDRESS_TEXT_MAX];

	ios_address_format(rule->inside, inside);
	ios_address_format(interface != NULL ? interface->primary : rule->outside, outside);
	if (interface != NULL && interface->stands_in)
		ios_note(out->model, rule->item.line,
			"%s, which stands in for the interface's address, is in this rule, too",
			outside);
	if (rule->protocol == 0)
		fprintf(out->stream,
			"    { kind = \"static\"; inside = \"%s\"; outside = \"%s\"; }", inside,
			outside);
	else
		fprintf(out->stream,
			"    { kind = \"static\"; protocol = \"%s\"; inside = \"%s:%u\"; "
			"outside = \"%s:%u\"; }",
			rule->protocol == IPPROTO_TCP ? "tcp" : "udp", inside, rule->inside_port,
			outside, rule->outside_port);
}

/* Does all that the rule names stand? */
static bool
rule_whole(struct ios_out *out, struct ios_rule *rule)
{
	const struct ios_interface *interface;

	if (!ios_live(&rule->item))
		return false;
	if (rule->pool != NULL && ios_pool_find(out->model, rule->pool) == NULL) {
		ios_drop(out, &rule->item, "pool %s is not there", rule->pool);
		return false;
	}
	if (rule->interface == NULL)
		return true;
	interface = ios_interface_find(out->model, rule->interface);
	if (interface != NULL && interface->written)
		return true;
	ios_drop(out, &rule->item, "interface %s is not there, or left out", rule->interface);
	return false;
}

/* Static rules first: IOS, too, looks for those before it makes a translation. */
static void
rules_write(struct ios_out *out)
{
	struct ios_rule *rule;
	unsigned int count = 0;

	for (unsigned int dynamic = 0; dynamic < 2; dynamic++) {
		STAILQ_FOREACH (rule, &out->model->rules, next) {
			if ((rule->list != NULL) != dynamic || !rule_whole(out, rule))
				continue;
			fprintf(nat_stream(out), count == 0 ? "  rules: (\n" : ",\n");
			ios_origin_add(out, &rule->item, "nat.rules[%u]", count++);
			if (dynamic)
				dynamic_write(out, rule);
			else
				static_write(out, rule);
		}
	}
	if (count > 0)
		fprintf(out->stream, "\n  );\n");
}

static void
pools_write(struct ios_out *out)
{
	char first[IOS_ADDRESS_TEXT_MAX], last[IOS_ADDRESS_TEXT_MAX];
	struct ios_pool *pool;
	unsigned int count = 0;

	STAILQ_FOREACH (pool, &out->model->pools, next) {
		if (!ios_live(&pool->item) || pool_interface(out->model, pool) != NULL)
			continue;
		ios_address_format(pool->first, first);
		ios_address_format(pool->last, last);
		fprintf(nat_stream(out), count == 0 ? "  pools: (\n" : ",\n");
		ios_origin_add(out, &pool->item, "nat.pools[%u]", count++);
		fprintf(out->stream, "    { name = \"%s\"; addresses = [\"%s",
			ios_own_name(out->model, IOS_NAME_POOL, pool->name), first);
		if (pool->first != pool->last)
			fprintf(out->stream, "-%s", last);
		fprintf(out->stream, "\"]; }");
	}
	if (count > 0)
		fprintf(out->stream, "\n  );\n");
}

static void
excludes_write(struct ios_out *out)
{
	unsigned int count = 0;
	struct ios_acl *acl;

	STAILQ_FOREACH (acl, &out->model->acls, next) {
		if (!ios_live(&acl->item) || !acl->excludes)
			continue;
		ios_origin_add(out, &acl->item, "nat.exclude[%u]", count);
		fprintf(nat_stream(out), "%s\"%s\"", count++ == 0 ? "  exclude = [" : ", ",
			ios_exclude_name(out->model, acl->name));
	}
	if (count > 0)
		fprintf(out->stream, "];\n");
}

static void
sip_ports_write(struct ios_out *out, bool tcp)
{
	struct ios_sip_port *port;
	unsigned int count = 0;

	fprintf(out->stream, " %s_ports = [", tcp ? "tcp" : "udp");
	STAILQ_FOREACH (port, &out->model->sip_ports, next) {
		if (!ios_live(&port->item) || port->tcp != tcp)
			continue;
		ios_origin_add(
			out, &port->item, "nat.sip.%s_ports[%u]", tcp ? "tcp" : "udp", count);
		fprintf(out->stream, "%s%u", count++ == 0 ? "" : ", ", port->port);
	}
	fprintf(out->stream, "];");
}

static void
timeouts_write(struct ios_out *out)
{
	static const char *const names[IOS_TIMEOUTS] = {
		[IOS_UDP] = "udp",
		[IOS_TCP] = "tcp_established",
		[IOS_TCP_SYN] = "tcp_opening",
		[IOS_TCP_FINRST] = "tcp_closing",
		[IOS_ICMP] = "icmp",
	};
	unsigned int count = 0;

	for (unsigned int i = 0; i < IOS_TIMEOUTS; i++) {
		struct ios_number *timeout = &out->model->timeouts[i];

		if (timeout->item.line == 0 || !ios_live(&timeout->item))
			continue;
		ios_origin_add(out, &timeout->item, "nat.timeouts.%s", names[i]);
		fprintf(nat_stream(out), "%s %s = %u;", count++ == 0 ? "  timeouts: {" : "",
			names[i], timeout->value);
	}
	if (count > 0)
		fprintf(out->stream, " };\n");
}

void
ios_write_nat(struct ios_out *out)
{
	out->nat_begun = false;
	if (out->model->sip_said) {
		fprintf(nat_stream(out), "  sip: {");
		sip_ports_write(out, false);
		sip_ports_write(out, true);
		fprintf(out->stream, " };\n");
	}
	timeouts_write(out);
	excludes_write(out);
	rules_write(out);
	/* Last, so that where addresses are too many it is a pool that goes. */
	pools_write(out);
	if (out->nat_begun)
		fprintf(out->stream, "};\n");
}
