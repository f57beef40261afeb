/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URIs, name-addr values and Via values as slices. RFC 3261 19.1, 20.10, 20.42, 25.1; RFC 3966.
 */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "slice.h"

enum sip_host_kind { SIP_HOST_NONE, SIP_HOST_NAME, SIP_HOST_IPV4, SIP_HOST_IPV6 };

/* host[:port]; the place where an address is translated. What is decided about ports, IPv6 without
 * brackets and look-alikes of IPv4 stands in host.c. */
struct sip_hostport {
	struct slice text; /* host and, when written, colon and port: what an edit replaces */
	struct slice host; /* brackets of IPv6 included where they are written */
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

/**
 * False when it is no URI at all (no scheme, sip without host, bad port). The user part, in which
 * '@', ';' and '?' may stand unescaped, ends at the first '@' behind which a host and then the end,
 * a ';' or a '?' follow; of several '@' before such a place it is the last. So one in a parameter
 * or behind '?' is not taken for its end, unless the URI has no user part: "sip:a;b=c@d" is the
 * user "a;b=c" at d, as RFC 3261 25.1 has it.
 */
bool sip_uri_parse(struct slice text, struct sip_uri *uri);

enum sip_transport {
	SIP_TRANSPORT_NONE, /* not written */
	SIP_TRANSPORT_UDP,
	SIP_TRANSPORT_TCP,
	SIP_TRANSPORT_TLS,
	SIP_TRANSPORT_SCTP,
	SIP_TRANSPORT_TLS_SCTP,
	SIP_TRANSPORT_WS,
	SIP_TRANSPORT_WSS,
	SIP_TRANSPORT_OTHER
};

/** "UDP", "tcp", ... of a Via or a transport parameter; case ignored. */
enum sip_transport sip_transport_of(struct slice text);

/* The URI parameters that SIP elements act on (RFC 3261 19.1.1, RFC 5627). Slices: at NULL when
 * absent, empty when written without a value; of doubled ones the first counts. */
struct sip_uri_parameters {
	enum sip_transport transport;
	struct slice transport_text;
	struct slice maddr; /* sip_hostport_parse() reads it */
	struct slice ttl;
	struct slice user; /* "phone", "ip" */
	struct slice method;
	struct slice gr;
	struct slice lr_text; /* some write lr=true, lr=on */
	bool lr; /* with or without a value */
};

/** Find them all in one pass. Names may be written with escapes (RFC 3261 19.1.4). */
void sip_uri_parameters_read(struct slice parameters, struct sip_uri_parameters *found);

/* A From, To, Contact, Route ... value. RFC 3261 20.10: without <> what follows a ';' is the
 * header's, not the URI's. */
struct sip_address {
	bool star; /* Contact: * */
	struct slice display; /* quotes included; sip_unquoted() */
	struct slice uri; /* without <> */
	bool bracketed;
	struct slice parameters; /* header parameters, from ';' on */
};
bool sip_address_parse(struct slice value, struct sip_address *address);

/**
 * Take the next value off a list, as sip_value_next() does, with its URI. False when nothing is
 * left. One that is no address has address->uri at NULL, one that is "*" or whose URI cannot be read
 * has none: scheme OTHER, host of kind NONE, all slices at NULL.
 */
bool sip_address_next(struct slice *rest, struct sip_address *address, struct sip_uri *uri);

/**
 * The same for whoever looks for IPv4 addresses alone: values in which there can be none, neither in
 * the host nor in a parameter or an embedded header, may be passed over. Of "*" and such values in a
 * row the first "*" is given.
 */
bool sip_address_next_literal(struct slice *rest, struct sip_address *address, struct sip_uri *uri);

struct sip_via {
	struct slice transport; /* "UDP" */
	struct sip_hostport sent_by;
	struct slice parameters;
};
bool sip_via_parse(struct slice value, struct sip_via *via);

/* What a Via value says about the way back (RFC 3261 18.2, RFC 3581). Slices: at NULL when absent,
 * empty when written without a value; of doubled ones the first counts. */
struct sip_via_parameters {
	struct slice branch;
	struct slice received; /* IPv6 with or without brackets */
	struct slice rport;
	struct slice maddr;
	struct slice ttl;
	uint16_t rport_number; /* 0: without a value, or none that is a port */
};

/** Find them all in one pass. */
void sip_via_parameters_read(struct slice parameters, struct sip_via_parameters *found);

/** Take the next Via value off a list, as sip_value_next() does, with its parameters. False when
 *  nothing is left. What is no Via value has a sent_by of kind NONE. */
bool sip_via_next(struct slice *rest, struct sip_via *via, struct sip_via_parameters *parameters);

struct sip_parameter {
	struct slice name;
	struct slice value; /* at NULL: no '='; quotes are kept */
};

/** Take the next parameter off `rest`, which begins as ";a=b;c". False when nothing is left. */
bool sip_parameter_next(struct slice *rest, struct sip_parameter *parameter);

/** sip_parameter_find() with the name's length. */
bool sip_parameter_find_word(
	struct slice parameters, const char *name, uint32_t name_length, struct slice *value);

/**
 * Find a parameter by name (case ignored) in ";a=b;c". True when present; *value: at NULL when it
 * has no '='; quotes are kept.
 */
static inline bool
sip_parameter_find(struct slice parameters, const char *name, struct slice *value)
{
	return sip_parameter_find_word(parameters, name, (uint32_t)strlen(name), value);
}

/** Without the quotes round it, if there are any; escapes in it stay. */
struct slice sip_unquoted(struct slice value);

/** Parse host[:port] alone (maddr, received, SDP-free places); IPv6 needs no brackets. */
bool sip_hostport_parse(struct slice text, struct sip_hostport *host);

#endif
