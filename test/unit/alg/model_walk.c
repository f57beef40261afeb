/* SPDX-License-Identifier: BSD-3-Clause */
/* The network between the parties, with callgate in its middle. */
#include "model_walk.h"

#include <stdio.h>
#include <string.h>

#include "alg_fixture.h"
#include "model_agent.h"

enum {
	FLIGHT_MAX = 48,
	PASSED_MAX = 400,
	STEPS_MAX = 400,
	LATEST_S = 5, /* T4: how long the network keeps a message */
	CALL_S = 200, /* no walk comes near the timers of a call that is up */
};

struct flight {
	struct sip sip;
	bool behind; /* it has passed callgate */
	uint32_t since_s;
};

/* What passed, for the report. */
struct passed {
	struct sip sip;
	uint32_t at_s; /* a step of time, when sip.cseq is 0 */
};

static struct {
	const struct wire *wire;
	enum network network;
	struct dice dice;
	struct parties parties;
	unsigned int flying, passed_count, quiet;
	unsigned int unseen; /* messages that pass before callgate is there */
	struct flight flight[FLIGHT_MAX];
	struct passed passed[PASSED_MAX];
	uint32_t begun_s;
	bool timed_out, older;
	struct expected expected;
	char why[8192];
} now;

static void
note(const struct sip *sip)
{
	if (now.passed_count == PASSED_MAX)
		return;
	now.passed[now.passed_count++] = (struct passed){
		.sip = sip ? *sip : (struct sip){0}, .at_s = fx.worker.now_s - now.begun_s};
}

static bool
compare(const struct sip *sip)
{
	model_expect(&now.expected);
	return wire_compare(now.wire, &now.expected, sip, now.why, sizeof(now.why));
}

static void
launch(const struct sip *sip, bool behind)
{
	if (now.flying < FLIGHT_MAX)
		now.flight[now.flying++] = (struct flight){*sip, behind, fx.worker.now_s};
}

static void
launch_sent(void)
{
	for (unsigned int i = 0; i < now.parties.sent_count; i++)
		launch(&now.parties.sent[i], false);
	now.parties.sent_count = 0;
}

static void
land(unsigned int index)
{
	memmove(&now.flight[index], &now.flight[index + 1],
		(--now.flying - index) * sizeof(now.flight[0]));
}

static bool
chance(enum network what, uint32_t percent)
{
	return now.network & what && dice_percent(&now.dice, percent);
}

/* The next one to move: of one direction the oldest, or any. */
static unsigned int
choose(void)
{
	unsigned int index = dice_below(&now.dice, now.flying);

	if (now.network & NETWORK_REORDERS && dice_percent(&now.dice, 50))
		return index;
	for (unsigned int i = 0; i < index; i++) {
		if (now.flight[i].sip.from == now.flight[index].sip.from)
			return i;
	}
	return index;
}

/* What has no To tag is not looked for in a record that began with the callee's request. */
static bool
is_astray(const struct sip *sip)
{
	return now.older && !sip->tag && !sip->status && now.expected.turned;
}

static bool
pass(const struct sip *sip)
{
	if (now.unseen > 0) {
		if (--now.unseen == 0)
			parties_settle_down(&now.parties);
		return true;
	}
	note(sip);
	if (!wire_send(now.wire, sip)) {
		snprintf(now.why, sizeof(now.why), "dropped: %d", fx.verdict);
		return false;
	}
	model_message(sip, fx.worker.now_s);
	return compare(sip);
}

static bool
move_one(void)
{
	unsigned int index = choose();
	struct flight flight = now.flight[index];

	if (!chance(NETWORK_DOUBLES, 12))
		land(index);
	if (chance(NETWORK_LOSES, 12))
		return true;
	if (flight.behind) {
		parties_receive(&now.parties, &flight.sip);
		launch_sent();
		return true;
	}
	if (is_astray(&flight.sip))
		return true;
	launch(&flight.sip, true);
	return pass(&flight.sip);
}

static bool
time_step(uint32_t seconds)
{
	fixture_time(seconds);
	model_time(fx.worker.now_s);
	note(NULL);
	for (unsigned int i = now.flying; i-- > 0;) {
		if (now.flight[i].since_s + LATEST_S <= fx.worker.now_s)
			land(i);
	}
	return compare(NULL);
}

/* Long enough for every transaction to fail. */
static bool
time_out(void)
{
	now.timed_out = true;
	now.flying = 0;
	parties_time_out(&now.parties);
	return time_step(33);
}

/* Where nothing is lost, nothing stays under way for seconds. */
static bool
may_wait(void)
{
	return now.flying == 0 || now.network & NETWORK_LOSES;
}

static bool
step(void)
{
	uint32_t what = dice_below(&now.dice, 100);
	bool acted;

	if (now.flying && what < 55)
		return move_one();
	if (what >= 97 && now.expected.calls && may_wait() &&
		now.begun_s + CALL_S > fx.worker.now_s) {
		if (!now.timed_out && dice_percent(&now.dice, 12))
			return time_out();
		return time_step(1 + dice_below(&now.dice, 8));
	}
	acted = parties_act(&now.parties, now.network && dice_percent(&now.dice, 30));
	now.quiet = acted || now.flying ? 0 : now.quiet + 1;
	launch_sent();
	return true;
}

static bool
over(void)
{
	return (parties_done(&now.parties) && now.flying == 0) || now.quiet > 40;
}

/* Nobody says anything more: the timers end what no message ended. */
static bool
run_out(void)
{
	static const uint32_t seconds[] = {33, 370, 43300};

	/* The longest only where it is needed: the clock counts 136 years. */
	for (unsigned int i = 0; i < 2 + now.expected.calls; i++) {
		fixture_time(seconds[i]);
		model_time(fx.worker.now_s);
		note(NULL);
		if (!compare(NULL))
			return false;
	}
	return wire_empty(now.why, sizeof(now.why));
}

static void
report_write(char *report, size_t size)
{
	size_t used = 0;
	char text[1024];

	for (unsigned int i = 0; i < now.passed_count && used < size; i++) {
		const struct passed *passed = &now.passed[i];

		text[0] = '\0';
		if (passed->sip.cseq)
			wire_write(&passed->sip, text, sizeof(text));
		used += (size_t)snprintf(
			report + used, size - used, "%5u %s\n", passed->at_s, text);
	}
	if (used < size)
		snprintf(report + used, size - used, "%s\n", now.why);
}

bool
walk(const struct wire *wire, uint64_t seed, enum network network, char *report, size_t size,
	unsigned int *messages)
{
	bool agree = true;

	now.wire = wire;
	now.network = network;
	now.dice.state = seed;
	now.flying = now.passed_count = now.quiet = 0;
	now.begun_s = fx.worker.now_s;
	now.timed_out = false;
	now.expected.calls = 0;
	wire_begin(wire);
	model_begin(wire->inside);
	now.older = dice_percent(&now.dice, 12);
	now.unseen = now.older ? 1 + dice_below(&now.dice, 16) : 0;
	now.expected.turned = false;
	parties_begin(&now.parties, &now.dice, wire->callee_port, now.older);
	for (unsigned int i = 0; agree && i < STEPS_MAX && !over(); i++)
		agree = step();
	agree = agree && run_out();
	*messages = now.passed_count;
	if (!agree) {
		report_write(report, size);
		wire_clear();
	}
	return agree;
}
