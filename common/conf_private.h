/* Files that hold secrets: the settings themselves, and what they name. */
#ifndef GENHOOK_CONF_PRIVATE_H
#define GENHOOK_CONF_PRIVATE_H

#include <stdbool.h>

#include "lib/errbuf.h"

/*
 * Open a regular file for reading; what is what to call it.  -1 with err, also
 * when others can read it: 0640 root:group is as open as it may be.
 */
int	conf_private_open(const char *path, const char *what,
	    struct errbuf *err);

/* A setting's secret, for the caller to free: "file:PATH" stands for what is in
 * that file.  One line end is cut off.  NULL with err, which is as it was without
 * memory. */
char	*conf_private_secret(const char *value, struct errbuf *err);

/* Has it no control byte, no blank at an end and no byte order mark?  What has
 * one was copied badly, and would spoil a header or never be equal. */
bool	conf_private_is_clean(const char *secret);

#endif
