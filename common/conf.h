/* The settings, as all programs have them; conf_keys.h has the table. */
#ifndef GENHOOK_CONF_H
#define GENHOOK_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "handlers/provider.h"

#define CONF_DEFAULT_PATH	"/etc/genhook/genhook.conf"

/* One API key of a provider: the section "PROVIDER ACCOUNT { ... }". */
struct account {
	const struct provider	*provider;
	char			*name;
	char			**tokens;	/* NULL-terminated, at least 1 */
	char			**secrets;	/* NULL-terminated, may be none */
	char			*api_key;	/* "" when not set */
	char			*api_base;	/* without a slash at the end */
	char			*keys_url;	/* "" where none are published */
	bool			 requery;	/* trust = requery */
	int64_t			 poll_after_s;
	int64_t			 poll_every_max_s;
	int64_t			 give_up_after_s;
	int64_t			 polls_per_minute;
	int64_t			 submits_per_minute;
	bool			 resend_unknown;
};

/* Whom to tell of what happened: the section "forward NAME { ... }". */
struct forward {
	char	*name;
	char	*url;		/* "": command, which is not "" then */
	char	*command;	/* for the shell; the event is its input */
	char	**secrets;	/* NULL-terminated; with url at least 1 */
	char	**types;	/* of events; NULL-terminated, at least 1 */
	char	**accounts;	/* "provider account"; none: all */
	bool	 allow_private;	/* url may lead into a private network */
};

struct conf {
	char		*path;
	char		*conninfo;
	char		*receiver_conninfo;	/* else conninfo */
	char		*sweep_conninfo;	/* else conninfo */
	bool		 pooler;	/* no prepared statements or session */
	char		*base_url;
	int64_t		 threads;
	int64_t		 max_body_bytes;
	char		**trusted_proxies;	/* NULL-terminated, may be none */
	char		*spool_dir;
	int64_t		 spool_max_bytes;
	char		*archive_url;
	char		*s3_endpoint, *s3_region, *s3_access_key, *s3_secret_key;
	char		*s3_staging_dir;
	int64_t		 max_seconds;
	int64_t		 sweep_every_s;
	int64_t		 polls_in_flight;
	int64_t		 downloads_in_flight;
	int64_t		 max_output_bytes;
	bool		 allow_private_networks;
	int64_t		 retain_deliveries_days;
	char		*web_conninfo;		/* else conninfo */
	char		*web_secret;		/* "": there is no page */
	char		*web_url;		/* "": not known */
	bool		 web_trust_remote_user;
	int64_t		 web_thumbs;		/* 0: none are made */
	char		*web_sendfile;		/* "": the page sends files */
	char		*web_metrics_token;	/* "": none */
	char		*alert_url;		/* "": none, as the next two */
	char		*alert_format;
	char		*alert_command;
	int64_t		 alert_remind_hours;
	char		*alert_ping_url;
	struct account	*accounts;
	size_t		 naccounts;
	struct forward	*forwards;
	size_t		 nforwards;
};

/*
 * Read and check the file at path, or when path is NULL the one that
 * $GENHOOK_CONF names, else CONF_DEFAULT_PATH.  Returns NULL with err naming
 * file, line, key and range.  The caller frees with conf_free().
 */
struct conf *conf_load(const char *path, struct errbuf *err);

/*
 * The same for a person: each mistake is told in words, and not only the first;
 * so is each "${NAME}" that is not set here.  Returns what could be read for
 * further checks, with members that are NULL where nothing could; NULL without
 * memory.  The caller frees with conf_free().
 */
struct conf *conf_check(const char *path,
	    void (*each)(void *arg, const char *words), void *arg);

void	conf_free(struct conf *);		/* NULL is fine */

/* How an alert is written. */
enum alert_format {
	ALERT_JSON,
	ALERT_TEXT,
	ALERT_NTFY,
	ALERT_SLACK,
	ALERT_DISCORD,
	CONF_NALERT_FORMATS
};
/* The one of these settings; CONF_NALERT_FORMATS: a word that is none. */
enum alert_format conf_alert_format(const struct conf *);

/* The account of a provider by name, or NULL. */
const struct account *conf_account(const struct conf *,
	    const struct provider *, const char *name);

/* The forward of that name, or NULL. */
const struct forward *conf_forward(const struct conf *, const char *name);

/* The bytes that a forward's secret "whsec_..." stands for, as Standard Webhooks
 * has it, into key; 0: it is none. */
#define CONF_FORWARD_KEY_MIN	16
#define CONF_FORWARD_KEY_MAX	128
size_t	conf_forward_key(const char *secret,
	    unsigned char key[CONF_FORWARD_KEY_MAX]);

enum token_match {
	TOKEN_NONE,	/* it is no account's */
	TOKEN_FOUND,
	TOKEN_UNKNOWN	/* nobody can tell: there was no memory */
};

/* Whose token it is, and what may be kept of it: the first digits of its
 * SHA-256, in lower-case hex. */
#define CONF_TOKEN_DIGITS	8
struct conf_token {
	const struct account	*account;	/* NULL: nobody's */
	char			 digest[CONF_TOKEN_DIGITS + 1];
};

/*
 * Whose account of this provider is a token of len bytes?  *found is filled in
 * for TOKEN_FOUND.  Every token of every account is compared, in constant time.
 */
enum token_match conf_account_by_token(const struct conf *,
	    const struct provider *, const char *token, size_t len,
	    struct conf_token *found);

#define CONF_TOKEN_MIN	8
#define CONF_TOKEN_MAX	128

/* CONF_TOKEN_MIN to CONF_TOKEN_MAX letters, digits, '-' and '_' that do not
 * look like a number? */
bool	conf_token_is_valid(const char *token);

#endif
