/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header names to numbers: a perfect hash of the length and the first three letters leads to the one
 * name it can be, and one compare settles it. Letter case goes by OR 0x20: of the bytes that a name's
 * letter or '-' could be confused with that way only CR is left, which a line's name has none of. A new name that collides is told by the compiler (-Woverride-init); the multiplier
 * is then to be searched anew.
 */
#include "sip/header_priv.h"

const struct header_name header_names[HEADER_NAME_SLOTS] = {
	[1] = {"content-encoding:", 16, SIP_HEADER_CONTENT_ENCODING},
	[2] = {"subject:", 7, SIP_HEADER_SUBJECT},
	[3] = {"route:", 5, SIP_HEADER_ROUTE},
	[4] = {"allow-events:", 12, SIP_HEADER_ALLOW_EVENTS},
	[6] = {"referred-by:", 11, SIP_HEADER_REFERRED_BY},
	[7] = {"diversion:", 9, SIP_HEADER_DIVERSION},
	[8] = {"allow:", 5, SIP_HEADER_ALLOW},
	[9] = {"supported:", 9, SIP_HEADER_SUPPORTED},
	[10] = {"require:", 7, SIP_HEADER_REQUIRE},
	[11] = {"reject-contact:", 14, SIP_HEADER_REJECT_CONTACT},
	[13] = {"rseq:", 4, SIP_HEADER_RSEQ},
	[15] = {"session-expires:", 15, SIP_HEADER_SESSION_EXPIRES},
	[17] = {"p-preferred-identity:", 20, SIP_HEADER_P_PREFERRED_IDENTITY},
	[21] = {"to:", 2, SIP_HEADER_TO},
	[23] = {"event:", 5, SIP_HEADER_EVENT},
	[27] = {"content-disposition:", 19, SIP_HEADER_CONTENT_DISPOSITION},
	[28] = {"warning:", 7, SIP_HEADER_WARNING},
	[31] = {"content-type:", 12, SIP_HEADER_CONTENT_TYPE},
	[33] = {"call-id:", 7, SIP_HEADER_CALL_ID},
	[34] = {"join:", 4, SIP_HEADER_JOIN},
	[35] = {"service-route:", 13, SIP_HEADER_SERVICE_ROUTE},
	[36] = {"remote-party-id:", 15, SIP_HEADER_REMOTE_PARTY_ID},
	[37] = {"min-expires:", 11, SIP_HEADER_MIN_EXPIRES},
	[38] = {"from:", 4, SIP_HEADER_FROM},
	[39] = {"via:", 3, SIP_HEADER_VIA},
	[41] = {"cseq:", 4, SIP_HEADER_CSEQ},
	[42] = {"identity-info:", 13, SIP_HEADER_IDENTITY_INFO},
	[43] = {"path:", 4, SIP_HEADER_PATH},
	[44] = {"refer-to:", 8, SIP_HEADER_REFER_TO},
	[46] = {"expires:", 7, SIP_HEADER_EXPIRES},
	[47] = {"target-dialog:", 13, SIP_HEADER_TARGET_DIALOG},
	[48] = {"content-length:", 14, SIP_HEADER_CONTENT_LENGTH},
	[49] = {"request-disposition:", 19, SIP_HEADER_REQUEST_DISPOSITION},
	[52] = {"contact:", 7, SIP_HEADER_CONTACT},
	[54] = {"accept-contact:", 14, SIP_HEADER_ACCEPT_CONTACT},
	[55] = {"p-asserted-identity:", 19, SIP_HEADER_P_ASSERTED_IDENTITY},
	[56] = {"replaces:", 8, SIP_HEADER_REPLACES},
	[58] = {"min-se:", 6, SIP_HEADER_MIN_SE},
	[59] = {"rack:", 4, SIP_HEADER_RACK},
	[60] = {"history-info:", 12, SIP_HEADER_HISTORY_INFO},
	[62] = {"record-route:", 12, SIP_HEADER_RECORD_ROUTE},
	[63] = {"identity:", 8, SIP_HEADER_IDENTITY},
};

/* All short forms of the IANA registry (RFC 3261 7.3.3, 3515, 3841, 3892, 4028, 4474, 6665, 8224). */
const uint8_t header_short_names[256] = {
	['a'] = SIP_HEADER_ACCEPT_CONTACT,
	['b'] = SIP_HEADER_REFERRED_BY,
	['c'] = SIP_HEADER_CONTENT_TYPE,
	['d'] = SIP_HEADER_REQUEST_DISPOSITION,
	['e'] = SIP_HEADER_CONTENT_ENCODING,
	['f'] = SIP_HEADER_FROM,
	['i'] = SIP_HEADER_CALL_ID,
	['j'] = SIP_HEADER_REJECT_CONTACT,
	['k'] = SIP_HEADER_SUPPORTED,
	['l'] = SIP_HEADER_CONTENT_LENGTH,
	['m'] = SIP_HEADER_CONTACT,
	['n'] = SIP_HEADER_IDENTITY_INFO,
	['o'] = SIP_HEADER_EVENT,
	['r'] = SIP_HEADER_REFER_TO,
	['s'] = SIP_HEADER_SUBJECT,
	['t'] = SIP_HEADER_TO,
	['u'] = SIP_HEADER_ALLOW_EVENTS,
	['v'] = SIP_HEADER_VIA,
	['x'] = SIP_HEADER_SESSION_EXPIRES,
	['y'] = SIP_HEADER_IDENTITY,
};

enum sip_header_id
header_id(struct slice name)
{
	if (name.length == 1)
		return header_short_names[(uint8_t)*name.at | 0x20];

	/* Behind a name of two letters there is the colon, as far as this is concerned. */
	const uint32_t letters = (uint32_t)((uint8_t)name.at[0] | 0x20) |
				 (uint32_t)((uint8_t)name.at[1] | 0x20) << 8 |
				 (uint32_t)(name.length > 2 ? (uint8_t)name.at[2] | 0x20 : ':')
					 << 16;
	const struct header_name *const known = header_name_slot(letters, name.length);

	if (known->length != name.length)
		return SIP_HEADER_OTHER;
	for (uint32_t i = 0; i < name.length; i++) {
		if ((name.at[i] | 0x20) != known->text[i] || name.at[i] == '\r')
			return SIP_HEADER_OTHER;
	}
	return known->id;
}
