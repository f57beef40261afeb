/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration as it is written, and which setting of it comes from which object: so that a
 * fault which lib/config finds leads back to the line of IOS.
 */
#ifndef CALLGATECTL_IOS_OUT_H
#define CALLGATECTL_IOS_OUT_H

#include <stdio.h>

#include "ios_model.h"

struct ios_out {
	struct ios_model *model;
	FILE *stream;
	bool nat_begun; /* `nat` has its head: it is written when there is something in it */
	bool again; /* something was refused while writing: what is written is not all true */
	unsigned int count, size;
	struct ios_origin *origins;
};

/** Setting `path`, as lib/config names it, and what is below it comes from `item`. */
void ios_origin_add(struct ios_out *out, struct ios_item *item, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * The object to blame for a fault at `path`: the one of the setting itself, or the last below it, or
 * the nearest around it; NULL: none.
 */
struct ios_item *ios_origin_find(const struct ios_out *out, const char *path);
/** A fault's text with the lines of IOS in the place of settings such as "nat.rules[3]". */
const char *ios_fault_text(const struct ios_out *out, const char *text);
void ios_origins_free(struct ios_out *out);

/** callgate cannot have this object: report it and write everything again without it. */
void ios_drop(struct ios_out *out, struct ios_item *item, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Begin entry `index` of a list: the list's name before the first, a comma before the others. */
void ios_entry_begin(struct ios_out *out, const char *list, unsigned int index);
/** End a list of so many entries; of none nothing was written. */
void ios_list_end(struct ios_out *out, unsigned int count);

/* The sections. Interfaces come first: others refer to their addresses. */
void ios_write_interfaces(struct ios_out *out);
void ios_write_routes(struct ios_out *out);
void ios_write_acls(struct ios_out *out); /* after ios_nat_plan() */
void ios_nat_plan(struct ios_out *out); /* which lists the rules use, and how */
void ios_write_nat(struct ios_out *out);
void ios_write_classes(struct ios_out *out); /* as a part of the policy */
void ios_write_policy(struct ios_out *out);

/** Is this class inspected, and might it match what is neither TCP, UDP nor ICMP? */
bool ios_class_has_rest(const struct ios_model *model, const struct ios_policy_class *class);
/** callgate's name of the class map of that; NULL: of class-default's. */
const char *ios_class_rest_name(struct ios_model *model, const char *class);

/** Does this entry speak of sources only? */
bool ios_entry_plain(const struct ios_entry *entry);

/** Add a prefix to others of which none lies within another. */
void ios_source_add(
	struct ios_model *model, struct ios_prefixes *sources, const struct ios_prefix *added);
bool ios_prefix_within(const struct ios_prefix *narrow, const struct ios_prefix *wide);

/** callgate's name of the access list of what `list` leaves untranslated. */
const char *ios_exclude_name(struct ios_model *model, const char *list);

#endif
