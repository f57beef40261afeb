/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an answer means for the media: who may send to each opening, and what closes because nobody
 * uses it.
 *
 * Forks stand on one offer, so its openings hear several peers: while none of them is confirmed, all
 * that have answered; then those that are confirmed, and a fork that answers yet. Candidates of ICE (RFC 8445) are peers like the
 * default destination, and others may come: a check may arrive from an address that its sender does
 * not know itself.
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
		if (opening->flags & peer->flags & OPENING_ICE)
			announcement->further = true;
	}
}

/* What a set names at the same endpoint, or NULL. */
static const struct opening *
set_find(const struct alg_worker *worker, uint32_t set, const struct opening *as)
{
	const struct opening *opening;

	for (uint32_t i = set ? set_at(worker, set)->first : 0; i; i = opening->next) {
		opening = opening_at(worker, i);
		if (opening->address == as->address && opening->port == as->port &&
			opening->proto == as->proto)
			return opening;
	}
	return NULL;
}

/* Do both sides use an endpoint of what was committed? Before the 2xx they may come to. */
static bool
is_agreed(const struct dialog *dialog, int side, const struct opening *opening)
{
	const struct description *own = &dialog->committed[side];
	const struct description *peer = &dialog->committed[1 - side];
	unsigned int stream = 1u << opening->stream;

	if (dialog->state != DIALOG_CONFIRMED || peer->set == 0)
		return true;
	if (own->bundled & peer->bundled & stream)
		return false;
	return peer->streams & stream &&
	       !(own->mux & peer->mux & stream && opening->component % 2 == 0);
}

/* While a call rings all forks are heard that have answered; then those that answered since. */
static bool
is_heard(const struct dialog *dialog, bool confirmed)
{
	if (confirmed)
		return dialog->state == DIALOG_CONFIRMED || dialog->late;
	return dialog->state == DIALOG_EARLY;
}

/* Who is announced at an endpoint of a side. False: no dialog that is heard stands on it. */
static bool
peers_of(const struct alg_worker *worker, const struct call *call, int side,
	const struct opening *opening, bool confirmed, struct media_announcement *announcement)
{
	const struct dialog *dialog;
	const struct opening *own;
	bool any = false;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (!is_heard(dialog, confirmed) || dialog->committed[1 - side].set == 0)
			continue;
		own = set_find(worker, dialog->committed[side].set, opening);
		if (!own || !is_agreed(dialog, side, own))
			continue;
		any = true;
		peers_add(worker, announcement, own, dialog->committed[1 - side].set);
	}
	return any;
}

static void
set_announce(const struct alg_worker *worker, const struct call *call, int side, uint32_t set)
{
	const struct pinhole_holder holder = {worker->id, call_handle(worker, call)};
	const struct opening *opening;

	for (uint32_t i = set ? set_at(worker, set)->first : 0; i; i = opening->next) {
		struct media_announcement announcement = {.count = 0};

		opening = opening_at(worker, i);
		if (opening->pinhole.index &&
			(peers_of(worker, call, side, opening, true, &announcement) ||
				peers_of(worker, call, side, opening, false, &announcement)))
			pinhole_media_commit(
				worker->alg->pinholes, opening->pinhole, &holder, &announcement);
	}
}

/*
 * An answer stands, a dialog has gone or is confirmed before others: tell each pinhole where the
 * other side's media comes from. Who is heard no more, may send no more.
 */
void
media_announce(struct alg_worker *worker, const struct call *call)
{
	const struct dialog *dialog;
	uint32_t before[2] = {0};

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		for (int side = 0; side < 2; side++) {
			if (dialog->committed[side].set != before[side])
				set_announce(worker, call, side, dialog->committed[side].set);
			before[side] = dialog->committed[side].set;
		}
	}
}

static void
set_unlink(struct thread *self, struct alg_worker *worker, uint32_t *link)
{
	uint32_t index = *link;

	*link = opening_at(worker, index)->next;
	opening_release(self, worker, index, 0);
}

/* Does a dialog use this endpoint of a side, or may it come to? */
static bool
dialog_uses(const struct alg_worker *worker, const struct dialog *dialog, int side,
	const struct opening *opening)
{
	const struct opening *own;

	if (set_find(worker, dialog->offer[side].set, opening)) /* the answer may take it up */
		return true;
	own = set_find(worker, dialog->committed[side].set, opening);
	return own && is_agreed(dialog, side, own);
}

static bool
opening_used(const struct alg_worker *worker, const struct call *call, int side,
	const struct opening *opening)
{
	const struct dialog *dialog;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (dialog_uses(worker, dialog, side, opening))
			return true;
	}
	return false;
}

static void
set_settle(struct thread *self, struct alg_worker *worker, const struct call *call, int side,
	uint32_t set)
{
	uint32_t *link;

	if (set == 0)
		return;
	link = &set_at(worker, set)->first;
	while (*link) {
		struct opening *opening = opening_at(worker, *link);

		if (opening_used(worker, call, side, opening))
			link = &opening->next;
		else
			set_unlink(self, worker, link);
	}
}

/*
 * A confirmed dialog keeps what both sides use: no RTCP of a stream that agreed on rtcp-mux, and
 * nothing of a stream that the answer refused with port 0 or that both put on another's transport.
 * Of an offer that other forks stand on, too, all stays that one of them uses or may still take up.
 */
void
media_settle(struct thread *self, struct alg_worker *worker, struct call *call)
{
	const struct dialog *dialog;

	for (uint32_t i = call->dialogs; i; i = dialog->next) {
		dialog = dialog_at(worker, i);
		if (dialog->state != DIALOG_CONFIRMED)
			continue;
		for (int side = 0; side < 2; side++)
			set_settle(self, worker, call, side, dialog->committed[side].set);
	}
}
