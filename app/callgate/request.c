/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <time.h>

#include "reload.h"
#include "request.h"
#include "show.h"
#include "worker.h"

enum { REQUESTS = 12, POLL_US = 200, MAILS_A_TURN = 8 };

enum request_state {
	REQUEST_FREE,
	REQUEST_POSTED,
	REQUEST_SERVED,
	REQUEST_DONE,
	REQUEST_ABANDONED
};

static struct request requests[REQUESTS];
static atomic_bool ended; /* writer: tear-down; readers: askers */

struct request *
request_take(enum request_kind kind)
{
	for (unsigned int i = 0; i < REQUESTS; i++) {
		int expected = REQUEST_FREE;

		/* acquire: pairs with the release of whoever freed it */
		if (atomic_compare_exchange_strong_explicit(&requests[i].state, &expected,
			    REQUEST_POSTED, memory_order_acquire, memory_order_relaxed)) {
			requests[i].kind = kind;
			requests[i].cursor = requests[i].next = 0;
			requests[i].max = 0;
			requests[i].call_id[0] = '\0';
			requests[i].filter = (struct record_filter){0};
			requests[i].result = 0;
			return &requests[i];
		}
	}
	return NULL;
}

void
request_free(struct request *request)
{
	/* release: pairs with request_take() */
	atomic_store_explicit(&request->state, REQUEST_FREE, memory_order_release);
}

static bool
request_abandon(struct request *request)
{
	int state = atomic_load_explicit(&request->state, memory_order_acquire);

	while (state != REQUEST_DONE) {
		/* acq_rel: the server either sees ABANDONED or has published DONE before */
		if (atomic_compare_exchange_weak_explicit(&request->state, &state,
			    REQUEST_ABANDONED, memory_order_acq_rel, memory_order_acquire))
			return true;
	}
	return false;
}

int
request_ask(struct mailbox *mailbox, struct request *request)
{
	struct mail mail = {.kind = request->kind, .pointer = request};
	const struct timespec pause = {.tv_nsec = POLL_US * 1000};
	unsigned int wait_ms =
		request->kind == REQUEST_RELOAD ? REQUEST_RELOAD_WAIT_MS : REQUEST_WAIT_MS;

	if (mailbox_post(mailbox, &mail) != 0) {
		request_free(request);
		return -ENOBUFS;
	}
	/* relaxed: it only ends the wait */
	for (unsigned int i = 0;
		i < wait_ms * 1000 / POLL_US && !atomic_load_explicit(&ended, memory_order_relaxed);
		i++) {
		/* acquire: pairs with the release in request_done() */
		if (atomic_load_explicit(&request->state, memory_order_acquire) == REQUEST_DONE)
			return 0;
		nanosleep(&pause, NULL);
	}
	return request_abandon(request) ? -ETIMEDOUT : 0;
}

void
requests_end(void)
{
	atomic_store_explicit(&ended, true, memory_order_relaxed);
}

/* Server: take a posted request; false when its asker has gone. */
static bool
request_serve(struct request *request)
{
	int expected = REQUEST_POSTED;

	if (atomic_compare_exchange_strong_explicit(&request->state, &expected, REQUEST_SERVED,
		    memory_order_acq_rel, memory_order_acquire))
		return true;
	request_free(request);
	return false;
}

void
request_done(struct request *request)
{
	int expected = REQUEST_SERVED;

	/* release: the answer is complete before the asker sees DONE */
	if (!atomic_compare_exchange_strong_explicit(&request->state, &expected, REQUEST_DONE,
		    memory_order_acq_rel, memory_order_acquire))
		request_free(request);
}

void
request_serve_worker(struct worker *worker, const struct mail *mail)
{
	struct request *request = mail->pointer;
	uint32_t now_s = worker->thread.now_s;
	uint32_t cursor = (uint32_t)request->cursor;

	if (!request_serve(request))
		return;
	switch (request->kind) {
	case REQUEST_CALLS:
		request->result = (int)alg_calls_page(worker->alg, now_s, &cursor,
			&(const struct alg_call_filter){
				.call_id = request->filter.call_id,
				.host = request->filter.host,
				.zones = request->filter.zone_pair[0] != '\0',
				.source_zone = request->filter.source_zone,
				.destination_zone = request->filter.destination_zone,
			},
			RTE_MIN(request->max, (unsigned int)PAGE_CALLS_MAX), request->calls);
		request->next = cursor;
		break;
	case REQUEST_CALL:
		request->result = alg_call_describe(worker->alg, now_s, request->call_id,
			strlen(request->call_id), request->text, sizeof(request->text));
		break;
	case REQUEST_MESSAGES:
		request->next = request->cursor;
		request->result = (int)alg_history_page(worker->alg, &request->call_hash,
			&request->next, RTE_MIN(request->max, (unsigned int)PAGE_MESSAGES_MAX),
			request->messages);
		break;
	default:
		request->result = -EINVAL;
		break;
	}
	request_done(request);
}

unsigned int
request_serve_control(struct appliance *appliance)
{
	struct mail mails[MAILS_A_TURN];
	unsigned int count = mailbox_take(appliance->control_mailbox, mails, MAILS_A_TURN);

	for (unsigned int i = 0; i < count; i++) {
		struct request *request = mails[i].pointer;

		if (!request_serve(request))
			continue;
		switch (request->kind) {
		case REQUEST_TRANSLATIONS:
			show_translations(appliance, request);
			break;
		case REQUEST_SESSIONS:
			show_sessions(appliance, request);
			break;
		case REQUEST_PINHOLES:
			show_pinholes(appliance, request);
			break;
		case REQUEST_REGISTRATIONS:
			show_registrations(appliance, request);
			break;
		case REQUEST_TRACE_START:
			request->result = trace_start(appliance, &request->trace, &request->next);
			break;
		case REQUEST_TRACE_READ:
			request->result = trace_read(appliance, request->cursor, request->bytes,
				PAGE_TRACE_BYTES, &request->next);
			break;
		case REQUEST_TRACE_STOP:
			request->result = trace_stop(appliance, request->cursor);
			break;
		case REQUEST_TRACES:
			request->result = (int)trace_list(appliance, request->traces);
			break;
		case REQUEST_CLEAR_NAT:
			appliance->clearing_nat = true;
			appliance->clear_nat_cursor = 0;
			break;
		case REQUEST_CLEAR_FIREWALL:
			appliance->clearing_firewall = true;
			appliance->clear_firewall_cursor = 0;
			break;
		case REQUEST_RELOAD:
			reload_ask(appliance, request);
			continue; /* answered outside the sweep, offline */
		default:
			request->result = -EINVAL;
			break;
		}
		request_done(request);
	}
	return count;
}
