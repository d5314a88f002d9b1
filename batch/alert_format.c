/* The formats of an alert. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "batch/alert_format.h"

#define ALERT_BODY_MAX		(64 * 1024)

/* Each format's bound on the text.  ntfy makes an attachment of what is over
 * 4,096 bytes (docs.ntfy.sh, "Limitations"); Discord refuses over 2,000 characters
 * (discord.com/developers, "Create Message"); Slack cuts over 40,000. */
static const size_t	alert_text_max[CONF_NALERT_FORMATS] = {
	[ALERT_JSON] = 16000, [ALERT_TEXT] = 16000, [ALERT_NTFY] = 3500,
	[ALERT_SLACK] = 16000, [ALERT_DISCORD] = 1700
};

/* ---- the text ----------------------------------------------------------- */

static size_t
alert_count(const struct alert_finding *f, size_t n, const char *state)
{
	size_t	i, count = 0;

	for (i = 0; i < n; i++)
		count += strcmp(f[i].state, state) == 0;
	return count;
}

/* "genhook on HOST: 2 new, 1 still there, 1 well again" */
static void
alert_title(const char *host, const struct alert_finding *f, size_t n,
    char *title, size_t size)
{
	static const struct {
		const char	*state, *words;
	} kinds[] = {
		{ "new", "new" }, { "reminder", "still there" },
		{ "well", "well again" }
	};
	struct buf	b;
	const char	*between = ": ";
	size_t		i, count;

	buf_over(&b, title, size);
	buf_printf(&b, "genhook on %s", host);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		count = alert_count(f, n, kinds[i].state);
		if (count == 0)
			continue;
		buf_printf(&b, "%s%zu %s", between, count, kinds[i].words);
		between = ", ";
	}
}

static void
alert_add_finding(struct buf *b, const struct alert_finding *f)
{
	buf_printf(b, "%s: %s", strcmp(f->state, "well") == 0 ?
	    "WELL AGAIN" : strcmp(f->state, "new") == 0 ? "NEW" : "STILL",
	    f->reason);
	if (f->provider != NULL)
		buf_printf(b, ", %s", f->provider);
	if (f->task_id != NULL)
		buf_printf(b, " task %s", f->task_id);
	buf_printf(b, ", since %s", f->since);
	if (*f->details != '\0')
		buf_printf(b, "\n  %s", f->details);
	if (f->cure != NULL && strcmp(f->state, "well") != 0)
		buf_printf(b, "\n  cure: %s", f->cure);
	buf_text(b, "\n");
}

/* As many findings as fit, each whole, and how many do not. */
static void
alert_add_findings(struct buf *b, const struct alert_finding *f, size_t n,
    size_t most)
{
	size_t	i, before;

	for (i = 0; i < n; i++) {
		before = b->len;
		alert_add_finding(b, &f[i]);
		if (b->len > most && i > 0) {
			buf_cut(b, before);
			break;
		}
	}
	if (i < n)
		buf_printf(b, "and %zu more: genhook attention\n", n - i);
}

/* ---- the formats -------------------------------------------------------- */

static void
alert_add_member(struct buf *b, const char *name, const char *text)
{
	if (text == NULL) {
		buf_printf(b, "\"%s\":null", name);
		return;
	}
	buf_printf(b, "\"%s\":\"", name);
	buf_json_utf8(b, text);
	buf_text(b, "\"");
}

