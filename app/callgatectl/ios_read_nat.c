/* SPDX-License-Identifier: BSD-3-Clause */
/* Global lines of NAT: rules, pools, SIP ports, timeouts. */
#include <string.h>

#include <netinet/in.h>

#include "ios_read.h"

enum { SIP_PORT = 5060, SECONDS_MAX = 1 << 30 };

/* Behind an address pair or an interface. VRFs are refused, the rest is callgate's way anyhow. */
static bool
options_read(struct ios_reader *reader, struct ios_words *words, bool *overload)
{
	while (!ios_done(words)) {
		if (overload != NULL && ios_take(words, "overload"))
			*overload = true;
		else if (!ios_take(words, "extendable") && !ios_take(words, "no-alias") &&
			 !ios_take(words, "forced")) {
			ios_line_refuse(
				reader, "\"%s\" is nothing that callgate has", ios_peek(words));
			return false;
		}
	}
	return true;
}

static enum ios_result
rule_add(struct ios_reader *reader, struct ios_rule *rule)
{
	struct ios_rule *other;

	rule->item.line = reader->line->number;
	rule->text = ios_line_text(reader, reader->negated ? 1 : 0);
	STAILQ_FOREACH (other, &reader->model->rules, next) {
		if (!ios_live(&other->item) || strcmp(other->text, rule->text) != 0)
			continue;
		other->item.removed = reader->negated;
		return IOS_USED;
	}
	if (reader->negated)
		return ios_line_refuse(reader, "there is no such line above");
	STAILQ_INSERT_TAIL(&reader->model->rules, rule, next);
	return IOS_USED;
}

static bool
interface_take(struct ios_reader *reader, struct ios_words *words, struct ios_rule *rule)
{
	char name[IOS_INTERFACE_NAME_MAX];
	bool ethernet;

	if (!ios_take_interface(words, name, &ethernet)) {
		ios_line_refuse(reader, "no interface that callgate knows");
		return false;
	}
	rule->interface = ios_strdup(&reader->model->arena, name);
	return true;
}

/* `ip nat inside source list LIST interface IF|pool POOL [overload]` */
static enum ios_result
dynamic_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_rule *rule = ios_alloc(&reader->model->arena, sizeof(*rule));

	rule->list = ios_next(words);
	if (ios_take(words, "interface")) {
		rule->overload = true; /* one address: IOS says it by itself */
		if (!interface_take(reader, words, rule))
			return IOS_REFUSED;
	} else if (ios_take(words, "pool")) {
		rule->pool = ios_next(words);
	}
	if (rule->list == NULL || (rule->interface == NULL && rule->pool == NULL))
		return ios_line_refuse(reader, "no list with an interface or a pool");
	if (!options_read(reader, words, &rule->overload))
		return IOS_REFUSED;
	return rule_add(reader, rule);
}

/* `ip nat inside source static [tcp|udp] INSIDE [PORT] OUTSIDE|interface IF [PORT]` */
static enum ios_result
static_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_rule *rule = ios_alloc(&reader->model->arena, sizeof(*rule));
	bool tcp;

	if (ios_take(words, "network"))
		return ios_line_refuse(
			reader, "callgate translates hosts one by one: a line for each");
	if (ios_take(words, "tcp"))
		rule->protocol = IPPROTO_TCP;
	else if (ios_take(words, "udp"))
		rule->protocol = IPPROTO_UDP;
	tcp = rule->protocol == IPPROTO_TCP;
	if (!ios_take_address(words, &rule->inside) ||
		(rule->protocol != 0 && !ios_take_port(words, tcp, &rule->inside_port)))
		return ios_line_refuse(
			reader, "no inside address%s", rule->protocol != 0 ? " with its port" : "");
	if (ios_take(words, "interface")) {
		if (!interface_take(reader, words, rule))
			return IOS_REFUSED;
	} else if (!ios_take_address(words, &rule->outside)) {
		return ios_line_refuse(reader, "no outside address");
	}
	if (rule->protocol != 0 && !ios_take_port(words, tcp, &rule->outside_port))
		return ios_line_refuse(reader, "no outside port");
	if (!options_read(reader, words, NULL))
		return IOS_REFUSED;
	return rule_add(reader, rule);
}

static enum ios_result
route_map_read(struct ios_reader *reader, struct ios_words *words)
{
	return ios_line_refuse(reader,
		"callgate has no route maps: write `list` with the access list that it matches");
}

static enum ios_result
other_direction_read(struct ios_reader *reader, struct ios_words *words)
{
	return ios_line_refuse(reader, "callgate translates inside sources only");
}

