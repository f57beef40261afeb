/* SPDX-License-Identifier: BSD-3-Clause */
#include "sip_test.h"

static void
word_compare_ignores_case_and_sees_the_whole_word(void **state)
{
	assert_true(slice_is(text("SiP"), "sIp"));
	assert_false(slice_is(text("sip"), "sips"));
	assert_false(slice_is(text("sips"), "sip"));
	assert_false(slice_is(text_bytes("sip\0", 4), "sip"));
	assert_true(slice_is(text(""), ""));
	assert_true(slice_is((struct slice){NULL, 0}, ""));
	/* '@' and '`' differ by the same bit as letters do. */
	assert_false(slice_is(text("@"), "`"));
}

static void
trim_takes_every_kind_of_line_space(void **state)
{
	assert_slice(slice_trim(text(" \t\r\n a b \r\n\t")), "a b");
	assert_int_equal(slice_trim(text(" \r\n ")).length, 0);
	assert_null(slice_trim((struct slice){NULL, 0}).at);
}

static void
number_refuses_overflow_and_anything_but_digits(void **state)
{
	uint64_t number = 7;

	assert_true(slice_number(text("65535"), 65535, &number));
	assert_int_equal(number, 65535);
	assert_true(slice_number(text("0009"), 10, &number));
	assert_int_equal(number, 9);
	assert_true(slice_number(text("18446744073709551615"), UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_false(slice_number(text("18446744073709551616"), UINT64_MAX, &number));
	assert_false(slice_number(text("65536"), 65535, &number));
	assert_false(slice_number(text("4294967328"), UINT32_MAX, &number));
	assert_false(slice_number(text("9"), 8, &number));
	assert_false(slice_number(text("12"), 5, &number));
	assert_false(slice_number(text(""), 10, &number));
	assert_false(slice_number(text("-1"), 10, &number));
	assert_false(slice_number(text("+1"), 10, &number));
	assert_false(slice_number(text("1 "), 10, &number));
}

static void
ipv4_is_four_octets_without_leading_zeros(void **state)
{
	static const char *const wrong[] = {"", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1",
		"1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", ".1.2.3", "1.2.3.4a", "a.2.3.4",
		"1.2.3.", "1.2.3.4 ", "1234.1.1.1", "1.2.3.0004", "00.0.0.0", "1,2,3,4"};
	uint32_t address;

	assert_true(slice_ipv4(text("0.0.0.0"), &address));
	assert_int_equal(address, 0);
	assert_true(slice_ipv4(text("255.255.255.255"), &address));
	assert_int_equal(address, UINT32_MAX);
	assert_true(slice_ipv4(text("192.0.2.10"), &address));
	assert_int_equal(address, ipv4(192, 0, 2, 10));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(slice_ipv4(text(wrong[i]), &address));
}

/* As its digits say, in every octet and next to octets of every length. */
static void
ipv4_octets_of_every_value_and_length(void **state)
{
	static const char *const others[] = {"0", "10", "255"};
	static const char *const forms[] = {"%u", "%02u", "%03u", "%04u"};
	char octets[4][8], written[40];
	uint32_t address;

	for (uint32_t i = 0; i < 4 * 3 * 4 * 400; i++) {
		const uint32_t value = i % 400, place = i / 400 % 4;
		const char *const form = forms[i / 1600 % 4], *const other = others[i / 6400];
		const int length = snprintf(octets[place], sizeof(octets[place]), form, value);
		const bool right = value < 256 && (octets[place][0] != '0' || length == 1);

		for (uint32_t j = 0; j < 4; j++) {
			if (j != place)
				strcpy(octets[j], other);
		}
		snprintf(written, sizeof(written), "%s.%s.%s.%s", octets[0], octets[1], octets[2],
			octets[3]);
		assert_int_equal(slice_ipv4(text(written), &address), right);
		if (right)
			assert_int_equal(((const uint8_t *)&address)[place], value);
		texts_free(state);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(word_compare_ignores_case_and_sees_the_whole_word),
		TEST(trim_takes_every_kind_of_line_space),
		TEST(number_refuses_overflow_and_anything_but_digits),
		TEST(ipv4_is_four_octets_without_leading_zeros),
		TEST(ipv4_octets_of_every_value_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
