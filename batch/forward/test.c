/* One event of no consequence, by which a person tries a forward. */
#include <stdio.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "batch/forward/envelope.h"
#include "batch/forward/forward.h"

#define TEST_BODY_MAX	512

static void
test_fill_body(const struct forward *f, struct buf *body)
{
	char		at[32] = "";
	time_t		now = time(NULL);
	struct tm	tm;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(body, "{\"type\":\"test\",\"timestamp\":\"%s\",\"data\":"
	    "{\"forward\":\"", at);
	buf_json(body, f->name, TEST_BODY_MAX / 2);
	buf_text(body, "\"}}");
}

void
forward_test(const struct forward *f, struct forward_test *t)
{
	char		uuid[37] = "", mem[TEST_BODY_MAX];
	struct buf	body;
	struct envelope	envelope;
	struct send	m = { .verdict = SEND_REFUSED };

	*t = (struct forward_test) { .words = "out of memory" };
	buf_over(&body, mem, sizeof(mem));
	test_fill_body(f, &body);
	if (!buf_ok(&body) || !uuid7(uuid))
		return;
	(void)snprintf(t->webhook_id, sizeof(t->webhook_id), "msg_test_%s",
	    uuid);
	if (envelope_address(&envelope, &m, f, t->webhook_id, body.data,
	    (int64_t)time(NULL), &m.err))
		send_one(&m, NULL);
	envelope_free(&envelope);
	t->taken = m.verdict == SEND_TAKEN;
	t->status = m.status;
	(void)snprintf(t->words, sizeof(t->words), "%s", t->taken ? "" :
	    m.err.text);
}
