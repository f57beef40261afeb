/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header values and URIs: every typed reader on every text. What they give lies within the text,
 * what is read one by one gets shorter each time, and all that read parameters agree.
 */
#include "sip/contact.h"
#include "sip/escaped.h"
#include "sip/media_type.h"
#include "sip/refer_to.h"
#include "sip/route.h"
#include "sip/seconds.h"
#include "sip/sequence.h"
#include "sip/uri_header.h"
#include "test/fuzz/harness.h"

static const char *const seeds[] = {
	"SIP / 2.0 / UDP 10.0.0.5 : 5060 (a (b)) ;branch=z9hG4bK1;rport=1;received=::1;ttl=1, "
	"SIP/2.0/TCP b",
	"\"A, \\\" <x>\" "
	"<sip:a@b@10.0.0.5:05060;transport=tcp;maddr=10.0.0.6;lr?Route=%3Csip:10.0.0.7%3A5061%3Blr%"
	"3E>"
	";q=0.7;expires=3600;reg-id=1;+sip.instance=\"<urn:uuid:1>\", *",
	"<sip:d@[2001:db8::192.0.2.1%25e]:1?Replaces=1%4010.0.0.5%3Bto-tag%3D2%3Bfrom-tag%3D3&"
	"Require=replaces>",
	"1@10.0.0.5;to-tag=\"2;\";from-tag=3;early-only;local-tag=4;remote-tag=5",
	"multipart/mixed; boundary=\"a;b\" ;handling=optional",
	"1800 ; refresher=uac;x=\"y;rport=2\\\";rport",
	"sip:2001:db8::1:5060;%74tl=1;gr;lr=on",
	"1 4711 INVITE",
};

static const char *const words[] = {"SIP/2.0/UDP ", ";rport=", ";rport",
	";branch=", "sip:", "tel:", "@", "10.0.0.5", "::", "[", "]", "%40", "%3B", "%3D",
	";to-tag=", ";from-tag=", "?Replaces=", "&Route=", "<", ">", "\"", "\\", ",", "(", ")",
	":5060", "\r\n ", ";q=0.", ";expires=", ";+sip.instance=\"", "application/sdp",
	";boundary=", ";refresher=uas", "4294967296"};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), words, FUZZ_COUNT(words), 200, 20000};

static void
hostport_check(const struct sip_hostport *host, struct slice text)
{
	property_within(host->text, text);
	property_within(host->host, host->text);
	property_within(host->port_text, host->text);
	PROPERTY((host->port_text.at != NULL) == (host->port != 0));
}

static void
uri_check(struct slice text)
{
	struct sip_hostport host;
	struct sip_uri uri;

	if (sip_hostport_parse(text, &host))
		hostport_check(&host, text);
	if (!sip_uri_parse(text, &uri))
		return;
	property_within(uri.user, text);
	property_within(uri.parameters, text);
	property_within(uri.headers, text);
	if (uri.host.kind != SIP_HOST_NONE)
		hostport_check(&uri.host, text);
}

/* The first `rport`, `ttl` and `maddr`, by each of the readers. */
static void
parameters_check(struct slice text)
{
	struct slice rest = text, first = {NULL, 0}, value = {NULL, 0};
	struct sip_uri_parameters in_uri;
	struct sip_via_parameters in_via;
	struct sip_parameter parameter;
	uint32_t left = text.length;
	bool present = false;

	while (sip_parameter_next(&rest, &parameter)) {
		property_within(parameter.name, text);
		property_within(parameter.value, text);
		PROPERTY(rest.length < left);
		left = rest.length;
		if (!present && slice_is(parameter.name, "rport")) {
			present = true;
			first = parameter.value;
		}
	}
	PROPERTY(sip_parameter_find(text, "rport", &value) == present);
	property_same(value, first);
	sip_via_parameters_read(text, &in_via);
	PROPERTY((in_via.rport.at != NULL) == present);
	PROPERTY(in_via.rport.length == first.length);
	sip_uri_parameters_read(text, &in_uri);
	if (in_via.maddr.at != NULL && memchr(text.at, '%', text.length) == NULL)
		property_same(in_via.maddr, in_uri.maddr);
	property_within(in_via.branch, text);
	property_within(in_via.received, text);
	property_within(in_via.ttl, text);
	property_within(in_uri.transport_text, text);
	property_within(in_uri.gr, text);
}

