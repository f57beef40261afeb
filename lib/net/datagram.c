/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One datagram: which bytes are here, and how its fragments become one packet.
 */
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_tcp.h>

#include "datagram_priv.h"

/* What an IPv4 header says of the fragment behind it; bytes of the datagram's payload. */
struct fragment {
	uint32_t first, end;
	uint16_t header_length;
	bool last;
};

/*
 * RFC 791 3.1: only the last fragment may have an odd length. RFC 3128: no fragment of TCP begins
 * within the header, whatever the first one holds.
 */
static int
fragment_read(struct rte_mbuf *mbuf, struct fragment *fragment)
{
	const struct packet *packet = packet_of(mbuf);
	const struct rte_ipv4_hdr *ip = packet_ip(mbuf);
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);
	uint32_t length;

	fragment->header_length = (uint16_t)(packet->l4_offset - packet->ip_offset);
	fragment->last = !(field & RTE_IPV4_HDR_MF_FLAG);
	length = (uint32_t)packet->ip_length - fragment->header_length;
	fragment->first = (uint32_t)(field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
	fragment->end = fragment->first + length;
	if (length == 0 || (!fragment->last && length % RTE_IPV4_HDR_OFFSET_UNITS))
		return DROP_IP_FRAGMENT;
	if (fragment->header_length + fragment->end > UINT16_MAX)
		return DROP_FRAGMENT_TOO_LONG;
	if (ip->next_proto_id == IPPROTO_TCP && fragment->first > 0 &&
		fragment->first < sizeof(struct rte_tcp_hdr))
		return DROP_FRAGMENT_TINY;
	return DATAGRAM_ADDED;
}

/* Two fragments that both end the datagram, or one that goes on behind its end. */
static bool
end_is_contradicted(const struct datagram *datagram, const struct fragment *fragment)
{
	if (!fragment->last)
		return datagram->end != 0 && fragment->end >= datagram->end;
	return datagram->end != 0 ||
	       (datagram->count > 0 && datagram->range[datagram->count - 1].end > fragment->end);
}

/* The same bytes again, and again the last ones or not. */
static bool
is_repetition(const struct datagram *datagram, unsigned int at, const struct fragment *fragment)
{
	const struct fragment_range *range = &datagram->range[at];

	return at < datagram->count && range->first == fragment->first &&
	       range->end == fragment->end && fragment->last == (range->end == datagram->end);
}

/* Note the bytes of a fragment. Fragments mostly come in order, so places are sought from the end. */
static int
datagram_place(struct datagram *datagram, const struct fragment *fragment, uint32_t limit)
{
	struct fragment_range *range = datagram->range;
	unsigned int at = datagram->count;

	while (at > 0 && range[at - 1].first >= fragment->first)
		at--;
	if (is_repetition(datagram, at, fragment))
		return DROP_FRAGMENT_DUPLICATE;
	if ((at > 0 && range[at - 1].end > fragment->first) ||
		(at < datagram->count && range[at].first < fragment->end) ||
		end_is_contradicted(datagram, fragment))
		return DROP_FRAGMENT_OVERLAP;
	if (datagram->count == limit)
		return DROP_FRAGMENT_LIMIT;
	memmove(&range[at + 1], &range[at], (datagram->count - at) * sizeof(*range));
	range[at] = (struct fragment_range){(uint16_t)fragment->first, (uint16_t)fragment->end};
	datagram->count++;
	datagram->bytes += fragment->end - fragment->first;
	if (fragment->last)
		datagram->end = (uint16_t)fragment->end;
	datagram->header_length = RTE_MAX(datagram->header_length, fragment->header_length);
	/* The first fragment's header may be longer than that of the last one. */
	if (datagram->header_length + (uint32_t)range[datagram->count - 1].end > UINT16_MAX)
		return DROP_FRAGMENT_TOO_LONG;
	return DATAGRAM_ADDED;
}

int
datagram_add(struct thread *self, struct datagram_table *table, struct rte_mbuf *mbuf,
	struct datagram **result)
{
	struct datagram *datagram = datagram_find(table, packet_of(mbuf));
	struct fragment fragment;
	int verdict = fragment_read(mbuf, &fragment);

	if (datagram == NULL) {
		if (verdict != DATAGRAM_ADDED)
			return verdict;
		datagram = datagram_make(self, table, packet_of(mbuf));
	}
	if (datagram->state == DATAGRAM_SPOILED)
		return DROP_FRAGMENT_REFUSED;
	if (verdict == DATAGRAM_ADDED)
		verdict = datagram_place(datagram, &fragment, table->limits.fragments);
	if (verdict == DROP_FRAGMENT_DUPLICATE)
		return verdict;
	if (verdict != DATAGRAM_ADDED) {
		datagram_stop(self, table, datagram, DATAGRAM_SPOILED, (enum drop_reason)verdict);
		return verdict;
	}
	if (datagram->state == DATAGRAM_REFUSED) {
		if (datagram_is_complete(datagram))
			datagram_end(table, datagram);
		return DROP_FRAGMENT_REFUSED;
	}
	*result = datagram;
	return DATAGRAM_ADDED;
}

struct rte_mbuf *
datagram_join(struct thread *self, struct datagram_table *table, struct datagram *datagram)
{
	struct rte_mbuf *whole = datagram_take(table, datagram), *tail = rte_pktmbuf_lastseg(whole);
	struct rte_ipv4_hdr *ip = packet_ip(whole);
	struct rte_mbuf *mbuf;
	uint16_t length;

	while ((mbuf = datagram_take(table, datagram)) != NULL) {
		if ((packet_ip(mbuf)->type_of_service & RTE_IPV4_HDR_ECN_MASK) ==
			RTE_IPV4_HDR_ECN_MASK)
			ip->type_of_service |= RTE_IPV4_HDR_ECN_MASK;
		rte_pktmbuf_adj(mbuf, packet_of(mbuf)->l4_offset);
		tail->next = mbuf;
		tail = rte_pktmbuf_lastseg(mbuf);
		whole->nb_segs = (uint16_t)(whole->nb_segs + mbuf->nb_segs);
		whole->pkt_len += mbuf->pkt_len;
	}
	length = (uint16_t)(rte_ipv4_hdr_len(ip) + datagram->end);
	ip->total_length = rte_cpu_to_be_16(length);
	ip->fragment_offset = 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	packet_of(whole)->ip_length = length;
	event_count(self->counters, EVENT_DATAGRAMS_JOINED, 1);
	event_count(self->counters, EVENT_FRAGMENTS_JOINED, datagram->count);
	datagram_end(table, datagram);
	return whole;
}
