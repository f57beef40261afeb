/* SPDX-License-Identifier: BSD-3-Clause */
/* config_free(): also of a configuration whose reading ended half way, so every pointer may be NULL. */
#include <stdlib.h>

#include "reader_priv.h"

static void
topology_free(struct config *config)
{
	unsigned int i;

	for (i = 0; config->ports != NULL && i < config->port_count; i++) {
		free(config->ports[i].name);
		free(config->ports[i].device);
		free(config->ports[i].rx_file);
		free(config->ports[i].tx_file);
	}
	for (i = 0; config->interfaces != NULL && i < config->interface_count; i++)
		free(config->interfaces[i].name);
	free(config->ports);
	free(config->interfaces);
	free(config->routes);
}

static void
acls_free(struct config *config)
{
	struct config_acl *acl;
	unsigned int i, j;

	for (i = 0; config->networks != NULL && i < config->network_count; i++) {
		free(config->networks[i].name);
		free(config->networks[i].prefixes);
	}
	free(config->networks);
	for (i = 0; config->acls != NULL && i < config->acl_count; i++) {
		acl = &config->acls[i];
		for (j = 0; acl->entries != NULL && j < acl->entry_count; j++) {
			free(acl->entries[j].source_ports);
			free(acl->entries[j].destination_ports);
		}
		free(acl->entries);
		free(acl->name);
	}
	free(config->acls);
}

static void
nat_free(struct config_nat *nat)
{
	unsigned int i;

	for (i = 0; nat->pools != NULL && i < nat->pool_count; i++) {
		free(nat->pools[i].name);
		free(nat->pools[i].ranges);
	}
	for (i = 0; nat->rules != NULL && i < nat->rule_count; i++)
		free(nat->rules[i].inside);
	free(nat->pools);
	free(nat->rules);
	free(nat->exclude);
}

static void
policy_free(struct config *config)
{
	unsigned int i;

	for (i = 0; config->zones != NULL && i < config->zone_count; i++)
		free(config->zones[i]);
	for (i = 0; config->class_maps != NULL && i < config->class_map_count; i++) {
		free(config->class_maps[i].name);
		free(config->class_maps[i].matches);
	}
	for (i = 0; config->policy_maps != NULL && i < config->policy_map_count; i++) {
		free(config->policy_maps[i].name);
		free(config->policy_maps[i].classes);
	}
	for (i = 0; config->zone_pairs != NULL && i < config->zone_pair_count; i++)
		free(config->zone_pairs[i].name);
	free(config->zones);
	free(config->class_maps);
	free(config->policy_maps);
	free(config->zone_pairs);
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	topology_free(config);
	acls_free(config);
	nat_free(&config->nat);
	policy_free(config);
	places_free(config->places);
	free(config->system.file_prefix);
	free(config->system.log_level);
	free(config->system.log_target);
	free(config->effective);
	free(config->system.log_modules);
	free(config->system.cdr_file);
	free(config->file);
	free(config);
}
