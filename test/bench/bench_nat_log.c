/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NAT log to syslog: a datagram socket of this program's own, at /dev/log of a mount namespace of its own,
 * whose other end counts lines.
 *
 * Writing: lines a second when the control lcore does nothing else, and, as the floor, datagrams of the same length
 * sent to the same socket.
 *
 * Keeping up: one worker begins bindings, at a pace or as fast as it can, while this thread sweeps and writes as
 * the control lcore does: 256 lines, then a millisecond's sleep. Every record is a line that arrived, or is counted
 * as dropped, and lines tell how many those are.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>

#include "config/config.h"
#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/log.h"
#include "core/rcu.h"
#include "nat/nat_priv.h"

enum {
	SKIPPED = 77,
	CAPACITY = 600000,
	ADDRESSES = 16,
	HOSTS = 8192,
	ROUNDS = 8,
	LINES_A_STEP = 256, /* as control.c */
	SWEEP_PARTS = 500,
	SECONDS = 3,
};

static int syslog_socket;
static struct nat *nat;
static struct thread worker, control;
static uint32_t next_number;
static uint32_t pace; /* bindings a second; 0: as fast as it can */
static _Atomic bool running;
static _Atomic uint64_t arrived, missing, made;

static void
check(bool good, const char *what)
{
	if (!good)
		rte_exit(EXIT_FAILURE, "bench_nat_log: %s\n", what);
}

static void *
receive(void *argument)
{
	char line[512];
	ssize_t length;

	while ((length = recv(syslog_socket, line, sizeof(line) - 1, 0)) > 0) {
		const char *words;

		line[length] = '\0';
		words = strstr(line, "NAT log: ");
		if (words)
			missing += strtoull(words + strlen("NAT log: "), NULL, 10);
		else if (strstr(line, "NAT binding "))
			arrived++;
	}
	return NULL;
}

/* False: this user may not. */
static bool
syslog_make(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	pthread_t receiver;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("tmpfs", "/dev", "tmpfs", 0, NULL) != 0)
		return false;
	syslog_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(bind(syslog_socket, (struct sockaddr *)&address, sizeof(address)) == 0 &&
			log_init("error", "syslog") == 0 &&
			pthread_create(&receiver, NULL, receive, NULL) == 0,
		"socket");
	return true;
}

static void
nat_make(void)
{
	static const struct flow_timeouts timeouts = {300, 7440, 240, 60};
	static struct interface_table interfaces;
	struct prefix prefix = {inet_addr("10.0.0.0"), htonl(0xff000000), 8};
	struct address_range range = {inet_addr("203.0.113.0"), htonl(0xcb007100 + ADDRESSES - 1)};
	struct config_pool pool = {.ranges = &range, .range_count = 1, .ports = {1024, UINT16_MAX}};
	struct config_nat_rule rule = {.kind = NAT_RULE_DYNAMIC,
		.inside = &prefix,
		.inside_count = 1,
		.interface = -1,
		.pool = 0,
		.overload = true};
	struct config config = {.nat = {.pools = &pool,
					.pool_count = 1,
					.rules = &rule,
					.rule_count = 1,
					.log = true}};
	struct flow_table *flows = flow_table_create(1024, &timeouts, SOCKET_ID_ANY);

	check(flows && nat_create(&config, &interfaces, flows, CAPACITY, SOCKET_ID_ANY, &nat) == 0,
		"tables");
}

static bool
bind_next(void)
{
	uint32_t number = next_number++;
	struct endpoint inside = {htonl(0x0a000001 + number % HOSTS),
		htons((uint16_t)(1024 + number / HOSTS % 60000)), IPPROTO_UDP, 0};
	struct binding *binding;

	return binding_get(&worker, nat, &inside, &binding) == 0;
}

static int
work(void *argument)
{
	uint64_t start = rte_rdtsc(), hz = rte_get_tsc_hz();

	rcu_thread_register(0);
	while (running) {
		uint64_t due = pace ? (rte_rdtsc() - start) * pace / hz : UINT64_MAX;

		thread_refresh_clock(&worker);
		for (unsigned int i = 0; i < 32 && made < due; i++)
			if (bind_next())
				made++;
		rcu_quiescent(0);
		if (pace)
			sched_yield();
	}
	rcu_thread_unregister(0);
	return 0;
}

