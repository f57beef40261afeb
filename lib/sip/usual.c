/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * URIs, addresses and Vias as nearly all are. Text is looked at 16 bytes at a time; what stops a
 * search (a quote, a comment, a space, a host that is none) makes the reader refuse, so that of all
 * the exceptions none has to be known here. No state but what the processor can do; each reader
 * looks at a byte a bounded number of times.
 */
#include "sip/usual_priv.h"

#ifdef USUAL_X86
#include "sip/quad_priv.h"

_Atomic int usual_state = USUAL_UNKNOWN;

bool
usual_find_out(void)
{
	const bool able = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
			  __builtin_cpu_supports("bmi2");

	/* relaxed: whoever comes second finds out the same */
	atomic_store_explicit(&usual_state, able ? USUAL_ON : USUAL_OFF, memory_order_relaxed);
	return able;
}

/* Shortest text that is looked at here: a block that ends with it is a part of it. */
enum { USUAL_LEAST = 16 };

/* Bits of the bytes in classes: both tables, by the halves of a byte, share a bit. 0x80 and up are
 * in those of which bit 7 of the second is in the first. */
USUAL_INLINE uint32_t
classes_not(__m128i block, __m128i by_low, __m128i by_high)
{
	const __m128i nibble = _mm_set1_epi8(0x0f);
	const __m128i low = _mm_shuffle_epi8(by_low, _mm_and_si128(block, nibble));
	const __m128i high =
		_mm_shuffle_epi8(by_high, _mm_and_si128(_mm_srli_epi16(block, 4), nibble));

	return (uint32_t)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128()));
}

/* Bytes that are not of SCAN_HOST: letters, digits, '%', '-', '.', '_' and 0x80 and up are. */
USUAL_INLINE uint32_t
host_stops(__m128i block)
{
	/* Bit 0: % - . in 0x20; 1: 0 to 9 in 0x30; 2: from A in 0x40 and 0x60; 3: to Z in 0x50 and
	 * 0x70; 4: _ in 0x50; 5: from 0x80 on. */
	const __m128i by_low = _mm_setr_epi8(0x2a, 0x2e, 0x2e, 0x2e, 0x2e, 0x2f, 0x2e, 0x2e, 0x2e,
		0x2e, 0x2c, 0x24, 0x24, 0x25, 0x25, 0x34);
	const __m128i by_high = _mm_setr_epi8(
		0, 0, 1, 2, 4, 0x18, 4, 8, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20);

	return classes_not(block, by_low, by_high);
}

/* Bytes at which a parameter ends, or its reading here: up to the space, and " ( , ; */
USUAL_INLINE uint32_t
parameter_stops(const char *p)
{
	const struct usual_constants *const with = usual_hidden();
	const __m256i block = _mm256_loadu_si256((const __m256i *)p);
	const __m256i space = _mm256_broadcastsi128_si256(USUAL_CONSTANT(with, space));
	const __m256i stops = _mm256_broadcastsi128_si256(USUAL_CONSTANT(with, stops));
	const __m256i control = _mm256_cmpeq_epi8(_mm256_max_epu8(block, space), space);
	const __m256i marks = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(stops, block), block);

	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(control, marks));
}

/* 32 bytes before the end may be read. */
USUAL_INLINE const char *
parameter_stop(const char *p, const char *end)
{
	uint64_t stops;

	for (; end - p > 32; p += 32) {
		stops = parameter_stops(p);
		if (stops != 0)
			return p + __builtin_ctzll(stops);
	}
	stops = (uint64_t)parameter_stops(end - 32) >> (32 - (end - p));
	return stops != 0 ? p + __builtin_ctzll(stops) : end;
}

/* First of two bytes, or the end. */
USUAL_INLINE const char *
usual_find(const char *p, const char *end, char a, char b)
{
	for (; p < end; p += 16) {
		const __m128i block = usual_block(p, end);
		const uint32_t hits = (uint32_t)_mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8(a)),
				_mm_cmpeq_epi8(block, _mm_set1_epi8(b))));

		if (hits != 0)
			return p + __builtin_ctz(hits);
	}
	return end;
}

