/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URIs, name-addr values and Via values as slices. RFC 3261 19.1, 20.10, 20.42, 25.1; RFC 3966.
 */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "slice.h"

enum sip_host_kind { SIP_HOST_NONE, SIP_HOST_NAME, SIP_HOST_IPV4, SIP_HOST_IPV6 };

/* host[:port]; the place where an address is translated. */
struct sip_hostport {
	struct slice text; /* host and, when written, colon and port: what an edit replaces */
	struct slice host; /* brackets of IPv6 included */
	struct slice port_text; /* digits; at NULL: no port written */
	enum sip_host_kind kind;
	uint32_t ipv4; /* network order, kind IPV4 */
	uint16_t port; /* host order; 0: none written */
};

enum sip_scheme { SIP_SCHEME_OTHER, SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL };

struct sip_uri {
	enum sip_scheme scheme;
	struct slice user; /* with password; at NULL: none */
	struct sip_hostport host; /* kind NONE for tel and unknown schemes */
	struct slice parameters; /* from the first ';' on, "" when none */
	struct slice headers; /* after '?', at NULL: none */
};

/** False when it is no URI at all (no scheme, sip without host, bad port). */
bool sip_uri_parse(struct slice text, struct sip_uri *uri);

/* A From, To, Contact, Route ... value. */
struct sip_address {
	bool star; /* Contact: * */
	struct slice display;
	struct slice uri; /* without <> */
	bool bracketed;
	struct slice parameters; /* header parameters, from ';' on */
};
bool sip_address_parse(struct slice value, struct sip_address *address);

struct sip_via {
	struct slice transport; /* "UDP" */
	struct sip_hostport sent_by;
	struct slice parameters;
};
bool sip_via_parse(struct slice value, struct sip_via *via);

/**
 * Find a parameter by name (case ignored) in ";a=b;c". True when present; *value: at NULL when it
 * has no '='; quotes are kept.
 */
bool sip_parameter_find(struct slice parameters, const char *name, struct slice *value);

/** Parse host[:port] alone (maddr, received, SDP-free places). */
bool sip_hostport_parse(struct slice text, struct sip_hostport *host);

#endif
