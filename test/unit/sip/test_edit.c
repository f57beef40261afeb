/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edit list against a naive implementation, and what it refuses.
 */
#include <errno.h>

#include "sip/edit_priv.h"
#include "sip_test.h"

static struct sip_edits edits;
static struct sip_message message;

static struct slice
part(const char *base, uint32_t offset, uint32_t length)
{
	return (struct slice){base + offset, length};
}

static void
edits_planned_in_any_order_are_applied_once(void **state)
{
	char buffer[32] = "abcdefghij";

	sip_edits_begin(&edits, buffer);
	assert_true(sip_edits_replace(&edits, part(buffer, 8, 2), "", 0));
	assert_true(sip_edits_replace(&edits, part(buffer, 0, 1), "AAAA", 4));
	assert_true(sip_edits_replace(&edits, part(buffer, 4, 2), "E", 1));
	assert_int_equal(edits.growth, 0);
	assert_int_equal(sip_edits_apply(&edits, buffer, 10, sizeof(buffer)), 10);
	assert_memory_equal(buffer, "AAAAbcdEgh", 10);
}

static void
insertions_keep_their_order_and_precede_a_replacement(void **state)
{
	char buffer[32] = "abc";

	sip_edits_begin(&edits, buffer);
	assert_true(sip_edits_replace(&edits, part(buffer, 3, 0), "!", 1));
	assert_true(sip_edits_replace(&edits, part(buffer, 1, 1), "B", 1));
	assert_true(sip_edits_replace(&edits, part(buffer, 1, 0), "1", 1));
	assert_true(sip_edits_replace(&edits, part(buffer, 1, 0), "2", 1));
	assert_true(sip_edits_replace(&edits, part(buffer, 0, 0), "0", 1));
	assert_int_equal(sip_edits_apply(&edits, buffer, 3, 7), 7);
	assert_memory_equal(buffer, "0a12Bc!", 7);
}

static void
addresses_and_numbers_are_written(void **state)
{
	char buffer[64] = "a b c d";

	sip_edits_begin(&edits, buffer);
	assert_true(sip_edits_address(&edits, part(buffer, 0, 1), ipv4(203, 0, 113, 7), 65535));
	assert_true(sip_edits_address(&edits, part(buffer, 2, 1), ipv4(10, 255, 99, 100), 0));
	assert_true(sip_edits_number(&edits, part(buffer, 4, 1), 0));
	assert_true(sip_edits_number(&edits, part(buffer, 6, 1), UINT32_MAX));
	assert_int_equal(sip_edits_apply(&edits, buffer, 7, sizeof(buffer)), 44);
	assert_memory_equal(buffer, "203.0.113.7:65535 10.255.99.100 0 4294967295", 44);
}

/* Whether an address was written before makes no difference. */
static void
addresses_may_repeat_with_another_port(void **state)
{
	static const struct {
		uint8_t octet;
		uint16_t port;
		const char *text;
	} repeats[] = {
		{0, 0, "0.0.0.0"},
		{7, 0, "7.0.0.0"},
		{7, 5060, "7.0.0.0:5060"},
		{7, 0, "7.0.0.0"},
		{7, 5060, "7.0.0.0:5060"},
		{7, 40000, "7.0.0.0:40000"},
		{7, 5060, "7.0.0.0:5060"},
		{8, 5060, "8.0.0.0:5060"},
		{8, 0, "8.0.0.0"},
		{8, 0, "8.0.0.0"},
		{0, 0, "0.0.0.0"},
	};
	char expected[256] = "", buffer[256] = ",,,,,,,,,,,";

	/* Twice: what the list before wrote is not known to the next. */
	for (uint32_t round = 0; round < 2; round++) {
		int64_t length;

		expected[0] = '\0';
		strcpy(buffer, ",,,,,,,,,,,");
		sip_edits_begin(&edits, buffer);
		for (uint32_t i = 0; i < sizeof(repeats) / sizeof(repeats[0]); i++) {
			assert_true(sip_edits_address(&edits, part(buffer, i, 0),
				ipv4(repeats[i].octet, 0, 0, 0), repeats[i].port));
			strcat(strcat(expected, repeats[i].text), ",");
		}
		length = sip_edits_apply(&edits, buffer, 11, sizeof(buffer));
		assert_int_equal(length, strlen(expected));
		assert_memory_equal(buffer, expected, (size_t)length);
	}
}

