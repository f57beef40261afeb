/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that order requests and reliable responses: CSeq (RFC 3261 20.16), RSeq and RAck
 * (RFC 3262 7.1, 7.2). Leading zeros do not count; a CSeq from 2^31 on and others over 32 bits are
 * refused.
 */
#ifndef SIP_SEQUENCE_H
#define SIP_SEQUENCE_H

#include "message.h"

struct sip_cseq {
	uint32_t number;
	enum sip_method method;
	struct slice method_text;
};

/** False when it is no number, spaces and a method. */
bool sip_cseq_parse(struct slice value, struct sip_cseq *cseq);

struct sip_rack {
	uint32_t response; /* RSeq of the response that is acknowledged */
	struct sip_cseq cseq; /* of the request that it answered */
};

/** False when it is malformed; RSeq begins at 1. */
bool sip_rack_parse(struct slice value, struct sip_rack *rack);

/** False when it is no number from 1 to 2^32 - 1. */
bool sip_rseq_parse(struct slice value, uint32_t *response);

#endif
