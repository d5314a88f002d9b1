#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "common/database.h"
#include "cli/cli.h"

#define MIGRATE_TIMEOUT_MS	(30 * 60 * 1000)

/* The files of sql/ are part of the program: nothing to find, nothing to
 * mix with another version. */
#define MIGRATION(number, symbol, file)					\
	__asm__(".section .rodata\n"					\
	    "migration_" #number ":\n"					\
	    ".incbin \"" file "\"\n"					\
	    ".byte 0\n"							\
	    ".previous\n");						\
	extern const char migration_##number[];
#include "migrations.def"
#undef MIGRATION

static const struct migration {
	int		 version;
	const char	*name;
	const char	*sql;
} migrations[] = {
#define MIGRATION(number, symbol, file)					\
	{ number, #symbol, migration_##number },
#include "migrations.def"
#undef MIGRATION
};
#define NMIGRATIONS	(sizeof(migrations) / sizeof(migrations[0]))

/* Held until the connection ends; a second `migrate` waits for it. */
static const char	lock_sql[] =
    "set statement_timeout = 0; set lock_timeout = '10s';"
    " select pg_advisory_lock(hashtext('genhook migrate'))";

/* What the schema is from now on compared with. */
static const char	record_sql[] = "select genhook.record_objects()";

/* It was recorded by a server that prints definitions another way, or not at
 * all. */
static const char	recorded_sql[] =
    "select not exists (select from genhook.schema_drift()"
    " where kind = 'server')";

static const char	drift_sql[] =
    "select kind || ' ' || name || ' ' || what from genhook.schema_drift()";

static bool
digest_of(const struct migration *m, char hex[SHA256_HEX])
{
	unsigned char	digest[SHA256_BYTES];

	if (!sha256(m->sql, strlen(m->sql), digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	return true;
}

/* One file as it is applied: all of it and the note of it, or nothing.  The
 * caller frees; NULL: no memory. */
static char *
script_of(const struct migration *m, const char *digest)
{
	char	*script = NULL;

	if (asprintf(&script, "begin;\n%s\n;insert into genhook.migrations"
	    " (version, name, digest) values (%d, '%s', '%s');\ncommit;",
	    m->sql, m->version, m->name, digest) == -1)
		return NULL;
	return script;
}

/* What `psql -f` can apply to an empty database in our place. */
static int
migrations_print(void)
{
	char	 digest[SHA256_HEX], *script;
	size_t	 i;

	for (i = 0; i < NMIGRATIONS; i++) {
		if (!digest_of(&migrations[i], digest) ||
		    (script = script_of(&migrations[i], digest)) == NULL) {
			fputs("genhook: out of memory\n", stderr);
			return CLI_WRONG;
		}
		printf("-- %s.sql\n%s\n\n", migrations[i].name, script);
		free(script);
	}
	printf("%s;\n", record_sql);
	return CLI_OK;
}

/*
 * Has it been applied?  1 yes, 0 no, -1 with err: the database cannot be
 * asked, or had another file under this number.
 */
static int
is_applied(struct db *db, const struct migration *m, const char *digest,
    struct errbuf *err)
{
	char		 number[16];
	struct db_param	 params[] = { { number, DB_TEXT } };
	struct db_rows	*rows = NULL;
	int		 found = -1;

	if (db_query(db, "select to_regclass('genhook.migrations')", NULL, 0,
	    MIGRATE_TIMEOUT_MS, &rows, err) != DB_OK)
		return -1;
	if (db_value(rows, 0, 0) == NULL)
		found = 0;
	db_rows_free(rows);
	if (found == 0)
		return 0;
	(void)snprintf(number, sizeof(number), "%d", m->version);
	rows = NULL;
	if (db_query(db, "select name, digest from genhook.migrations"
	    " where version = $1::int", params, 1, MIGRATE_TIMEOUT_MS, &rows,
	    err) != DB_OK)
		return -1;
	found = db_rows_count(rows);
	if (found == 1 && strcmp(db_value(rows, 0, 1), digest) != 0) {
		errbuf_set(err, "migration %d: the database has had another "
		    "%s.sql than this program's", m->version,
		    db_value(rows, 0, 0));
		found = -1;
	}
	db_rows_free(rows);
	return found;
}

/* A database of a later release is not this program's to touch. */
static bool
is_newer(struct db *db, struct errbuf *err)
{
	static const char	 sql[] = "select max(version) from"
				    " genhook.migrations";
	struct db_rows		*rows = NULL;
	const char		*found;
	bool			 newer;

	if (db_query(db, sql, NULL, 0, MIGRATE_TIMEOUT_MS, &rows, err) !=
	    DB_OK)
		return true;
	found = db_value(rows, 0, 0);
	newer = found != NULL && strtol(found, NULL, 10) >
	    database_schema_version();
	if (newer)
		errbuf_set(err, "database: schema version is %s, this program "
		    "knows %d at most: use the newer genhook", found,
		    database_schema_version());
	db_rows_free(rows);
	return newer;
}

static bool
apply(struct db *db, const struct migration *m, const char *digest,
    struct errbuf *err)
{
	char	*script = script_of(m, digest);
	bool	 ok;

	if (script == NULL) {
		errbuf_set(err, "out of memory");
		return false;
	}
	ok = db_script(db, script, MIGRATE_TIMEOUT_MS, err) == DB_OK;
	free(script);
	return ok;
}

static bool
record(struct db *db, int applied, struct errbuf *err)
{
	struct db_rows	*rows = NULL;
	bool		 done;

	if (db_query(db, recorded_sql, NULL, 0, MIGRATE_TIMEOUT_MS, &rows,
	    err) != DB_OK)
		return false;
	done = applied == 0 && strcmp(db_value(rows, 0, 0), "t") == 0;
	db_rows_free(rows);
	return done || db_script(db, record_sql, MIGRATE_TIMEOUT_MS, err) ==
	    DB_OK;
}

/* A new database of another encoding could not hold what providers write:
 * such callbacks would wait in the spool for ever. */
static bool
encoding_fits(struct db *db, struct errbuf *err)
{
	static const char	 sql[] = "select current_setting("
				    "'server_encoding') where to_regclass("
				    "'genhook.migrations') is null";
	struct db_rows		*rows = NULL;
	bool			 fits;

	if (db_query(db, sql, NULL, 0, MIGRATE_TIMEOUT_MS, &rows, err) !=
	    DB_OK)
		return false;
	fits = db_rows_count(rows) == 0 ||
	    strcmp(db_value(rows, 0, 0), "UTF8") == 0;
	if (!fits)
		errbuf_set(err, "database: its encoding is %s, not UTF8: "
		    "createdb --encoding=UTF8 --template=template0",
		    db_value(rows, 0, 0));
	db_rows_free(rows);
	return fits;
}

/* Grants for roles that were made since, too; those that are not there are
 * named, since a login that was to have one may nothing then. */
static bool
grant_roles(struct db *db, struct errbuf *err)
{
	struct db_rows	*rows = NULL;
	int		 i;

	if (db_query(db, "select role from genhook.grant_roles() as role",
	    NULL, 0, MIGRATE_TIMEOUT_MS, &rows, err) != DB_OK)
		return false;
	for (i = 0; i < db_rows_count(rows); i++)
		printf("there is no role %s: the owner does its work\n",
		    db_value(rows, i, 0));
	db_rows_free(rows);
	return true;
}

static bool
migrate_all(struct db *db, int *applied, struct errbuf *err)
{
	char	digest[SHA256_HEX];
	size_t	i;
	int	has;

	if (db_script(db, lock_sql, MIGRATE_TIMEOUT_MS, err) != DB_OK ||
	    !encoding_fits(db, err))
		return false;
	for (i = 0; i < NMIGRATIONS; i++) {
		if (!digest_of(&migrations[i], digest)) {
			errbuf_set(err, "out of memory");
			return false;
		}
		if ((has = is_applied(db, &migrations[i], digest, err)) == -1)
			return false;
		if (has == 1)
			continue;
		if (!apply(db, &migrations[i], digest, err))
			return false;
		printf("applied %s\n", migrations[i].name);
		(*applied)++;
	}
	return !is_newer(db, err) && grant_roles(db, err) &&
	    record(db, *applied, err);
}

/* The files that the database has not had.  -1: as migrate_check(). */
static int
check_files(struct db *db, void (*say)(void *, const char *), void *arg,
    struct errbuf *err)
{
	struct errbuf	words;
	char		digest[SHA256_HEX];
	size_t		i;
	int		has, n = 0;

	for (i = 0; i < NMIGRATIONS; i++) {
		errbuf_set(err, "out of memory");
		if (!digest_of(&migrations[i], digest) ||
		    (has = is_applied(db, &migrations[i], digest, err)) == -1)
			return -1;
		if (has == 1)
			continue;
		errbuf_set(&words, "migration %s has not been applied",
		    migrations[i].name);
		say(arg, words.text);
		n++;
	}
	return n == 0 && is_newer(db, err) ? -1 : n;
}

int
migrate_check(struct db *db, void (*say)(void *, const char *), void *arg,
    struct errbuf *err)
{
	struct db_rows	*rows = NULL;
	int		 i, n = check_files(db, say, arg, err);

	if (n != 0)
		return n;
	if (db_query(db, drift_sql, NULL, 0, MIGRATE_TIMEOUT_MS, &rows,
	    err) != DB_OK)
		return -1;
	n = db_rows_count(rows);
	for (i = 0; i < n; i++)
		say(arg, db_value(rows, i, 0));
	db_rows_free(rows);
	return n;
}

static void
print_finding(void *arg, const char *words)
{
	(void)arg;
	printf("%s\n", words);
}

/* --check: what differs, a line each. */
static int
check(const struct conf *conf)
{
	struct errbuf	 err = { .text = "out of memory" };
	struct db	*db;
	int		 n = -1;

	if ((db = database_new(conf->conninfo, NULL, false)) != NULL)
		n = migrate_check(db, print_finding, NULL, &err);
	db_free(db);
	if (n == -1)
		return cli_wrong("%s", err.text);
	if (n > 0)
		return cli_wrong("%d differences from schema version %d", n,
		    database_schema_version());
	printf("schema version %d, as it was made\n", database_schema_version());
	return CLI_OK;
}

int
cli_migrate(const struct conf *conf, int argc, char **argv)
{
	struct db	*db;
	struct errbuf	 err = { .text = "out of memory" };
	int		 applied = 0;
	bool		 ok = false;

	if (argc == 2 && strcmp(argv[1], "--print") == 0)
		return migrations_print();
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return check(conf);
	if (argc != 1)
		return cli_usage(argv[0]);
	/* The lock would stay behind in a session of the pooler's. */
	if (conf->pooler)
		return cli_wrong("database.pooler is yes: migrate by settings "
		    "(--config FILE) that reach PostgreSQL itself");
	if ((db = database_new(conf->conninfo, NULL, false)) != NULL)
		ok = migrate_all(db, &applied, &err);
	db_free(db);
	if (!ok) {
		fprintf(stderr, "genhook: %s\n", err.text);
		return CLI_WRONG;
	}
	printf("schema version %d%s\n", database_schema_version(),
	    applied == 0 ? ", nothing to do" : "");
	return CLI_OK;
}
