/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Planning edits. Nearly always they are planned from left to right, so that whether they are in
 * order is known as they come and only a list that is not gets sorted and checked; Content-Length,
 * which can be told last only, is put into its place.
 *
 * Synchronization: none; list and message belong to one thread.
 * Limits: SIP_EDITS_MAX edits, SIP_EDIT_TEXT_MAX bytes of new text; beyond that apply refuses.
 */
#include <assert.h>

#include "sip/edit_priv.h"

#define KNOWN UINT64_C(0x100000000) /* above an address that was written */

void
sip_edits_begin(struct sip_edits *edits, const char *base)
{
	edits->base = base;
	edits->count = 0;
	edits->text_used = 0;
	edits->growth = 0;
	edits->overflow = false;
	edits->disorder = false;
	edits->long_text = false;
	edits->end = 0;
	edits->known = 0;
	edits->body_first = 0;
}

void
sip_edits_body(struct sip_edits *edits)
{
	edits->body_first = edits->count;
	edits->body_growth = edits->growth;
}

/* Is there room for one more edit, and `old` within the message? */
static inline bool
edit_fits(struct sip_edits *edits, struct slice old, uint32_t text_length)
{
	/* An absent slice, and one before the message, is far beyond its end this way. */
	const uint64_t offset = (uintptr_t)old.at - (uintptr_t)edits->base;

	static_assert((SIP_MESSAGE_MAX & (SIP_MESSAGE_MAX + 1)) == 0, "both compared at once");
	if (edits->count == SIP_EDITS_MAX || (offset | old.length) > SIP_MESSAGE_MAX ||
		(uint64_t)text_length + edits->text_used > SIP_EDIT_TEXT_MAX) {
		edits->overflow = true;
		return false;
	}
	return true;
}

/* A text's offset, and its length above, as both stand in an edit. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "both are stored as one word");

static inline uint32_t
place_of(uint32_t offset, uint32_t length)
{
	return offset | length << 16;
}

static inline void
edit_store(struct sip_edit *edit, uint32_t offset, uint32_t length, uint32_t place)
{
	edit->offset = offset;
	edit->length = length;
	memcpy(&edit->text_offset, &place, sizeof(place));
}

/* Add an edit that fits and whose text is in its place already. */
static inline void
edit_add(struct sip_edits *edits, struct slice old, uint32_t place)
{
	const uint32_t offset = (uint32_t)(old.at - edits->base);

	edit_store(&edits->edit[edits->count++], offset, old.length, place);
	if (offset < edits->end)
		edits->disorder = true;
	edits->end = offset + old.length;
	edits->growth += (int32_t)(place >> 16) - (int32_t)old.length;
}

/* The same with text that was written behind all other. */
static inline void
edit_add_new(struct sip_edits *edits, struct slice old, uint32_t text_length)
{
	const uint32_t place = place_of(edits->text_used, text_length);

	edits->text_used += text_length;
	edit_add(edits, old, place);
}

bool
sip_edits_replace(struct sip_edits *edits, struct slice old, const char *text, uint32_t length)
{
	if (!edit_fits(edits, old, length))
		return false;
	text_copy(edits->text + edits->text_used, text, length);
	edits->long_text |= length > SIP_EDIT_TEXT_SLACK;
	edit_add_new(edits, old, length);
	return true;
}

/*
 * Digits are made all at once, in one word whose lowest byte comes first, and those that a short
 * number has not are shifted out: how long it is nobody could have predicted. So a word is stored
 * where fewer bytes count; the list has room for that behind its text.
 */
/* "00" to "99" as they stand in memory. */
#define PAIR(n)    ('0' + (n) / 10) | ('0' + (n) % 10) << 8
#define PAIRS5(n)  PAIR(n), PAIR((n) + 1), PAIR((n) + 2), PAIR((n) + 3), PAIR((n) + 4)
#define PAIRS20(n) PAIRS5(n), PAIRS5((n) + 5), PAIRS5((n) + 10), PAIRS5((n) + 15)

static const uint16_t pair_words[100] = {
	PAIRS20(0), PAIRS20(20), PAIRS20(40), PAIRS20(60), PAIRS20(80)};

