<?php
// Be told of finished tasks: the page that a forward of genhook POSTs to.  Put it
// where your web server runs PHP, or try it with
//
//	GENHOOK_SECRET=whsec_... php -S 127.0.0.1:8000 receive.php
//
// Needs the pgsql extension.  GENHOOK_SECRET is the forward's secret, or several
// with blanks between; your database has the table "taken" of docs/applications.md.
$keys = array_map(fn($s) => base64_decode(substr($s, strlen('whsec_'))),
    explode(' ', getenv('GENHOOK_SECRET')));
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$body = file_get_contents('php://input');

// Is it from who has the secret, as it was sent, and of now?
$genuine = false;
foreach ($keys as $key) {
    $ours = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $theirs)
        $genuine = hash_equals($ours, $theirs) || $genuine;
}
if (!$genuine || abs(time() - (int)$at) > 300) {
    http_response_code(401);
    exit;
}

// Once for each id: what comes again changes nothing.
http_response_code(500);
$db = pg_connect('');
pg_query($db, 'begin');
$result = pg_query_params($db, 'insert into taken (webhook_id, event)
    values ($1, $2) on conflict do nothing', [$id, $body]);
if (pg_affected_rows($result) === 1) {
    // what you do with it, in the same transaction
}
if (pg_query($db, 'commit'))
    http_response_code(204);
