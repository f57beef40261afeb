/* SPDX-License-Identifier: BSD-3-Clause */
/* `acls`: access lists. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "address_priv.h"
#include "reader_priv.h"

enum { PORT_RANGES_MAX = 64, NETWORKS_TEXT_MAX = 400, RULES_MAX = 65536 };

/* In the order of the table's choices. */
static const uint8_t protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static const char ports_allowed[] = "1 .. 64 port numbers or ranges such as \"16384-32767\"";
static const char port_allowed[] = "a port 0 .. 65535 or a range such as \"16384-32767\"";

/* "any" is the prefix of length 0, which is what an entry has from the start. */
static void
addresses_read(struct reader *reader, const config_setting_t *setting, struct prefix *network,
	const struct config_network **named)
{
	static const char allowed[] = "\"any\", a prefix such as \"10.0.0.0/8\", an address such "
				      "as \"10.0.0.1\", the name "
				      "of a network";
	const char *text = text_read(reader, setting, allowed);
	char good[PREFIX_TEXT_MAX], known[NETWORKS_TEXT_MAX];
	struct prefix prefix;
	in_addr_t address;
	int index;

	if (text == NULL || strcmp(text, "any") == 0)
		return;
	index = name_index(reader, NAME_NETWORK, text);
	if (index >= 0) {
		*named = &reader->config->networks[index];
		return;
	}
	if (address_parse(text, &address) == 0) {
		*network =
			(struct prefix){.address = address, .mask = INADDR_BROADCAST, .length = 32};
		return;
	}
	if (address_prefix_parse(text, &address, &prefix) != 0) {
		name_list_text(reader, NAME_NETWORK, known, sizeof(known));
		fault_add(reader, setting, "is \"%.64s\", allowed: %s (%s)", text, allowed, known);
		return;
	}
	if (address != prefix.address) {
		prefix_format(&prefix, good);
		fault_add(reader, setting, "\"%.64s\" has host bits set, allowed: \"%s\"", text,
			good);
		return;
	}
	*network = prefix;
}

static void
port_read(struct reader *reader, const config_setting_t *setting, struct port_range *range)
{
	const char *text;
	int64_t port;
	int status;

	if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		if (integer_read(reader, setting, 0, UINT16_MAX, &port))
			range->first = range->last = (uint16_t)port;
		return;
	}
	text = config_setting_get_string(setting);
	status = port_range_parse(text, range);
	if (status == -ERANGE)
		fault_add(reader, setting,
			"\"%.64s\" ends before it begins, allowed: the lower port first", text);
	else if (status != 0)
		fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, port_allowed);
}

static void
ports_member_read(struct reader *reader, const config_setting_t *entry, const char *member,
	struct config_acl_entry *acl_entry, struct port_range **ranges, unsigned int *count)
{
	const config_setting_t *setting = config_setting_get_member(entry, member);
	unsigned int i;

	if (setting == NULL)
		return;
	if (acl_entry->proto != IPPROTO_TCP && acl_entry->proto != IPPROTO_UDP) {
		fault_add(reader, setting,
			"ports need a protocol that has them, allowed: protocol = \"tcp\" or "
			"\"udp\"");
		return;
	}
	*count = sequence_open(reader, setting, 1, PORT_RANGES_MAX, ports_allowed);
	*ranges = reader_alloc(reader, *count, sizeof(**ranges));
	for (i = 0; i < *count; i++)
		port_read(reader, config_setting_get_elem(setting, i), &(*ranges)[i]);
}

static void
entry_read(struct reader *reader, const config_setting_t *entry, struct config_acl_entry *acl_entry)
{
	const config_setting_t *setting;
	const char *protocol;

	group_read(reader, entry, "acls[].entries[]", acl_entry);
	acl_entry->proto = protocols[acl_entry->proto];
	setting = config_setting_get_member(entry, "source");
	if (setting != NULL)
		addresses_read(reader, setting, &acl_entry->source, &acl_entry->source_network);
	setting = config_setting_get_member(entry, "destination");
	if (setting != NULL)
		addresses_read(
			reader, setting, &acl_entry->destination, &acl_entry->destination_network);
	setting = config_setting_get_member(entry, "protocol");
	protocol = setting != NULL ? config_setting_get_string(setting) : "ip";
	if (acl_entry->proto == 0 && (protocol == NULL || strcmp(protocol, "ip") != 0))
		return; /* what ports are allowed depends on a protocol that is good */
	ports_member_read(reader, entry, "sports", acl_entry, &acl_entry->source_ports,
		&acl_entry->source_port_count);
	ports_member_read(reader, entry, "dports", acl_entry, &acl_entry->destination_ports,
		&acl_entry->destination_port_count);
}

/* Names of networks and port ranges multiply: what one line says may be more than fits. */
static void
rules_check(struct reader *reader, const config_setting_t *entries, const struct config_acl *acl)
{
	uint64_t rules = 0;
	unsigned int i;

	for (i = 0; i < acl->entry_count; i++)
		rules += config_acl_entry_rules(&acl->entries[i]);
	if (rules > RULES_MAX)
		fault_add(reader, entries,
			"has %" PRIu64
			" combinations of prefixes and port ranges, allowed: at most "
			"%d",
			rules, RULES_MAX);
}

void
acls_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *group, *entries, *entry;
	struct config_acl *acl;
	unsigned int i, j, count;

	list = list_open(reader, "acls", &count);
	config->acls = reader_alloc(reader, count, sizeof(*config->acls));
	config->acl_count = count;
	for (i = 0; i < count; i++) {
		acl = &config->acls[i];
		group = list_entry(reader, list, i);
		if (group == NULL) {
			name_add(reader, NAME_ACL, list, NULL);
			continue;
		}
		acl->line = config_setting_source_line(group);
		group_read(reader, group, "acls[]", acl);
		name_add(reader, NAME_ACL, group, acl->name);
		entries = list_open_member(reader, group, "acls[]", "entries", &acl->entry_count);
		acl->entries = reader_alloc(reader, acl->entry_count, sizeof(*acl->entries));
		for (j = 0; j < acl->entry_count; j++) {
			entry = list_entry(reader, entries, j);
			if (entry != NULL)
				entry_read(reader, entry, &acl->entries[j]);
		}
		if (entries != NULL)
			rules_check(reader, entries, acl);
	}
}