/* Up to five digits at p; where they end, or NULL. */
USUAL_INLINE const char *
port_usual(const char *p, const char *end, struct sip_hostport *host)
{
	uint64_t text;

	if (p == end)
		return NULL;
	/* What nearly all write. */
	if (end - p >= 5 && memcmp(p, "5060", 4) == 0 && (uint8_t)(p[4] - '0') > 9) {
		host->port = 5060;
		scan_store(&host->port_text, (struct slice){p, 4});
		return p + 4;
	}
	if (end - p >= 8) {
		memcpy(&text, p, sizeof(text));
	} else {
		memcpy(&text, end - 8, sizeof(text));
		text >>= 8 * (8 - (end - p));
	}
	text ^= UINT64_C(0x3030303030303030);

	/* What is carried out of a byte that is no digit changes only those behind it. */
	const uint64_t others =
		((text + UINT64_C(0x7676767676767676)) | text) & UINT64_C(0x8080808080808080);
	const uint32_t bits = others != 0 ? (uint32_t)__builtin_ctzll(others) & ~7u : 64;

	if (bits - 8 > 4 * 8)
		return NULL;
	text <<= 64 - bits;
	text = (text * 10 + (text >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
	text = (text * 100 + (text >> 16)) & UINT64_C(0x0000ffff0000ffff);

	const uint32_t port = (uint32_t)(text * 10000 + (text >> 32));

	if (port - 1 >= UINT16_MAX)
		return NULL;
	host->port = (uint16_t)port;
	scan_store(&host->port_text, slice_of(p, p + bits / 8));
	return p + bits / 8;
}

/* Where host[:port] ends; what follows is the caller's to judge. NULL: refused. */
USUAL_INLINE const char *
hostport_usual(const char *p, const char *end, struct sip_hostport *host)
{
	const char *const start = p;
	__m128i block = usual_block(p, end);
	uint32_t length;

	if ((uint8_t)((uint8_t)_mm_cvtsi128_si32(block) - '0') <= 9) {
		if (!quad_begins(block, &host->ipv4, &length))
			return NULL;
		host->kind = SIP_HOST_IPV4;
		p += length;
	} else {
		uint32_t stops;

		for (; (stops = host_stops(block)) == 0; block = usual_block(p, end))
			p += 16;
		p += __builtin_ctz(stops);
		if (p == start)
			return NULL;
		host->kind = SIP_HOST_NAME;
		host->ipv4 = 0;
	}
	scan_store(&host->host, slice_of(start, p));
	if (p < end && *p == ':') {
		p = port_usual(p + 1, end, host);
		if (p == NULL)
			return NULL;
	} else {
		host->port = 0;
		scan_store(&host->port_text, (struct slice){NULL, 0});
	}
	scan_store(&host->text, slice_of(start, p));
	return p;
}

/* What stands behind a URI's host, from p on; a '?' at `question` or none before `end`. */
USUAL_INLINE void
uri_end_store(const char *p, const char *question, const char *end, struct sip_uri *uri)
{
	uri->scheme = SIP_SCHEME_SIP;
	scan_store(&uri->parameters, slice_of(p, question));
	scan_store(&uri->headers,
		question < end ? slice_of(question + 1, end) : (struct slice){NULL, 0});
}

/* A sip URI from p to `end`. Before that there are USUAL_LEAST bytes. */
USUAL_INLINE bool
uri_usual(const char *p, const char *end, struct sip_uri *uri)
{
	const char *at, *question;

	if (end - p < 4 || !scan_same(p, "sip:"))
		return false;
	p += 4;
	at = usual_find(p, end, '@', '@');
	if (at < end) {
		scan_store(&uri->user, slice_of(p, at));
		p = at + 1;
	} else {
		scan_store(&uri->user, (struct slice){NULL, 0});
	}
	p = hostport_usual(p, end, &uri->host);
	if (p == NULL)
		return false;
	question = end;
	if (p < end) {
		if ((*p != ';' && *p != '?') || (uint8_t)end[-1] <= ' ')
			return false;
		question = usual_find(p, end, '?', '?');
	}
	uri_end_store(p, question, end, uri);
	return true;
}

USUAL_INLINE void
slice_move(struct slice *slice, const char *from, const char *to)
{
	if (slice->at != NULL)
		slice->at = to + (slice->at - from);
}

/* One shorter than a block is read from the end of one. */
USUAL static __attribute__((noinline)) bool
usual_uri_short(struct slice text, struct sip_uri *uri)
{
	char room[USUAL_LEAST];
	const char *const end = room + USUAL_LEAST;
	const char *const copy = end - text.length;
	uint64_t first, last;

	if (text.length < 8)
		return false;
	memcpy(&first, text.at, sizeof(first));
	memcpy(&last, text.at + text.length - 8, sizeof(last));
	first = first << 8 * (15 - text.length) << 8;
	/* One store: what is read of it need not wait for two. */
	_mm_storeu_si128((__m128i *)room, _mm_set_epi64x((int64_t)last, (int64_t)first));
	if (!uri_usual(copy, end, uri))
		return false;
	slice_move(&uri->user, copy, text.at);
	slice_move(&uri->host.text, copy, text.at);
	slice_move(&uri->host.host, copy, text.at);
	slice_move(&uri->host.port_text, copy, text.at);
	slice_move(&uri->parameters, copy, text.at);
	slice_move(&uri->headers, copy, text.at);
	return true;
}

USUAL bool
usual_uri(struct slice text, struct sip_uri *uri)
{
	if (text.length < USUAL_LEAST)
		return usual_uri_short(text, uri);
	return uri_usual(text.at, text.at + text.length, uri);
}

/* The value ends at p, the end or a comma. */
USUAL_INLINE void
rest_cut(struct slice *rest, const char *p, const char *end)
{
	scan_store(rest, slice_of(p < end ? p + 1 : end, end));
}

/* Up to the first 64 bytes of a text that has USUAL_LEAST: its begin, and what begins `shift` behind. */
struct usual_text {
	const char *at;
	__m256i first, last;
	uint32_t shift;
};

USUAL_INLINE struct usual_text
usual_text_of(struct slice text)
{
	struct usual_text parts = {.at = text.at};

	if (text.length >= 32) {
		parts.shift = (text.length < 64 ? text.length : 64) - 32;
		parts.first = _mm256_loadu_si256((const __m256i *)text.at);
		parts.last = _mm256_loadu_si256((const __m256i *)(text.at + parts.shift));
	} else {
		parts.shift = text.length - 16;
		parts.first = _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)text.at));
		parts.last = _mm256_zextsi128_si256(
			_mm_loadu_si128((const __m128i *)(text.at + parts.shift)));
	}
	return parts;
}

