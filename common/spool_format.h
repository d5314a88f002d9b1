/*
 * The text of a delivery in a spool file, which a program of another version
 * may read:
 *
 *	genhook-spool 1
 *	id: 01a22965-f915-7d2e-87b0-4149119a2ee4
 *	received_at: 1795990878485937
 *	provider: novita
 *	account: default
 *	source: callback
 *	outcome: accepted
 *	verdict: token
 *	remote_addr: 192.0.2.7
 *	headers: {"content-type":"application/json"}
 *	note: two words
 *	body: 1057
 *
 *	1057 bytes of body
 *
 * received_at is in microseconds since 1970.  remote_addr, headers and note
 * may be left out, and lines with other keys are passed over.  A file holds one
 * such text, or several, each right behind the body of the one before.
 */
#ifndef GENHOOK_SPOOL_FORMAT_H
#define GENHOOK_SPOOL_FORMAT_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/errbuf.h"
#include "common/delivery.h"

/* Append the text of a delivery. */
void	spool_format_add(struct buf *, const struct delivery *);

/*
 * The first delivery in len bytes of text and a NUL, which are written over;
 * *used gets how many bytes are its.  Its outcome is the one that the handler
 * proposed, its result is empty.  NULL with err: ERR_NO_MEMORY may pass,
 * anything else is of the text and stays.  With *used it is one that this
 * program cannot make a delivery of, and what is behind it can be read; with 0
 * it is none, and where the next one would begin is not known.
 */
struct delivery *spool_format_next(char *text, size_t len, size_t *used,
	    struct errbuf *err);

#endif
