/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header table: one pass over the header block that only stores slices and links headers of one
 * kind. Headers as nearly all are come in runs, with 32 bytes of a line looked at at once where the
 * processor has AVX2, otherwise 16. A line with something unusual ends the run and is read the long
 * way.
 *
 * Synchronization: none. Limits: SIP_HEADERS_MAX headers, SIP_LINE_MAX bytes a line with its folds.
 */
#include "sip/headers_priv.h"
#include "sip/usual_priv.h"

#ifdef USUAL_X86
#include "sip/quad_priv.h"
#endif

enum { NAME_BLOCK = 16, NAME_BLOCK_WIDE = 32 };

struct table {
	struct sip_message *message;
	struct lines *lines;
	const char *p, *end; /* the line to be read, and the text's end */
	uint32_t count;
	uint16_t last[SIP_HEADER_IDS]; /* index of the last header with an id */
};

static inline __attribute__((always_inline)) void
header_link(struct table *table, struct sip_message *message, uint32_t index, uint32_t id)
{
	if (message->first[id] == 0)
		message->first[id] = (uint16_t)(index + 1);
	else
		message->header[table->last[id]].next = (uint16_t)index;
	table->last[id] = (uint16_t)index;
}

/* How many lines of the list a run may have: behind each line's end there are two bytes more, and
 * where it begins there are `block`. */
static inline __attribute__((always_inline)) uint32_t
run_length(const struct table *table, uint32_t block)
{
	const uint16_t *const line = table->lines->end + table->lines->used;
	const uint32_t length = table->lines->length;
	const uint32_t most = SIP_HEADERS_MAX - table->count;
	uint32_t count = table->lines->count - table->lines->used;

	count = count < most ? count : most;
	while (count > 0 && line[count - 1] + 3u > length)
		count--;
	/* The first has been seen to. */
	while (count > 1 && line[count - 2] + 2 + block > length)
		count--;
	return count;
}

/*
 * Headers as nearly all are: a name whose colon is in the first `block` bytes with nothing before it,
 * at most one space before the value and none behind it, no fold. `name` finds the colon, 0 for none,
 * and which header it is.
 */
static inline __attribute__((always_inline)) void
run_read(struct table *table, uint32_t block, uint32_t (*name)(const char *p, uint32_t *id))
{
	struct sip_message *const message = table->message;
	const char *const text = table->lines->text;
	const uint16_t *const lines = table->lines->end + table->lines->used;
	const uint32_t count = run_length(table, block);
	const char *p = table->p;
	struct sip_header *header = message->header + table->count;
	uint32_t i;

	for (i = 0; i < count; i++, header++) {
		const char *const line_end = text + lines[i];
		const ptrdiff_t line_length = line_end - p;
		const char *next = line_end + 2;
		uint32_t id;
		const uint32_t length = name(p, &id);
		const char *value = p + length + 1;

		/* Before a colon that comes first is the line end before it. */
		if (length >= line_length || line_length > SIP_LINE_MAX ||
			(uint8_t)value[-2] <= ' ')
			break;
		value += *value == ' ';
		if ((uint8_t)*value <= ' ' ? value != line_end : (uint8_t)line_end[-1] <= ' ')
			break;
		if (__builtin_expect(memcmp(line_end, "\r\n", 2) != 0, 0))
			next = line_end + 1;
		if ((uint8_t)*next <= ' ' && (*next == ' ' || *next == '\t'))
			break;
		scan_store(&header->name, (struct slice){p, length});
		scan_store(&header->value, slice_of(value, line_end));
		header->id = (uint16_t)id;
		header->next = 0;
		header_link(table, message, table->count + i, id);
		p = next;
	}
	table->lines->used += i;
	table->count += i;
	table->p = p;
}

#ifdef SCAN_SSE2
/* Of two letters at least: the one name that it can be. The colon is a part of the letters. */
static inline __attribute__((always_inline)) const struct header_name *
name_slot(const char *p, uint32_t length)
{
	uint32_t letters;

	memcpy(&letters, p, sizeof(letters));
	return header_name_slot(letters | 0x20202020, length);
}

