/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

#include "ios_model.h"

enum { WILDCARD_BITS_MAX = 8, MESSAGE_MAX = 1536 };

struct ios_name {
	STAILQ_ENTRY(ios_name) next;
	const char *ios, *own;
};

void
ios_model_init(struct ios_model *model)
{
	memset(model, 0, sizeof(*model));
	STAILQ_INIT(&model->interfaces);
	STAILQ_INIT(&model->acls);
	STAILQ_INIT(&model->groups);
	STAILQ_INIT(&model->pools);
	STAILQ_INIT(&model->rules);
	STAILQ_INIT(&model->classes);
	STAILQ_INIT(&model->parameters);
	STAILQ_INIT(&model->policies);
	STAILQ_INIT(&model->zones);
	STAILQ_INIT(&model->pairs);
	STAILQ_INIT(&model->routes);
	STAILQ_INIT(&model->sip_ports);
	STAILQ_INIT(&model->ports);
	STAILQ_INIT(&model->addresses);
	TAILQ_INIT(&model->messages);
	STAILQ_INIT(&model->text.lines);
	for (unsigned int i = 0; i < IOS_NAME_KINDS; i++)
		STAILQ_INIT(&model->names[i]);
}

void
ios_model_free(struct ios_model *model)
{
	ios_arena_free(&model->arena);
}

bool
ios_live(const struct ios_item *item)
{
	return !item->removed && !item->refused;
}

#define FIND(noun, list) \
	struct ios_##noun *ios_##noun##_find(const struct ios_model *model, const char *name) \
	{ \
		struct ios_##noun *noun; \
\
		STAILQ_FOREACH (noun, &model->list, next) { \
			if (ios_live(&noun->item) && strcmp(noun->name, name) == 0) \
				return noun; \
		} \
		return NULL; \
	}

FIND(interface, interfaces)
FIND(acl, acls)
FIND(group, groups)
FIND(pool, pools)
FIND(class, classes)
FIND(parameters, parameters)
FIND(policy, policies)
FIND(zone, zones)

/* "gigabitethernet0/0/0.10" as callgate may call it. */
static char *
interface_own(struct ios_model *model, const char *name)
{
	char *own = ios_strdup(&model->arena, name);

	for (char *at = own; *at != '\0'; at++)
		if (*at == '/' || *at == ':')
			*at = '-';
	return own;
}

struct ios_interface *
ios_interface_get(struct ios_model *model, const char *name, unsigned int line)
{
	struct ios_interface *interface = ios_interface_find(model, name);
	char *port;

	if (interface != NULL)
		return interface;
	interface = ios_alloc(&model->arena, sizeof(*interface));
	interface->item.line = line;
	interface->name = ios_strdup(&model->arena, name);
	interface->own = interface_own(model, name);
	port = interface_own(model, name);
	port[strcspn(port, ".")] = '\0';
	interface->port = port;
	STAILQ_INIT(&interface->addresses);
	STAILQ_INSERT_TAIL(&model->interfaces, interface, next);
	return interface;
}

void
ios_prefix_add(struct ios_model *model, struct ios_prefixes *prefixes, uint32_t address,
	unsigned int length, unsigned int line)
{
	struct ios_prefix *prefix = ios_alloc(&model->arena, sizeof(*prefix));

	prefix->item.line = line;
	prefix->address = address;
	prefix->length = length;
	STAILQ_INSERT_TAIL(prefixes, prefix, next);
}

void
ios_range_add(struct ios_model *model, struct ios_prefixes *prefixes, uint32_t first, uint32_t last)
{
	const uint64_t end = (uint64_t)last + 1;
	unsigned int length;
	uint64_t size;

	for (uint64_t at = first; at < end; at += size) {
		/* The largest block that begins here and does not go beyond the end. */
		for (length = 0; length < 32; length++) {
			size = UINT64_C(1) << (32 - length);
			if (at % size == 0 && at + size <= end)
				break;
		}
		size = UINT64_C(1) << (32 - length);
		ios_prefix_add(model, prefixes, (uint32_t)at, length, 0);
	}
}

bool
ios_wildcard_add(
	struct ios_model *model, struct ios_prefixes *prefixes, uint32_t address, uint32_t wildcard)
{
	/* The run of ones at the right is a prefix's; every other one doubles the prefixes. */
	const uint32_t low = wildcard & (wildcard ^ (wildcard + 1)), scattered = wildcard & ~low;
	const unsigned int length = 32 - (unsigned int)__builtin_popcount(low);

	if (__builtin_popcount(scattered) > WILDCARD_BITS_MAX)
		return false;
	address &= ~wildcard;
	for (uint32_t bits = 0;; bits = (bits - scattered) & scattered) {
		ios_prefix_add(model, prefixes, address | bits, length, 0);
		if (bits == scattered)
			return true;
	}
}

