/* SPDX-License-Identifier: BSD-3-Clause */
#include "alg_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../eal_fixture.h"
#include "core/clock.h"
#include "core/keyed_hash.h"
#include "core/rcu.h"
#include "net/parse.h"

struct fixture fx;

static char again[sizeof(fx.text)], left[sizeof(fx.text)];

static struct config_interface interfaces[2];
static struct config_route route;
static struct config_pool pool;
static struct address_range range;
static struct prefix inside_prefix;
static struct config_nat_rule rule;
static char name_lan[] = "lan", name_wan[] = "wan";

int
fixture_process(void **state)
{
	eal_fixture_start_with("512");
	keyed_hash_init(1);
	clock_init(true);
	assert_int_equal(rcu_init(), 0);
	assert_int_equal(rcu_thread_register(0), 0);
	assert_int_equal(rcu_thread_register(THREAD_CONTROL), 0);
	rcu_online(0);
	return 0;
}

static void
config_make(const struct fixture_options *options)
{
	struct config *config = &fx.config;

	interfaces[0] = (struct config_interface){.name = name_lan,
		.port = 0,
		.mtu = 1500,
		.address_count = 1,
		.zone = ZONE_FIRST,
		.nat_side = options->no_nat ? NAT_SIDE_NONE : NAT_SIDE_INSIDE};
	interfaces[0].addresses[0] = (struct config_address){
		inet_addr("10.0.0.1"), {inet_addr("10.0.0.0"), inet_addr("255.255.255.0"), 24}};
	interfaces[1] = (struct config_interface){.name = name_wan,
		.port = 1,
		.mtu = 1500,
		.address_count = 1,
		.zone = ZONE_FIRST + 1,
		.nat_side = options->no_nat ? NAT_SIDE_NONE : NAT_SIDE_OUTSIDE};
	interfaces[1].addresses[0] = (struct config_address){inet_addr("203.0.113.1"),
		{inet_addr("203.0.113.0"), inet_addr("255.255.255.0"), 24}};
	route = (struct config_route){.prefix = {0, 0, 0}, .via = inet_addr("203.0.113.254")};
	inside_prefix = (struct prefix){inet_addr("10.0.0.0"), inet_addr("255.255.255.0"), 24};
	range = (struct address_range){inet_addr("203.0.113.10"), inet_addr("203.0.113.10")};
	pool = (struct config_pool){.range_count = 1,
		.ranges = &range,
		.ports = {options->first_port, options->last_port}};
	rule = (struct config_nat_rule){.kind = NAT_RULE_DYNAMIC,
		.inside = &inside_prefix,
		.inside_count = 1,
		.interface = options->last_port ? -1 : 1,
		.pool = options->last_port ? 0 : -1,
		.overload = true};
	config->system.worker_count = options->workers ? options->workers : 1;
	config->system.max_calls = options->max_calls ? options->max_calls : 4096;
	config->system.cdr = options->records ? CDR_FILE : CDR_NONE;
	config->interface_count = 2;
	config->interfaces = interfaces;
	config->route_count = 1;
	config->routes = &route;
	config->nat.pool_count = 1;
	config->nat.pools = &pool;
	config->nat.rule_count = 1;
	config->nat.rules = &rule;
	config->nat.port_hold_seconds = options->port_hold_seconds;
	config->nat.port_hold_percent = 25;
	config->sip = (struct config_sip){.call_proceeding_timeout = 180,
		.max_call_duration = 43200,
		.media_inactivity_timeout = 300,
		.registration_grace = 60,
		.max_calls_per_host = options->max_calls_per_host,
		.max_pending_calls = options->max_pending_calls,
		.max_doors_per_call = options->max_doors_per_call,
		.blacklist_trigger_messages = options->blacklist_messages,
		.blacklist_trigger_period_ms = options->blacklist_period_ms,
		.blacklist_block_seconds = options->blacklist_seconds,
		.malformed = options->malformed,
		.message_history = options->history,
		.media_hosts = options->media_hosts};
}

