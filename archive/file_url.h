/* Paths of this machine as file URLs (RFC 8089). */
#ifndef GENHOOK_FILE_URL_H
#define GENHOOK_FILE_URL_H

/*
 * The path of a URL that begins with "file://" and has no host or "localhost",
 * its escapes undone and without slashes at its end; the caller frees it.
 * NULL: it is no such URL, its path is not absolute, or no memory.
 */
char	*file_url_path(const char *url);

/* The URL of a path, escaped where RFC 3986 wants it; the caller frees it.
 * NULL: no memory. */
char	*file_url_of(const char *path);

#endif
