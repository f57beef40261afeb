/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies: a message with its Content-Type, or else a line with a Content-Type and the body behind.
 */
#include "sip/message.h"
#include "sip/multipart.h"
#include "test/fuzz/harness.h"
#include "test/fuzz/sdp_properties.h"

#define SDP "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"

static const char *const seeds[] = {
	"application/sdp\n" SDP,
	"Application / SDP ; charset=utf-8\n" SDP,
	"multipart/mixed; boundary=b\nprologue\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
	"--b  \r\nc: application/sdp\r\nContent-Disposition: session\r\n\r\n" SDP
	"\r\n--b--\r\nepilogue",
	"multipart/alternative;boundary=\"a b\"\n--a b\nc:application/sdp\n\nv=0\n--a b--\n",
	"multipart/mixed;boundary=1\n--1\r\nContent-Type: multipart/related;boundary=2\r\n\r\n"
	"--2\r\nContent-Type: multipart/alternative;\r\n boundary=3\r\n\r\n--3\r\n"
	"Content-Type: multipart/mixed;boundary=4\r\n\r\n--4\r\nContent-Type: application/sdp"
	"\r\n\r\n" SDP "\r\n--4--\r\n--3--\r\n--2--\r\n--1--\r\n",
	"multipart/mixed;boundary=b\n--b\r\n\r\nno headers\r\n--b\r\n\r\n--b\r\n--b\r\nx\r\n--b--",
	"multipart/mixed;boundary=b\n--bb\r\nc: application/sdp\r\n\r\nv=0\r\n--b\r\n"
	"c:application/sdp\r\n\r\nv=0\r\n--bx\r\n--b-\r\n--b",
	"message/sipfrag\nSIP/2.0 200 OK\r\n",
	"application/pidf+xml\n<xml/>",
	"INVITE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: a\r\nt: b\r\ni: x\r\nCSeq: 1 INVITE\r\n"
	"c: multipart/mixed;boundary=\"=_x\"\r\n\r\n--=_x\r\nContent-Type: "
	"application/sdp\r\n\r\n" SDP "--=_x--",
};

static const char *const words[] = {"\r\n", "\n", "\r", " ", "\t", "--", "--b", "--b\r\n", "--b--",
	"\r\n--b\r\n", "\r\n--b--\r\n", "\r\n\r\n", ";", "=", "\"", "/", ":",
	"boundary=", ";boundary=b", "Content-Type: ", "c:", "multipart/mixed", "multipart/related",
	"multipart/alternative", "application/sdp", "message/sipfrag", "application/pidf+xml",
	"text/plain", "Content-Disposition: ", "session", "Content-Length: 3\r\n", "v=0\r\n",
	"Content-Type: multipart/mixed;boundary=b\r\n\r\n",
	"Content-Type: application/sdp\r\n\r\n"};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), words, FUZZ_COUNT(words), 700, 40000};

/* Make each description three bytes longer; its part's length follows, and all is found again. */
static void
edit_check(struct slice body, struct slice type, uint32_t count)
{
	static struct sip_edits edits;
	static char buffer[8192];
	struct multipart walk;
	struct multipart_part part;
	struct slice after;
	int64_t length;

	if (body.length > sizeof(buffer) / 2)
		return;
	memcpy(buffer, body.at, body.length);
	sip_edits_begin(&edits, body.at);
	multipart_begin(&walk, body, type);
	while (multipart_next_sdp(&walk, &part))
		sip_edits_replace(&edits, (struct slice){part.content.at, 0}, "\1\1\1", 3);
	PROPERTY(edits.count == count);
	PROPERTY(multipart_edit_lengths(&edits, body, type));
	length = sip_edits_apply(&edits, buffer, body.length, sizeof(buffer));
	PROPERTY(length == (int64_t)body.length + edits.growth);
	after = (struct slice){buffer, (uint32_t)length};
	multipart_begin(&walk, after, type);
	while (multipart_next_sdp(&walk, &part)) {
		PROPERTY(part.content.length > 3 && memcmp(part.content.at, "\1\1\1", 3) == 0);
		count--;
	}
	PROPERTY(count == 0);
}

static void
body_check(struct slice body, struct slice type)
{
	struct multipart walk;
	struct multipart_part part;
	struct slice description;
	const char *before = body.at;
	uint32_t parts = 0, descriptions = 0;

	multipart_begin(&walk, body, type);
	while (multipart_next(&walk, &part)) {
		PROPERTY(part.content.at >= before && part.depth <= SIP_BODY_DEPTH_MAX);
		PROPERTY(parts++ < SIP_BODY_PARTS_MAX);
		property_within(part.headers, body);
		property_within(part.content, body);
		before = part.content.at + part.content.length;
		if (!part.is_sdp)
			continue;
		PROPERTY(part.content.length > 0 && !part.encoded);
		if (descriptions++ == 0) {
			PROPERTY(sdp_find(body, type, &description));
			PROPERTY(description.at == part.content.at &&
				 description.length == part.content.length);
		}
		properties_description(part.content);
	}
	PROPERTY(walk.error_offset <= body.length);
	PROPERTY(descriptions > 0 || !sdp_find(body, type, &description));
	if (type.at != NULL)
		edit_check(body, type, descriptions);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_message message;
	const struct slice text = {(const char *)data, (uint32_t)size};
	const struct slice none = {NULL, 0};
	const char *line_end;

	if (size == 0 || size > UINT32_MAX)
		return 0;
	if (sip_message_parse(text.at, text.length, &message) == SIP_OK) {
		const struct sip_header *const type =
			sip_header_first(&message, SIP_HEADER_CONTENT_TYPE);

		body_check(message.body, type != NULL ? type->value : none);
		return 0;
	}
	body_check(text, none);
	line_end = memchr(text.at, '\n', text.length);
	if (line_end != NULL)
		body_check(
			slice_of(line_end + 1, text.at + text.length), slice_of(text.at, line_end));
	return 0;
}
