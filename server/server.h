/* How requests come in: FastCGI by libfcgi, or one plain CGI request; and what
 * every program that serves them does of itself first.  The main thread calls
 * all of these. */
#ifndef GENHOOK_SERVER_H
#define GENHOOK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "server/request.h"

/*
 * What a program does with its requests.  A call is what it keeps of one of
 * them: call_bytes, zeroed before the first request and as the last one left it
 * before each other.
 */
struct service {
	void	*arg;
	size_t	 call_bytes;
	/* Does begin() wait for others?  Then other requests are taken in
	 * meanwhile. */
	bool	 begin_waits;
	/* A worker: begin a request.  False: end() may follow at once.  True:
	 * some worker's lead() will give owner to each(), maybe before this has
	 * returned. */
	bool	(*begin)(void *call, void *arg, const struct request *,
		    void *owner);
	/* A worker after false, or in each(): write the answer.  False: it
	 * could not be sent. */
	bool	(*end)(void *call, const struct request *);
	/* A worker after true: give the owners of those requests that this
	 * worker is to end to each(); they may be many or none.  NULL where
	 * begin() never returns true. */
	void	(*lead)(void *arg, void (*each)(void *, void *owner), void *);
	/* A worker after true: need it call lead()?  Else others do. */
	bool	(*wants_lead)(void *arg);
};

/* A person's words, where a person started the program: print what it is, or with
 * --version its version.  False: a web server started it. */
bool	server_tells(const char *program, const char *does, int argc,
	    char **argv);

/* Write the log to the file that $GENHOOK_LOG names, if it names one: under lighttpd
 * standard error has no place of its own. */
void	server_open_log(void);

/* No core file, little memory, names looked up in seconds; under FastCGI, end
 * with the web server that started us, if one did. */
void	server_limit_process(bool fastcgi);

/* Did a web server start us for itself alone?  Else the listening socket may be
 * that of other processes, too. */
bool	server_is_child(void);

/* Started by a FastCGI server, with a listening socket as standard input? */
bool	server_is_fastcgi(void);

/* Before any thread is started: the signals that end the program wait for
 * server_run_fastcgi(), and a broken connection is an error, not a signal. */
void	server_prepare_signals(void);

/*
 * Serve with up to so many requests in flight until SIGTERM, SIGINT or
 * SIGUSR1, then let those end.  False with err when it could not start.
 */
bool	server_run_fastcgi(const struct service *, int threads,
	    struct errbuf *err);

/* Serve the one request that environment and standard input hold.  False
 * when the answer could not be written. */
bool	server_run_cgi(const struct service *);

/* Give that one request this answer, from CGI's head on, without any service.
 * False when it could not be written. */
bool	server_answer_cgi(const char *answer, size_t len);

#endif
