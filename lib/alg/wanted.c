/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a description wants: the endpoints it names, listed in the worker's `wanted`, before anything
 * is opened (media.c). One message's, nothing stays.
 *
 * A stream at 0.0.0.0 keeps what it had; at a host name, at IPv6 or as the active end of TCP it names
 * no endpoint, and neither does one on the transport of another (bundle.c). RTP is followed by its
 * RTCP, unless both sides agreed on rtcp-mux.
 */
#include "alg_priv.h"

static bool
is_wanted(const struct plan *plan, rte_be32_t address, rte_be16_t port, uint8_t proto)
{
	for (unsigned int i = 0; i < plan->wanted_count; i++) {
		const struct wanted *wanted = &plan->worker->wanted[i];

		if (wanted->address == address && wanted->port == port && wanted->proto == proto)
			return true;
	}
	return false;
}

static void
want(struct plan *plan, const struct wanted *wanted)
{
	struct wanted *own;

	if (plan->alternative && is_wanted(plan, wanted->address, wanted->port, wanted->proto))
		return;
	if (plan->wanted_count == WANTED_MAX) {
		plan->too_many = true;
		return;
	}
	own = &plan->worker->wanted[plan->wanted_count++];
	*own = *wanted;
	if (plan->alternative)
		own->flags |= OPENING_CANDIDATE;
}

/*
 * On hold with 0.0.0.0 (RFC 2543 style): the stream keeps what it had, be it an answer whose offer was
 * not seen.
 */
static void
want_kept(struct plan *plan, uint8_t stream)
{
	const struct alg_worker *worker = plan->worker;
	const struct dialog *dialog = plan->dialog;
	const struct opening *opening;
	uint32_t set = dialog ? dialog->committed[plan->side].set : 0;

	if (set == 0 && dialog && dialog->unseen)
		set = dialog->offer[plan->side].set;
	if (set == 0)
		return;
	for (uint32_t i = set_at(worker, set)->first; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opening->stream == stream)
			want(plan, &(struct wanted){opening->address, opening->port, opening->proto,
					   stream, opening->component,
					   opening->flags | OPENING_KEPT, 0});
	}
}

/* Candidates for RTCP: the offerer wants it apart, should the answer refuse rtcp-mux. */
static bool
has_rtcp_candidate(const struct sdp *sdp, uint8_t stream)
{
	for (unsigned int i = 0; i < sdp->candidate_count; i++) {
		if (sdp->candidates[i].media == stream && sdp->candidates[i].component == 2)
			return true;
	}
	return false;
}

/*
 * Does RTCP run on the RTP port by agreement? It does when the answer takes up the offer's rtcp-mux,
 * and goes on to do so in a further offer of the same endpoint (RFC 5761 5.1.1).
 */
static bool
mux_agreed(const struct plan *plan, const struct sdp *sdp, const struct wanted *rtp)
{
	const struct sdp_media *media = &sdp->media[rtp->stream];
	const struct description *peer = negotiation_peer(plan);
	const struct dialog *dialog = plan->dialog;
	const struct opening *opening;

	if (!media->rtcp_mux)
		return false;
	if (peer)
		return peer->mux >> rtp->stream & 1;
	if (!dialog || !(dialog->committed[0].mux & dialog->committed[1].mux & 1u << rtp->stream) ||
		has_rtcp_candidate(sdp, rtp->stream))
		return false;
	opening = media_find(
		plan->worker, dialog->committed[plan->side].set, rtp->stream, rtp->component);
	return opening && opening->address == rtp->address && opening->port == rtp->port;
}

static void
want_rtcp(struct plan *plan, const struct sdp *sdp, const struct wanted *rtp)
{
	const struct sdp_media *media = &sdp->media[rtp->stream];
	struct wanted rtcp = *rtp;

	if (mux_agreed(plan, sdp, rtp))
		return;
	rtcp.component = rtp->component + 1;
	rtcp.port = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(rtp->port) + 1));
	if (media->rtcp_present && rtp->component == 1) {
		rtcp.port = rte_cpu_to_be_16(media->rtcp_port);
		if (media->rtcp_address.is_ipv4 && media->rtcp_address.ipv4)
			rtcp.address = media->rtcp_address.ipv4;
		if (rtcp.port == rtp->port && rtcp.address == rtp->address)
			return;
	}
	if (rtcp.port)
		want(plan, &rtcp);
}

