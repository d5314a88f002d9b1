/* Reads the Ed25519 keys of a JSON Web Key Set. */
#include <stdio.h>
#include <string.h>

#include "lib/crypto.h"
#include "handlers/jwks.h"

/* 32 bytes in Base64 take 43 characters, 44 with padding. */
#define JWKS_X_CHARS	44

static bool
jwks_is(struct json_object *key, const char *name, const char *want)
{
	const char	*value = json_string_at(key, name);

	return value != NULL && strcmp(value, want) == 0;
}

/* One key; false: none of ours. */
static bool
jwks_read_key(struct json_object *key, struct public_key *out)
{
	unsigned char	 raw[JWKS_X_CHARS / 4 * 3 + 3];
	const char	*x = json_string_at(key, "x");
	const char	*kid = json_string_at(key, "kid");

	if (!jwks_is(key, "kty", "OKP") || !jwks_is(key, "crv", "Ed25519") ||
	    (json_has(key, "use") && !jwks_is(key, "use", "sig")))
		return false;
	if (x == NULL || strlen(x) > JWKS_X_CHARS || base64_decode(x,
	    strlen(x), raw) != ED25519_KEY_BYTES)
		return false;
	if (kid != NULL && strlen(kid) >= sizeof(out->id))
		return false;
	(void)snprintf(out->id, sizeof(out->id), "%s", kid != NULL ? kid : "");
	memcpy(out->bytes, raw, ED25519_KEY_BYTES);
	return true;
}

size_t
jwks_read(struct json_object *set, struct public_key keys[JWKS_KEYS_MAX])
{
	struct json_object	*list = json_at(set, "keys");
	size_t			 i, n = 0;

	for (i = 0; i < json_length(list) && n < JWKS_KEYS_MAX; i++)
		n += jwks_read_key(json_item(list, i), &keys[n]);
	return n;
}
