/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header names to numbers: a perfect hash of length, first and last letter leads to the one name it
 * can be, and one compare of 16 bytes settles it. Letter case goes by OR 0x20: of the bytes that a
 * name's letter or '-' could be confused with that way only CR is left, and a CR would have ended
 * the line. A new name that collides is told by the compiler (-Woverride-init); the multipliers
 * are then to be searched anew.
 */
#include "sip/header_priv.h"

enum { NAME_SLOTS = 64, NAME_SIZE = 24 };

struct header_name {
	char text[NAME_SIZE];
	uint16_t length;
	uint16_t id;
};

static const struct header_name names[NAME_SLOTS] = {
	[1] = {"remote-party-id", 15, SIP_HEADER_REMOTE_PARTY_ID},
	[3] = {"rseq", 4, SIP_HEADER_RSEQ},
	[4] = {"call-id", 7, SIP_HEADER_CALL_ID},
	[6] = {"via", 3, SIP_HEADER_VIA},
	[10] = {"content-disposition", 19, SIP_HEADER_CONTENT_DISPOSITION},
	[11] = {"diversion", 9, SIP_HEADER_DIVERSION},
	[12] = {"p-asserted-identity", 19, SIP_HEADER_P_ASSERTED_IDENTITY},
	[13] = {"rack", 4, SIP_HEADER_RACK},
	[14] = {"cseq", 4, SIP_HEADER_CSEQ},
	[20] = {"contact", 7, SIP_HEADER_CONTACT},
	[21] = {"refer-to", 8, SIP_HEADER_REFER_TO},
	[23] = {"content-length", 14, SIP_HEADER_CONTENT_LENGTH},
	[27] = {"from", 4, SIP_HEADER_FROM},
	[28] = {"path", 4, SIP_HEADER_PATH},
	[31] = {"record-route", 12, SIP_HEADER_RECORD_ROUTE},
	[33] = {"expires", 7, SIP_HEADER_EXPIRES},
	[34] = {"require", 7, SIP_HEADER_REQUIRE},
	[35] = {"session-expires", 15, SIP_HEADER_SESSION_EXPIRES},
	[37] = {"p-preferred-identity", 20, SIP_HEADER_P_PREFERRED_IDENTITY},
	[38] = {"supported", 9, SIP_HEADER_SUPPORTED},
	[42] = {"content-type", 12, SIP_HEADER_CONTENT_TYPE},
	[43] = {"history-info", 12, SIP_HEADER_HISTORY_INFO},
	[48] = {"route", 5, SIP_HEADER_ROUTE},
	[51] = {"service-route", 13, SIP_HEADER_SERVICE_ROUTE},
	[53] = {"to", 2, SIP_HEADER_TO},
	[57] = {"replaces", 8, SIP_HEADER_REPLACES},
	[58] = {"referred-by", 11, SIP_HEADER_REFERRED_BY},
};

static inline uint32_t
name_slot(const char *at, uint32_t length)
{
	const uint32_t first = (uint8_t)at[0] | 0x20, last = (uint8_t)at[length - 1] | 0x20;

	return (length * 25 + first * 59 + last * 41) % NAME_SLOTS;
}

/* Short forms of the IANA registry for headers that have a number here (RFC 3261 7.3.3, 3515, 3892,
 * 4028); a, d, e, j, n, o, s, u and y stand for headers that are only kept. */
static const uint8_t short_names[256] = {
	['b'] = SIP_HEADER_REFERRED_BY,
	['c'] = SIP_HEADER_CONTENT_TYPE,
	['f'] = SIP_HEADER_FROM,
	['i'] = SIP_HEADER_CALL_ID,
	['k'] = SIP_HEADER_SUPPORTED,
	['l'] = SIP_HEADER_CONTENT_LENGTH,
	['m'] = SIP_HEADER_CONTACT,
	['r'] = SIP_HEADER_REFER_TO,
	['t'] = SIP_HEADER_TO,
	['v'] = SIP_HEADER_VIA,
	['x'] = SIP_HEADER_SESSION_EXPIRES,
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