static void
want_stream(struct plan *plan, const struct sdp *sdp, uint8_t stream)
{
	const struct sdp_media *media = &sdp->media[stream];
	const struct sdp_address *connection =
		media->connection.text.at ? &media->connection : &sdp->connection;
	struct wanted rtp = {.address = connection->ipv4,
		.proto = media->is_udp ? IPPROTO_UDP : IPPROTO_TCP,
		.stream = stream};
	unsigned int count = media->port_count ? media->port_count : 1;

	if (media->port == 0 || !connection->is_ipv4 || bundle_transport(sdp, stream) != stream)
		return;
	if (connection->ipv4 == 0) {
		want_kept(plan, stream);
		return;
	}
	if (!media->is_udp && media->port == 9) /* a=setup:active, RFC 4145 4.1 */
		return;
	for (unsigned int i = 0; i < sdp->candidate_count; i++) {
		if (sdp->candidates[i].media == stream)
			rtp.flags |= OPENING_ICE;
	}
	if (count > PORT_COUNT_MAX) {
		plan->too_many = true;
		count = PORT_COUNT_MAX;
	}
	for (unsigned int i = 0; i < count; i++) {
		uint32_t port = media->port + i * (media->is_rtp ? 2 : 1);

		if (port > UINT16_MAX)
			break;
		rtp.port = rte_cpu_to_be_16((uint16_t)port);
		rtp.component = (uint8_t)(2 * i + 1);
		want(plan, &rtp);
		if (media->is_rtp)
			want_rtcp(plan, sdp, &rtp);
	}
}

static void
want_candidates(struct plan *plan, const struct sdp *sdp)
{
	for (unsigned int i = 0; i < sdp->candidate_count; i++) {
		const struct sdp_candidate *candidate = &sdp->candidates[i];
		rte_be16_t port = rte_cpu_to_be_16(candidate->port);

		if (!candidate->udp || !candidate->address.is_ipv4 || candidate->port == 0 ||
			sdp->media[candidate->media].port == 0 ||
			is_wanted(plan, candidate->address.ipv4, port, IPPROTO_UDP) ||
			opening_permitted(plan, candidate->address.ipv4, port) != PERMIT_OPEN)
			continue;
		want(plan, &(struct wanted){candidate->address.ipv4, port, IPPROTO_UDP,
				   candidate->media, (uint8_t)candidate->component,
				   OPENING_CANDIDATE | OPENING_ICE, 0});
	}
}

/* List the endpoints of worker->sdp. */
void
media_want(struct plan *plan)
{
	const struct sdp *sdp = &plan->worker->sdp;

	struct description *description = &plan->description_new;

	description->held = true;
	description->mux = 0;
	bundle_describe(sdp, description);
	for (unsigned int i = 0; i < sdp->media_count; i++) {
		const struct sdp_media *media = &sdp->media[i];
		const struct sdp_address *connection =
			media->connection.text.at ? &media->connection : &sdp->connection;

		want_stream(plan, sdp, (uint8_t)i);
		if (description->streams >> i & 1 && media->rtcp_mux)
			description->mux |= (uint16_t)(1u << i);
		/* Who only sends has put the other on hold, often without any music. */
		if (description->streams >> i & 1 && media->direction != SDP_INACTIVE &&
			media->direction != SDP_SENDONLY &&
			!(connection->is_ipv4 && connection->ipv4 == 0))
			description->held = false;
	}
	want_candidates(plan, sdp);
}

/*
 * And those of a further description of the same streams (multipart/alternative, RFC 3959): what the
 * other side's answer says of a stream holds for all that describe it.
 */
void
media_want_alternative(struct plan *plan)
{
	const struct sdp *sdp = &plan->worker->sdp;

	for (unsigned int i = 0; i < sdp->media_count; i++)
		want_stream(plan, sdp, (uint8_t)i);
	want_candidates(plan, sdp);
}
