/* SPDX-License-Identifier: BSD-3-Clause */
/* Log levels, targets and rates, seen through a redirected stderr and a syslog of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/counter.h"
#include "core/log.h"
#include "eal_fixture.h"

static char captured[8 * LOG_LINE_MAX];

/* Run `body` with stderr in a file, then put the file's text into `captured`. */
static void
capture(void (*body)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t length;

	assert_non_null(file);
	assert_true(saved >= 0);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	body();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	length = fread(captured, 1, sizeof(captured) - 1, file);
	captured[length] = '\0';
	fclose(file);
}

static unsigned int
captured_lines(void)
{
	unsigned int lines = 0;

	for (const char *c = captured; *c != '\0'; c++)
		lines += *c == '\n';
	return lines;
}

static void
write_all_levels(void)
{
	LOG(ERR, "an %s", "error");
	LOG(WARNING, "a warning");
	LOG(INFO, "some information");
	LOG(DEBUG, "a detail");
}

static void
each_level_shows_itself_and_what_is_graver(void **state)
{
	const char *levels[] = {"error", "warning", "info", "debug"};

	for (unsigned int i = 0; i < RTE_DIM(levels); i++) {
		assert_int_equal(log_init(levels[i], "stderr"), 0);
		capture(write_all_levels);
		assert_int_equal(captured_lines(), i + 1);
		assert_ptr_equal(strstr(captured, "callgate: an error\n"), captured);
	}
}

static void
write_always(void)
{
	LOG(INFO, "some information");
	log_always("number %d", 1);
}

static void
what_is_always_written_has_no_level(void **state)
{
	assert_int_equal(log_init("error", "stderr"), 0);
	capture(write_always);
	assert_string_equal(captured, "callgate: number 1\n");
	assert_int_equal(log_init("error", "syslog"), 0);
	capture(write_always);
	assert_string_equal(captured, "");
}

static void
target_syslog_keeps_stderr_clean(void **state)
{
	assert_int_equal(log_init("debug", "syslog"), 0);
	capture(write_all_levels);
	assert_string_equal(captured, "");
	assert_int_equal(log_init("debug", "stderr"), 0);
	capture(write_all_levels);
	assert_int_equal(captured_lines(), 4);
}

static void
an_unknown_level_or_target_is_refused_and_changes_nothing(void **state)
{
	assert_int_equal(log_init("warning", "stderr"), 0);
	assert_int_equal(log_init("loud", "stderr"), -EINVAL);
	assert_int_equal(log_init("debug", "printer"), -EINVAL);
	capture(write_all_levels);
	assert_int_equal(captured_lines(), 2);
}

static void
write_a_flood(void)
{
	for (unsigned int i = 0; i < 100; i++)
		LOG_RATED(INFO, "packets", "packet %u", i);
}

static struct log_rate rate = LOG_RATE("things", 1);

static void
write_one(void)
{
	LOG_RATED_BY(&rate, INFO, "one");
}

static void
write_two(void)
{
	write_one();
	write_one();
}

static void
tell(void)
{
	log_rates_tell(false);
}

static void
at(unsigned int ms)
{
	clock_set_ms(CLOCK_ORIGIN_MS + ms);
}

static void
a_flood_is_cut_and_what_was_suppressed_is_counted(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	clock_init(true);
	at(5000);
	capture(write_a_flood);
	assert_int_equal(captured_lines(), LOG_RATED_PER_SECOND);
	assert_null(strstr(captured, "suppressed"));
	/* Another place, or another reason, has a rate of its own. */
	capture(write_two);
	assert_string_equal(captured, "callgate: one\n");
	at(5999);
	capture(tell);
	assert_string_equal(captured, "");
	at(6000);
	capture(write_one);
	assert_string_equal(captured, "callgate: one (1 similar lines suppressed)\n");
	/* Where no line follows. */
	capture(tell);
	assert_string_equal(captured, "callgate: 90 similar lines suppressed: packets\n");
	at(7000);
	capture(tell);
	assert_string_equal(captured, "");
	capture(write_one);
	assert_string_equal(captured, "callgate: one\n");
}

static void
what_is_not_wanted_is_not_counted_as_suppressed(void **state)
{
	assert_int_equal(log_init("error", "stderr"), 0);
	at(8000);
	capture(write_two);
	assert_string_equal(captured, "");
	assert_int_equal(log_level_set("app", "info"), 0);
	capture(write_one);
	assert_string_equal(captured, "callgate: one\n");
}

static void
a_rate_that_is_given_up_is_not_looked_at_again(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	at(9000);
	capture(write_two);
	log_rate_forget(&rate);
	at(10000);
	capture(tell);
	assert_string_equal(captured, "");
}

static void
write_as_sip_and_nat(void)
{
	log_line(LOG_MODULE_SIP, RTE_LOG_DEBUG, "of sip");
	log_line(LOG_MODULE_NAT, RTE_LOG_DEBUG, "of nat");
}

