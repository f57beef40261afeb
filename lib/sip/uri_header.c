/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers embedded in URIs. No state; linear. A '?' in a value is a letter like others.
 */
#include "sip/uri_header.h"
#include "sip/escaped_priv.h"
#include "sip/header_priv.h"

enum { NAME_MAX = 24 };

/* The number of a name, of which letters may be escaped. */
static enum sip_header_id
name_id(struct slice name)
{
	const char *p = name.at;
	const char *const end = p + name.length;
	char plain[NAME_MAX];
	uint32_t length = 0;

	if (name.length == 0)
		return SIP_HEADER_OTHER;
	if (memchr(p, '%', name.length) == NULL)
		return header_id(name);
	while (p < end && length < NAME_MAX)
		plain[length++] = escaped_byte(&p, end);
	return p == end ? header_id((struct slice){plain, length}) : SIP_HEADER_OTHER;
}

bool
sip_uri_header_next(struct slice *rest, struct sip_uri_header *header)
{
	if (rest->length == 0)
		return false;

	const char *p = rest->at;
	const char *const end = p + rest->length;

	while (p < end && *p == '&')
		p++;
	if (p == end) {
		*rest = (struct slice){end, 0};
		return false;
	}

	const char *const name_end = scan_two(p, end, '=', '&');
	const char *value_end = name_end;

	header->name = slice_of(p, name_end);
	header->id = name_id(header->name);
	header->value = (struct slice){name_end, 0};
	if (name_end < end && *name_end == '=') {
		value_end = scan_two(name_end + 1, end, '&', '&');
		header->value = slice_of(name_end + 1, value_end);
	}
	*rest = slice_of(value_end, end);
	return true;
}

bool
sip_uri_header_find(struct slice headers, enum sip_header_id id, struct slice *value)
{
	struct sip_uri_header header;

	while (sip_uri_header_next(&headers, &header)) {
		if (header.id == id) {
			*value = header.value;
			return true;
		}
	}
	return false;
}
