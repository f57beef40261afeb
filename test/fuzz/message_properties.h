/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold for messages whatever bytes they are. Used by the harness and the mutation test.
 */
#ifndef FUZZ_MESSAGE_PROPERTIES_H
#define FUZZ_MESSAGE_PROPERTIES_H

#include "sip/edit.h"
#include "sip/message.h"
#include "sip/uri.h"
#include "test/fuzz/sdp_properties.h"

static inline void
properties_hostport(const struct sip_hostport *host, struct slice outer)
{
	uint32_t address;

	property_within(host->text, outer);
	if (host->kind == SIP_HOST_NONE)
		return;
	property_within(host->host, host->text);
	property_within(host->port_text, host->text);
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
		property_within(address.display, value);
		property_within(address.uri, value);
		property_within(address.parameters, value);
		PROPERTY(address.star || address.uri.length > 0);
		if (sip_parameter_find(address.parameters, "tag", &found))
			property_within(found, address.parameters);
		if (sip_uri_parse(address.uri, &uri)) {
			property_within(uri.user, address.uri);
			property_within(uri.parameters, address.uri);
			property_within(uri.headers, address.uri);
			properties_hostport(&uri.host, address.uri);
		}
	}
	if (sip_via_parse(value, &via)) {
		property_within(via.transport, value);
		property_within(via.parameters, value);
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

		property_within(message->header[i].name, message->text);
		property_within(message->header[i].value, message->text);
		PROPERTY(message->header[i].name.length > 0);
		while (sip_value_next(&rest, &value)) {
			PROPERTY(value.length > 0 && values++ < SIP_LINE_MAX);
			property_within(value, message->header[i].value);
			properties_value(value);
		}
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
		property_within(call_id, whole);
	properties_value(whole);
	properties_description(whole);
	if (error != SIP_OK)
		return error;
	PROPERTY(peeked && call_id.at == message.call_id.at &&
		 call_id.length == message.call_id.length);
	property_within(message.method_text, whole);
	property_within(message.request_uri, whole);
	property_within(message.from_tag, whole);
	property_within(message.to_tag, whole);
	property_within(message.body, whole);
	property_within(message.content_length, whole);
	properties_value(message.request_uri);
	properties_headers(&message);
	type = sip_header_first(&message, SIP_HEADER_CONTENT_TYPE);
	if (sdp_find(message.body, type != NULL ? type->value : (struct slice){NULL, 0},
		    &description)) {
		property_within(description, message.body);
		properties_description(description);
	}
	properties_edit(&message);
	return error;
}

#endif
