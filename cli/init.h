/* genhook init: what was asked for, and the steps that make it so. */
#ifndef GENHOOK_CLI_INIT_H
#define GENHOOK_CLI_INIT_H

#include <sys/types.h>

#include <stdbool.h>

#include "lib/buf.h"
#include "cli/cli.h"

#define INIT_ACCOUNTS_MAX	64

/* The system's users that are logins of a local database: the schema's owner, and
 * PostgreSQL's superuser. */
#define INIT_OWNER	"genhook"
#define INIT_SUPERUSER	"postgres"

/* One provider's section of the settings to be. */
struct init_account {
	const struct provider	*provider;
	char			*api_key, *secret;	/* NULL: none */
	char			 token[CLI_TOKEN_SIZE];
};

struct init_s3 {
	char	*endpoint, *region, *access_key, *secret_key;
};

/* Everything in it is its own, for init_free(). */
struct init {
	char			*path;		/* of the settings, absolute */
	char			*data_dir;	/* spool, outputs, staging */
	char			*spool_dir;
	char			*conninfo, *admin;	/* admin: a superuser's,
							   or NULL */
	char			*base_url;	/* "" where nobody knows */
	char			*archive_url;
	struct init_s3		 s3;
	char			*web_secret;	/* NULL: no page */
	char			*runner;	/* who runs handlers and sweep;
						   NULL: this user */
	uid_t			 runner_uid;	/* where runner is not NULL */
	gid_t			 runner_gid;
	bool			 asks;		/* there is somebody to ask */
	bool			 offline;	/* of the doctor */
	bool			 no_database;	/* print the SQL, do nothing */
	bool			 local;		/* root, and a database by its
						   socket, without a login: the
						   system's users are the
						   logins */
	struct init_account	 accounts[INIT_ACCOUNTS_MAX];
	size_t			 naccounts;
};

/* The account of a provider; NULL: there is none. */
struct init_account *init_account_of(struct init *, const struct provider *);
/* Add one, with a fresh token; false, with words said: there is one, or no
 * token can be made. */
bool	init_account_add(struct init *, const char *provider);
/* Take that over as an account's key or signing secret, if it can be one; false
 * with words said. */
bool	init_account_set_key(struct init_account *, const char *);
bool	init_account_set_secret(struct init_account *, const char *);
/* Does the provider sign every callback with a secret of the account's? */
bool	init_needs_secret(const struct provider *);

/* Set *to to a copy, and free what was there. */
void	init_set(char **to, const char *value);

/* Ask a person for what the arguments did not say.  False: nobody answers any
 * more. */
bool	init_ask(struct init *);

/* Write that file, complete or not at all, and never over another one; and make
 * the folders that it names.  False with words said. */
bool	init_settings_write(const struct init *);

/* The superuser's SQL, printed; or roles and database made by it, where that is
 * known to be wanted.  False with words said. */
bool	init_database_print(const struct init *);
bool	init_database_make(const struct init *);

#endif
