/* SPDX-License-Identifier: BSD-3-Clause */
/* `zones`, `policy_maps` and `zone_pairs`. */
#include <string.h>

#include "core/limits.h"

#include "reader_priv.h"

enum { CLASS_DEFAULT = -1, CLASS_UNKNOWN = -2 };

/* Zones are numbered in the order in which they come here: "self", "default", the file's. */
static void
zone_add(struct reader *reader, const char *name)
{
	struct config *config = reader->config;
	char *copy = reader_strdup(reader, name);

	config->zones[config->zone_count++] = copy;
	name_add(reader, NAME_ZONE, NULL, copy);
}

void
zones_read(struct reader *reader)
{
	const config_setting_t *list = config_lookup(&reader->tree, "zones"), *setting;
	struct config *config = reader->config;
	unsigned int i, count = 0;
	const char *text;

	_Static_assert(ZONES_MAX - NUMBER_ZONE_FIRST == 60, "the table's text says 60");
	config->zones_configured = list != NULL;
	if (list != NULL)
		count = sequence_open(reader, list, 0, ZONES_MAX - NUMBER_ZONE_FIRST,
			setting_find("zones")->allowed);
	config->zones = reader_alloc(reader, NUMBER_ZONE_FIRST + count, sizeof(*config->zones));
	zone_add(reader, "self");
	zone_add(reader, "default");
	for (i = 0; i < count; i++) {
		setting = config_setting_get_elem(list, i);
		text = text_read(reader, setting, "the name of a zone");
		if (text == NULL)
			continue;
		if (!name_is_valid(text)) {
			fault_add(reader, setting,
				"is \"%.80s\", allowed: a name of at most %d letters, digits, "
				"\"_\", \"-\" "
				"and \".\" that begins with a letter or digit",
				text, NAME_MAX_LENGTH);
			continue;
		}
		if (strcmp(text, "self") == 0 || strcmp(text, "default") == 0) {
			fault_add(reader, setting, "\"%s\" exists by itself, allowed: other names",
				text);
			continue;
		}
		if (name_index(reader, NAME_ZONE, text) >= 0) {
			fault_add(reader, setting,
				"\"%s\" stands here twice, allowed: each name once", text);
			continue;
		}
		zone_add(reader, text);
	}
}

/* Class map of a policy's entry: its index, CLASS_DEFAULT, or CLASS_UNKNOWN after a fault. */
static int
class_resolve(struct reader *reader, const config_setting_t *entry)
{
	const config_setting_t *setting = config_setting_get_member(entry, "class");
	const char *text;
	int index;

	if (setting == NULL)
		return CLASS_UNKNOWN;
	text = config_setting_get_string(setting);
	if (text != NULL && strcmp(text, "class-default") == 0)
		return CLASS_DEFAULT;
	index = name_resolve(reader, NAME_CLASS_MAP, setting);
	return index >= 0 ? index : CLASS_UNKNOWN;
}

static void
class_check(struct reader *reader, const config_setting_t *entry,
	const struct config_policy_map *policy, unsigned int index, bool last)
{
	int class_map = policy->classes[index].class_map;
	unsigned int i;

	if (class_map == CLASS_DEFAULT && !last)
		fault_add_member(reader, entry, "class",
			"\"class-default\" fits everything, so nothing below it is reached, "
			"allowed: at "
			"the end only");
	if (class_map != CLASS_DEFAULT && config_setting_get_member(entry, "action") == NULL)
		fault_add_member(reader, entry, "action", "missing, allowed: drop, inspect, pass");
	if (policy->classes[index].limits.max_half_open != 0 &&
		policy->classes[index].action != ACTION_INSPECT)
		fault_add_member(reader, entry, "max_half_open",
			"counts handshakes, which only inspection follows, allowed: 0, or action = "
			"\"inspect\"");
	if (policy->classes[index].action == ACTION_DROP &&
		(policy->classes[index].limits.max_flows != 0 ||
			policy->classes[index].limits.max_new_per_second != 0))
		fault_add_member(reader, entry,
			policy->classes[index].limits.max_flows != 0 ? "max_flows"
								     : "max_new_per_second",
			"limits flows, of which a class that drops has none, allowed: 0, or action "
			"= "
			"\"inspect\" or \"pass\"");
	for (i = 0; i < index && class_map != CLASS_UNKNOWN; i++)
		if (policy->classes[i].class_map == class_map)
			fault_add_member(reader, entry, "class",
				"is the class of classes[%u] already, allowed: each class once", i);
}

