/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One instance a system.file_prefix: two would share a runtime folder, and `callgatectl` would not
 * know which of them it asks.
 */
#ifndef APP_INSTANCE_H
#define APP_INSTANCE_H

/**
 * Claim the runtime folder of this prefix until the process ends, however it ends. 0, or -errno
 * after a line on standard error. After rte_eal_init().
 */
int instance_claim(const char *file_prefix);

#endif
