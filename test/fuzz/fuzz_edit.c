/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Edit lists: random edits of the input, applied in place and into another buffer, against a naive
 * implementation; the reverse edits give the input back. In a message that parses, edits of the body
 * and Content-Length change these two and nothing else.
 */
#include <errno.h>

#include "sip/edit.h"
#include "test/fuzz/harness.h"
#include "test/fuzz/message_seeds.h"

const struct fuzz_harness fuzz_harness = {
	message_seeds, MESSAGE_SEEDS, message_dictionary, MESSAGE_WORDS, 700, 20000};

enum { PLANNED_MAX = 24, TEXT_MAX = 300, INPUT_MAX = 1 << 15 };
enum { RESULT_MAX = INPUT_MAX + PLANNED_MAX * TEXT_MAX };

struct planned {
	uint32_t offset, length;
	char text[TEXT_MAX];
	uint32_t text_length;
};

struct plan {
	uint32_t count;
	struct planned edit[PLANNED_MAX];
};

static struct sip_edits edits;
static struct sip_message message;
static char expected[RESULT_MAX];

/* In a buffer of this size exactly. */
static char *
copy_of(const char *text, uint32_t length, uint32_t capacity)
{
	char *const copy = malloc(capacity > 0 ? capacity : 1);

	PROPERTY(copy != NULL);
	if (length > 0)
		memcpy(copy, text, length);
	return copy;
}

static void
text_make(struct planned *edit, bool shorter, uint64_t *random)
{
	const bool longer = !shorter && fuzz_random(random, 8) == 0;

	edit->text_length = fuzz_random(random, longer ? TEXT_MAX : shorter ? 33 : 40);
	for (uint32_t i = 0; i < edit->text_length; i++)
		edit->text[i] = (char)('a' + fuzz_random(random, 26));
}

/* Edits somewhere in [begin, end): often at the border of another, seldom overlapping. */
static void
plan_make(struct plan *plan, uint32_t begin, uint32_t end, uint64_t *random)
{
	const uint32_t count = fuzz_random(random, PLANNED_MAX);
	const bool shorter = fuzz_random(random, 2) == 0;
	const bool in_order = fuzz_random(random, 4) == 0;
	uint32_t at = begin;

	plan->count = 0;
	for (uint32_t i = 0; i < count && at <= end; i++) {
		struct planned *const edit = &plan->edit[plan->count++];

		edit->offset = at + fuzz_random(random, 1 + (end - at) / (count - i));
		edit->length = fuzz_random(random, 30);
		if (edit->length > end - edit->offset)
			edit->length = end - edit->offset;
		text_make(edit, shorter, random);
		at = edit->offset + edit->length;
		switch (fuzz_random(random, 60)) {
		case 0:
			at = at > begin + 5 ? at - 5 : begin;
			break;
		case 1:
		case 2:
		case 3:
			break;
		default:
			at += fuzz_random(random, 3);
			break;
		}
	}
	for (uint32_t i = in_order ? 0 : plan->count; i > 1; i--) {
		const uint32_t other = fuzz_random(random, i);
		const struct planned edit = plan->edit[other];

		plan->edit[other] = plan->edit[i - 1];
		plan->edit[i - 1] = edit;
	}
}

static bool
plan_overlaps(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct planned *const a = &plan->edit[i];

		for (uint32_t j = 0; j < plan->count; j++) {
			const struct planned *const b = &plan->edit[j];

			if (i == j || a->length == 0)
				continue;
			if (b->length == 0
					? b->offset > a->offset && b->offset < a->offset + a->length
					: b->offset < a->offset + a->length &&
						  a->offset < b->offset + b->length)
				return true;
		}
	}
	return false;
}

/* What comes out, put together byte by byte. */
static uint32_t
plan_apply(const struct plan *plan, const char *text, uint32_t length, char *to)
{
	uint32_t used = 0;

	for (uint32_t at = 0; at <= length;) {
		const struct planned *replaced = NULL;

		for (uint32_t i = 0; i < plan->count; i++) {
			const struct planned *const edit = &plan->edit[i];

			if (edit->offset != at)
				continue;
			if (edit->length > 0) {
				replaced = edit;
				continue;
			}
			memcpy(to + used, edit->text, edit->text_length);
			used += edit->text_length;
		}
		if (replaced != NULL) {
			memcpy(to + used, replaced->text, replaced->text_length);
			used += replaced->text_length;
			at += replaced->length;
		} else {
			if (at < length)
				to[used++] = text[at];
			at++;
		}
	}
	return used;
}

static void
plan_enter(const struct plan *plan, const char *base)
{
	sip_edits_begin(&edits, base);
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct planned *const edit = &plan->edit[i];

		PROPERTY(
			sip_edits_replace(&edits, (struct slice){base + edit->offset, edit->length},
				edit->text, edit->text_length));
	}
}

