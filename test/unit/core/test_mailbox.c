/* SPDX-License-Identifier: BSD-3-Clause */
/* Mailboxes, also with posters that EAL does not know. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_errno.h>

#include "core/mailbox.h"
#include "eal_fixture.h"

enum {
	POSTERS = 3,
	LETTERS = 20000,
};

static void
letters_come_out_whole_and_in_order(void **state)
{
	struct mailbox *mailbox = mailbox_create("order", 8, SOCKET_ID_ANY);
	int object;
	struct mail in = {.kind = 7, .a = 1, .b = 2, .pointer = &object, .c = UINT64_MAX};
	struct mail out[8];

	assert_non_null(mailbox);
	assert_true(mailbox_empty(mailbox));
	assert_int_equal(mailbox_take(mailbox, out, 8), 0);
	for (in.a = 0; in.a < 3; in.a++)
		assert_int_equal(mailbox_post(mailbox, &in), 0);
	assert_false(mailbox_empty(mailbox));
	assert_int_equal(mailbox_take(mailbox, out, 2), 2);
	assert_int_equal(mailbox_take(mailbox, &out[2], 6), 1);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(out[i].kind, 7);
		assert_int_equal(out[i].a, i);
		assert_int_equal(out[i].b, 2);
		assert_ptr_equal(out[i].pointer, &object);
		assert_true(out[i].c == UINT64_MAX);
	}
	assert_true(mailbox_empty(mailbox));
	mailbox_destroy(mailbox);
}

static void
a_mailbox_holds_as_many_letters_as_asked_and_refuses_the_next(void **state)
{
	struct mailbox *mailbox = mailbox_create("full", 4, SOCKET_ID_ANY);
	struct mail mail = {0};

	assert_non_null(mailbox);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(mailbox_post(mailbox, &mail), 0);
	assert_int_equal(mailbox_post(mailbox, &mail), -ENOBUFS);
	assert_int_equal(mailbox_take(mailbox, &mail, 1), 1);
	assert_int_equal(mailbox_post(mailbox, &mail), 0);
	mailbox_destroy(mailbox);
}

static void
a_size_that_is_no_power_of_two_is_refused(void **state)
{
	assert_null(mailbox_create("odd", 6, SOCKET_ID_ANY));
	assert_int_equal(rte_errno, EINVAL);
	assert_null(mailbox_create("zero", 0, SOCKET_ID_ANY));
}

struct poster {
	struct mailbox *mailbox;
	uint32_t number;
};

static void *
poster_run(void *argument)
{
	const struct poster *poster = argument;

	for (uint32_t i = 0; i < LETTERS; i++) {
		struct mail mail = {.kind = poster->number, .a = i, .c = ~(uint64_t)i};

		while (mailbox_post(poster->mailbox, &mail) != 0)
			sched_yield();
	}
	return NULL;
}

static void
letters_of_several_posters_all_arrive_each_in_its_order(void **state)
{
	struct mailbox *mailbox = mailbox_create("posters", 64, SOCKET_ID_ANY);
	struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	uint32_t next[POSTERS] = {0};
	unsigned int total = 0;

	assert_non_null(mailbox);
	for (uint32_t i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){mailbox, i};
		assert_int_equal(pthread_create(&threads[i], NULL, poster_run, &posters[i]), 0);
	}
	while (total < POSTERS * LETTERS) {
		struct mail mails[16];
		unsigned int count = mailbox_take(mailbox, mails, RTE_DIM(mails));

		for (unsigned int i = 0; i < count; i++) {
			assert_in_range(mails[i].kind, 0, POSTERS - 1);
			assert_int_equal(mails[i].a, next[mails[i].kind]);
			assert_true(mails[i].c == ~(uint64_t)mails[i].a);
			next[mails[i].kind]++;
		}
		total += count;
		if (count == 0)
			sched_yield();
	}
	for (unsigned int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	assert_true(mailbox_empty(mailbox));
	mailbox_destroy(mailbox);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_come_out_whole_and_in_order),
		cmocka_unit_test(a_mailbox_holds_as_many_letters_as_asked_and_refuses_the_next),
		cmocka_unit_test(a_size_that_is_no_power_of_two_is_refused),
		cmocka_unit_test(letters_of_several_posters_all_arrive_each_in_its_order),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
