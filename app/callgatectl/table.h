/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON answers as aligned text.
 */
#ifndef CALLGATECTL_TABLE_H
#define CALLGATECTL_TABLE_H

#include <stdio.h>

#include <jansson.h>

/**
 * Print an answer: scalars of a dictionary as name and value rows, an array (or dictionary) of
 * records as a table with a column a field, anything deeper as compact JSON in its cell. A table
 * wider than `width` columns is printed with a row a field where that fits.
 */
void table_print(FILE *out, const json_t *answer, unsigned int width);

#endif