static inline __attribute__((always_inline)) uint32_t
name_read(const char *p, uint32_t *id)
{
	const __m128i text = _mm_loadu_si128((const __m128i *)p);
	const uint32_t colons =
		(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(':')));

	if (colons == 0) {
		*id = SIP_HEADER_OTHER;
		return 0;
	}

	const uint32_t length = (uint32_t)__builtin_ctz(colons);

	if (length < 2) {
		*id = header_short_names[(uint8_t)*p | 0x20];
		return length;
	}

	const struct header_name *const known = name_slot(p, length);
	const uint32_t same =
		(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_or_si128(text, _mm_set1_epi8(0x20)),
			_mm_loadu_si128((const __m128i *)known->text)));

	*id = (~same & (colons ^ (colons - 1))) == 0 ? known->id : SIP_HEADER_OTHER;
	return length;
}
#else
static inline uint32_t
name_read(const char *p, uint32_t *id)
{
	uint32_t length = 0;

	while (length < NAME_BLOCK && p[length] != ':')
		length++;
	if (length == 0 || length == NAME_BLOCK) {
		*id = SIP_HEADER_OTHER;
		return 0;
	}
	*id = header_id((struct slice){p, length});
	return length;
}
#endif

#ifdef USUAL_X86
USUAL_INLINE uint32_t
name_read_wide(const char *p, uint32_t *id)
{
	const __m256i text = _mm256_loadu_si256((const __m256i *)p);
	const uint32_t colons =
		(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, _mm256_set1_epi8(':')));

	if (colons == 0) {
		*id = SIP_HEADER_OTHER;
		return 0;
	}

	const uint32_t length = _tzcnt_u32(colons);

	if (length < 2) {
		*id = header_short_names[(uint8_t)*p | 0x20];
		return length;
	}

	const struct header_name *const known = name_slot(p, length);
	const uint32_t same = (uint32_t)_mm256_movemask_epi8(
		_mm256_cmpeq_epi8(_mm256_or_si256(text, _mm256_set1_epi8(0x20)),
			_mm256_loadu_si256((const __m256i *)known)));

	*id = (~same & _blsmsk_u32(colons)) == 0 ? known->id : SIP_HEADER_OTHER;
	return length;
}

USUAL static __attribute__((noinline)) void
run_read_wide(struct table *table)
{
	run_read(table, NAME_BLOCK_WIDE, name_read_wide);
}
#endif

/* As many headers as are usual. */
static inline void
runs_read(struct table *table)
{
#ifdef USUAL_X86
	if (table->end - table->p >= NAME_BLOCK_WIDE && usual_able()) {
		run_read_wide(table);
		/* Not for want of text. */
		if (table->end - table->p >= NAME_BLOCK_WIDE)
			return;
	}
#endif
	if (table->end - table->p >= NAME_BLOCK)
		run_read(table, NAME_BLOCK, name_read);
}

/* Any header; `line_end` is that of the line at *at. What it is, and *at moves behind it. */
static __attribute__((noinline)) enum header_kind
header_read_whole(const char **at, const char *line_end, const char *end, struct lines *lines,
	struct sip_header *header)
{
	const char *const p = *at;
	const char *const colon = scan_two(p, line_end, ':', ':');
	const char *name_end = colon, *next = end;

	if (p == end)
		return HEADER_CUT;
	if (colon == end)
		return end - p > SIP_LINE_MAX ? HEADER_LONG : HEADER_CUT;
	while (name_end > p && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	if (colon == line_end || *p == ' ' || *p == '\t' || name_end == p)
		return HEADER_BAD;
	for (;; line_end = lines->text + lines_next(lines)) {
		if (line_end - p > SIP_LINE_MAX)
			return HEADER_LONG;
		if (line_end == end)
			return HEADER_CUT;
		next = scan_line_next(line_end, end);
		if (next == end || (*next != ' ' && *next != '\t'))
			break;
	}
	scan_store(&header->name, slice_of(p, name_end));
	scan_store(&header->value, scan_trim(colon + 1, line_end));
	header->id = (uint16_t)header_id(header->name);
	header->next = 0;
	*at = next;
	return HEADER_LINE;
}

enum header_kind
headers_read(const char **at, const char *end, struct lines *lines, struct sip_message *message)
{
	struct table table;
	struct sip_header one_more;
	enum header_kind kind;

	table.message = message;
	table.lines = lines;
	table.p = *at;
	table.end = end;
	table.count = 0;
	for (;;) {
		if (lines_left(lines))
			runs_read(&table);

		const char *const line_end = lines->text + lines_next(lines);
		const bool full = table.count == SIP_HEADERS_MAX;
		struct sip_header *const header = full ? &one_more : &message->header[table.count];
		const char *next = table.p;

		if (table.p == line_end && line_end < end) {
			table.p = scan_line_next(line_end, end);
			kind = HEADER_END;
			break;
		}
		kind = header_read_whole(&next, line_end, end, lines, header);
		if (kind != HEADER_LINE || full)
			break;
		table.p = next;
		header_link(&table, message, table.count, header->id);
		table.count++;
	}
	message->header_count = (uint16_t)table.count;
	*at = table.p;
	return kind;
}
