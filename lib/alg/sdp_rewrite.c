/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The session description of a message: read, opened, and its addresses and ports edited.
 *
 * Edited only outward, from the doors just opened: an address from outside is nobody's inside half
 * here (in a spiral the description names our own doors, and the media takes the hairpin).
 * Left alone: 0.0.0.0, host names, IPv6, foreign addresses, and all that is no address.
 * o= never follows the media: it is the sender's host, so it is stable over hold and resume.
 */
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
opening_at_endpoint(const struct plan *plan, rte_be32_t address, uint16_t port)
{
	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		const struct wanted *wanted = &plan->worker->wanted[i];

		if (wanted->address == address && wanted->port == rte_cpu_to_be_16(port) &&
			wanted->opening)
			return opening_at(plan->worker, wanted->opening);
	}
	return NULL;
}

static void
edit_host(struct plan *plan, const struct sdp_address *address)
{
	rte_be32_t outside;

	if (!address->text.at || !address->is_ipv4 || address->ipv4 == 0)
		return;
	outside = host_outward(plan, address->ipv4);
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

static void
insert_line(struct plan *plan, const char *at, const char *line, int length)
{
	sip_edits_replace(plan->edits, slice_of(at, at), line, (uint32_t)length);
}

/* RTCP that does not follow its RTP port must be said (RFC 3605). */
static void
edit_rtcp(struct plan *plan, const struct sdp_media *media, const struct opening *rtp,
	const struct opening *rtcp)
{
	uint16_t port;
	char line[32];

	if (!rtcp || rtcp->outside_port == 0)
		return;
	port = rte_be_to_cpu_16(rtcp->outside_port);
	if (media->rtcp_present) {
		edit_port(plan, media->rtcp_port_text, media->rtcp_port, rtcp->outside_port);
		if (media->rtcp_address.text.at && media->rtcp_address.is_ipv4)
			edit_address(plan, &media->rtcp_address, rtcp->outside_address);
		return;
	}
	if (port == rte_be_to_cpu_16(rtp->outside_port) + 1)
		return;
	/* After the last line of the section, with or without a line end of its own. */
	const char *end = media->section.at + media->section.length;
	bool ended = end > media->section.at && end[-1] == '\n';

	insert_line(plan, end, line,
		snprintf(line, sizeof(line), ended ? "a=rtcp:%u\r\n" : "\r\na=rtcp:%u", port));
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
insert_connection(struct plan *plan, const struct sdp_media *media, rte_be32_t address)
{
	const uint8_t *octet = (const uint8_t *)&address;
	char line[40];

	insert_line(plan, media->line.at + media->line.length, line,
		snprintf(line, sizeof(line), "\r\nc=IN IP4 %u.%u.%u.%u", octet[0], octet[1],
			octet[2], octet[3]));
}

static void
edit_media(struct plan *plan, const struct sdp *sdp, uint8_t stream, rte_be32_t *session)
{
	const struct sdp_media *media = &sdp->media[stream];
	const struct opening *rtp = opening_of(plan, stream, 1);

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
		insert_connection(plan, media, rtp->outside_address);
	edit_rtcp_same(plan, media, rtp);
	edit_rtcp(plan, media, rtp, opening_of(plan, stream, 2));
}

static void
edit_candidate(struct plan *plan, const struct sdp_candidate *candidate)
{
	const struct opening *opening;

	opening = opening_at_endpoint(plan, candidate->address.ipv4, candidate->port);
	if (candidate->udp && candidate->address.is_ipv4 && opening && opening->outside_port) {
		edit_address(plan, &candidate->address, opening->outside_address);
		edit_port(plan, candidate->port_text, candidate->port, opening->outside_port);
	} else {
		edit_host(plan, &candidate->address);
	}
	if (!candidate->related_address.text.at || !candidate->related_address.is_ipv4)
		return;
	opening =
		opening_at_endpoint(plan, candidate->related_address.ipv4, candidate->related_port);
	if (opening && opening->outside_port) {
		edit_address(plan, &candidate->related_address, opening->outside_address);
		edit_port(plan, candidate->related_port_text, candidate->related_port,
			opening->outside_port);
	} else {
		edit_host(plan, &candidate->related_address);
	}
}

/* Read the message's description and open its media. plan->role stays MEDIA_NONE without one. */
void
sdp_plan(struct plan *plan)
{
	const struct sip_message *sip = plan->sip;
	const struct sip_header *header;
	struct slice description;
	enum sdp_error error;

	plan->role = MEDIA_NONE;
	if (sip->body.length == 0)
		return;
	header = sip_header_first(sip, SIP_HEADER_CONTENT_TYPE);
	if (!sdp_find(sip->body, header ? header->value : (struct slice){0}, &description))
		return;
	error = sdp_parse(description, &plan->worker->sdp);
	if (error != SDP_OK) {
		sip_count(plan->worker,
			error == SDP_ERROR_TOO_MANY_MEDIA ? SIP_COUNT_TOO_MANY_MEDIA
							  : SIP_COUNT_MALFORMED,
			1);
		return;
	}
	plan->role = offer_role(plan);
	if (plan->role == MEDIA_TEXT)
		return;
	media_want(plan);
	media_set_obtain(plan);
}

void
sdp_rewrite(struct plan *plan)
{
	const struct sdp *sdp = &plan->worker->sdp;
	rte_be32_t session = 0;

	if (plan->role == MEDIA_NONE || !plan->outward)
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
	for (unsigned int i = 0; i < sdp->candidate_count; i++)
		edit_candidate(plan, &sdp->candidates[i]);
}
