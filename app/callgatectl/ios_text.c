/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ios_text.h"

enum { CHUNK_BYTES = 1 << 16 };

struct ios_chunk {
	struct ios_chunk *next;
	_Alignas(max_align_t) char bytes[];
};

/* One raw line: its bytes without the line end. */
struct span {
	const char *at;
	size_t length;
};

/* Where reading stands. */
struct source {
	const char *at, *end;
	unsigned int number; /* of the line that was read last */
};

static _Noreturn void
memory_end(void)
{
	fprintf(stderr, "callgatectl: out of memory\n");
	exit(EXIT_FAILURE);
}

void *
ios_alloc(struct ios_arena *arena, size_t size)
{
	const size_t alignment = _Alignof(max_align_t);
	void *memory;

	size = (size + alignment - 1) / alignment * alignment;
	if (arena->chunks == NULL || arena->size - arena->used < size) {
		const size_t bytes = size > CHUNK_BYTES ? size : CHUNK_BYTES;
		struct ios_chunk *chunk = calloc(1, sizeof(*chunk) + bytes);

		if (chunk == NULL)
			memory_end();
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->size = bytes;
		arena->used = 0;
	}
	memory = arena->chunks->bytes + arena->used;
	arena->used += size;
	return memory;
}

static char *
text_copy(struct ios_arena *arena, const char *text, size_t length)
{
	char *copy = ios_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *
ios_strdup(struct ios_arena *arena, const char *text)
{
	return text_copy(arena, text, strlen(text));
}

char *
ios_format(struct ios_arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text, *copy;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		memory_end();
	va_end(arguments);
	copy = ios_strdup(arena, text);
	free(text);
	return copy;
}

void
ios_arena_free(struct ios_arena *arena)
{
	struct ios_chunk *chunk;

	while ((chunk = arena->chunks) != NULL) {
		arena->chunks = chunk->next;
		free(chunk);
	}
	arena->used = arena->size = 0;
}

static bool
source_next(struct source *source, struct span *line)
{
	if (source->at == source->end)
		return false;
	line->at = source->at;
	while (source->at < source->end && *source->at != '\n')
		source->at++;
	line->length = (size_t)(source->at - line->at);
	if (source->at < source->end)
		source->at++;
	/* Logs of terminals have two. */
	while (line->length > 0 && line->at[line->length - 1] == '\r')
		line->length--;
	source->number++;
	return true;
}

/* "Device>", "Device#", "Device(config-if)#" in front: its length; 0: none. *deep: in a submode. */
static size_t
prompt_length(const char *text, bool *deep)
{
	const char *at = text;

	*deep = false;
	if (!isalnum((unsigned char)*at))
		return 0;
	while (isalnum((unsigned char)*at) || (*at != '\0' && strchr("._-", *at) != NULL))
		at++;
	if (*at == '(') {
		*deep = strncmp(at, "(config-", 8) == 0;
		if (strncmp(at, "(config", 7) != 0)
			return 0;
		at += strcspn(at, ")");
		if (*at != ')')
			return 0;
		at++;
	}
	return *at == '>' || *at == '#' ? (size_t)(at + 1 - text) : 0;
}

/* A prompt without the router's name. */
static const char *
prompt_mode(struct ios_arena *arena, const char *text, size_t length)
{
	const char *mode = memchr(text, '(', length);

	if (mode == NULL)
		mode = text + length - 1;
	return text_copy(arena, mode, length - (size_t)(mode - text));
}

/* The line behind the pager's " --More-- ", which backspaces and spaces have wiped out. */
static void
pager_skip(struct span *line)
{
	static const char mark[] = "--More--";
	const char *at = memmem(line->at, line->length, mark, sizeof(mark) - 1), *wiped;

	if (at == NULL || (size_t)(at - line->at) != strspn(line->at, " "))
		return;
	at += sizeof(mark) - 1;
	wiped = memrchr(at, '\b', line->length - (size_t)(at - line->at));
	if (wiped != NULL)
		at = wiped + 1;
	line->length -= (size_t)(at - line->at);
	line->at = at;
}

/* A copy that is safe to print: no control characters, spaces only within. Returns the depth. */
static size_t
line_clean(struct ios_arena *arena, const struct span *raw, char **clean)
{
	struct span line = *raw;
	size_t length = 0, indent;
	char *copy;

	pager_skip(&line);
	copy = text_copy(arena, line.at, line.length);
	for (size_t i = 0; i < line.length; i++) {
		const char byte = copy[i];

		if (byte == '\b')
			length -= length > 0;
		else if (byte == '\t')
			copy[length++] = ' ';
		else
			copy[length++] = (unsigned char)byte < ' ' || byte == 0x7f ? '?' : byte;
	}
	copy[length] = '\0';
	while (length > 0 && copy[length - 1] == ' ')
		copy[--length] = '\0';
	indent = strspn(copy, " ");
	*clean = copy + indent;
	return indent;
}

static void
words_split(struct ios_line *line, struct ios_arena *arena)
{
	char *rest = ios_strdup(arena, line->text), *word;
	unsigned int count = 0;

	for (const char *at = line->text; *at != '\0'; count++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	line->words = ios_alloc(arena, count * sizeof(*line->words));
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			line->words[line->count++] = word;
}

static bool
word_abbreviates(const char *word, const char *keyword, size_t least)
{
	const size_t length = strlen(word);

	return length >= least && length <= strlen(keyword) &&
	       strncasecmp(word, keyword, length) == 0;
}

/* Which word begins a text that goes on to its first character's second coming; 0: none does. */
static unsigned int
text_word(const struct ios_line *line)
{
	static const char *const kinds[] = {
		"motd", "login", "exec", "incoming", "prompt-timeout", "slip-ppp"};

	if (line->count > 3 && strcasecmp(line->words[0], "aaa") == 0 &&
		(word_abbreviates(line->words[2], "banner", 2) ||
			word_abbreviates(line->words[2], "fail-message", 2)))
		return 3;
	if (!word_abbreviates(line->words[0], "banner", 3))
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (line->count > 1 && word_abbreviates(line->words[1], kinds[i], 2))
			return 2;
	return 1;
}

/*
 * After "banner motd ^Ctext": go on behind the line with the same delimiter. Where none follows, the
 * one line is all of it: a torn file does not lose what comes after.
 */
static void
text_skip(struct source *source, const struct ios_line *line, unsigned int word,
	const struct span *begin)
{
	struct source ahead = *source;
	const char *first;
	char delimiter[3];
	struct span raw;
	bool asked = true;

	if (line->count <= word)
		return;
	first = line->text;
	for (unsigned int i = 0; i < word; i++) {
		first += strcspn(first, " ");
		first += strspn(first, " ");
	}
	/* ^C as two characters is how IOS shows the control character. */
	snprintf(delimiter, sizeof(delimiter), "%.*s", *first == '^' ? 2 : 1, first);
	if (*first == '?') {
		strcpy(delimiter, "\003");
		if (memchr(begin->at, '\003', begin->length) !=
			memrchr(begin->at, '\003', begin->length))
			return;
	} else if (strstr(first + strlen(delimiter), delimiter) != NULL) {
		return;
	}
	while (source_next(&ahead, &raw)) {
		/* What a terminal answers names the delimiter. */
		if (asked && memmem(raw.at, raw.length, "Enter TEXT message", 18) != NULL)
			continue;
		asked = false;
		if (memmem(raw.at, raw.length, delimiter, strlen(delimiter)) != NULL) {
			*source = ahead;
			return;
		}
	}
}

/* Depth counts from the line that is least indented: documents indent a whole example. */
static void
depth_judge(struct ios_text *text, const size_t *indents, bool prompts)
{
	size_t least = SIZE_MAX, i = 0;
	struct ios_line *line;

	STAILQ_FOREACH (line, &text->lines, next) {
		if (indents[i] < least)
			least = indents[i];
		i++;
	}
	text->flat = !prompts;
	i = 0;
	STAILQ_FOREACH (line, &text->lines, next) {
		if (indents[i++] > least) {
			line->deep = true;
			text->flat = false;
		}
	}
}

void
ios_text_read(struct ios_text *text, struct ios_arena *arena, const char *bytes, size_t size)
{
	struct source source = {.at = bytes, .end = bytes + size};
	static const char order_mark[] = "\xef\xbb\xbf";
	size_t count = 1, *indents;
	bool prompts = false;
	struct span raw;

	if (size >= 3 && memcmp(bytes, order_mark, 3) == 0)
		source.at += 3;
	for (size_t i = 0; i < size; i++)
		count += bytes[i] == '\n';
	indents = ios_alloc(arena, count * sizeof(*indents));
	text->by_number = ios_alloc(arena, (count + 1) * sizeof(*text->by_number));
	text->count = (unsigned int)count;
	count = 0;
	STAILQ_INIT(&text->lines);
	while (source_next(&source, &raw)) {
		struct ios_line *line;
		size_t indent, prompt, behind;
		unsigned int word;
		char *clean;
		bool deep;

		indent = line_clean(arena, &raw, &clean);
		prompt = prompt_length(clean, &deep);
		behind = prompt + strspn(clean + prompt, " ");
		clean += behind;
		if (*clean == '\0' || *clean == '!')
			continue;
		prompts |= prompt > 0;
		line = ios_alloc(arena, sizeof(*line));
		line->number = source.number;
		line->deep = deep;
		line->prompt = prompt == 0 ? NULL : prompt_mode(arena, clean - behind, prompt);
		line->text = clean;
		words_split(line, arena);
		text->by_number[line->number] = line;
		word = text_word(line);
		if (word > 0)
			text_skip(&source, line, word, &raw);
		if (word > 0 && word < 3)
			continue; /* a banner */
		indents[count++] = indent;
		STAILQ_INSERT_TAIL(&text->lines, line, next);
	}
	depth_judge(text, indents, prompts);
}
