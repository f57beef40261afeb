/* SPDX-License-Identifier: BSD-3-Clause */
/* Overview in address_priv.h. Plain functions without state. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "address_priv.h"

/* A decimal number of at most `digits` digits, the whole of the text up to `end`. */
static int
number_parse(const char *text, const char *end, unsigned int digits, unsigned int max,
	unsigned int *number)
{
	unsigned int value = 0;

	if (text == end || (size_t)(end - text) > digits)
		return -EINVAL;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*text - '0');
	}
	if (value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

static int
address_parse_part(const char *text, const char *end, in_addr_t *address)
{
	char part[INET_ADDRSTRLEN];
	struct in_addr parsed;
	size_t length = (size_t)(end - text);

	if (length >= sizeof(part))
		return -EINVAL;
	memcpy(part, text, length);
	part[length] = '\0';
	if (inet_pton(AF_INET, part, &parsed) != 1)
		return -EINVAL;
	*address = parsed.s_addr;
	return 0;
}

int
address_parse(const char *text, in_addr_t *address)
{
	return address_parse_part(text, text + strlen(text), address);
}

int
address_prefix_parse(const char *text, in_addr_t *address, struct prefix *prefix)
{
	const char *slash = strchr(text, '/');
	unsigned int length;

	if (slash == NULL || address_parse_part(text, slash, address) != 0 ||
		number_parse(slash + 1, text + strlen(text), 2, 32, &length) != 0)
		return -EINVAL;
	prefix->length = (uint8_t)length;
	prefix->mask = length == 0 ? 0 : htonl(UINT32_MAX << (32 - length));
	prefix->address = *address & prefix->mask;
	return 0;
}

int
address_range_parse(const char *text, struct address_range *range)
{
	const char *dash = strchr(text, '-');
	struct address_range parsed;

	if (dash == NULL) {
		if (address_parse(text, &parsed.first) != 0)
			return -EINVAL;
		parsed.last = parsed.first;
	} else if (address_parse_part(text, dash, &parsed.first) != 0 ||
		   address_parse(dash + 1, &parsed.last) != 0) {
		return -EINVAL;
	}
	if (ntohl(parsed.last) < ntohl(parsed.first))
		return -ERANGE;
	*range = parsed;
	return 0;
}

int
address_port_parse(const char *text, in_addr_t *address, uint16_t *port)
{
	const char *colon = strchr(text, ':');
	unsigned int number;

	if (colon == NULL || address_parse_part(text, colon, address) != 0 ||
		number_parse(colon + 1, text + strlen(text), 5, UINT16_MAX, &number) != 0 ||
		number == 0)
		return -EINVAL;
	*port = (uint16_t)number;
	return 0;
}

int
port_range_parse(const char *text, struct port_range *range)
{
	const char *dash = strchr(text, '-');
	unsigned int first, last;

	if (dash == NULL || number_parse(text, dash, 5, UINT16_MAX, &first) != 0 ||
		number_parse(dash + 1, text + strlen(text), 5, UINT16_MAX, &last) != 0)
		return -EINVAL;
	if (last < first)
		return -ERANGE;
	range->first = (uint16_t)first;
	range->last = (uint16_t)last;
	return 0;
}

void
address_format(in_addr_t address, char buffer[PREFIX_TEXT_MAX])
{
	struct in_addr in = {.s_addr = address};

	inet_ntop(AF_INET, &in, buffer, PREFIX_TEXT_MAX);
}

void
prefix_format(const struct prefix *prefix, char buffer[PREFIX_TEXT_MAX])
{
	char address[PREFIX_TEXT_MAX];

	address_format(prefix->address, address);
	snprintf(buffer, PREFIX_TEXT_MAX, "%.15s/%u", address, prefix->length);
}

bool
prefix_contains(const struct prefix *prefix, in_addr_t address)
{
	return (address & prefix->mask) == prefix->address;
}

bool
prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	in_addr_t mask = a->mask & b->mask;

	return (a->address & mask) == (b->address & mask);
}

bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->address == b->address && a->length == b->length;
}

bool
prefix_edge(const struct prefix *prefix, in_addr_t address)
{
	return prefix->length <= 30 && prefix_contains(prefix, address) &&
	       (address == prefix->address || address == (prefix->address | ~prefix->mask));
}

bool
address_is_host(in_addr_t address)
{
	uint32_t host = ntohl(address);

	return host >> 24 != 0 && host >> 24 != 127 && host < 0xe0000000;
}
