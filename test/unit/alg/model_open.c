/* SPDX-License-Identifier: BSD-3-Clause */
/* What the call's descriptions open, by docs/sip.md: what a dialog that is known may need. */
#include "model_priv.h"

#include <string.h>

bool
same_places(const struct said *a, const struct said *b)
{
	if (!a->is || !b->is)
		return false;
	for (unsigned int i = 0; i < STREAMS_MAX * 2u; i++) {
		if (a->stream[i / 2].part[i % 2] != b->stream[i / 2].part[i % 2])
			return false;
	}
	return true;
}

/* A party that names the same endpoints again stands on what it said before. */
static uint32_t
named_before(const struct said *said, const struct sip *sip, const struct dialog *dialog)
{
	const struct said *before[] = {dialog ? &dialog->offered[sip->from] : NULL,
		dialog ? &dialog->responded[sip->from] : NULL,
		dialog ? &dialog->agreed[sip->from] : NULL,
		sip->from == CALLER ? &call.offer : NULL};

	for (unsigned int i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		if (before[i] && same_places(said, before[i]))
			return before[i]->named;
	}
	return ++call.named;
}

/* A party's description; `peer`: what it answers, or NULL: an offer. */
struct said
read_session(
	const struct sip *sip, const struct dialog *dialog, const struct said *peer, uint32_t cseq)
{
	const struct said *before = dialog ? &dialog->agreed[sip->from] : NULL;
	const struct said *other = dialog ? &dialog->agreed[1 - sip->from] : NULL;
	struct said said = {.is = true, .held = true, .cseq = cseq, .count = sip->sdp.count};

	for (unsigned int i = 0; i < said.count; i++) {
		const struct stream *stream = &sip->sdp.stream[i];
		struct named *named = &said.stream[i];
		bool agreed = before && before->is && other->is && before->stream[i].mux &&
			      other->stream[i].mux;
		bool muxed;

		named->accepted = stream->port != 0;
		named->mux = stream->port && stream->mux;
		if (stream->port == 0)
			continue;
		if (!stream->zero && stream->way != WAY_INACTIVE && stream->way != WAY_SENDONLY)
			said.held = false;
		if (stream->zero) { /* RFC 3264 8.4: as before */
			if (before && before->is)
				memcpy(named->part, before->stream[i].part, sizeof(named->part));
			continue;
		}
		named->part[0] = place_of(sip->from, sip->sdp.host, stream->port);
		muxed = stream->mux &&
			(peer ? peer->stream[i].mux
			      : agreed && before->stream[i].part[0] == named->part[0]);
		if (!muxed)
			named->part[1] = named->part[0] + 1;
	}
	said.named = named_before(&said, sip, dialog);
	return said;
}

static bool
names(const struct said *said, place_t place, unsigned int *stream, unsigned int *part)
{
	if (!said->is)
		return false;
	for (unsigned int i = 0; i < said->count * 2u; i++) {
		if (said->stream[i / 2].part[i % 2] == place) {
			*stream = i / 2;
			*part = i % 2;
			return true;
		}
	}
	return false;
}

/* Before the 2xx both may still come to use what one of them does not. */
static bool
agreed_on(const struct dialog *dialog, place_t place, unsigned int *stream, unsigned int *part)
{
	enum party party = place_party(place);
	const struct said *own = &dialog->agreed[party], *peer = &dialog->agreed[1 - party];

	if (!names(own, place, stream, part))
		return false;
	if (dialog->life == LIFE_EARLY || !peer->is)
		return true;
	return peer->stream[*stream].accepted &&
	       !(*part == 1 && own->stream[*stream].mux && peer->stream[*stream].mux);
}

static bool
dialog_needs(const struct dialog *dialog, place_t place)
{
	enum party party = place_party(place);
	unsigned int stream, part;

	if (dialog->life == LIFE_OVER)
		return false;
	if (names(&dialog->offered[party], place, &stream, &part) ||
		names(&dialog->responded[party], place, &stream, &part))
		return true;
	return agreed_on(dialog, place, &stream, &part);
}

static bool
needed(place_t place)
{
	unsigned int stream, part;

	if (rings() && names(&call.offer, place, &stream, &part))
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
	for (unsigned int i = 0; said->is && i < said->count * 2u; i++) {
		place_t *place = &said->stream[i / 2].part[i % 2];

		if (*place && !needed(*place))
			*place = 0;
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

		const struct said *agreed = &dialog->agreed[CALLER];
		const struct said *offered = &dialog->offered[CALLER];

		if ((agreed->is && agreed->named == call.offer.named) ||
			(offered->is && offered->named == call.offer.named))
			return;
	}
	for (unsigned int i = 0; i < call.offer.count; i++)
		memset(call.offer.stream[i].part, 0, sizeof(call.offer.stream[i].part));
}

/* What nobody may need any more closes, and does not open again. */
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

/* No stream is expected, or none has to be heard. */
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
			expected |= a->stream[s].part[0] && b->stream[s].part[0];
	}
	return !expected;
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
	for (unsigned int i = 0; said->is && i < said->count * 2u; i++) {
		if (said->stream[i / 2].part[i % 2])
			open_find(expected, said->stream[i / 2].part[i % 2]);
	}
}

static bool
heard(const struct dialog *dialog, bool confirmed)
{
	if (confirmed)
		return dialog->life == LIFE_CONFIRMED || dialog->late;
	return dialog->life == LIFE_EARLY;
}

/* Who may send to a place: where the other side, in a dialog that agreed on it, will send from. */
static void
expect_sources(struct open_place *open, bool confirmed)
{
	enum party party = place_party(open->place);

	for (unsigned int i = 0; i < call.count; i++) {
		const struct dialog *dialog = &call.dialog[i];
		const struct said *peer = &dialog->agreed[1 - party];
		unsigned int stream, part;
		place_t source;
		bool known = false;

		if (!heard(dialog, confirmed) || !peer->is ||
			!agreed_on(dialog, open->place, &stream, &part))
			continue;
		open->committed = true;
		source = peer->stream[stream].part[part];
		for (unsigned int n = 0; n < open->source_count; n++)
			known |= open->source[n] == source;
		if (source && !known && open->source_count < SOURCES_MAX)
			open->source[open->source_count++] = source;
	}
}

void
model_expect(struct expected *expected)
{
	expected->count = 0;
	expected->dialogs = call.count;
	expected->in_call = in_call;
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
		expect_sources(&expected->open[i], true);
		if (!expected->open[i].committed)
			expect_sources(&expected->open[i], false);
	}
}
