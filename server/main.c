/* A handler program: of the provider that the build names, or, where it names
 * none, of all that have an account. */
#include <sys/stat.h>

#include <stdio.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "server/receive.h"
#include "server/server.h"

#ifdef PROVIDER
extern const struct provider PROVIDER;
static const struct provider *const	main_provider = &PROVIDER;
#else
static const struct provider *const	main_provider;
#endif

/* The settings, the spool and the committer; false with err. */
static bool
receiver_start(struct receiver *rx, bool fastcgi, struct errbuf *err)
{
	struct conf	*conf;
	struct errbuf	 spool_err = { .text = "spool: out of memory" };

	if ((rx->conf = conf = conf_load(NULL, err)) == NULL)
		return false;
	rx->spool = spool_at(conf->spool_dir, conf->spool_max_bytes);
	if (rx->spool == NULL || !spool_check(rx->spool, &spool_err))
		log_line(LOG_ERROR, "%s; without it a callback is answered "
		    "503 while the database is away", spool_err.text);
	rx->started_ms = clock_ms();
	rx->committer = committer_start(conf, rx->spool, fastcgi, err);
	return rx->committer != NULL;
}

static void
receiver_stop(struct receiver *rx)
{
	committer_free(rx->committer);
	spool_close(rx->spool);
	conf_free(rx->conf);
}

/* As plain CGI the sender must hear of our own trouble as a 503. */
static void
cgi_say_unavailable(void)
{
	char	out[ANSWER_TEXT_MAX];
	size_t	len = answer_print(ANSWER_UNAVAILABLE,
		    "not configured, please send again", out);

	(void)server_answer_cgi(out, len);
}

/* ---- the service: a handler's requests, in the server's terms ----------- */

static bool
receiver_begin_call(void *call, void *arg, const struct request *req,
    void *owner)
{
	struct callback	*cb = call;

	cb->commit.owner = owner;
	return receive_begin(cb, arg, req);
}

static bool
receiver_end_call(void *call, const struct request *req)
{
	char	out[ANSWER_TEXT_MAX];
	size_t	len = receive_end(call, out);

	return req->write(req->arg, out, len);
}

/* Whoever is given to each() may serve another request at once. */
static void
receiver_each(struct commit *c, void (*each)(void *, void *), void *each_arg)
{
	struct commit	*next;

	for (; c != NULL; c = next) {
		next = STAILQ_NEXT(c, next);
		each(each_arg, c->owner);
	}
}

static void
receiver_lead(void *arg, void (*each)(void *, void *), void *each_arg)
{
	const struct receiver	*rx = arg;

	receiver_each(committer_lead_spool(rx->committer), each, each_arg);
	receiver_each(committer_lead(rx->committer), each, each_arg);
}

static bool
receiver_wants_lead(void *arg)
{
	const struct receiver	*rx = arg;

	return committer_wants_leader(rx->committer);
}

static bool
receiver_serve(struct receiver *rx, bool fastcgi)
{
	const struct service	service = {
		.arg = rx,
		.call_bytes = sizeof(struct callback),
		.begin = receiver_begin_call,
		.end = receiver_end_call,
		.lead = receiver_lead,
		.wants_lead = receiver_wants_lead
	};
	struct errbuf		err;
	bool			ok;

	if (!fastcgi)
		return server_run_cgi(&service);
	ok = server_run_fastcgi(&service, (int)rx->conf->threads, &err);
	if (!ok)
		log_line(LOG_ERROR, "%s", err.text);
	return ok;
}

int
main(int argc, char **argv)
{
	struct receiver	 rx = { .provider = main_provider };
	struct errbuf	 err;
	char		 program[64], does[64];
	bool		 fastcgi = server_is_fastcgi(), ok;

	(void)snprintf(program, sizeof(program), "genhook-%s",
	    main_provider != NULL ? main_provider->name : "hook");
	(void)snprintf(does, sizeof(does), "takes the callbacks of %s",
	    main_provider != NULL ? main_provider->name : "all providers");
	if (!fastcgi && server_tells(program, does, argc, argv))
		return 0;
	log_open(program, LOG_INFO);
	server_open_log();
	server_limit_process(fastcgi);
	server_prepare_signals();
	(void)umask(077);
	if ((ok = receiver_start(&rx, fastcgi, &err)))
		ok = receiver_serve(&rx, fastcgi);
	else {
		if (!fastcgi)
			cgi_say_unavailable();
		log_line(LOG_ERROR, "%s", err.text);
	}
	receiver_stop(&rx);
	return ok ? 0 : 1;
}
