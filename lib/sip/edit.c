/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applying edits in place. The gaps between edits each move by the growth of the edits before them.
 * Gaps that move left go first, from left to right; then those that move right, from right to left:
 * in this order no gap lands on one that has not moved yet, and every byte moves at most once.
 * Into another buffer it is one copy from left to right.
 *
 * Synchronization: none; list and message belong to one thread.
 * Limits: SIP_EDITS_MAX edits, SIP_EDIT_TEXT_MAX bytes of new text; beyond that apply refuses.
 */
#include <assert.h>
#include <errno.h>

#include "sip/edit.h"

void
sip_edits_begin(struct sip_edits *edits, const char *base)
{
	edits->base = base;
	edits->count = 0;
	edits->text_used = 0;
	edits->growth = 0;
	edits->overflow = false;
}

/* Most texts are an address or a number; a call to memcpy would cost more than the copy. */
static inline void
text_copy(char *to, const char *from, uint32_t length)
{
	if (length > 32) {
		memcpy(to, from, length);
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
	if (edits->count == SIP_EDITS_MAX || length > SIP_EDIT_TEXT_MAX ||
		length + edits->text_used > SIP_EDIT_TEXT_MAX || old.at == NULL ||
		old.at < edits->base || old.at - edits->base > SIP_MESSAGE_MAX ||
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
	edits->edit[edits->count++] = (struct sip_edit){
		.offset = (uint32_t)(old.at - edits->base),
		.length = old.length,
		.text_offset = edits->text_used,
		.text_length = (uint16_t)length,
	};
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

/* Up to 65535, which is every port and nearly every length. */
static inline char *
number_write_short(char *p, uint32_t number)
{
	const uint32_t missing =
		(number < 10000) + (number < 1000) + (number < 100) + (number < 10);
	const uint64_t digits = number / 10000 | (uint64_t)(number / 1000 % 10) << 8 |
				(uint64_t)(number / 100 % 10) << 16 |
				(uint64_t)(number / 10 % 10) << 24 | (uint64_t)(number % 10) << 32;
	const uint64_t word = (digits | UINT64_C(0x3030303030)) >> 8 * missing;

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

/* "0." to "255." as they stand in memory, first character lowest. */
#define OCTET(n) \
	((n) < 10U           ? ('0' + (n)) | '.' << 8 \
		: (n) < 100U ? ('0' + (n) / 10) | ('0' + (n) % 10) << 8 | '.' << 16 \
			     : ('0' + (n) / 100) | ('0' + (n) / 10 % 10) << 8 | \
				       ('0' + (n) % 10) << 16 | (uint32_t)'.' << 24)
#define OCTETS4(n)  OCTET(n), OCTET((n) + 1U), OCTET((n) + 2U), OCTET((n) + 3U)
#define OCTETS16(n) OCTETS4(n), OCTETS4((n) + 4U), OCTETS4((n) + 8U), OCTETS4((n) + 12U)
#define OCTETS64(n) OCTETS16(n), OCTETS16((n) + 16U), OCTETS16((n) + 32U), OCTETS16((n) + 48U)

static const uint32_t octet_words[256] = {
	OCTETS64(0U), OCTETS64(64U), OCTETS64(128U), OCTETS64(192U)};

/* With a dot behind it. Writes four bytes. */
static inline char *
octet_write(char *p, uint8_t octet)
{
	memcpy(p, &octet_words[octet], sizeof(octet_words[octet]));
	return p + 2 + (octet >= 10) + (octet >= 100);
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

bool
sip_edits_content_length(struct sip_edits *edits, const struct sip_message *message)
{
	const struct sip_header *header = sip_header_first(message, SIP_HEADER_CONTENT_LENGTH);
	int64_t length = message->body.length;

	if (header == NULL || message->body.at == NULL)
		return true;

	const uint32_t begin = (uint32_t)(message->body.at - edits->base);
	const uint32_t end = begin + message->body.length;

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t edit_end = edit->offset + edit->length;

		if (edit_end < begin || edit->offset > end)
			continue;
		/* An insertion at either border is the body's, a replacement up to one is not. */
		if (edit->length > 0 && (edit_end == begin || edit->offset == end))
			continue;
		/* What crosses a border has no length that could be told. */
		if (edit->offset < begin || edit_end > end) {
			edits->overflow = true;
			return false;
		}
		length += (int64_t)edit->text_length - edit->length;
	}
	if (length == message->body.length)
		return true;
	if (length < 0) {
		edits->overflow = true;
		return false;
	}
	/* A repeated header must not begin to differ. */
	for (; header != NULL; header = sip_header_next(message, header)) {
		if (!sip_edits_number(edits, header->value, (uint32_t)length))
			return false;
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

int64_t
sip_edits_apply_to(
	struct sip_edits *edits, const char *from, uint32_t length, char *to, uint32_t capacity)
{
	uint32_t at = 0;

	if (edits->overflow)
		return -EINVAL;
	edits_sort(edits);

	const int64_t result = edits_check(edits, length);

	if (result < 0)
		return result;
	if (result > capacity)
		return -EMSGSIZE;

	for (uint32_t i = 0; i < edits->count; i++) {
		const struct sip_edit *const edit = &edits->edit[i];
		const uint32_t gap = edit->offset - at;

		text_copy(to, from + at, gap);
		to += gap;
		text_copy(to, edits->text + edit->text_offset, edit->text_length);
		to += edit->text_length;
		at = edit->offset + edit->length;
	}
	text_copy(to, from + at, length - at);
	return result;
}

int64_t
sip_edits_apply(struct sip_edits *edits, char *base, uint32_t length, uint32_t capacity)
{
	const uint32_t count = edits->count;
	int64_t shift[SIP_EDITS_MAX]; /* of the gap behind each edit */
	int64_t growth = 0;

	if (edits->overflow)
		return -EINVAL;
	if (count == 0)
		return length <= capacity ? (int64_t)length : -EMSGSIZE;
	edits_sort(edits);

	const int64_t result = edits_check(edits, length);

	if (result < 0)
		return result;
	if (result > capacity)
		return -EMSGSIZE;

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
	return result;
}
