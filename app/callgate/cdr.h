/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Call detail records (system.cdr): a line of JSON for each call that has ended, to a file or to syslog.
 *
 * The owners of calls gather and tell them (alg/call_record.h); here they become text. A file is opened with
 * the first line and again after cdr_reopen(); when it cannot be opened or written, the log says so once,
 * lines are counted as lost, and it is tried again every second in which there is one.
 *
 * All of it on the control lcore, offline: a write may take its time.
 */
#ifndef APP_CDR_H
#define APP_CDR_H

#include <stddef.h>
#include <stdint.h>

#include "alg/call_record.h"

struct appliance;
struct cdr;
struct config;

/** NULL: off, or no memory for it (rte_errno is then ENOMEM, else 0). Bring-up. */
struct cdr *cdr_create(const struct config *config);
void cdr_destroy(struct cdr *cdr); /* NULL is allowed */

/** Write the records of up to `budget` calls that have ended. */
void cdr_write(struct appliance *appliance, uint32_t budget);

/** The file may have been moved away: the next line opens it anew. NULL is allowed. */
void cdr_reopen(struct cdr *cdr);

/** The end of the run: calls that stand end, and all records are written. The workers have ended. */
void cdr_finish(struct appliance *appliance);

enum { CDR_LINE_MAX = 8192 };

/** One record as a line, its end included; returns its length. Always fits. */
size_t cdr_line(char line[CDR_LINE_MAX], const struct call_record *record);

#endif
