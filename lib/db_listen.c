/* Listening to a channel of NOTIFY. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"

enum db_verdict
db_listen(struct db *db, const char *channel, int timeout_ms,
    struct errbuf *err)
{
	char	sql[80];

	(void)snprintf(sql, sizeof(sql), "listen %s", channel);
	return db_script(db, sql, timeout_ms, err);
}

enum db_verdict
db_notified(struct db *db, int timeout_ms, char **message,
    struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	PGnotify	*note;

	*message = NULL;
	/* What is there already is read even where there is no time to wait. */
	while ((note = PQnotifies(db->conn)) == NULL) {
		if (PQconsumeInput(db->conn) == 0) {
			db_words(err, "listen", PQerrorMessage(db->conn));
			db_class(err, NULL);
			db_disconnect(db);
			return DB_AWAY;
		}
		if ((note = PQnotifies(db->conn)) != NULL)
			break;
		if (db_wait(db->conn, POLLIN, deadline_ms) == 0)
			return DB_OK;
	}
	if ((*message = strdup(note->extra)) == NULL) {
		(void)errbuf_no_memory(err);
		errbuf_reword(err, "database: out of memory");
	}
	PQfreemem(note);
	return *message != NULL ? DB_OK : DB_AWAY;
}

int
db_socket(const struct db *db)
{
	return db->conn != NULL ? PQsocket(db->conn) : -1;
}
