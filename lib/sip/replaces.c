/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialogs named by headers. The same reader takes plain and escaped text: what delimits may be
 * written as itself or as its escape, since senders forget to escape. No state; one pass.
 */
#include "sip/replaces.h"
#include "sip/escaped_priv.h"
#include "sip/scan_priv.h"

/* Text up to one of two delimiters, spaces round it left out. */
struct field {
	struct slice text;
	const char *next; /* behind the delimiter, or the end */
	char delimiter; /* NUL: the end */
};

static inline char
byte_take(const char **p, const char *end, bool escaped)
{
	return escaped ? escaped_byte(p, end) : *(*p)++;
}

static struct field
field_read(const char *p, const char *end, bool escaped, char other)
{
	const char *start = p, *finish = p;
	bool quoted = false, begun = false;

	while (p < end) {
		const char *const at = p;
		const char byte = byte_take(&p, end, escaped);

		if (!quoted && (byte == ';' || byte == other))
			return (struct field){slice_of(start, finish), p, byte};
		if (byte == '"')
			quoted = !quoted;
		else if (quoted && byte == '\\' && p < end)
			byte_take(&p, end, escaped);
		if (scan_is(byte, SCAN_LWS))
			continue;
		if (!begun)
			start = at;
		begun = true;
		finish = p;
	}
	return (struct field){slice_of(start, begun ? finish : start), end, '\0'};
}

/* Where the value of a parameter belongs; NULL: not one of ours. */
static struct slice *
tag_place(struct sip_replaces *replaces, struct slice name)
{
	if (sip_escaped_is(name, "to-tag"))
		return &replaces->to_tag;
	if (sip_escaped_is(name, "from-tag"))
		return &replaces->from_tag;
	if (sip_escaped_is(name, "local-tag"))
		return &replaces->local_tag;
	return sip_escaped_is(name, "remote-tag") ? &replaces->remote_tag : NULL;
}

/* False when a tag stands twice or is empty: two readers could mean two dialogs. */
static bool
parameter_note(struct sip_replaces *replaces, struct slice name, struct slice value)
{
	struct slice *const place = tag_place(replaces, name);

	if (place == NULL) {
		if (sip_escaped_is(name, "early-only"))
			replaces->early_only = true;
		return true;
	}
	if (place->at != NULL || value.length == 0)
		return false;
	*place = value;
	return true;
}

static bool
dialog_read(struct slice value, bool escaped, struct sip_replaces *replaces)
{
	const struct slice none = {NULL, 0};
	const char *const end = value.at + value.length;
	struct field name, text;

	*replaces = (struct sip_replaces){none, none, none, none, none, false, escaped};
	if (value.length == 0)
		return false;
	name = field_read(value.at, end, escaped, ';');
	if (name.text.length == 0)
		return false;
	replaces->call_id = name.text;
	while (name.delimiter != '\0') {
		name = field_read(name.next, end, escaped, '=');
		text = (struct field){none, name.next, name.delimiter};
		if (name.delimiter == '=')
			text = field_read(name.next, end, escaped, ';');
		if (name.text.length > 0 && !parameter_note(replaces, name.text, text.text))
			return false;
		name = text;
	}
	return true;
}

bool
sip_replaces_parse(struct slice value, bool escaped, struct sip_replaces *replaces)
{
	return dialog_read(value, escaped, replaces) && replaces->to_tag.at != NULL &&
	       replaces->from_tag.at != NULL;
}

bool
sip_target_dialog_parse(struct slice value, bool escaped, struct sip_replaces *target)
{
	return dialog_read(value, escaped, target);
}