static void
classes_read(struct reader *reader, const config_setting_t *group, struct config_policy_map *policy)
{
	static const char prefix[] = "policy_maps[].classes[]";
	const config_setting_t *list, *entry;
	struct config_policy_class *class;
	unsigned int i, count;
	bool complete = false;

	list = list_open_member(reader, group, "policy_maps[]", "classes", &count);
	/* One more for the class-default that may have been left out. */
	policy->classes = reader_alloc(reader, count + 1, sizeof(*policy->classes));
	for (i = 0; i < count; i++) {
		class = &policy->classes[i];
		class->class_map = CLASS_UNKNOWN;
		entry = list_entry(reader, list, i);
		if (entry == NULL)
			continue;
		group_read(reader, entry, prefix, class);
		class->class_map = class_resolve(reader, entry);
		class_check(reader, entry, policy, i, i + 1 == count);
		complete = class->class_map == CLASS_DEFAULT;
	}
	if (!complete)
		policy->classes[count++] = (struct config_policy_class){
			.class_map = CLASS_DEFAULT, .action = ACTION_DROP};
	policy->class_count = count;
}

/* Class maps are asked in each policy that names them, and each is asked with all that is in it. */
static void
steps_check(struct reader *reader, const config_setting_t *list)
{
	const struct config *config = reader->config;
	uint64_t steps = 0;
	unsigned int i, j;

	for (i = 0; i < config->policy_map_count; i++)
		for (j = 0; j < config->policy_maps[i].class_count; j++)
			if (config->policy_maps[i].classes[j].class_map >= 0)
				steps += config->class_maps
						 [config->policy_maps[i].classes[j].class_map]
							 .steps;
	if (steps > POLICY_STEPS_MAX)
		fault_add(reader, list,
			"ask more than %d questions through their class maps, allowed: fewer, or "
			"class "
			"maps that contain others less often",
			POLICY_STEPS_MAX);
}

void
policy_maps_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *entry;
	struct config_policy_map *policy;
	unsigned int i, count;

	list = list_open(reader, "policy_maps", &count);
	config->policy_maps = reader_alloc(reader, count, sizeof(*config->policy_maps));
	config->policy_map_count = count;
	for (i = 0; i < count; i++) {
		policy = &config->policy_maps[i];
		entry = list_entry(reader, list, i);
		if (entry == NULL) {
			name_add(reader, NAME_POLICY_MAP, list, NULL);
			continue;
		}
		policy->line = config_setting_source_line(entry);
		group_read(reader, entry, "policy_maps[]", policy);
		name_add(reader, NAME_POLICY_MAP, entry, policy->name);
		classes_read(reader, entry, policy);
	}
	if (list != NULL)
		steps_check(reader, list);
}

static void
zone_pair_read(struct reader *reader, const config_setting_t *entry, unsigned int index)
{
	struct config_zone_pair *pairs = reader->config->zone_pairs, *pair = &pairs[index];
	const config_setting_t *source = config_setting_get_member(entry, "source");
	const config_setting_t *destination = config_setting_get_member(entry, "destination");
	const config_setting_t *policy = config_setting_get_member(entry, "policy");
	int from = -1, to = -1, number = -1;
	unsigned int i;

	if (source != NULL)
		from = name_resolve(reader, NAME_ZONE, source);
	if (destination != NULL)
		to = name_resolve(reader, NAME_ZONE, destination);
	if (policy != NULL)
		number = name_resolve(reader, NAME_POLICY_MAP, policy);
	if (number >= 0)
		pair->policy = (unsigned int)number;
	if (from < 0 || to < 0)
		return;
	if (from == to) {
		fault_add(reader, destination,
			"is the source too, allowed: two different zones (inside one zone all "
			"passes)");
		return;
	}
	for (i = 0; i < index; i++)
		if (pairs[i].source == from && pairs[i].destination == to)
			fault_add(reader, entry,
				"has the source and destination of zone_pairs[%u], allowed: each "
				"direction once",
				i);
	pair->source = (uint8_t)from;
	pair->destination = (uint8_t)to;
}

void
zone_pairs_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *entry;
	struct config_zone_pair *pair;
	unsigned int i, count;

	list = list_open(reader, "zone_pairs", &count);
	if (count != 0 && !config->zones_configured)
		fault_add(reader, list,
			"without `zones` there is no firewall, allowed: with `zones`");
	config->zone_pairs = reader_alloc(reader, count, sizeof(*config->zone_pairs));
	config->zone_pair_count = count;
	for (i = 0; i < count; i++) {
		pair = &config->zone_pairs[i];
		entry = list_entry(reader, list, i);
		if (entry == NULL) {
			name_add(reader, NAME_ZONE_PAIR, list, NULL);
			continue;
		}
		pair->line = config_setting_source_line(entry);
		group_read(reader, entry, "zone_pairs[]", pair);
		name_add(reader, NAME_ZONE_PAIR, entry, pair->name);
		zone_pair_read(reader, entry, i);
	}
}
