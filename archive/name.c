/*
 * Names for ids from outside: a provider chooses its task ids, and one such as
 * "../../etc/passwd" may not choose a path.
 */
#include <stdio.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "archive/name.h"

#define LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"

/* How much of a long id still stands in its name, for the human eye. */
#define PREFIX_LEN	30

/* Ids that are their own names; none of them begins with '_'. */
static bool
name_is_plain(const char *id)
{
	return *id != '\0' && strchr("._-", *id) == NULL &&
	    strlen(id) < ARCHIVE_NAME_MAX &&
	    strspn(id, LETTERS DIGITS "._-") == strlen(id);
}

/* '_', then the id with all but letters, digits, '.' and inner '-' as _xx.
 * False: it does not fit. */
static bool
name_escaped(const char *id, char *name, size_t namesz)
{
	size_t	n = 0;
	int	len;

	name[n++] = '_';
	name[n] = '\0';
	for (; *id != '\0'; id++) {
		bool	keep = strchr(LETTERS DIGITS ".", *id) != NULL ||
			    (*id == '-' && n > 1);

		len = snprintf(name + n, namesz - n, keep ? "%c" : "_%02x",
		    (unsigned char)*id);
		if (len < 0 || (size_t)len >= namesz - n)
			return false;
		n += (size_t)len;
	}
	return true;
}

/* "_-", the harmless head of the id, '-', and the whole id's SHA-256. */
static bool
name_digest(const char *id, char *name, size_t namesz)
{
	unsigned char	digest[SHA256_BYTES];
	char		hex[SHA256_HEX];
	int		head = (int)strspn(id, LETTERS DIGITS);

	if (!sha256(id, strlen(id), digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(name, namesz, "_-%.*s-%s",
	    head < PREFIX_LEN ? head : PREFIX_LEN, id, hex);
	return true;
}

bool
archive_name(const char *id, char name[ARCHIVE_NAME_MAX])
{
	if (name_is_plain(id)) {
		(void)snprintf(name, ARCHIVE_NAME_MAX, "%s", id);
		return true;
	}
	return name_escaped(id, name, ARCHIVE_NAME_MAX) ||
	    name_digest(id, name, ARCHIVE_NAME_MAX);
}
