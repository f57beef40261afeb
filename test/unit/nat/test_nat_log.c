/* SPDX-License-Identifier: BSD-3-Clause */
/* The NAT log's ring: what does not fit is counted and told, and nobody waits for it. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "nat_fixture.h"

#include "core/log.h"
#include "nat/nat_log_priv.h"
#include "nat/nat_priv.h"

enum {
	ROOM = NAT_LOG_RECORDS - 1, /* a ring keeps a place free */
	WRITERS = 4,
};

static struct nat_fixture f;
static char *text; /* what was written */
static FILE *stream;
static size_t size;

static void
start(void)
{
	assert_int_equal(log_init("error", "stderr"), 0);
	stream = open_memstream(&text, &size);
	assert_non_null(stream);
	rte_openlog_stream(stream);
	nat_fixture_init(&f);
	nat_fixture_interface_rule(&f);
	f.config.nat.log = true;
	nat_fixture_start(&f, 30000);
}

static void
stop(void)
{
	nat_fixture_advance(&f, 10);
	for (unsigned int i = 0; i < 8; i++) {
		rcu_quiescent(0);
		nat_sweep(&f.control, f.nat, 4096);
		nat_log_write(&f.control, f.nat, UINT32_MAX);
	}
	nat_fixture_stop(&f, 0);
	log_init("info", "stderr");
	fclose(stream);
	free(text);
	text = NULL;
}

static uint64_t
dropped(void)
{
	return counters_event_sum(EVENT_NAT_LOG_DROPPED);
}

/* How often these words stand in what was written. */
static unsigned int
lines_with(const char *words)
{
	unsigned int count = 0;

	fflush(stream);
	for (const char *at = text; (at = strstr(at, words)); at++)
		count++;
	return count;
}

static void
bind_ports(uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct endpoint inside = udp("10.0.0.2", (uint16_t)(first + i));
		struct binding *binding;

		assert_int_equal(binding_get(&f.worker, f.nat, &inside, &binding), 0);
	}
}

static void
what_does_not_fit_is_counted_and_told(void **state)
{
	uint64_t before = dropped();

	start();
	bind_ports(1024, 20000);
	assert_int_equal(dropped() - before, 20000 - ROOM);
	/* a budget is kept */
	nat_log_write(&f.control, f.nat, 100);
	assert_int_equal(lines_with(" created "), 100);
	assert_int_equal(lines_with("missing"), 0);
	nat_log_write(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(lines_with(" created "), ROOM);
	assert_int_equal(
		lines_with("callgate: NAT log: 3617 lines are missing before this one\n"), 1);
	/* with room again everything is written */
	bind_ports(30000, 100);
	nat_log_write(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(lines_with(" created "), ROOM + 100);
	assert_int_equal(lines_with("missing"), 1);
	assert_int_equal(dropped() - before, 20000 - ROOM);
	stop();
}

struct writer {
	pthread_t pthread;
	struct thread self;
};

static void *
note_many(void *argument)
{
	struct writer *writer = argument;

	for (uint32_t i = 0; i < 100000; i++)
		nat_log_note(&writer->self, f.nat->log,
			(struct nat_log_record){.kind = NAT_LOG_BLOCK,
				.created = true,
				.inside = writer->self.id,
				.ports = 64});
	return NULL;
}

static void
every_record_of_every_thread_is_written_or_counted(void **state)
{
	static struct writer writers[WRITERS];
	uint64_t lines = counters_event_sum(EVENT_NAT_LOG_LINES), before = dropped();

	start();
	for (unsigned int i = 0; i < WRITERS; i++) {
		thread_init(&writers[i].self, i + 1);
		assert_int_equal(
			pthread_create(&writers[i].pthread, NULL, note_many, &writers[i]), 0);
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		for (unsigned int turn = 0; turn < 200; turn++)
			nat_log_write(&f.control, f.nat, 64);
		pthread_join(writers[i].pthread, NULL);
	}
	nat_log_write(&f.control, f.nat, UINT32_MAX);
	lines = counters_event_sum(EVENT_NAT_LOG_LINES) - lines;
	assert_int_equal(lines + dropped() - before, WRITERS * 100000);
	assert_int_equal(lines_with("NAT block created inside="), lines);
	assert_true(dropped() > before);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_is_counted_and_told),
		cmocka_unit_test(every_record_of_every_thread_is_written_or_counted),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