static void
control_step(uint32_t lines)
{
	thread_refresh_clock(&control);
	rcu_online(THREAD_CONTROL);
	nat_sweep(&control, nat, CAPACITY / SWEEP_PARTS);
	rcu_offline(THREAD_CONTROL);
	nat_log_write(&control, nat, lines);
}

static double
seconds_since(uint64_t start)
{
	return (double)(rte_rdtsc() - start) / (double)rte_get_tsc_hz();
}

/* All bindings end, and what is left in the ring is written. */
static void
settle(void)
{
	while (pool_used(nat_binding_pool(nat)) + pool_retired(nat_binding_pool(nat)) > 0) {
		control_step(UINT32_MAX);
		usleep(100);
	}
	control_step(UINT32_MAX);
	usleep(100000); /* the other end reads */
}

static void
keep_up(uint32_t bindings_a_second)
{
	const struct timespec tick = {.tv_nsec = 1000000};
	uint64_t lines = counters_event_sum(EVENT_NAT_LOG_LINES);
	uint64_t dropped = counters_event_sum(EVENT_NAT_LOG_DROPPED), start;
	double seconds;

	pace = bindings_a_second;
	made = arrived = missing = 0;
	running = true;
	rte_eal_remote_launch(work, NULL, 1);
	for (start = rte_rdtsc(); seconds_since(start) < SECONDS; nanosleep(&tick, NULL))
		control_step(LINES_A_STEP);
	seconds = seconds_since(start);
	running = false;
	rte_eal_mp_wait_lcore();
	printf("  %8.0f bindings/s begun: %7.0f lines/s written, %8.0f/s dropped",
		(double)made / seconds,
		(double)(counters_event_sum(EVENT_NAT_LOG_LINES) - lines) / seconds,
		(double)(counters_event_sum(EVENT_NAT_LOG_DROPPED) - dropped) / seconds);
	settle();
	lines = counters_event_sum(EVENT_NAT_LOG_LINES) - lines;
	dropped = counters_event_sum(EVENT_NAT_LOG_DROPPED) - dropped;
	printf("; of %lu records %lu arrived, %lu told to be missing\n", 2 * made, arrived,
		missing);
	check(arrived == lines && missing == dropped && arrived + missing == 2 * made,
		"a record is neither a line nor counted");
}

static void
write_alone(void)
{
	char text[] = "<30>Jan  1 00:00:00 callgate[100000]: NAT binding created "
		      "inside=10.0.20.101:1025 outside=203.0.113.10:1025 proto=udp "
		      "at=2026-01-01T00:00:00.000Z";
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t start;

	check(connect(out, (struct sockaddr *)&address, sizeof(address)) == 0, "connection");
	for (unsigned int round = 0; round < ROUNDS; round++) {
		double line_s, floor_s;

		for (unsigned int i = 0; i < NAT_LOG_RECORDS / 2; i++)
			check(bind_next(), "binding");
		start = rte_rdtsc();
		nat_log_write(&control, nat, UINT32_MAX);
		line_s = seconds_since(start) / (NAT_LOG_RECORDS / 2);
		start = rte_rdtsc();
		for (unsigned int i = 0; i < NAT_LOG_RECORDS / 2; i++)
			check(send(out, text, sizeof(text) - 1, 0) > 0, "send");
		floor_s = seconds_since(start) / (NAT_LOG_RECORDS / 2);
		printf("  %7.0f lines/s, floor %7.0f datagrams/s\n", 1 / line_s, 1 / floor_s);
	}
	close(out);
}

int
main(void)
{
	char prefix[64];
	const char *arguments[] = {"bench", "--no-huge", "--no-shconf", "-m", "1024", "--no-pci",
		"--no-telemetry", "--log-level=warning", "--lcores", "0@(0-1),1@(0-1)",
		"--file-prefix", prefix};

	snprintf(prefix, sizeof(prefix), "callgate_bench_nat_log_%d", (int)getpid());
	check(rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) > 0, "EAL");
	if (!syslog_make()) {
		printf("no mount namespace for this user\n");
		return SKIPPED;
	}
	keyed_hash_init(0);
	clock_init(false);
	check(rcu_init() == 0, "RCU");
	thread_init(&worker, 0);
	thread_init(&control, THREAD_CONTROL);
	rcu_thread_register(THREAD_CONTROL);
	rcu_offline(THREAD_CONTROL);
	nat_make();
	printf("writing:\n");
	write_alone();
	settle();
	printf("keeping up:\n");
	keep_up(10000);
	keep_up(20000);
	keep_up(50000);
	keep_up(0);
	return 0;
}
