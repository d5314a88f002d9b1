/* The first frame of a film, by the program ffmpeg where it is installed. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "thumb/confine.h"
#include "thumb/film.h"

/* What ffmpeg calls the form of a file.  It is named, and none is guessed: a list
 * of other files, which ffmpeg would follow, is then no film. */
static const struct {
	const char	*content_type, *form;
} film_forms[] = {
	{ "video/mp4",		"mov" },
	{ "video/quicktime",	"mov" },
	{ "video/webm",		"matroska" },
	{ NULL, NULL }
};

static const char *
film_form(const char *content_type)
{
	size_t	i;

	for (i = 0; film_forms[i].content_type != NULL; i++)
		if (strcmp(film_forms[i].content_type, content_type) == 0)
			break;
	return film_forms[i].form;
}

bool
film_is(const char *content_type)
{
	return film_form(content_type) != NULL;
}

void
film_become(int fd, const char *content_type, int side)
{
	static const char *const	places[] = { "/usr/bin/ffmpeg",
					    "/usr/local/bin/ffmpeg",
					    "/bin/ffmpeg" };
	char	name[32], scale[128];
	size_t	i;

	(void)snprintf(name, sizeof(name), "file:/dev/fd/%d", fd);
	(void)snprintf(scale, sizeof(scale), "scale=w='min(%d,iw)':"
	    "h='min(%d,ih)':force_original_aspect_ratio=decrease", side, side);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], X_OK) == -1)
			continue;
		confine_to_reading(fd);
		(void)execle(places[i], "ffmpeg", "-nostdin", "-loglevel",
		    "error", "-protocol_whitelist", "file", "-threads", "1",
		    "-f", film_form(content_type), "-i", name, "-an", "-sn",
		    "-dn", "-map_metadata", "-1", "-frames:v", "1", "-vf",
		    scale, "-threads", "1", "-c:v", "libwebp", "-quality",
		    "72", "-f", "image2pipe", "pipe:1", (char *)NULL,
		    (char *[]){ NULL });
		return;
	}
}
