/* The page's own files, which are part of the program. */
#ifndef GENHOOK_WEB_PAGE_H
#define GENHOOK_WEB_PAGE_H

#include "web/web.h"

/* The file at this path ("/", "/page.js"), as the call's answer; WEB_NOT_FOUND:
 * there is none. */
enum web_status web_page(struct web_call *);

/*
 * The page's Content-Security-Policy: its own files and nothing else, no markup
 * made of text (trusted types), and outputs from the store of the settings where
 * they are kept in one.  The caller frees; NULL: no memory.
 */
char	*web_page_policy(const struct conf *);

#endif