/* Up to 65535, which is every port and nearly every length. */
static inline char *
number_write_short(char *p, uint32_t number)
{
	const uint32_t hundreds = number / 100, myriads = hundreds / 100;
	const uint64_t digits = ('0' + myriads) |
				(uint64_t)pair_words[hundreds - myriads * 100] << 8 |
				(uint64_t)pair_words[number - hundreds * 100] << 24;
	/* Zeros in front, but not the last digit. */
	const uint32_t missing =
		(uint32_t)__builtin_ctzll((digits ^ UINT64_C(0x3030303030)) | UINT64_C(1) << 32) /
		8;
	const uint64_t word = digits >> 8 * missing;

	memcpy(p, &word, sizeof(word));
	return p + 5 - missing;
}

static char *
number_write(char *p, uint32_t number)
{
	uint32_t digits = 6;
	char *end;

	if (number <= UINT16_MAX)
		return number_write_short(p, number);
	for (uint64_t power = 1000000; power <= number; power *= 10)
		digits++;
	if (number < 100000)
		digits = 5;
	end = p + digits;
	for (p = end; digits > 0; digits--) {
		*--p = (char)('0' + number % 10);
		number /= 10;
	}
	return end;
}

/* "0." to "255." as they stand in memory, first character lowest, and above them their length. */
#define OCTET(n) \
	((n) < 10U ? ('0' + (n)) | '.' << 8 | UINT64_C(2) << 32 \
		: (n) < 100U \
			? ('0' + (n) / 10) | ('0' + (n) % 10) << 8 | '.' << 16 | UINT64_C(3) << 32 \
			: ('0' + (n) / 100) | ('0' + (n) / 10 % 10) << 8 | \
				  ('0' + (n) % 10) << 16 | (uint64_t)'.' << 24 | \
				  UINT64_C(4) << 32)
#define OCTETS4(n)  OCTET(n), OCTET((n) + 1U), OCTET((n) + 2U), OCTET((n) + 3U)
#define OCTETS16(n) OCTETS4(n), OCTETS4((n) + 4U), OCTETS4((n) + 8U), OCTETS4((n) + 12U)
#define OCTETS64(n) OCTETS16(n), OCTETS16((n) + 16U), OCTETS16((n) + 32U), OCTETS16((n) + 48U)

static const uint64_t octet_words[256] = {
	OCTETS64(0U), OCTETS64(64U), OCTETS64(128U), OCTETS64(192U)};

/* With a dot behind it. Writes four bytes. */
static inline char *
octet_write(char *p, uint8_t octet)
{
	const uint64_t word = octet_words[octet];
	const uint32_t text = (uint32_t)word;

	memcpy(p, &text, sizeof(text));
	return p + (word >> 32);
}

/* Written where it stays: a copy would wait for the single bytes to arrive. */
static __attribute__((noinline)) bool
address_write(struct sip_edits *edits, struct slice old, uint32_t address, uint16_t port)
{
	char *const text = edits->text + edits->text_used;
	uint8_t octets[4];
	char *p = text;

	if (!edit_fits(edits, old, sizeof("255.255.255.255:65535") - 1))
		return false;
	memcpy(octets, &address, sizeof(octets));
	for (int i = 0; i < 4; i++)
		p = octet_write(p, octets[i]);
	p--;
	edits->known_host = place_of(edits->text_used, (uint32_t)(p - text));
	if (port != 0) {
		*p++ = ':';
		p = number_write_short(p, port);
	}
	edits->known = KNOWN | address;
	edits->known_port = port;
	edits->known_full = place_of(edits->text_used, (uint32_t)(p - text));
	edit_add_new(edits, old, (uint32_t)(p - text));
	return true;
}

/* Nearly all that leave a host get one and the same outside address, several times a message. */
bool
sip_edits_address(struct sip_edits *edits, struct slice old, uint32_t address, uint16_t port)
{
	if (edits->known != (KNOWN | address) || (port != 0 && port != edits->known_port))
		return address_write(edits, old, address, port);
	if (!edit_fits(edits, old, 0))
		return false;
	edit_add(edits, old, port != 0 ? edits->known_full : edits->known_host);
	return true;
}

