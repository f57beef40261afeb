/* SPDX-License-Identifier: BSD-3-Clause */
/* The zone firewall: class maps, policy maps, zones, zone pairs. */
#include <string.h>
#include <strings.h>

#include "ios_read.h"

enum { MATCH_ABBREVIATION_MIN = 8 }; /* "match-an", "match-al" */

/* IOS's names of protocols for which callgate has another. */
static const struct {
	const char *ios, *own;
} protocols[] = {
	{"bootpc", "dhcp-client"},
	{"bootps", "dhcp"},
	{"ipsec-msft", "ipsec-nat-t"},
	{"sip-tls", "sips"},
	{"radius-acct", "radius-accounting"},
	{"domain", "dns"},
	{"www", "http"},
};

/* `class-map type inspect [match-any|match-all] NAME` */
static enum ios_result
class_map_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *word = ios_peek(words), *name;
	const size_t length = word == NULL ? 0 : strlen(word);
	struct ios_class *class;
	bool all = true, said = length >= MATCH_ABBREVIATION_MIN &&
				(strncasecmp(word, "match-any", length) == 0 ||
					strncasecmp(word, "match-all", length) == 0);

	reader->mode = IOS_FOREIGN;
	if (said) {
		all = strncasecmp(word, "match-all", length) == 0;
		ios_next(words);
	}
	name = ios_next(words);
	if (name == NULL)
		return ios_line_refuse(reader, "no name of a class map");
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "callgate has no maps of what is in one protocol's messages");
	class = ios_class_find(reader->model, name);
	if (reader->negated) {
		if (class != NULL)
			class->item.removed = true;
		reader->mode = IOS_GLOBAL;
		return IOS_USED;
	}
	if (class == NULL) {
		class = ios_alloc(&reader->model->arena, sizeof(*class));
		class->item.line = reader->line->number;
		class->name = name;
		class->all = all;
		STAILQ_INIT(&class->matches);
		STAILQ_INSERT_TAIL(&reader->model->classes, class, next);
	}
	if (said && class->all != all)
		return ios_line_refuse(reader, "line %u says the other of match-any and match-all",
			class->item.line);
	reader->class = class;
	reader->mode = IOS_CLASS_MAP;
	return IOS_USED;
}

static enum ios_result
foreign_map_enter(struct ios_reader *reader, struct ios_words *words)
{
	reader->mode = IOS_FOREIGN;
	return ios_line_refuse(reader, "callgate has maps of `type inspect` only");
}

static enum ios_result
match_add(struct ios_reader *reader, enum ios_match_kind kind, bool negated, const char *name)
{
	struct ios_match *match;

	if (name == NULL)
		return ios_line_refuse(reader, "no name of what to match");
	STAILQ_FOREACH (match, &reader->class->matches, next) {
		if (!ios_live(&match->item) || match->kind != kind || match->negated != negated ||
			strcmp(match->name, name) != 0)
			continue;
		match->item.removed = reader->negated;
		return IOS_USED;
	}
	if (reader->negated)
		return IOS_USED;
	match = ios_alloc(&reader->model->arena, sizeof(*match));
	match->item.line = reader->line->number;
	match->kind = kind;
	match->negated = negated;
	match->name = name;
	STAILQ_INSERT_TAIL(&reader->class->matches, match, next);
	return IOS_USED;
}

static const char *
protocol_name(struct ios_reader *reader, const char *name)
{
	char *lower;

	if (name == NULL)
		return NULL;
	lower = ios_strdup(&reader->model->arena, name);
	for (char *at = lower; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(lower, protocols[i].ios) == 0)
			return protocols[i].own;
	return lower;
}

/* IOS follows the connections that these agree on within their messages, callgate does not. */
static void
protocol_note(struct ios_reader *reader, const char *name)
{
	static const char *const openers[] = {"ftp", "h323", "mgcp", "rtsp", "tftp"};

	for (size_t i = 0; name != NULL && i < sizeof(openers) / sizeof(openers[0]); i++)
		if (strcmp(name, openers[i]) == 0)
			ios_note(reader->model, reader->line->number,
				"what %s opens besides its first connection needs a class of its "
				"own",
				name);
}