/* Both forms with exactly this capacity and, before, with too little. */
static void
both_forms_check(const char *text, uint32_t length, int64_t result)
{
	const uint32_t wanted = result >= 0 ? (uint32_t)result : length;
	char *const source = copy_of(text, length, length);
	char *to = copy_of(text, 0, wanted);
	char *in_place;

	if (wanted > 0) {
		char *const before = copy_of(text, 0, wanted - 1);

		memset(before, 'x', wanted - 1);
		PROPERTY(sip_edits_apply_to(&edits, source, length, before, wanted - 1) ==
			 (result < 0 ? result : -EMSGSIZE));
		for (uint32_t i = 0; i < wanted - 1; i++)
			PROPERTY(before[i] == 'x');
		free(before);
	}
	PROPERTY(sip_edits_apply_to(&edits, source, length, to, wanted) == result);
	PROPERTY(length == 0 || memcmp(source, text, length) == 0);
	if (result > 0)
		PROPERTY(memcmp(to, expected, wanted) == 0);
	free(to);
	free(source);

	/* Exactly enough room, and more. */
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t rooms[] = {0, 63, 64};
		const uint32_t capacity = (wanted > length ? wanted : length) + rooms[i];

		in_place = copy_of(text, length, capacity);
		if (result > (int64_t)length) {
			PROPERTY(
				sip_edits_apply(&edits, in_place, length, wanted - 1) == -EMSGSIZE);
			PROPERTY(memcmp(in_place, text, length) == 0);
		}
		PROPERTY(sip_edits_apply(&edits, in_place, length, capacity) == result);
		if (result < 0)
			PROPERTY(length == 0 || memcmp(in_place, text, length) == 0);
		else if (result > 0)
			PROPERTY(memcmp(in_place, expected, wanted) == 0);
		free(in_place);
	}
}

/* Put back what was replaced, from left to right: the original comes out. At one place insertions
 * came before the replacement, so there one edit takes them all back. */
static void
reverse_check(const struct plan *plan, const char *text, uint32_t length, uint32_t result)
{
	static char reversed[RESULT_MAX];
	char *const source = copy_of(expected, result, result);
	uint32_t at = 0, from = 0;

	sip_edits_begin(&edits, source);
	for (;;) {
		uint32_t next = UINT32_MAX, old = 0, new = 0;

		for (uint32_t i = 0; i < plan->count; i++) {
			if (plan->edit[i].offset >= at && plan->edit[i].offset < next)
				next = plan->edit[i].offset;
		}
		if (next == UINT32_MAX)
			break;
		for (uint32_t i = 0; i < plan->count; i++) {
			if (plan->edit[i].offset != next)
				continue;
			old += plan->edit[i].length;
			new += plan->edit[i].text_length;
		}
		/* `from` is where `at` came to stand; in between nothing was edited. */
		from += next - at;
		PROPERTY(sip_edits_replace(
			&edits, (struct slice){source + from, new}, text + next, old));
		from += new;
		at = next + old;
		if (old == 0) {
			/* Nothing else is at this place. */
			from++;
			at++;
		}
	}
	PROPERTY(sip_edits_apply_to(&edits, source, result, reversed, length) == length);
	PROPERTY(length == 0 || memcmp(reversed, text, length) == 0);
	free(source);
}

static void
random_edits_check(const char *text, uint32_t length, uint64_t *random)
{
	static struct plan plan;
	uint32_t result;

	plan_make(&plan, 0, length, random);
	plan_enter(&plan, text);
	if (plan_overlaps(&plan)) {
		both_forms_check(text, length, -EINVAL);
		return;
	}
	result = plan_apply(&plan, text, length, expected);
	PROPERTY((int64_t)result == (int64_t)length + edits.growth);
	both_forms_check(text, length, result);
	reverse_check(&plan, text, length, result);
}

/* Edits of the body alone: of the rest only Content-Length changes. */
static void
body_edits_check(const char *text, uint32_t length, uint64_t *random)
{
	static struct sip_message after;
	static char to[RESULT_MAX + 64];
	static struct plan plan;
	const uint32_t body = (uint32_t)(message.body.at - text);
	const uint32_t body_end = body + message.body.length;
	int64_t result;
	uint32_t body_length;

	plan_make(&plan, body, body_end, random);
	if (plan_overlaps(&plan))
		return;
	for (uint32_t i = 0; i < plan.count; i++)
		plan.edit[i].offset -= body;
	body_length = plan_apply(&plan, message.body.at, message.body.length, expected);
	for (uint32_t i = 0; i < plan.count; i++)
		plan.edit[i].offset += body;
	/* A lone CR that ends the headers would become one line end with a LF put behind it. */
	if (text[body - 1] == '\r' && body_length > 0 && expected[0] == '\n')
		return;
	plan_enter(&plan, text);
	PROPERTY(sip_edits_content_length(&edits, &message));
	PROPERTY(body_length != message.body.length || edits.count == plan.count);
	result = sip_edits_apply_to(&edits, text, length, to, sizeof(to));
	PROPERTY(result == (int64_t)length + edits.growth);
	if (result > SIP_MESSAGE_MAX)
		return;
	const enum sip_error error = sip_message_parse(to, (uint32_t)result, &after);

	/* One digit more may be one too many for a line at its limit. */
	if (error == SIP_ERROR_LINE_TOO_LONG)
		return;
	PROPERTY(error == SIP_OK && after.header_count == message.header_count);
	for (uint32_t i = 0; i < after.header_count; i++) {
		PROPERTY(slice_equal(after.header[i].name, message.header[i].name));
		if (after.header[i].id != SIP_HEADER_CONTENT_LENGTH)
			PROPERTY(slice_equal(after.header[i].value, message.header[i].value));
	}
	PROPERTY(after.body.length == body_length);
	PROPERTY(body_length == 0 || memcmp(after.body.at, expected, body_length) == 0);
	PROPERTY(
		memcmp(to + result - (length - body_end), text + body_end, length - body_end) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t random = fuzz_random_begin(data, size);
	const char *const text = (const char *)data;

	if (size > INPUT_MAX)
		return 0;
	random_edits_check(text, (uint32_t)size, &random);
	if (sip_message_parse(text, (uint32_t)size, &message) == SIP_OK)
		body_edits_check(text, (uint32_t)size, &random);
	return 0;
}
