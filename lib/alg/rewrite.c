/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header rules, as one table: which header holds what kind of address, in requests, in
 * responses, how its ports are spelled, and what it opens. Headers without a row are never touched:
 * Call-ID, CSeq, the Authorization family, Identity, Date and everything unknown.
 */
#include "alg_priv.h"
#include "sip/escaped.h"
#include "sip/uri_header.h"

enum { IN_REQUEST = 1, IN_RESPONSE = 2, IN_BOTH = 3 };

enum rewrite_action { REWRITE_NONE, REWRITE_VIA, REWRITE_URI, REWRITE_IDENTITY };

/* What the sender's own endpoint in this header opens for the peer. */
enum rewrite_opens { OPENS_NOTHING, OPENS_CONTACT, OPENS_ROUTE };

struct rewrite_row {
	uint8_t where;
	uint8_t action;
	uint8_t spelling;
	uint8_t opens;
};

static const struct rewrite_row request_uri_row = {
	IN_REQUEST, REWRITE_URI, SPELLING_CONTACT, OPENS_NOTHING};

static const struct rewrite_row rows[SIP_HEADER_IDS] = {
	[SIP_HEADER_VIA] = {IN_BOTH, REWRITE_VIA, SPELLING_VIA, OPENS_NOTHING},
	[SIP_HEADER_CONTACT] = {IN_BOTH, REWRITE_URI, SPELLING_CONTACT, OPENS_CONTACT},
	[SIP_HEADER_REFER_TO] = {IN_REQUEST, REWRITE_URI, SPELLING_CONTACT, OPENS_NOTHING},
	[SIP_HEADER_RECORD_ROUTE] = {IN_BOTH, REWRITE_URI, SPELLING_ROUTE, OPENS_ROUTE},
	[SIP_HEADER_ROUTE] = {IN_REQUEST, REWRITE_URI, SPELLING_ROUTE, OPENS_NOTHING},
	[SIP_HEADER_PATH] = {IN_BOTH, REWRITE_URI, SPELLING_ROUTE, OPENS_ROUTE},
	[SIP_HEADER_SERVICE_ROUTE] = {IN_RESPONSE, REWRITE_URI, SPELLING_ROUTE, OPENS_NOTHING},
	[SIP_HEADER_FROM] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_TO] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_P_ASSERTED_IDENTITY] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_P_PREFERRED_IDENTITY] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_REMOTE_PARTY_ID] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_DIVERSION] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_HISTORY_INFO] = {IN_BOTH, REWRITE_IDENTITY},
	[SIP_HEADER_REFERRED_BY] = {IN_BOTH, REWRITE_IDENTITY},
};

/* How long a Contact or route endpoint stays without a call that holds it. */
static uint32_t
timed_lifetime(const struct plan *plan)
{
	const struct sip_header *header;
	uint64_t seconds = SUBSCRIPTION_S;

	switch (plan->sip->method) {
	case SIP_SUBSCRIBE:
	case SIP_NOTIFY:
	case SIP_REFER:
		header = sip_header_first(plan->sip, SIP_HEADER_EXPIRES);
		if (header && !slice_number(header->value, UINT32_MAX / 4, &seconds))
			seconds = SUBSCRIPTION_S;
		return (uint32_t)seconds + TRANSACTION_S;
	default:
		return TRANSACTION_S;
	}
}

/* Contacts of redirections and refusals name other hosts; they are translated, not opened. */
static bool
message_opens(const struct plan *plan)
{
	return !plan->stray && plan->sip->status < 300;
}

static uint8_t
uri_proto(const struct sip_uri *uri, enum sip_transport transport, bool *secure)
{
	*secure = uri->scheme == SIP_SCHEME_SIPS || transport == SIP_TRANSPORT_TLS;
	switch (transport) {
	case SIP_TRANSPORT_TCP:
	case SIP_TRANSPORT_TLS:
		return IPPROTO_TCP;
	case SIP_TRANSPORT_NONE:
		return *secure ? IPPROTO_TCP : IPPROTO_UDP;
	default:
		return IPPROTO_UDP;
	}
}

/* ;maddr= names a host that is reached at the URI's port. */
static void
rewrite_maddr(
	struct plan *plan, struct slice maddr, struct token *token, struct opening_request *request)
{
	struct sip_hostport host;
	struct endpoint inside;

	if (maddr.length == 0 || !sip_hostport_parse(maddr, &host) || host.kind != SIP_HOST_IPV4)
		return;
	token->port = token->host->port_text.at ? token->host->port : token->port;
	token->host = &host;
	token->edit = host.host;
	token->host_only = true;
	request->endpoint.address = host.ipv4;
	if (!token_inward(plan, token, &inside))
		token_outward(plan, token, request);
}

/*
 * Headers that whoever calls the URI is to send (Refer-To, redirections): the addresses in those
 * that hold URIs. In Replaces stands a Call-ID, which may look like one and is never touched.
 */
static void
rewrite_embedded(struct plan *plan, struct slice headers)
{
	struct sip_uri_header header;
	struct sip_hostport host;
	struct endpoint inside;

	while (sip_uri_header_next(&headers, &header)) {
		if (rows[header.id].action != REWRITE_URI)
			continue;
		while (plan->drop == ALG_FORWARD && sip_escaped_ipv4_next(&header.value, &host)) {
			struct token token = {
				.host = &host,
				.edit = host.text,
				.port = SIP_PORT,
				.default_port = SIP_PORT,
				.proto = IPPROTO_UDP,
				.spelling = (enum spelling_class)rows[header.id].spelling,
			};
			struct opening_request request = {
				.endpoint = {host.ipv4,
					rte_cpu_to_be_16(host.port_text.at ? host.port : SIP_PORT),
					IPPROTO_UDP},
				.kind = PINHOLE_CONTACT,
				.until_s = plan->self->now_s + TRANSACTION_S,
			};

			if (!token_outward(plan, &token, &request))
				token_inward(plan, &token, &inside);
		}
	}
}

