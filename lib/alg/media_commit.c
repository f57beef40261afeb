/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an answer means for the media: who may send to each opening, and what closes because nobody
 * uses it.
 *
 * What it refused with port 0 closes; a stream that it accepted at a host name, at 0.0.0.0 or as the
 * active end of TCP names no endpoint of its own, yet sends to ours. The RTCP door closes when a
 * confirmed dialog's answer agreed on rtcp-mux (RFC 5761 5.1.1).
 */
#include "alg_priv.h"

/*
 * Where the peer's media comes from as the filter sees it: between two inside hosts that is the
 * outside half of the peer's door, since the hairpin shows the outside source (RFC 4787 REQ-9). In
 * a spiral the peer announces that half itself.
 */
static struct endpoint
source_seen(const struct opening *opening, const struct opening *peer)
{
	if (!peer) /* accepted, but it names no address: the first to send */
		return (struct endpoint){0};
	if (opening->outside_port && peer->outside_port)
		return (struct endpoint){peer->outside_address, peer->outside_port, peer->proto};
	return (struct endpoint){peer->address, peer->port, peer->proto};
}

/* An answer stands: tell each side's pinholes where the other side's media comes from. */
void
media_commit(struct plan *plan, struct dialog *dialog)
{
	struct alg_worker *worker = plan->worker;
	struct alg *alg = worker->alg;

	for (int side = 0; side < 2; side++) {
		const struct opening *opening, *peer;

		uint32_t set = dialog->committed[side].set, other = dialog->committed[1 - side].set;

		if (set == 0 || other == 0)
			continue;
		for (uint32_t i = set_at(worker, set)->first; i; i = opening->next) {
			opening = opening_at(worker, i);
			peer = media_find(worker, other, opening->stream, opening->component);
			/* With candidates the peer's source is found by its checks, not announced. */
			if (opening->pinhole.index == 0 ||
				(peer && peer->flags & (OPENING_ICE | OPENING_KEPT)))
				continue;
			struct endpoint seen = source_seen(opening, peer);

			pinhole_media_commit(
				alg->pinholes, opening->pinhole, seen.address, seen.port);
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
set_settle(struct thread *self, struct alg_worker *worker, uint32_t own,
	const struct description *peer)
{
	uint32_t *link = &set_at(worker, own)->first;

	while (*link) {
		struct opening *opening = opening_at(worker, *link);
		uint8_t base = (uint8_t)((opening->component - 1) & ~1) + 1;
		struct opening *rtp =
			(struct opening *)(uintptr_t)media_find(worker, own, opening->stream, base);
		const struct opening *other = media_find(worker, peer->set, opening->stream, 1);
		bool mux = rtp && other && rtp->flags & other->flags & OPENING_MUX;
		bool refused = !(peer->streams >> opening->stream & 1);

		if (mux)
			rtp->flags |= OPENING_MUX_AGREED;
		if (refused || (mux && opening->component % 2 == 0))
			set_unlink(self, worker, link);
		else
			link = &opening->next;
	}
}

/*
 * A confirmed dialog keeps what both sides use: no RTCP of a stream that agreed on rtcp-mux, and
 * nothing of a stream that the answer refused with port 0. An offer that other forks stand on, too,
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
			uint32_t set = dialog->committed[side].set;

			if (!set_is_shared(worker, call, dialog, set))
				set_settle(self, worker, set, &dialog->committed[1 - side]);
		}
	}
}
