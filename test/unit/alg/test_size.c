/* SPDX-License-Identifier: BSD-3-Clause */
/* What a call with one audio stream takes of the ALG's memory, and what a configuration sets aside. */
#include <string.h>

#include "alg/alg_priv.h"
#include "alg_message.h"

enum {
	CALL_BYTES_MAX = 1024,
	TABLE_BYTES = 80, /* of a call at most: key slot and bucket, rounded up to a power of two */
};

static size_t
used(const struct alg_worker *worker)
{
	return (size_t)worker->calls.used * worker->calls.size +
	       (size_t)worker->dialogs.used * worker->dialogs.size +
	       (size_t)worker->sets.used * worker->sets.size +
	       (size_t)worker->openings.used * worker->openings.size +
	       (size_t)rte_hash_count(worker->table) * TABLE_BYTES;
}

/* From its INVITE to its end, also while a re-INVITE with the same endpoints is under way. */
static void
audio_call_takes_a_kilobyte_at_most(void **state)
{
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	const char *offer = sdp_audio("10.0.0.7", 4000, "");
	const char *answer = sdp_audio("198.51.100.20", 7000, "");

	assert_int_equal(used(worker), 0);
	out_request("INVITE", 1, "", offer);
	assert_int_equal(worker->calls.used, 1);
	assert_in_range(used(worker), 1, CALL_BYTES_MAX);
	in_response("180 Ringing", 1, "INVITE", ";tag=b", answer);
	assert_in_range(used(worker), 1, CALL_BYTES_MAX);
	in_response("200 OK", 1, "INVITE", ";tag=b", answer);
	out_request("ACK", 1, ";tag=b", NULL);
	assert_media(4, 2);
	assert_in_range(used(worker), 1, CALL_BYTES_MAX);
	out_request("INVITE", 2, ";tag=b", offer);
	assert_in_range(used(worker), 1, CALL_BYTES_MAX);
	in_response("200 OK", 2, "INVITE", ";tag=b", answer);
	out_request("ACK", 2, ";tag=b", NULL);
	assert_in_range(used(worker), 1, CALL_BYTES_MAX);
	print_message("one audio call: %zu bytes (call %zu, dialog %zu, set %zu, opening %zu)\n",
		used(worker), sizeof(struct call), sizeof(struct dialog), sizeof(struct media_set),
		sizeof(struct opening));
	call_down();
	/* the record itself stays 32 s for stray repetitions, and its timer has run out by now */
	assert_int_equal(used(worker), 0);
}

/* What the estimate says covers what is there, and calls have room for more than one audio stream. */
static void
configured_memory_holds_the_slabs(void **state)
{
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);
	const uint32_t calls = fx.config.system.max_calls;
	size_t slabs = (size_t)worker->calls.capacity * worker->calls.size +
		       (size_t)worker->dialogs.capacity * worker->dialogs.size +
		       (size_t)worker->sets.capacity * worker->sets.size +
		       (size_t)worker->openings.capacity * worker->openings.size;

	assert_int_equal(worker->calls.capacity, calls + 1);
	assert_true(slabs <= alg_memory(&fx.config));
	assert_true(worker->dialogs.capacity >= calls);
	assert_true(worker->sets.capacity >= 2 * calls);
	assert_true(worker->openings.capacity >= 7 * calls);
	print_message("set aside for a call: %zu bytes\n", alg_memory(&fx.config) / calls);
}

/* A message finds its call by one line and compares its Call-ID in the next. */
static void
records_begin_at_cache_lines(void **state)
{
	const struct alg_worker *worker = alg_worker_of(fx.alg, 0);

	assert_int_equal((uintptr_t)call_at(worker, 1) % RTE_CACHE_LINE_SIZE, 0);
	assert_int_equal(sizeof(struct call) % RTE_CACHE_LINE_SIZE, 0);
	assert_true(offsetof(struct call, caller_tag) + sizeof(uint64_t) <= RTE_CACHE_LINE_SIZE);
	assert_true(offsetof(struct call, end) + sizeof(struct call_end) <= RTE_CACHE_LINE_SIZE);
	assert_true(offsetof(struct call, same_id) + sizeof(uint32_t) <= RTE_CACHE_LINE_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)
		TEST(audio_call_takes_a_kilobyte_at_most),
		TEST(configured_memory_holds_the_slabs),
		TEST(records_begin_at_cache_lines),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
