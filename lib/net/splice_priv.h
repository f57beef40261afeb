/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the two halves of the splice. */
#ifndef NET_SPLICE_PRIV_H
#define NET_SPLICE_PRIV_H

#include "splice.h"

enum { SPLICE_MSS = 536 }; /* of an end that announced none (RFC 9293 3.7.1) */

/** By how many bits the windows of this direction's receiver are shifted. */
unsigned int splice_scale(const struct splice *splice, unsigned int direction);

/** Bytes of the window that the receiver of this direction's bytes said last. */
uint32_t splice_window(const struct splice *splice, unsigned int direction);

/** The sender learns that what is held has arrived; splice_answer() tells it. */
void splice_tell_ahead(struct splice *splice, struct splice_stream *stream);

/** Start or stop the clock after which what the receiver lacks is sent again. */
void splice_repeat_later(struct splice *splice, struct splice_stream *stream);

#endif