bool
sip_edits_number(struct sip_edits *edits, struct slice old, uint32_t number)
{
	char *const text = edits->text + edits->text_used;

	if (!edit_fits(edits, old, sizeof("4294967295") - 1))
		return false;
	edit_add_new(edits, old, (uint32_t)(number_write(text, number) - text));
	return true;
}

/* By how much the edits lengthen the body; false: one crosses its border, and nobody could tell. */
static bool
body_growth_any(const struct sip_edits *edits, uint32_t begin, uint32_t end, int32_t *growth)
{
	*growth = 0;
	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t edit_end = edit->offset + edit->length;

		if (edit_end < begin || edit->offset > end)
			continue;
		/* An insertion at either border is the body's, a replacement up to one is not. */
		if (edit->length > 0 && (edit_end == begin || edit->offset == end))
			continue;
		if (edit->offset < begin || edit_end > end)
			return false;
		*growth += (int32_t)edit->text_length - (int32_t)edit->length;
	}
	return true;
}

/* The same; *before: that many edits are before the body, or more. */
static inline bool
body_growth(const struct sip_edits *edits, uint32_t begin, uint32_t end, int32_t *growth,
	uint32_t *before)
{
	const struct sip_edit *edit = edits->edit + edits->count;
	int32_t sum = 0;

	*before = edits->count;
	if (edits->disorder || edits->end > end)
		return body_growth_any(edits, begin, end, growth);
	/* In order, so that two of them say where the others are. */
	if (edits->body_first > 0 && edits->body_first < edits->count) {
		const struct sip_edit *const first = &edits->edit[edits->body_first];

		if (first->offset >= begin && first[-1].offset + first[-1].length <= begin &&
			first[-1].offset < begin) {
			*growth = edits->growth - edits->body_growth;
			*before = edits->body_first;
			return true;
		}
	}
	/* In order and none behind the body: its own are the last ones. */
	while (edit > edits->edit && edit[-1].offset >= begin) {
		edit--;
		sum += (int32_t)edit->text_length - (int32_t)edit->length;
	}
	*growth = sum;
	*before = (uint32_t)(edit - edits->edit);
	return edit == edits->edit || edit[-1].offset + edit[-1].length <= begin;
}

/* Add a number among or before the first `before` edits of a list that is in order. */
static bool
number_place(struct sip_edits *edits, struct slice old, uint32_t number, uint32_t before)
{
	char *const text = edits->text + edits->text_used;

	if (!edit_fits(edits, old, sizeof("4294967295") - 1))
		return false;

	const uint32_t text_length = (uint32_t)(number_write(text, number) - text);
	const uint32_t offset = (uint32_t)(old.at - edits->base), end = offset + old.length;
	struct sip_edit *to = edits->edit + before;
	const size_t behind = (size_t)(edits->edit + edits->count - to);

	memmove(to + 1, to, behind * sizeof(*to));
	for (; to > edits->edit && to[-1].offset > offset; to--)
		to[0] = to[-1];
	edit_store(to, offset, old.length, place_of(edits->text_used, text_length));
	edits->text_used += text_length;
	edits->growth += (int32_t)text_length - (int32_t)old.length;
	if (to > edits->edit && to[-1].offset + to[-1].length > offset)
		edits->disorder = true;
	if (to < edits->edit + edits->count && to[1].offset < end)
		edits->disorder = true;
	edits->count++;
	if (edits->end < end)
		edits->end = end;
	return true;
}

bool
sip_edits_content_length(struct sip_edits *edits, const struct sip_message *message)
{
	const struct sip_header *header = sip_header_first(message, SIP_HEADER_CONTENT_LENGTH);
	uint32_t before;
	int32_t growth;

	if (header == NULL || message->body.at == NULL)
		return true;

	const uint32_t begin = (uint32_t)(message->body.at - edits->base);
	const uint32_t length = message->body.length;

	if (!body_growth(edits, begin, begin + length, &growth, &before) ||
		(int64_t)length + growth < 0) {
		edits->overflow = true;
		return false;
	}
	if (growth == 0)
		return true;
	/* A repeated header must not begin to differ. */
	for (; header != NULL; header = sip_header_next(message, header)) {
		if (!number_place(edits, header->value, length + (uint32_t)growth, before))
			return false;
		before++;
	}
	return true;
}
