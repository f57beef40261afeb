/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold for session descriptions whatever bytes they are.
 */
#ifndef FUZZ_SDP_PROPERTIES_H
#define FUZZ_SDP_PROPERTIES_H

#include "sip/sdp_line.h"
#include "test/fuzz/property.h"

static inline void
properties_address(const struct sdp_address *address, struct slice outer)
{
	property_within(address->text, outer);
	PROPERTY(!address->is_ipv4 || address->text.length >= 7);
}

/* Read on its own, a candidate is what it was among the others. */
static inline void
properties_candidate(const struct sdp_candidate *candidate, struct slice section)
{
	struct sdp_candidate alone;

	property_within(candidate->line, section);
	properties_address(&candidate->address, candidate->line);
	property_within(candidate->port_text, candidate->line);
	properties_address(&candidate->related_address, candidate->line);
	property_within(candidate->related_port_text, candidate->line);
	PROPERTY(sdp_candidate_read(candidate->line, &alone));
	PROPERTY(alone.address.text.at == candidate->address.text.at &&
		 alone.address.ipv4 == candidate->address.ipv4 && alone.port == candidate->port &&
		 alone.component == candidate->component && alone.type == candidate->type &&
		 alone.related_address.ipv4 == candidate->related_address.ipv4 &&
		 alone.related_port == candidate->related_port);
}

/* What tells more than one value a line. */
static inline void
properties_lists(const struct sdp *sdp)
{
	for (uint32_t i = 0; i < sdp->candidate_count; i++) {
		PROPERTY(sdp->candidates[i].media < sdp->media_count);
		properties_candidate(
			&sdp->candidates[i], sdp->media[sdp->candidates[i].media].section);
	}
	for (uint32_t i = 0; i < sdp->remote_count; i++) {
		PROPERTY(sdp->remotes[i].media < sdp->media_count);
		properties_address(
			&sdp->remotes[i].address, sdp->media[sdp->remotes[i].media].section);
		property_within(
			sdp->remotes[i].port_text, sdp->media[sdp->remotes[i].media].section);
	}
	for (uint32_t i = 0; i < sdp->connection_count; i++) {
		const uint8_t media = sdp->connections[i].media;

		PROPERTY(media == SDP_SESSION || media < sdp->media_count);
		properties_address(&sdp->connections[i].address,
			media == SDP_SESSION ? sdp->text : sdp->media[media].section);
		PROPERTY(sdp->connections[i].address.text.length > 0);
	}
	for (uint32_t i = 0; i < sdp->path_count; i++) {
		PROPERTY(sdp->paths[i].media < sdp->media_count);
		property_within(sdp->paths[i].uri, sdp->media[sdp->paths[i].media].section);
		property_within(sdp->paths[i].host.text, sdp->paths[i].uri);
	}
	for (uint32_t i = 0; i < sdp->group_count; i++)
		property_within(sdp->groups[i], sdp->text);
}

/* The walk over lines, which looks for each end anew, finds the same ones. */
static inline void
properties_lines(const struct sdp *sdp)
{
	struct sdp_lines lines = sdp_lines_begin(sdp->text);
	struct sdp_line line;
	uint32_t count = 0;

	while (sdp_line_next(&lines, &line)) {
		property_within(line.text, sdp->text);
		property_within(line.value, line.text);
		if (line.kind != SDP_LINE_MEDIA)
			continue;
		PROPERTY(count < sdp->media_count && line.media == count);
		PROPERTY(line.text.at == sdp->media[count].line.at &&
			 line.text.length == sdp->media[count].line.length);
		count++;
	}
	PROPERTY(count == sdp->media_count);
}

static inline void
properties_description(struct slice description)
{
	static struct sdp sdp;
	const char *section = NULL;

	if (sdp_parse(description, &sdp) != SDP_OK) {
		PROPERTY(sdp.error_offset <= description.length);
		return;
	}
	properties_address(&sdp.origin, description);
	properties_address(&sdp.connection, description);
	for (uint32_t i = 0; i < sdp.media_count; i++) {
		const struct sdp_media *const media = &sdp.media[i];

		property_within(media->section, description);
		PROPERTY(section == NULL || media->section.at == section);
		section = media->section.at + media->section.length;
		property_within(media->line, media->section);
		property_within(media->type, media->line);
		property_within(media->port_text, media->line);
		property_within(media->protocol, media->line);
		property_within(media->formats, media->line);
		properties_address(&media->connection, media->section);
		property_within(media->rtcp_port_text, media->section);
		properties_address(&media->rtcp_address, media->section);
		property_within(media->mid, media->section);
		PROPERTY(media->bundle <= sdp.group_count);
	}
	PROPERTY(section == NULL || section == description.at + description.length);
	properties_lists(&sdp);
	properties_lines(&sdp);
}

#endif
