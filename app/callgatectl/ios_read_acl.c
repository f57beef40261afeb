/* SPDX-License-Identifier: BSD-3-Clause */
/* Access lists, numbered and named, and object groups of addresses. */
#include <string.h>

#include <netinet/in.h>

#include "ios_read.h"

enum { SEQUENCE_STEP = 10, SEQUENCE_MAX = INT32_MAX, LENGTH_MAX = 32 };

/* The live list of that name, or a new one. */
static struct ios_acl *
acl_get(struct ios_reader *reader, const char *name, bool extended)
{
	struct ios_acl *acl = ios_acl_find(reader->model, name);

	if (acl != NULL)
		return acl;
	acl = ios_alloc(&reader->model->arena, sizeof(*acl));
	acl->item.line = reader->line->number;
	acl->name = ios_strdup(&reader->model->arena, name);
	acl->extended = extended;
	STAILQ_INIT(&acl->entries);
	STAILQ_INSERT_TAIL(&reader->model->acls, acl, next);
	return acl;
}

/* By its sequence number; without one it is the last. */
static enum ios_result
entry_insert(struct ios_reader *reader, struct ios_acl *acl, struct ios_entry *entry)
{
	struct ios_entry *before = NULL, *other;
	unsigned int last = 0;

	STAILQ_FOREACH (other, &acl->entries, next) {
		if (!ios_live(&other->item))
			continue;
		if (other->sequence == entry->sequence)
			return ios_line_refuse(
				reader, "line %u has this sequence number", other->item.line);
		if (entry->sequence == 0 || other->sequence < entry->sequence)
			before = other;
		last = other->sequence;
	}
	if (entry->sequence == 0)
		entry->sequence = last + SEQUENCE_STEP;
	if (before == NULL)
		STAILQ_INSERT_HEAD(&acl->entries, entry, next);
	else
		STAILQ_INSERT_AFTER(&acl->entries, before, entry, next);
	return IOS_USED;
}

static enum ios_result
entry_remove(
	struct ios_reader *reader, struct ios_acl *acl, const char *text, unsigned int sequence)
{
	struct ios_entry *entry;
	bool found = false;

	STAILQ_FOREACH (entry, &acl->entries, next) {
		if (!ios_live(&entry->item) || (sequence != 0 ? entry->sequence != sequence
							      : strcmp(entry->text, text) != 0))
			continue;
		entry->item.removed = found = true;
	}
	return found ? IOS_USED : ios_line_refuse(reader, "the list has no such entry above");
}

/* "any", "host A", "object-group G", "A WILDCARD"; in a standard list "A" alone is a host. */
static bool
side_read(struct ios_reader *reader, struct ios_words *words, struct ios_side *side, bool standard)
{
	struct ios_model *model = reader->model;
	uint32_t address, wildcard;

	STAILQ_INIT(&side->prefixes);
	if (ios_take(words, "any"))
		return true;
	if (ios_take(words, "object-group") && !ios_done(words)) {
		side->group = ios_next(words);
		return true;
	}
	if (ios_take(words, "host") && ios_take_address(words, &address)) {
		ios_prefix_add(model, &side->prefixes, address, LENGTH_MAX, 0);
		return true;
	}
	if (!ios_take_address(words, &address)) {
		ios_line_refuse(reader, "no addresses where they belong");
		return false;
	}
	if (!ios_take_address(words, &wildcard)) {
		if (!standard) {
			ios_line_refuse(reader, "an address without its wildcard");
			return false;
		}
		wildcard = 0;
	}
	if (wildcard == UINT32_MAX)
		return true;
	if (!ios_wildcard_add(model, &side->prefixes, address, wildcard)) {
		ios_line_refuse(reader, "the wildcard makes more than 256 prefixes");
		return false;
	}
	return true;
}

static void
range_add(struct ios_side *side, unsigned int first, unsigned int last)
{
	side->ports[side->port_count++] = (struct ios_port_range){(uint16_t)first, (uint16_t)last};
}

