/*
 * The text of a spool file, which a program of another version may read:
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
 * may be left out, and lines with other keys are passed over.
 */
#ifndef GENHOOK_SPOOL_FORMAT_H
#define GENHOOK_SPOOL_FORMAT_H

#include <stddef.h>

#include "lib/errbuf.h"
#include "common/delivery.h"

/* The text of a delivery's file, *len bytes for the caller to free; NULL: no
 * memory. */
char	*spool_format_print(const struct delivery *, size_t *len);

/*
 * The delivery in a file's text of len bytes and a NUL, which is written over.
 * Its outcome is the one that the handler proposed, its result is empty.  NULL
 * with err: ERR_NO_MEMORY may pass, anything else is of the text and stays.
 */
struct delivery *spool_format_parse(char *text, size_t len,
	    struct errbuf *err);

#endif
