/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A value of Route, Record-Route, Path or Service-Route (RFC 3261 20.30, 20.34; RFC 3327, 3608).
 */
#ifndef SIP_ROUTE_H
#define SIP_ROUTE_H

#include "uri.h"

struct sip_route {
	struct sip_address address;
	struct sip_uri uri; /* sip or sips */
	struct sip_uri_parameters parameters; /* of the URI */
};

/**
 * False when it is no sip or sips URI. Only a URI in <> is grammatical; without them what follows
 * it can have been meant for nothing but the URI, so its parameters are read there.
 */
bool sip_route_parse(struct slice value, struct sip_route *route);

#endif
