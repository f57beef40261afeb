/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a file to a checked struct config. Sections run in an order in which every name is defined
 * before it is referred to; each reports all its faults and goes on. One fault anywhere, and no
 * configuration comes out.
 *
 * Synchronization: none; a load touches nothing shared and may run beside the dataplane.
 * Limits: libconfig counts lines in 16 bits, so a fault beyond line 65,535 names a wrong line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "reader_priv.h"

/* Read the file into the tree. False after a fault. */
static bool
tree_read(struct reader *reader)
{
	const char *file = reader->config->file, *error_file;
	char folder[SOURCE_FILE_MAX], path[SOURCE_FILE_MAX];
	struct stat status;
	FILE *stream;
	int line;

	source_path(reader, ".", folder);
	stream = fopen(file, "r");
	if (stream == NULL) {
		fault_add_at(reader, file, 1, "file",
			"cannot be read: %s, allowed: a readable file", strerror(errno));
		return false;
	}
	if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode))
		fault_add_at(reader, file, 1, "file", "is a folder, allowed: a readable file");
	fclose(stream);
	if (reader->faults.count == 0)
		source_scan(reader, file, 0);
	if (reader->faults.count != 0)
		return false;

	config_set_include_dir(&reader->tree, folder);
	if (config_read_file(&reader->tree, file) == CONFIG_TRUE)
		return true;
	error_file = config_error_file(&reader->tree);
	line = config_error_line(&reader->tree);
	source_path(reader, error_file != NULL ? error_file : file, path);
	fault_add_at(reader, path, line > 0 ? line : 1, "syntax",
		"%s, allowed: libconfig syntax, each name once: name = value; name: { ... }; "
		"name = [ ... ]; name = ( ... );",
		config_error_text(&reader->tree));
	return false;
}

static void
sections_read(struct reader *reader)
{
	group_read(reader, config_root_setting(&reader->tree), "", reader->config);
	system_read(reader);
	ports_read(reader);
	zones_read(reader);
	interfaces_read(reader);
	routes_read(reader);
	networks_read(reader);
	acls_read(reader);
	nat_read(reader);
	nat_check(reader);
	collector_read(reader);
	class_maps_read(reader);
	policy_maps_read(reader);
	zone_pairs_read(reader);
	if (reader->faults.count == 0)
		effective_create(reader);
	places_create(reader);
}

/* False when out of memory. Everything that changes after setjmp() is behind the pointer. */
static bool
reader_run(struct reader *reader, const char *file)
{
	if (setjmp(reader->out_of_memory) != 0)
		return false;
	reader->config->file = reader_strdup(reader, file);
	if (tree_read(reader))
		sections_read(reader);
	return true;
}

struct config *
config_load(const char *file, config_fault_fn fault, void *context)
{
	static const char no_memory[] = "out of memory, allowed: a machine with some left";
	struct config_fault report = {.file = file, .line = 1, .path = "file", .text = no_memory};
	struct reader reader = {.config = calloc(1, sizeof(struct config))};
	struct config *config = reader.config;
	unsigned int kind;
	bool good;

	if (config == NULL) {
		fault(context, &report);
		return NULL;
	}
	config_init(&reader.tree);
	config_init(&reader.effective);
	config_init(&reader.spare);
	good = reader_run(&reader, file);
	if (!good)
		fault(context, &report);
	else
		fault_list_report(&reader.faults, fault, context);
	if (!good || reader.faults.count != 0) {
		config_free(config);
		config = NULL;
	}
	for (kind = 0; kind < NAME_KINDS; kind++)
		free(reader.names[kind].names);
	free(reader.scratch);
	fault_list_free(&reader.faults);
	config_destroy(&reader.tree);
	config_destroy(&reader.effective);
	config_destroy(&reader.spare);
	return config;
}
