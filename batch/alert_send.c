/* Alerts on their way out: to an address of the settings, and to a command. */
#include <stdlib.h>

#include "batch/alert_format.h"
#include "batch/alert_send.h"
#include "batch/place.h"
#include "batch/send.h"

#define ALERT_TIMEOUT_S	10

bool
alert_is_set(const struct conf *conf)
{
	return *conf->alert_url != '\0' || *conf->alert_command != '\0';
}

/* Any 2xx, or exit status 0, is success.  The address is the operator's: it may be
 * in a private network, and is never logged, as it is a secret mostly. */
static bool
alert_put(struct send *m, struct errbuf *err)
{
	m->policy = HTTP_OPERATOR_HOST;
	m->timeout_s = ALERT_TIMEOUT_S;
	/* From here on it may be that somebody hangs. */
	place_leave();
	send_one(m, run_stopping);
	if (m->verdict == SEND_TAKEN)
		return true;
	errbuf_set(err, "%s", m->err.text);
	return false;
}

bool
alert_send(const struct conf *conf, const struct alert_finding *f, size_t n,
    struct errbuf *err)
{
	enum alert_format	format = conf_alert_format(conf);
	char			host[RUN_HOST_MAX], title[ALERT_TITLE_MAX];
	struct alert_headers	headers;
	struct send		post = { .url = conf->alert_url };
	struct send		command = { .command = conf->alert_command };
	char			*body;
	bool			ok = true;

	run_host(host);
	body = alert_write(format, host, f, n, title, sizeof(title));
	if (body == NULL)
		return errbuf_no_memory(err);
	post.body = command.body = body;
	post.headers = alert_headers(format, title, &headers);
	if (*conf->alert_url != '\0')
		ok = alert_put(&post, err);
	if (*conf->alert_command != '\0')
		ok = alert_put(&command, err) && ok;
	free(body);
	return ok;
}

bool
alert_ping(const struct conf *conf, struct errbuf *err)
{
	struct send	get = { .url = conf->alert_ping_url };

	return alert_put(&get, err);
}
