/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Networks and access lists: those of class maps, and those of what a NAT list leaves untranslated. The latter
 * are the list with permit and deny in each other's place; where a permit is narrower than its
 * source, all else from that source is added behind.
 */
#include <netinet/in.h>

#include "ios_out.h"

enum { ENTRIES_MAX = 16384 };

struct writing {
	struct ios_out *out;
	unsigned int acl, entries;
	bool inverted;
	struct ios_item *item; /* of the entry that is written */
};

static const char *
protocol_text(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		return "ip";
	}
}

/* A network by its name, a prefix, or nothing for any. */
static void
network_write(struct ios_out *out, const char *name, const struct ios_side *side,
	const struct ios_prefix *prefix)
{
	char address[IOS_ADDRESS_TEXT_MAX];

	if (side->group != NULL) {
		fprintf(out->stream, " %s = \"%s\";", name,
			ios_own_name(out->model, IOS_NAME_NETWORK, side->group));
		return;
	}
	if (prefix->length == 0)
		return;
	ios_address_format(prefix->address, address);
	if (prefix->length == 32)
		fprintf(out->stream, " %s = \"%s\";", name, address);
	else
		fprintf(out->stream, " %s = \"%s/%u\";", name, address, prefix->length);
}

static void
ports_write(FILE *stream, const char *name, const struct ios_side *side)
{
	const struct ios_port_range *range;

	for (unsigned int i = 0; i < side->port_count; i++) {
		range = &side->ports[i];
		if (i == 0)
			fprintf(stream, " %s = (", name);
		fprintf(stream, range->first == range->last ? "%s%u" : "%s\"%u-%u\"",
			i == 0 ? "" : ", ", range->first, range->last);
	}
	if (side->port_count > 0)
		fprintf(stream, ");");
}

static void
line_write(struct writing *writing, const struct ios_entry *entry, const struct ios_prefix *source,
	const struct ios_prefix *destination)
{
	FILE *stream = writing->out->stream;

	fprintf(stream, "%s      { action = \"%s\"; protocol = \"%s\";",
		writing->entries == 0 ? "\n" : ",\n",
		entry->permit != writing->inverted ? "permit" : "deny",
		protocol_text(entry->protocol));
	network_write(writing->out, "source", &entry->source, source);
	network_write(writing->out, "destination", &entry->destination, destination);
	ports_write(stream, "sports", &entry->source);
	ports_write(stream, "dports", &entry->destination);
	fprintf(stream, " }");
	ios_origin_add(writing->out, writing->item, "acls[%u].entries[%u]", writing->acl,
		writing->entries++);
}

/* What a side is written as: each of its prefixes, or one that stands for its group. */
static bool
side_networks(struct ios_model *model, const struct ios_side *side, struct ios_prefixes *networks)
{
	struct ios_prefixes prefixes = STAILQ_HEAD_INITIALIZER(prefixes);

	if (side->group == NULL)
		return ios_side_expand(model, side, networks);
	ios_prefix_add(model, networks, 0, 0, 0);
	return ios_side_expand(model, side, &prefixes) && !STAILQ_EMPTY(&prefixes);
}

static void
entry_write(struct writing *writing, const struct ios_entry *entry, struct ios_item *item)
{
	struct ios_model *model = writing->out->model;
	struct ios_prefixes sources = STAILQ_HEAD_INITIALIZER(sources);
	struct ios_prefixes destinations = STAILQ_HEAD_INITIALIZER(destinations);
	const struct ios_prefix *source, *destination;
	unsigned int count = 0, other = 0;

	writing->item = item;
	if (!side_networks(model, &entry->source, &sources) ||
		!side_networks(model, &entry->destination, &destinations)) {
		ios_drop(writing->out, writing->item,
			"its object group is empty, or is not there, or one within it is not");
		return;
	}
	STAILQ_FOREACH (source, &sources, next)
		count++;
	STAILQ_FOREACH (destination, &destinations, next)
		other++;
	if ((uint64_t)count * other > ENTRIES_MAX - writing->entries) {
		ios_drop(writing->out, writing->item,
			"an access list of callgate has %d entries at most", ENTRIES_MAX);
		return;
	}
	STAILQ_FOREACH (source, &sources, next) {
		STAILQ_FOREACH (destination, &destinations, next)
			line_write(writing, entry, source, destination);
	}
}

/* A deny that is gone, or narrower than in IOS, leaves to others what it was about. */
static void
deny_note(struct ios_model *model, const struct ios_entry *entry)
{
	if (entry->permit || entry->item.removed)
		return;
	if (entry->item.refused)
		ios_note(model, entry->item.line,
			"what this line denies is decided by the entries after it");
	else if (ios_side_lost(model, &entry->source) || ios_side_lost(model, &entry->destination))
		ios_note(model, entry->item.line,
			"its object group lost a line: what this entry denied of it is decided by "
			"the entries after it");
}

static void
acl_begin(struct writing *writing, struct ios_acl *acl, const char *name)
{
	ios_entry_begin(writing->out, "acls", writing->acl);
	ios_origin_add(writing->out, &acl->item, "acls[%u]", writing->acl);
	fprintf(writing->out->stream, "  { name = \"%s\"; entries: (", name);
	writing->entries = 0;
}

static void
acl_end(struct writing *writing)
{
	fprintf(writing->out->stream, " ); }");
	writing->acl++;
}

