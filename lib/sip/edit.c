/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Planning edits and applying them. Nearly always they are planned from left to right, so that
 * whether they are in order is known as they come and only a list that is not gets sorted and
 * checked; Content-Length, which can be told last only, is put into its place.
 *
 * Applying is one copy from left to right; in place, from a copy of what is behind the first edit.
 * Where that is long, the gaps between edits each move by the growth of the edits before them: those
 * that move left go first, from left to right; then those that move right, from right to left. In
 * this order no gap lands on one that has not moved yet, and every byte moves at most once.
 *
 * Synchronization: none; list and message belong to one thread.
 * Limits: SIP_EDITS_MAX edits, SIP_EDIT_TEXT_MAX bytes of new text; beyond that apply refuses.
 */
#include <assert.h>
#include <errno.h>

#include "sip/edit.h"

enum { EDIT_SCRATCH = 2048 };

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
}

/* Most texts are an address or a number; a call to memcpy would cost more than the copy. */
static inline void
text_copy(char *to, const char *from, uint32_t length)
{
	if (length > 64) {
		memcpy(to, from, length);
	} else if (length >= 32) {
		char head[32], tail[32];

		memcpy(head, from, 32);
		memcpy(tail, from + length - 32, 32);
		memcpy(to, head, 32);
		memcpy(to + length - 32, tail, 32);
	} else if (length >= 16) {
		char head[16], tail[16];

		memcpy(head, from, 16);
		memcpy(tail, from + length - 16, 16);
		memcpy(to, head, 16);
		memcpy(to + length - 16, tail, 16);
	} else if (length >= 8) {
		char head[8], tail[8];

		memcpy(head, from, 8);
		memcpy(tail, from + length - 8, 8);
		memcpy(to, head, 8);
		memcpy(to + length - 8, tail, 8);
	} else if (length >= 4) {
		uint32_t head, tail;

		memcpy(&head, from, 4);
		memcpy(&tail, from + length - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + length - 4, &tail, 4);
	} else if (length > 0) {
		const char middle = from[length / 2], last = from[length - 1];

		to[0] = from[0];
		to[length / 2] = middle;
		to[length - 1] = last;
	}
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

/* Add an edit that fits and whose text is in its place already. */
static inline void
edit_add(struct sip_edits *edits, struct slice old, uint32_t text_offset, uint32_t text_length)
{
	const uint32_t offset = (uint32_t)(old.at - edits->base);

	edits->edit[edits->count++] = (struct sip_edit){
		.offset = offset,
		.length = old.length,
		.text_offset = (uint16_t)text_offset,
		.text_length = (uint16_t)text_length,
	};
	if (offset < edits->end)
		edits->disorder = true;
	edits->end = offset + old.length;
	edits->growth += (int32_t)text_length - (int32_t)old.length;
}

/* The same with text that was written behind all other. */
static inline void
edit_add_new(struct sip_edits *edits, struct slice old, uint32_t text_length)
{
	const uint32_t text_offset = edits->text_used;

	edits->text_used += (uint16_t)text_length;
	edit_add(edits, old, text_offset, text_length);
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
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are stored as one word");

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
static bool
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
	edits->known_address_length = (uint8_t)(p - text);
	if (port != 0) {
		*p++ = ':';
		p = number_write_short(p, port);
	}
	edits->known = KNOWN | address;
	edits->known_port = port;
	edits->known_length = (uint8_t)(p - text);
	edits->known_offset = edits->text_used;
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
	edit_add(edits, old, edits->known_offset,
		port != 0 ? edits->known_length : edits->known_address_length);
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
	*to = (struct sip_edit){
		.offset = offset,
		.length = old.length,
		.text_offset = edits->text_used,
		.text_length = (uint16_t)text_length,
	};
	edits->text_used += (uint16_t)text_length;
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

/* By offset; an insertion before the replacement at its place, otherwise in the order planned. Edits
 * come nearly sorted, so insertion sort is a pass of compares. */
static void
edits_sort(struct sip_edits *edits)
{
	for (uint32_t i = 1; i < edits->count; i++) {
		const struct sip_edit edit = edits->edit[i];
		uint32_t j = i;

		for (; j > 0; j--) {
			const struct sip_edit *const before = &edits->edit[j - 1];

			if (before->offset < edit.offset ||
				(before->offset == edit.offset &&
					(before->length == 0 || edit.length > 0)))
				break;
			edits->edit[j] = *before;
		}
		edits->edit[j] = edit;
	}
}

/* The new length, or -EINVAL. */
static int64_t
edits_check(const struct sip_edits *edits, uint32_t length)
{
	int64_t result = length;
	uint32_t end = 0;

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];

		if (edit->offset < end || edit->offset > length ||
			edit->length > length - edit->offset)
			return -EINVAL;
		end = edit->offset + edit->length;
		result += (int64_t)edit->text_length - edit->length;
	}
	return result;
}