void
fixture_start_with(const struct fixture_options *options)
{
	static const struct rte_ether_addr macs[2] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};
	static const struct flow_timeouts timeouts = {300, 7440, 240, 60};
	uint32_t capacity = options->small ? 1024 : 16384;
	const char *transport = getenv("ALG_TEST_TRANSPORT");
	struct alg_parameters parameters;

	memset(&fx, 0, sizeof(fx));
	fx.proto = transport && strcmp(transport, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	fx.twice = getenv("ALG_TEST_TWICE") != NULL;
	config_make(options);
	thread_init(&fx.worker, 0);
	thread_init(&fx.control, THREAD_CONTROL);
	thread_refresh_clock(&fx.worker);
	fx.interfaces = interface_table_create(&fx.config, macs);
	assert_non_null(fx.interfaces);
	assert_int_equal(
		route_table_create(&fx.config, fx.interfaces, SOCKET_ID_ANY, &fx.routes), 0);
	fx.flows = flow_table_create(options->small ? 1024 : 8192, &timeouts, SOCKET_ID_ANY);
	assert_non_null(fx.flows);
	if (!options->no_nat)
		assert_int_equal(nat_create(&fx.config, fx.interfaces, fx.flows, capacity,
					 SOCKET_ID_ANY, &fx.nat),
			0);
	fx.pinholes = pinhole_table_create(capacity, fx.flows, SOCKET_ID_ANY);
	assert_non_null(fx.pinholes);
	fx.mailbox = fx.mailboxes[0] = mailbox_create("alg_test", 256, SOCKET_ID_ANY);
	assert_non_null(fx.mailbox);
	parameters = (struct alg_parameters){
		&fx.config, fx.nat, fx.pinholes, fx.flows, fx.routes, fx.interfaces, SOCKET_ID_ANY};
	assert_int_equal(alg_create(&parameters, &fx.alg), 0);
}

int
fixture_start(void **state)
{
	fixture_start_with(&(struct fixture_options){0});
	return 0;
}

int
fixture_stop(void **state)
{
	alg_destroy(fx.alg);
	mailbox_destroy(fx.mailbox);
	pinhole_table_destroy(fx.pinholes);
	nat_destroy(fx.nat);
	flow_table_destroy(fx.flows);
	route_table_destroy(fx.routes);
	interface_table_destroy(fx.interfaces);
	return 0;
}

static void
read_mail(void)
{
	struct mail mails[32];
	unsigned int count;

	while ((count = mailbox_take(fx.mailbox, mails, RTE_DIM(mails))) > 0) {
		for (unsigned int i = 0; i < count; i++)
			alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mails[i]);
	}
	while (alg_poll(&fx.worker, alg_worker_of(fx.alg, 0)))
		;
}

void
fixture_time(uint32_t seconds)
{
	clock_set_ms(clock_now_ms() + (uint64_t)seconds * 1000);
	thread_refresh_clock(&fx.worker);
	thread_refresh_clock(&fx.control);
	do {
		alg_sweep(&fx.control, fx.alg, fx.mailboxes, 20000);
		read_mail();
	} while (!alg_idle(fx.alg, fx.control.now_s));
	for (int i = 0; i < 4; i++) {
		flow_sweep(&fx.control, fx.flows, 100000);
		pinhole_sweep(&fx.control, fx.pinholes, 100000);
		if (fx.nat)
			nat_sweep(&fx.control, fx.nat, 100000);
		rcu_quiescent(0);
		rcu_quiescent(THREAD_CONTROL);
	}
}

struct sockaddr_in
endpoint_of(const char *text)
{
	char address[64];
	char *colon;

	snprintf(address, sizeof(address), "%s", text);
	colon = strchr(address, ':');
	assert_non_null(colon);
	*colon = '\0';
	return (struct sockaddr_in){.sin_addr.s_addr = inet_addr(address),
		.sin_port = htons((uint16_t)atoi(colon + 1))};
}

static bool
is_inside(in_addr_t address)
{
	return (address & inet_addr("255.255.255.0")) == inet_addr("10.0.0.0");
}

static uint8_t
realm_of(in_addr_t address)
{
	return fx.interfaces->entry[is_inside(address) ? 0 : 1].realm;
}

