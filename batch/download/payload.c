/* Brings home the files that came within a payload, out of the database. */
#include <stdlib.h>
#include <strings.h>

#include "lib/db.h"
#include "batch/download/payload.h"
#include "batch/download/transfer.h"

bool
payload_is_link(const char *url)
{
	return strncasecmp(url, "data:", 5) == 0;
}

/* The file as the database has it, the caller's to free. */
static char *
payload_read(struct job *j, size_t *len)
{
	struct run	*run = j->downloads->run;
	struct db_param	 params[] = {
		db_text(run->owner), db_text(j->output.provider),
		db_text(j->output.task_id), db_text(j->output.position)
	};
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	char		*data = NULL;

	if (run_query(run, DB_EMBEDDED_CONTENT, params, &rows, &err) != DB_OK)
		(void)transfer_fail(j, TROUBLE_OURS, err.text);
	else if (db_value(rows, 0, 0) == NULL)
		(void)transfer_fail(j, TROUBLE_FINAL, "the file came within "
		    "the payload and is no longer kept");
	else if ((data = db_bytes(rows, 0, 0, len)) == NULL)
		(void)transfer_fail(j, TROUBLE_OURS, "out of memory");
	db_rows_free(rows);
	return data;
}

bool
payload_load(struct job *j)
{
	size_t	 len;
	char	*data = payload_read(j, &len);
	bool	 ok = data != NULL && transfer_fill(j, data, len);

	if (data != NULL && !ok)
		transfer_drop(j);
	free(data);
	return ok;
}
