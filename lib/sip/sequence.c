/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CSeq, RSeq and RAck. No state; linear.
 */
#include "sip/sequence.h"
#include "sip/uri_priv.h"

/* 1*DIGIT LWS; where the next field begins, or NULL. */
static inline const char *
field_read(const char *p, const char *end, uint32_t max, uint32_t *field)
{
	uint64_t number;

	if (!number_read(&p, end, max, &number) || p == end || !scan_is(*p, SCAN_LWS))
		return NULL;
	*field = (uint32_t)number;
	return scan_space(p, end);
}

static inline bool
cseq_read(const char *p, const char *end, struct sip_cseq *cseq)
{
	p = field_read(p, end, SIP_CSEQ_MAX, &cseq->number);
	if (p == NULL || p == end || scan_class_end(p, end, SCAN_TOKEN) != end)
		return false;
	cseq->method_text = slice_of(p, end);
	cseq->method = sip_method_of(cseq->method_text);
	return true;
}

bool
sip_cseq_parse(struct slice value, struct sip_cseq *cseq)
{
	const struct slice text = slice_trim(value);

	return text.length > 0 && cseq_read(text.at, text.at + text.length, cseq);
}

bool
sip_rack_parse(struct slice value, struct sip_rack *rack)
{
	const struct slice text = slice_trim(value);
	const char *const end = text.at + text.length;
	const char *p;

	if (text.length == 0)
		return false;
	p = field_read(text.at, end, UINT32_MAX, &rack->response);
	return p != NULL && rack->response > 0 && cseq_read(p, end, &rack->cseq);
}

bool
sip_rseq_parse(struct slice value, uint32_t *response)
{
	uint64_t number;

	if (!slice_number(slice_trim(value), UINT32_MAX, &number) || number == 0)
		return false;
	*response = (uint32_t)number;
	return true;
}