/* "eq P...", "range P P", "gt P", "lt P", "neq P", or nothing of the kind. */
static bool
ports_read(
	struct ios_reader *reader, struct ios_words *words, struct ios_side *side, uint8_t protocol)
{
	static const char *const operators[] = {"eq", "range", "gt", "lt", "neq"};
	const bool tcp = protocol == IPPROTO_TCP;
	uint16_t port, last = 0;
	unsigned int which = 0;

	while (which < 5 && !ios_take(words, operators[which]))
		which++;
	if (which == 5)
		return true;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) {
		ios_line_refuse(reader, "ports need tcp or udp");
		return false;
	}
	if (!ios_take_port(words, tcp, &port) ||
		(which == 1 && (!ios_take_port(words, tcp, &last) || last < port)) ||
		(which == 2 && port == UINT16_MAX) || (which == 3 && port == 0)) {
		ios_line_refuse(reader, "no ports behind \"%s\"", operators[which]);
		return false;
	}
	if (which == 0)
		range_add(side, port, port);
	while (which == 0 && side->port_count < IOS_PORT_RANGES_MAX &&
		ios_take_port(words, tcp, &port))
		range_add(side, port, port);
	if (which == 1)
		range_add(side, port, last);
	if (which == 2 || (which == 4 && port < UINT16_MAX))
		range_add(side, port + 1, UINT16_MAX);
	if (which == 3 || (which == 4 && port > 0))
		range_add(side, 0, port - 1);
	return true;
}

static bool
protocol_read(struct ios_reader *reader, struct ios_words *words, uint8_t *protocol)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} protocols[] = {{"ip", 0}, {"ipv4", 0}, {"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP},
		{"icmp", IPPROTO_ICMP}, {"6", IPPROTO_TCP}, {"17", IPPROTO_UDP},
		{"1", IPPROTO_ICMP}};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (ios_take(words, protocols[i].name)) {
			*protocol = protocols[i].protocol;
			return true;
		}
	}
	ios_line_refuse(reader, "callgate's access lists tell ip, tcp, udp and icmp apart");
	return false;
}

/* What may stand at the end of an entry. An option that narrows it makes it another entry. */
static bool
options_read(struct ios_reader *reader, struct ios_words *words, const struct ios_entry *entry)
{
	while (!ios_done(words)) {
		if (ios_take(words, "log") || ios_take(words, "log-input")) {
			ios_note(reader->model, reader->line->number,
				"used without `log`: in callgate the classes of a policy map log");
			continue;
		}
		if (ios_take(words, "established"))
			ios_line_refuse(reader, "policy judges the first packet; answers to what "
						"`inspect` let pass "
						"need no entry");
		else if (entry->protocol == IPPROTO_ICMP)
			ios_line_refuse(reader, "callgate's access lists have no ICMP types");
		else
			ios_line_refuse(
				reader, "callgate's access lists have no \"%s\"", ios_peek(words));
		return false;
	}
	return true;
}

static bool
entry_parse(
	struct ios_reader *reader, struct ios_words *words, struct ios_entry *entry, bool extended)
{
	STAILQ_INIT(&entry->source.prefixes);
	STAILQ_INIT(&entry->destination.prefixes);
	if (!extended)
		return side_read(reader, words, &entry->source, true) &&
		       options_read(reader, words, entry);
	return protocol_read(reader, words, &entry->protocol) &&
	       side_read(reader, words, &entry->source, false) &&
	       ports_read(reader, words, &entry->source, entry->protocol) &&
	       side_read(reader, words, &entry->destination, false) &&
	       ports_read(reader, words, &entry->destination, entry->protocol) &&
	       options_read(reader, words, entry);
}

