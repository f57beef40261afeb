/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold for session descriptions whatever bytes they are.
 */
#ifndef FUZZ_SDP_PROPERTIES_H
#define FUZZ_SDP_PROPERTIES_H

#include "sip/sdp.h"
#include "test/fuzz/property.h"

static inline void
properties_address(const struct sdp_address *address, struct slice outer)
{
	property_within(address->text, outer);
	PROPERTY(!address->is_ipv4 || address->text.length >= 7);
}

static inline void
properties_description(struct slice description)
{
	static struct sdp sdp;
	const char *section = NULL;

	if (sdp_parse(description, &sdp) != SDP_OK)
		return;
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
		properties_address(&media->connection, media->section);
		property_within(media->rtcp_port_text, media->section);
		properties_address(&media->rtcp_address, media->section);
	}
	PROPERTY(section == NULL || section == description.at + description.length);
	for (uint32_t i = 0; i < sdp.candidate_count; i++) {
		const struct sdp_candidate *const candidate = &sdp.candidates[i];

		PROPERTY(candidate->media < sdp.media_count);
		property_within(candidate->line, sdp.media[candidate->media].section);
		properties_address(&candidate->address, candidate->line);
		property_within(candidate->port_text, candidate->line);
		properties_address(&candidate->related_address, candidate->line);
		property_within(candidate->related_port_text, candidate->line);
	}
}

#endif
