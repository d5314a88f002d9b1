/* The file that says what was told without a database: a line for each finding. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/log.h"
#include "common/spool.h"
#include "cli/doctor/mail_note.h"

#define NOTE_PATH_ROOM	4096
#define NOTE_FILE_MAX	(128 * 1024)

/* False: the path is too long. */
static bool
note_path(const struct conf *conf, const char *suffix,
    char path[NOTE_PATH_ROOM])
{
	int	n = snprintf(path, NOTE_PATH_ROOM, "%s/%s%s", conf->spool_dir,
		    SPOOL_MAIL_NOTE, suffix);

	return n > 0 && n < NOTE_PATH_ROOM;
}

/* "KEY SINCE TOLD WHAT WORDS" */
static void
note_read_line(const char *line, struct mail_note *note)
{
	struct mail_told	*t = &note->list[note->n];
	int			 words = 0;

	if (note->n < MAIL_NOTE_MAX && sscanf(line, "%64s %" SCNd64 " %" SCNd64
	    " %31s %n", t->key, &t->since, &t->told, t->what, &words) == 4 &&
	    words > 0) {
		(void)snprintf(t->words, sizeof(t->words), "%s", line + words);
		note->n++;
	}
}

void
mail_note_read(const struct conf *conf, struct mail_note *note)
{
	char	path[NOTE_PATH_ROOM], *text, *line, *rest;
	size_t	len;
	int	fd;

	note->n = 0;
	if (!note_path(conf, "", path) || (fd = open(path, O_RDONLY |
	    O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) == -1)
		return;
	text = file_read_all(fd, NOTE_FILE_MAX, &len);
	(void)close(fd);
	for (line = text; line != NULL && *line != '\0'; line = rest) {
		rest = line + strcspn(line, "\n");
		if (*rest == '\n')
			*rest++ = '\0';
		note_read_line(line, note);
	}
	free(text);
}

static bool
note_write_file(const char *path, const struct buf *text)
{
	int	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
		    O_NONBLOCK | O_CLOEXEC, 0640);
	bool	ok = fd != -1 && file_write_all(fd, text->data, text->len);

	return fd != -1 && close(fd) == 0 && ok;
}

void
mail_note_write(const struct conf *conf, const struct mail_note *note)
{
	char			 path[NOTE_PATH_ROOM], new[NOTE_PATH_ROOM];
	const struct mail_told	*t;
	struct buf		 text;
	size_t			 i;

	if (!note_path(conf, "", path) || !note_path(conf, ".new", new))
		return;
	if (note->n == 0) {
		(void)unlink(path);
		return;
	}
	buf_init(&text, NOTE_FILE_MAX);
	for (i = 0; i < note->n; i++) {
		t = &note->list[i];
		buf_printf(&text, "%s %" PRId64 " %" PRId64 " %s %s\n", t->key,
		    t->since, t->told, t->what, t->words);
	}
	/* By another name, as the file may be another user's. */
	if (!buf_ok(&text) || !note_write_file(new, &text) ||
	    rename(new, path) == -1)
		(void)unlink(new);
	buf_free(&text);
}

struct mail_told *
mail_note_find(struct mail_note *note, const char *key)
{
	size_t	i;

	for (i = 0; i < note->n; i++)
		if (strcmp(note->list[i].key, key) == 0)
			return &note->list[i];
	return NULL;
}

struct mail_told *
mail_note_add(struct mail_note *note, const char *key, const char *what,
    const char *words, int64_t now)
{
	struct mail_told	*t = &note->list[note->n];

	if (note->n == MAIL_NOTE_MAX)
		return NULL;
	(void)snprintf(t->key, sizeof(t->key), "%s", key);
	(void)snprintf(t->what, sizeof(t->what), "%s", what);
	/* One line, whatever it holds. */
	log_escape(t->words, sizeof(t->words), words);
	t->since = t->told = now;
	note->n++;
	return t;
}

void
mail_note_remove(struct mail_note *note, struct mail_told *t)
{
	*t = note->list[--note->n];
}
