/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The session descriptions of a message: read, opened, and their addresses and ports edited.
 *
 * Edited only outward, from the doors just opened: an address from outside is nobody's inside half
 * here (in a spiral the description names our own doors, and the media takes the hairpin). Inward
 * only a=remote-candidates, which names what the other side was told: the inside half is put back.
 * Several descriptions in one body describe the same streams; each is edited, the first one decides.
 * Left alone: 0.0.0.0, host names, IPv6, foreign addresses, and all that is no address.
 * Bodies with a Content-Encoding and encoded parts are left alone, too.
 * o= never follows the media: it is the sender's host, so it is stable over hold and resume.
 */
#include <stdarg.h>
#include <stdio.h>

#include "alg_priv.h"

static const struct opening *
opening_of(const struct plan *plan, uint8_t stream, uint8_t component)
{
	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		const struct wanted *wanted = &plan->worker->wanted[i];

		if (wanted->stream == stream && wanted->component == component &&
			!(wanted->flags & (OPENING_CANDIDATE | OPENING_KEPT)) && wanted->opening)
			return opening_at(plan->worker, wanted->opening);
	}
	return NULL;
}

static const struct opening *
opening_at_endpoint(const struct plan *plan, rte_be32_t address, uint16_t port, uint8_t proto)
{
	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		const struct wanted *wanted = &plan->worker->wanted[i];

		if (wanted->address == address && wanted->port == rte_cpu_to_be_16(port) &&
			wanted->proto == proto && wanted->opening)
			return opening_at(plan->worker, wanted->opening);
	}
	return NULL;
}

static const struct sdp_address *
connection_of(const struct sdp *sdp, const struct sdp_media *media)
{
	return media->connection.text.at ? &media->connection : &sdp->connection;
}

static const struct opening *
rtp_opening(const struct plan *plan, const struct sdp *sdp, uint8_t stream)
{
	const struct sdp_media *media = &sdp->media[stream];

	if (!plan->alternative)
		return opening_of(plan, bundle_transport(sdp, stream), 1);
	return opening_at_endpoint(plan, connection_of(sdp, media)->ipv4, media->port,
		media->is_udp ? IPPROTO_UDP : IPPROTO_TCP);
}

static const struct opening *
rtcp_opening(const struct plan *plan, const struct sdp *sdp, uint8_t stream)
{
	const struct sdp_media *media = &sdp->media[stream];
	const struct sdp_address *address = connection_of(sdp, media);

	if (!plan->alternative)
		return opening_of(plan, bundle_transport(sdp, stream), 2);
	if (!media->is_rtp)
		return NULL;
	if (media->rtcp_present && media->rtcp_address.is_ipv4 && media->rtcp_address.ipv4)
		address = &media->rtcp_address;
	return opening_at_endpoint(plan, address->ipv4,
		media->rtcp_present ? media->rtcp_port : (uint16_t)(media->port + 1),
		media->is_udp ? IPPROTO_UDP : IPPROTO_TCP);
}

static void
edit_host(struct plan *plan, const struct sdp_address *address)
{
	rte_be32_t outside;

	if (!address->text.at || !address->is_ipv4 || address->ipv4 == 0)
		return;
	outside = host_outward(plan, address->ipv4, SIP_PORT);
	if (outside && outside != address->ipv4)
		sip_edits_address(plan->edits, address->text, outside, 0);
}

static void
edit_address(struct plan *plan, const struct sdp_address *address, rte_be32_t to)
{
	if (address->ipv4 != to)
		sip_edits_address(plan->edits, address->text, to, 0);
}

static void
edit_port(struct plan *plan, struct slice text, uint16_t before, rte_be16_t to)
{
	uint16_t port = rte_be_to_cpu_16(to);

	if (port != before)
		sip_edits_number(plan->edits, text, port);
}

/* A line behind the one that ends at `end`, with the line end that the description has. */
__rte_format_printf(4, 5) static void insert_line(
	struct plan *plan, const struct sdp *sdp, const char *end, const char *format, ...)
{
	const struct slice line_end = sdp->line_end;
	char line[64];
	va_list arguments;
	int length;

	memcpy(line, line_end.at, line_end.length);
	va_start(arguments, format);
	length = vsnprintf(
		line + line_end.length, sizeof(line) - line_end.length, format, arguments);
	va_end(arguments);
	sip_edits_replace(
		plan->edits, slice_of(end, end), line, line_end.length + (uint32_t)length);
}

