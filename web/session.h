/* Who asks: the session's cookie, the web server's word, and where a request
 * came from. */
#ifndef GENHOOK_WEB_SESSION_H
#define GENHOOK_WEB_SESSION_H

#include "web/web.h"

#define WEB_SESSION_DAYS	30

/* Is it a name for a person: 1 to WEB_NAME_MAX letters, digits, and "._@-"? */
bool	web_name_is_valid(const char *);

/*
 * Who has this request been sent by?  By a cookie that web.secret has signed
 * and whose days are not over, or by REMOTE_USER where the settings trust it;
 * nobody: WEB_ANYONE.  Whether somebody ended the session, the database says.
 */
void	web_session_read(const struct conf *, const struct request *,
	    int64_t now_us, struct web_session *);

/* The cookie's value for a session, as web_session_read() takes it; false where
 * the library failed. */
#define WEB_COOKIE	"genhook_session"
#define WEB_COOKIE_MAX	320
bool	web_session_cookie(const struct conf *, const struct web_session *,
	    char value[WEB_COOKIE_MAX]);

/* Did the request come over https, as far as it tells? */
bool	web_is_https(const struct request *);

/*
 * Did the page itself send it, and no other site's?  A browser says where a POST
 * comes from: in Sec-Fetch-Site (W3C Fetch Metadata) or in Origin, whose host
 * has to be this one's.  What says neither is no browser's.
 */
bool	web_is_same_origin(const struct conf *, const struct request *);

#endif
