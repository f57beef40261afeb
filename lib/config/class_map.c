/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `class_maps`. They may refer to one another in any order, so all names are defined before the
 * first reference is resolved; circles are found afterwards by a walk in three colours, which also
 * takes the measure of each map with all that is in it.
 */
#include <stdlib.h>
#include <string.h>

#include "reader_priv.h"
#include "service_priv.h"

enum { MATCHES_MAX = 256, SERVICES_TEXT_MAX = 700 };

enum colour { WHITE, GREY, BLACK };

/* The arrays of a class map, in the order in which their entries are asked. */
static const struct member {
	const char *name;
	enum name_kind kind; /* of what the entries name; NAME_KINDS: services */
	bool negated;
} members[] = {
	{"protocols", NAME_KINDS, false},
	{"acls", NAME_ACL, false},
	{"class_maps", NAME_CLASS_MAP, false},
	{"not_protocols", NAME_KINDS, true},
	{"not_acls", NAME_ACL, true},
	{"not_class_maps", NAME_CLASS_MAP, true},
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

/* How many entries a member has; 0 when it is left out or no sequence (a fault). */
static unsigned int
member_count(struct reader *reader, const config_setting_t *entry, const char *member)
{
	const config_setting_t *setting = config_setting_get_member(entry, member);

	if (setting == NULL)
		return 0;
	return sequence_open(reader, setting, 1, MATCHES_MAX, "an array of 1 .. 256 names");
}

/* False after a fault. */
static bool
service_read(struct reader *reader, const config_setting_t *setting, struct config_match *match)
{
	char services[SERVICES_TEXT_MAX];
	const struct service *service;
	const char *text;

	service_names_text(services, sizeof(services));
	text = text_read(reader, setting, services);
	if (text == NULL)
		return false;
	service = service_find(text);
	if (service == NULL) {
		fault_add(reader, setting, "\"%.64s\" is no service, allowed: %s", text, services);
		return false;
	}
	match->kind = strcmp(text, "sip") == 0 ? MATCH_SIP : MATCH_SERVICE;
	match->service = service->name;
	match->proto = service->proto;
	match->port = service->port;
	return true;
}

static void
duplicate_check(struct reader *reader, const config_setting_t *setting,
	const struct config_class_map *map, const struct config_match *match)
{
	const struct config_match *other;

	for (other = map->matches; other < match; other++) {
		if (other->kind != match->kind || other->index != match->index ||
			other->service != match->service || other->negated != match->negated)
			continue;
		fault_add(reader, setting, "stands here twice, allowed: each once");
		return;
	}
}

static void
member_read(struct reader *reader, const config_setting_t *entry, const struct member *member,
	unsigned int count, struct config_class_map *map)
{
	const config_setting_t *list = config_setting_get_member(entry, member->name), *setting;
	struct config_match *match;
	unsigned int i;
	int index;

	for (i = 0; i < count; i++) {
		match = &map->matches[map->match_count];
		setting = config_setting_get_elem(list, i);
		if (member->kind == NAME_KINDS) {
			if (!service_read(reader, setting, match))
				continue;
		} else {
			index = name_resolve(reader, member->kind, setting);
			if (index < 0)
				continue;
			match->kind = member->kind == NAME_ACL ? MATCH_ACL : MATCH_CLASS_MAP;
			match->index = (unsigned int)index;
		}
		match->negated = member->negated;
		duplicate_check(reader, setting, map, match);
		map->match_count++;
	}
}

static void
class_map_read(struct reader *reader, const config_setting_t *entry, struct config_class_map *map)
{
	unsigned int counts[MEMBERS], sum = 0, i;
	bool some = false;

	for (i = 0; i < MEMBERS; i++) {
		counts[i] = member_count(reader, entry, members[i].name);
		sum += counts[i];
		some |= config_setting_get_member(entry, members[i].name) != NULL;
	}
	if (!some)
		fault_add(reader, entry,
			"matches nothing, allowed: at least one of `protocols`, `acls`, "
			"`class_maps`, `not_protocols`, `not_acls`, `not_class_maps`");
	map->matches = reader_alloc(reader, sum, sizeof(*map->matches));
	for (i = 0; i < MEMBERS; i++)
		member_read(reader, entry, &members[i], counts[i], map);
}

/* Saturating: maps that contain others many times over grow fast. */
static uint32_t
steps_sum(uint32_t a, uint32_t b)
{
	return a + b > POLICY_STEPS_MAX ? POLICY_STEPS_MAX + 1 : a + b;
}

/* A reference to a map that is grey, that is, on the way here, closes a circle. */
static void
circle_walk(
	struct reader *reader, const config_setting_t *list, unsigned int index, uint8_t *colours)
{
	struct config_class_map *maps = reader->config->class_maps, *map = &maps[index];
	unsigned int i, next;
	bool was_deep = false;

	colours[index] = GREY;
	map->depth = 1;
	for (i = 0; i < map->match_count; i++) {
		if (map->matches[i].kind != MATCH_CLASS_MAP) {
			map->steps = steps_sum(map->steps, 1);
			continue;
		}
		next = map->matches[i].index;
		if (colours[next] == GREY)
			fault_add_member(reader, config_setting_get_elem(list, index),
				map->matches[i].negated ? "not_class_maps" : "class_maps",
				"\"%s\" leads back here, allowed: class maps that do not contain "
				"this one",
				maps[next].name);
		else if (colours[next] == WHITE)
			circle_walk(reader, list, next, colours);
		map->steps = steps_sum(map->steps, maps[next].steps);
		map->depth = maps[next].depth >= map->depth ? maps[next].depth + 1 : map->depth;
		was_deep |= maps[next].depth > CLASS_DEPTH_MAX;
	}
	if (map->depth > CLASS_DEPTH_MAX && !was_deep)
		fault_add(reader, config_setting_get_elem(list, index),
			"has class maps within class maps %u deep, allowed: %d deep", map->depth,
			CLASS_DEPTH_MAX);
	colours[index] = BLACK;
}

void
class_maps_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *entry;
	struct config_class_map *map;
	unsigned int i, count;
	uint8_t *colours;

	list = list_open(reader, "class_maps", &count);
	config->class_maps = reader_alloc(reader, count, sizeof(*config->class_maps));
	config->class_map_count = count;
	for (i = 0; i < count; i++) {
		map = &config->class_maps[i];
		entry = list_entry(reader, list, i);
		if (entry == NULL) {
			name_add(reader, NAME_CLASS_MAP, list, NULL);
			continue;
		}
		map->line = config_setting_source_line(entry);
		group_read(reader, entry, "class_maps[]", map);
		/* The other one is where show commands count what pinholes let in. */
		if (map->name != NULL && (strcmp(map->name, "class-default") == 0 ||
						 strcmp(map->name, "pinholes") == 0))
			fault_add_member(reader, entry, "name",
				"\"%s\" exists by itself, allowed: another name", map->name);
		name_add(reader, NAME_CLASS_MAP, entry, map->name);
	}
	for (i = 0; i < count; i++) {
		entry = config_setting_get_elem(list, i);
		if (config_setting_type(entry) == CONFIG_TYPE_GROUP)
			class_map_read(reader, entry, &config->class_maps[i]);
	}
	colours = reader->scratch = reader_alloc(reader, count, sizeof(*colours));
	for (i = 0; i < count; i++)
		if (colours[i] == WHITE)
			circle_walk(reader, list, i, colours);
	free(colours);
	reader->scratch = NULL;
}
