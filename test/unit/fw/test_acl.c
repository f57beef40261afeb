/* SPDX-License-Identifier: BSD-3-Clause */
/* Access lists: what entries mean, walked and in the trie; both against a reference of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "../eal_fixture.h"
#include "config/config.h"
#include "fw/acl_priv.h"

static struct flow_key
packet(uint8_t proto, const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	return (struct flow_key){
		.src = inet_addr(src),
		.dst = inet_addr(dst),
		.src_port = htons(src_port),
		.dst_port = htons(dst_port),
		.proto = proto,
	};
}

static struct prefix
prefix(const char *address, uint8_t length)
{
	return (struct prefix){
		inet_addr(address), length ? htonl(UINT32_MAX << (32 - length)) : 0, length};
}

static void
first_matching_entry_decides(void **state)
{
	struct config_acl_entry entries[] = {
		{.permit = false, .proto = IPPROTO_UDP, .source = prefix("10.0.0.5", 32)},
		{.permit = true, .proto = IPPROTO_UDP, .source = prefix("10.0.0.0", 24)},
		{.permit = false, .source = prefix("10.0.0.0", 8)},
		{.permit = true, .proto = IPPROTO_TCP},
	};
	struct config_acl config = {.entry_count = 4, .entries = entries};
	struct acl acl = {0};
	struct flow_key key;

	assert_int_equal(acl_create(&config, SOCKET_ID_ANY, &acl), 0);
	assert_null(acl.trie);
	key = packet(IPPROTO_UDP, "10.0.0.5", 1, "1.2.3.4", 2);
	assert_false(acl_permits(&acl, &key));
	key = packet(IPPROTO_UDP, "10.0.0.6", 1, "1.2.3.4", 2);
	assert_true(acl_permits(&acl, &key));
	key = packet(IPPROTO_TCP, "10.0.0.6", 1, "1.2.3.4", 2);
	assert_false(acl_permits(&acl, &key));
	key = packet(IPPROTO_TCP, "11.0.0.6", 1, "1.2.3.4", 2);
	assert_true(acl_permits(&acl, &key));
	/* none matches: denied */
	key = packet(IPPROTO_UDP, "11.0.0.6", 1, "1.2.3.4", 2);
	assert_false(acl_permits(&acl, &key));
	acl_destroy(&acl);
}

static void
empty_list_denies(void **state)
{
	struct config_acl config = {0};
	struct flow_key key = packet(IPPROTO_UDP, "10.0.0.5", 1, "1.2.3.4", 2);
	struct acl acl = {0};

	assert_int_equal(acl_create(&config, SOCKET_ID_ANY, &acl), 0);
	assert_false(acl_permits(&acl, &key));
	acl_destroy(&acl);
}

static void
port_ranges_include_both_ends(void **state)
{
	struct port_range source = {1000, 2000}, destinations[] = {{5060, 5061}, {16384, 32767}};
	struct config_acl_entry entry = {
		.permit = true,
		.proto = IPPROTO_UDP,
		.source_port_count = 1,
		.source_ports = &source,
		.destination_port_count = 2,
		.destination_ports = destinations,
	};
	struct config_acl config = {.entry_count = 1, .entries = &entry};
	static const struct {
		uint16_t source, destination;
		bool permitted;
	} rows[] = {
		{1000, 5060, true},
		{2000, 5061, true},
		{999, 5060, false},
		{2001, 5060, false},
		{1500, 5059, false},
		{1500, 5062, false},
		{1500, 16383, false},
		{1500, 16384, true},
		{1500, 32767, true},
		{1500, 32768, false},
	};
	struct acl acl = {0};

	assert_int_equal(acl_create(&config, SOCKET_ID_ANY, &acl), 0);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct flow_key key = packet(
			IPPROTO_UDP, "1.1.1.1", rows[i].source, "2.2.2.2", rows[i].destination);

		assert_int_equal(acl_permits(&acl, &key), rows[i].permitted);
	}
	acl_destroy(&acl);
}

static void
ports_of_any_protocol_mean_tcp_and_udp(void **state)
{
	struct port_range range = {7, 7};
	struct config_acl_entry entry = {
		.permit = true, .destination_port_count = 1, .destination_ports = &range};
	struct config_acl config = {.entry_count = 1, .entries = &entry};
	struct acl acl = {0};
	struct flow_key key;

	assert_int_equal(acl_create(&config, SOCKET_ID_ANY, &acl), 0);
	key = packet(IPPROTO_UDP, "1.1.1.1", 1, "2.2.2.2", 7);
	assert_true(acl_permits(&acl, &key));
	key = packet(IPPROTO_TCP, "1.1.1.1", 1, "2.2.2.2", 7);
	assert_true(acl_permits(&acl, &key));
	/* an ICMP identifier is no port */
	key = packet(IPPROTO_ICMP, "1.1.1.1", 7, "2.2.2.2", 7);
	assert_false(acl_permits(&acl, &key));
	acl_destroy(&acl);
}

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static bool
reference(const struct config_acl *config, const struct flow_key *key)
{
	for (unsigned int i = 0; i < config->entry_count; i++) {
		const struct config_acl_entry *e = &config->entries[i];
		bool source = !e->source_port_count, destination = !e->destination_port_count;

		for (unsigned int j = 0; j < e->source_port_count; j++)
			source |= ntohs(key->src_port) >= e->source_ports[j].first &&
				  ntohs(key->src_port) <= e->source_ports[j].last;
		for (unsigned int j = 0; j < e->destination_port_count; j++)
			destination |= ntohs(key->dst_port) >= e->destination_ports[j].first &&
				       ntohs(key->dst_port) <= e->destination_ports[j].last;
		if ((e->source_port_count || e->destination_port_count) &&
			key->proto == IPPROTO_ICMP)
			continue;
		if (e->proto && e->proto != key->proto)
			continue;
		if ((key->src & e->source.mask) == e->source.address &&
			(key->dst & e->destination.mask) == e->destination.address && source &&
			destination)
			return e->permit;
	}
	return false;
}

