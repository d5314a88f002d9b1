/* The first frame of a film, by the program ffmpeg. */
#ifndef GENHOOK_FILM_H
#define GENHOOK_FILM_H

#include <stdbool.h>

/* Is that content type a film's, of which a frame can be had? */
bool	film_is(const char *content_type);

/*
 * Become ffmpeg, confined, which writes the first frame of the film at fd, as WebP
 * within side by side pixels, to standard output.  Returns where it is not
 * installed.
 */
void	film_become(int fd, const char *content_type, int side);

#endif
