/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters of headers and URIs (RFC 3261 25.1 generic-param, 19.1.1): ";name=value;flag", values
 * quoted or not, spaces wherever a sender put them. No state; a list is read once a call.
 */
#include "sip/parameter_priv.h"

bool
sip_parameter_next(struct slice *rest, struct sip_parameter *parameter)
{
	if (rest->length == 0)
		return false;

	const char *const end = rest->at + rest->length;
	const char *const p = parameter_read(rest->at, rest->at, end, parameter);

	*rest = slice_of(p != NULL ? p : end, end);
	return p != NULL;
}

/* Does the name at p read like this? */
static inline bool
name_matches(const char *p, const char *end, const char *name, uint32_t length)
{
	if ((uint32_t)(end - p) < length || ((*p ^ *name) & ~0x20) != 0)
		return false;
	if ((uint32_t)(end - p) > length && !scan_is(p[length], SCAN_NAME_END))
		return false;
	return slice_is((struct slice){p, length}, name);
}

bool
sip_parameter_find_word(
	struct slice parameters, const char *name, uint32_t name_length, struct slice *value)
{
	if (parameters.length == 0)
		return false;

	const char *const base = parameters.at;
	const char *const end = base + parameters.length;
	const char *p = name_begin(base, end);

	while (p < end) {
		if (name_matches(p, end, name, name_length)) {
			value_read(base, p + name_length, end, value);
			return true;
		}
		p = name_begin(semicolon_find(base, p, end), end);
	}
	return false;
}

struct slice
sip_unquoted(struct slice value)
{
	if (value.length >= 2 && value.at[0] == '"' && value.at[value.length - 1] == '"')
		return (struct slice){value.at + 1, value.length - 2};
	return value;
}
