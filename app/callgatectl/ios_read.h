/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From lines to the model. Each line is looked up in the table of its submode and then in that of
 * global configuration, as IOS does; what no table has is reported and changes nothing.
 */
#ifndef CALLGATECTL_IOS_READ_H
#define CALLGATECTL_IOS_READ_H

#include "ios_model.h"

enum ios_mode {
	IOS_GLOBAL,
	IOS_ACL,
	IOS_CLASS_MAP,
	IOS_GROUP,
	IOS_INTERFACE,
	IOS_PAIR,
	IOS_PARAMETERS,
	IOS_POLICY_CLASS,
	IOS_POLICY_MAP,
	IOS_ZONE,
	IOS_FOREIGN /* a block of which callgate has nothing */
};

enum ios_result {
	IOS_UNKNOWN, /* not this command after all: others may be tried */
	IOS_USED,
	IOS_REFUSED /* this command, and why it is of no use has been reported */
};

struct ios_reader {
	struct ios_model *model;
	const struct ios_line *line;
	bool negated; /* the line begins with `no` */
	enum ios_mode mode;
	/* The mode to which a prompt leads back: this one, or any (NULL); IOS_FOREIGN: none. */
	enum ios_mode interrupted;
	const char *interrupted_prompt;
	const char *unknown; /* prompt of the line before, when nobody knew that line */
	/* what the submode is of */
	struct ios_interface *interface;
	struct ios_acl *acl;
	struct ios_group *group;
	struct ios_class *class;
	struct ios_policy *policy;
	struct ios_policy_class *policy_class;
	struct ios_pair *pair;
	struct ios_parameters *parameters;
};

/* A line's first words and who reads the rest. The words that `command` names have been taken. */
struct ios_command {
	enum ios_mode mode;
	const char *command;
	enum ios_result (*read)(struct ios_reader *reader, struct ios_words *words);
};

struct ios_commands {
	const struct ios_command *commands;
	unsigned int count;
};

extern const struct ios_commands ios_interface_commands, ios_acl_commands, ios_nat_commands,
	ios_zone_commands;

/** A group has lost a line when one within it has; after all lines. */
void ios_groups_complete(struct ios_model *model);
/** Make the zones that interfaces name and no line makes; after all lines. */
void ios_zones_complete(struct ios_model *model);

/** Read all lines of model->text. */
void ios_read(struct ios_model *model);

/** Report why the line is of no use; returns IOS_REFUSED. */
enum ios_result ios_line_refuse(struct ios_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** The line from word `from` on, in lower case. */
const char *ios_line_text(struct ios_reader *reader, unsigned int from);

#endif
