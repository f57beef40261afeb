/* SPDX-License-Identifier: BSD-3-Clause */
/* `networks`: addresses under a name. A range becomes the fewest prefixes that make it up. */
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#include "address_priv.h"
#include "reader_priv.h"

enum {
	ADDRESSES_MAX = 1024,
	RANGE_PREFIXES_MAX = 62, /* of one range */
};

static const char addresses_allowed[] =
	"an array of 1 .. 1024 prefixes, addresses and ranges such as \"10.0.0.10-10.0.0.20\"";

static unsigned int
range_split(const struct address_range *range, struct prefix prefixes[RANGE_PREFIXES_MAX])
{
	uint64_t first = ntohl(range->first), end = (uint64_t)ntohl(range->last) + 1, size;
	unsigned int count = 0, length;

	for (; first < end; first += size) {
		/* The largest block that begins here and does not go beyond the end. */
		for (length = 0; length < 32; length++) {
			size = UINT64_C(1) << (32 - length);
			if (first % size == 0 && first + size <= end)
				break;
		}
		size = UINT64_C(1) << (32 - length);
		prefixes[count++] = (struct prefix){
			.address = htonl((uint32_t)first),
			.mask = length == 0 ? 0 : htonl(UINT32_MAX << (32 - length)),
			.length = (uint8_t)length,
		};
	}
	return count;
}

/* Prefixes of one entry; 0 after a fault. */
static unsigned int
entry_read(struct reader *reader, const config_setting_t *setting,
	struct prefix prefixes[RANGE_PREFIXES_MAX])
{
	static const char allowed[] = "a prefix such as \"10.0.0.0/8\", an address such as "
				      "\"10.0.0.1\" or a range such as \"10.0.0.10-10.0.0.20\"";
	const char *text = text_read(reader, setting, allowed);
	char good[PREFIX_TEXT_MAX];
	struct address_range range;
	in_addr_t address;
	int status;

	if (text == NULL)
		return 0;
	if (address_prefix_parse(text, &address, &prefixes[0]) == 0) {
		if (address == prefixes[0].address)
			return 1;
		prefix_format(&prefixes[0], good);
		fault_add(reader, setting, "\"%.64s\" has host bits set, allowed: \"%s\"", text,
			good);
		return 0;
	}
	status = address_range_parse(text, &range);
	if (status == 0)
		return range_split(&range, prefixes);
	if (status == -ERANGE)
		fault_add(reader, setting,
			"\"%.64s\" ends before it begins, allowed: the lower address first", text);
	else
		fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
	return 0;
}

static void
addresses_read(struct reader *reader, const config_setting_t *group, struct config_network *network)
{
	const config_setting_t *setting = config_setting_get_member(group, "addresses");
	struct prefix prefixes[RANGE_PREFIXES_MAX];
	unsigned int i, pass, count, made, sum = 0;

	if (setting == NULL)
		return;
	count = sequence_open(reader, setting, 1, ADDRESSES_MAX, addresses_allowed);
	for (i = 0; i < count; i++)
		sum += entry_read(reader, config_setting_get_elem(setting, i), prefixes);
	if (reader->faults.count != 0)
		return; /* each has been told once */
	network->prefixes = reader_alloc(reader, sum, sizeof(*network->prefixes));
	for (i = 0; i < count; i++) {
		made = entry_read(reader, config_setting_get_elem(setting, i), prefixes);
		for (pass = 0; pass < made; pass++)
			network->prefixes[network->prefix_count++] = prefixes[pass];
	}
}

/* A name that reads as an address would mean two things. */
static void
name_check(struct reader *reader, const config_setting_t *group, const char *name)
{
	in_addr_t address;

	if (name != NULL && (strcmp(name, "any") == 0 || address_parse(name, &address) == 0))
		fault_add_member(reader, group, "name",
			"\"%.64s\" has a meaning of its own, allowed: another name", name);
}

void
networks_read(struct reader *reader)
{
	struct config *config = reader->config;
	const config_setting_t *list, *group;
	struct config_network *network;
	unsigned int i, count;

	list = list_open(reader, "networks", &count);
	config->networks = reader_alloc(reader, count, sizeof(*config->networks));
	config->network_count = count;
	for (i = 0; i < count; i++) {
		network = &config->networks[i];
		group = list_entry(reader, list, i);
		if (group == NULL) {
			name_add(reader, NAME_NETWORK, list, NULL);
			continue;
		}
		group_read(reader, group, "networks[]", network);
		name_check(reader, group, network->name);
		name_add(reader, NAME_NETWORK, group, network->name);
		addresses_read(reader, group, network);
	}
}
