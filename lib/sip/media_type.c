/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a body is and what it is for. No state; linear.
 */
#include "sip/media_type.h"
#include "sip/uri_priv.h"

/* Parameters after a token: from the ';' on. False: something else stands there. */
static bool
parameters_read(const char *p, const char *end, struct slice *parameters)
{
	p = scan_space(p, end);
	scan_store(parameters, slice_of(p, end));
	return p == end || *p == ';';
}

bool
sip_media_type_parse(struct slice value, struct sip_media_type *media_type)
{
	const struct slice text = scan_trim(value.at, value.at + value.length);
	const char *const end = text.at + text.length;
	const char *p;

	if (text.length == 0)
		return false;
	p = scan_class_end(text.at, end, SCAN_TOKEN);
	scan_store(&media_type->type, slice_of(text.at, p));
	p = scan_space(p, end);
	if (p == end || *p != '/')
		return false;

	const char *const subtype = scan_space(p + 1, end);

	p = scan_class_end(subtype, end, SCAN_TOKEN);
	scan_store(&media_type->subtype, slice_of(subtype, p));
	return parameters_read(p, end, &media_type->parameters) && media_type->type.length > 0 &&
	       media_type->subtype.length > 0;
}

bool
sip_media_type_is(const struct sip_media_type *media_type, const char *type, const char *subtype)
{
	return slice_is(media_type->type, type) && slice_is(media_type->subtype, subtype);
}

bool
sip_media_type_boundary(const struct sip_media_type *media_type, struct slice *boundary)
{
	struct slice value;

	if (!sip_parameter_find(media_type->parameters, "boundary", &value))
		return false;
	*boundary = sip_unquoted(value);
	return boundary->length > 0;
}

bool
sip_disposition_parse(struct slice value, struct sip_disposition *disposition)
{
	const struct slice text = scan_trim(value.at, value.at + value.length);
	const char *const end = text.at + text.length;
	struct slice handling;
	const char *p;

	if (text.length == 0)
		return false;
	p = scan_class_end(text.at, end, SCAN_TOKEN);
	disposition->type = slice_of(text.at, p);
	if (!parameters_read(p, end, &disposition->parameters) || disposition->type.length == 0)
		return false;
	disposition->optional =
		sip_parameter_find(disposition->parameters, "handling", &handling) &&
		scan_word(handling, "optional");
	return true;
}