/* What a=rtcp says: RTCP's port, and its address beside a rule that is static for one of the pair's ports. */
static uint32_t
rtcp_format(char *text, size_t size, const struct opening *rtp, const struct opening *rtcp)
{
	const uint8_t *octet = (const uint8_t *)&rtcp->outside_address;
	uint16_t port = rte_be_to_cpu_16(rtcp->outside_port);

	if (rtcp->outside_address == rtp->outside_address)
		return (uint32_t)snprintf(text, size, "%u", port);
	return (uint32_t)snprintf(
		text, size, "%u IN IP4 %u.%u.%u.%u", port, octet[0], octet[1], octet[2], octet[3]);
}

/* RTCP that does not follow its RTP port must be said (RFC 3605). */
static void
edit_rtcp(struct plan *plan, const struct sdp *sdp, const struct sdp_media *media,
	const struct opening *rtp, const struct opening *rtcp)
{
	const char *end = media->section.at + media->section.length;
	char text[sizeof("65535 IN IP4 255.255.255.255")];
	uint32_t length;

	if (!rtcp || rtcp->outside_port == 0) {
		/* Multiplexed by now: what is still said of a port is said of nobody. */
		if (!rtcp && media->rtcp_present && media->rtcp_port != media->port)
			edit_host(plan, &media->rtcp_address);
		return;
	}
	if (media->rtcp_present && !media->rtcp_address.text.at &&
		rtcp->outside_address != rtp->outside_address) {
		length = rtcp_format(text, sizeof(text), rtp, rtcp);
		sip_edits_replace(plan->edits, media->rtcp_port_text, text, length);
		return;
	}
	if (media->rtcp_present) {
		edit_port(plan, media->rtcp_port_text, media->rtcp_port, rtcp->outside_port);
		if (media->rtcp_address.text.at && media->rtcp_address.is_ipv4)
			edit_address(plan, &media->rtcp_address, rtcp->outside_address);
		return;
	}
	if (rtcp->outside_address == rtp->outside_address &&
		rte_be_to_cpu_16(rtcp->outside_port) == rte_be_to_cpu_16(rtp->outside_port) + 1)
		return;
	/* Behind the last line of the section; empty ones may follow it. */
	while (end[-1] == '\n' || end[-1] == '\r')
		end--;
	rtcp_format(text, sizeof(text), rtp, rtcp);
	insert_line(plan, sdp, end, "a=rtcp:%s", text);
}

/* a=rtcp equal to the RTP port: multiplexed, one door. */
static void
edit_rtcp_same(struct plan *plan, const struct sdp_media *media, const struct opening *rtp)
{
	if (!media->rtcp_present || media->rtcp_port != media->port)
		return;
	edit_port(plan, media->rtcp_port_text, media->rtcp_port, rtp->outside_port);
	if (media->rtcp_address.text.at && media->rtcp_address.is_ipv4 &&
		media->rtcp_address.ipv4 == rtp->address)
		edit_address(plan, &media->rtcp_address, rtp->outside_address);
}

/* An m= line on its own outside address needs a c= of its own when the session's says another. */
static void
insert_connection(
	struct plan *plan, const struct sdp *sdp, const struct sdp_media *media, rte_be32_t address)
{
	const uint8_t *octet = (const uint8_t *)&address;

	insert_line(plan, sdp, media->line.at + media->line.length, "c=IN IP4 %u.%u.%u.%u",
		octet[0], octet[1], octet[2], octet[3]);
}

static void
edit_media(struct plan *plan, const struct sdp *sdp, uint8_t stream, rte_be32_t *session)
{
	const struct sdp_media *media = &sdp->media[stream];
	const struct opening *rtp = rtp_opening(plan, sdp, stream);

	if (!rtp || rtp->outside_port == 0) {
		if (!rtp || opening_translatable(plan, rtp))
			edit_host(plan, &media->connection);
		return;
	}
	edit_port(plan, media->port_text, media->port, rtp->outside_port);
	if (media->connection.text.at)
		edit_address(plan, &media->connection, rtp->outside_address);
	else if (*session == 0)
		*session = rtp->outside_address;
	else if (*session != rtp->outside_address)
		insert_connection(plan, sdp, media, rtp->outside_address);
	edit_rtcp_same(plan, media, rtp);
	edit_rtcp(plan, sdp, media, rtp, rtcp_opening(plan, sdp, stream));
}

