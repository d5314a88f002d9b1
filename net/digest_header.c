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
static const bool	of_whole[] = { false, true, true, false };

/* Base64 of just the length that such a sum has. */
static void
take(const char *text, char *sum, size_t sumsz)
{
	if (*text == ':')
		text++;
	if (strspn(text, BASE64) == sumsz - 1)
		(void)snprintf(sum, sumsz, "%.*s", (int)sumsz - 1, text);
}

/* What follows "NAME=" at the beginning of an item of a list, or NULL. */
static const char *
item(const char *list, const char *name)
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
digest_header_read(struct digest_header *p, const char *name, const char *value,
    bool part)
{
	const char	*sum;
	size_t		 i;

	for (i = 0; digest_header_names[i] != NULL; i++)
		if (strcasecmp(name, digest_header_names[i]) == 0)
			break;
	if (digest_header_names[i] == NULL || (part && !of_whole[i]))
		return;
	if (i == 0) {
		take(value, p->md5, sizeof(p->md5));
		return;
	}
	if ((sum = item(value, "sha-256")) != NULL)
		take(sum, p->sha256, sizeof(p->sha256));
	/* A whole file's MD5 cannot be told from its rest. */
	if (!part && (sum = item(value, "md5")) != NULL)
		take(sum, p->md5, sizeof(p->md5));
}
