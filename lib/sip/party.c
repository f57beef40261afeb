/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From and To: who talks to whom, and the tags. No state; a value is read once.
 */
#include "sip/party_priv.h"
#include "sip/scan_priv.h"

#ifdef SCAN_SSE2
enum { PARTY_BLOCK = 64 };

/* The first of a byte in the next 64, which may all be read, or what is behind them. */
static inline __attribute__((always_inline)) const char *
party_find(const char *p, char a, char b)
{
#pragma GCC unroll 4
	for (uint32_t i = 0; i < PARTY_BLOCK; i += 16) {
		const uint32_t hits = scan_block(p + i, a, b, a, b);

		if (hits != 0)
			return p + i + __builtin_ctz(hits);
	}
	return p + PARTY_BLOCK;
}

/* The same for what ends a parameter's value: a semicolon and all up to the space. */
static inline __attribute__((always_inline)) const char *
party_value_end(const char *p)
{
	const __m128i space = _mm_set1_epi8(' '), semicolon = _mm_set1_epi8(';');

#pragma GCC unroll 4
	for (uint32_t i = 0; i < PARTY_BLOCK; i += 16) {
		const __m128i text = _mm_loadu_si128((const __m128i *)(p + i));
		const uint32_t hits = (uint32_t)_mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(text, space), space),
				_mm_cmpeq_epi8(text, semicolon)));

		if (hits != 0)
			return p + i + __builtin_ctz(hits);
	}
	return p + PARTY_BLOCK;
}

/*
 * From or To as nearly all are: a quoted name or none, an address in <>, then nothing or the tag.
 * False: to be read the long way, which leads to the same. `end`: what may be read.
 */
static inline bool
party_read_plain(
	struct slice value, const char *end, struct sip_address *address, struct slice *tag)
{
	const char *const value_end = value.at + value.length;
	const char *open = value.at, *name_end = open, *close;

	if (end - value_end < PARTY_BLOCK + 8)
		return false;
	if (*open == '"') {
		name_end = party_find(open + 1, '"', '\\');
		if (name_end >= value_end || *name_end != '"')
			return false;
		open = ++name_end;
		open += *open == ' ';
	}
	close = party_find(open, '>', '>');
	if (*open != '<' || close >= value_end || *close != '>' || (uint8_t)open[1] <= ' ' ||
		(uint8_t)close[-1] <= ' ' || close - open < 2)
		return false;

	const char *const parameters = close + 1, *const tag_at = close + 6;
	struct slice found = {NULL, 0};

	if (parameters < value_end) {
		const char *const tag_end = party_value_end(tag_at);

		if (value_end - tag_at < 1 || memcmp(parameters, ";tag=", 5) != 0 ||
			*tag_at == '"' || (uint8_t)*tag_at <= ' ' || tag_end > value_end ||
			!scan_is(*tag_end, SCAN_VALUE_END))
			return false;
		found = slice_of(tag_at, tag_end);
	}
	address->star = false;
	address->bracketed = true;
	scan_store(&address->display, slice_of(value.at, name_end));
	scan_store(&address->uri, slice_of(open + 1, close));
	scan_store(&address->parameters, slice_of(parameters, value_end));
	scan_store(tag, found);
	return true;
}
#endif

bool
party_read(const struct sip_message *message, enum sip_header_id id, struct sip_address *address,
	struct slice *tag)
{
	const struct sip_header *const header = sip_header_first(message, id);

	if (header == NULL || header->value.length == 0)
		return false;
#ifdef SCAN_SSE2
	if (party_read_plain(header->value, message->text.at + message->text.length, address, tag))
		return true;
#endif
	if (!sip_address_parse(header->value, address))
		address->uri = (struct slice){NULL, 0};
	else if (!sip_parameter_find(address->parameters, "tag", tag))
		*tag = (struct slice){NULL, 0};
	return true;
}
