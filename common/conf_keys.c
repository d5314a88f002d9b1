/* The table of settings, and how it is printed. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/conf.h"
#include "common/conf_keys.h"

#define C(member)	offsetof(struct conf, member)
#define A(member)	offsetof(struct account, member)
#define F(member)	offsetof(struct forward, member)

const struct conf_key conf_keys[] = {
	{ "database", "conninfo", CONF_SECRET, C(conninfo), NULL, 0, 0,
	    "libpq connection string; several hosts for failover" },
	{ "database", "pooler", CONF_BOOL, C(pooler), "no", 0, 0,
	    "yes behind PgBouncer in transaction mode" },
	{ "receiver", "conninfo", CONF_SECRET, C(receiver_conninfo), "", 0, 0,
	    "connection string of the handlers, else database.conninfo" },
	{ "receiver", "base_url", CONF_TEXT, C(base_url), "", 0, 0,
	    "public address of this server, as the providers see it" },
	{ "receiver", "threads", CONF_NUMBER, C(threads), "32", 1, 256,
	    "requests in flight in one handler" },
	{ "receiver", "max_body", CONF_NUMBER, C(max_body_bytes), "1048576",
	    1024, 16777216, "bytes; a larger callback is answered 413" },
	{ "receiver", "trusted_proxies", CONF_LIST, C(trusted_proxies), "", 0,
	    0, "addresses and networks whose X-Forwarded-For is believed" },
	{ "receiver", "spool_dir", CONF_TEXT, C(spool_dir),
	    "/var/spool/genhook", 0, 0,
	    "where callbacks wait while the database is away" },
	{ "receiver", "spool_max_bytes", CONF_NUMBER, C(spool_max_bytes),
	    "1073741824", 0, LONG_MAX, "bytes; above it 503" },
	{ "archive", "url", CONF_TEXT, C(archive_url),
	    "file:///var/lib/genhook/outputs", 0, 0,
	    "where outputs are kept: file:///directory or s3://bucket/prefix" },
	{ "archive", "s3_endpoint", CONF_TEXT, C(s3_endpoint), "", 0, 0,
	    "address of the S3-compatible store" },
	{ "archive", "s3_region", CONF_TEXT, C(s3_region), "us-east-1", 0, 0,
	    "its region" },
	{ "archive", "s3_access_key", CONF_SECRET, C(s3_access_key), "", 0, 0,
	    "access key id" },
	{ "archive", "s3_secret_key", CONF_SECRET, C(s3_secret_key), "", 0, 0,
	    "secret access key" },
	{ "archive", "s3_staging_dir", CONF_TEXT, C(s3_staging_dir),
	    "/var/lib/genhook/staging", 0, 0,
	    "where outputs are until the store has them" },
	{ "sweep", "conninfo", CONF_SECRET, C(sweep_conninfo), "", 0, 0,
	    "connection string of the sweep, else database.conninfo" },
	{ "sweep", "max_seconds", CONF_NUMBER, C(max_seconds), "50", 1, 86400,
	    "a run ends by itself after so long" },
	{ "sweep", "every", CONF_NUMBER, C(sweep_every_s), "60", 1, 86400,
	    "seconds; with --follow, a run at least so often" },
	{ "sweep", "polls_in_flight", CONF_NUMBER, C(polls_in_flight), "16",
	    1, 1024, "status requests at once" },
	{ "sweep", "downloads_in_flight", CONF_NUMBER, C(downloads_in_flight),
	    "16", 1, 256, "downloads at once" },
	{ "sweep", "max_output_bytes", CONF_NUMBER, C(max_output_bytes),
	    "4294967296", 1, LONG_MAX, "bytes; a larger output is failed" },
	{ "sweep", "allow_private_networks", CONF_BOOL,
	    C(allow_private_networks), "no", 0, 0,
	    "fetch from loopback and private addresses, without TLS" },
	{ "sweep", "retain_deliveries_days", CONF_NUMBER,
	    C(retain_deliveries_days), "30", 1, 36500,
	    "months of deliveries wholly older are dropped" },
	{ "web", "conninfo", CONF_SECRET, C(web_conninfo), "", 0, 0,
	    "connection string of the page, else database.conninfo" },
	{ "web", "secret", CONF_SECRET, C(web_secret), "", 0, 0,
	    "signs the page's sessions; without it there is no page" },
	{ "web", "url", CONF_TEXT, C(web_url), "", 0, 0,
	    "the page's public address, for sign-in links" },
	{ "web", "trust_remote_user", CONF_BOOL, C(web_trust_remote_user),
	    "no", 0, 0, "whom the web server let in may look and act" },
	{ "web", "thumbs", CONF_NUMBER, C(web_thumbs), "50000", 0, 10000000,
	    "small pictures kept in the database, the newest; 0: none" },
	{ "web", "sendfile", CONF_TEXT, C(web_sendfile), "", 0, 0,
	    "the web server sends stored outputs: X-Sendfile or /LOCATION/" },
	{ "web", "metrics_token", CONF_SECRET, C(web_metrics_token), "", 0, 0,
	    "lets monitoring have the page's metrics; 16 characters or more" },
	{ "alert", "url", CONF_SECRET, C(alert_url), "", 0, 0,
	    "where trouble is told: a POST to this address" },
	{ "alert", "format", CONF_TEXT, C(alert_format), "json", 0, 0,
	    "ntfy, slack, discord, json or text" },
	{ "alert", "command", CONF_TEXT, C(alert_command), "", 0, 0,
	    "a command that trouble is told to, on its standard input" },
	{ "alert", "remind_hours", CONF_NUMBER, C(alert_remind_hours), "24", 1,
	    8760, "hours; what lasts is told again" },
	{ "alert", "ping_url", CONF_SECRET, C(alert_ping_url), "", 0, 0,
	    "asked for after each sweep that could work" },
	{ CONF_ACCOUNT, "token", CONF_LIST, A(tokens), NULL, 0, 0,
	    "the secret part of the callback path; several live at once" },
	{ CONF_ACCOUNT, "webhook_secret", CONF_LIST, A(secrets), "", 0, 0,
	    "what the provider signs callbacks with; several live at once" },
	{ CONF_ACCOUNT, "api_key", CONF_SECRET, A(api_key), "", 0, 0,
	    "the provider's API key, for submits and polls" },
	{ CONF_ACCOUNT, "api_base", CONF_TEXT, A(api_base), "", 0, 0,
	    "scheme and host of the provider's API" },
	{ CONF_ACCOUNT, "keys_url", CONF_TEXT, A(keys_url), "", 0, 0,
	    "where the provider publishes the keys of its signatures" },
	{ CONF_ACCOUNT, "trust", CONF_TRUST, A(requery), "callback", 0, 0,
	    "callback, or requery: a callback only makes the sweep ask" },
	{ CONF_ACCOUNT, "poll_after", CONF_NUMBER, A(poll_after_s), "120", 1,
	    604800, "seconds without a callback before the first poll" },
	{ CONF_ACCOUNT, "poll_every_max", CONF_NUMBER, A(poll_every_max_s),
	    "3600", 1, 604800, "seconds; ceiling of the doubling interval" },
	{ CONF_ACCOUNT, "give_up_after", CONF_NUMBER, A(give_up_after_s),
	    "604800", 60, 31536000, "seconds; then the task is lost" },
	{ CONF_ACCOUNT, "polls_per_minute", CONF_NUMBER, A(polls_per_minute),
	    "60", 1, 60000, "status requests a minute" },
	{ CONF_ACCOUNT, "submits_per_minute", CONF_NUMBER,
	    A(submits_per_minute), "60", 1, 60000,
	    "queued requests sent a minute" },
	{ CONF_ACCOUNT, "resend_unknown", CONF_BOOL, A(resend_unknown), "no",
	    0, 0, "apimart: the models in use honour its Idempotency-Key" },
	{ CONF_FORWARD, "url", CONF_TEXT, F(url), "", 0, 0,
	    "where events are sent; https unless allow_private" },
	{ CONF_FORWARD, "command", CONF_TEXT, F(command), "", 0, 0,
	    "in place of url: gets each event as JSON on its input" },
	{ CONF_FORWARD, "secret", CONF_LIST, F(secrets), "", 0, 0,
	    "whsec_ and Base64: what events are signed with; all sign" },
	{ CONF_FORWARD, "on", CONF_LIST, F(types),
	    "task.stored,task.failed", 0, 0,
	    "also task.finished, request.refused, request.unknown" },
	{ CONF_FORWARD, "account", CONF_LIST, F(accounts), "", 0, 0,
	    "of which accounts, as \"provider account\"; of all if absent" },
	{ CONF_FORWARD, "allow_private", CONF_BOOL, F(allow_private), "no",
	    0, 0, "url may lead into a private network, without TLS" },
	{ NULL, NULL, CONF_TEXT, 0, NULL, 0, 0, NULL }
};
_Static_assert(sizeof(conf_keys) / sizeof(conf_keys[0]) <= CONF_KEYS_MAX,
    "CONF_KEYS_MAX is too small");

const char *const conf_sections[CONF_NSECTIONS] = {
	"database", "receiver", "archive", "sweep", "web", "alert"
};

const struct conf_key *
conf_key_find(const char *section, const char *name)
{
	const struct conf_key	*k;

	if (provider_find(section) != NULL)
		section = CONF_ACCOUNT;
	for (k = conf_keys; k->name != NULL; k++)
		if (strcmp(k->section, section) == 0 &&
		    strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

void
conf_keys_each(void (*fn)(const char *, const char *, const char *,
    const char *, const char *))
{
	const struct conf_key	*k;
	char			 bounds[64];

	for (k = conf_keys; k->name != NULL; k++) {
		bounds[0] = '\0';
		if (k->type == CONF_NUMBER && k->max == LONG_MAX)
			(void)snprintf(bounds, sizeof(bounds), "%ld or more",
			    k->min);
		else if (k->type == CONF_NUMBER)
			(void)snprintf(bounds, sizeof(bounds), "%ld to %ld",
			    k->min, k->max);
		fn(k->section, k->name, k->dflt, bounds, k->words);
	}
}
