/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text half of what the ALG does to a message that leaves the inside, without its tables: read
 * it, look at every place where the ALG looks for an address, replace those of 10.0.0.0/8, compute
 * Content-Length, apply. The rows are those of lib/alg/rewrite.c.
 */
#ifndef BENCH_SIP_REWRITE_H
#define BENCH_SIP_REWRITE_H

#include "sip/edit.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/uri.h"

/* 203.0.113.10 in network order on a little-endian machine; what it says does not matter. */
enum { REWRITE_OUTSIDE = 0x0a7100cb, REWRITE_PORT = 40000, REWRITE_MEDIA_PORT = 50000 };

enum rewrite_role { ROLE_NONE, ROLE_VIA, ROLE_URI, ROLE_IDENTITY };

static const uint8_t rewrite_roles[SIP_HEADER_IDS] = {
	[SIP_HEADER_VIA] = ROLE_VIA,
	[SIP_HEADER_CONTACT] = ROLE_URI,
	[SIP_HEADER_REFER_TO] = ROLE_URI,
	[SIP_HEADER_RECORD_ROUTE] = ROLE_URI,
	[SIP_HEADER_ROUTE] = ROLE_URI,
	[SIP_HEADER_PATH] = ROLE_URI,
	[SIP_HEADER_SERVICE_ROUTE] = ROLE_URI,
	[SIP_HEADER_FROM] = ROLE_IDENTITY,
	[SIP_HEADER_TO] = ROLE_IDENTITY,
	[SIP_HEADER_P_ASSERTED_IDENTITY] = ROLE_IDENTITY,
	[SIP_HEADER_P_PREFERRED_IDENTITY] = ROLE_IDENTITY,
	[SIP_HEADER_REMOTE_PARTY_ID] = ROLE_IDENTITY,
	[SIP_HEADER_DIVERSION] = ROLE_IDENTITY,
	[SIP_HEADER_HISTORY_INFO] = ROLE_IDENTITY,
	[SIP_HEADER_REFERRED_BY] = ROLE_IDENTITY,
};

struct rewrite {
	struct sip_message sip;
	struct sip_edits edits;
	struct sdp sdp;
	uint64_t seen; /* values and lines looked at: keeps the results alive */
};

static inline bool
rewrite_inside(uint32_t ipv4)
{
	return (ipv4 & 0xff) == 10;
}

static inline void
rewrite_host(struct rewrite *rewrite, const struct sip_hostport *host, uint16_t port)
{
	rewrite->seen++;
	if (host->kind == SIP_HOST_IPV4 && rewrite_inside(host->ipv4))
		sip_edits_address(&rewrite->edits, host->text, REWRITE_OUTSIDE, port);
}

static inline void
rewrite_maddr(struct rewrite *rewrite, struct slice maddr)
{
	struct sip_hostport host;

	if (maddr.length > 0 && sip_hostport_parse(maddr, &host))
		rewrite_host(rewrite, &host, 0);
}

static inline void
rewrite_via(
	struct rewrite *rewrite, const struct sip_via *via, const struct sip_via_parameters *named)
{
	uint32_t address;

	if (via->sent_by.kind == SIP_HOST_NONE)
		return;
	rewrite->seen += sip_transport_of(via->transport);
	rewrite_host(rewrite, &via->sent_by, REWRITE_PORT);
	if (named->received.length > 0 && slice_ipv4(named->received, &address) &&
		rewrite_inside(address)) {
		sip_edits_address(&rewrite->edits, named->received, REWRITE_OUTSIDE, 0);
		if (named->rport_number != 0)
			sip_edits_number(&rewrite->edits, named->rport, REWRITE_PORT);
	}
	rewrite_maddr(rewrite, named->maddr);
}

static inline void
rewrite_uri(struct rewrite *rewrite, const struct sip_uri *uri)
{
	struct sip_uri_parameters named;

	if (uri->host.kind == SIP_HOST_NONE)
		return;
	rewrite_host(rewrite, &uri->host, REWRITE_PORT);
	if (uri->parameters.length == 0)
		return;
	sip_uri_parameters_read(uri->parameters, &named);
	rewrite->seen += named.transport;
	rewrite_maddr(rewrite, named.maddr);
}

static inline void
rewrite_identity(struct rewrite *rewrite, const struct sip_uri *uri)
{
	rewrite->seen++;
	if (uri->host.kind == SIP_HOST_IPV4 && rewrite_inside(uri->host.ipv4))
		sip_edits_address(&rewrite->edits, uri->host.host, REWRITE_OUTSIDE, 0);
}