static void
every_octet_is_written_as_it_is_read(void **state)
{
	for (uint32_t octet = 0; octet < 256; octet++) {
		char buffer[16] = "x";
		uint32_t address = 0;
		int64_t length;

		sip_edits_begin(&edits, buffer);
		sip_edits_address(
			&edits, part(buffer, 0, 1), ipv4(octet, 255 - octet, 0, octet), 0);
		length = sip_edits_apply(&edits, buffer, 1, sizeof(buffer));
		assert_true(length > 0);
		assert_true(slice_ipv4(part(buffer, 0, (uint32_t)length), &address));
		assert_int_equal(address, ipv4(octet, 255 - octet, 0, octet));
	}
}

static void
overlap_is_refused_and_nothing_changes(void **state)
{
	static const struct {
		uint32_t offset, length;
	} second[] = {{1, 1}, {2, 3}, {0, 2}, {0, 10}, {2, 0}, {1, 2}, {9, 2}, {11, 0}};
	char buffer[32] = "abcdefghij";

	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		sip_edits_begin(&edits, buffer);
		sip_edits_replace(&edits, part(buffer, 1, 2), "XYZ", 3);
		sip_edits_replace(&edits, part(buffer, second[i].offset, second[i].length), "!", 1);
		assert_int_equal(sip_edits_apply(&edits, buffer, 10, sizeof(buffer)), -EINVAL);
		assert_memory_equal(buffer, "abcdefghij", 10);
	}
}

static void
too_long_is_refused_and_nothing_changes(void **state)
{
	char buffer[32] = "abcdefghij";

	sip_edits_begin(&edits, buffer);
	sip_edits_replace(&edits, part(buffer, 1, 1), "XYZ", 3);
	assert_int_equal(sip_edits_apply(&edits, buffer, 10, 11), -EMSGSIZE);
	assert_memory_equal(buffer, "abcdefghij", 10);
	assert_int_equal(sip_edits_apply(&edits, buffer, 10, 12), 12);
	sip_edits_begin(&edits, buffer);
	assert_int_equal(sip_edits_apply(&edits, buffer, 12, 12), 12);
}

static void
a_full_list_refuses(void **state)
{
	static char buffer[2 * SIP_EDITS_MAX + 2];
	static char big[SIP_EDIT_TEXT_MAX + 1];

	sip_edits_begin(&edits, buffer);
	for (uint32_t i = 0; i < SIP_EDITS_MAX; i++)
		assert_true(sip_edits_replace(&edits, part(buffer, 2 * i, 1), "x", 1));
	assert_false(sip_edits_replace(&edits, part(buffer, 2 * SIP_EDITS_MAX, 1), "x", 1));
	assert_int_equal(sip_edits_apply(&edits, buffer, sizeof(buffer), sizeof(buffer)), -EINVAL);
	assert_int_equal(buffer[0], 0);
	sip_edits_begin(&edits, buffer);
	assert_false(sip_edits_replace(&edits, part(buffer, 0, 1), big, sizeof(big)));
	sip_edits_begin(&edits, buffer + 8);
	assert_false(sip_edits_replace(&edits, part(buffer, 0, 1), "x", 1));
	assert_false(sip_edits_replace(&edits, (struct slice){NULL, 0}, "x", 1));
	assert_true(edits.overflow);
}

static void
content_length_follows_the_body(void **state)
{
	static const char start[] =
		"INVITE sip:c@d SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: a\r\nt: b\r\ni: x\r\n"
		"CSeq: 1 INVITE\r\nl  : 0003\r\nContent-Length: 3\r\n\r\nabcEPILOGUE";
	static const char end[] =
		"INVITE sip:c@d SIP/2.0\r\nv: SIP/2.0/UDP host\r\nf: a\r\nt: b\r\ni: x\r\n"
		"CSeq: 1 INVITE\r\nl  : 10\r\nContent-Length: 10\r\n\r\na12345678cEPILOG";
	char buffer[512];

	memcpy(buffer, start, sizeof(start) - 1);
	assert_int_equal(sip_message_parse(buffer, sizeof(start) - 1, &message), SIP_OK);
	sip_edits_begin(&edits, buffer);
	assert_true(sip_edits_replace(&edits, part(message.header[0].value.at, 12, 1), "host", 4));
	assert_true(sip_edits_replace(&edits, part(message.body.at, 1, 1), "12345678", 8));
	assert_true(sip_edits_replace(&edits, part(message.body.at, 9, 2), "", 0));
	assert_true(sip_edits_content_length(&edits, &message));
	assert_int_equal(sip_edits_apply(&edits, buffer, sizeof(start) - 1, sizeof(buffer)),
		sizeof(end) - 1);
	assert_memory_equal(buffer, end, sizeof(end) - 1);
	assert_int_equal(sip_message_parse(buffer, sizeof(end) - 1, &message), SIP_OK);
	assert_slice(message.body, "a12345678c");
	sip_edits_begin(&edits, buffer);
	assert_true(sip_edits_replace(&edits, part(message.body.at, 1, 1), "x", 1));
	assert_true(sip_edits_content_length(&edits, &message));
	assert_int_equal(edits.count, 1);
}