/* Everything, for programs. */
static void
alert_add_json(struct buf *b, const char *host, const char *title,
    const char *text, const struct alert_finding *f, size_t n)
{
	size_t	i, from;

	buf_text(b, "{\"type\":\"alert\",");
	alert_add_member(b, "host", host);
	buf_text(b, ",");
	alert_add_member(b, "title", title);
	buf_text(b, ",");
	alert_add_member(b, "text", text);
	buf_printf(b, ",\"count\":%zu,\"findings\":[", n);
	for (i = 0; i < n; i++) {
		from = b->len;
		buf_text(b, i > 0 ? ",{" : "{");
		alert_add_member(b, "state", f[i].state);
		buf_text(b, ",");
		alert_add_member(b, "reason", f[i].reason);
		buf_text(b, ",");
		alert_add_member(b, "provider", f[i].provider);
		buf_text(b, ",");
		alert_add_member(b, "task_id", f[i].task_id);
		buf_text(b, ",");
		alert_add_member(b, "since", f[i].since);
		buf_text(b, ",");
		alert_add_member(b, "details", f[i].details);
		buf_text(b, ",");
		alert_add_member(b, "cure", f[i].cure);
		buf_text(b, "}");
		if (b->len > ALERT_BODY_MAX - 16) {
			buf_cut(b, from);
			break;
		}
	}
	buf_text(b, "]}");
}

/* Slack reads <...> as links and mentions, and these three are escaped
 * (docs.slack.dev, "Formatting message text"). */
static char *
alert_slack_text(const char *text)
{
	struct buf	b;

	buf_init(&b, ALERT_BODY_MAX);
	for (; *text != '\0'; text++)
		if (*text == '&')
			buf_text(&b, "&amp;");
		else if (*text == '<')
			buf_text(&b, "&lt;");
		else if (*text == '>')
			buf_text(&b, "&gt;");
		else
			buf_bytes(&b, text, 1);
	return buf_take(&b);
}

/* {"text":"..."} of text, which is freed. */
static void
alert_add_slack(struct buf *b, const char *title, const char *text)
{
	char	*escaped = alert_slack_text(text);

	buf_text(b, "{");
	if (escaped == NULL) {
		b->failed = true;
		return;
	}
	buf_text(b, "\"text\":\"*");
	buf_json_utf8(b, title);
	buf_text(b, "*\\n");
	buf_json_utf8(b, escaped);
	buf_text(b, "\"}");
	free(escaped);
}

/* What is foreign in it must mention nobody. */
static void
alert_add_discord(struct buf *b, const char *title, const char *text)
{
	buf_text(b, "{\"content\":\"**");
	buf_json_utf8(b, title);
	buf_text(b, "**\\n");
	buf_json_utf8(b, text);
	buf_text(b, "\",\"allowed_mentions\":{\"parse\":[]}}");
}

char *
alert_write(enum alert_format format, const char *host,
    const struct alert_finding *f, size_t n, char *title, size_t size)
{
	struct buf	text, b;

	alert_title(host, f, n, title, size);
	buf_init(&text, ALERT_BODY_MAX);
	buf_init(&b, 4 * ALERT_BODY_MAX);
	alert_add_findings(&text, f, n, alert_text_max[format]);
	if (!buf_ok(&text))
		b.failed = true;
	else if (format == ALERT_JSON)
		alert_add_json(&b, host, title, text.data, f, n);
	else if (format == ALERT_SLACK)
		alert_add_slack(&b, title, text.data);
	else if (format == ALERT_DISCORD)
		alert_add_discord(&b, title, text.data);
	else if (format == ALERT_TEXT)
		buf_printf(&b, "%s\n\n%s", title, text.data);
	else
		buf_text(&b, text.data);
	buf_free(&text);
	return buf_take(&b);
}

const char *const *
alert_headers(enum alert_format format, const char *title,
    struct alert_headers *h)
{
	size_t	n = 0;

	if (format != ALERT_TEXT && format != ALERT_NTFY)
		return NULL;
	h->list[n++] = "Content-Type: text/plain; charset=utf-8";
	if (format == ALERT_NTFY) {
		(void)snprintf(h->line, sizeof(h->line), "Title: %s", title);
		h->list[n++] = h->line;
		h->list[n++] = strstr(title, " new") != NULL ?
		    "Priority: high" : "Priority: default";
	}
	h->list[n] = NULL;
	return h->list;
}
