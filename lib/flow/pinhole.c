/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pinhole table.
 *
 * Life cycle: pinhole_open() fills an object, sets `open` and adds the key, under the key's stripe.
 * Whoever finds, under that stripe, that no holder is left and the deadline has passed detaches it:
 * `open` false, key deleted. Then, with no lock held, it closes the flows and retires the object.
 *
 * Synchronization
 *  - `open` false to true and back, holders, class, the key in the hash: under the stripe. Whoever
 *    comes by handle takes the stripe of the object's key and checks `open` and the generation
 *    again; two closers cannot both find it open.
 *  - An opener that meets the key either finds the pinhole open and joins, or comes after the
 *    detachment and makes a new one; the flows of the old one are then removed beside it, and a
 *    packet of the new call that hit such a flow misses next time and is permitted anew.
 *  - pinhole_match() takes no stripe. It may return a pinhole that closes the moment after: linking
 *    the flow then fails (-ESTALE), or the closer finds the flow in the list.
 *
 * Several askers of one key share the object, whatever their call and class. Each holds it for
 * itself; the last one closes it. A signalling class that joins a media pinhole takes it over: the
 * wider permission decides, the filter no longer applies and the gauge of media pinholes does not
 * count it. Media that joins a signalling pinhole leaves that as it is. Media of another call that
 * joins a media pinhole has an offer phase, announcements and sources of its own (media_filter.h),
 * which go with it when it leaves and the pinhole stays. Who may have to give a hold back joins first,
 * and extends what it joined when that is settled.
 */
#include <errno.h>

#include "core/keyed_hash.h"
#include "flow_priv.h"
#include "media_filter.h"
#include "pinhole_priv.h"

/* Where a pinhole stands in the table: the key that it shares with its neighbour's, and which of
 * the two it is. */
struct pinhole_place {
	struct pinhole_key key;
	bool odd;
	hash_sig_t signature;
	rte_spinlock_t *stripe;
};

static struct pinhole_place
pinhole_place_of(struct pinhole_table *table, const struct pinhole_key *key)
{
	struct pinhole_place place = {.key = *key, .odd = port_pair_odd(key->dst_port)};
	uint64_t hash;

	place.key.dst_port = port_pair_key(key->dst_port);
	hash = keyed_hash64(&place.key, sizeof(place.key));
	place.signature = (hash_sig_t)hash;
	place.stripe = &table->stripe[(hash >> 32) % PINHOLE_STRIPES].lock;
	return place;
}

static struct port_pair_node *
pinhole_nodes(const struct pinhole_table *table, const struct pinhole_place *place)
{
	return port_pair_find(table->hash, &place->key, place->signature);
}

static struct pinhole *
pinhole_of(struct port_pair_node *node)
{
	return node == NULL ? NULL : container_of(node, struct pinhole, node);
}

static bool
pinhole_is_media(const struct pinhole *pinhole)
{
	return pinhole_class_is_media(atomic_load_explicit(&pinhole->class, memory_order_relaxed));
}

static bool
pinhole_wanted(const struct pinhole *pinhole, uint32_t now_s)
{
	return atomic_load_explicit(&pinhole->holders, memory_order_relaxed) > 0 ||
	       atomic_load_explicit(&pinhole->deadline_s, memory_order_relaxed) > now_s;
}

static bool
pinhole_is_open(const struct pinhole *pinhole)
{
	/* acquire: pairs with the release in pinhole_make(): the key is filled */
	return atomic_load_explicit(&pinhole->open, memory_order_acquire);
}

/* Under the stripe. */
static void
pinhole_raise_deadline(struct pinhole *pinhole, uint32_t until_s)
{
	if (until_s > atomic_load_explicit(&pinhole->deadline_s, memory_order_relaxed))
		atomic_store_explicit(&pinhole->deadline_s, until_s, memory_order_relaxed);
}

