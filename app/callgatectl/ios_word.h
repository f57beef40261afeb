/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words of a line, taken one after another: keywords in full or abbreviated, addresses, numbers.
 * What does not fit is not taken. Addresses are in host byte order.
 */
#ifndef CALLGATECTL_IOS_WORD_H
#define CALLGATECTL_IOS_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ios_text.h"

enum { IOS_INTERFACE_NAME_MAX = 64, IOS_ADDRESS_TEXT_MAX = 20 };

struct ios_words {
	const struct ios_line *line;
	unsigned int at;
};

/** The next word, which stays; NULL: none. */
const char *ios_peek(const struct ios_words *words);
/** Take any word; NULL: none. */
const char *ios_next(struct ios_words *words);
bool ios_done(const struct ios_words *words);

/** Take these keywords, all or none; two letters are enough, upper or lower case. */
bool ios_take(struct ios_words *words, const char *keywords);
bool ios_take_number(
	struct ios_words *words, unsigned int least, unsigned int most, unsigned int *number);
bool ios_take_address(struct ios_words *words, uint32_t *address);
/** A netmask, as how many bits are set from the left; contiguous ones only. */
bool ios_take_mask(struct ios_words *words, unsigned int *length);
/** A port by number or by the name that IOS has for it. */
bool ios_take_port(struct ios_words *words, bool tcp, uint16_t *port);

/**
 * An interface such as "gi0/0/0.10" or "GigabitEthernet 0/0/0.10": "gigabitethernet0/0/0.10".
 * `ethernet`: whether it is a kind that callgate can have.
 */
bool ios_take_interface(struct ios_words *words, char name[IOS_INTERFACE_NAME_MAX], bool *ethernet);

void ios_address_format(uint32_t address, char text[IOS_ADDRESS_TEXT_MAX]);

#endif
