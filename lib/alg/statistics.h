/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIP statistics: a block for each worker and pair of zones, written by that worker alone, summed by
 * readers. Methods and response classes of the feature description "SIP ALG Hardening for NAT and
 * Firewall", plus PRACK and UPDATE. Every message received on a SIP flow is counted exactly once,
 * before anything else is decided about it.
 *
 * The pair of a request is the way it goes: from its source's zone to its destination's. A response
 * counts for the pair of its request, and what happens to a call for the pair of the INVITE that
 * began it, so that a call opened for one pair is not closed for another.
 */
#ifndef ALG_STATISTICS_H
#define ALG_STATISTICS_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_common.h>

#include "sip/message.h"
#include "sip/multipart.h"
#include "sip/sdp.h"

/* X(ENUM, "name") or X(ENUM, "name", "meaning"): names are those of the telemetry answer. */
#define SIP_METHOD_COUNTERS(X) \
	X(ACK, "ACK") \
	X(BYE, "BYE") \
	X(CANCEL, "CANCEL") \
	X(INFO, "INFO") \
	X(INVITE, "INVITE") \
	X(MESSAGE, "MESSAGE") \
	X(NOTIFY, "NOTIFY") \
	X(OPTIONS, "OPTIONS") \
	X(PRACK, "PRACK") \
	X(PUBLISH, "PUBLISH") \
	X(REFER, "REFER") \
	X(REGISTER, "REGISTER") \
	X(SUBSCRIBE, "SUBSCRIBE") \
	X(UPDATE, "UPDATE") \
	X(OTHER_METHOD, "other_methods")

#define SIP_RESPONSE_COUNTERS(X) \
	X(R100, "100") \
	X(R180, "180") \
	X(R183, "183") \
	X(R1XX, "other_1xx") \
	X(R200, "200") \
	X(R2XX, "other_2xx") \
	X(R3XX, "3xx") \
	X(R4XX, "4xx") \
	X(R5XX, "5xx") \
	X(R6XX, "6xx")

/* 200 by the method of its request; these are among "200", too. ACK has no response. */
#define SIP_OK_COUNTERS(X) \
	X(OK_BYE, "200_BYE") \
	X(OK_CANCEL, "200_CANCEL") \
	X(OK_INFO, "200_INFO") \
	X(OK_INVITE, "200_INVITE") \
	X(OK_MESSAGE, "200_MESSAGE") \
	X(OK_NOTIFY, "200_NOTIFY") \
	X(OK_OPTIONS, "200_OPTIONS") \
	X(OK_PRACK, "200_PRACK") \
	X(OK_PUBLISH, "200_PUBLISH") \
	X(OK_REFER, "200_REFER") \
	X(OK_REGISTER, "200_REGISTER") \
	X(OK_SUBSCRIBE, "200_SUBSCRIBE") \
	X(OK_UPDATE, "200_UPDATE") \
	X(OK_OTHER, "200_other_methods")

#define SIP_EVENT_COUNTERS(X) \
	X(CALL_MADE, "call_made", "call records made") \
	X(CALL_ENDED, "call_ended", "call records that have ended, in any way") \
	X(CALL_TIMED_OUT, "call_timed_out", "of those: by a timer, and not by a message") \
	X(MEDIA_OPENED, "media_opened", "media endpoints opened, RTP and RTCP each") \
	X(MEDIA_CLOSED, "media_closed", "media endpoints closed") \
	X(EDITED, "messages_edited", "messages that left with another text than they came with") \
	X(UNEDITED, "messages_unedited", "messages that left as they came") \
	X(KEEPALIVE, "keepalives", \
		"keepalives: messages of line ends, spaces or zeros, or empty ones") \
	X(NO_RECORD, "without_record", "messages of no call that is known, and that begin none") \
	X(RETRANSMISSION, "retransmissions", "INVITEs that came again") \
	X(REINVITE, "reinvites", "INVITEs with a To tag") \
	X(STRAY_RESPONSE, "stray_responses", "responses to no request that was seen") \
	X(MEDIA_FOREIGN, "media_left_alone", \
		"media addresses left as they are: their way is not through here") \
	X(MEDIA_REFUSED, "media_refused", \
		"media addresses for which nothing was opened: policy, or sip.media_hosts")

