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

void
sip_edits_begin(struct sip_edits *edits, const char *base)
{
	edits->base = base;
	edits->count = 0;
	edits->text_used = 0;
	edits->growth = 0;
	edits->overflow = false;
	edits->disorder = false;
	edits->end = 0;
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

/* Where `length` bytes of new text go, or NULL and the list overflows. */
static inline char *
text_reserve(struct sip_edits *edits, struct slice old, uint32_t length)
{
	/* An absent slice, and one before the message, is far beyond its end this way. */
	if (edits->count == SIP_EDITS_MAX ||
		(uint64_t)length + edits->text_used > SIP_EDIT_TEXT_MAX ||
		(uintptr_t)old.at - (uintptr_t)edits->base > SIP_MESSAGE_MAX || old.at == NULL ||
		old.length > SIP_MESSAGE_MAX) {
		edits->overflow = true;
		return NULL;
	}
	return edits->text + edits->text_used;
}

/* Add an edit whose text is in its place already. */
static inline void
edit_add(struct sip_edits *edits, struct slice old, uint32_t length)
{
	const uint32_t offset = (uint32_t)(old.at - edits->base);

	edits->edit[edits->count++] = (struct sip_edit){
		.offset = offset,
		.length = old.length,
		.text_offset = edits->text_used,
		.text_length = (uint16_t)length,
	};
	edits->disorder |= offset < edits->end;
	edits->end = offset + old.length;
	edits->text_used += (uint16_t)length;
	edits->growth += (int32_t)length - (int32_t)old.length;
}

bool
sip_edits_replace(struct sip_edits *edits, struct slice old, const char *text, uint32_t length)
{
	char *const to = text_reserve(edits, old, length);

	if (to == NULL)
		return false;
	text_copy(to, text, length);
	edit_add(edits, old, length);
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

/* Written where they stay: a copy would wait for the single bytes to arrive. */
bool
sip_edits_address(struct sip_edits *edits, struct slice old, uint32_t address, uint16_t port)
{
	char *const text = text_reserve(edits, old, sizeof("255.255.255.255:65535") - 1);
	uint8_t octets[4];
	char *p = text;

	if (text == NULL)
		return false;
	memcpy(octets, &address, sizeof(octets));
	for (int i = 0; i < 4; i++)
		p = octet_write(p, octets[i]);
	p--;
	if (port != 0) {
		*p++ = ':';
		p = number_write_short(p, port);
	}
	edit_add(edits, old, (uint32_t)(p - text));
	return true;
}

bool
sip_edits_number(struct sip_edits *edits, struct slice old, uint32_t number)
{
	char *const text = text_reserve(edits, old, sizeof("4294967295") - 1);

	if (text == NULL)
		return false;
	edit_add(edits, old, (uint32_t)(number_write(text, number) - text));
	return true;
}

/* By how much the edits lengthen the body; false: one crosses its border, and nobody could tell. */
static bool
body_growth(const struct sip_edits *edits, uint32_t begin, uint32_t end, int64_t *growth,
	uint32_t *before)
{
	uint32_t i = edits->count;

	*growth = 0;
	for (; i > 0; i--) {
		const struct sip_edit *const edit = &edits->edit[i - 1];
		const uint32_t edit_end = edit->offset + edit->length;

		/* All before this one end where it begins, or before. */
		if (edit_end < begin && !edits->disorder)
			break;
		if (edit_end < begin || edit->offset > end)
			continue;
		/* An insertion at either border is the body's, a replacement up to one is not. */
		if (edit->length > 0 && (edit_end == begin || edit->offset == end))
			continue;
		if (edit->offset < begin || edit_end > end)
			return false;
		*growth += (int64_t)edit->text_length - edit->length;
	}
	*before = i;
	return true;
}

/* Move the edit that was added last to where it belongs, among or before the first `before`. */
static void
edit_place(struct sip_edits *edits, uint32_t before, uint32_t end)
{
	const uint32_t last = edits->count - 1u;
	const struct sip_edit edit = edits->edit[last];
	uint32_t to = before;

	while (to > 0 && edits->edit[to - 1].offset > edit.offset)
		to--;
	if (to > 0 && edits->edit[to - 1].offset + edits->edit[to - 1].length > edit.offset)
		return;
	if (to < last && edits->edit[to].offset < edit.offset + edit.length)
		return;
	for (uint32_t i = last; i > to; i--)
		edits->edit[i] = edits->edit[i - 1];
	edits->edit[to] = edit;
	edits->disorder = false;
	edits->end = end > edits->end ? end : edits->end;
}

bool
sip_edits_content_length(struct sip_edits *edits, const struct sip_message *message)
{
	const struct sip_header *header = sip_header_first(message, SIP_HEADER_CONTENT_LENGTH);
	const uint32_t last_end = edits->end;
	bool disorder = edits->disorder;
	uint32_t before;
	int64_t growth;

	if (header == NULL || message->body.at == NULL)
		return true;

	const uint32_t begin = (uint32_t)(message->body.at - edits->base);

	if (!body_growth(edits, begin, begin + message->body.length, &growth, &before) ||
		message->body.length + growth < 0) {
		edits->overflow = true;
		return false;
	}
	if (growth == 0)
		return true;
	/* A repeated header must not begin to differ. */
	for (; header != NULL; header = sip_header_next(message, header)) {
		if (!sip_edits_number(
			    edits, header->value, (uint32_t)(message->body.length + growth)))
			return false;
		if (disorder || !edits->disorder)
			continue;
		edit_place(edits, before, last_end);
		disorder = edits->disorder;
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
	char scratch[EDIT_SCRATCH];

	if (length - first > sizeof(scratch)) {
		edits_shift(edits, base, length);
		return result;
	}
	/* The compiler would make a memcpy() of known bounds a string instruction, which is slow. */
	memmove(scratch, base + first, length - first);
	edits_copy(edits, scratch, first, length, base + first, base + result);
	return result;
}
