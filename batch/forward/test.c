/* One event of no consequence, by which a person tries a forward. */
#include <stdio.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "batch/forward/forward.h"
#include "batch/forward/send.h"

#define TEST_BODY_MAX	512
#define TEST_TURN_MS	100

static void
test_on_end(struct send *m)
{
	struct forward_test	*t = m->arg;

	t->taken = m->verdict == SEND_TAKEN;
	t->status = m->status;
	(void)snprintf(t->words, sizeof(t->words), "%s", m->err.text);
}

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
	struct sender	*sender = sender_new(1);
	char		 uuid[37] = "", mem[TEST_BODY_MAX];
	struct buf	 body;
	struct send	 m = { .to = f, .on_end = test_on_end, .arg = t };

	*t = (struct forward_test) { .words = "out of memory" };
	buf_over(&body, mem, sizeof(mem));
	test_fill_body(f, &body);
	if (sender == NULL || !buf_ok(&body) || !uuid7(uuid)) {
		sender_free(sender);
		return;
	}
	(void)snprintf(t->webhook_id, sizeof(t->webhook_id), "msg_test_%s",
	    uuid);
	m.webhook_id = t->webhook_id;
	m.body = body.data;
	sender_put(sender, &m);
	while (sender_in_flight(sender) > 0)
		sender_turn(sender, TEST_TURN_MS);
	sender_free(sender);
}
