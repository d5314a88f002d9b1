/* Paths of this machine as file URLs, and back. */
#include <stdint.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "archive/file_url.h"

/* A lone '%', or a NUL behind one, is nobody's folder. */
static bool
file_url_escapes_ok(const char *p)
{
	while ((p = strchr(p, '%')) != NULL)
		if (hex_read(++p, 2) <= 0)
			return false;
	return true;
}

char *
file_url_path(const char *url)
{
	const char	*p = url + strlen("file://");
	struct buf	 path;

	if (strncmp(p, "localhost/", 10) == 0)
		p += 9;
	if (*p != '/' || !file_url_escapes_ok(p))
		return NULL;
	buf_init(&path, SIZE_MAX);
	buf_percent_decoded(&path, p, strlen(p));
	while (buf_ok(&path) && path.len > 1 && path.data[path.len - 1] == '/')
		buf_cut(&path, path.len - 1);
	return buf_take(&path);
}

char *
file_url_of(const char *path)
{
	struct buf	url;

	buf_init(&url, SIZE_MAX);
	buf_text(&url, "file://");
	buf_percent(&url, path, "/");
	return buf_take(&url);
}
