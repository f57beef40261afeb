/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages, and all that is read out of their headers and bodies (message_properties.h).
 */
#include "test/fuzz/harness.h"
#include "test/fuzz/message_properties.h"
#include "test/fuzz/message_seeds.h"

const struct fuzz_harness fuzz_harness = {
	message_seeds, MESSAGE_SEEDS, message_dictionary, MESSAGE_WORDS, 700, 20000};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= UINT32_MAX)
		properties_check((const char *)data, (uint32_t)size);
	return 0;
}