static void
each_module_has_a_level_of_its_own(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	capture(write_as_sip_and_nat);
	assert_string_equal(captured, "");
	assert_int_equal(log_level_set("sip", "debug"), 0);
	capture(write_as_sip_and_nat);
	assert_string_equal(captured, "callgate: of sip\n");
	assert_int_equal(log_level_get(LOG_MODULE_SIP), LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_get(LOG_MODULE_NAT), LOG_LEVEL_INFO);
	assert_int_equal(log_level_set("all", "debug"), 0);
	capture(write_as_sip_and_nat);
	assert_int_equal(captured_lines(), 2);
	assert_int_equal(log_level_set("fax", "debug"), -ENOENT);
	assert_int_equal(log_level_set("sip", "loud"), -EINVAL);
}

static void
what_was_set_stays_unless_the_configuration_changes(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	assert_int_equal(log_level_set("sip", "debug"), 0);
	log_configure(LOG_MODULE_SIP, LOG_LEVEL_INFO);
	assert_int_equal(log_level_get(LOG_MODULE_SIP), LOG_LEVEL_DEBUG);
	log_configure(LOG_MODULE_SIP, LOG_LEVEL_WARNING);
	assert_int_equal(log_level_get(LOG_MODULE_SIP), LOG_LEVEL_WARNING);
	log_configure(LOG_MODULE_SIP, LOG_LEVEL_INFO);
	assert_int_equal(log_level_get(LOG_MODULE_SIP), LOG_LEVEL_INFO);
}

static void
write_foreign(void)
{
	LOG(INFO, "a %s!", "\r\n<3>forged\x1b[2J\x7f\xc2\x9b \xc3\xa9 \xe9");
}

static void
a_foreign_text_is_one_line_and_steers_nothing(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	capture(write_foreign);
	assert_string_equal(captured,
		"callgate: a \\x0d\\x0a<3>forged\\x1b[2J\\x7f\\xc2\\x9b \xc3\xa9 \\xe9!\n");
}

static void
write_long(void)
{
	char text[2 * LOG_LINE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	LOG(INFO, "%s", text);
	memset(text, '\x01', sizeof(text) - 1);
	LOG(INFO, "%s", text);
}

static void
a_line_that_is_too_long_is_cut(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	capture(write_long);
	assert_int_equal(captured_lines(), 2);
}

/* As a service of systemd: what is standard error is the journal's stream. */
static void
write_to_the_journal(void)
{
	struct stat status;
	char stream[64];

	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		(uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_int_equal(log_init("debug", "stderr"), 0);
	write_all_levels();
}

static void
the_journal_is_told_priorities_and_no_name(void **state)
{
	capture(write_to_the_journal);
	assert_string_equal(
		captured, "<3>an error\n<4>a warning\n<6>some information\n<7>a detail\n");
	/* The variable of whoever started us, and a stream of another kind. */
	assert_int_equal(log_init("error", "stderr"), 0);
	capture(write_all_levels);
	assert_string_equal(captured, "callgate: an error\n");
	unsetenv("JOURNAL_STREAM");
}

enum { QUEUED_LINES = 2000 }; /* more than the queue holds */

static unsigned int queued_lines, queued_length;

/* As a worker has it. */
static void *
write_as_worker(void *unused)
{
	char text[LOG_LINE_MAX];

	log_queue_join();
	for (unsigned int i = 0; i < queued_lines; i++) {
		memset(text, 0, sizeof(text));
		for (unsigned int at = 0; at + 2 <= queued_length; at += 2)
			memcpy(&text[at], "\xc3\xa9", 2);
		LOG(WARNING, "%s%u", text, i);
	}
	return NULL;
}

static void
write_queued(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_as_worker, NULL), 0);
	pthread_join(thread, NULL);
}

static void
hand_on(void)
{
	log_queue_write(counters_of(THREAD_CONTROL), UINT32_MAX);
}

static void
a_workers_lines_are_written_by_the_control_lcore(void **state)
{
	assert_int_equal(log_init("info", "stderr"), 0);
	assert_int_equal(log_queue_create(), 0);
	queued_lines = 3;
	queued_length = 0;
	capture(write_queued);
	assert_string_equal(captured, "");
	capture(hand_on);
	assert_string_equal(captured, "callgate: 0\ncallgate: 1\ncallgate: 2\n");
	/* A long one is cut between characters. */
	queued_lines = 1;
	queued_length = 1000;
	write_queued();
	capture(hand_on);
	assert_int_equal(strlen(captured), strlen("callgate: ") + 502 + 1);
	assert_memory_equal(&captured[strlen(captured) - 3], "\xc3\xa9\n", 3);
	log_queue_destroy(counters_of(THREAD_CONTROL));
}