/* `match [not] protocol|access-group [name]|class-map NAME` */
static enum ios_result
match_read(struct ios_reader *reader, struct ios_words *words)
{
	const bool negated = ios_take(words, "not");
	enum ios_match_kind kind;
	const char *name;

	if (ios_take(words, "protocol")) {
		kind = IOS_MATCH_PROTOCOL;
		name = protocol_name(reader, ios_next(words));
	} else if (ios_take(words, "access-group")) {
		kind = IOS_MATCH_ACL;
		ios_take(words, "name");
		name = ios_next(words);
	} else if (ios_take(words, "class-map")) {
		kind = IOS_MATCH_CLASS;
		name = ios_next(words);
	} else {
		return ios_line_refuse(
			reader, "callgate matches protocols, access lists and class maps");
	}
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "\"%s\" is nothing that callgate matches", ios_peek(words));
	if (kind == IOS_MATCH_PROTOCOL && !negated && !reader->negated)
		protocol_note(reader, name);
	return match_add(reader, kind, negated, name);
}

static enum ios_result
policy_map_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words);
	struct ios_policy *policy;

	reader->mode = IOS_FOREIGN;
	if (name == NULL)
		return ios_line_refuse(reader, "no name of a policy map");
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "callgate has no maps of what is in one protocol's messages");
	policy = ios_policy_find(reader->model, name);
	if (reader->negated) {
		if (policy != NULL)
			policy->item.removed = true;
		reader->mode = IOS_GLOBAL;
		return IOS_USED;
	}
	if (policy == NULL) {
		policy = ios_alloc(&reader->model->arena, sizeof(*policy));
		policy->item.line = reader->line->number;
		policy->name = name;
		STAILQ_INIT(&policy->classes);
		STAILQ_INSERT_TAIL(&reader->model->policies, policy, next);
	}
	reader->policy = policy;
	reader->mode = IOS_POLICY_MAP;
	return IOS_USED;
}

static struct ios_policy_class *
policy_class_get(struct ios_reader *reader, const char *name)
{
	struct ios_policy_class *class;

	STAILQ_FOREACH (class, &reader->policy->classes, next) {
		if (ios_live(&class->item) && strcmp(class->name, name) == 0)
			return class;
	}
	class = ios_alloc(&reader->model->arena, sizeof(*class));
	class->item.line = reader->line->number;
	class->name = name;
	STAILQ_INSERT_TAIL(&reader->policy->classes, class, next);
	return class;
}

/* `class type inspect NAME`, `class class-default` */
static enum ios_result
policy_class_enter(struct ios_reader *reader, struct ios_words *words)
{
	const bool inspect = ios_take(words, "type inspect");
	struct ios_policy_class *class = &reader->policy->otherwise;
	const char *name = ios_next(words);

	if (name == NULL || !ios_done(words) ||
		(!inspect && strcasecmp(name, "class-default") != 0)) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(
			reader, "neither `class type inspect NAME` nor class-default");
	}
	if (strcasecmp(name, "class-default") != 0)
		class = policy_class_get(reader, name);
	class->item.line = reader->line->number;
	reader->policy_class = class;
	reader->mode = IOS_POLICY_CLASS;
	if (!reader->negated)
		return IOS_USED;
	class->item.removed = class->name != NULL;
	class->action = IOS_ACTION_NONE;
	reader->mode = IOS_POLICY_MAP;
	return IOS_USED;
}

static enum ios_result
action_set(struct ios_reader *reader, struct ios_words *words, enum ios_action action)
{
	struct ios_policy_class *class = reader->policy_class;

	if (reader->negated) {
		class->action = IOS_ACTION_NONE;
		class->log = false;
		return IOS_USED;
	}
	class->action = action;
	class->action_line = reader->line->number;
	class->log = ios_take(words, "log");
	class->parameters = action == IOS_INSPECT ? ios_next(words) : NULL;
	if (!ios_done(words))
		ios_note(reader->model, reader->line->number, "used without \"%s\"",
			ios_peek(words));
	return IOS_USED;
}

