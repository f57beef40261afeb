/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a value of a list ends.
 */
#ifndef SIP_VALUE_PRIV_H
#define SIP_VALUE_PRIV_H

#include "sip/uri_priv.h"
#include "sip/value.h"

/* Where the value that begins at p ends: a comma or the end. What is opened and never closed takes
 * the rest, so that reading a whole list stays linear. All from `base` on may be read. */
const char *value_end(const char *base, const char *p, const char *end);

#endif
