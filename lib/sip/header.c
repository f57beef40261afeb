/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header names to numbers. A name is chosen by its length, then compared as two words of eight
 * bytes, its head and its tail, which overlap in names under 16; longer names are compared whole
 * afterwards. Letter case goes by OR 0x20: of the bytes that a name's letter or '-' could be
 * confused with that way only CR is left, and a CR would have ended the line.
 */
#include "sip/header_priv.h"

struct header_name {
	char head[8], tail[8];
	const char *whole; /* names over 16 bytes */
	uint16_t id;
};

/* Grouped by length. Under eight bytes: head and tail of four; under four: first two and last. */
static const struct header_name names[] = {
	{"too", "", NULL, SIP_HEADER_TO},
	{"via", "", NULL, SIP_HEADER_VIA},
	{"fromfrom", "", NULL, SIP_HEADER_FROM},
	{"cseqcseq", "", NULL, SIP_HEADER_CSEQ},
	{"pathpath", "", NULL, SIP_HEADER_PATH},
	{"rackrack", "", NULL, SIP_HEADER_RACK},
	{"rseqrseq", "", NULL, SIP_HEADER_RSEQ},
	{"routoute", "", NULL, SIP_HEADER_ROUTE},
	{"conttact", "", NULL, SIP_HEADER_CONTACT},
	{"calll-id", "", NULL, SIP_HEADER_CALL_ID},
	{"expiires", "", NULL, SIP_HEADER_EXPIRES},
	{"requuire", "", NULL, SIP_HEADER_REQUIRE},
	{"refer-to", "refer-to", NULL, SIP_HEADER_REFER_TO},
	{"replaces", "replaces", NULL, SIP_HEADER_REPLACES},
	{"supporte", "upported", NULL, SIP_HEADER_SUPPORTED},
	{"diversio", "iversion", NULL, SIP_HEADER_DIVERSION},
	{"referred", "erred-by", NULL, SIP_HEADER_REFERRED_BY},
	{"content-", "ent-type", NULL, SIP_HEADER_CONTENT_TYPE},
	{"record-r", "rd-route", NULL, SIP_HEADER_RECORD_ROUTE},
	{"history-", "ory-info", NULL, SIP_HEADER_HISTORY_INFO},
	{"service-", "ce-route", NULL, SIP_HEADER_SERVICE_ROUTE},
	{"content-", "t-length", NULL, SIP_HEADER_CONTENT_LENGTH},
	{"session-", "-expires", NULL, SIP_HEADER_SESSION_EXPIRES},
	{"remote-p", "party-id", NULL, SIP_HEADER_REMOTE_PARTY_ID},
	{"p-assert", "identity", "p-asserted-identity", SIP_HEADER_P_ASSERTED_IDENTITY},
	{"content-", "position", "content-disposition", SIP_HEADER_CONTENT_DISPOSITION},
	{"p-prefer", "identity", "p-preferred-identity", SIP_HEADER_P_PREFERRED_IDENTITY},
};

enum { NAME_LENGTH_MAX = 20 };

/* Where the names of a length begin; they end where the next length begins. */
static const uint8_t names_by_length[NAME_LENGTH_MAX + 2] = {0, 0, 0, 1, 2, 7, 8, 8, 12, 14, 16, 16,
	17, 20, 21, 22, 24, 24, 24, 24, 26, 27};
_Static_assert(sizeof(names) / sizeof(names[0]) == 27, "names_by_length goes by the table above");

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

static inline uint64_t
word_load(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

enum sip_header_id
header_id(struct slice name)
{
	const uint64_t lower = 0x2020202020202020;
	const char *const at = name.at;
	const uint32_t length = name.length;
	uint64_t head, tail = 0;

	if (length > NAME_LENGTH_MAX)
		return SIP_HEADER_OTHER;
	if (length >= 8) {
		head = word_load(at) | lower;
		tail = word_load(at + length - 8) | lower;
	} else if (length >= 4) {
		char bytes[8];

		memcpy(bytes, at, 4);
		memcpy(bytes + 4, at + length - 4, 4);
		head = word_load(bytes) | lower;
	} else if (length >= 2) {
		const char bytes[8] = {(char)(at[0] | 0x20), (char)(at[1] | 0x20),
			(char)(at[length - 1] | 0x20)};

		head = word_load(bytes);
	} else {
		return length == 0 ? SIP_HEADER_OTHER : short_names[(uint8_t)at[0] | 0x20];
	}

	for (uint32_t i = names_by_length[length]; i < names_by_length[length + 1]; i++) {
		if (word_load(names[i].head) != head || word_load(names[i].tail) != tail)
			continue;
		if (names[i].whole == NULL || slice_is(name, names[i].whole))
			return names[i].id;
	}
	return SIP_HEADER_OTHER;
}
