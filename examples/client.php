#!/usr/bin/env php
<?php
// Submit by SQL, and print where the outputs are:
//
//	client.php PROVIDER MODEL REQUEST
//
// Needs the pgsql extension, which shared hosts have.  PGHOST, PGUSER, ... say
// where the database is; there, put "host=... user=... password=..." into
// pg_connect().  A web page had better insert, keep the id, and look at it in
// the next request than wait.
const LOOK = <<<'SQL'
    select request_status, task_status, error, outputs,
        request_status in ('refused', 'unknown') or (task_status <> 'pending'
            and not outputs @> '[{"status": "pending"}]') as done
    from genhook.request_results where id = $1
    SQL;

if ($argc !== 4) {
    fwrite(STDERR, "usage: client.php PROVIDER MODEL REQUEST\n");
    exit(2);
}
[, $provider, $model, $request] = $argv;
$db = pg_connect('') or exit(1);
pg_query($db, 'listen genhook_request_settled');
pg_query($db, 'listen genhook_task_finished');
$result = pg_query_params($db,
    'insert into genhook.requests (provider, model, request, metadata)
    values ($1, $2, $3, $4) returning id',
    [$provider, $model, $request, json_encode(['client' => 'php'])])
    or exit(1);
$id = pg_fetch_result($result, 0, 'id');

for (;;) {
    $row = pg_fetch_assoc(pg_query_params($db, LOOK, [$id]));
    if ($row['done'] === 't')
        break;
    // Until a message comes, or a while: one can be missed, and none tells of
    // a download.
    for ($i = 0; $i < 20 && !pg_get_notify($db); $i++)
        usleep(100000);
}

if ($row['task_status'] !== 'succeeded') {
    fwrite(STDERR, "request $id: {$row['request_status']}, "
        . "{$row['task_status']}, {$row['error']}\n");
    exit(1);
}
foreach (json_decode($row['outputs'], true) as $output)
    echo $output['location'] ?? $output['text'], "\n";
