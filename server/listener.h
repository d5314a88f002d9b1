/* The listening socket that a FastCGI program has as its standard input. */
#ifndef GENHOOK_LISTENER_H
#define GENHOOK_LISTENER_H

#include <stdbool.h>

/*
 * A worker: wait for a connection.  -1: no more will come.  A signal does not end
 * the wait, but makes it look whether listener_shut() or listener_leave() was
 * called.
 */
int	listener_accept(void);

/* A worker: has the connection's peer sent a request to its end, or does within
 * a moment?  Then reading it does not wait.  Of a long one the answer is no. */
bool	listener_has_request(int fd);

/* A worker: wait for the first of what the connection's peer says.  False: it
 * closed, or said nothing for too long. */
bool	listener_hears(int fd);

/* Is somebody waiting to be accepted? */
bool	listener_has_waiting(void);

/*
 * From here on connect() fails, and who is connected already is still
 * accepted.  Only for a socket that no other process goes on with: whoever
 * has it sees it shut for good.
 */
void	listener_shut(void);

/* From here on nobody is accepted; who waits is left to those processes that
 * have the socket, too, now or later. */
void	listener_leave(void);

#endif