static void
rewrite_uri(struct plan *plan, const struct rewrite_row *row, const struct sip_uri *uri,
	struct slice parameters)
{
	bool registers = plan->sip->method == SIP_REGISTER && row->opens == OPENS_CONTACT;
	bool secure, own;
	struct sip_uri_parameters named = {0};
	struct endpoint inside;

	if (uri->host.kind == SIP_HOST_NONE)
		return;
	if (uri->parameters.length > 0)
		sip_uri_parameters_read(uri->parameters, &named);

	uint8_t proto = uri_proto(uri, named.transport, &secure);
	uint16_t default_port = secure ? SIPS_PORT : SIP_PORT;
	struct token token = {
		.host = &uri->host,
		.edit = uri->host.text,
		.port = default_port,
		.default_port = default_port,
		.proto = proto,
		.spelling = row->spelling,
	};
	struct opening_request request = {
		.endpoint = {uri->host.ipv4,
			rte_cpu_to_be_16(uri->host.port_text.at ? uri->host.port : default_port),
			proto},
		.kind = row->opens == OPENS_ROUTE ? PINHOLE_ROUTE : PINHOLE_CONTACT,
		.pin = row->opens != OPENS_NOTHING && message_opens(plan),
		.until_s = plan->self->now_s + TRANSACTION_S,
	};

	if (request.pin) {
		request.held = plan->call != NULL;
		request.until_s = plan->self->now_s + timed_lifetime(plan);
	}
	if (uri->host.kind == SIP_HOST_IPV4) {
		/* A hairpin's sender names itself first; what it echoes is the other half. */
		own = token_outward(plan, &token, &request);
		if (!own && token_inward(plan, &token, &inside)) {
			if (registers && plan->sip->status / 100 == 2)
				registration_granted(
					plan, &inside, contact_lifetime(plan, parameters));
		} else if (!own && registers && plan->sip->status / 100 == 2) {
			registration_granted(
				plan, &request.endpoint, contact_lifetime(plan, parameters));
		} else if (!own && request.pin &&
			   opening_permitted(plan, request.endpoint.address,
				   request.endpoint.port) == PERMIT_OPEN) {
			plan_open(plan, &request);
		}
		if (registers && plan->sip->request)
			registration_request(
				plan, &request.endpoint, contact_lifetime(plan, parameters));
	}
	rewrite_maddr(plan, named.maddr, &token, &request);
	if (uri->headers.length > 0)
		rewrite_embedded(plan, uri->headers);
}

static void
rewrite_uri_value(struct plan *plan, const struct rewrite_row *row,
	const struct sip_address *address, const struct sip_uri *uri)
{
	if (!address->star) {
		rewrite_uri(plan, row, uri, address->parameters);
	} else if (plan->sip->method == SIP_REGISTER && plan->sip->request) {
		/* "*" takes back all: of those, the sender's own endpoint is known. */
		struct endpoint source = {
			plan->path->key.src, plan->path->key.src_port, IPPROTO_UDP};

		registration_request(plan, &source, 0);
	}
}

/* From and To, which were read with their tags and hold one value each. */
static void
rewrite_party(struct plan *plan, enum sip_header_id id, struct slice text)
{
	struct sip_uri uri;

	if (sip_uri_parse(text, &uri))
		rewrite_identity(plan, id, &uri);
}

static void
rewrite_vias(struct plan *plan, const struct sip_header *header)
{
	bool first = header == sip_header_first(plan->sip, SIP_HEADER_VIA);
	struct sip_via_parameters parameters;
	struct slice rest = header->value;
	struct sip_via via;

	while (plan->drop == ALG_FORWARD && sip_via_next(&rest, &via, &parameters)) {
		rewrite_via(plan, &via, &parameters, first);
		first = false;
	}
}

static void
rewrite_header(struct plan *plan, const struct rewrite_row *row, const struct sip_header *header)
{
	struct slice rest = header->value;
	struct sip_address address;
	struct sip_uri uri;

	while (plan->drop == ALG_FORWARD && sip_address_next_literal(&rest, &address, &uri)) {
		if (row->action == REWRITE_URI)
			rewrite_uri_value(plan, row, &address, &uri);
		else
			rewrite_identity(plan, (enum sip_header_id)header->id, &uri);
	}
}

void
rewrite_headers(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	uint8_t where = sip->request ? IN_REQUEST : IN_RESPONSE;
	struct sip_uri uri;

	if (sip->request && sip_uri_parse(sip->request_uri, &uri))
		rewrite_uri(plan, &request_uri_row, &uri, (struct slice){0});
	for (unsigned int i = 0; i < sip->header_count; i++) {
		const struct sip_header *header = &sip->header[i];
		const struct rewrite_row *row = &rows[header->id];

		if (!(row->where & where))
			continue;
		if (row->action == REWRITE_VIA)
			rewrite_vias(plan, header);
		else if (header == sip_header_first(sip, SIP_HEADER_FROM))
			rewrite_party(plan, SIP_HEADER_FROM, sip->from.uri);
		else if (header == sip_header_first(sip, SIP_HEADER_TO))
			rewrite_party(plan, SIP_HEADER_TO, sip->to.uri);
		else
			rewrite_header(plan, row, header);
		if (plan->drop != ALG_FORWARD)
			return;
	}
}
