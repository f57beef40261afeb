/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the tests of accounts and of limits: a firewall of one policy and what its accounts say. */
#ifndef TEST_FW_ACCOUNT_FIXTURE_H
#define TEST_FW_ACCOUNT_FIXTURE_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "../eal_fixture.h"
#include "config/config.h"
#include "flow/flow_priv.h"
#include "flow/tcp.h"
#include "fw/account.h"
#include "fw/fw.h"
#include "net/interface.h"

enum { INSIDE = ZONE_FIRST, OUTSIDE, NOW = 100000 /* ms */ };

/* A firewall of one policy "p" with the classes udp (0) and class-default (1) from inside to outside. */
struct fixture {
	struct config config;
	struct config_policy_map policy;
	struct config_policy_class classes[2];
	struct config_zone_pair pair;
	struct fw_accounts *accounts;
	struct ruleset *ruleset;
	struct flow_table *table;
};

static struct config_match udp[] = {{.kind = MATCH_SERVICE, .proto = IPPROTO_UDP}};
static struct config_class_map maps[] = {{.name = (char *)"udp", .match_count = 1, .matches = udp}};
static char *zones[] = {(char *)"self", (char *)"default", (char *)"in", (char *)"out"};

static inline void
fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->config.zones_configured = true;
	f->config.zones = zones;
	f->config.zone_count = RTE_DIM(zones);
	f->config.class_maps = maps;
	f->config.class_map_count = 1;
	f->config.policy_maps = &f->policy;
	f->config.policy_map_count = 1;
	f->policy = (struct config_policy_map){
		.name = (char *)"p", .class_count = 2, .classes = f->classes};
	f->classes[0].action = ACTION_INSPECT;
	f->classes[1] = (struct config_policy_class){.class_map = -1, .action = ACTION_INSPECT};
	f->config.zone_pairs = &f->pair;
	f->config.zone_pair_count = 1;
	f->pair = (struct config_zone_pair){
		.name = (char *)"in-out", .source = INSIDE, .destination = OUTSIDE};
	f->accounts = fw_accounts_create(fw_accounts_needed(&f->config), SOCKET_ID_ANY);
	assert_non_null(f->accounts);
	f->table = calloc(1, sizeof(*f->table));
	flow_table_accounts(f->table, fw_accounts_all(f->accounts));
}

static inline void
fixture_compile(struct fixture *f)
{
	struct ruleset *old = f->ruleset;

	assert_int_equal(ruleset_create(&f->config, f->accounts, 1, SOCKET_ID_ANY, &f->ruleset), 0);
	ruleset_destroy(old);
}

static inline void
fixture_end(struct fixture *f)
{
	ruleset_destroy(f->ruleset);
	fw_accounts_destroy(f->accounts);
	free(f->table);
}

static inline struct fw_verdict
verdict_of(struct fixture *f, uint8_t proto)
{
	struct flow_key key = {.src = 1, .dst = 2, .proto = proto};

	return fw_classify(f->ruleset, INSIDE, OUTSIDE, &key);
}

static inline enum flow_limit
reserve(struct fixture *f, uint8_t proto, uint64_t now_ms, bool half_open, uint32_t *account)
{
	struct fw_verdict verdict = verdict_of(f, proto);

	fw_count(f->ruleset, &verdict, false, 100);
	return fw_reserve(f->ruleset, &verdict, now_ms, half_open, account);
}

static inline struct fw_class_statistics
statistics_of(struct fixture *f, unsigned int class)
{
	struct fw_class_statistics statistics;

	assert_true(fw_class_statistics(f->ruleset, 1, class, &statistics));
	return statistics;
}

/* Flows and half open ones of udp, class-default and the pair. */
static inline void
assert_counts(
	struct fixture *f, unsigned int u, unsigned int u_half, unsigned int d, unsigned int d_half)
{
	struct fw_class_statistics s = statistics_of(f, 0);

	assert_int_equal(s.flows, u);
	assert_int_equal(s.half_open, u_half);
	s = statistics_of(f, 1);
	assert_int_equal(s.flows, d);
	assert_int_equal(s.half_open, d_half);
	s = statistics_of(f, 3);
	assert_string_equal(s.class_name, FW_CLASS_PAIR);
	assert_int_equal(s.flows, u + d);
	assert_int_equal(s.half_open, u_half + d_half);
}

#endif
