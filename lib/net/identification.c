/* SPDX-License-Identifier: BSD-3-Clause */
#include "identification.h"

#include "core/keyed_hash.h"

enum { NUMBERS = 1 << 16, ROUNDS = 4 };

/* Luby and Rackoff: four rounds of a keyed function on halves make a permutation. */
static uint16_t
permute(uint16_t number)
{
	uint8_t left = (uint8_t)(number >> 8), right = (uint8_t)number;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint8_t mixed = (uint8_t)(left ^ keyed_hash16(right, round));

		left = right;
		right = mixed;
	}
	return (uint16_t)(left << 8 | right);
}

void
identification_init(
	struct thread *self, struct identification *identification, unsigned int workers)
{
	identification->first = self->id;
	identification->step = workers;
	identification->next = random_below(&self->random, NUMBERS / workers);
}

rte_be16_t
identification_next(struct identification *identification)
{
	uint32_t number = identification->next;

	identification->next = (number + 1) % (NUMBERS / identification->step);
	number = number * identification->step + identification->first;
	return rte_cpu_to_be_16(permute((uint16_t)number));
}
