/* The listening socket that a FastCGI program has as its standard input. */
#ifndef GENHOOK_LISTENER_H
#define GENHOOK_LISTENER_H

#include <stdbool.h>

/*
 * A worker: wait for a connection that has something to say.  -1: no more will
 * come.  A signal does not end the wait, but makes it look whether
 * listener_shut() or listener_leave() was called.
 */
int	listener_accept(void);

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
