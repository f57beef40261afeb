/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this room share while one configuration is read: the libconfig tree, the
 * struct config that grows, the names defined so far and the faults found so far.
 *
 * Life cycle: config_load() makes a reader, runs every section in order and throws it away. All
 * memory hangs on the reader or its config as soon as it is allocated, so that running out of
 * memory can leave from any depth by one longjmp and still free everything.
 *
 * A faulty setting never stops the reading: the value stays zero and the section goes on, for
 * every fault is to be told at once.
 */
#ifndef CONFIG_READER_PRIV_H
#define CONFIG_READER_PRIV_H

#include <limits.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <libconfig.h>

#include "config/config.h"

#include "setting_priv.h"

/* As in net/interface.h, which is above this room; test_load.c holds the two together. */
enum { NUMBER_ZONE_SELF = 0, NUMBER_ZONE_DEFAULT = 1, NUMBER_ZONE_FIRST = 2 };
enum { NUMBER_NAT_NONE, NUMBER_NAT_INSIDE, NUMBER_NAT_OUTSIDE };

enum { SOURCE_FILE_MAX = PATH_MAX };

enum name_kind {
	NAME_PORT,
	NAME_INTERFACE,
	NAME_ZONE,
	NAME_NETWORK,
	NAME_ACL,
	NAME_POOL,
	NAME_CLASS_MAP,
	NAME_POLICY_MAP,
	NAME_ZONE_PAIR,
	NAME_KINDS
};

/* Names of one kind in file order; NULL where an entry has none. Owned by the configuration. */
struct name_list {
	const char **names;
	unsigned int count;
};

struct fault_entry {
	char *file, *path, *text;
	int line;
	unsigned int order;
	bool included; /* of another file than the one that was named */
};

struct fault_list {
	struct fault_entry *entries;
	unsigned int count;
};

/* Where each row of the table stands in this file, and what its list looked like. */
struct config_places {
	struct config_place *places; /* setting_count of them */
	uint64_t *digests; /* likewise; of lists and of settings read by their section */
	char **files;
	unsigned int file_count;
};

struct reader {
	config_t tree;
	config_t effective; /* effective.c; of a file without faults */
	config_t spare; /* of a default that is read */
	struct config *config;
	struct fault_list faults;
	struct name_list names[NAME_KINDS];
	void *scratch; /* of the section that runs */
	jmp_buf out_of_memory;
};

/* Memory: never NULL (see above). The caller stores the result where config_free() finds it. */
void *reader_alloc(struct reader *reader, size_t count, size_t size);
char *reader_strdup(struct reader *reader, const char *text);

/* Faults. The second form names a member that may be missing from `group`. */
void fault_add(struct reader *reader, const config_setting_t *setting, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fault_add_member(struct reader *reader, const config_setting_t *group, const char *member,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void fault_add_at(struct reader *reader, const char *file, int line, const char *path,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
void fault_list_report(struct fault_list *faults, config_fault_fn fault, void *context);
void fault_list_free(struct fault_list *faults);

/* Where a setting stands. */
struct source {
	char file[SOURCE_FILE_MAX];
	int line;
};
void source_find(
	const struct reader *reader, const config_setting_t *setting, struct source *source);

/** Path of a file as libconfig names it: included ones are relative to the main file's folder. */
void source_path(const struct reader *reader, const char *file, char path[SOURCE_FILE_MAX]);

/**
 * Look for what libconfig itself would not survive or not notice, before it reads: included folders
 * and integers that do not fit. Faults are added.
 */
void source_scan(struct reader *reader, const char *file, unsigned int depth);

/** "an integer", "a string" ...: what a setting is in the file. */
const char *type_name(const config_setting_t *setting);

/**
 * Read the members of `group` by the rows under `prefix` into `base`: defaults, types, ranges,
 * unknown names. `group` NULL: defaults only. Groups in groups follow; lists are the section's.
 */
void group_read(
	struct reader *reader, const config_setting_t *group, const char *prefix, void *base);

/** List at a path outside lists, or NULL when left out or no list; *count entries to read. */
const config_setting_t *list_open(struct reader *reader, const char *path, unsigned int *count);

/** Same for the list `member` of a list's entry. */
const config_setting_t *list_open_member(struct reader *reader, const config_setting_t *group,
	const char *prefix, const char *member, unsigned int *count);

/** Entry of a list when it is a group; else a fault and NULL. */
const config_setting_t *list_entry(
	struct reader *reader, const config_setting_t *list, unsigned int index);

/**
 * Array or list of plain values with min .. max entries; returns how many to read, 0 after a fault.
 * `what` says what is allowed in words.
 */
unsigned int sequence_open(struct reader *reader, const config_setting_t *setting, unsigned int min,
	unsigned int max, const char *what);

/** Text of a setting; NULL and a fault when it is no string. */
const char *text_read(struct reader *reader, const config_setting_t *setting, const char *allowed);

/** Integer of a setting within min .. max; false and a fault else. */
bool integer_read(struct reader *reader, const config_setting_t *setting, int64_t min, int64_t max,
	int64_t *value);

/** Define a name; a fault when it is taken. `name` may be NULL. */
void name_add(struct reader *reader, enum name_kind kind, const config_setting_t *setting,
	const char *name);

/** Index of a name; -1: none. */
int name_index(const struct reader *reader, enum name_kind kind, const char *name);

/** Index of the name that `setting` refers to; -1 and a fault that says which exist. */
int name_resolve(struct reader *reader, enum name_kind kind, const config_setting_t *setting);

/** "a, b, c" of the first names of a kind, "none is defined" when there is none. */
void name_list_text(const struct reader *reader, enum name_kind kind, char *buffer, size_t size);

/** True for letters, digits, "_", "-" and "." after a letter or digit, at most NAME_MAX_LENGTH. */
bool name_is_valid(const char *name);

/* Sections, in the order config_load() runs them; each resolves names of those before it. */
void system_read(struct reader *reader);
void ports_read(struct reader *reader);
void zones_read(struct reader *reader);
void interfaces_read(struct reader *reader);
void routes_read(struct reader *reader);
void networks_read(struct reader *reader);
void acls_read(struct reader *reader);
void nat_read(struct reader *reader);
void nat_check(struct reader *reader);
void collector_read(struct reader *reader);
void class_maps_read(struct reader *reader);
void policy_maps_read(struct reader *reader);
void zone_pairs_read(struct reader *reader);

/** Fill in `effective`, the tree and the configuration's text. The file has no faults. */
void effective_create(struct reader *reader);

/* Places. */
void places_create(struct reader *reader);
void places_free(struct config_places *places);

#endif