/* [SEQUENCE] permit|deny|remark ... */
static enum ios_result
entry_read(struct ios_reader *reader, struct ios_acl *acl, struct ios_words *words)
{
	struct ios_entry *entry = ios_alloc(&reader->model->arena, sizeof(*entry));
	bool numbered = ios_take_number(words, 1, SEQUENCE_MAX, &entry->sequence);

	if (reader->negated && numbered && ios_done(words))
		return entry_remove(reader, acl, "", entry->sequence);
	if (ios_take(words, "remark"))
		return IOS_USED;
	if (ios_take(words, "evaluate") || ios_take(words, "dynamic")) {
		acl->lost = true;
		return ios_line_refuse(reader, "callgate has no reflexive or dynamic entries: "
					       "`inspect` lets answers pass");
	}
	entry->text = ios_line_text(reader, words->at);
	entry->permit = ios_take(words, "permit");
	if (!entry->permit && !ios_take(words, "deny"))
		return IOS_UNKNOWN;
	if (reader->negated)
		return entry_remove(reader, acl, entry->text, 0);
	entry->item.line = reader->line->number;
	if (!entry_parse(reader, words, entry, acl->extended)) {
		acl->lost |= entry->permit;
		if (!entry->permit)
			ios_note(reader->model, reader->line->number,
				"what this line denies is decided by the entries after it");
		return IOS_REFUSED;
	}
	return entry_insert(reader, acl, entry);
}

/* In a block an entry begins with its number, if it has one. */
static enum ios_result
acl_line_read(struct ios_reader *reader, struct ios_words *words)
{
	return entry_read(reader, reader->acl, words);
}

static bool
number_is(unsigned int number, bool *extended)
{
	*extended = (number >= 100 && number <= 199) || (number >= 2000 && number <= 2699);
	return *extended || (number >= 1 && number <= 99) || (number >= 1300 && number <= 1999);
}

static enum ios_result
numbered_read(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_peek(words);
	unsigned int number;
	struct ios_acl *acl;
	bool extended;

	if (!ios_take_number(words, 1, 2699, &number) || !number_is(number, &extended))
		return ios_line_refuse(
			reader, "callgate has standard and extended IPv4 lists only");
	reader->mode = IOS_GLOBAL;
	acl = acl_get(reader, name, extended);
	if (reader->negated) {
		acl->item.removed = true; /* all of it, whatever else the line says */
		return IOS_USED;
	}
	return entry_read(reader, acl, words);
}

static enum ios_result
named_enter(struct ios_reader *reader, struct ios_words *words)
{
	const bool extended = ios_take(words, "extended");
	const char *name;

	if (!extended && !ios_take(words, "standard")) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(
			reader, "callgate has standard and extended IPv4 lists only");
	}
	name = ios_next(words);
	if (name == NULL || !ios_done(words)) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(reader, "no name of a list");
	}
	reader->acl = acl_get(reader, name, extended);
	reader->mode = IOS_ACL;
	if (reader->acl->extended != extended) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(reader, "list %s of line %u is of the other kind", name,
			reader->acl->item.line);
	}
	if (reader->negated) {
		reader->acl->item.removed = true;
		reader->mode = IOS_GLOBAL;
	}
	return IOS_USED;
}

static enum ios_result
group_enter(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_take(words, "network") ? ios_next(words) : NULL;
	struct ios_group *group;

	if (name == NULL || !ios_done(words)) {
		reader->mode = IOS_FOREIGN;
		return ios_line_refuse(reader, "callgate has groups of addresses only");
	}
	group = ios_group_find(reader->model, name);
	if (group == NULL) {
		group = ios_alloc(&reader->model->arena, sizeof(*group));
		group->item.line = reader->line->number;
		group->name = name;
		STAILQ_INIT(&group->members);
		STAILQ_INSERT_TAIL(&reader->model->groups, group, next);
	}
	group->item.removed = reader->negated;
	reader->group = group;
	reader->mode = reader->negated ? IOS_GLOBAL : IOS_GROUP;
	return IOS_USED;
}

static struct ios_member *
member_add(struct ios_reader *reader)
{
	struct ios_member *member = ios_alloc(&reader->model->arena, sizeof(*member));

	STAILQ_INIT(&member->prefixes);
	STAILQ_INSERT_TAIL(&reader->group->members, member, next);
	return member;
}