static void *
flow_for(const struct sockaddr_in *from, const struct sockaddr_in *to, uint8_t proto)
{
	const uint16_t sip = proto == IPPROTO_TCP ? FLOW_TCP | FLOW_SIP_TCP : FLOW_SIP_UDP;
	struct flow_key key = {from->sin_addr.s_addr, to->sin_addr.s_addr, from->sin_port,
		to->sin_port, proto, realm_of(from->sin_addr.s_addr), 0};
	struct endpoint inside = {key.src, key.src_port, proto};
	struct endpoint outside = {key.dst, key.dst_port, proto};
	struct binding *source = NULL, *destination = NULL;
	struct flow_template template = {.key[0] = key, .ops = {sip, sip}};
	void *data = flow_lookup(fx.flows, &key, flow_key_hash(&key));
	in_addr_t real = key.dst;

	if (data)
		return data;
	if (fx.nat) {
		destination = binding_find_outside(fx.nat, &outside);
		if (destination)
			real = destination->inside.address;
		if (is_inside(key.src) && (!is_inside(key.dst) || destination))
			assert_int_equal(binding_get(&fx.worker, fx.nat, &inside, &source), 0);
	}
	template.key[1] = (struct flow_key){
		.src = real,
		.dst = source ? source->outside.address : key.src,
		.src_port = destination ? destination->inside.port : key.dst_port,
		.dst_port = source ? source->outside.port : key.src_port,
		.proto = proto,
		.realm = realm_of(real),
	};
	template.owner[FLOW_OWNER_SOURCE] = source ? &source->flows : NULL;
	template.owner[FLOW_OWNER_DESTINATION] = destination ? &destination->flows : NULL;
	assert_int_equal(flow_create(&fx.worker, fx.flows, &template, &data), 0);
	return data;
}

static void
process(void *data, uint32_t length)
{
	struct alg_message message = {
		.text = fx.text,
		.length = length,
		.capacity = fx.capacity ? fx.capacity : sizeof(fx.text) - 1,
		.flow = flow_of_data(data),
		.direction = flow_direction_of_data(data),
		.lead = fx.lead,
	};
	const struct flow_path *path = &message.flow->path[message.direction];
	struct hash128 call_id;

	if (alg_owner(fx.alg, fx.text, message.length, &call_id) >= 0)
		message.call_id = &call_id;
	message.source_realm = realm_of(path->key.src);
	message.destination_realm = realm_of(path->new_dst);
	fx.verdict = alg_message_process(&fx.worker, alg_worker_of(fx.alg, 0), &message);
	fx.length = message.length;
	fx.edited = message.edited;
	fx.text[message.length] = '\0';
	rcu_quiescent(0);
}

int
fixture_send(const char *from, const char *to, const char *format, ...)
{
	struct sockaddr_in source = endpoint_of(from), destination = endpoint_of(to);
	void *data = flow_for(&source, &destination, fx.proto);
	va_list arguments;
	uint32_t length;

	va_start(arguments, format);
	length = (uint32_t)vsnprintf(fx.text, TEXT_MAX, format, arguments);
	va_end(arguments);
	if (fx.twice)
		memcpy(again, fx.text, length);
	process(data, length);
	if (fx.twice && fx.verdict == ALG_FORWARD) {
		memcpy(left, fx.text, fx.length + 1);
		memcpy(fx.text, again, length);
		process(data, length);
		assert_int_equal(fx.verdict, ALG_FORWARD);
		assert_string_equal(fx.text, left);
	}
	return fx.verdict;
}

static struct binding *
binding_of(const char *inside, uint8_t proto)
{
	struct sockaddr_in at = endpoint_of(inside);
	struct endpoint endpoint = {at.sin_addr.s_addr, at.sin_port, proto};

	return binding_find_inside(fx.nat, &endpoint);
}

static const char *
outside_text(const struct binding *binding)
{
	static char text[4][32];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	out[0] = '\0';
	if (binding)
		snprintf(out, sizeof(text[0]), "%s:%u",
			inet_ntoa((struct in_addr){binding->outside.address}),
			ntohs(binding->outside.port));
	return out;
}

const char *
outside_of(const char *inside)
{
	return outside_text(binding_of(inside, IPPROTO_UDP));
}

