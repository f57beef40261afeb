/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the lines of an IOS configuration say, in IOS's own nouns. Every object knows the line it
 * comes from, so that whatever callgate cannot have is named by it. Lists keep the order of the
 * file. Numbers and addresses are in host byte order; nothing is checked but its form, because
 * lib/config checks what is made of it.
 */
#ifndef CALLGATECTL_IOS_MODEL_H
#define CALLGATECTL_IOS_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ios_text.h"
#include "ios_word.h"

/* Part of every object, as its first member. */
struct ios_item {
	unsigned int line; /* 0: no line of its own */
	bool removed; /* by a `no` line */
	bool refused; /* callgate cannot have it; a message says why */
};

struct ios_number {
	struct ios_item item; /* line 0: not set */
	unsigned int value;
};

struct ios_prefix {
	STAILQ_ENTRY(ios_prefix) next;
	struct ios_item item;
	uint32_t address;
	unsigned int length;
};
STAILQ_HEAD(ios_prefixes, ios_prefix);

struct ios_interface {
	struct ios_item item;
	STAILQ_ENTRY(ios_interface) next;
	const char *name; /* "gigabitethernet0/0/0.10" */
	const char *own; /* the same as a name of callgate's */
	const char *port; /* own name of the interface that it is a part of, or is */
	const char *description;
	bool shut, vrf; /* shut down; in a VRF */
	bool ip_mtu; /* `mtu` is of an `ip mtu` line */
	struct ios_number vlan, mtu, tcp_mss;
	struct ios_item nat, zone, source_check;
	bool loose; /* of `source_check` */
	bool outside; /* of `nat` */
	const char *zone_name;
	struct ios_prefixes addresses; /* own address and prefix length; the primary is the first */
	struct ios_prefix *first; /* the primary; NULL: none yet */
	/* of the configuration as it is written */
	bool written;
	bool stands_in; /* its address does */
	uint32_t primary;
};

struct ios_port_range {
	uint16_t first, last;
};

enum { IOS_PORT_RANGES_MAX = 16 };

/* One side of an access list's entry: a group by name, or prefixes; none of both: any. */
struct ios_side {
	const char *group;
	struct ios_prefixes prefixes;
	unsigned int port_count; /* 0: any */
	struct ios_port_range ports[IOS_PORT_RANGES_MAX];
};

struct ios_entry {
	struct ios_item item;
	STAILQ_ENTRY(ios_entry) next;
	unsigned int sequence;
	bool permit;
	uint8_t protocol; /* IPPROTO_*, 0: any */
	struct ios_side source, destination;
	const char *text; /* in lower case, for `no` */
};

struct ios_acl {
	struct ios_item item;
	STAILQ_ENTRY(ios_acl) next;
	const char *name;
	bool extended;
	bool lost; /* an entry that permits, or might, was of no use */
	/* of the configuration as it is written */
	bool translates, matches; /* who uses it: NAT, a class map */
	bool excludes; /* some of what it is about is not translated */
	STAILQ_HEAD(, ios_entry) entries;
};

struct ios_member {
	STAILQ_ENTRY(ios_member) next;
	const char *group; /* NULL: the prefix */
	struct ios_prefixes prefixes;
};

struct ios_group {
	struct ios_item item;
	STAILQ_ENTRY(ios_group) next;
	const char *name;
	bool visited; /* while groups are followed, against circles */
	bool lost; /* a line of it, or of a group within it, was of no use */
	STAILQ_HEAD(, ios_member) members;
};

struct ios_pool {
	struct ios_item item;
	STAILQ_ENTRY(ios_pool) next;
	const char *name;
	uint32_t first, last;
};

struct ios_rule {
	struct ios_item item;
	STAILQ_ENTRY(ios_rule) next;
	const char *list; /* dynamic: the access list; NULL: static */
	const char *pool, *interface; /* dynamic: one of them; static: interface or `outside` */
	bool overload;
	uint8_t protocol; /* static; 0: the whole address */
	uint32_t inside, outside;
	uint16_t inside_port, outside_port;
	const char *text; /* in lower case, for `no` */
	struct ios_prefixes sources; /* dynamic, as it is written: what the list permits */
};

enum ios_match_kind { IOS_MATCH_PROTOCOL, IOS_MATCH_ACL, IOS_MATCH_CLASS, IOS_MATCH_KINDS };

struct ios_match {
	struct ios_item item;
	STAILQ_ENTRY(ios_match) next;
	enum ios_match_kind kind;
	bool negated;
	const char *name;
};

struct ios_class {
	struct ios_item item;
	STAILQ_ENTRY(ios_class) next;
	const char *name;
	bool all;
	bool lost; /* one of its lines was of no use */
	/* of the configuration as it is written */
	bool less; /* it matches less than in IOS */
	bool wide; /* it may match what is neither TCP, UDP nor ICMP */
	STAILQ_HEAD(, ios_match) matches;
};

enum ios_action { IOS_ACTION_NONE, IOS_INSPECT, IOS_PASS, IOS_DROP };

/* `parameter-map type inspect`, as far as callgate has it. */
struct ios_parameters {
	struct ios_item item;
	STAILQ_ENTRY(ios_parameters) next;
	const char *name;
	struct ios_number half_open, flows;
};

struct ios_policy_class {
	struct ios_item item;
	STAILQ_ENTRY(ios_policy_class) next;
	const char *name; /* NULL: class-default */
	enum ios_action action;
	unsigned int action_line;
	const char *parameters; /* of `inspect`; NULL: none */
	bool log;
};

