/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sip_peek_call_id() against sip_message_parse() and against a reader that goes byte by byte. The
 * three agree wherever the header block can be read, whatever else is wrong with the message.
 */
#include "sip/message.h"
#include "test/fuzz/harness.h"
#include "test/fuzz/message_seeds.h"

static const char *const seeds[] = {
	"BYE sip:a SIP/2.0\r\nCall-ID: 1\r\ni: 2\r\nCALL-ID: 3\r\n\r\n",
	"BYE sip:a SIP/2.0\ni : \n 2\nCall-ID\t:1\n\n",
	"BYE sip:a SIP/2.0\rv: x\r i: 3\rcall-id:\r\r",
	"\r\n\nSIP/2.0 200 OK\r\nCall-IDs: 1\r\nii: 2\r\nC: 3\r\nCall-ID:  4 \r\n\r\nCall-ID: "
	"5\r\n",
	"BYE sip:a SIP/2.0\r\nI:a\r\nCSeq: 1 BYE\r\nf: a\r\nt: b\r\nv: SIP/2.0/UDP h\r\nl: "
	"9\r\n\r\n",
};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), message_dictionary, MESSAGE_WORDS, 700, 20000};

static bool
is_line_end(char byte)
{
	return byte == '\r' || byte == '\n';
}

static bool
is_space(char byte)
{
	return is_line_end(byte) || byte == ' ' || byte == '\t';
}

static uint32_t
line_end_take(const char *text, uint32_t length, uint32_t at)
{
	if (at + 1 < length && text[at] == '\r' && text[at + 1] == '\n')
		return at + 2;
	return at < length ? at + 1 : at;
}

static bool
name_is(const char *text, uint32_t length, const char *word)
{
	for (uint32_t i = 0; i < length; i++) {
		const char byte = text[i];

		if (word[i] == '\0')
			return false;
		if ((byte >= 'A' && byte <= 'Z' ? byte + 32 : byte) != word[i])
			return false;
	}
	return word[length] == '\0';
}

/* The first Call-ID of a header block that can be read; false: none. */
static bool
naive_call_id(const char *text, uint32_t length, struct slice *call_id)
{
	uint32_t at = 0;

	while (at < length && is_line_end(text[at]))
		at++;
	while (at < length && !is_line_end(text[at]))
		at++;
	at = line_end_take(text, length, at);
	while (at < length && !is_line_end(text[at])) {
		const uint32_t start = at;
		uint32_t colon = at, name_end, end;

		while (colon < length && text[colon] != ':')
			colon++;
		for (;;) {
			while (at < length && !is_line_end(text[at]))
				at++;
			end = at;
			at = line_end_take(text, length, at);
			if (at == length || (text[at] != ' ' && text[at] != '\t'))
				break;
		}
		name_end = colon;
		while (name_end > start && is_space(text[name_end - 1]))
			name_end--;
		if (!name_is(text + start, name_end - start, "call-id") &&
			!name_is(text + start, name_end - start, "i"))
			continue;
		for (colon++; colon < end && is_space(text[colon]);)
			colon++;
		while (end > colon && is_space(text[end - 1]))
			end--;
		*call_id = (struct slice){text + colon, end - colon};
		return end > colon;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_message message;
	const char *const text = (const char *)data;
	const uint32_t length = (uint32_t)size;
	struct slice peeked = {NULL, 0}, naive = {NULL, 0};
	bool found;

	if (size > UINT32_MAX)
		return 0;
	found = sip_peek_call_id(text, length, &peeked);
	PROPERTY(!found || peeked.length > 0);
	if (found)
		property_within(peeked, (struct slice){text, length});
	switch (sip_message_parse(text, length, &message)) {
	case SIP_OK:
	case SIP_ERROR_CSEQ:
	case SIP_ERROR_FROM_TO:
	case SIP_ERROR_VIA:
	case SIP_ERROR_CONTENT_LENGTH:
		PROPERTY(found && naive_call_id(text, length, &naive));
		property_same(peeked, message.call_id);
		property_same(peeked, naive);
		break;
	case SIP_ERROR_CALL_ID:
		PROPERTY(!found && !naive_call_id(text, length, &naive));
		break;
	default:
		break;
	}
	return 0;
}