static const char short_request[] =
	"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: a\r\nt: b\r\ni: x\r\nCSeq: 1 BYE\r\n"
	"l: 4\r\n\r\nbodyREST";

/* Content-Length after one edit `at` bytes behind the body's begin; -1: refused. */
static int
length_after(int32_t at, uint32_t length, const char *replacement)
{
	uint64_t number = 0;
	char out[256];

	assert_int_equal(
		sip_message_parse(short_request, sizeof(short_request) - 1, &message), SIP_OK);
	sip_edits_begin(&edits, short_request);
	assert_true(sip_edits_replace(&edits, (struct slice){message.body.at + at, length},
		replacement, (uint32_t)strlen(replacement)));
	if (!sip_edits_content_length(&edits, &message)) {
		assert_int_equal(sip_edits_apply_to(&edits, short_request,
					 sizeof(short_request) - 1, out, sizeof(out)),
			-EINVAL);
		return -1;
	}
	if (edits.count == 1)
		return 4;
	assert_true(slice_number((struct slice){edits.text + edits.edit[0].text_offset,
					 edits.edit[0].text_length},
			    100, &number) ||
		    slice_number((struct slice){edits.text + edits.edit[1].text_offset,
					 edits.edit[1].text_length},
			    100, &number));
	return (int)number;
}

static void
content_length_counts_the_body_alone(void **state)
{
	assert_int_equal(length_after(0, 4, ""), 0);
	assert_int_equal(length_after(0, 0, "ab"), 6);
	assert_int_equal(length_after(4, 0, "ab"), 6);
	assert_int_equal(length_after(3, 1, "abc"), 6);
	assert_int_equal(length_after(1, 2, "ab"), 4);
	/* Bytes behind the body, and header bytes up to it. */
	assert_int_equal(length_after(4, 4, ""), 4);
	assert_int_equal(length_after(4, 1, "abc"), 4);
	assert_int_equal(length_after(6, 1, "abc"), 4);
	assert_int_equal(length_after(-2, 2, "\n"), 4);
}

static void
an_edit_across_the_border_of_the_body_is_refused(void **state)
{
	assert_int_equal(length_after(-2, 3, "x"), -1);
	assert_int_equal(length_after(3, 2, "x"), -1);
	assert_int_equal(length_after(-2, 8, "x"), -1);
}

static void
another_buffer_gets_the_message_and_the_source_stays(void **state)
{
	const char source[] = "abcdefghij";
	char to[16] = "---------------";

	sip_edits_begin(&edits, source);
	assert_int_equal(sip_edits_apply_to(&edits, source, 10, to, 9), -EMSGSIZE);
	assert_int_equal(sip_edits_apply_to(&edits, source, 10, to, 10), 10);
	assert_memory_equal(to, "abcdefghij-----", 15);
	assert_true(sip_edits_replace(&edits, part(source, 8, 2), "XYZ", 3));
	assert_true(sip_edits_replace(&edits, part(source, 0, 3), "", 0));
	memset(to, '-', 15);
	assert_int_equal(sip_edits_apply_to(&edits, source, 10, to, 7), -EMSGSIZE);
	assert_memory_equal(to, "---------------", 15);
	assert_int_equal(sip_edits_apply_to(&edits, source, 10, to, 8), 8);
	assert_memory_equal(to, "defghXYZ-------", 15);
	assert_memory_equal(source, "abcdefghij", 10);
	assert_true(sip_edits_replace(&edits, part(source, 9, 1), "", 0));
	assert_int_equal(sip_edits_apply_to(&edits, source, 10, to, 15), -EINVAL);
	assert_memory_equal(to, "defghXYZ-------", 15);
}