/* Where a byte stands, from p on. */
USUAL_INLINE uint64_t
usual_marks(const struct usual_text *text, const char *p, char byte)
{
	const __m256i wanted = _mm256_set1_epi8(byte);
	const uint64_t first =
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(text->first, wanted));
	const uint64_t last = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(text->last, wanted));

	return (first | last << text->shift) & UINT64_MAX << (p - text->at);
}

/* The first of , " < ( from p on, or the end. */
USUAL_INLINE const char *
value_stop(const struct usual_text *text, const char *p, const char *end)
{
	uint64_t stops;

	if (end - text->at > 64)
		return scan_four(p, end, ',', '"', '<', '(');
	stops = usual_marks(text, p, ',') | usual_marks(text, p, '"') | usual_marks(text, p, '<') |
		usual_marks(text, p, '(');
	return stops != 0 ? text->at + (uint32_t)__builtin_ctzll(stops) : end;
}

/* The sip URI at p, behind a '<' of the text. Where its '>' is, or NULL. */
USUAL_INLINE const char *
uri_closed_usual(const struct usual_text *text, const char *p, const char *end, struct sip_uri *uri)
{
	uint64_t before, ats, questions;
	const char *close;

	if (end - p < 4 || p - text->at >= 64 || !scan_same(p, "sip:"))
		return NULL;

	const uint64_t closes = usual_marks(text, p, '>');

	if (closes == 0)
		return NULL;
	close = text->at + (uint32_t)__builtin_ctzll(closes);
	before = (closes & -closes) - 1;
	ats = usual_marks(text, p, '@') & before;
	if (ats != 0) {
		const char *const at = text->at + (uint32_t)__builtin_ctzll(ats);

		scan_store(&uri->user, slice_of(p + 4, at));
		p = at + 1;
	} else {
		scan_store(&uri->user, (struct slice){NULL, 0});
		p += 4;
	}
	/* No byte of a host or a port is a '>': they end there at the latest. */
	p = hostport_usual(p, end, &uri->host);
	if (p == NULL)
		return NULL;
	questions = 0;
	if (p != close) {
		if ((*p != ';' && *p != '?') || (uint8_t)close[-1] <= ' ')
			return NULL;
		questions = usual_marks(text, p, '?') & before;
	}
	uri_end_store(p, questions != 0 ? text->at + (uint32_t)__builtin_ctzll(questions) : close,
		close, uri);
	return close;
}

