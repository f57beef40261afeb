/* SPDX-License-Identifier: BSD-3-Clause */
/* Each row of the negotiation table: what a description is, by its message and its transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alg_between.h"

/*
 * The table, row by row: messages in short, and the media that stands behind the last of them.
 *
 *   ">> INVITE 1 4000"        from the inside, no To tag, a description with this port (0: none)
 *   "> UPDATE 2 4100"         in the dialog
 *   "< 183 1 INVITE 7000 +"   a response from outside; +: reliable
 *   "> PRACK 2 4000 =1"       RAck names the INVITE with this CSeq
 */
#define UP     ">> INVITE 1 4000;< 200 1 INVITE 7000;> ACK 1 0;"
#define RELIED ">> INVITE 1 4000;< 183 1 INVITE 7000 +;"

static const struct row {
	const char *messages;
	unsigned int pinholes, doors;
	unsigned int inside, outside; /* port that is open; 0: not asked */
} rows[] = {
	/* INVITE without To tag: open, waiting, done, old */
	{">> INVITE 1 4000", 2, 2, 4000, 0},
	{">> INVITE 1 4000;>> INVITE 1 4000", 2, 2, 4000, 0},
	{">> INVITE 1 4000;< 183 1 INVITE 7000;>> INVITE 1 4000", 4, 2, 4000, 7000},
	{UP ">> INVITE 1 4100", 4, 2, 4000, 7000},
	{">> INVITE 1 4000;< 407 1 INVITE 0;>> INVITE 2 4000;>> INVITE 1 4100", 2, 2, 4000, 0},
	/* INVITE in the dialog: open, waiting, done, refused, old */
	{UP "> INVITE 2 4100", 6, 4, 4100, 7000},
	{UP "> INVITE 2 4100;> INVITE 2 4100", 6, 4, 4100, 7000},
	{UP "> INVITE 2 4100;< 200 2 INVITE 7000;> INVITE 2 4200", 4, 2, 4100, 7000},
	{UP "> INVITE 2 4100;< 488 2 INVITE 0;> INVITE 2 4100", 4, 2, 4000, 7000},
	{UP "> INVITE 3 4000;< 200 3 INVITE 7000;> INVITE 2 4100", 4, 2, 4000, 7000},
	/* UPDATE: the same */
	{UP "> UPDATE 2 4100", 6, 4, 4100, 7000},
	{UP "> UPDATE 2 4100;> UPDATE 2 4100", 6, 4, 4100, 7000},
	{UP "> UPDATE 2 4100;< 200 2 UPDATE 7000;> UPDATE 2 4200", 4, 2, 4100, 7000},
	{UP "> UPDATE 2 4100;< 491 2 UPDATE 0;> UPDATE 2 4100", 4, 2, 4000, 7000},
	{UP "> UPDATE 3 4000;< 200 3 UPDATE 7000;> UPDATE 2 4100", 4, 2, 4000, 7000},
	/* PRACK: awaited, open, waiting, done, old; of another INVITE it offers */
	{">> INVITE 1 0;< 183 1 INVITE 7000 +;> PRACK 2 4000 =1", 4, 2, 4000, 7000},
	{RELIED "> PRACK 2 4100 =1", 6, 4, 4100, 7000},
	{RELIED "> PRACK 2 4100 =1;> PRACK 2 4100 =1", 6, 4, 4100, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000 +;> PRACK 2 4000 =1;> PRACK 2 4100 =1", 4, 2, 4000,
		7000},
	/* of an INVITE whose offer was refused; of no INVITE that there may be */
	{UP "> INVITE 2 0;< 183 2 INVITE 7100 +;< 488 2 INVITE 0;> PRACK 3 4100 =2", 4, 2, 4000,
		7000},
	{UP "> INVITE 2 0;< 183 2 INVITE 7100 +;> PRACK 3 4100 =2;< 488 2 INVITE 0;> PRACK 4 4200 "
	    "=2",
		4, 2, 4100, 7100},
	{UP "> INVITE 2 0;< 488 2 INVITE 0;> INVITE 3 4000;< 183 3 INVITE 7000 +;> PRACK 4 4100 =3",
		6, 4, 4100, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000 +;> PRACK 2 4000 =2147483648", 4, 2, 4000, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000 +;> PRACK 2 4000 =4294967297", 4, 2, 4000, 7000},
	{RELIED "> PRACK 3 4000 =1;< 200 3 PRACK 7000;> PRACK 2 4100 =1", 4, 2, 4000, 7000},
	/* ACK: awaited, done, waiting, old */
	{">> INVITE 1 0;< 200 1 INVITE 7000;> ACK 1 4000", 4, 2, 4000, 7000},
	{">> INVITE 1 0;< 200 1 INVITE 7000;> ACK 1 4000;> ACK 1 4100", 4, 2, 4000, 7000},
	{UP "> INVITE 2 4100;> ACK 2 4200", 6, 4, 4100, 7000},
	{UP "> INVITE 2 4000;< 200 2 INVITE 7000;> ACK 1 4100", 4, 2, 4000, 7000},
	/* 1xx in an early dialog: awaited, waiting, open, early, done, old */
	{">> INVITE 1 4000;< 183 1 INVITE 7000", 4, 2, 4000, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000;< 183 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 0;< 183 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 4000;< 183 1 INVITE 7000;< 183 1 INVITE 7100", 4, 2, 4000, 7100},
	{RELIED "< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	{RELIED "> UPDATE 2 4000;< 200 2 UPDATE 7000;< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	/* 1xx to an INVITE in a confirmed one: awaited, waiting, open, done, old */
	{UP "> INVITE 2 4100;< 183 2 INVITE 7100", 8, 4, 4100, 7100},
	{UP "> INVITE 2 0;< 183 2 INVITE 7100;< 183 2 INVITE 7100", 6, 2, 4000, 7100},
	{UP "> INVITE 2 0;< 183 2 INVITE 7100", 6, 2, 4000, 7100},
	{UP "< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	{UP "> INVITE 2 4000;< 200 2 INVITE 7000;< 183 1 INVITE 7100", 4, 2, 4000, 7000},
	{UP "< UPDATE 5 7200;> INVITE 2 4000;< 183 2 INVITE 7100", 6, 2, 4000, 7200},
	/* a reliable one answers */
	{UP "> INVITE 2 4100;< 183 2 INVITE 7100 +", 4, 2, 4100, 7100},
	/* 2xx to an INVITE: awaited, waiting, open, early, done, old */
	{UP "> INVITE 2 4100;< 200 2 INVITE 7100", 4, 2, 4100, 7100},
	{">> INVITE 1 0;< 183 1 INVITE 7000;< 200 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 0;< 200 1 INVITE 7000", 2, 0, 0, 7000},
	{">> INVITE 1 4000;< 183 1 INVITE 7000;< 200 1 INVITE 7100", 4, 2, 4000, 7100},
	{UP "< 200 1 INVITE 7100", 4, 2, 4000, 7000},
	{UP "> INVITE 2 4000;< 200 2 INVITE 7000;< 200 1 INVITE 7100", 4, 2, 4000, 7000},
	/* 2xx to an UPDATE or a PRACK: awaited, done, old, open */
	{UP "> UPDATE 2 4000;< 200 2 UPDATE 7100", 4, 2, 4000, 7100},
	{UP "> UPDATE 2 4000;< 200 2 UPDATE 7000;< 200 2 UPDATE 7100", 4, 2, 4000, 7000},
	{UP "> UPDATE 2 4000;< 200 2 UPDATE 7000;> UPDATE 3 4000;< 200 2 UPDATE 7100", 4, 2, 4000,
		7000},
	{UP "> UPDATE 2 0;< 200 2 UPDATE 7100", 4, 2, 4000, 7000},
	{RELIED "> PRACK 2 4100 =1;< 200 2 PRACK 7100", 6, 4, 4100, 7100},
	/* what carries neither offer nor answer */
	{UP "> INFO 2 4100", 4, 2, 4000, 7000},
	{UP "> INFO 2 0;< 200 2 INFO 7100", 4, 2, 4000, 7000},
};

static void
send_response(bool out, unsigned int status, const char *rest)
{
	unsigned int cseq, port;
	char method[16], text[32], reliable[4] = "";

	assert_true(sscanf(rest, "%u %15s %u %3s", &cseq, method, &port, reliable) >= 3);
	if (reliable[0])
		next_header("RSeq: 1");
	snprintf(text, sizeof(text), "%u Some", status);
	if (out)
		out_response(text, cseq, method, ";tag=b", port ? NEAR(port) : NULL);
	else
		in_response(text, cseq, method, ";tag=b", port ? FAR(port) : NULL);
}

static void
send_request(bool out, bool tagged, const char *text)
{
	char method[16], rack[48], more[24] = "";
	const char *tag = tagged ? ";tag=b" : "";
	unsigned int cseq, port;

	assert_true(sscanf(text, "%15s %u %u %23s", method, &cseq, &port, more) >= 3);
	if (more[0] == '=') {
		snprintf(rack, sizeof(rack), "RAck: 1 %s INVITE", more + 1);
		next_header(rack);
	}
	if (out)
		out_request(method, cseq, tag, port ? NEAR(port) : NULL);
	else
		in_request(method, cseq, tag, port ? FAR(port) : NULL);
}

static void
play(const char *messages)
{
	char text[512], *rest = text, *one;

	snprintf(text, sizeof(text), "%s", messages);
	while ((one = strsep(&rest, ";"))) {
		bool out = one[0] == '>', first = one[1] == '>';

		if (one[0] == '\0')
			continue;
		one += strspn(one, "<> ");
		if (one[0] >= '1' && one[0] <= '6')
			send_response(out, (unsigned int)atoi(one), one + 4);
		else
			send_request(out, !first, one);
	}
}

static void
clear_calls(void)
{
	struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	alg_mail(&fx.worker, alg_worker_of(fx.alg, 0), &mail);
	fixture_time(0);
	assert_nothing_left();
}

static void
every_row_of_the_negotiation_table(void **state)
{
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct row *row = &rows[i];

		play(row->messages);
		if (pinhole_media_count(fx.pinholes) != row->pinholes ||
			nat_media_doors(fx.nat) != row->doors)
			print_error("row %u: %s\n", i, row->messages);
		assert_media(row->pinholes, row->doors);
		if (row->inside && !open_inside(row->inside))
			fail_msg("row %u: %s: inside closed", i, row->messages);
		if (row->outside && !open_outside(row->outside))
			fail_msg("row %u: %s: outside closed", i, row->messages);
		clear_calls();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_row_of_the_negotiation_table, fixture_start, fixture_stop),
	};

	return cmocka_run_group_tests(tests, fixture_process, NULL);
}
