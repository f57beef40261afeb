/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Refer-To. No state; linear.
 */
#include "sip/refer_to.h"
#include "sip/uri_header.h"

bool
sip_refer_to_parse(struct slice value, struct sip_refer_to *refer_to)
{
	struct sip_uri_parameters parameters;

	if (!sip_address_parse(value, &refer_to->address) || refer_to->address.star ||
		!sip_uri_parse(refer_to->address.uri, &refer_to->uri))
		return false;
	sip_uri_parameters_read(refer_to->uri.parameters, &parameters);
	refer_to->method = parameters.method;
	refer_to->replaces_text = (struct slice){NULL, 0};
	refer_to->has_replaces =
		sip_uri_header_find(
			refer_to->uri.headers, SIP_HEADER_REPLACES, &refer_to->replaces_text) &&
		sip_replaces_parse(refer_to->replaces_text, true, &refer_to->replaces);
	return true;
}
