/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions of telemetry threads: answered, given up, and never written to by a late server. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/callgate/request.h"
#include "test/unit/eal_fixture.h"

static struct appliance appliance;

static void *
serve_soon(void *argument)
{
	for (int i = 0; i < 1000 && request_serve_control(&appliance) == 0; i++)
		usleep(500);
	return NULL;
}

static void
a_request_of_no_known_kind_is_answered_with_an_error(void **state)
{
	struct request *request = request_take(REQUEST_CALL); /* a worker's, not control's */
	pthread_t server;

	assert_non_null(request);
	assert_int_equal(pthread_create(&server, NULL, serve_soon, NULL), 0);
	assert_int_equal(request_ask(appliance.control_mailbox, request), 0);
	assert_int_equal(request->result, -EINVAL);
	request_free(request);
	pthread_join(server, NULL);
}

static void
an_unanswered_request_is_given_up_and_freed_by_the_server(void **state)
{
	struct request *request = request_take(REQUEST_CALL), *again[64];
	unsigned int free_before = 0, free_after = 0;

	assert_non_null(request);
	assert_int_equal(request_ask(appliance.control_mailbox, request), -ETIMEDOUT);
	while ((again[free_before] = request_take(REQUEST_CALL)) != NULL)
		free_before++;
	for (unsigned int i = 0; i < free_before; i++)
		request_free(again[i]);
	/* The late server finds it abandoned, answers nothing and gives it back. */
	assert_int_equal(request_serve_control(&appliance), 1);
	while ((again[free_after] = request_take(REQUEST_CALL)) != NULL)
		free_after++;
	for (unsigned int i = 0; i < free_after; i++)
		request_free(again[i]);
	assert_int_equal(free_after, free_before + 1);
}

static void
a_full_mailbox_refuses_and_frees_the_request(void **state)
{
	struct mailbox *full = mailbox_create("full", 2, SOCKET_ID_ANY);
	const struct mail mail = {0};
	struct request *request = request_take(REQUEST_CALL);

	assert_non_null(full);
	while (mailbox_post(full, &mail) == 0)
		;
	assert_int_equal(request_ask(full, request), -ENOBUFS);
	mailbox_destroy(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_of_no_known_kind_is_answered_with_an_error),
		cmocka_unit_test(an_unanswered_request_is_given_up_and_freed_by_the_server),
		cmocka_unit_test(a_full_mailbox_refuses_and_frees_the_request),
	};
	int failed;

	eal_fixture_start();
	appliance.control_mailbox = mailbox_create("control", 64, SOCKET_ID_ANY);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	mailbox_destroy(appliance.control_mailbox);
	return failed;
}
