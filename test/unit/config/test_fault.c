/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every file in faults/ is refused with exactly the faults that its comments announce:
 *   setting = 5; #! path.to.setting: part of the text
 * announces a fault of this line; "#!@LINE path: text" one of another line. A line may announce
 * several. Included files are read for announcements too.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fault_record.h"

enum { FILES_MAX = 256, EXPECTED_MAX = 64 };

struct expected {
	char file[512], path[256], text[512];
	int line;
};

struct expectation {
	unsigned int count;
	struct expected faults[EXPECTED_MAX];
};

static void
announcement_read(char *text, const char *file, int line, struct expectation *expectation)
{
	struct expected *expected = &expectation->faults[expectation->count++];
	char *colon;

	assert_true(expectation->count <= EXPECTED_MAX);
	if (*text == '@')
		line = (int)strtol(text + 1, &text, 10);
	text += strspn(text, " ");
	colon = strstr(text, ": ");
	assert_non_null(colon);
	*colon = '\0';
	snprintf(expected->file, sizeof(expected->file), "%s", file);
	snprintf(expected->path, sizeof(expected->path), "%s", text);
	snprintf(expected->text, sizeof(expected->text), "%s", colon + 2);
	expected->line = line;
}

/* Announcements of a file, then of those it includes: the order in which faults are reported. */
static void
expectation_read(const char *file, struct expectation *expectation)
{
	char line[2048], included[8][512], *mark, *next, name[256];
	unsigned int include_count = 0, i;
	FILE *stream = fopen(file, "r");
	const char *slash = strrchr(file, '/');
	int number = 0;

	if (stream == NULL)
		return; /* a missing include is what the file is about */
	while (fgets(line, sizeof(line), stream) != NULL) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "@include \"%255[^\"]\"", name) == 1 && strstr(name, ".inc"))
			snprintf(included[include_count++], sizeof(included[0]), "%.*s/%s",
				(int)(slash - file), file, name);
		for (mark = strstr(line, "#!"); mark != NULL; mark = next) {
			next = strstr(mark + 2, " #!");
			if (next != NULL)
				*next++ = '\0';
			announcement_read(mark + 2, file, number, expectation);
		}
	}
	fclose(stream);
	for (i = 0; i < include_count; i++)
		expectation_read(included[i], expectation);
}

static void
refused_with_announced_faults(void **state)
{
	static struct expectation expectation;
	static struct fault_record record;
	const char *file = *state;
	struct config *config;
	unsigned int i;
	char prefix[1024];

	memset(&expectation, 0, sizeof(expectation));
	memset(&record, 0, sizeof(record));
	expectation_read(file, &expectation);
	assert_true(expectation.count > 0);
	config = config_load(file, fault_record_add, &record);
	if (config != NULL || record.count != expectation.count)
		fault_record_print(&record);
	assert_null(config);
	for (i = 0; i < expectation.count && i < record.count; i++) {
		if (strstr(record.faults[i].text, expectation.faults[i].text) == NULL ||
			record.faults[i].line != expectation.faults[i].line ||
			strcmp(record.faults[i].path, expectation.faults[i].path) != 0)
			fprintf(stderr, "reported %s\nexpected %s:%d: %s: %s\n",
				record.faults[i].whole, expectation.faults[i].file,
				expectation.faults[i].line, expectation.faults[i].path,
				expectation.faults[i].text);
		assert_string_equal(record.faults[i].file, expectation.faults[i].file);
		assert_int_equal(record.faults[i].line, expectation.faults[i].line);
		assert_string_equal(record.faults[i].path, expectation.faults[i].path);
		assert_non_null(strstr(record.faults[i].text, expectation.faults[i].text));
		assert_non_null(strstr(record.faults[i].text, ", allowed"));
		snprintf(prefix, sizeof(prefix), "%s:%d: %s: ", expectation.faults[i].file,
			expectation.faults[i].line, expectation.faults[i].path);
		assert_memory_equal(record.faults[i].whole, prefix, strlen(prefix));
	}
	assert_int_equal(record.count, expectation.count);
}

static void
forty_files_and_more(void **state)
{
	assert_true(*(size_t *)*state >= 40);
}

int
main(void)
{
	static struct CMUnitTest tests[FILES_MAX];
	const char *folder = getenv("FAULTS_DIR");
	char pattern[1024];
	size_t i;
	glob_t files;
	int failed;

	snprintf(pattern, sizeof(pattern), "%s/*.conf", folder != NULL ? folder : "faults");
	if (glob(pattern, 0, NULL, &files) != 0 || files.gl_pathc >= FILES_MAX)
		return 1;
	for (i = 0; i < files.gl_pathc; i++)
		tests[i] = (struct CMUnitTest){.name = strrchr(files.gl_pathv[i], '/') + 1,
			.test_func = refused_with_announced_faults,
			.initial_state = files.gl_pathv[i]};
	tests[i] = (struct CMUnitTest){.name = "forty_files_and_more",
		.test_func = forty_files_and_more,
		.initial_state = &files.gl_pathc};
	failed = _cmocka_run_group_tests("faults", tests, files.gl_pathc + 1, NULL, NULL);
	globfree(&files);
	return failed;
}
