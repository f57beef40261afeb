/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 4475: messages that hurt. Several are written out here; with CALLGATE_DATA naming a folder
 * that holds rfc4475/NAME.dat, all 49 are read and each must come out as the table says.
 */
#include "sip/message.h"
#include "sip/sdp.h"
#include "sip/uri.h"
#include "sip_test.h"

static struct sip_message message;

static enum sip_error
parse(const char *string)
{
	const struct slice t = text(string);

	return sip_message_parse(t.at, t.length, &message);
}

static void
wsinv_tortuous_invite(void **state)
{
	struct slice rest, value, parameter;
	const struct sip_header *header;
	struct sip_address address;
	struct sip_via via;

	assert_int_equal(
		parse("INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
		      "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
		      "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n"
		      "  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: "
		      "wsinv.ndaksdj@192.0.2.1\r\n"
		      "Content-Length   : 4\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n "
		      "/UDP\r\n"
		      "    192.0.2.2;branch=390skdjuw\r\ns :\r\nNewFangledHeader:   newfangled "
		      "value\r\n"
		      " continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
		      "Content-Type: application/sdp\r\nRoute:\r\n"
		      " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
		      "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   "
		      "z9hG4bK9ikj8  ,\r\n"
		      " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
		      "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n     "
		      " newvalue ;\r\n"
		      "  secondparam ; q = 0.33\r\n\r\nv=0\n"),
		SIP_OK);
	assert_slice(message.to_tag, "1918181833n");
	assert_slice(message.from_tag, "98asjd8");
	assert_int_equal(message.cseq, 9);
	assert_slice(message.content_length, "4");
	header = sip_header_first(&message, SIP_HEADER_VIA);
	assert_true(sip_via_parse(header->value, &via));
	assert_slice(via.sent_by.text, "192.0.2.2");
	header = sip_header_next(&message, header);
	rest = header->value;
	assert_true(sip_value_next(&rest, &value));
	assert_true(sip_via_parse(value, &via));
	assert_slice(via.transport, "TCP");
	assert_slice(via.sent_by.text, "spindle.example.com");
	assert_true(sip_parameter_find(via.parameters, "branch", &parameter));
	assert_slice(parameter, "z9hG4bK9ikj8");
	assert_true(sip_value_next(&rest, &value));
	assert_true(sip_via_parse(value, &via));
	assert_slice(via.sent_by.text, "192.168.255.111");
	assert_true(sip_parameter_find(via.parameters, "branch", &parameter));
	assert_slice(parameter, "z9hG4bK30239");
	assert_false(sip_value_next(&rest, &value));
	header = sip_header_first(&message, SIP_HEADER_CONTACT);
	assert_true(sip_address_parse(header->value, &address));
	assert_slice(address.uri, "sip:jdrosen@example.com");
	assert_true(sip_parameter_find(address.parameters, "q", &parameter));
	assert_slice(parameter, "0.33");
}