static enum ios_result
member_host(struct ios_reader *reader, struct ios_words *words)
{
	uint32_t address;

	if (reader->negated || !ios_take_address(words, &address) || !ios_done(words))
		return ios_line_refuse(reader, "no address of a host");
	ios_prefix_add(reader->model, &member_add(reader)->prefixes, address, LENGTH_MAX, 0);
	return IOS_USED;
}

static enum ios_result
member_range(struct ios_reader *reader, struct ios_words *words)
{
	uint32_t first, last;

	if (reader->negated || !ios_take_address(words, &first) ||
		!ios_take_address(words, &last) || last < first || !ios_done(words))
		return ios_line_refuse(reader, "no range of addresses");
	ios_range_add(reader->model, &member_add(reader)->prefixes, first, last);
	return IOS_USED;
}

static enum ios_result
member_group(struct ios_reader *reader, struct ios_words *words)
{
	const char *name = ios_next(words);

	if (reader->negated || name == NULL || !ios_done(words))
		return ios_line_refuse(reader, "no name of a group");
	member_add(reader)->group = name;
	return IOS_USED;
}

/* "A NETMASK" or "A /LENGTH". */
static enum ios_result
member_network(struct ios_reader *reader, struct ios_words *words)
{
	unsigned int length;
	const char *word;
	uint32_t address;

	if (!ios_take_address(words, &address))
		return IOS_UNKNOWN;
	word = ios_peek(words);
	if (word != NULL && word[0] == '/') {
		length = (unsigned int)strspn(word + 1, "0123456789") == strlen(word + 1) &&
					 strlen(word) > 1 && strlen(word) < 4
				 ? (unsigned int)((word[1] - '0') * (word[2] ? 10 : 1) +
						  (word[2] ? word[2] - '0' : 0))
				 : LENGTH_MAX + 1;
		ios_next(words);
	} else if (!ios_take_mask(words, &length)) {
		length = LENGTH_MAX + 1;
	}
	if (reader->negated || length > LENGTH_MAX || !ios_done(words))
		return ios_line_refuse(reader, "no network with its mask");
	if (length < LENGTH_MAX)
		address &= length == 0 ? 0 : UINT32_MAX << (LENGTH_MAX - length);
	ios_prefix_add(reader->model, &member_add(reader)->prefixes, address, length, 0);
	return IOS_USED;
}

/* Addresses are all that a group of callgate's has. */
static enum ios_result
member_any(struct ios_reader *reader, struct ios_words *words)
{
	return ios_line_refuse(reader, "write `any` into the access list's entries");
}

void
ios_groups_complete(struct ios_model *model)
{
	const struct ios_member *member;
	const struct ios_group *other;
	struct ios_group *group;
	bool again = true;

	while (again) {
		again = false;
		STAILQ_FOREACH (group, &model->groups, next) {
			STAILQ_FOREACH (member, &group->members, next) {
				other = member->group != NULL ? ios_group_find(model, member->group)
							      : NULL;
				if (group->lost || other == NULL || !other->lost)
					continue;
				group->lost = again = true;
			}
		}
	}
}

static enum ios_result
silent_read(struct ios_reader *reader, struct ios_words *words)
{
	return IOS_USED;
}

static const struct ios_command commands[] = {
	{IOS_GLOBAL, "access-list", numbered_read},
	{IOS_GLOBAL, "ip access-list", named_enter},
	{IOS_GLOBAL, "object-group", group_enter},
	{IOS_ACL, "", acl_line_read},
	{IOS_GROUP, "host", member_host},
	{IOS_GROUP, "range", member_range},
	{IOS_GROUP, "group-object", member_group},
	{IOS_GROUP, "any", member_any},
	{IOS_GROUP, "description", silent_read},
	{IOS_GROUP, "", member_network},
};

const struct ios_commands ios_acl_commands = {commands, sizeof(commands) / sizeof(commands[0])};