static void
lines_that_found_no_room_are_counted_and_told(void **state)
{
	uint64_t lost = counters_event_sum(EVENT_LOG_LOST);
	char told[64];

	assert_int_equal(log_init("info", "stderr"), 0);
	assert_int_equal(log_queue_create(), 0);
	queued_lines = QUEUED_LINES;
	queued_length = 0;
	write_queued();
	capture(hand_on);
	lost = counters_event_sum(EVENT_LOG_LOST) - lost;
	assert_true(lost > 0);
	snprintf(told, sizeof(told), "callgate: %u lines are missing here\ncallgate: 0\n",
		(unsigned int)lost);
	assert_ptr_equal(strstr(captured, told), captured);
	assert_int_equal(captured_lines(), QUEUED_LINES - lost + 1);
	capture(write_all_levels);
	assert_null(strstr(captured, "missing"));
	log_queue_destroy(counters_of(THREAD_CONTROL));
}

/* The end of a pipe that nobody reads. */
static void
nobody_who_does_not_read_is_waited_for(void **state)
{
	uint64_t lost = counters_event_sum(EVENT_LOG_LOST);
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t length;

	assert_int_equal(log_init("info", "stderr"), 0);
	assert_int_equal(log_queue_create(), 0);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	dup2(ends[1], STDERR_FILENO);
	for (unsigned int i = 0; i < 10000; i++)
		LOG(INFO, "line %u", i);
	hand_on();
	assert_true(counters_event_sum(EVENT_LOG_LOST) > lost);
	while (read(ends[0], captured, sizeof(captured)) > 0)
		;
	LOG(INFO, "again");
	length = read(ends[0], captured, sizeof(captured) - 1);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(length > 0);
	captured[length] = '\0';
	assert_non_null(strstr(captured, " lines are missing here\ncallgate: again\n"));
	/* Whoever read it is gone. */
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[0]);
	lost = counters_event_sum(EVENT_LOG_LOST);
	signal(SIGPIPE, SIG_IGN);
	LOG(INFO, "to nobody");
	hand_on();
	signal(SIGPIPE, SIG_DFL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	assert_int_equal(counters_event_sum(EVENT_LOG_LOST), lost + 1);
	log_queue_destroy(counters_of(THREAD_CONTROL));
}

static int syslog_socket = -1;

/* A socket of our own at /dev/log, in a mount namespace of our own. */
static void
syslog_make(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("tmpfs", "/dev", "tmpfs", 0, NULL) != 0)
		return;
	syslog_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(syslog_socket, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* What came last must be "<PRIORITY>...callgate[N]: TEXT". */
static void
assert_syslog(unsigned int priority, const char *text)
{
	char came[256], start[16];
	ssize_t length = recv(syslog_socket, came, sizeof(came) - 1, 0);
	const char *name;

	assert_true(length > 0);
	came[length] = '\0';
	snprintf(start, sizeof(start), "<%u>", LOG_DAEMON | priority);
	assert_int_equal(strncmp(came, start, strlen(start)), 0);
	name = strstr(came, "callgate[");
	assert_non_null(name);
	assert_string_equal(strstr(name, "]: ") + 3, text);
}

static void
syslog_is_told_priorities_and_our_name_once(void **state)
{
	if (syslog_socket < 0)
		skip();
	assert_int_equal(log_init("debug", "syslog"), 0);
	while (recv(syslog_socket, captured, sizeof(captured), 0) > 0)
		;
	write_all_levels();
	assert_syslog(LOG_ERR, "an error");
	assert_syslog(LOG_WARNING, "a warning");
	assert_syslog(LOG_INFO, "some information");
	assert_syslog(LOG_DEBUG, "a detail");
	assert_int_equal(log_init("error", "stderr"), 0);
	log_syslog("{\"call_id\":\"%s\"}");
	assert_syslog(LOG_INFO, "{\"call_id\":\"%s\"}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_level_shows_itself_and_what_is_graver),
		cmocka_unit_test(what_is_always_written_has_no_level),
		cmocka_unit_test(target_syslog_keeps_stderr_clean),
		cmocka_unit_test(an_unknown_level_or_target_is_refused_and_changes_nothing),
		cmocka_unit_test(a_flood_is_cut_and_what_was_suppressed_is_counted),
		cmocka_unit_test(what_is_not_wanted_is_not_counted_as_suppressed),
		cmocka_unit_test(a_rate_that_is_given_up_is_not_looked_at_again),
		cmocka_unit_test(each_module_has_a_level_of_its_own),
		cmocka_unit_test(what_was_set_stays_unless_the_configuration_changes),
		cmocka_unit_test(a_foreign_text_is_one_line_and_steers_nothing),
		cmocka_unit_test(a_line_that_is_too_long_is_cut),
		cmocka_unit_test(the_journal_is_told_priorities_and_no_name),
		cmocka_unit_test(a_workers_lines_are_written_by_the_control_lcore),
		cmocka_unit_test(lines_that_found_no_room_are_counted_and_told),
		cmocka_unit_test(nobody_who_does_not_read_is_waited_for),
		cmocka_unit_test(syslog_is_told_priorities_and_our_name_once),
	};

	eal_fixture_start();
	syslog_make();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