static void
without_a_body_or_a_header_no_length_is_written(void **state)
{
	static const char bare[] = "BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: a\r\nt: b\r\n"
				   "i: x\r\nCSeq: 1 BYE\r\n\r\nbody";

	assert_int_equal(sip_message_parse(bare, sizeof(bare) - 1, &message), SIP_OK);
	sip_edits_begin(&edits, bare);
	assert_true(sip_edits_replace(&edits, part(message.body.at, 0, 1), "", 0));
	assert_true(sip_edits_content_length(&edits, &message));
	assert_int_equal(edits.count, 1);
}

static uint32_t
random_next(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * below) >> 32);
}

/* Planned from left to right, the list stays in order; the other way round it is sorted. */
static void
content_length_is_put_into_its_place(void **state)
{
	static const char start[] =
		"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: a\r\nt: b\r\ni: x\r\n"
		"CSeq: 1 BYE\r\nl: 3\r\nX: y\r\nl: 3\r\n\r\n123";
	static const char result[] = "BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP hh\r\nf: a\r\nt: b\r\n"
				     "i: x\r\nCSeq: 1 BYE\r\nl: 72\r\nX: yyy\r\nl: 72\r\n\r\n1";
	static char new[70];
	char buffer[256];

	memset(new, 'n', sizeof(new));
	for (uint32_t order = 0; order < 2; order++) {
		strcpy(buffer, start);
		assert_int_equal(sip_message_parse(buffer, sizeof(start) - 1, &message), SIP_OK);
		sip_edits_begin(&edits, buffer);
		for (uint32_t i = 0; i < 3; i++) {
			switch (order == 0 ? i : 2 - i) {
			case 0:
				sip_edits_replace(&edits, part(buffer, 34, 1), "hh", 2);
				break;
			case 1:
				sip_edits_replace(&edits, message.header[6].value, "yyy", 3);
				break;
			default:
				sip_edits_replace(&edits, (struct slice){message.body.at + 1, 1},
					new, sizeof(new));
			}
		}
		assert_int_equal(edits.disorder, order);
		assert_true(sip_edits_content_length(&edits, &message));
		assert_int_equal(edits.disorder, order);
		assert_int_equal(edits.count, 5);
		assert_int_equal(sip_edits_apply(&edits, buffer, sizeof(start) - 1, sizeof(buffer)),
			sizeof(start) - 1 + 1 + 2 + 2 + 69);
		assert_memory_equal(buffer, result, sizeof(result) - 1);
		assert_int_equal(buffer[sizeof(start) - 1 + 1 + 2 + 2 + 69 - 1], '3');
	}
	/* An edit of the length itself and the new one overlap. */
	sip_edits_begin(&edits, buffer);
	assert_int_equal(sip_message_parse(buffer, sizeof(start) - 1 + 74, &message), SIP_OK);
	sip_edits_replace(&edits, message.content_length, "0", 1);
	sip_edits_replace(&edits, part(buffer, (uint32_t)(message.body.at - buffer), 1), "", 0);
	assert_true(sip_edits_content_length(&edits, &message));
	assert_int_equal(
		sip_edits_apply(&edits, buffer, sizeof(start) - 1 + 74, sizeof(buffer)), -EINVAL);
}

/* Whichever way to copy the processor has. */
static void
each_variant_gives(char *buffer, const char *original, uint32_t length, uint32_t capacity,
	struct slice expected)
{
	void (*const chosen)(const struct sip_edits *, struct edit_text) =
		atomic_load(&edit_copy_chosen);

	for (uint32_t i = 0; i < EDIT_VARIANTS; i++) {
		if (edit_variants[i].copy == NULL || !edit_variants[i].usable())
			continue;
		atomic_store(&edit_copy_chosen, edit_variants[i].copy);
		memcpy(buffer, original, length);
		assert_int_equal(
			sip_edits_apply(&edits, buffer, length, capacity), expected.length);
		assert_memory_equal(buffer, expected.at, expected.length);
		assert_int_equal(buffer[capacity], '!');
	}
	atomic_store(&edit_copy_chosen, chosen);
}