/* The new length, or why there is none. Afterwards the list is in order. */
static inline int64_t
edits_prepare(struct sip_edits *edits, uint32_t length, uint32_t capacity)
{
	int64_t result = (int64_t)length + edits->growth;

	if (edits->overflow)
		return -EINVAL;
	if (edits->disorder) {
		edits_sort(edits);
		result = edits_check(edits, length);
		if (result < 0)
			return result;
		edits->disorder = false;
		edits->end =
			edits->edit[edits->count - 1].offset + edits->edit[edits->count - 1].length;
	} else if (edits->end > length) {
		return -EINVAL;
	}
	return result <= capacity ? result : -EMSGSIZE;
}

/* Copy `length` bytes in whole blocks; up to EDIT_BLOCK more are read and written. */
enum { EDIT_BLOCK = 64 };

static inline void
blocks_copy(char *to, const char *from, uint32_t length)
{
	const char *const end = from + length;

	do {
		memcpy(to, from, EDIT_BLOCK);
		to += EDIT_BLOCK;
		from += EDIT_BLOCK;
	} while (from < end);
}

/* From left to right; the text to be edited begins at `from`, which is `at` in the message. What is
 * copied too much the next copy overwrites: nothing is written behind the result. */
static inline void
edits_copy(const struct sip_edits *edits, const char *from, uint32_t at, uint32_t length, char *to,
	const char *to_end)
{
	const char *const from_end = from + (length - at);

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset - at, text_length = edit->text_length;
		const char *const text = edits->text + edit->text_offset;

		if (from_end - from >= (int64_t)gap + EDIT_BLOCK &&
			to_end - to >= (int64_t)gap + EDIT_BLOCK + SIP_EDIT_TEXT_SLACK &&
			text_length <= SIP_EDIT_TEXT_SLACK) {
			blocks_copy(to, from, gap);
			to += gap;
			memcpy(to, text, SIP_EDIT_TEXT_SLACK);
		} else {
			text_copy(to, from, gap);
			to += gap;
			text_copy(to, text, text_length);
		}
		to += text_length;
		from += gap + edit->length;
		at = edit->offset + edit->length;
	}
	text_copy(to, from, length - at);
}

/* The same where there is room behind both texts, so that nothing but whole blocks is copied. */
static inline void
edits_copy_blocks(
	const struct sip_edits *edits, const char *from, uint32_t at, uint32_t length, char *to)
{
	const struct sip_edit *const end = edits->edit + edits->count;

	for (const struct sip_edit *edit = edits->edit; edit < end; edit++) {
		const uint32_t gap = edit->offset - at, old = edit->length;

		blocks_copy(to, from, gap);
		to += gap;
		memcpy(to, edits->text + edit->text_offset, SIP_EDIT_TEXT_SLACK);
		to += edit->text_length;
		from += gap + old;
		at += gap + old;
	}
	blocks_copy(to, from, length - at);
}

int64_t
sip_edits_apply_to(
	struct sip_edits *edits, const char *from, uint32_t length, char *to, uint32_t capacity)
{
	const int64_t result = edits_prepare(edits, length, capacity);

	if (result >= 0)
		edits_copy(edits, from, 0, length, to, to + result);
	return result;
}

/* Where the text is too long for a copy of it. */
static void
edits_shift(const struct sip_edits *edits, char *base, uint32_t length)
{
	const uint32_t count = edits->count;
	int64_t shift[SIP_EDITS_MAX]; /* of the gap behind each edit */
	int64_t growth = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset + edit->length;
		const uint32_t gap_end = i + 1 < count ? edits->edit[i + 1].offset : length;

		growth += (int64_t)edit->text_length - edit->length;
		shift[i] = growth;
		if (growth < 0)
			memmove(base + gap + growth, base + gap, gap_end - gap);
	}
	for (uint32_t i = count; i-- > 0;) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset + edit->length;
		const uint32_t gap_end = i + 1 < count ? edits->edit[i + 1].offset : length;

		if (shift[i] > 0)
			memmove(base + gap + shift[i], base + gap, gap_end - gap);
		text_copy(base + gap + shift[i] - edit->text_length,
			edits->text + edit->text_offset, edit->text_length);
	}
}

int64_t
sip_edits_apply(struct sip_edits *edits, char *base, uint32_t length, uint32_t capacity)
{
	const int64_t result = edits_prepare(edits, length, capacity);

	if (result < 0 || edits->count == 0)
		return result;

	const uint32_t first = edits->edit[0].offset;
	char scratch[EDIT_SCRATCH + EDIT_BLOCK];

	if (length - first > EDIT_SCRATCH) {
		edits_shift(edits, base, length);
		return result;
	}
	/* Nearly always: behind a message is the rest of a buffer. */
	if ((result > length ? result : length) + EDIT_BLOCK <= capacity && !edits->long_text) {
		blocks_copy(scratch, base + first, length - first);
		edits_copy_blocks(edits, scratch, first, length, base + first);
	} else {
		memcpy(scratch, base + first, length - first);
		edits_copy(edits, scratch, first, length, base + first, base + result);
	}
	return result;
}
