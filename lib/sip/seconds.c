/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delta-seconds and the session timer. No state; linear.
 */
#include "sip/seconds.h"
#include "sip/uri_priv.h"

/* Behind the digits and spaces, or NULL. */
static const char *
seconds_read(const char *p, const char *end, uint32_t *seconds)
{
	uint64_t number;

	if (!number_read(&p, end, UINT32_MAX, &number))
		return NULL;
	*seconds = (uint32_t)number;
	return scan_space(p, end);
}

bool
sip_seconds_parse(struct slice value, uint32_t *seconds)
{
	const struct slice text = slice_trim(value);
	const char *const end = text.at + text.length;
	const char *p;

	if (text.length == 0)
		return false;
	p = seconds_read(text.at, end, seconds);
	return p != NULL && (p == end || *p == ';' || *p == '(');
}

bool
sip_session_expires_parse(struct slice value, struct sip_session_expires *session)
{
	const struct slice text = slice_trim(value);
	const char *const end = text.at + text.length;
	struct slice refresher;
	const char *p;

	if (text.length == 0)
		return false;
	p = seconds_read(text.at, end, &session->seconds);
	if (p == NULL || (p < end && *p != ';'))
		return false;
	session->parameters = slice_of(p, end);
	session->refresher = SIP_REFRESHER_NONE;
	if (!sip_parameter_find(session->parameters, "refresher", &refresher))
		return true;
	if (scan_word(refresher, "uac"))
		session->refresher = SIP_REFRESHER_UAC;
	else if (scan_word(refresher, "uas"))
		session->refresher = SIP_REFRESHER_UAS;
	return true;
}
