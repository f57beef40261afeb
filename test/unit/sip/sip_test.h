/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts for the tests of lib/sip: each in a heap buffer of exactly its size, so that the address
 * sanitizer sees every byte read beyond it.
 */
#ifndef SIP_TEST_H
#define SIP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip/slice.h"

enum { SIP_TEST_TEXTS = 256 };
static char *sip_test_texts[SIP_TEST_TEXTS];
static unsigned int sip_test_text_count;

static inline struct slice
text_bytes(const char *bytes, size_t length)
{
	char *const copy = malloc(length > 0 ? length : 1);

	assert_non_null(copy);
	assert_true(sip_test_text_count < SIP_TEST_TEXTS);
	sip_test_texts[sip_test_text_count++] = copy;
	if (length > 0)
		memcpy(copy, bytes, length);
	return (struct slice){copy, (uint32_t)length};
}

static inline struct slice
text(const char *string)
{
	return text_bytes(string, strlen(string));
}

static inline int
texts_free(void **state)
{
	while (sip_test_text_count > 0)
		free(sip_test_texts[--sip_test_text_count]);
	return 0;
}

#define TEST(function) cmocka_unit_test_teardown(function, texts_free)

#define assert_slice(actual, expected) \
	do { \
		const struct slice slice_ = (actual); \
		assert_non_null(slice_.at); \
		assert_int_equal(slice_.length, strlen(expected)); \
		assert_memory_equal(slice_.at, expected, strlen(expected)); \
	} while (0)

static inline uint32_t
ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t octets[4] = {a, b, c, d};
	uint32_t address;

	memcpy(&address, octets, sizeof(address));
	return address;
}

#endif