/* Disjoint edits at random places, planned in order or in random order; the expected text is put
 * together from left to right while they are chosen. */
static void
random_edits_equal_a_naive_implementation(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
	uint32_t seed = 42;

	for (int round = 0; round < 20000; round++) {
		struct {
			uint32_t offset, length;
			const char *text;
			uint32_t text_length;
		} plan[64];
		char expected[16384], original[6144];
		/* Some texts are too long for a copy of what is behind the first edit. */
		const uint32_t length = random_next(
			&seed, (round % 4 == 0 ? sizeof(original) : sizeof(original) / 4) + 1);
		const uint32_t wanted = random_next(&seed, 64);
		uint32_t count = 0, used = 0, at = 0;

		for (uint32_t i = 0; i < length; i++)
			original[i] = (char)('0' + random_next(&seed, 10));
		while (count < wanted) {
			const uint32_t gap = random_next(&seed, 1 + 2 * length / (wanted + 1));

			if (gap > length - at)
				break;
			memcpy(expected + used, original + at, gap);
			used += gap;
			at += gap;
			/* No two at one place: their order would depend on the order of planning. */
			if (count > 0 && plan[count - 1].offset == at)
				break;
			plan[count].offset = at;
			plan[count].length = random_next(&seed, 20);
			if (plan[count].length > length - at)
				plan[count].length = length - at;
			plan[count].text_length = random_next(&seed, round % 3 == 0 ? 33 : 50);
			plan[count].text = letters + random_next(&seed, 3);
			memcpy(expected + used, plan[count].text, plan[count].text_length);
			used += plan[count].text_length;
			at += plan[count].length;
			count++;
		}
		memcpy(expected + used, original + at, length - at);
		used += length - at;

		/* In every third round with room behind. */
		const uint32_t capacity =
			(used > length ? used : length) + (round % 3 == 0 ? 64 : 0);
		char *const buffer = malloc(capacity + 1);

		assert_non_null(buffer);
		buffer[capacity] = '!';
		memcpy(buffer, original, length);
		sip_edits_begin(&edits, buffer);
		for (uint32_t i = count; i > 0; i--) {
			/* In every other round from left to right. */
			const uint32_t chosen = round % 2 == 0 ? count - i : random_next(&seed, i);

			assert_true(sip_edits_replace(&edits,
				part(buffer, plan[chosen].offset, plan[chosen].length),
				plan[chosen].text, plan[chosen].text_length));
			if (round % 2 != 0)
				plan[chosen] = plan[i - 1];
		}
		assert_int_equal(edits.growth, (int32_t)used - (int32_t)length);
		if (used > length) {
			assert_int_equal(
				sip_edits_apply(&edits, buffer, length, used - 1), -EMSGSIZE);
			assert_memory_equal(buffer, original, length);
		}

		char *const to = malloc(used + 1);

		assert_non_null(to);
		to[used] = '!';
		assert_int_equal(sip_edits_apply_to(&edits, buffer, length, to, used), used);
		if (used > 0)
			assert_memory_equal(to, expected, used);
		assert_int_equal(to[used], '!');
		if (length > 0)
			assert_memory_equal(buffer, original, length);
		free(to);
		assert_int_equal(sip_edits_apply(&edits, buffer, length, capacity), used);
		if (used > 0)
			assert_memory_equal(buffer, expected, used);
		assert_int_equal(buffer[capacity], '!');
		if (round % 3 == 0)
			each_variant_gives(
				buffer, original, length, capacity, (struct slice){expected, used});
		free(buffer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(edits_planned_in_any_order_are_applied_once),
		TEST(insertions_keep_their_order_and_precede_a_replacement),
		TEST(addresses_and_numbers_are_written),
		TEST(addresses_may_repeat_with_another_port),
		TEST(every_octet_is_written_as_it_is_read),
		TEST(overlap_is_refused_and_nothing_changes),
		TEST(too_long_is_refused_and_nothing_changes),
		TEST(a_full_list_refuses),
		TEST(content_length_follows_the_body),
		TEST(content_length_counts_the_body_alone),
		TEST(an_edit_across_the_border_of_the_body_is_refused),
		TEST(another_buffer_gets_the_message_and_the_source_stays),
		TEST(without_a_body_or_a_header_no_length_is_written),
		TEST(content_length_is_put_into_its_place),
		TEST(random_edits_equal_a_naive_implementation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