static void
edit_candidate(struct plan *plan, const struct sdp_candidate *candidate)
{
	const struct sdp_address *related = &candidate->related_address;
	uint8_t proto = candidate->udp ? IPPROTO_UDP : IPPROTO_TCP;
	const struct opening *opening;

	opening = opening_at_endpoint(plan, candidate->address.ipv4, candidate->port, proto);
	if (candidate->udp && candidate->address.is_ipv4 && opening && opening->outside_port) {
		edit_address(plan, &candidate->address, opening->outside_address);
		edit_port(plan, candidate->port_text, candidate->port, opening->outside_port);
	} else {
		edit_host(plan, &candidate->address);
	}
	if (!related->text.at || !related->is_ipv4)
		return;
	opening = opening_at_endpoint(plan, related->ipv4, candidate->related_port, proto);
	if (opening && opening->outside_port) {
		edit_address(plan, related, opening->outside_address);
		if (candidate->related_port_text.at)
			edit_port(plan, candidate->related_port_text, candidate->related_port,
				opening->outside_port);
	} else {
		edit_host(plan, related);
	}
}

/* c= lines beyond the first are layers, each on an address of its own; what repeats the first one
 * goes where that goes. */
static void
edit_connection(struct plan *plan, const struct sdp *sdp, const struct sdp_connection *further,
	rte_be32_t session)
{
	const struct sdp_address *address = &further->address;
	const struct opening *rtp = NULL;

	if (!address->is_ipv4)
		return;
	if (further->media != SDP_SESSION)
		rtp = rtp_opening(plan, sdp, further->media);
	if (rtp && rtp->outside_port && rtp->address == address->ipv4)
		edit_address(plan, address, rtp->outside_address);
	else if (further->media == SDP_SESSION && session && address->ipv4 == sdp->connection.ipv4)
		edit_address(plan, address, session);
	else
		edit_host(plan, address);
}

/* A URI of a=path names the same endpoint as c= and m= (RFC 4975 8.1), or a relay's. */
static void
edit_path(struct plan *plan, const struct sdp_path *path)
{
	const struct sip_hostport *host = &path->host;
	uint16_t port = host->port_text.at ? host->port : SDP_MSRP_PORT;
	const struct opening *opening;

	if (host->kind != SIP_HOST_IPV4)
		return;
	opening = opening_at_endpoint(plan, host->ipv4, port, IPPROTO_TCP);
	if (!opening || opening->outside_port == 0) {
		const struct sdp_address address = {
			.text = host->host, .is_ipv4 = true, .ipv4 = host->ipv4};

		edit_host(plan, &address);
	} else if (opening->outside_address != host->ipv4 ||
		   rte_be_to_cpu_16(opening->outside_port) != port) {
		sip_edits_address(plan->edits, host->text, opening->outside_address,
			rte_be_to_cpu_16(opening->outside_port));
	}
}

/* What the other side calls our candidate is a door of ours; its owner knows the inside half. */
static void
restore_remote(struct plan *plan, const struct sdp_remote_candidate *remote)
{
	struct endpoint outside = {
		remote->address.ipv4, rte_cpu_to_be_16(remote->port), IPPROTO_UDP};
	struct binding *binding;
	struct endpoint inside;

	if (!remote->address.is_ipv4 ||
		nat_inbound_find(plan->worker->alg->nat, &outside, &inside, &binding))
		return;
	edit_address(plan, &remote->address, inside.address);
	edit_port(plan, remote->port_text, remote->port, inside.port);
}

static bool
description_read(struct plan *plan, struct slice description)
{
	enum sdp_error error = sdp_parse(description, &plan->worker->sdp);

	switch (error) {
	case SDP_OK:
		return true;
	case SDP_ERROR_TOO_MANY_MEDIA:
	case SDP_ERROR_TOO_MANY_CANDIDATES:
	case SDP_ERROR_TOO_MANY_CONNECTIONS:
	case SDP_ERROR_TOO_MANY_PATHS:
		plan->too_many = true;
		break;
	default:
		sip_count(plan->worker, SIP_COUNT_MALFORMED, 1);
		break;
	}
	sip_count(plan->worker,
		(enum sip_counter)(SIP_COUNT_SDP_ERROR_NOT_SDP + error - SDP_ERROR_NOT_SDP), 1);
	return false;
}

/*
 * What has no room cannot be edited either. The inside's message is refused, for it would name
 * addresses that nobody outside can reach; another one passes, with as much open as there is room.
 */
static void
too_many(struct plan *plan)
{
	if (plan->outward)
		plan_fail(plan, DROP_SIP_NO_MEDIA, SIP_COUNT_TOO_MANY_MEDIA);
	else
		sip_count(plan->worker, SIP_COUNT_TOO_MANY_MEDIA, 1);
}

