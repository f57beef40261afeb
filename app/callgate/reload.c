/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdr.h"
#include "core/log.h"
#include "core/rcu.h"
#include "log_levels.h"
#include "notify.h"
#include "reload.h"
#include "request.h"

enum { GRACE_POLL_US = 100 };

/* Readers: telemetry handlers; writer: whoever replaces ruleset and text. */
static pthread_rwlock_t ruleset_lock = PTHREAD_RWLOCK_INITIALIZER;

/* Where the faults of one reload go. */
struct faults {
	unsigned int count;
	char *text; /* NULL: to the log alone */
	size_t used, size;
};

void
reload_hold(void)
{
	pthread_rwlock_rdlock(&ruleset_lock);
}

void
reload_release(void)
{
	pthread_rwlock_unlock(&ruleset_lock);
}

const char *
reload_configuration(const struct appliance *appliance, uint64_t *reloads)
{
	*reloads = appliance->reloads;
	return appliance->reloaded ? appliance->reloaded : appliance->config->effective;
}

void
reload_destroy(struct appliance *appliance)
{
	free(appliance->reloaded);
	appliance->reloaded = NULL;
}

static void
fault_note(void *context, const struct config_fault *fault)
{
	struct faults *faults = context;
	char line[2048];
	int length;

	config_fault_format(line, sizeof(line), fault);
	LOG(WARNING, "reload refused: %s", line);
	faults->count++;
	if (faults->text == NULL)
		return;
	length = snprintf(faults->text + faults->used, faults->size - faults->used, "%s\n", line);
	if (length > 0 && (size_t)length < faults->size - faults->used)
		faults->used += (size_t)length;
	else
		faults->text[faults->used] = '\0';
}

static void
grace_wait(void)
{
	const struct timespec pause = {.tv_nsec = GRACE_POLL_US * 1000};
	uint64_t token = rcu_start();

	while (!rcu_passed(token))
		nanosleep(&pause, NULL);
}

/* Room for the zone pairs and classes of the file was counted at start; what has flows keeps its own. */
static void
accounts_fault(const struct config *next, struct faults *faults)
{
	const struct config_place place = config_place(next, "zone_pairs");
	const struct config_fault fault = {
		.file = place.file,
		.line = place.line,
		.path = "zone_pairs",
		.text = "have more classes than there is room for beside those whose flows still "
			"stand, allowed: fewer, or a restart",
	};

	fault_note(faults, &fault);
}

/*
 * Telemetry sees ruleset, text and count change at once; workers come round to the new ruleset, and then
 * nobody asks the old one any more. `text` is kept.
 */
static void
ruleset_replace(struct appliance *appliance, struct ruleset *next, char *text)
{
	struct ruleset *old = appliance_ruleset(appliance);

	pthread_rwlock_wrlock(&ruleset_lock);
	/* release: pairs with appliance_ruleset() */
	atomic_store_explicit(&appliance->ruleset, next, memory_order_release);
	free(appliance->reloaded);
	appliance->reloaded = text;
	appliance->reloads++;
	appliance->loaded_at = time(NULL);
	pthread_rwlock_unlock(&ruleset_lock);
	grace_wait();
	ruleset_destroy(old);
}

static int
reload(struct appliance *appliance, struct faults *faults)
{
	const struct config *running = appliance->config;
	uint16_t generation = (uint16_t)(ruleset_generation(appliance_ruleset(appliance)) + 1);
	struct ruleset *ruleset;
	struct config *next;
	char *text;
	int rc = 0;

	next = config_load(appliance->options->config_file, fault_note, faults);
	if (next == NULL)
		return -EINVAL;
	if (config_reload_check(running, next, fault_note, faults) > 0)
		rc = -EINVAL;
	if (rc == 0) {
		if (fw_accounts_look(appliance->accounts) > 0) {
			grace_wait();
			fw_accounts_collect(appliance->accounts);
		}
		rc = ruleset_create(next, appliance->accounts, generation ? generation : 1,
			appliance->socket, &ruleset);
	}
	if (rc == -ENOSPC)
		accounts_fault(next, faults);
	text = next->effective;
	if (rc == 0) {
		next->effective = NULL;
		log_levels_configure(next);
	}
	config_free(next);
	if (rc != 0)
		return rc;
	ruleset_replace(appliance, ruleset, text);
	LOG(INFO, "configuration reloaded");
	return 0;
}

void
reload_ask(struct appliance *appliance, struct request *request)
{
	if (appliance->reload_request == NULL) {
		appliance->reload_request = request;
		return;
	}
	request->result = -EBUSY;
	request_done(request);
}

void
reload_step(struct appliance *appliance)
{
	struct request *request = appliance->reload_request;
	struct faults faults = {0};
	int rc;

	/* relaxed: a flag that is looked at again in a millisecond */
	if (!atomic_exchange_explicit(&appliance->reload_wanted, false, memory_order_relaxed) &&
		request == NULL)
		return;
	if (request != NULL) {
		request->text[0] = '\0';
		faults.text = request->text;
		faults.size = sizeof(request->text);
	}
	notify_reloading();
	/* Also when the file is refused: whoever moves logs away does not look at it. */
	cdr_reopen(appliance->cdr);
	rc = reload(appliance, &faults);
	notify_reloaded(rc != 0);
	if (rc != 0 && faults.count == 0)
		LOG(WARNING, "reload failed: %s", strerror(-rc));
	if (request == NULL)
		return;
	appliance->reload_request = NULL;
	request->result = faults.count > 0 ? (int)faults.count : rc;
	request_done(request);
}
