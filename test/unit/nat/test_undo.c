/* SPDX-License-Identifier: BSD-3-Clause */
/* Doors that are taken back before anybody outside has heard of them: all is as it was. */
#include "nat_fixture.h"

enum { HOLD_S = 120, BLOCK = 64 };

static struct nat_fixture f;

static void
start(unsigned int block_size)
{
	nat_fixture_init(&f);
	nat_fixture_pool_rule(&f, "203.0.113.10", "203.0.113.10", 1024, 65535, true);
	f.pool.block_size = block_size;
	f.pool.blocks_per_host = 8;
	f.config.nat.port_hold_seconds = HOLD_S;
	f.config.nat.port_hold_percent = 100;
	nat_fixture_start(&f, 256);
}

static struct nat_report
report(void)
{
	struct nat_report row;

	assert_true(nat_report(f.nat, 0, &row));
	return row;
}

/* Nothing is left, nothing rests. */
static void
stop(void)
{
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_held(f.nat), 0);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(report().blocks_used, 0);
	assert_int_equal(nat_hosts(f.nat), 0);
	nat_fixture_stop(&f, 0);
}

static struct door
join(struct endpoint inside, enum door_class class)
{
	const struct door_spec spec = {.inside = inside, .class = class, .hold = true};
	struct door door;

	assert_int_equal(door_join(&f.worker, f.nat, &spec, &door), 0);
	return door;
}

static void
undo(const struct door *door)
{
	door_undo(&f.worker, f.nat, door->handle, door->joined);
}

static bool
stands(const struct door *door)
{
	return binding_find_outside(f.nat, &door->outside) != NULL;
}

static void
what_was_made_goes_at_once_and_its_port_does_not_rest(void **state)
{
	for (enum door_class class = DOOR_SIGNALLING; class <= DOOR_MEDIA; class ++) {
		struct door door;

		start(0);
		for (unsigned int i = 0; i < 3; i++) {
			door = join(udp("10.0.0.2", 4000), class);
			assert_false(door.joined);
			assert_int_equal(ntohs(door.outside.port), 4000);
			assert_int_equal(nat_doors(f.nat), 1);
			assert_int_equal(nat_media_doors(f.nat), class == DOOR_MEDIA);
			undo(&door);
			assert_false(stands(&door));
			assert_int_equal(nat_doors(f.nat), 0);
			assert_int_equal(nat_media_doors(f.nat), 0);
			nat_fixture_settle(&f);
			assert_int_equal(nat_ports_used(f.nat), 0);
		}
		/* a stale handle does nothing */
		undo(&door);
		stop();
	}
}

static void
pair_goes_as_it_came(void **state)
{
	const struct door_spec spec[2] = {
		{.inside = udp("10.0.0.2", 4000), .class = DOOR_MEDIA, .hold = true},
		{.inside = udp("10.0.0.2", 4001), .class = DOOR_MEDIA, .hold = true}};
	struct door first[2], second[2];

	start(0);
	assert_int_equal(door_join_pair(&f.worker, f.nat, spec, first), 0);
	assert_int_equal(door_join_pair(&f.worker, f.nat, spec, second), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_false(first[i].joined);
		assert_true(second[i].joined);
		undo(&second[i]);
		assert_true(stands(&first[i]));
	}
	assert_int_equal(nat_media_doors(f.nat), 2);
	for (unsigned int i = 0; i < 2; i++)
		undo(&first[i]);
	assert_int_equal(nat_media_doors(f.nat), 0);
	stop();
}

/* The binding of a phone's signalling, whose port a description names: it is no media door before the
 * message leaves. */
static void
what_was_joined_keeps_its_flows(void **state)
{
	const struct endpoint inside = udp("10.0.0.2", 5060);
	struct binding *binding;
	struct door door;
	int rc;

	start(0);
	assert_int_equal(binding_get(&f.worker, f.nat, &inside, &binding), 0);
	nat_fixture_flow(&f, binding, "198.51.100.7", &rc);
	door = join(inside, DOOR_MEDIA);
	assert_true(door.joined);
	assert_int_equal(nat_doors(f.nat), 1);
	assert_int_equal(nat_media_doors(f.nat), 0);
	undo(&door);
	assert_true(stands(&door));
	assert_int_equal(nat_doors(f.nat), 0);
	assert_int_equal(pool_used(flow_pool(f.flows)), 1);
	/* and nothing of it comes later */
	nat_fixture_advance(&f, 100);
	nat_fixture_settle(&f);
	assert_true(stands(&door));

	/* the message leaves: it is one, and closes with its flows */
	door = join(inside, DOOR_MEDIA);
	door_widen(&f.worker, f.nat, door.handle);
	door_widen(&f.worker, f.nat, door.handle);
	assert_int_equal(nat_media_doors(f.nat), 1);
	door_release(&f.worker, f.nat, door.handle, 0);
	assert_false(stands(&door));
	assert_int_equal(pool_used(flow_pool(f.flows)), 0);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_held(f.nat), 1);
	nat_fixture_advance(&f, HOLD_S);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	stop();
}

