/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold for lib/sip whatever bytes it is given. Used by the fuzzer, its replay runner and
 * the mutation test. Faults end the program, so that each of them sees one in its own way.
 */
#ifndef FUZZ_MESSAGE_PROPERTIES_H
#define FUZZ_MESSAGE_PROPERTIES_H

#include <stdio.h>
#include <stdlib.h>

#include "sip/edit.h"
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/uri.h"

#define PROPERTY(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
				#condition); \
			abort(); \
		} \
	} while (0)

static inline void
properties_within(struct slice inner, struct slice outer)
{
	if (inner.at == NULL) {
		PROPERTY(inner.length == 0);
		return;
	}
	PROPERTY(inner.at >= outer.at && inner.length <= outer.length);
	PROPERTY((size_t)(inner.at - outer.at) <= outer.length - inner.length);
}

static inline void
properties_hostport(const struct sip_hostport *host, struct slice outer)
{
	uint32_t address;

	properties_within(host->text, outer);
	if (host->kind == SIP_HOST_NONE)
		return;
	properties_within(host->host, host->text);
	properties_within(host->port_text, host->text);
	PROPERTY((host->port == 0) == (host->port_text.at == NULL));
	PROPERTY(host->host.length > 0);
	PROPERTY((host->kind == SIP_HOST_IPV4) == slice_ipv4(host->host, &address));
}

static inline void
properties_value(struct slice value)
{
	struct sip_address address;
	struct sip_hostport host;
	struct sip_via via;
	struct sip_uri uri;
	struct slice found;

	if (sip_address_parse(value, &address)) {
		properties_within(address.display, value);
		properties_within(address.uri, value);
		properties_within(address.parameters, value);
		PROPERTY(address.star || address.uri.length > 0);
		if (sip_parameter_find(address.parameters, "tag", &found))
			properties_within(found, address.parameters);
		if (sip_uri_parse(address.uri, &uri)) {
			properties_within(uri.user, address.uri);
			properties_within(uri.parameters, address.uri);
			properties_within(uri.headers, address.uri);
			properties_hostport(&uri.host, address.uri);
		}
	}
	if (sip_via_parse(value, &via)) {
		properties_within(via.transport, value);
		properties_within(via.parameters, value);
		properties_hostport(&via.sent_by, value);
		PROPERTY(via.sent_by.kind != SIP_HOST_NONE);
		sip_parameter_find(via.parameters, "received", &found);
	}
	if (sip_hostport_parse(value, &host))
		properties_hostport(&host, value);
}

static inline void
properties_headers(const struct sip_message *message)
{
	uint32_t linked = 0;

	for (int id = 0; id < SIP_HEADER_IDS; id++) {
		const struct sip_header *before = NULL;

		for (const struct sip_header *h = sip_header_first(message, id); h != NULL;
			h = sip_header_next(message, h)) {
			PROPERTY(h->id == id && h > before);
			before = h;
			linked++;
		}
	}
	PROPERTY(linked == message->header_count);
	for (uint32_t i = 0; i < message->header_count; i++) {
		struct slice rest = message->header[i].value, value;
		uint32_t values = 0;

		properties_within(message->header[i].name, message->text);
		properties_within(message->header[i].value, message->text);
		PROPERTY(message->header[i].name.length > 0);
		while (sip_value_next(&rest, &value)) {
			PROPERTY(value.length > 0 && values++ < SIP_LINE_MAX);
			properties_within(value, message->header[i].value);
			properties_value(value);
		}
	}
}

static inline void
properties_address(const struct sdp_address *address, struct slice outer)
{
	properties_within(address->text, outer);
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

		properties_within(media->section, description);
		PROPERTY(section == NULL || media->section.at == section);
		section = media->section.at + media->section.length;
		properties_within(media->line, media->section);
		properties_within(media->type, media->line);
		properties_within(media->port_text, media->line);
		properties_within(media->protocol, media->line);
		properties_address(&media->connection, media->section);
		properties_within(media->rtcp_port_text, media->section);
		properties_address(&media->rtcp_address, media->section);
	}
	PROPERTY(section == NULL || section == description.at + description.length);
	for (uint32_t i = 0; i < sdp.candidate_count; i++) {
		const struct sdp_candidate *const candidate = &sdp.candidates[i];

		PROPERTY(candidate->media < sdp.media_count);
		properties_within(candidate->line, sdp.media[candidate->media].section);
		properties_address(&candidate->address, candidate->line);
		properties_within(candidate->port_text, candidate->line);
		properties_address(&candidate->related_address, candidate->line);
		properties_within(candidate->related_port_text, candidate->line);
	}
}

/* Edit every Via's sent-by and the body's first byte; what comes out must read as before. */
static inline void
properties_edit(const struct sip_message *message)
{
	static struct sip_edits edits;
	static struct sip_message after;
	static char buffer[SIP_MESSAGE_MAX + 1];
	const uint32_t length = message->text.length;
	int64_t edited;

	if (length > 8192)
		return;
	memcpy(buffer, message->text.at, length);
	sip_edits_begin(&edits, message->text.at);
	for (const struct sip_header *h = sip_header_first(message, SIP_HEADER_VIA); h != NULL;
		h = sip_header_next(message, h)) {
		struct slice rest = h->value, value;
		struct sip_via via;

		if (h->value.length > 1024)
			return;
		while (sip_value_next(&rest, &value)) {
			if (sip_via_parse(value, &via))
				sip_edits_address(&edits, via.sent_by.text, 0x0a000001, 65535);
		}
	}
	if (message->body.length > 0)
		sip_edits_replace(&edits, (struct slice){message->body.at, 1}, "0123456789", 10);
	sip_edits_content_length(&edits, message);
	edited = sip_edits_apply(&edits, buffer, length, sizeof(buffer) - 1);
	if (edits.overflow) {
		PROPERTY(edited < 0 && memcmp(buffer, message->text.at, length) == 0);
		return;
	}
	PROPERTY(edited == (int64_t)length + edits.growth);
	PROPERTY(sip_message_parse(buffer, (uint32_t)edited, &after) == SIP_OK);
	PROPERTY(after.header_count == message->header_count);
	PROPERTY(slice_equal(after.call_id, message->call_id));
	PROPERTY(after.body.length == message->body.length + (message->body.length > 0 ? 9 : 0));
}

/* text: a buffer of exactly `length` bytes. */
static inline enum sip_error
properties_check(const char *text, uint32_t length)
{
	static struct sip_message message;
	const struct slice whole = {text, length};
	const enum sip_error error = sip_message_parse(text, length, &message);
	struct slice call_id, description;
	const struct sip_header *type;
	const bool peeked = sip_peek_call_id(text, length, &call_id);

	PROPERTY(message.error_offset <= length);
	if (peeked)
		properties_within(call_id, whole);
	properties_value(whole);
	properties_description(whole);
	if (error != SIP_OK)
		return error;
	PROPERTY(peeked && call_id.at == message.call_id.at &&
		 call_id.length == message.call_id.length);
	properties_within(message.method_text, whole);
	properties_within(message.request_uri, whole);
	properties_within(message.from_tag, whole);
	properties_within(message.to_tag, whole);
	properties_within(message.body, whole);
	properties_within(message.content_length, whole);
	properties_value(message.request_uri);
	properties_headers(&message);
	type = sip_header_first(&message, SIP_HEADER_CONTENT_TYPE);
	if (sdp_find(message.body, type != NULL ? type->value : (struct slice){NULL, 0},
		    &description)) {
		properties_within(description, message.body);
		properties_description(description);
	}
	properties_edit(&message);
	return error;
}

#endif