static struct slice
content_type_of(const struct sip_message *sip)
{
	const struct sip_header *header = sip_header_first(sip, SIP_HEADER_CONTENT_TYPE);

	return header ? header->value : (struct slice){0};
}

/* The descriptions of the message, as far as they can be read; worker->sdp is the first of them. */
static void
descriptions_find(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	const struct sip_header *encoding = sip_header_first(sip, SIP_HEADER_CONTENT_ENCODING);
	struct slice description[DESCRIPTIONS_MAX + 1];
	enum multipart_error error;
	unsigned int found, kept = 0;

	plan->description_count = 0;
	plan->too_many = false;
	if (sip->body.length == 0 || (encoding && !slice_is(encoding->value, "identity")))
		return;
	found = sdp_find_all(
		sip->body, content_type_of(sip), description, RTE_DIM(description), &error);
	if (error != MULTIPART_OK)
		sip_count(plan->worker,
			(enum sip_counter)(
				SIP_COUNT_BODY_ERROR_TYPE + error - MULTIPART_ERROR_TYPE),
			1);
	/* Behind these parts may be descriptions that nobody has seen. */
	if (error == MULTIPART_ERROR_TOO_MANY_PARTS)
		plan->too_many = true;
	if (found > DESCRIPTIONS_MAX) {
		plan->too_many = true;
		found = DESCRIPTIONS_MAX;
	}
	for (unsigned int i = 0; i < found; i++) {
		if (description_read(plan, description[i]))
			plan->description[kept++] = description[i];
	}
	plan->description_count = (uint8_t)kept;
	if (found > 1 && kept > 0)
		sdp_parse(plan->description[0], &plan->worker->sdp);
}

/* List what the descriptions name; worker->sdp is the last of them then. */
static void
descriptions_want(struct plan *plan)
{
	media_want(plan);
	for (unsigned int i = 1; i < plan->description_count; i++) {
		plan->alternative = true;
		sdp_parse(plan->description[i], &plan->worker->sdp);
		media_want_alternative(plan);
	}
}

/* Read the message's descriptions and open their media. plan->role stays MEDIA_NONE without one. */
void
sdp_plan(struct plan *plan)
{
	plan->role = MEDIA_NONE;
	plan->alternative = false;
	descriptions_find(plan);
	if (plan->description_count > 0)
		plan->role = negotiation_role(plan);
	if (plan->role != MEDIA_NONE && plan->role != MEDIA_TEXT) {
		call_record_types(plan);
		descriptions_want(plan);
	}
	if (plan->too_many)
		too_many(plan);
	if (plan->drop != ALG_FORWARD || plan->role == MEDIA_NONE || plan->role == MEDIA_TEXT)
		return;
	if (plan->role == MEDIA_REPEAT)
		media_set_recall(plan);
	else
		media_set_obtain(plan);
}

static void
description_rewrite(struct plan *plan, const struct sdp *sdp)
{
	rte_be32_t session = 0;

	for (unsigned int i = 0; plan->inward && i < sdp->remote_count; i++)
		restore_remote(plan, &sdp->remotes[i]);
	if (!plan->outward)
		return;
	edit_host(plan, &sdp->origin);
	for (unsigned int i = 0; i < sdp->media_count; i++)
		edit_media(plan, sdp, (uint8_t)i, &session);
	if (sdp->connection.text.at && sdp->connection.is_ipv4) {
		if (session)
			edit_address(plan, &sdp->connection, session);
		else
			edit_host(plan, &sdp->connection);
	}
	for (unsigned int i = 0; i < sdp->connection_count; i++)
		edit_connection(plan, sdp, &sdp->connections[i], session);
	for (unsigned int i = 0; i < sdp->candidate_count; i++)
		edit_candidate(plan, &sdp->candidates[i]);
	for (unsigned int i = 0; i < sdp->path_count; i++)
		edit_path(plan, &sdp->paths[i]);
}

void
sdp_rewrite(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	struct sdp *sdp = &plan->worker->sdp;

	if (plan->role == MEDIA_NONE || (!plan->outward && !plan->inward))
		return;
	sip_edits_body(plan->edits);
	for (unsigned int i = 0; i < plan->description_count; i++) {
		plan->alternative = i > 0;
		if (plan->description_count > 1)
			sdp_parse(plan->description[i], sdp);
		description_rewrite(plan, sdp);
	}
	if (plan->description[0].at != sip->body.at)
		multipart_edit_lengths(plan->edits, sip->body, content_type_of(sip));
}
