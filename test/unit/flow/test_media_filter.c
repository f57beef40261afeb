/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may send through a media pinhole, phase by phase. Addresses and ports are mere numbers here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/media_filter.h"

static struct media_filter filter;

static int
latch(void **state)
{
	media_filter_init(&filter, MEDIA_SOURCE_LATCH);
	return 0;
}

/* One peer is announced; 0: nobody. */
static void
commit(uint32_t address, uint16_t port)
{
	const struct media_announcement announcement = {
		.count = address != 0, .peer = {{address, port}}};

	media_filter_commit(&filter, &announcement);
}

static void
commit_two(uint32_t first, uint32_t second, bool further)
{
	const struct media_announcement announcement = {
		.count = 2, .further = further, .peer = {{first, 9}, {second, 9}}};

	media_filter_commit(&filter, &announcement);
}

static void
offer_phase_takes_any_source_but_only_a_few(void **state)
{
	for (unsigned int i = 1; i <= PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, i, 7));
	assert_false(media_filter_admit(&filter, PINHOLE_SOURCES_MAX + 1, 7));
	assert_false(media_filter_admit(&filter, 1, 8)); /* another port is another source */
	for (unsigned int i = 1; i <= PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, i, 7));
}

static void
answer_leaves_latched_and_announced(void **state)
{
	assert_true(media_filter_admit(&filter, 1, 7));
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 1, 7));
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_true(media_filter_admit(&filter, 2, 10)); /* announced: address alone */
	assert_false(media_filter_admit(&filter, 1, 8));
	assert_false(media_filter_admit(&filter, 3, 7));
}

static void
first_source_latches_when_none_had(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 5, 7)); /* behind its own NAT */
	assert_false(media_filter_admit(&filter, 6, 7));
	assert_true(media_filter_admit(&filter, 5, 7));
	assert_true(media_filter_admit(&filter, 2, 9));
}

static void
announced_source_closes_the_first_place(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_false(media_filter_admit(&filter, 5, 7));
}

static void
retransmitted_answer_changes_nothing(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 5, 7));
	commit(2, 9);
	assert_false(media_filter_admit(&filter, 6, 7));
}

static void
new_answer_reopens_once(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 5, 7));
	commit(3, 9);
	assert_true(media_filter_admit(&filter, 5, 7)); /* latched before: takes no new place */
	assert_true(media_filter_admit(&filter, 6, 7));
	assert_false(media_filter_admit(&filter, 8, 7));
	assert_true(media_filter_admit(&filter, 3, 1));
	assert_false(media_filter_admit(&filter, 2, 9)); /* no longer announced */
}

static void
hold_announces_nobody_and_reopens_nothing(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 2, 9));
	commit(0, 0);
	assert_false(media_filter_admit(&filter, 2, 9));
	assert_false(media_filter_admit(&filter, 0, 9));
	assert_false(media_filter_admit(&filter, 5, 9));
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 2, 9));
}

static void
another_call_offers_anew_and_latched_sources_stay(void **state)
{
	for (unsigned int i = 1; i <= PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, i, 7));
	commit(1, 7);
	assert_false(media_filter_admit(&filter, 20, 7));
	media_filter_reopen(&filter);
	assert_true(media_filter_admit(&filter, 20, 7));
	assert_false(media_filter_admit(&filter, 21, 7));
	assert_true(media_filter_admit(&filter, 2, 7));
}

static void
early_answers_add_their_sources(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 2, 9));
	commit_two(3, 2, false); /* another fork */
	assert_true(media_filter_admit(&filter, 2, 10));
	assert_true(media_filter_admit(&filter, 3, 10));
	assert_false(media_filter_admit(&filter, 5, 7));
	commit_two(3, 2, false); /* a fork's second early answer */
	assert_false(media_filter_admit(&filter, 5, 7));
}

static void
early_answers_of_peers_behind_nat_have_a_place_each(void **state)
{
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 5, 7));
	assert_false(media_filter_admit(&filter, 6, 7));
	commit_two(3, 2, false);
	assert_true(media_filter_admit(&filter, 6, 7));
	assert_false(media_filter_admit(&filter, 8, 7));
}

