/* A provider's published keys: a JSON Web Key Set (RFC 7517) of Ed25519 keys
 * (RFC 8037, section 2). */
#ifndef GENHOOK_JWKS_H
#define GENHOOK_JWKS_H

#include <stddef.h>

#include "lib/json.h"
#include "handlers/signature.h"

#define JWKS_KEYS_MAX	16

/*
 * The Ed25519 keys of a set, the first JWKS_KEYS_MAX; those of another kind, for
 * another use, or that are damaged are passed over.  Returns how many; 0: it is
 * no set, or has none.  Any thread may call it.
 */
size_t	jwks_read(struct json_object *set,
	    struct public_key keys[JWKS_KEYS_MAX]);

#endif