const char *
outside_tcp(const char *inside)
{
	return outside_text(binding_of(inside, IPPROTO_TCP));
}

uint16_t
outside_port(const char *inside)
{
	struct binding *binding = binding_of(inside, IPPROTO_UDP);

	return binding ? ntohs(binding->outside.port) : 0;
}

uint16_t
outside_tcp_port(const char *inside)
{
	struct binding *binding = binding_of(inside, IPPROTO_TCP);

	return binding ? ntohs(binding->outside.port) : 0;
}

const char *
transport_now(void)
{
	return fx.proto == IPPROTO_TCP ? "TCP" : "UDP";
}

bool
tcp_admitted(const char *from, const char *to)
{
	struct sockaddr_in source = endpoint_of(from), destination = endpoint_of(to);
	struct flow_key key = {source.sin_addr.s_addr, destination.sin_addr.s_addr, source.sin_port,
		destination.sin_port, IPPROTO_TCP, 0, 0};
	struct endpoint outside = {key.dst, key.dst_port, IPPROTO_TCP};
	struct binding *binding = fx.nat ? binding_find_outside(fx.nat, &outside) : NULL;
	struct pinhole *pinhole;

	if (binding) {
		key.dst = binding->inside.address;
		key.dst_port = binding->inside.port;
	}
	return pinhole_match(&fx.worker, fx.pinholes, &key, &pinhole) == PINHOLE_PASS &&
	       pinhole_signalling(&fx.worker, fx.pinholes, &key);
}

bool
media_passes(const char *from, const char *to)
{
	struct sockaddr_in source = endpoint_of(from), destination = endpoint_of(to);
	struct flow_key key = {source.sin_addr.s_addr, destination.sin_addr.s_addr, source.sin_port,
		destination.sin_port, IPPROTO_UDP, 0, 0};
	struct pinhole *pinhole;

	return pinhole_match(&fx.worker, fx.pinholes, &key, &pinhole) == PINHOLE_PASS;
}

void
fixture_media(const char *from, const char *to)
{
	struct sockaddr_in source = endpoint_of(from), destination = endpoint_of(to);
	void *data = flow_for(&source, &destination, IPPROTO_UDP);
	struct flow_path *path = &flow_of_data(data)->path[flow_direction_of_data(data)];

	atomic_store_explicit(&path->last_seen_s, fx.worker.now_s, memory_order_relaxed);
}

uint32_t
counted(enum sip_counter counter)
{
	return (uint32_t)sip_statistics_sum(fx.alg, counter);
}

void
assert_nothing_left(void)
{
	assert_int_equal(alg_call_count(fx.alg), 0);
	assert_int_equal(pinhole_media_count(fx.pinholes), 0);
	assert_int_equal(counted(SIP_COUNT_MEDIA_OPENED), counted(SIP_COUNT_MEDIA_CLOSED));
	assert_int_equal(counted(SIP_COUNT_CALL_MADE), counted(SIP_COUNT_CALL_ENDED));
	if (fx.nat)
		assert_int_equal(nat_media_doors(fx.nat), 0);
	/* the rest after its timers */
	fixture_time(400);
	fixture_time(400);
	assert_int_equal(pool_used(pinhole_pool(fx.pinholes)), 0);
	if (fx.nat) {
		assert_int_equal(nat_doors(fx.nat), 0);
		assert_int_equal(nat_ports_used(fx.nat), 0);
	}
	assert_int_equal(pool_used(flow_pool(fx.flows)), 0);
}

const char *
with_sdp(const char *body)
{
	static char text[4][4096];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]),
		"Content-Type: application/sdp" CRLF "Content-Length: %zu" CRLF CRLF "%s",
		strlen(body), body);
	return out;
}

const char *
sdp_audio(const char *address, unsigned int port, const char *more)
{
	static char text[4][2048];
	static unsigned int turn;
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]),
		"v=0" CRLF "o=- 1 1 IN IP4 %s" CRLF "s=-" CRLF "c=IN IP4 %s" CRLF "t=0 0" CRLF
		"m=audio %u RTP/AVP 0" CRLF "%s",
		address, address, port, more);
	return out;
}
