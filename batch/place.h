/*
 * A run's place among those that a follower lets work at once.  A run that has
 * nothing more to do than to wait for applications gives it up, so that a receiver
 * that hangs holds up no other work.  It is the writing end of a pipe: whoever ends
 * gives it up too.
 */
#ifndef GENHOOK_PLACE_H
#define GENHOOK_PLACE_H

/* In the process that becomes a run: this descriptor is its place.  The program
 * that it becomes inherits it. */
void	place_give(int fd);

/* In the run, once, before it starts another process: take the place that it was
 * given, if it was. */
void	place_take(void);

/* Give it up; no effect without one. */
void	place_leave(void);

#endif
