/*
 * The keys that a provider has published, kept in a file of the spool's
 * directory: the sweep fetches them, and handlers read them, who never wait for
 * the network.  A handler that found no key for a signature leaves a mark, by
 * which the next sweep fetches them anew.  Any thread may call what is here.
 */
#ifndef GENHOOK_KEY_FILE_H
#define GENHOOK_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "handlers/jwks.h"
#include "common/conf.h"

#define KEY_FILE_MAX_BYTES	65536

/* Keys are fetched anew after an hour, and none is trusted for longer than a
 * day, as fal asks: https://docs.fal.ai/model-apis/model-endpoints/webhooks */
#define KEY_FILE_FRESH_S	3600
#define KEY_FILE_TRUSTED_S	86400
/* Not more often than this are they asked for, whatever marks are left. */
#define KEY_FILE_PAUSE_S	60

/* Are the account's callbacks signed with a published key? */
bool	key_file_is_used(const struct account *);

/* The account's provider's keys; returns how many.  0: none are known, or they
 * are too old. */
size_t	key_file_read(const struct conf *, const struct account *,
	    struct public_key keys[JWKS_KEYS_MAX]);

/* Seconds since they were fetched; -1: they never were. */
int64_t	key_file_age(const struct conf *, const struct account *);

/* Have the sweep fetch them anew: none of them was the right one. */
void	key_file_want(const struct conf *, const struct account *);

/* Are they to be fetched now?  True at most once in KEY_FILE_PAUSE_S, since it
 * notes that they are. */
bool	key_file_is_due(const struct conf *, const struct account *);

/* Keep a key set as it came, in place of the one before.  False with err: it
 * holds no key, or could not be written; the one before stays. */
bool	key_file_write(const struct conf *, const struct account *,
	    const char *set, size_t len, struct errbuf *err);

#endif
