/* SPDX-License-Identifier: BSD-3-Clause */
/* What the call's descriptions open, by docs/sip.md: what a dialog that is known may need. */
#include "model_priv.h"

#include <string.h>

/* The part that names a place, and its stream; NULL: none does. */
static const struct part *
part_at(const struct said *said, place_t place, unsigned int *stream)
{
	if (!said->is)
		return NULL;
	for (unsigned int i = 0; i < said->count; i++) {
		const struct named *named = &said->stream[i];

		for (unsigned int n = 0; n < named->count; n++) {
			if (named->part[n].source == place) {
				*stream = i;
				return &named->part[n];
			}
		}
	}
	return NULL;
}

/* Both sides have put the stream on the transport of another one. */
static bool
bundled_away(const struct said *own, const struct said *peer, unsigned int stream)
{
	return own->stream[stream].bundled && peer->stream[stream].bundled && peer->tag != stream &&
	       own->tag != stream;
}

/* Before the 2xx both may still come to use what one of them does not. */
static const struct part *
agreed_on(const struct dialog *dialog, place_t place, unsigned int *stream)
{
	enum party party = place_party(place);
	const struct said *own = &dialog->agreed[party], *peer = &dialog->agreed[1 - party];
	const struct part *part = part_at(own, place, stream);
	bool mux;

	if (!part || dialog->life == LIFE_EARLY || !peer->is)
		return part;
	mux = own->stream[*stream].mux && peer->stream[*stream].mux;
	if (!peer->stream[*stream].accepted || (part->component == 2 && mux) ||
		bundled_away(own, peer, *stream))
		return NULL;
	return part;
}

static bool
dialog_needs(const struct dialog *dialog, place_t place)
{
	enum party party = place_party(place);
	unsigned int stream;

	return dialog->life != LIFE_OVER &&
	       (part_at(&dialog->offered[party], place, &stream) ||
		       part_at(&dialog->responded[party], place, &stream) ||
		       agreed_on(dialog, place, &stream));
}

static bool
needed(place_t place)
{
	unsigned int stream;

	if (rings() && part_at(&call.offer, place, &stream))
		return true;
	for (unsigned int i = 0; i < call.count; i++) {
		if (dialog_needs(&call.dialog[i], place))
			return true;
	}
	return false;
}

static void
close_unneeded(struct said *said)
{
	for (unsigned int i = 0; said->is && i < said->count; i++) {
		for (unsigned int n = 0; n < said->stream[i].count; n++) {
			struct part *part = &said->stream[i].part[n];

			if (part->source && !needed(part->source))
				part->place = part->source = 0;
		}
	}
}

/* The INVITE's offer, once no fork that is known stands on it: who comes now finds nothing of it. */
static void
offer_outlived(void)
{
	if (rings() || !call.offer.is)
		return;
	for (unsigned int i = 0; i < call.count; i++) {
		const struct dialog *dialog = &call.dialog[i];

		const struct said *agreed = &dialog->agreed[call.caller];
		const struct said *offered = &dialog->offered[call.caller];

		if ((agreed->is && agreed->named == call.offer.named) ||
			(offered->is && offered->named == call.offer.named))
			return;
	}
	for (unsigned int i = 0; i < call.offer.count; i++) {
		for (unsigned int n = 0; n < PARTS_MAX; n++)
			call.offer.stream[i].part[n].place = call.offer.stream[i].part[n].source =
				0;
	}
}

void
settle(void)
{
	offer_outlived();
	close_unneeded(&call.offer);
	for (unsigned int i = 0; i < call.count; i++) {
		close_unneeded(&call.dialog[i].agreed[CALLER]);
		close_unneeded(&call.dialog[i].agreed[CALLEE]);
	}
}

