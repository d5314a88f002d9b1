/* What mends a failure of the database, by its class and SQLSTATE.  The words
 * beside them are in the server's language, and decide nothing. */
#include <string.h>

#include "cli/doctor/doctor.h"

/* The first row that fits counts: the class, and how the SQLSTATE begins
 * (Appendix A of PostgreSQL's manual). */
static const struct {
	enum err_class	 class;
	const char	*sqlstate;
	const char	*cure;
} cures[] = {
	{ ERR_NO_ANSWER, "", "is PostgreSQL running, and does the conninfo "
	    "name it?  pg_lsclusters; psql 'CONNINFO'" },
	{ ERR_SCHEMA, "", "genhook migrate, of the newer of the two" },
	{ ERR_SETTING, "", "correct the conninfo in the settings" },
	/* invalid_password */
	{ ERR_SQL, "28P01", "correct user and password in the conninfo, or "
	    "run this as the user whose login it is" },
	/* invalid_authorization_specification: no such role, or pg_hba.conf
	 * does not let it in */
	{ ERR_SQL, "28", "run this as a user whose login is there and let in "
	    "(runuser -u genhook -- genhook doctor), or create the role as "
	    "docs/deploy.md says; pg_hba.conf has who is let in" },
	/* invalid_catalog_name */
	{ ERR_SQL, "3D000", "create the database as docs/deploy.md says; then: "
	    "genhook migrate" },
	/* insufficient_privilege */
	{ ERR_SQL, "42501", "grant genhook_reader to the login that asks" },
	/* no such function, table, column or schema */
	{ ERR_SQL, "42", "genhook migrate --check lists what differs from the "
	    "schema as it was made" },
	{ ERR_SQL, "3F", "genhook migrate" },
	/* read_only_sql_transaction */
	{ ERR_SQL, "25006", "that server only follows another one: name the "
	    "first one in the conninfo, or both of them with "
	    "target_session_attrs=read-write" },
	/* out_of_memory */
	{ ERR_SQL, "53200", "PostgreSQL had too little memory: its log says "
	    "where; the machine needs more, or less work_mem" },
	/* too_many_connections */
	{ ERR_SQL, "53300", "end sessions that are not needed "
	    "(pg_stat_activity has them), or set max_connections higher" },
	/* disk_full */
	{ ERR_SQL, "53100", "make room on PostgreSQL's disk" },
	/* cannot_connect_now */
	{ ERR_SQL, "57P03", "PostgreSQL is starting, stopping or recovering: "
	    "wait, and ask again; its log says how far it is" },
	/* lock_not_available, query_canceled */
	{ ERR_SQL, "55P03", "somebody holds a lock for long: "
	    "pg_blocking_pids() says who" },
	{ ERR_SQL, "57014", "PostgreSQL took too long: pg_stat_activity says "
	    "what it is doing" },
	/* system_error: a file, a library, a disk */
	{ ERR_SQL, "58", "a file or library of PostgreSQL's cannot be read: "
	    "its words name it, and its log says more" },
	/* internal_error, data_corrupted, index_corrupted */
	{ ERR_SQL, "XX", "PostgreSQL's data may be damaged: look at its log "
	    "and the disk before anything else; docs/upgrade.md has how to "
	    "restore" },
	/* connection_exception, and a server that is being stopped */
	{ ERR_SQL, "08", "is PostgreSQL running?  pg_lsclusters" },
	{ ERR_SQL, "57P", "is PostgreSQL running?  pg_lsclusters" },
};

const char *
doctor_cure(const struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < sizeof(cures) / sizeof(cures[0]); i++)
		if (cures[i].class == err->class && strncmp(err->sqlstate,
		    cures[i].sqlstate, strlen(cures[i].sqlstate)) == 0)
			return cures[i].cure;
	return NULL;
}

void
doctor_db_wrong(struct doctor *d, const char *what, const struct errbuf *err)
{
	const char	*cure = doctor_cure(err);

	doctor_wrong(d, what, cure != NULL ? cure : "go by these words of "
	    "PostgreSQL's; its log may say more (pg_lsclusters names it)",
	    "%s", err->text);
}
