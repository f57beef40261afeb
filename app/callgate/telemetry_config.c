/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration that is in force, as a file. It comes in pages of texts: put one behind the other
 * they are the whole. A line is a text of its own, a long one several, for the socket takes 127
 * characters a text.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reload.h"
#include "telemetry_priv.h"

/* Each character may take two in JSON; a page fits DPDK's 16 KiB an answer. */
enum { PAGE_TEXTS_MAX = 48 };

/* Characters of the next text. */
static size_t
piece_length(const char *text)
{
	size_t line = strcspn(text, "\n");

	line += text[line] == '\n';
	return RTE_MIN(line, (size_t)RTE_TEL_MAX_STRING_LEN - 1);
}

/*
 * A cursor is the count of reloads above the place in the text, so that no page of another
 * configuration is taken for one of this.
 */
int
telemetry_show_config(
	struct appliance *appliance, const char *parameters, struct rte_tel_data *data)
{
	struct rte_tel_data *texts = NULL;
	char piece[RTE_TEL_MAX_STRING_LEN];
	uint64_t cursor, reloads, place;
	unsigned int count;
	const char *text;
	size_t length;
	int rc = 0;

	if (telemetry_page(parameters, PAGE_TEXTS_MAX, &cursor, &count) != 0)
		return -EINVAL;
	reload_hold();
	text = reload_configuration(appliance, &reloads);
	place = cursor & UINT32_MAX;
	if ((cursor != 0 && cursor >> 32 != reloads) || place > strlen(text))
		rc = -ESTALE;
	else
		texts = rte_tel_data_alloc();
	if (texts != NULL) {
		rte_tel_data_start_array(texts, RTE_TEL_STRING_VAL);
		for (; count > 0 && text[place] != '\0'; count--) {
			length = piece_length(text + place);
			snprintf(piece, sizeof(piece), "%.*s", (int)length, text + place);
			rte_tel_data_add_array_string(texts, piece);
			place += length;
		}
		rte_tel_data_add_dict_container(data, "text", texts, 0);
		telemetry_number(data, "next", text[place] != '\0' ? reloads << 32 | place : 0);
	}
	reload_release();
	return rc == 0 && texts == NULL ? -ENOMEM : rc;
}