USUAL bool
usual_address(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	const char *p = rest->at, *open, *name_end, *close, *value_end;
	const char *const end = p + rest->length;

	if (rest->length < USUAL_LEAST + 1)
		return false;

	const struct usual_text text = usual_text_of(*rest);

	/* Behind a comma. */
	p += *p == ' ';
	open = name_end = p;
	if (*p == '"') {
		const uint64_t quotes =
			usual_marks(&text, p + 1, '"') | usual_marks(&text, p + 1, '\\');

		if (quotes == 0)
			return false;
		open = text.at + (uint32_t)__builtin_ctzll(quotes);
		if (end - open < 3 || *open != '"')
			return false;
		name_end = ++open;
		open += *open == ' ';
	}
	if (*open != '<')
		return false;
	close = uri_closed_usual(&text, open + 1, end, uri);
	if (close == NULL)
		return false;
	value_end = close + 1;
	if (value_end < end && *value_end == ';') {
		value_end = value_stop(&text, value_end, end);
		if ((uint8_t)value_end[-1] <= ' ')
			return false;
	}
	if (value_end < end && *value_end != ',')
		return false;
	address->star = false;
	address->bracketed = true;
	scan_store(&address->display, slice_of(p, name_end));
	scan_store(&address->uri, slice_of(open + 1, close));
	scan_store(&address->parameters, slice_of(close + 1, value_end));
	rest_cut(rest, value_end, end);
	return true;
}

/* Does the text at p, of which so much is left, begin with this? */
USUAL_INLINE bool
begins(const char *p, const char *end, const char *word)
{
	return (size_t)(end - p) >= __builtin_strlen(word) && scan_same(p, word);
}

/* The Via parameter of [p, end), which has no quote and no space in it. False: refused. */
USUAL_INLINE bool
via_parameter_usual(const char *p, const char *end, struct sip_via_parameters *found)
{
	uint64_t port;

	switch (p < end ? *p | 0x20 : 0) {
	case 'b':
		if (begins(p, end, "branch=") && found->branch.at == NULL) {
			scan_store(&found->branch, slice_of(p + 7, end));
			return true;
		}
		return false;
	case 'r':
		if (begins(p, end, "received=") && found->received.at == NULL) {
			scan_store(&found->received, slice_of(p + 9, end));
			return true;
		}
		if (!begins(p, end, "rport") || found->rport.at != NULL)
			return false;
		if (end - p == 5) {
			scan_store(&found->rport, slice_of(end, end));
			return true;
		}
		if (p[5] != '=')
			return false;
		scan_store(&found->rport, slice_of(p + 6, end));
		if (slice_number(found->rport, UINT16_MAX, &port))
			found->rport_number = (uint16_t)port;
		return true;
	case 'm':
		return !begins(p, end, "maddr");
	case 't':
		return !begins(p, end, "ttl");
	}
	return true;
}

USUAL bool
usual_via(struct slice *rest, struct sip_via *via, struct sip_via_parameters *found)
{
	const struct slice none = {NULL, 0};
	const char *p = rest->at, *start, *stop;
	const char *const end = p + rest->length;

	if (rest->length < 2 * USUAL_LEAST)
		return false;
	/* Behind a comma. */
	p += *p == ' ';
	if (memcmp(p, "SIP/2.0/", 8) != 0 ||
		(memcmp(p + 8, "UDP ", 4) != 0 && memcmp(p + 8, "TCP ", 4) != 0 &&
			memcmp(p + 8, "TLS ", 4) != 0))
		return false;
	start = hostport_usual(p + 12, end, &via->sent_by);
	if (start == NULL)
		return false;
	scan_store(&found->branch, none);
	scan_store(&found->received, none);
	scan_store(&found->rport, none);
	scan_store(&found->maddr, none);
	scan_store(&found->ttl, none);
	found->rport_number = 0;
	for (stop = start; stop < end && *stop == ';';) {
		const char *const name = stop + 1;

		if (name < end && *name == ';') {
			stop = name;
			continue;
		}
		/* A name of one letter is none that counts: no search that is to be waited for. */
		if (end - name >= 2 && name[1] == ';' && scan_is(*name, SCAN_TOKEN)) {
			stop = name + 1;
			continue;
		}
		stop = parameter_stop(name, end);
		if (!via_parameter_usual(name, stop, found))
			return false;
	}
	/* Within <> a comma is none that parts values. */
	if (stop < end && (*stop != ',' || memchr(start, '<', (size_t)(stop - start)) != NULL))
		return false;
	scan_store(&via->transport, slice_of(p + 8, p + 11));
	scan_store(&via->parameters, slice_of(start, stop));
	rest_cut(rest, stop, end);
	return true;
}
#endif