static bool
own_name_taken(const struct ios_model *model, enum ios_name_kind kind, const char *own)
{
	const struct ios_name *name;

	STAILQ_FOREACH (name, &model->names[kind], next) {
		if (strcmp(name->own, own) == 0)
			return true;
	}
	/* What callgate reads otherwise where a name may stand. */
	return (kind == IOS_NAME_CLASS &&
		       (strcmp(own, "class-default") == 0 || strcmp(own, "pinholes") == 0)) ||
	       (kind == IOS_NAME_NETWORK && strcmp(own, "any") == 0);
}

const char *
ios_own_name(struct ios_model *model, enum ios_name_kind kind, const char *ios)
{
	char own[NAME_MAX_LENGTH + 1];
	struct ios_name *name;

	if (kind == IOS_NAME_ZONE && (strcmp(ios, "self") == 0 || strcmp(ios, "default") == 0))
		return ios;
	STAILQ_FOREACH (name, &model->names[kind], next) {
		if (strcmp(name->ios, ios) == 0)
			return name->own;
	}
	/* A network that looks like an address would be taken for one. */
	snprintf(own, sizeof(own), "%s%s",
		kind == IOS_NAME_NETWORK && isdigit((unsigned char)ios[0]) ? "group-" : "", ios);
	for (char *at = own; *at != '\0'; at++)
		if (!isascii(*at) || (!isalnum(*at) && strchr("_-.", *at) == NULL))
			*at = '-';
	if (!isalnum(own[0]))
		own[0] = 'x';
	for (unsigned int i = 2; own_name_taken(model, kind, own); i++)
		snprintf(own, sizeof(own), "%.48s-%u", ios_format(&model->arena, "%s", own), i);
	name = ios_alloc(&model->arena, sizeof(*name));
	name->ios = ios_strdup(&model->arena, ios);
	name->own = ios_strdup(&model->arena, own);
	STAILQ_INSERT_TAIL(&model->names[kind], name, next);
	return name->own;
}

/* Behind the last message of an earlier or the same line: most come in the order of lines. */
static void
message_add(struct ios_model *model, unsigned int line, bool note, const char *text)
{
	struct ios_message *before = TAILQ_LAST(&model->messages, ios_messages), *message;

	while (before != NULL && before->line > line)
		before = TAILQ_PREV(before, ios_messages, next);
	for (message = before; message != NULL && message->line == line;
		message = TAILQ_PREV(message, ios_messages, next))
		if (message->note == note && strcmp(message->text, text) == 0)
			return;
	message = ios_alloc(&model->arena, sizeof(*message));
	message->line = line;
	message->note = note;
	message->draft = note && model->writing;
	message->text = ios_strdup(&model->arena, text);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&model->messages, message, next);
	else
		TAILQ_INSERT_AFTER(&model->messages, before, message, next);
}

void
ios_refuse(struct ios_model *model, unsigned int line, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	message_add(model, line, false, text);
}

void
ios_note(struct ios_model *model, unsigned int line, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	message_add(model, line, true, text);
}

void
ios_notes_begin(struct ios_model *model)
{
	struct ios_message *message, *following;

	model->writing = true;
	for (message = TAILQ_FIRST(&model->messages); message != NULL; message = following) {
		following = TAILQ_NEXT(message, next);
		if (message->draft)
			TAILQ_REMOVE(&model->messages, message, next);
	}
}

struct ios_choice *
ios_choice_find(struct ios_choices *choices, const char *interface)
{
	struct ios_choice *choice;

	STAILQ_FOREACH (choice, choices, next) {
		if (strcmp(choice->interface, interface) == 0) {
			choice->used = true;
			return choice;
		}
	}
	return NULL;
}

static void
prefixes_append(
	struct ios_model *model, const struct ios_prefixes *from, struct ios_prefixes *prefixes)
{
	const struct ios_prefix *prefix;

	STAILQ_FOREACH (prefix, from, next)
		ios_prefix_add(model, prefixes, prefix->address, prefix->length, 0);
}

static bool
group_expand(struct ios_model *model, const char *name, struct ios_prefixes *prefixes)
{
	struct ios_group *group = ios_group_find(model, name);
	const struct ios_member *member;
	bool found = true;

	if (group == NULL || group->visited)
		return false;
	group->visited = true;
	STAILQ_FOREACH (member, &group->members, next) {
		prefixes_append(model, &member->prefixes, prefixes);
		if (member->group != NULL)
			found &= group_expand(model, member->group, prefixes);
	}
	group->visited = false;
	return found;
}

bool
ios_side_expand(struct ios_model *model, const struct ios_side *side, struct ios_prefixes *prefixes)
{
	if (side->group != NULL)
		return group_expand(model, side->group, prefixes);
	prefixes_append(model, &side->prefixes, prefixes);
	if (STAILQ_EMPTY(prefixes))
		ios_prefix_add(model, prefixes, 0, 0, 0);
	return true;
}

bool
ios_side_lost(const struct ios_model *model, const struct ios_side *side)
{
	const struct ios_group *group =
		side->group != NULL ? ios_group_find(model, side->group) : NULL;

	return group != NULL && group->lost;
}

const char *
ios_clean(struct ios_model *model, const char *text)
{
	char *clean = ios_strdup(&model->arena, text);

	for (char *at = clean; *at != '\0'; at++)
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ')
			*at = '-';
	return clean;
}
