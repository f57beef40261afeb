/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an answer means for the media: who may send to each opening, and what closes because nobody
 * uses it.
 *
 * Forks stand on one offer, so its openings hear several peers: while none of them is confirmed, all
 * that have answered; then those that are confirmed, and a fork that answers yet. Candidates of ICE
 * (RFC 8445) are peers like the default destination, and others may come: a check may arrive from an
 * address that its sender does not know itself.
 *
 * What the answer refused with port 0 closes, and what it bundled (bundle.c). A stream that it accepted
 * at a host name, at 0.0.0.0 or as the active end of TCP names no endpoint of its own, yet sends to
 * ours. The RTCP door closes when a confirmed dialog's answer agreed on rtcp-mux (RFC 5761 5.1.1).
 */
#include "alg_priv.h"

/*
 * Where the peer's media comes from as the filter sees it: between two inside hosts that is the
 * outside half of the peer's door, since the hairpin shows the outside source (RFC 4787 REQ-9). In
 * a spiral the peer announces that half itself.
 */
static struct media_peer
source_seen(const struct opening *opening, const struct opening *peer)
{
	if (opening->outside_port && peer->outside_port)
		return (struct media_peer){peer->outside_address, peer->outside_port};
	return (struct media_peer){peer->address, peer->port};
}

static void
peer_add(struct media_announcement *announcement, struct media_peer peer)
{
	for (unsigned int i = 0; i < announcement->count; i++) {
		if (announcement->peer[i].address == peer.address)
			return;
	}
	if (announcement->count < PINHOLE_ANNOUNCED_MAX)
		announcement->peer[announcement->count++] = peer;
}

/* What the other side's description says of the stream: its default destination, its candidates. */
static void
peers_add(const struct alg_worker *worker, struct media_announcement *announcement,
	const struct opening *opening, uint32_t other)
{
	const struct opening *peer;

	if (other == 0)
		return;
	for (uint32_t i = set_at(worker, other)->first; i; i = peer->next) {
		peer = opening_at(worker, i);
		if (peer->stream != opening->stream || peer->component != opening->component)
			continue;
		peer_add(announcement, source_seen(opening, peer));
		if (peer->flags & OPENING_ICE)
			announcement->further = true;
	}
}

/* Whose media a call listens to. */
static bool
is_heard(const struct dialog *dialog, bool confirmed)
{
	return dialog->state == (confirmed ? DIALOG_CONFIRMED : DIALOG_EARLY);
}

/* Tell one side of a dialog's committed media who may send to it: all that stand on it, too. */
static void
side_announce(const struct alg_worker *worker, const struct call *call, const struct dialog *own,
	int side, bool confirmed)
{
	const uint32_t set = own->committed[side].set;
	uint32_t heard[PINHOLE_ANNOUNCED_MAX] = {own->committed[1 - side].set};
	const struct opening *opening;
	unsigned int count = 1;

	if (set == 0 || heard[0] == 0)
		return;
	for (uint32_t i = call->dialogs; i && count < RTE_DIM(heard);) {
		const struct dialog *dialog = dialog_at(worker, i);

		if (dialog != own && dialog->committed[side].set == set &&
			is_heard(dialog, confirmed))
			heard[count++] = dialog->committed[1 - side].set;
		i = dialog->next;
	}
	for (uint32_t i = set_at(worker, set)->first; i; i = opening->next) {
		struct media_announcement announcement = {.count = 0};

		opening = opening_at(worker, i);
		if (opening->pinhole.index == 0)
			continue;
		for (unsigned int n = 0; n < count; n++)
			peers_add(worker, &announcement, opening, heard[n]);
		pinhole_media_commit(worker->alg->pinholes, opening->pinhole, &announcement);
	}
}

static bool
has_confirmed(const struct alg_worker *worker, const struct call *call)
{
	return dialog_count(worker, call, DIALOG_CONFIRMED) > 0;
}

/* An answer stands: tell each side's pinholes where the other side's media comes from. */
void
media_commit(struct plan *plan, struct dialog *dialog)
{
	bool confirmed = has_confirmed(plan->worker, plan->call);

	for (int side = 0; side < 2; side++)
		side_announce(plan->worker, plan->call, dialog, side, confirmed);
}

/* A dialog has gone, or is confirmed before others: who is heard no more, may send no more. */
void
media_announce(struct alg_worker *worker, const struct call *call)
{
	bool confirmed = has_confirmed(worker, call);
	uint32_t before[2] = {0};

	for (uint32_t i = call->dialogs; i;) {
		const struct dialog *dialog = dialog_at(worker, i);

		for (int side = 0; side < 2 && is_heard(dialog, confirmed); side++) {
			if (dialog->committed[side].set != before[side])
				side_announce(worker, call, dialog, side, confirmed);
			before[side] = dialog->committed[side].set;
		}
		i = dialog->next;
	}
}

static void
set_unlink(struct thread *self, struct alg_worker *worker, uint32_t *link)
{
	uint32_t index = *link;

	*link = opening_at(worker, index)->next;
	opening_release(self, worker, index, 0);
}

/* Does another dialog of the call stand on this set? */
static bool
set_is_shared(const struct alg_worker *worker, const struct call *call, const struct dialog *own,
	uint32_t set)
{
	const struct dialog *dialog;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (dialog == own)
			continue;
		for (int side = 0; side < 2; side++) {
			if (dialog->committed[side].set == set || dialog->offer[side].set == set)
				return true;
		}
	}
	return false;
}

static void
set_settle(struct thread *self, struct alg_worker *worker, const struct description *own,
	const struct description *peer)
{
	uint32_t *link = &set_at(worker, own->set)->first;

	while (*link) {
		struct opening *opening = opening_at(worker, *link);
		uint8_t base = (uint8_t)((opening->component - 1) & ~1) + 1;
		struct opening *rtp = (struct opening *)(uintptr_t)media_find(
			worker, own->set, opening->stream, base);
		const struct opening *other = media_find(worker, peer->set, opening->stream, 1);
		bool mux = rtp && other && rtp->flags & other->flags & OPENING_MUX;
		bool refused = !(peer->streams >> opening->stream & 1);
		bool bundled = own->bundled & peer->bundled & (1u << opening->stream);

		if (mux)
			rtp->flags |= OPENING_MUX_AGREED;
		if (refused || bundled || (mux && opening->component % 2 == 0))
			set_unlink(self, worker, link);
		else
			link = &opening->next;
	}
}

/*
 * A confirmed dialog keeps what both sides use: no RTCP of a stream that agreed on rtcp-mux, and
 * nothing of a stream that the answer refused with port 0 or that both put on another's transport. An offer that other forks stand on, too,
 * stays whole: they may answer otherwise.
 */
void
media_settle(struct thread *self, struct alg_worker *worker, struct call *call)
{
	const struct dialog *dialog;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (dialog->state != DIALOG_CONFIRMED || dialog->committed[0].set == 0 ||
			dialog->committed[1].set == 0)
			continue;
		for (int side = 0; side < 2; side++) {
			const struct description *own = &dialog->committed[side];

			if (!set_is_shared(worker, call, dialog, own->set))
				set_settle(self, worker, own, &dialog->committed[1 - side]);
		}
	}
}