static void
intmeth_wide_range_of_characters(void **state)
{
	struct sip_address address;
	struct sip_uri uri;

	assert_int_equal(
		parse("!interesting-Method0123456789_*+`.%indeed'~ "
		      "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"
		      ";;*:&it+has=1,weird!*pas$wo~d_too."
		      "(doesn't-it)@example.com SIP/2.0\r\n"
		      "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
		      "To: \"BEL:\\\x07 NUL:\\\x01 DEL:\\\x7f\" "
		      "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"
		      ";;*@example.com>\r\n"
		      "From: token1~` token2'+_ token3*%!.- "
		      "<sip:mundane@example.com>;fromParam''~+*_!.-%="
		      "\"\xd1\x80\xd0\xb0\";tag=_token~1'+`*%!-.\r\n"
		      "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
		      "CSeq: 139122385 "
		      "!interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\n"
		      "extensionHeader-!.%*+_`'~:\xef\xbb\xbf\r\nContent-Length: 0\r\n\r\n"),
		SIP_OK);
	assert_int_equal(message.method, SIP_METHOD_OTHER);
	assert_slice(message.from_tag, "_token~1'+`*%!-.");
	assert_slice(message.call_id, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
	assert_true(sip_uri_parse(message.request_uri, &uri));
	assert_slice(uri.host.text, "example.com");
	assert_true(sip_address_parse(sip_header_first(&message, SIP_HEADER_TO)->value, &address));
	assert_true(sip_uri_parse(address.uri, &uri));
	assert_slice(uri.host.text, "example.com");
}

static void
esc01_percent_is_only_text(void **state)
{
	struct sip_uri uri;

	assert_true(sip_uri_parse(text("sip:sips%3Auser%40example.com@example.net"), &uri));
	assert_slice(uri.user, "sips%3Auser%40example.com");
	assert_true(sip_uri_parse(
		text("sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"), &uri));
	assert_slice(uri.parameters, ";%6C%72;n%61me=v%61lue%25%34%31");
}

static void
badinv01_separators_without_values(void **state)
{
	struct slice rest = text("SIP/2.0/UDP 192.0.2.15;;,;,,"), value;
	struct sip_via via;

	assert_true(sip_value_next(&rest, &value));
	assert_slice(value, "SIP/2.0/UDP 192.0.2.15;;");
	assert_true(sip_via_parse(value, &via));
	assert_true(sip_value_next(&rest, &value));
	assert_slice(value, ";");
	assert_false(sip_via_parse(value, &via));
	assert_false(sip_value_next(&rest, &value));
}

static void
regbadct_question_mark_in_a_bare_contact(void **state)
{
	struct sip_address address;
	struct sip_uri uri;

	assert_true(sip_address_parse(
		text("sip:user@example.com?Route=%3Csip:sip.example.com%3E"), &address));
	assert_true(sip_uri_parse(address.uri, &uri));
	assert_slice(uri.host.text, "example.com");
	assert_slice(uri.headers, "Route=%3Csip:sip.example.com%3E");
}

static void
cparam_inside_and_outside_of_brackets(void **state)
{
	struct sip_address address;

	assert_true(
		sip_address_parse(text("sip:+19725552222@gw1.example.net;unknownparam"), &address));
	assert_slice(address.parameters, ";unknownparam");
	assert_true(sip_address_parse(
		text("<sip:+19725552222@gw1.example.net;unknownparam>"), &address));
	assert_slice(address.parameters, "");
}

/* How each of the 49 comes out, and the draft's test.dat. baddn is kept without its empty line. */
static const struct {
	const char *name;
	enum sip_error error;
} outcomes[] = {
	{"badaspec", SIP_OK},
	{"badbranch", SIP_OK},
	{"baddate", SIP_OK},
	{"baddn", SIP_ERROR_NO_END},
	{"badinv01", SIP_OK},
	{"badvers", SIP_ERROR_START_LINE},
	{"bcast", SIP_OK},
	{"bext01", SIP_OK},
	{"bigcode", SIP_ERROR_START_LINE},
	{"clerr", SIP_ERROR_CONTENT_LENGTH},
	{"cparam01", SIP_OK},
	{"cparam02", SIP_OK},
	{"dblreq", SIP_OK},
	{"esc01", SIP_OK},
	{"esc02", SIP_OK},
	{"escnull", SIP_OK},
	{"escruri", SIP_OK},
	{"insuf", SIP_ERROR_CALL_ID},
	{"intmeth", SIP_OK},
	{"inv2543", SIP_OK},
	{"invut", SIP_OK},
	{"longreq", SIP_OK},
	{"ltgtruri", SIP_OK},
	{"lwsdisp", SIP_OK},
	{"lwsruri", SIP_ERROR_START_LINE},
	{"lwsstart", SIP_OK},
	{"mcl01", SIP_ERROR_CONTENT_LENGTH},
	{"mismatch01", SIP_ERROR_CSEQ},
	{"mismatch02", SIP_ERROR_CSEQ},
	{"mpart01", SIP_OK},
	{"multi01", SIP_OK},
	{"ncl", SIP_ERROR_CONTENT_LENGTH},
	{"noreason", SIP_OK},
	{"novelsc", SIP_OK},
	{"quotbal", SIP_OK},
	{"regaut01", SIP_OK},
	{"regbadct", SIP_OK},
	{"regescrt", SIP_OK},
	{"scalar02", SIP_ERROR_CSEQ},
	{"scalarlg", SIP_ERROR_CSEQ},
	{"sdp01", SIP_OK},
	{"semiuri", SIP_OK},
	{"test", SIP_ERROR_NOT_SIP},
	{"transports", SIP_OK},
	{"trws", SIP_OK},
	{"unkscm", SIP_OK},
	{"unksm2", SIP_OK},
	{"unreason", SIP_OK},
	{"wsinv", SIP_OK},
	{"zeromf", SIP_OK},
};

static void
all_messages_of_rfc4475(void **state)
{
	static char bytes[65536];
	const char *const data = getenv("CALLGATE_DATA");

	if (data == NULL)
		skip();
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		char path[512];
		struct slice t, call_id;
		enum sip_error error;
		FILE *file;

		snprintf(path, sizeof(path), "%s/rfc4475/%s.dat", data, outcomes[i].name);
		file = fopen(path, "rb");
		if (file == NULL)
			fail_msg("%s cannot be read", path);
		t = text_bytes(bytes, fread(bytes, 1, sizeof(bytes), file));
		fclose(file);
		error = sip_message_parse(t.at, t.length, &message);
		if (error != outcomes[i].error)
			fail_msg("%s: %s, expected %s", outcomes[i].name, sip_error_name(error),
				sip_error_name(outcomes[i].error));
		if (error == SIP_OK) {
			assert_true(sip_peek_call_id(t.at, t.length, &call_id));
			assert_ptr_equal(call_id.at, message.call_id.at);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wsinv_tortuous_invite),
		TEST(intmeth_wide_range_of_characters),
		TEST(esc01_percent_is_only_text),
		TEST(badinv01_separators_without_values),
		TEST(regbadct_question_mark_in_a_bare_contact),
		TEST(cparam_inside_and_outside_of_brackets),
		TEST(all_messages_of_rfc4475),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
