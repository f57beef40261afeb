/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The accounts of zone pairs and classes (flow/flow_account.h), by name. They outlive rulesets: a
 * reload finds those of the pairs and classes that it still has, with their counters and the flows
 * that stand, and takes free ones for new ones.
 *
 * Life cycle of one: free, named by a ruleset that is being made, and free again when no ruleset names
 * it, no flow counts there, and a grace period has passed since.
 * Synchronization: names and uses belong to the control lcore; the accounts themselves are for all.
 */
#ifndef FW_ACCOUNT_H
#define FW_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct flow_account;
struct fw_accounts;

/* Beside the classes of a zone pair, in `class` of fw_account_name(). */
#define FW_CLASS_PAIR    "*" /* all of the pair's classes */
#define FW_CLASS_PINHOLE "pinholes" /* let in by pinholes, where the policy would not */

/** Accounts that this configuration needs. */
uint32_t fw_accounts_needed(const struct config *config);

/** Room for `needed`, as much again for what a reload adds, and some. NULL and rte_errno. Bring-up. */
struct fw_accounts *fw_accounts_create(uint32_t needed, int socket);
void fw_accounts_destroy(struct fw_accounts *accounts); /* NULL is allowed */
size_t fw_accounts_memory(uint32_t needed);

/** All of them, for flow_table_accounts(). */
struct flow_account *fw_accounts_all(struct fw_accounts *accounts);

/** Names of an account; false for 0 and for a free one. Control lcore. */
bool fw_account_name(const struct fw_accounts *accounts, uint32_t number, const char **zone_pair,
	const char **class);

/**
 * Accounts that nobody needs any more: how many were found. After a grace period, if there are any,
 * fw_accounts_collect() frees them. Control lcore, before a ruleset is made.
 */
uint32_t fw_accounts_look(struct fw_accounts *accounts);
void fw_accounts_collect(struct fw_accounts *accounts);

/** Number of the account of these names, from now on in use once more; 0: none is free. Control lcore. */
uint32_t fw_account_use(
	struct fw_accounts *accounts, const char *zone_pair, const char *class, uint32_t parent);

/** A ruleset that used it goes. Control lcore. */
void fw_account_leave(struct fw_accounts *accounts, uint32_t number);

#endif
