/* genhook-web, the page: FastCGI or one request of plain CGI. */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "server/server.h"
#include "web/page.h"
#include "web/reply.h"
#include "web/routes.h"
#include "web/web.h"

/* Requests at once: one that waits for the database or a slow reader of a file
 * holds one up. */
#define WEB_THREADS	16

/* Connections, which shared hosts have few of. */
#define WEB_READERS	2
#define WEB_OPERATORS	1

/* ---- the service: a page's requests, in the server's terms -------------- */

static bool
web_begin(void *arg_call, void *arg, const struct request *req, void *owner)
{
	struct web_call	*call = arg_call;

	(void)owner;
	memset(call, 0, sizeof(*call));
	call->web = arg;
	call->req = req;
	call->fd = -1;
	buf_over(&call->headers, call->lines, sizeof(call->lines));
	web_serve(call);
	return false;
}

static bool
web_end(void *arg_call, const struct request *req)
{
	(void)req;
	return web_reply_send(arg_call);
}

/* ---- beginning and end -------------------------------------------------- */

/* Without settings every request is answered 503, and the log says why. */
static bool
web_start(struct web *web, struct errbuf *err)
{
	if ((web->conf = conf_load(NULL, err)) == NULL)
		return false;
	(void)errbuf_no_memory(err);
	web->readers = web_pool_new(web->conf, "genhook_reader", WEB_READERS);
	web->operators = web_pool_new(web->conf, "genhook_operator",
	    WEB_OPERATORS);
	web->policy = web_page_policy(web->conf);
	return web->readers != NULL && web->operators != NULL &&
	    web->policy != NULL;
}

static bool
web_run(struct web *web, bool fastcgi, struct errbuf *err)
{
	const struct service	service = {
		.arg = web,
		.call_bytes = sizeof(struct web_call),
		.begin_waits = true,
		.begin = web_begin,
		.end = web_end
	};

	if (!fastcgi)
		return server_run_cgi(&service);
	return server_run_fastcgi(&service, WEB_THREADS, err);
}

int
main(int argc, char **argv)
{
	struct web	 web = { NULL, NULL, NULL, NULL };
	struct errbuf	 err = { .text = "could not answer" };
	bool		 fastcgi = server_is_fastcgi(), started, ok;

	if (!fastcgi && server_tells("genhook-web", "shows the page", argc,
	    argv))
		return 0;
	log_open("genhook-web", LOG_INFO);
	server_open_log();
	server_limit_process(fastcgi);
	server_prepare_signals();
	(void)umask(077);
	if (!(started = web_start(&web, &err)))
		log_line(LOG_ERROR, "%s", err.text);
	/* A FastCGI server tries again with another process; of plain CGI
	 * there is one. */
	ok = (started || !fastcgi) && web_run(&web, fastcgi, &err);
	if (started && !ok)
		log_line(LOG_ERROR, "%s", err.text);
	web_pool_free(web.readers);
	web_pool_free(web.operators);
	free(web.policy);
	conf_free(web.conf);
	return ok && started ? 0 : 1;
}