struct ios_policy {
	struct ios_item item;
	STAILQ_ENTRY(ios_policy) next;
	const char *name;
	struct ios_policy_class otherwise; /* class-default */
	STAILQ_HEAD(, ios_policy_class) classes;
};

struct ios_zone {
	struct ios_item item;
	STAILQ_ENTRY(ios_zone) next;
	const char *name;
};

struct ios_pair {
	struct ios_item item;
	STAILQ_ENTRY(ios_pair) next;
	const char *name, *source, *destination, *policy;
};

struct ios_route {
	struct ios_item item;
	STAILQ_ENTRY(ios_route) next;
	uint32_t address, via;
	unsigned int length, distance;
};

struct ios_sip_port {
	struct ios_item item;
	STAILQ_ENTRY(ios_sip_port) next;
	bool tcp;
	unsigned int port;
};

enum ios_timeout { IOS_UDP, IOS_TCP, IOS_TCP_SYN, IOS_TCP_FINRST, IOS_ICMP, IOS_TIMEOUTS };

/* What the operator said on the command line about an interface. */
struct ios_choice {
	struct ios_item item;
	STAILQ_ENTRY(ios_choice) next;
	const char *interface; /* as in struct ios_interface */
	const char *value;
	bool used;
};
STAILQ_HEAD(ios_choices, ios_choice);

enum ios_name_kind {
	IOS_NAME_ACL,
	IOS_NAME_CLASS,
	IOS_NAME_POLICY,
	IOS_NAME_ZONE,
	IOS_NAME_PAIR,
	IOS_NAME_POOL,
	IOS_NAME_NETWORK,
	IOS_NAME_KINDS
};

struct ios_message {
	TAILQ_ENTRY(ios_message) next;
	unsigned int line; /* 0: of the file as a whole */
	bool note; /* the line was used, but */
	bool draft; /* a note of writing: writing again makes it again */
	const char *text;
};

struct ios_model {
	struct ios_arena arena;
	struct ios_text text;
	STAILQ_HEAD(, ios_interface) interfaces;
	STAILQ_HEAD(, ios_acl) acls;
	STAILQ_HEAD(, ios_group) groups;
	STAILQ_HEAD(, ios_pool) pools;
	STAILQ_HEAD(, ios_rule) rules;
	STAILQ_HEAD(, ios_class) classes;
	STAILQ_HEAD(, ios_parameters) parameters;
	STAILQ_HEAD(, ios_policy) policies;
	STAILQ_HEAD(, ios_zone) zones;
	STAILQ_HEAD(, ios_pair) pairs;
	STAILQ_HEAD(, ios_route) routes;
	STAILQ_HEAD(, ios_sip_port) sip_ports;
	bool sip_said; /* some line is about them */
	struct ios_number timeouts[IOS_TIMEOUTS];
	struct ios_choices ports, addresses;
	STAILQ_HEAD(, ios_name) names[IOS_NAME_KINDS];
	TAILQ_HEAD(ios_messages, ios_message) messages; /* in the order of lines */
	bool writing; /* lines have been read: from now on notes are drafts */
};

void ios_model_init(struct ios_model *model);
void ios_model_free(struct ios_model *model);

/** Neither taken away by a `no` line nor refused. */
bool ios_live(const struct ios_item *item);

/* The live object of that name; NULL: none. */
struct ios_interface *ios_interface_find(const struct ios_model *model, const char *name);
struct ios_acl *ios_acl_find(const struct ios_model *model, const char *name);
struct ios_group *ios_group_find(const struct ios_model *model, const char *name);
struct ios_pool *ios_pool_find(const struct ios_model *model, const char *name);
struct ios_class *ios_class_find(const struct ios_model *model, const char *name);
struct ios_parameters *ios_parameters_find(const struct ios_model *model, const char *name);
struct ios_policy *ios_policy_find(const struct ios_model *model, const char *name);
struct ios_zone *ios_zone_find(const struct ios_model *model, const char *name);

/** The interface of that name, made with its line when there is none. */
struct ios_interface *ios_interface_get(
	struct ios_model *model, const char *name, unsigned int line);

void ios_prefix_add(struct ios_model *model, struct ios_prefixes *prefixes, uint32_t address,
	unsigned int length, unsigned int line);
/** The fewest prefixes that make up a range. */
void ios_range_add(
	struct ios_model *model, struct ios_prefixes *prefixes, uint32_t first, uint32_t last);
/**
 * The prefixes that a wildcard means, its bits anywhere. False: more than 256.
 */
bool ios_wildcard_add(struct ios_model *model, struct ios_prefixes *prefixes, uint32_t address,
	uint32_t wildcard);

/** callgate's name for what IOS calls `name`; the same each time, and nothing else's. */
const char *ios_own_name(struct ios_model *model, enum ios_name_kind kind, const char *name);

/** Line `line` was of no use, or an object was not that it made. Each line says a thing once. */
void ios_refuse(struct ios_model *model, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** Line `line` was used, but not as it stands. */
void ios_note(struct ios_model *model, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Begin to write, or to write again: what the last time gave to note is no longer true. */
void ios_notes_begin(struct ios_model *model);

/** What was chosen for an interface on the command line; NULL: nothing. It counts as used. */
struct ios_choice *ios_choice_find(struct ios_choices *choices, const char *interface);

/** The prefixes of a side, its group followed; any: 0.0.0.0/0. False: a group that is not there. */
bool ios_side_expand(
	struct ios_model *model, const struct ios_side *side, struct ios_prefixes *prefixes);

/** Has its group lost a line, or one within it? */
bool ios_side_lost(const struct ios_model *model, const struct ios_side *side);

/** `text` without what could end a text or a comment of a configuration. */
const char *ios_clean(struct ios_model *model, const char *text);

#endif