bool
may_be_silent(void)
{
	bool expected = false;

	for (unsigned int i = 0; i < call.count; i++) {
		const struct dialog *dialog = &call.dialog[i];
		const struct said *a = &dialog->agreed[CALLER], *b = &dialog->agreed[CALLEE];

		if (dialog->life == LIFE_OVER)
			continue;
		if (!a->is && !b->is) {
			a = dialog->offered[CALLER].is ? &dialog->offered[CALLER]
						       : &dialog->responded[CALLER];
			b = dialog->offered[CALLEE].is ? &dialog->offered[CALLEE]
						       : &dialog->responded[CALLEE];
		}
		if ((a->is && a->held) || (b->is && b->held))
			return true;
		for (unsigned int s = 0; a->is && b->is && s < STREAMS_MAX; s++)
			expected |= a->stream[s].part[0].place && b->stream[s].part[0].place;
	}
	return !expected && !call.older;
}

static struct open_place *
open_find(struct expected *expected, place_t place)
{
	for (unsigned int i = 0; i < expected->count; i++) {
		if (expected->open[i].place == place)
			return &expected->open[i];
	}
	expected->open[expected->count] = (struct open_place){.place = place};
	return &expected->open[expected->count++];
}

static void
expect_said(struct expected *expected, const struct said *said)
{
	for (unsigned int i = 0; said->is && i < said->count; i++) {
		for (unsigned int n = 0; n < said->stream[i].count; n++) {
			if (said->stream[i].part[n].place)
				open_find(expected, said->stream[i].part[n].place);
		}
	}
}

static bool
heard(const struct dialog *dialog, bool confirmed)
{
	if (confirmed)
		return dialog->life == LIFE_CONFIRMED || dialog->late;
	return dialog->life == LIFE_EARLY;
}

static void
source_add(struct open_place *open, place_t source)
{
	for (unsigned int i = 0; i < open->source_count; i++) {
		if (open->source[i] == source)
			return;
	}
	if (source && open->source_count < SOURCES_MAX)
		open->source[open->source_count++] = source;
}

/* Where the other side, in a dialog that agreed on the place, will send from. */
static void
expect_sources(struct open_place *open, const struct dialog *dialog)
{
	enum party party = place_party(open->place);
	const struct said *own = &dialog->agreed[party], *peer = &dialog->agreed[1 - party];
	const struct named *said;
	const struct part *part;
	unsigned int stream;
	bool ice;

	if (!peer->is)
		return;
	part = agreed_on(dialog, open->place, &stream);
	if (!part)
		return;
	open->committed = true;
	/* a stream that is bundled away has none: it comes to the tagged one's place */
	said = &peer->stream[stream];
	/* RFC 8839 4.3: both have candidates, or there is no ICE */
	ice = own->stream[stream].ice && said->ice;
	for (unsigned int i = 0; i < said->count; i++) {
		if (said->part[i].component != part->component || !said->part[i].source)
			continue;
		source_add(open, said->part[i].source);
		open->further |= ice;
	}
}

/* The newest dialogs first. */
static void
expect_all_sources(struct open_place *open, bool confirmed)
{
	for (uint32_t born = call.born; born > 0; born--) {
		for (unsigned int i = 0; i < call.count; i++) {
			if (call.dialog[i].born == born && heard(&call.dialog[i], confirmed))
				expect_sources(open, &call.dialog[i]);
		}
	}
}

void
model_expect(struct expected *expected)
{
	expected->count = 0;
	expected->in_call = in_call;
	expected->rtcp = rtcp_named;
	expected->turned = call.caller != CALLER;
	expected->calls = call.phase != NO_CALL && call.phase != FORGOTTEN_SOON;
	if (!expected->calls)
		return;
	expect_said(expected, &call.offer);
	for (unsigned int i = 0; i < call.count; i++) {
		for (int party = 0; party < 2; party++) {
			expect_said(expected, &call.dialog[i].agreed[party]);
			expect_said(expected, &call.dialog[i].offered[party]);
			expect_said(expected, &call.dialog[i].responded[party]);
		}
	}
	for (unsigned int i = 0; i < expected->count; i++) {
		expect_all_sources(&expected->open[i], true);
		if (!expected->open[i].committed)
			expect_all_sources(&expected->open[i], false);
	}
}