static void
acl_write(struct writing *writing, struct ios_acl *acl)
{
	struct ios_entry *entry;

	writing->inverted = false;
	acl_begin(writing, acl, ios_own_name(writing->out->model, IOS_NAME_ACL, acl->name));
	STAILQ_FOREACH (entry, &acl->entries, next) {
		if (ios_live(&entry->item))
			entry_write(writing, entry, &entry->item);
		deny_note(writing->out->model, entry);
	}
	if (writing->entries == 0)
		fprintf(writing->out->stream, " { action = \"deny\"; }");
	acl_end(writing);
}

/* The sources of all entries that permit. */
static void
permitted_collect(
	struct ios_model *model, const struct ios_acl *acl, struct ios_prefixes *permitted)
{
	const struct ios_prefix *prefix;
	const struct ios_entry *entry;

	STAILQ_FOREACH (entry, &acl->entries, next) {
		struct ios_prefixes sources = STAILQ_HEAD_INITIALIZER(sources);

		if (!ios_live(&entry->item) || !entry->permit ||
			!ios_side_expand(model, &entry->source, &sources))
			continue;
		STAILQ_FOREACH (prefix, &sources, next)
			ios_source_add(model, permitted, prefix);
	}
}

/*
 * Of what a deny is about, that from sources which the list permits: hosts of other rules are none
 * of its business. Nothing is written where nothing is left.
 */
static void
deny_write(struct writing *writing, struct ios_entry *entry, const struct ios_prefixes *permitted)
{
	struct ios_model *model = writing->out->model;
	struct ios_prefixes sources = STAILQ_HEAD_INITIALIZER(sources);
	const struct ios_prefix *source, *other;
	struct ios_entry narrow = *entry;
	bool same = true;

	if (!ios_side_expand(model, &entry->source, &sources)) {
		entry_write(writing, entry, &entry->item); /* which refuses it */
		return;
	}
	narrow.source.group = NULL;
	STAILQ_INIT(&narrow.source.prefixes);
	STAILQ_FOREACH (source, &sources, next) {
		bool within = false;

		STAILQ_FOREACH (other, permitted, next) {
			within |= ios_prefix_within(source, other);
			if (ios_prefix_within(source, other))
				ios_source_add(model, &narrow.source.prefixes, source);
			else if (ios_prefix_within(other, source))
				ios_source_add(model, &narrow.source.prefixes, other);
		}
		same &= within;
	}
	if (same)
		entry_write(writing, entry, &entry->item);
	else if (!STAILQ_EMPTY(&narrow.source.prefixes))
		entry_write(writing, &narrow, &entry->item);
}

static void
exclude_write(struct writing *writing, struct ios_acl *acl)
{
	struct ios_prefixes permitted = STAILQ_HEAD_INITIALIZER(permitted);
	struct ios_entry *entry, *last = NULL, rest;

	writing->inverted = true;
	acl_begin(writing, acl, ios_exclude_name(writing->out->model, acl->name));
	STAILQ_FOREACH (entry, &acl->entries, next) {
		if (ios_live(&entry->item) && entry->permit)
			last = entry;
		deny_note(writing->out->model, entry);
	}
	permitted_collect(writing->out->model, acl, &permitted);
	STAILQ_FOREACH (entry, &acl->entries, next) {
		if (ios_live(&entry->item) && entry->permit)
			entry_write(writing, entry, &entry->item);
		else if (ios_live(&entry->item))
			deny_write(writing, entry, &permitted);
		if (entry == last)
			break;
	}
	/* What no entry permits, of the sources that the rule names. */
	STAILQ_FOREACH (entry, &acl->entries, next) {
		if (!ios_live(&entry->item) || !entry->permit || ios_entry_plain(entry))
			continue;
		rest = (struct ios_entry){.source = entry->source};
		rest.source.port_count = 0;
		STAILQ_INIT(&rest.destination.prefixes);
		entry_write(writing, &rest, &entry->item);
	}
	acl_end(writing);
}

/* Object groups, those within them written out. */
static void
networks_write(struct ios_out *out)
{
	char address[IOS_ADDRESS_TEXT_MAX];
	const struct ios_prefix *prefix;
	struct ios_group *group;
	unsigned int count = 0;

	STAILQ_FOREACH (group, &out->model->groups, next) {
		struct ios_prefixes prefixes = STAILQ_HEAD_INITIALIZER(prefixes);
		const struct ios_side side = {.group = group->name};
		const char *separator = "";

		if (!ios_live(&group->item) || !ios_side_expand(out->model, &side, &prefixes) ||
			STAILQ_EMPTY(&prefixes))
			continue;
		ios_entry_begin(out, "networks", count);
		ios_origin_add(out, &group->item, "networks[%u]", count++);
		fprintf(out->stream, "  { name = \"%s\"; addresses = [",
			ios_own_name(out->model, IOS_NAME_NETWORK, group->name));
		STAILQ_FOREACH (prefix, &prefixes, next) {
			ios_address_format(prefix->address, address);
			fprintf(out->stream, "%s\"%s/%u\"", separator, address, prefix->length);
			separator = ", ";
		}
		fprintf(out->stream, "]; }");
	}
	ios_list_end(out, count);
}

void
ios_write_acls(struct ios_out *out)
{
	struct writing writing = {.out = out};
	struct ios_acl *acl;

	networks_write(out);
	STAILQ_FOREACH (acl, &out->model->acls, next) {
		if (!ios_live(&acl->item))
			continue;
		if (acl->matches || !acl->translates)
			acl_write(&writing, acl);
		if (acl->excludes)
			exclude_write(&writing, acl);
	}
	ios_list_end(out, writing.acl);
}