static void
lists_check(struct slice text)
{
	struct sip_uri_header header;
	struct sip_hostport host;
	struct slice rest, value;
	const char *end;
	uint32_t left;

	for (rest = text, left = text.length; sip_value_next(&rest, &value); left = rest.length) {
		PROPERTY(value.length > 0 && rest.length < left);
		property_within(value, text);
	}
	for (rest = text, left = text.length; sip_uri_header_next(&rest, &header);
		left = rest.length) {
		PROPERTY(rest.length < left);
		property_within(header.name, text);
		property_within(header.value, text);
	}
	for (rest = text, left = text.length; sip_escaped_ipv4_next(&rest, &host);
		left = rest.length) {
		PROPERTY(rest.length < left);
		hostport_check(&host, text);
		PROPERTY(sip_escaped_transport(rest, &end) <= SIP_TRANSPORT_OTHER);
		PROPERTY(end >= rest.at && end <= rest.at + rest.length);
	}
}

static void
dialog_check(const struct sip_replaces *replaces, struct slice text)
{
	property_within(replaces->call_id, text);
	property_within(replaces->to_tag, text);
	property_within(replaces->from_tag, text);
	property_within(replaces->local_tag, text);
	property_within(replaces->remote_tag, text);
	PROPERTY(replaces->call_id.length > 0);
}

static void
addresses_check(struct slice text)
{
	struct sip_replaces replaces;
	struct sip_refer_to refer_to;
	struct sip_contact contact;
	struct sip_route route;
	struct sip_via via;

	if (sip_contact_parse(text, &contact)) {
		property_within(contact.address.uri, text);
		property_within(contact.instance, text);
		property_within(contact.pub_gruu, text);
		PROPERTY(contact.q >= SIP_CONTACT_NO_Q && contact.q <= 1000);
	}
	if (sip_route_parse(text, &route))
		hostport_check(&route.uri.host, text);
	if (sip_refer_to_parse(text, &refer_to)) {
		property_within(refer_to.method, text);
		property_within(refer_to.replaces_text, text);
		if (refer_to.has_replaces)
			dialog_check(&refer_to.replaces, refer_to.replaces_text);
	}
	if (sip_via_parse(text, &via))
		hostport_check(&via.sent_by, text);
	for (int escaped = 0; escaped < 2; escaped++) {
		if (sip_replaces_parse(text, escaped != 0, &replaces)) {
			dialog_check(&replaces, text);
			PROPERTY(sip_target_dialog_parse(text, escaped != 0, &replaces));
		}
	}
}

static void
numbers_check(struct slice text)
{
	struct sip_session_expires session;
	struct sip_disposition disposition;
	struct sip_media_type media_type;
	struct slice boundary;
	struct sip_cseq cseq;
	struct sip_rack rack;
	uint32_t number;

	if (sip_cseq_parse(text, &cseq))
		property_within(cseq.method_text, text);
	if (sip_rack_parse(text, &rack))
		PROPERTY(rack.response > 0);
	if (sip_rseq_parse(text, &number))
		PROPERTY(number > 0 && sip_seconds_parse(text, &number));
	if (sip_session_expires_parse(text, &session))
		PROPERTY(sip_seconds_parse(text, &number) && number == session.seconds);
	if (sip_media_type_parse(text, &media_type)) {
		property_within(media_type.subtype, text);
		if (sip_media_type_boundary(&media_type, &boundary))
			property_within(boundary, media_type.parameters);
	}
	if (sip_disposition_parse(text, &disposition))
		property_within(disposition.parameters, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = {(const char *)data, (uint32_t)size};

	if (size > UINT16_MAX)
		return 0;
	uri_check(text);
	parameters_check(text);
	lists_check(text);
	addresses_check(text);
	numbers_check(text);
	return 0;
}