static void
confirmed_answer_leaves_only_its_own(void **state)
{
	commit_two(3, 2, false);
	assert_true(media_filter_admit(&filter, 2, 9));
	commit(3, 9);
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_false(media_filter_admit(&filter, 2, 10));
	assert_false(media_filter_admit(&filter, 5, 7)); /* nothing new, so no place */
}

static void
every_place_of_an_announcement_counts(void **state)
{
	struct media_announcement announcement = {.count = PINHOLE_ANNOUNCED_MAX};

	for (unsigned int i = 0; i < PINHOLE_ANNOUNCED_MAX; i++)
		announcement.peer[i] = (struct media_peer){i + 1, 9};
	media_filter_commit(&filter, &announcement);
	for (unsigned int i = 0; i < PINHOLE_ANNOUNCED_MAX; i++)
		assert_true(media_filter_admit(&filter, i + 1, 7));
	assert_false(media_filter_admit(&filter, PINHOLE_ANNOUNCED_MAX + 1, 7));
}

static void
further_sources_latch_beside_the_announced(void **state)
{
	commit_two(2, 3, true);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_true(media_filter_admit(&filter, 3, 9));
	for (unsigned int i = 0; i < PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, 10 + i, 7));
	assert_false(media_filter_admit(&filter, 20, 7));
	assert_true(media_filter_admit(&filter, 3, 10)); /* takes no place of theirs */
	commit_two(2, 4, true); /* another answer is no reason for more */
	assert_false(media_filter_admit(&filter, 20, 7));
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 10, 7));
	assert_false(media_filter_admit(&filter, 4, 7));
}

static void
further_sources_after_an_answer_that_named_all(void **state)
{
	for (unsigned int i = 0; i < PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, 10 + i, 7));
	commit(2, 9);
	assert_false(media_filter_admit(&filter, 20, 7));
	commit_two(2, 3, true);
	assert_true(media_filter_admit(&filter, 20, 7));
	assert_false(media_filter_admit(&filter, 21, 7));
}

static void
announced_policy_takes_every_announced_source_and_no_further(void **state)
{
	media_filter_init(&filter, MEDIA_SOURCE_ANNOUNCED);
	commit_two(2, 3, true);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_false(media_filter_admit(&filter, 5, 7));
}

static void
announced_policy_admits_the_announced_address_only(void **state)
{
	media_filter_init(&filter, MEDIA_SOURCE_ANNOUNCED);
	assert_false(media_filter_admit(&filter, 2, 9));
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_false(media_filter_admit(&filter, 5, 7));
	commit(0, 0);
	assert_false(media_filter_admit(&filter, 0, 9));
}

static void
any_policy_admits_all(void **state)
{
	media_filter_init(&filter, MEDIA_SOURCE_ANY);
	for (unsigned int i = 1; i <= 2 * PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, i, 7));
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 99, 7));
	assert_int_equal(filter.latched_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(offer_phase_takes_any_source_but_only_a_few, latch),
		cmocka_unit_test_setup(answer_leaves_latched_and_announced, latch),
		cmocka_unit_test_setup(first_source_latches_when_none_had, latch),
		cmocka_unit_test_setup(announced_source_closes_the_first_place, latch),
		cmocka_unit_test_setup(retransmitted_answer_changes_nothing, latch),
		cmocka_unit_test_setup(new_answer_reopens_once, latch),
		cmocka_unit_test_setup(hold_announces_nobody_and_reopens_nothing, latch),
		cmocka_unit_test_setup(another_call_offers_anew_and_latched_sources_stay, latch),
		cmocka_unit_test_setup(early_answers_add_their_sources, latch),
		cmocka_unit_test_setup(early_answers_of_peers_behind_nat_have_a_place_each, latch),
		cmocka_unit_test_setup(confirmed_answer_leaves_only_its_own, latch),
		cmocka_unit_test_setup(every_place_of_an_announcement_counts, latch),
		cmocka_unit_test_setup(further_sources_latch_beside_the_announced, latch),
		cmocka_unit_test_setup(further_sources_after_an_answer_that_named_all, latch),
		cmocka_unit_test(announced_policy_takes_every_announced_source_and_no_further),
		cmocka_unit_test(announced_policy_admits_the_announced_address_only),
		cmocka_unit_test(any_policy_admits_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