static void
registered_door_keeps_its_time(void **state)
{
	struct door_spec spec = {.inside = udp("10.0.0.2", 5060)};
	struct endpoint outside;
	struct handle handle;
	struct door door;

	start(0);
	spec.until_s = f.worker.now_s + 60;
	assert_int_equal(door_open(&f.worker, f.nat, &spec, &handle, &outside), 0);
	door = join(spec.inside, DOOR_MEDIA);
	undo(&door);
	assert_int_equal(nat_media_doors(f.nat), 0);
	nat_fixture_advance(&f, 59);
	nat_fixture_settle(&f);
	assert_true(stands(&door));
	assert_int_equal(nat_doors(f.nat), 1);
	nat_fixture_advance(&f, 1);
	nat_fixture_settle(&f);
	nat_fixture_settle(&f);
	nat_fixture_advance(&f, HOLD_S);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	stop();
}

/* Between the making and the undoing others come to use what was made. */
static void
what_others_use_meanwhile_stays(void **state)
{
	struct door made, joined;
	struct binding *binding;
	int rc;

	start(0);
	made = join(udp("10.0.0.2", 4000), DOOR_MEDIA);
	joined = join(udp("10.0.0.2", 4000), DOOR_MEDIA);
	undo(&made);
	assert_true(stands(&joined));
	assert_int_equal(nat_media_doors(f.nat), 1);
	undo(&joined); /* not by a message of its maker, so it ends as any media door */
	assert_false(stands(&joined));

	made = join(udp("10.0.0.2", 4002), DOOR_MEDIA);
	binding = binding_find_outside(f.nat, &made.outside);
	nat_fixture_flow(&f, binding, "198.51.100.7", &rc);
	assert_int_equal(rc, 0);
	undo(&made);
	assert_true(stands(&made));
	assert_int_equal(nat_doors(f.nat), 0);
	assert_int_equal(nat_media_doors(f.nat), 0);
	assert_int_equal(pool_used(flow_pool(f.flows)), 1);
	/* as a plain one: who holds it next makes no media door of it */
	joined = join(udp("10.0.0.2", 4002), DOOR_SIGNALLING);
	assert_int_equal(nat_media_doors(f.nat), 0);
	undo(&joined);
	assert_true(stands(&made));
	/* it ends with its flow, as others do */
	assert_int_equal(flow_owner_close(&f.worker, f.flows, &binding->flows), 1);
	nat_fixture_advance(&f, 10);
	nat_fixture_settle(&f);
	assert_false(stands(&made));
	assert_int_equal(nat_ports_held(f.nat), 2);
	nat_fixture_advance(&f, HOLD_S);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	stop();
}

static void
block_that_was_taken_for_it_goes_too(void **state)
{
	struct door door;

	start(BLOCK);
	door = join(udp("10.0.0.2", 4000), DOOR_SIGNALLING);
	assert_int_equal(report().blocks_used, 1);
	undo(&door);
	nat_fixture_settle(&f);
	nat_hold_sweep(&f.control, f.nat, UINT32_MAX);
	assert_int_equal(report().blocks_used, 0);
	stop();
}

/* One of two has no object: the other one's port is free again, and does not rest. */
static void
half_a_pair_does_not_rest(void **state)
{
	const struct door_spec spec[2] = {
		{.inside = udp("10.0.0.2", 4000), .class = DOOR_MEDIA, .hold = true},
		{.inside = udp("10.0.0.2", 4003), .class = DOOR_MEDIA, .hold = true}};
	struct pool *pool;
	struct door door[2];
	void *object[256 + 1]; /* NULL at last */
	unsigned int count = 0;

	start(0);
	pool = nat_binding_pool(f.nat);
	while ((object[count] = pool_alloc(pool)) != NULL)
		count++;
	pool_free_unused(pool, object[--count]);
	assert_int_equal(door_join_pair(&f.worker, f.nat, spec, door), -ENOBUFS);
	while (count > 0)
		pool_free_unused(pool, object[--count]);
	nat_fixture_settle(&f);
	assert_int_equal(nat_ports_used(f.nat), 0);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_made_goes_at_once_and_its_port_does_not_rest),
		cmocka_unit_test(pair_goes_as_it_came),
		cmocka_unit_test(what_was_joined_keeps_its_flows),
		cmocka_unit_test(registered_door_keeps_its_time),
		cmocka_unit_test(what_others_use_meanwhile_stays),
		cmocka_unit_test(block_that_was_taken_for_it_goes_too),
		cmocka_unit_test(half_a_pair_does_not_rest),
	};

	nat_fixture_process();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
