/*
 * libmagic, held to bytes in memory: it opens no file but its database, which
 * is mapped and shared, runs no program, and unpacks nothing.
 */
#include <magic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mime.h"

/* Nothing that unpacks; no search for programs, office files and tables, nor
 * for JSON, which libmagic knows only when it is whole. */
#define MIME_FLAGS	(MAGIC_MIME | MAGIC_NO_CHECK_COMPRESS | \
		    MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_ELF | \
		    MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_APPTYPE | \
		    MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_CSV | \
		    MAGIC_NO_CHECK_JSON)

struct mime {
	magic_t	cookie;
};

/* How deep the database may go into a file within a file.  Each step is
 * another walk through all of it, and ten bytes can ask for one: without the
 * limit, a head full of ID3 tags takes ten times as long. */
static const struct {
	int	name;
	size_t	value;
} mime_limits[] = {
	{ MAGIC_PARAM_INDIR_MAX, 4 },
	{ MAGIC_PARAM_NAME_MAX, 50 },
};

static bool
mime_set_limits(magic_t cookie)
{
	size_t	i;

	for (i = 0; i < sizeof(mime_limits) / sizeof(mime_limits[0]); i++)
		if (magic_setparam(cookie, mime_limits[i].name,
		    &mime_limits[i].value) == -1)
			return false;
	return true;
}

/* An empty database loads too, and then everything is unknown.  Debian's
 * /etc/magic is one, when the package of the real one is missing. */
static bool
mime_knows_png(struct mime *m)
{
	static const char	png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1"
				    "\0\0\0\1\x08\2\0\0\0\x90\x77\x53\xde";
	struct mime_type		seen;

	mime_detect(m, png, sizeof(png) - 1, &seen);
	return strcmp(seen.type, "image/png") == 0;
}

static bool
mime_load(struct mime *m, struct errbuf *err)
{
	const char	*words = NULL;

	if (!mime_set_limits(m->cookie) || magic_load(m->cookie, NULL) == -1)
		words = magic_error(m->cookie);
	else if (mime_knows_png(m))
		return true;
	errbuf_set(err, "no type of a file can be told, as libmagic has no "
	    "database (%s): install the package libmagic-mgc, or set MAGIC to "
	    "the path of a magic.mgc", words != NULL ? words :
	    "it is empty");
	return false;
}

struct mime *
mime_open(struct errbuf *err)
{
	struct mime	*m = calloc(1, sizeof(*m));

	if (m == NULL || (m->cookie = magic_open(MIME_FLAGS)) == NULL)
		(void)errbuf_no_memory(err);
	else if (mime_load(m, err))
		return m;
	mime_close(m);
	return NULL;
}

void
mime_close(struct mime *m)
{
	if (m != NULL && m->cookie != NULL)
		magic_close(m->cookie);
	free(m);
}

void
mime_detect(struct mime *m, const void *head, size_t len,
    struct mime_type *seen)
{
	const char	*words = magic_buffer(m->cookie, head, len);
	size_t		 n;

	/* "TYPE; charset=ENCODING"; NULL also for what went past a limit. */
	if (words == NULL)
		words = "";
	n = strcspn(words, ";");
	if (n >= sizeof(seen->type))
		n = 0;
	memcpy(seen->type, words, n);
	seen->type[n] = '\0';
	seen->text = strstr(words, "; charset=") != NULL &&
	    strstr(words, "; charset=binary") == NULL;
}