#define SIP_ERROR_COUNTERS(X) \
	X(MALFORMED, "malformed", "messages or descriptions that are wrong, of any kind") \
	X(NO_CALL, "no_call_record", "messages dropped: no record for the call that they begin") \
	X(NO_PORT, "no_port", "messages dropped: no free outside port") \
	X(NO_DOOR, "no_door", "doors that could not be opened") \
	X(NO_PINHOLE, "no_pinhole", "pinholes that could not be opened") \
	X(NO_CONTACT, "no_contact_record", \
		"registrations granted that found no room: they are not listed") \
	X(NO_ENDPOINT, "no_endpoint_record", \
		"messages dropped: no record for an endpoint of media or signalling") \
	X(TOO_LONG, "too_long", "messages dropped: the text that they become finds no room") \
	X(TOO_MANY_MEDIA, "too_many_media", "descriptions with more media than is kept") \
	X(TOO_MANY_DIALOGS, "too_many_dialogs", "answers of more than 16 dialogs of a call") \
	X(TOO_MANY_CONTACTS, "too_many_contacts", \
		"messages with, or for, more Contacts than are looked at")

#define SIP_LIMIT_COUNTERS(X) \
	X(LIMIT_HOST_CALLS, "limit_calls_per_host", "calls refused: sip.max_calls_per_host") \
	X(LIMIT_PENDING, "limit_pending_calls", "calls refused: sip.max_pending_calls") \
	X(LIMIT_OPENINGS, "limit_doors_per_call", "messages refused: sip.max_doors_per_call") \
	X(LIMIT_ENDPOINTS, "limit_endpoints_per_message", \
		"messages refused: more than 192 signalling endpoints") \
	X(LIMIT_HOST_PORTS, "limit_host_ports", \
		"messages refused: nat.rules[].max_ports_per_host or nat.pools[].blocks_per_host") \
	X(LIMIT_HOST_RATE, "limit_host_rate", "messages refused: nat.rules[].max_new_per_second") \
	X(BLACKLISTED_HOSTS, "blacklisted_hosts", \
		"times that a host was blacklisted: sip.blacklist") \
	X(BLACKLISTED, "blacklisted_messages", \
		"messages of blacklisted hosts, unread; drop reason `sip_blacklisted`")

/* Each way in which a message, its description or its body can be wrong follows: "error_",
 * "sdp_error_" and "body_error_" with the name of lib/sip. */
enum sip_counter {
#define X(id, name) SIP_COUNT_##id,
	SIP_METHOD_COUNTERS(X) SIP_RESPONSE_COUNTERS(X) SIP_OK_COUNTERS(X)
#undef X
#define X(id, name, meaning) SIP_COUNT_##id,
		SIP_EVENT_COUNTERS(X) SIP_ERROR_COUNTERS(X) SIP_LIMIT_COUNTERS(X)
#undef X
#define X(id, name, meaning) SIP_COUNT_ERROR_##id,
			SIP_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) SIP_COUNT_SDP_ERROR_##id,
				SDP_ERROR_LIST(X)
#undef X
#define X(id, name, meaning) SIP_COUNT_BODY_ERROR_##id,
					MULTIPART_ERROR_LIST(X)
#undef X
						SIP_COUNTERS
};

_Static_assert(SIP_COUNT_ERROR_VIA - SIP_COUNT_ERROR_EMPTY == SIP_ERROR_VIA - SIP_ERROR_EMPTY &&
		       SIP_ERROR_EMPTY == 1 && SDP_ERROR_NOT_SDP == 1 && MULTIPART_ERROR_TYPE == 1,
	"counters are found by the error's number");

struct sip_statistics {
	_Atomic uint64_t count[SIP_COUNTERS];
} __rte_cache_aligned;

struct alg;

/** Sum over workers and pairs, since the last clear; any thread. */
uint64_t sip_statistics_sum(const struct alg *alg, enum sip_counter counter);

/** The same of one pair of zones; 0 for zones that do not exist. Any thread. */
uint64_t sip_statistics_pair(const struct alg *alg, uint8_t source_zone, uint8_t destination_zone,
	enum sip_counter counter);

/** "clear sip statistics": sums begin at 0. The counters themselves only grow. Any thread. */
void sip_statistics_clear(struct alg *alg);

const char *sip_counter_name(enum sip_counter counter);

#endif
