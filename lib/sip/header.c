/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header names to numbers: a perfect hash of length, first and last letter leads to the one name it
 * can be, and one compare of 16 bytes settles it. Letter case goes by OR 0x20: of the bytes that a
 * name's letter or '-' could be confused with that way only CR is left, and a CR would have ended
 * the line. A new name that collides is told by the compiler (-Woverride-init); the multipliers
 * are then to be searched anew.
 */
#include "sip/header_priv.h"

enum { NAME_SLOT_BITS = 6, NAME_SLOTS = 1 << NAME_SLOT_BITS, NAME_SIZE = 24 };

struct header_name {
	char text[NAME_SIZE];
	uint16_t length;
	uint16_t id;
};

static const struct header_name names[NAME_SLOTS] = {
	[0] = {"path", 4, SIP_HEADER_PATH},
	[2] = {"join", 4, SIP_HEADER_JOIN},
	[3] = {"call-id", 7, SIP_HEADER_CALL_ID},
	[5] = {"identity", 8, SIP_HEADER_IDENTITY},
	[7] = {"supported", 9, SIP_HEADER_SUPPORTED},
	[8] = {"p-preferred-identity", 20, SIP_HEADER_P_PREFERRED_IDENTITY},
	[9] = {"p-asserted-identity", 19, SIP_HEADER_P_ASSERTED_IDENTITY},
	[13] = {"content-type", 12, SIP_HEADER_CONTENT_TYPE},
	[14] = {"remote-party-id", 15, SIP_HEADER_REMOTE_PARTY_ID},
	[16] = {"contact", 7, SIP_HEADER_CONTACT},
	[17] = {"refer-to", 8, SIP_HEADER_REFER_TO},
	[18] = {"service-route", 13, SIP_HEADER_SERVICE_ROUTE},
	[19] = {"rack", 4, SIP_HEADER_RACK},
	[20] = {"replaces", 8, SIP_HEADER_REPLACES},
	[22] = {"identity-info", 13, SIP_HEADER_IDENTITY_INFO},
	[23] = {"subject", 7, SIP_HEADER_SUBJECT},
	[24] = {"allow-events", 12, SIP_HEADER_ALLOW_EVENTS},
	[25] = {"diversion", 9, SIP_HEADER_DIVERSION},
	[27] = {"content-disposition", 19, SIP_HEADER_CONTENT_DISPOSITION},
	[29] = {"reject-contact", 14, SIP_HEADER_REJECT_CONTACT},
	[30] = {"min-expires", 11, SIP_HEADER_MIN_EXPIRES},
	[32] = {"expires", 7, SIP_HEADER_EXPIRES},
	[34] = {"cseq", 4, SIP_HEADER_CSEQ},
	[35] = {"record-route", 12, SIP_HEADER_RECORD_ROUTE},
	[36] = {"target-dialog", 13, SIP_HEADER_TARGET_DIALOG},
	[37] = {"allow", 5, SIP_HEADER_ALLOW},
	[38] = {"accept-contact", 14, SIP_HEADER_ACCEPT_CONTACT},
	[39] = {"history-info", 12, SIP_HEADER_HISTORY_INFO},
	[41] = {"content-encoding", 16, SIP_HEADER_CONTENT_ENCODING},
	[42] = {"require", 7, SIP_HEADER_REQUIRE},
	[45] = {"route", 5, SIP_HEADER_ROUTE},
	[46] = {"via", 3, SIP_HEADER_VIA},
	[48] = {"from", 4, SIP_HEADER_FROM},
	[49] = {"request-disposition", 19, SIP_HEADER_REQUEST_DISPOSITION},
	[52] = {"event", 5, SIP_HEADER_EVENT},
	[53] = {"referred-by", 11, SIP_HEADER_REFERRED_BY},
	[56] = {"rseq", 4, SIP_HEADER_RSEQ},
	[57] = {"min-se", 6, SIP_HEADER_MIN_SE},
	[58] = {"to", 2, SIP_HEADER_TO},
	[59] = {"session-expires", 15, SIP_HEADER_SESSION_EXPIRES},
	[61] = {"content-length", 14, SIP_HEADER_CONTENT_LENGTH},
	[62] = {"warning", 7, SIP_HEADER_WARNING},
};

static inline uint32_t
name_slot(const char *at, uint32_t length)
{
	const uint32_t first = (uint8_t)at[0] | 0x20, last = (uint8_t)at[length - 1] | 0x20;

	return (length * 0xfa80ed39 + first * 0xc1af82a3 + last * 0x43541566) >>
	       (32 - NAME_SLOT_BITS);
}

/* All short forms of the IANA registry (RFC 3261 7.3.3, 3515, 3841, 3892, 4028, 4474, 6665, 8224). */
static const uint8_t short_names[256] = {
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

static inline bool
name_equal(struct slice name, const char *end, const struct header_name *known)
{
#ifdef __SSE2__
	if (end - name.at >= 16) {
		const __m128i text = _mm_or_si128(
			_mm_loadu_si128((const __m128i *)name.at), _mm_set1_epi8(0x20));
		const __m128i same =
			_mm_cmpeq_epi8(text, _mm_loadu_si128((const __m128i *)known->text));
		const uint32_t wanted = name.length < 16 ? (1u << name.length) - 1 : 0xffff;

		if (((uint32_t)_mm_movemask_epi8(same) & wanted) != wanted)
			return false;
		return name.length <= 16 || slice_is(name, known->text);
	}
#endif
	return slice_is(name, known->text);
}

enum sip_header_id
header_id(struct slice name, const char *end)
{
	if (name.length == 1)
		return short_names[(uint8_t)*name.at | 0x20];

	const struct header_name *const known = &names[name_slot(name.at, name.length)];

	if (known->length != name.length || !name_equal(name, end, known))
		return SIP_HEADER_OTHER;
	return known->id;
}
