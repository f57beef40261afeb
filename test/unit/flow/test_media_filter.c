/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may send through a media pinhole, phase by phase. Addresses and ports are mere numbers here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/media_filter.h"

static struct media_filter filter;
static const struct pinhole_holder first = {0, {1, 1}}, second = {0, {2, 1}}, third = {1, {1, 1}};

static int
latch(void **state)
{
	media_filter_init(&filter, MEDIA_SOURCE_LATCH, &first);
	return 0;
}

/* One peer is announced; 0: nobody. */
static void
commit(uint32_t address, uint16_t port)
{
	const struct media_announcement announcement = {
		.count = address != 0, .peer = {{address, port}}};

	media_filter_commit(&filter, &first, &announcement);
}

static void
commit_two(uint32_t one, uint32_t two, bool further)
{
	const struct media_announcement announcement = {
		.count = 2, .further = further, .peer = {{one, 9}, {two, 9}}};

	media_filter_commit(&filter, &first, &announcement);
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
	media_filter_join(&filter, &second);
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
	media_filter_commit(&filter, &first, &announcement);
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
	media_filter_init(&filter, MEDIA_SOURCE_ANNOUNCED, &first);
	commit_two(2, 3, true);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_false(media_filter_admit(&filter, 5, 7));
}

static void
announced_policy_admits_the_announced_address_only(void **state)
{
	media_filter_init(&filter, MEDIA_SOURCE_ANNOUNCED, &first);
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
	media_filter_init(&filter, MEDIA_SOURCE_ANY, &first);
	for (unsigned int i = 1; i <= 2 * PINHOLE_SOURCES_MAX; i++)
		assert_true(media_filter_admit(&filter, i, 7));
	commit(2, 9);
	assert_true(media_filter_admit(&filter, 99, 7));
	assert_int_equal(filter.latched_count, 0);
}

static void
commit_of(const struct pinhole_holder *holder, uint32_t address)
{
	const struct media_announcement announcement = {.count = 1, .peer = {{address, 9}}};

	media_filter_commit(&filter, holder, &announcement);
}

static struct media_sources gone, left;

static void
leave(const struct pinhole_holder *holder)
{
	media_filter_leave(&filter, holder, &gone, &left);
}

static void
each_call_keeps_its_own_announcement(void **state)
{
	commit_of(&first, 2);
	media_filter_join(&filter, &second);
	commit_of(&second, 3);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_true(media_filter_admit(&filter, 3, 9));
	commit_of(&first, 4); /* in the place of its own */
	assert_true(media_filter_admit(&filter, 4, 9));
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_false(media_filter_admit(&filter, 2, 9));
	assert_false(media_filter_admit(&filter, 5, 7));
}

static void
announcement_of_a_call_goes_with_it(void **state)
{
	commit_of(&first, 2);
	assert_true(media_filter_admit(&filter, 20, 7)); /* behind its NAT */
	media_filter_join(&filter, &second);
	commit_of(&second, 3);
	assert_true(media_filter_admit(&filter, 30, 7));
	leave(&first);
	assert_false(media_filter_admit(&filter, 2, 9));
	assert_false(media_filter_admit(&filter, 20, 7));
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_true(media_filter_admit(&filter, 30, 7));
	assert_true(media_sources_have(&gone, 20, 7));
	assert_false(media_sources_have(&gone, 20, 8));
	assert_true(media_sources_have(&gone, 2, 12345));
	assert_true(media_sources_have(&left, 30, 7));
	assert_false(media_sources_have(&left, 2, 9));
	leave(&first); /* and is no more known */
	assert_int_equal(gone.count + left.count, 0);
}

/* The one that offers lets any source in, whatever the other one has agreed. */
static void
answer_of_one_call_does_not_end_the_offer_of_another(void **state)
{
	commit_of(&first, 2);
	assert_true(media_filter_admit(&filter, 2, 9));
	media_filter_join(&filter, &second);
	commit_of(&first, 4);
	assert_true(media_filter_admit(&filter, 10, 7));
	assert_true(media_filter_admit(&filter, 11, 7));
	leave(&second);
	assert_true(media_filter_admit(&filter, 12, 7)); /* the first one's own place */
	assert_false(media_filter_admit(&filter, 10, 7));
	assert_false(media_filter_admit(&filter, 11, 7));
}

static void
of_three_calls_the_oldest_is_not_told_apart(void **state)
{
	commit_of(&first, 2);
	media_filter_join(&filter, &second);
	commit_of(&second, 3);
	media_filter_join(&filter, &third);
	commit_of(&third, 4);
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_true(media_filter_admit(&filter, 4, 9));
	assert_false(media_filter_admit(&filter, 2, 9));
	/* whose flows those of the others are is not known any more */
	leave(&second);
	assert_int_equal(gone.count, 0);
	assert_false(media_filter_admit(&filter, 3, 9));
	assert_true(media_filter_admit(&filter, 4, 9));
	/* its next answer makes it known again */
	commit_of(&first, 2);
	assert_true(media_filter_admit(&filter, 2, 9));
	assert_true(media_filter_admit(&filter, 4, 9));
}

static void
announcements_of_two_calls_share_the_places(void **state)
{
	struct media_announcement announcement = {.count = 4};

	for (unsigned int i = 0; i < 4; i++)
		announcement.peer[i] = (struct media_peer){i + 1, 9};
	media_filter_commit(&filter, &first, &announcement);
	media_filter_join(&filter, &second);
	for (unsigned int i = 0; i < 4; i++)
		announcement.peer[i] = (struct media_peer){i + 11, 9};
	media_filter_commit(&filter, &second, &announcement);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(media_filter_admit(&filter, i + 11, 9));
	assert_true(media_filter_admit(&filter, 4, 9)); /* the first two had to go */
	assert_true(media_filter_admit(&filter, 3, 9));
	assert_false(media_filter_admit(&filter, 2, 9));
	assert_false(media_filter_admit(&filter, 1, 9));
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
		cmocka_unit_test_setup(each_call_keeps_its_own_announcement, latch),
		cmocka_unit_test_setup(announcement_of_a_call_goes_with_it, latch),
		cmocka_unit_test_setup(answer_of_one_call_does_not_end_the_offer_of_another, latch),
		cmocka_unit_test_setup(of_three_calls_the_oldest_is_not_told_apart, latch),
		cmocka_unit_test_setup(announcements_of_two_calls_share_the_places, latch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
