/* How requests come in: FastCGI by libfcgi, or one plain CGI request.  The main
 * thread calls all of these. */
#ifndef GENHOOK_SERVER_H
#define GENHOOK_SERVER_H

#include <stdbool.h>

#include "server/receive.h"

/* Started by a FastCGI server, with a listening socket as standard input? */
bool	server_is_fastcgi(void);

/* Before any thread is started: the signals that end the program wait for
 * server_run_fastcgi(), and a broken connection is an error, not a signal. */
void	server_prepare_signals(void);

/*
 * Serve with up to so many requests in flight until SIGTERM, SIGINT or
 * SIGUSR1, then let those end.  False with err when it could not start.
 */
bool	server_run_fastcgi(const struct receiver *, int threads,
	    struct errbuf *err);

/* Serve the one request that environment and standard input hold.  False
 * when the answer could not be written. */
bool	server_run_cgi(const struct receiver *);

#endif
