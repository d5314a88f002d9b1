/* Headers that say a file's digests: which there are, and what they hold. */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/digest_header.h"

#define BASE64	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
		"0123456789+/="

const char *const digest_header_names[] = {
	"Content-MD5", "Digest", "Repr-Digest", "Content-Digest", NULL
};

/* Whether each, in the same order, is of the whole file in any case. */
static const bool	digest_header_of_whole[] = { false, true, true, false };

/* Base64 of just the length that such a digest has. */
static void
digest_header_take(const char *text, char *digest, size_t digestsz)
{
	if (*text == ':')
		text++;
	if (strspn(text, BASE64) == digestsz - 1)
		(void)snprintf(digest, digestsz, "%.*s", (int)digestsz - 1,
		    text);
}

/* What follows "NAME=" at the beginning of an item of a list, or NULL. */
static const char *
digest_header_item(const char *list, const char *name)
{
	size_t	len = strlen(name);

	while (*list != '\0') {
		while (*list == ',' || isspace((unsigned char)*list))
			list++;
		if (strncasecmp(list, name, len) == 0 && list[len] == '=')
			return list + len + 1;
		list += strcspn(list, ",");
	}
	return NULL;
}

void
digest_header_read(struct digest_header *h, const char *name,
    const char *value, bool part)
{
	const char	*text;
	size_t		 i;

	for (i = 0; digest_header_names[i] != NULL; i++)
		if (strcasecmp(name, digest_header_names[i]) == 0)
			break;
	if (digest_header_names[i] == NULL ||
	    (part && !digest_header_of_whole[i]))
		return;
	if (i == 0) {
		digest_header_take(value, h->md5, sizeof(h->md5));
		return;
	}
	if ((text = digest_header_item(value, "sha-256")) != NULL)
		digest_header_take(text, h->sha256, sizeof(h->sha256));
	/* A whole file's MD5 cannot be told from its rest. */
	if (!part && (text = digest_header_item(value, "md5")) != NULL)
		digest_header_take(text, h->md5, sizeof(h->md5));
}