static inline void
rewrite_party(struct rewrite *rewrite, struct slice text)
{
	struct sip_uri uri;

	if (sip_uri_parse(text, &uri))
		rewrite_identity(rewrite, &uri);
}

static inline void
rewrite_vias(struct rewrite *rewrite, const struct sip_header *header)
{
	struct slice rest = header->value;
	struct sip_via_parameters named;
	struct sip_via via;

	while (sip_via_next(&rest, &via, &named))
		rewrite_via(rewrite, &via, &named);
}

static inline void
rewrite_header(struct rewrite *rewrite, const struct sip_header *header, enum rewrite_role role)
{
	struct slice rest = header->value;
	struct sip_address address;
	struct sip_uri uri;

	while (sip_address_next_literal(&rest, &address, &uri)) {
		if (role == ROLE_URI)
			rewrite_uri(rewrite, &uri);
		else
			rewrite_identity(rewrite, &uri);
	}
}

static inline void
rewrite_sdp_address(struct rewrite *rewrite, const struct sdp_address *address)
{
	if (address->text.at != NULL && address->is_ipv4 && rewrite_inside(address->ipv4))
		sip_edits_address(&rewrite->edits, address->text, REWRITE_OUTSIDE, 0);
}

static inline void
rewrite_description(struct rewrite *rewrite)
{
	const struct sip_header *const type =
		sip_header_first(&rewrite->sip, SIP_HEADER_CONTENT_TYPE);
	const struct sdp *const sdp = &rewrite->sdp;
	struct slice description;

	if (rewrite->sip.body.length == 0 ||
		!sdp_find(rewrite->sip.body, type != NULL ? type->value : (struct slice){NULL, 0},
			&description) ||
		sdp_parse(description, &rewrite->sdp) != SDP_OK)
		return;
	sip_edits_body(&rewrite->edits);
	rewrite_sdp_address(rewrite, &sdp->origin);
	rewrite_sdp_address(rewrite, &sdp->connection);
	for (uint32_t i = 0; i < sdp->media_count; i++) {
		sip_edits_number(
			&rewrite->edits, sdp->media[i].port_text, REWRITE_MEDIA_PORT + i * 2);
		rewrite_sdp_address(rewrite, &sdp->media[i].connection);
		if (sdp->media[i].rtcp_present) {
			sip_edits_number(&rewrite->edits, sdp->media[i].rtcp_port_text,
				REWRITE_MEDIA_PORT + 1 + i * 2);
			rewrite_sdp_address(rewrite, &sdp->media[i].rtcp_address);
		}
	}
	for (uint32_t i = 0; i < sdp->candidate_count; i++) {
		const struct sdp_candidate *const candidate = &sdp->candidates[i];

		rewrite_sdp_address(rewrite, &candidate->address);
		sip_edits_number(&rewrite->edits, candidate->port_text, REWRITE_MEDIA_PORT + i);
		rewrite_sdp_address(rewrite, &candidate->related_address);
	}
}

/**
 * Read the message in `text`, plan and apply. The new length; 0: refused by the reader; negative:
 * the edits do not fit.
 */
static inline int64_t
rewrite_message(struct rewrite *rewrite, char *text, uint32_t length, uint32_t capacity)
{
	const struct sip_message *const sip = &rewrite->sip;
	const struct sip_header *headers_end;
	struct sip_uri uri;

	if (sip_message_parse(text, length, &rewrite->sip) != SIP_OK)
		return 0;
	headers_end = sip->header + sip->header_count;
	sip_edits_begin(&rewrite->edits, text);
	if (sip->request && sip_uri_parse(sip->request_uri, &uri))
		rewrite_uri(rewrite, &uri);
	for (const struct sip_header *header = sip->header; header < headers_end; header++) {
		const enum rewrite_role role = rewrite_roles[header->id];

		if (role == ROLE_NONE)
			continue;
		if (role == ROLE_VIA)
			rewrite_vias(rewrite, header);
		else if (header == sip_header_first(sip, SIP_HEADER_FROM))
			rewrite_party(rewrite, sip->from.uri);
		else if (header == sip_header_first(sip, SIP_HEADER_TO))
			rewrite_party(rewrite, sip->to.uri);
		else
			rewrite_header(rewrite, header, role);
	}
	rewrite_description(rewrite);
	sip_edits_content_length(&rewrite->edits, &rewrite->sip);
	return sip_edits_apply(&rewrite->edits, text, length, capacity);
}

#endif