/* `parameter-map type inspect NAME` */
static enum ios_result
parameters_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words);
	struct ios_parameters *parameters;

	reader->mode = IOS_FOREIGN;
	if (name == NULL || !ios_done(words))
		return ios_line_refuse(reader, "no name of a parameter map");
	if (strcmp(name, "global") == 0 || strcmp(name, "default") == 0)
		return ios_line_refuse(reader, "callgate has limits by class: give the map another "
					       "name and write it behind `inspect`");
	parameters = ios_parameters_find(reader->model, name);
	if (parameters == NULL) {
		parameters = ios_alloc(&reader->model->arena, sizeof(*parameters));
		parameters->item.line = reader->line->number;
		parameters->name = name;
		STAILQ_INSERT_TAIL(&reader->model->parameters, parameters, next);
	}
	parameters->item.removed = reader->negated;
	reader->parameters = parameters;
	reader->mode = reader->negated ? IOS_GLOBAL : IOS_PARAMETERS;
	return IOS_USED;
}

static enum ios_result
parameter_set(struct ios_reader *reader, struct ios_words *words, struct ios_number *number)
{
	if (!reader->negated && !ios_take_number(words, 1, INT32_MAX, &number->value))
		return ios_line_refuse(reader, "no number that this can be");
	number->item = (struct ios_item){.line = reader->line->number, .removed = reader->negated};
	return IOS_USED;
}

static enum ios_result
half_open_read(struct ios_reader *reader, struct ios_words *words)
{
	return parameter_set(reader, words, &reader->parameters->half_open);
}

static enum ios_result
flows_read(struct ios_reader *reader, struct ios_words *words)
{
	return parameter_set(reader, words, &reader->parameters->flows);
}

static enum ios_result
inspect_read(struct ios_reader *reader, struct ios_words *words)
{
	return action_set(reader, words, IOS_INSPECT);
}

static enum ios_result
pass_read(struct ios_reader *reader, struct ios_words *words)
{
	return action_set(reader, words, IOS_PASS);
}

static enum ios_result
drop_read(struct ios_reader *reader, struct ios_words *words)
{
	return action_set(reader, words, IOS_DROP);
}

static enum ios_result
zone_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words);
	struct ios_zone *zone;

	if (name == NULL || !ios_done(words))
		return ios_line_refuse(reader, "no name of a zone");
	reader->mode = IOS_ZONE;
	if (strcmp(name, "default") == 0 || strcmp(name, "self") == 0)
		return IOS_USED; /* there by itself */
	zone = ios_zone_find(reader->model, name);
	if (reader->negated) {
		reader->mode = IOS_GLOBAL;
		if (zone != NULL)
			zone->item.removed = true;
		return IOS_USED;
	}
	if (zone != NULL)
		return IOS_USED;
	zone = ios_alloc(&reader->model->arena, sizeof(*zone));
	zone->item.line = reader->line->number;
	zone->name = name;
	STAILQ_INSERT_TAIL(&reader->model->zones, zone, next);
	return IOS_USED;
}