/* `ip nat pool POOL FIRST LAST netmask M|prefix-length N` */
static enum ios_result
pool_read(struct ios_reader *reader, struct ios_words *words)
{
	struct ios_pool *pool = ios_alloc(&reader->model->arena, sizeof(*pool)), *other;
	unsigned int length;

	pool->item.line = reader->line->number;
	pool->name = ios_next(words);
	if (pool->name == NULL)
		return ios_line_refuse(reader, "no name of a pool");
	other = ios_pool_find(reader->model, pool->name);
	if (reader->negated) {
		if (other != NULL)
			other->item.removed = true;
		return IOS_USED;
	}
	if (!ios_take_address(words, &pool->first) || !ios_take_address(words, &pool->last))
		return ios_line_refuse(reader, "no first and last address");
	if (ios_take(words, "netmask"))
		ios_take_mask(words, &length);
	else if (ios_take(words, "prefix-length"))
		ios_take_number(words, 0, 32, &length);
	if (!ios_done(words))
		return ios_line_refuse(
			reader, "\"%s\" is nothing that callgate has", ios_peek(words));
	if (other != NULL)
		other->item.removed = true;
	STAILQ_INSERT_TAIL(&reader->model->pools, pool, next);
	return IOS_USED;
}

static void
sip_port_set(struct ios_reader *reader, bool tcp, unsigned int number)
{
	struct ios_sip_port *port;

	STAILQ_FOREACH (port, &reader->model->sip_ports, next) {
		if (!port->item.removed && port->tcp == tcp && port->port == number) {
			port->item.removed = reader->negated;
			return;
		}
	}
	if (reader->negated)
		return;
	port = ios_alloc(&reader->model->arena, sizeof(*port));
	port->item.line = reader->line->number;
	port->tcp = tcp;
	port->port = number;
	STAILQ_INSERT_TAIL(&reader->model->sip_ports, port, next);
}

/* 5060 of both until a line says otherwise. */
static void
sip_begin(struct ios_reader *reader)
{
	const bool negated = reader->negated;

	if (reader->model->sip_said)
		return;
	reader->model->sip_said = true;
	reader->negated = false;
	sip_port_set(reader, false, SIP_PORT);
	sip_port_set(reader, true, SIP_PORT);
	reader->negated = negated;
}

/* `[no] ip nat service all-algs|sip [tcp|udp port N]`; without a port `no` means all of it. */
static enum ios_result
sip_read(struct ios_reader *reader, struct ios_words *words)
{
	const bool both = ios_done(words), tcp = ios_take(words, "tcp");
	struct ios_sip_port *port;
	unsigned int number = SIP_PORT;

	if (!both && !tcp && !ios_take(words, "udp"))
		return ios_line_refuse(reader, "neither tcp nor udp");
	if (!both && !ios_done(words) &&
		(!ios_take(words, "port") || !ios_take_number(words, 1, UINT16_MAX, &number) ||
			!ios_done(words)))
		return ios_line_refuse(reader, "no port");
	sip_begin(reader);
	if (!both) {
		sip_port_set(reader, tcp, number);
		return IOS_USED;
	}
	STAILQ_FOREACH (port, &reader->model->sip_ports, next)
		port->item.removed |= reader->negated;
	sip_port_set(reader, false, SIP_PORT);
	sip_port_set(reader, true, SIP_PORT);
	return IOS_USED;
}

static enum ios_result
timeout_read(struct ios_reader *reader, struct ios_words *words)
{
	static const char *const names[IOS_TIMEOUTS] = {
		[IOS_UDP] = "udp-timeout",
		[IOS_TCP] = "tcp-timeout",
		[IOS_TCP_SYN] = "syn-timeout",
		[IOS_TCP_FINRST] = "finrst-timeout",
		[IOS_ICMP] = "icmp-timeout",
	};
	struct ios_number *timeout;

	for (unsigned int i = 0; i < IOS_TIMEOUTS; i++) {
		if (!ios_take(words, names[i]))
			continue;
		timeout = &reader->model->timeouts[i];
		timeout->item =
			(struct ios_item){.line = reader->line->number, .removed = reader->negated};
		if (reader->negated || ios_take_number(words, 0, SECONDS_MAX, &timeout->value))
			return IOS_USED;
		timeout->item.removed = true;
		return ios_line_refuse(reader, "no seconds that this can be");
	}
	return ios_line_refuse(reader, "callgate has no such limit or timeout");
}

static const struct ios_command commands[] = {
	{IOS_GLOBAL, "ip nat inside source list", dynamic_read},
	{IOS_GLOBAL, "ip nat inside source static", static_read},
	{IOS_GLOBAL, "ip nat inside source route-map", route_map_read},
	{IOS_GLOBAL, "ip nat outside source", other_direction_read},
	{IOS_GLOBAL, "ip nat inside destination", other_direction_read},
	{IOS_GLOBAL, "ip nat pool", pool_read},
	{IOS_GLOBAL, "ip nat service sip", sip_read},
	{IOS_GLOBAL, "ip nat service all-algs", sip_read},
	{IOS_GLOBAL, "ip nat translation", timeout_read},
};

const struct ios_commands ios_nat_commands = {commands, sizeof(commands) / sizeof(commands[0])};
