/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must come out of a torture message, and what comes out of it. Lists are written as text, in
 * the message's order, so that a table stays readable: hosts with their ports as written, "*" for
 * Contact: *, "?" for a value that is no address, a URI without a host as a whole. NULL: the
 * message has none.
 */
#ifndef SIP_TORTURE_H
#define SIP_TORTURE_H

#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/uri.h"
#include "sip_test.h"

enum { TORTURE_LIST = 1024, TORTURE_BYTES = 65536 };

struct torture {
	const char *name;
	enum sip_error error;
	uint32_t offset; /* of the error */
	/* The rest only of messages that can be read. */
	const char *method; /* of the request; a status has none */
	uint16_t status;
	const char *uri;
	const char *call_id;
	uint32_t cseq;
	const char *from, *from_tag, *to, *to_tag;
	const char *vias; /* transport and sent-by */
	const char *contacts, *routes, *record_routes;
	uint16_t headers;
	uint32_t body;
	const char *media; /* type, port and address of each stream */
};

struct torture_list {
	char text[TORTURE_LIST];
	uint32_t length;
};

static inline void
torture_add(struct torture_list *list, const char *separator, struct slice slice)
{
	if (list->length > 0)
		list->length += (uint32_t)snprintf(
			list->text + list->length, TORTURE_LIST - list->length, "%s", separator);
	assert_true(list->length + slice.length < TORTURE_LIST);
	memcpy(list->text + list->length, slice.at, slice.length);
	list->length += slice.length;
}

static inline void
torture_add_uri(struct torture_list *list, struct slice text)
{
	struct sip_uri uri;

	if (!sip_uri_parse(text, &uri))
		torture_add(list, ", ", (struct slice){"?", 1});
	else
		torture_add(list, ", ", uri.host.kind == SIP_HOST_NONE ? text : uri.host.text);
}

static inline void
torture_add_address(struct torture_list *list, struct slice value)
{
	struct sip_address address;

	if (!sip_address_parse(value, &address))
		torture_add(list, ", ", (struct slice){"?", 1});
	else if (address.star)
		torture_add(list, ", ", (struct slice){"*", 1});
	else
		torture_add_uri(list, address.uri);
}

static inline void
torture_add_via(struct torture_list *list, struct slice value)
{
	struct sip_via via;

	if (sip_via_parse(value, &via)) {
		torture_add(list, ", ", via.transport);
		torture_add(list, " ", via.sent_by.text);
	} else {
		torture_add(list, ", ", (struct slice){"?", 1});
	}
}

/* All values of a header. */
static inline void
torture_values(const struct sip_message *message, enum sip_header_id id, struct torture_list *list)
{
	list->length = 0;
	for (const struct sip_header *h = sip_header_first(message, id); h != NULL;
		h = sip_header_next(message, h)) {
		struct slice rest = h->value, value;

		while (sip_value_next(&rest, &value)) {
			if (id == SIP_HEADER_VIA)
				torture_add_via(list, value);
			else
				torture_add_address(list, value);
		}
	}
	list->text[list->length] = '\0';
}

static inline void
torture_media(const struct sip_message *message, struct torture_list *list)
{
	const struct sip_header *const type = sip_header_first(message, SIP_HEADER_CONTENT_TYPE);
	struct slice description;
	static struct sdp sdp;

	list->length = 0;
	if (message->body.length > 0 && type != NULL &&
		sdp_find(message->body, type->value, &description)) {
		assert_int_equal(sdp_parse(description, &sdp), SDP_OK);
		for (uint32_t i = 0; i < sdp.media_count; i++) {
			const struct sdp_media *const media = &sdp.media[i];

			torture_add(list, ", ", media->type);
			torture_add(list, " ", media->port_text);
			torture_add(list, " ",
				media->connection.text.at != NULL ? media->connection.text
								  : sdp.connection.text);
		}
	}
	list->text[list->length] = '\0';
}

#endif