/* `zone-pair security NAME source ZONE destination ZONE`; the name alone goes on with a pair. */
static enum ios_result
pair_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words), *source = NULL, *destination = NULL;
	struct ios_pair *pair;

	reader->mode = IOS_FOREIGN;
	if (name == NULL)
		return ios_line_refuse(reader, "no name of a zone pair");
	if (ios_take(words, "source"))
		source = ios_next(words);
	if (ios_take(words, "destination"))
		destination = ios_next(words);
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "\"%s\" is nothing that a zone pair has", ios_peek(words));
	STAILQ_FOREACH (pair, &reader->model->pairs, next) {
		if (ios_live(&pair->item) && strcmp(pair->name, name) == 0)
			break;
	}
	if (reader->negated) {
		if (pair != NULL)
			pair->item.removed = true;
		reader->mode = IOS_GLOBAL;
		return IOS_USED;
	}
	if (pair == NULL) {
		if (source == NULL || destination == NULL)
			return ios_line_refuse(
				reader, "a zone pair needs its source and destination");
		pair = ios_alloc(&reader->model->arena, sizeof(*pair));
		pair->item.line = reader->line->number;
		pair->name = name;
		STAILQ_INSERT_TAIL(&reader->model->pairs, pair, next);
	}
	if (source != NULL)
		pair->source = source;
	if (destination != NULL)
		pair->destination = destination;
	reader->pair = pair;
	reader->mode = IOS_PAIR;
	return IOS_USED;
}

static enum ios_result
service_policy_read(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words);

	if (reader->negated) {
		reader->pair->policy = NULL;
		return IOS_USED;
	}
	if (name == NULL || !ios_done(words))
		return ios_line_refuse(reader, "no name of a policy map");
	reader->pair->policy = name;
	return IOS_USED;
}

static enum ios_result
port_map_read(struct ios_reader *reader, struct ios_words *words)
{
	return ios_line_refuse(reader, "callgate's services have the ports of its own table: match "
				       "an access list with these");
}

/*
 * An interface is a member of a zone that no line makes, as in a part of a configuration: in no
 * zone it would talk to others in none.
 */
void
ios_zones_complete(struct ios_model *model)
{
	struct ios_interface *interface;
	struct ios_zone *zone;

	STAILQ_FOREACH (interface, &model->interfaces, next) {
		const char *name = interface->zone_name;

		if (interface->zone.line == 0 || !ios_live(&interface->zone) ||
			!ios_live(&interface->item) || strcmp(name, "self") == 0 ||
			strcmp(name, "default") == 0 || ios_zone_find(model, name) != NULL)
			continue;
		zone = ios_alloc(&model->arena, sizeof(*zone));
		zone->item.line = interface->zone.line;
		zone->name = name;
		STAILQ_INSERT_TAIL(&model->zones, zone, next);
		ios_note(model, zone->item.line, "no line makes zone %s, so this one does", name);
	}
}

static enum ios_result
silent_read(struct ios_reader *reader, struct ios_words *words)
{
	return IOS_USED;
}

static const struct ios_command commands[] = {
	{IOS_GLOBAL, "class-map type inspect", class_map_enter},
	{IOS_GLOBAL, "class-map", foreign_map_enter},
	{IOS_GLOBAL, "parameter-map type inspect", parameters_enter},
	{IOS_GLOBAL, "policy-map type inspect", policy_map_enter},
	{IOS_GLOBAL, "policy-map", foreign_map_enter},
	{IOS_GLOBAL, "ip port-map", port_map_read},
	{IOS_GLOBAL, "zone security", zone_enter},
	{IOS_GLOBAL, "zone-pair security", pair_enter},
	{IOS_CLASS_MAP, "match", match_read},
	{IOS_CLASS_MAP, "description", silent_read},
	{IOS_PARAMETERS, "max-incomplete high", half_open_read},
	{IOS_PARAMETERS, "sessions maximum", flows_read},
	{IOS_PARAMETERS, "description", silent_read},
	{IOS_POLICY_MAP, "class", policy_class_enter},
	{IOS_POLICY_MAP, "description", silent_read},
	{IOS_POLICY_CLASS, "inspect", inspect_read},
	{IOS_POLICY_CLASS, "pass", pass_read},
	{IOS_POLICY_CLASS, "drop", drop_read},
	{IOS_ZONE, "description", silent_read},
	{IOS_PAIR, "service-policy type inspect", service_policy_read},
	{IOS_PAIR, "description", silent_read},
};

const struct ios_commands ios_zone_commands = {commands, sizeof(commands) / sizeof(commands[0])};
