/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of an IOS configuration as lines of words: from `show running-config`, from a document,
 * or from a terminal with its prompts. Comments and banners are not among the lines.
 */
#ifndef CALLGATECTL_IOS_TEXT_H
#define CALLGATECTL_IOS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

/** Memory of one import, released as a whole. Running out of it ends the program. */
struct ios_arena {
	struct ios_chunk *chunks;
	size_t used, size; /* of the newest chunk */
};

void *ios_alloc(struct ios_arena *arena, size_t size); /* zeroed */
char *ios_strdup(struct ios_arena *arena, const char *text);
char *ios_format(struct ios_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void ios_arena_free(struct ios_arena *arena);

struct ios_line {
	STAILQ_ENTRY(ios_line) next;
	unsigned int number;
	bool deep; /* belongs to the block above: indented, or its prompt says so */
	const char *prompt; /* that it was typed behind, such as "(config-if)#"; NULL: none */
	const char *text; /* without prompt and outer spaces, no control characters */
	unsigned int count;
	const char **words;
};

struct ios_text {
	STAILQ_HEAD(, ios_line) lines;
	unsigned int count; /* of all lines, those left out too */
	const struct ios_line **by_number; /* NULL: left out */
	bool flat; /* no line is indented and none has a prompt: depth says nothing */
};

/** Split `size` bytes, which may be anything, into lines. */
void ios_text_read(struct ios_text *text, struct ios_arena *arena, const char *bytes, size_t size);

#endif
