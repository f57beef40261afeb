/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "net/sequence_number.h"
#include "splice_map.h"

void
splice_map_begin(struct splice_map *map, uint32_t in, uint32_t out)
{
	map->mark[0] = (struct splice_mark){.in = in, .out = out};
	map->marks = 1;
}

/* Are the pieces between this mark and the next as long as each other? */
static bool
is_even(const struct splice_mark *mark)
{
	return mark[1].in - mark[0].in == mark[1].out - mark[0].out;
}

/* Even pieces side by side are one. */
static bool
goes_on(const struct splice_map *map, uint32_t in, uint32_t out)
{
	return in == out && map->marks > 1 && is_even(&map->mark[map->marks - 2]);
}

bool
splice_map_takes(const struct splice_map *map, uint32_t in, uint32_t out)
{
	return map->marks < SPLICE_MARKS || goes_on(map, in, out);
}

bool
splice_map_add(struct splice_map *map, uint32_t in, uint32_t out)
{
	const struct splice_mark end = splice_map_end(map);

	if (!splice_map_takes(map, in, out))
		return false;
	if (!goes_on(map, in, out))
		map->marks++;
	map->mark[map->marks - 1] = (struct splice_mark){.in = end.in + in, .out = end.out + out};
	return true;
}

void
splice_map_forget(struct splice_map *map, uint32_t out)
{
	unsigned int gone = 0;

	while (gone + 1 < map->marks && !sequence_is_after(map->mark[gone + 1].out, out))
		gone++;
	/* The last mark of these is where what stands begins; within an even piece it moves along. */
	if (gone > 0) {
		map->marks -= gone;
		memmove(map->mark, map->mark + gone, map->marks * sizeof(map->mark[0]));
	}
	if (map->marks > 1 && is_even(map->mark) && sequence_is_after(out, map->mark[0].out)) {
		map->mark[0].in += out - map->mark[0].out;
		map->mark[0].out = out;
	}
}

uint32_t
splice_map_in(const struct splice_map *map, uint32_t out)
{
	unsigned int i = map->marks - 1;

	while (i > 0 && sequence_is_after(map->mark[i].out, out))
		i--;
	if (i + 1 < map->marks && is_even(&map->mark[i]) &&
		sequence_is_after(out, map->mark[i].out))
		return map->mark[i].in + (out - map->mark[i].out);
	return map->mark[i].in;
}

uint32_t
splice_map_in_ceiling(const struct splice_map *map, uint32_t out)
{
	unsigned int i = 0;

	while (i + 1 < map->marks && sequence_is_after(out, map->mark[i].out))
		i++;
	if (i > 0 && is_even(&map->mark[i - 1]) && sequence_is_after(map->mark[i].out, out))
		return map->mark[i - 1].in + (out - map->mark[i - 1].out);
	return map->mark[i].in;
}

uint32_t
splice_map_out_floor(const struct splice_map *map, uint32_t in)
{
	unsigned int i = map->marks - 1;

	while (i > 0 && sequence_is_after(map->mark[i].in, in))
		i--;
	if (i + 1 < map->marks && is_even(&map->mark[i]) && sequence_is_after(in, map->mark[i].in))
		return map->mark[i].out + (in - map->mark[i].in);
	return map->mark[i].out;
}

uint32_t
splice_map_out_ceiling(const struct splice_map *map, uint32_t in)
{
	unsigned int i = 0;

	while (i + 1 < map->marks && sequence_is_after(in, map->mark[i].in))
		i++;
	if (i > 0 && is_even(&map->mark[i - 1]) && sequence_is_after(map->mark[i].in, in))
		return map->mark[i - 1].out + (in - map->mark[i - 1].in);
	return map->mark[i].out;
}