/* Under the stripe: no new opener or packet finds it any more. What remains at its place. */
static struct port_pair_node *
pinhole_detach(
	struct pinhole_table *table, struct pinhole *pinhole, const struct pinhole_place *place)
{
	atomic_store_explicit(&pinhole->open, false, memory_order_relaxed);
	if (pinhole_is_media(pinhole))
		atomic_fetch_sub_explicit(&table->media, 1, memory_order_relaxed);
	return port_pair_remove(table->hash, &place->key, place->signature, &pinhole->node);
}

/* By whoever detached it, holding no lock. */
static void
pinhole_finish(struct thread *self, struct pinhole_table *table, struct pinhole *pinhole)
{
	if (pinhole_is_media(pinhole))
		flow_owner_close(self, table->flows, &pinhole->flows);
	else /* a TCP connection carries other calls, too, and cannot be begun in its middle */
		flow_owner_leave(self, table->flows, &pinhole->flows);
	pool_retire(table->pool, pinhole);
	event_count(self->counters, EVENT_PINHOLE_CLOSED, 1);
}

/* Before the pinhole is one of a signalling class, or is found. */
static void
signalling_port_note(struct pinhole_table *table, const struct pinhole_spec *spec)
{
	_Atomic uint64_t *const word = &table->signalling_ports[spec->key.dst_port / 64];
	const uint64_t bit = UINT64_C(1) << (spec->key.dst_port % 64);

	/* release: pairs with the acquire in pinhole_signalling(); a set line stays shared */
	if (!(atomic_load_explicit(word, memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(word, bit, memory_order_release);
}

/* Under the stripe: what another asker for an open pinhole makes of it. */
static void
pinhole_extend(
	struct pinhole_table *table, struct pinhole *pinhole, const struct pinhole_spec *spec)
{
	pinhole_raise_deadline(pinhole, spec->until_s);
	if (!pinhole_is_media(pinhole))
		return;
	if (!pinhole_class_is_media(spec->class)) {
		signalling_port_note(table, spec);
		atomic_store_explicit(&pinhole->class, spec->class, memory_order_relaxed);
		atomic_fetch_sub_explicit(&table->media, 1, memory_order_relaxed);
	} else {
		media_filter_join(&pinhole->media, &spec->holder);
	}
}

/* Under the stripe: one holder more. */
static void
pinhole_hold(struct pinhole *pinhole)
{
	/* no other writer while the stripe is held */
	atomic_store_explicit(&pinhole->holders,
		atomic_load_explicit(&pinhole->holders, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

/* A new object, not yet to be found; NULL: the pool is empty. Under the stripe. */
static struct pinhole *
pinhole_fill(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec)
{
	struct pinhole *pinhole = pool_alloc(table->pool);

	if (pinhole == NULL)
		return NULL;
	pinhole->key = spec->key;
	if (!pinhole_class_is_media(spec->class))
		signalling_port_note(table, spec);
	atomic_store_explicit(&pinhole->class, spec->class, memory_order_relaxed);
	atomic_store_explicit(&pinhole->holders, spec->hold ? 1 : 0, memory_order_relaxed);
	atomic_store_explicit(&pinhole->deadline_s, spec->until_s, memory_order_relaxed);
	pinhole->opened_s = self->now_s;
	flow_owner_init(&pinhole->flows);
	media_filter_init(&pinhole->media, spec->media_source, &spec->holder);
	return pinhole;
}

/* It is in the table: open and counted. Under the stripe. */
static void
pinhole_publish(struct thread *self, struct pinhole_table *table, struct pinhole *pinhole,
	const struct pinhole_spec *spec)
{
	/* release: pairs with pinhole_is_open(), for those who come by index or handle */
	atomic_store_explicit(&pinhole->open, true, memory_order_release);
	if (pinhole_class_is_media(spec->class))
		atomic_fetch_add_explicit(&table->media, 1, memory_order_relaxed);
	event_count(self->counters, EVENT_PINHOLE_OPENED, 1);
}

/* Under the stripe: a new object at a free place, beside `neighbour`. */
static int
pinhole_make(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec,
	const struct pinhole_place *place, struct port_pair_node *neighbour, struct handle *handle)
{
	struct pinhole *pinhole = pinhole_fill(self, table, spec);

	if (pinhole == NULL)
		return -ENOBUFS;
	if (port_pair_add(table->hash, &place->key, place->signature, neighbour, &pinhole->node,
		    place->odd) != 0) {
		pool_free_unused(table->pool, pinhole);
		return -ENOSPC;
	}
	pinhole_publish(self, table, pinhole, spec);
	*handle = pool_handle(table->pool, pinhole);
	return 0;
}

/* The same for both of a pair: `place` is the first one's. */
static int
pinhole_make_both(struct thread *self, struct pinhole_table *table,
	const struct pinhole_spec spec[2], const struct pinhole_place *place,
	struct handle handle[2])
{
	struct pinhole *pinhole[2];
	int ret = -ENOBUFS;

	pinhole[0] = pinhole_fill(self, table, &spec[0]);
	if (pinhole[0] == NULL)
		return ret;
	pinhole[1] = pinhole_fill(self, table, &spec[1]);
	if (pinhole[1] == NULL)
		goto fail_first;
	ret = port_pair_add_both(table->hash, &place->key, place->signature,
		&pinhole[place->odd]->node, &pinhole[!place->odd]->node);
	if (ret != 0)
		goto fail_second;
	for (unsigned int i = 0; i < 2; i++) {
		pinhole_publish(self, table, pinhole[i], &spec[i]);
		handle[i] = pool_handle(table->pool, pinhole[i]);
	}
	return 0;

fail_second:
	pool_free_unused(table->pool, pinhole[1]);
fail_first:
	pool_free_unused(table->pool, pinhole[0]);
	return ret;
}

/*
 * Open, or join what stands: *joined is that one, with a hold of the asker where it wants one. It is
 * extended at once, or by pinhole_widen().
 */
static int
pinhole_obtain(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec,
	bool extend, struct handle *handle, bool *joined)
{
	const struct pinhole_place place = pinhole_place_of(table, &spec->key);
	struct pinhole *pinhole, *expired = NULL;
	struct port_pair_node *nodes;
	int ret = 0;

	rte_spinlock_lock(place.stripe);
	nodes = pinhole_nodes(table, &place);
	pinhole = pinhole_of(port_pair_pick(nodes, place.odd));
	if (pinhole != NULL && !pinhole_wanted(pinhole, self->now_s)) {
		/* Its time is over, the sweep was not here yet: nothing of it is inherited. */
		expired = pinhole;
		nodes = pinhole_detach(table, expired, &place);
		pinhole = NULL;
	}
	*joined = pinhole != NULL;
	if (pinhole != NULL) {
		if (spec->hold)
			pinhole_hold(pinhole);
		if (extend)
			pinhole_extend(table, pinhole, spec);
		*handle = pool_handle(table->pool, pinhole);
	} else {
		ret = pinhole_make(self, table, spec, &place, nodes, handle);
	}
	rte_spinlock_unlock(place.stripe);
	if (expired != NULL)
		pinhole_finish(self, table, expired);
	return ret;
}

int
pinhole_open(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec,
	struct handle *handle)
{
	bool joined;

	return pinhole_obtain(self, table, spec, true, handle, &joined);
}

int
pinhole_join(struct thread *self, struct pinhole_table *table, const struct pinhole_spec *spec,
	struct handle *handle, bool *joined)
{
	return pinhole_obtain(self, table, spec, false, handle, joined);
}

/* Are these the two ports of one pair? */
static bool
pinhole_keys_pair(const struct pinhole_key *a, const struct pinhole_key *b)
{
	return a->src == b->src && a->dst == b->dst && a->proto == b->proto &&
	       (a->dst_port ^ b->dst_port) == RTE_BE16(1);
}

static int
pinhole_join_two(struct thread *self, struct pinhole_table *table,
	const struct pinhole_spec spec[2], struct handle handle[2], bool joined[2])
{
	int ret = pinhole_join(self, table, &spec[0], &handle[0], &joined[0]);

	if (ret != 0)
		return ret;
	ret = pinhole_join(self, table, &spec[1], &handle[1], &joined[1]);
	if (ret != 0)
		pinhole_release(self, table, handle[0], 0);
	return ret;
}

int
pinhole_join_pair(struct thread *self, struct pinhole_table *table,
	const struct pinhole_spec spec[2], struct handle handle[2], bool joined[2])
{
	if (pinhole_keys_pair(&spec[0].key, &spec[1].key)) {
		const struct pinhole_place place = pinhole_place_of(table, &spec[0].key);
		int ret = 0;
		bool both;

		rte_spinlock_lock(place.stripe);
		both = pinhole_nodes(table, &place) == NULL;
		if (both)
			ret = pinhole_make_both(self, table, spec, &place, handle);
		rte_spinlock_unlock(place.stripe);
		if (both) {
			joined[0] = joined[1] = false;
			return ret;
		}
	}
	return pinhole_join_two(self, table, spec, handle, joined);
}

void
pinhole_widen(struct pinhole_table *table, struct handle handle, const struct pinhole_spec *spec)
{
	const struct pinhole_place place = pinhole_place_of(table, &spec->key);
	struct pinhole *pinhole = pool_get(table->pool, handle);

	if (pinhole == NULL)
		return;
	rte_spinlock_lock(place.stripe);
	if (pinhole_is_open(pinhole))
		pinhole_extend(table, pinhole, spec);
	rte_spinlock_unlock(place.stripe);
}

bool
pinhole_release(struct thread *self, struct pinhole_table *table, struct handle handle,
	uint32_t linger_until_s)
{
	struct pinhole *pinhole = pool_get(table->pool, handle);
	struct pinhole_place place;
	bool close = false, open;

	if (pinhole == NULL || !pinhole_is_open(pinhole))
		return false;
	place = pinhole_place_of(table, &pinhole->key);
	rte_spinlock_lock(place.stripe);
	/* The caller is online: not reused meanwhile, but perhaps closed. */
	open = pinhole_is_open(pinhole);
	if (open && atomic_load_explicit(&pinhole->holders, memory_order_relaxed) > 0) {
		atomic_fetch_sub_explicit(&pinhole->holders, 1, memory_order_relaxed);
		pinhole_raise_deadline(pinhole, linger_until_s);
		close = !pinhole_wanted(pinhole, self->now_s);
		if (close)
			pinhole_detach(table, pinhole, &place);
	}
	rte_spinlock_unlock(place.stripe);
	if (close)
		pinhole_finish(self, table, pinhole);
	return open && !close;
}

void
pinhole_media_commit(struct pinhole_table *table, struct handle handle,
	const struct pinhole_holder *holder, const struct media_announcement *announcement)
{
	struct pinhole *pinhole = pool_get(table->pool, handle);

	if (pinhole != NULL && pinhole_is_open(pinhole))
		media_filter_commit(&pinhole->media, holder, announcement);
}

void
pinhole_media_leave(struct thread *self, struct pinhole_table *table, struct handle handle,
	const struct pinhole_holder *holder)
{
	struct pinhole *pinhole = pool_get(table->pool, handle);
	struct media_sources gone, left;

	if (pinhole == NULL || !pinhole_is_open(pinhole))
		return;
	media_filter_leave(&pinhole->media, holder, &gone, &left);
	if (gone.count > 0)
		flow_owner_expel(self, table->flows, &pinhole->flows, &gone, &left);
}

struct pinhole_holder
pinhole_holder_of(const struct pinhole *pinhole)
{
	const struct media_call *call = &pinhole->media.call[0];

	for (unsigned int i = 0; i < PINHOLE_CALLS_MAX; i++)
		if (call->phase == MEDIA_NO_CALL)
			call = &pinhole->media.call[i];
	return (struct pinhole_holder){
		call->phase == MEDIA_NO_CALL ? 0xff : call->worker, call->call};
}

/* The pinhole that stands for a packet's destination and this source (0: any), or NULL. */
static struct pinhole *
pinhole_standing(struct thread *self, struct pinhole_table *table, const struct flow_key *real,
	rte_be32_t source)
{
	const struct pinhole_key key = {
		.src = source,
		.dst = real->dst,
		.dst_port = real->dst_port,
		.proto = real->proto,
	};
	const struct pinhole_place place = pinhole_place_of(table, &key);
	struct pinhole *found = pinhole_of(port_pair_pick(pinhole_nodes(table, &place), place.odd));

	return found != NULL && pinhole_wanted(found, self->now_s) ? found : NULL;
}

/* Room first: who is refused for want of it latches nothing. */
static enum pinhole_verdict
pinhole_media_verdict(struct pinhole *pinhole, const struct flow_key *real)
{
	if (flow_owner_count(&pinhole->flows) >= PINHOLE_FLOWS_MAX)
		return PINHOLE_FULL;
	return media_filter_admit(&pinhole->media, real->src, real->src_port) ? PINHOLE_PASS
									      : PINHOLE_REFUSED;
}

enum pinhole_verdict
pinhole_match(struct thread *self, struct pinhole_table *table, const struct flow_key *real,
	struct pinhole **pinhole)
{
	const rte_be32_t sources[] = {real->src, 0};
	enum pinhole_verdict verdict = PINHOLE_NONE;

	for (unsigned int i = 0; i < RTE_DIM(sources); i++) {
		struct pinhole *found = pinhole_standing(self, table, real, sources[i]);

		if (found == NULL)
			continue;
		if (pinhole_is_media(found)) {
			verdict = pinhole_media_verdict(found, real);
			if (verdict != PINHOLE_PASS)
				continue;
		}
		event_count(self->counters, EVENT_PINHOLE_PERMIT, 1);
		*pinhole = found;
		return PINHOLE_PASS;
	}
	return verdict;
}

bool
pinhole_signalling(struct thread *self, struct pinhole_table *table, const struct flow_key *real)
{
	const rte_be32_t sources[] = {real->src, 0};
	const uint64_t ports = atomic_load_explicit(
		&table->signalling_ports[real->dst_port / 64], memory_order_acquire);

	if (!(ports >> (real->dst_port % 64) & 1))
		return false;
	for (unsigned int i = 0; i < RTE_DIM(sources); i++) {
		const struct pinhole *found = pinhole_standing(self, table, real, sources[i]);

		if (found != NULL && !pinhole_is_media(found))
			return true;
	}
	return false;
}

static void
pinhole_age(struct thread *self, struct pinhole_table *table, struct pinhole *pinhole)
{
	struct pinhole_place place;
	bool close;

	if (!pinhole_is_open(pinhole) || pinhole_wanted(pinhole, self->now_s))
		return;
	place = pinhole_place_of(table, &pinhole->key);
	rte_spinlock_lock(place.stripe);
	close = pinhole_is_open(pinhole) && !pinhole_wanted(pinhole, self->now_s);
	if (close)
		pinhole_detach(table, pinhole, &place);
	rte_spinlock_unlock(place.stripe);
	if (close)
		pinhole_finish(self, table, pinhole);
}

void
pinhole_sweep(struct thread *self, struct pinhole_table *table, uint32_t budget)
{
	const uint32_t capacity = pool_capacity(table->pool);
	const uint32_t steps = RTE_MIN(budget, capacity);

	for (uint32_t i = 0; i < steps; i++) {
		table->sweep_index = table->sweep_index % capacity + 1;
		pinhole_age(self, table, pool_at(table->pool, table->sweep_index));
	}
	pool_reclaim(table->pool, budget);
}