static void
long_lists_answer_from_the_trie_as_the_entries_say(void **state)
{
	enum { ENTRIES = 120, PACKETS = 20000 };
	static struct config_acl_entry entries[ENTRIES];
	static struct port_range ranges[ENTRIES * 3];
	struct config_acl config = {.entry_count = ENTRIES, .entries = entries};
	static const uint8_t protos[] = {0, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
	uint64_t random = 42;
	unsigned int permitted = 0;
	struct acl acl = {0};

	for (unsigned int i = 0; i < ENTRIES; i++) {
		struct config_acl_entry *e = &entries[i];
		uint8_t length = (uint8_t)(20 + next_random(&random) % 13);

		e->permit = next_random(&random) % 3 != 0;
		e->proto = protos[next_random(&random) % 3];
		for (unsigned int j = 0; j < 3; j++) {
			uint16_t a = (uint16_t)(next_random(&random) % 64);
			uint16_t b = (uint16_t)(next_random(&random) % 64);

			ranges[i * 3 + j] = (struct port_range){RTE_MIN(a, b), RTE_MAX(a, b)};
		}
		e->source_ports = &ranges[i * 3];
		e->source_port_count = next_random(&random) % 2;
		e->destination_ports = &ranges[i * 3 + 1];
		e->destination_port_count = next_random(&random) % 3;
		e->source.mask = htonl(UINT32_MAX << (32 - length));
		e->source.address = htonl(0x0a000000 + (uint32_t)(next_random(&random) % 4096)) &
				    e->source.mask;
		if (next_random(&random) % 2) {
			e->destination.mask = UINT32_MAX;
			e->destination.address =
				htonl(0x14000000 + (uint32_t)(next_random(&random) % 8));
		}
	}
	assert_int_equal(acl_create(&config, SOCKET_ID_ANY, &acl), 0);
	assert_non_null(acl.trie);
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct flow_key key = {
			.src = htonl(0x0a000000 + (uint32_t)(next_random(&random) % 4096)),
			.dst = htonl(0x14000000 + (uint32_t)(next_random(&random) % 8)),
			.src_port = htons((uint16_t)(next_random(&random) % 64)),
			.dst_port = htons((uint16_t)(next_random(&random) % 64)),
			.proto = protos[1 + next_random(&random) % 3],
		};

		assert_int_equal(acl_permits(&acl, &key), reference(&config, &key));
		permitted += reference(&config, &key);
	}
	/* the packets told both answers apart */
	assert_in_range(permitted, PACKETS / 20, PACKETS - PACKETS / 20);
	acl_destroy(&acl);
}

static void
two_tries_stand_side_by_side(void **state)
{
	static struct config_acl_entry entries[2][ACL_WALK_MAX + 2];
	struct config_acl config[2];
	struct acl acl[2] = {{0}};
	struct flow_key key = packet(IPPROTO_UDP, "10.1.1.1", 1, "2.2.2.2", 2);

	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int j = 0; j < ACL_WALK_MAX + 2; j++)
			entries[i][j] = (struct config_acl_entry){
				.permit = i == 0, .source = prefix("10.1.1.1", 32)};
		config[i] =
			(struct config_acl){.entry_count = ACL_WALK_MAX + 2, .entries = entries[i]};
		assert_int_equal(acl_create(&config[i], SOCKET_ID_ANY, &acl[i]), 0);
	}
	assert_true(acl_permits(&acl[0], &key));
	assert_false(acl_permits(&acl[1], &key));
	acl_destroy(&acl[1]);
	assert_true(acl_permits(&acl[0], &key));
	acl_destroy(&acl[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_matching_entry_decides),
		cmocka_unit_test(empty_list_denies),
		cmocka_unit_test(port_ranges_include_both_ends),
		cmocka_unit_test(ports_of_any_protocol_mean_tcp_and_udp),
		cmocka_unit_test(long_lists_answer_from_the_trie_as_the_entries_say),
		cmocka_unit_test(two_tries_stand_side_by_side),
	};

	eal_fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
