#!/usr/bin/python3
"""Submit by SQL, and print where the outputs are:

    client.py PROVIDER MODEL REQUEST

Needs python3-psycopg2.  PGHOST, PGUSER, ... say where the database is.
"""
import select
import sys

import psycopg2
import psycopg2.extras

LOOK = """
select request_status, task_status, error, outputs,
    request_status in ('refused', 'unknown') or (task_status <> 'pending'
        and not outputs @> '[{"status": "pending"}]') as done
from genhook.request_results where id = %s"""

if len(sys.argv) != 4:
    print("usage: client.py PROVIDER MODEL REQUEST", file=sys.stderr)
    sys.exit(2)
provider, model, request = sys.argv[1:]
db = psycopg2.connect("")
db.autocommit = True
sql = db.cursor(cursor_factory=psycopg2.extras.DictCursor)
sql.execute("listen genhook_request_settled; listen genhook_task_finished")
sql.execute(
    "insert into genhook.requests (provider, model, request, metadata)"
    " values (%s, %s, %s, %s) returning id",
    (provider, model, request, '{"client": "python"}'))
number = sql.fetchone()["id"]

while True:
    sql.execute(LOOK, (number,))
    row = sql.fetchone()
    if row["done"]:
        break
    # Until a message comes, or a while: one can be missed, and none tells of
    # a download.
    select.select([db], [], [], 2)
    db.poll()
    db.notifies.clear()

if row["task_status"] != "succeeded":
    sys.exit(f"request {number}: {row['request_status']},"
             f" {row['task_status']}, {row['error']}")
for output in row["outputs"]:
    print(output["location"] or output["text"])
