/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Route family. No state; linear.
 */
#include "sip/route.h"

bool
sip_route_parse(struct slice value, struct sip_route *route)
{
	if (!sip_address_parse(value, &route->address) || route->address.star ||
		!sip_uri_parse(route->address.uri, &route->uri) ||
		route->uri.host.kind == SIP_HOST_NONE)
		return false;
	sip_uri_parameters_read(
		route->address.bracketed ? route->uri.parameters : route->address.parameters,
		&route->parameters);
	return true;
}
