/*
 * genhook-thumb: a small picture of the file on standard input, to standard output.
 * The sweep starts one for each picture and film that it stored, since this reads
 * foreign files with large libraries: it has no settings, no database and no
 * network, and may take little memory and little time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/errbuf.h"
#include "lib/file.h"
#include "lib/version.h"
#include "thumb/confine.h"
#include "thumb/film.h"
#include "thumb/picture.h"
#include "thumb/thumb.h"

/* Words on standard error, for the sweep's row; the libraries' own last words go
 * with the process. */
static void
thumb_end(enum thumb_exit status, const char *words)
{
	(void)fprintf(stderr, "%s\n", words);
	(void)fflush(stderr);
	_exit(status);
}

static void
thumb_print_help(FILE *out)
{
	(void)fprintf(out,
	    "usage: genhook-thumb CONTENT-TYPE <FILE >PICTURE\n"
	    "\n"
	    "Makes a small picture (WebP) of a picture or film.  genhook-sweep "
	    "starts it.\n"
	    "Pictures need libvips (Debian: libvips42), films ffmpeg.\n"
	    "\n"
	    "Exit status: 0 made, 1 there is none of this file, 2 could not "
	    "run, 3 the\n"
	    "library or program for this type is not installed.\n");
}

/* Does not return. */
static void
thumb_make(const char *content_type)
{
	enum picture_verdict	 verdict;
	struct errbuf		 err = { .text = "" };
	size_t			 len, size;
	void			*out;
	char			*bytes;

	verdict = picture_prepare(content_type, &err);
	if (verdict == PICTURE_NO_LIBRARY)
		thumb_end(THUMB_NOT_INSTALLED, err.text);
	if (verdict == PICTURE_REFUSED)
		thumb_end(THUMB_REFUSED, err.text);
	confine_to_open_files();
	bytes = file_read_all(STDIN_FILENO, THUMB_FILE_MAX + 1, &len);
	if (bytes == NULL || len > THUMB_FILE_MAX)
		thumb_end(THUMB_REFUSED, "the file is too large, or cannot be "
		    "read");
	if (picture_make(bytes, len, THUMB_SIDE, &out, &size, &err) !=
	    PICTURE_OK)
		thumb_end(THUMB_REFUSED, err.text);
	if (!file_write_all(STDOUT_FILENO, out, size))
		thumb_end(THUMB_COULD_NOT_RUN, "nobody takes the picture");
	_exit(THUMB_MADE);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		version_print("genhook-thumb");
		return THUMB_MADE;
	}
	if (argc != 2 || *argv[1] == '-') {
		thumb_print_help(argc == 2 && strcmp(argv[1], "--help") == 0 ?
		    stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ?
		    THUMB_MADE : THUMB_COULD_NOT_RUN;
	}
	if (!confine_limits())
		thumb_end(THUMB_COULD_NOT_RUN, "no limits can be set");
	if (!film_is(argv[1]))
		thumb_make(argv[1]);
	film_become(STDIN_FILENO, argv[1], THUMB_SIDE);
	thumb_end(THUMB_NOT_INSTALLED, "there is no ffmpeg");
	return THUMB_NOT_INSTALLED;
}
