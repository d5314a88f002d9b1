/*
 * The note beside a file that was left half done: one line "BOOT MARK" in
 * .part-DIGEST.from.  The boot tells whether the machine went down since: the
 * file was not synced, so its bytes are then no more certain.  A mark with the
 * SHA-256 of the whole file is trusted over a boot, as it can be checked by.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/partial_note.h"

#define NOTE_SUFFIX	".from"
#define NOTE_NAME_MAX	256
#define NOTE_MAX	(PARTIAL_BOOT_MAX + ARCHIVE_MARK_MAX + 2)

static void
partial_note_name(const struct partial *p, char name[NOTE_NAME_MAX])
{
	(void)snprintf(name, NOTE_NAME_MAX, "%s" NOTE_SUFFIX, p->name);
}

void
partial_note_remove(struct partial *p)
{
	char	name[NOTE_NAME_MAX];

	partial_note_name(p, name);
	(void)unlinkat(p->dir->fd, name, 0);
	p->noted = false;
}

void
partial_note_touch(const struct partial *p)
{
	char	name[NOTE_NAME_MAX];

	partial_note_name(p, name);
	(void)utimensat(p->dir->fd, name, NULL, AT_SYMLINK_NOFOLLOW);
}

/* Its line, without the newline.  A note that was not written to its end has
 * none. */
static bool
partial_note_load(const struct partial *p, char line[NOTE_MAX + 1])
{
	char	name[NOTE_NAME_MAX];
	ssize_t	n;
	int	fd;

	partial_note_name(p, name);
	fd = openat(p->dir->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, line, NOTE_MAX);
	(void)close(fd);
	if (n < 2 || line[n - 1] != '\n')
		return false;
	line[n - 1] = '\0';
	return true;
}

bool
partial_note_read(const struct partial *p, char mark[ARCHIVE_MARK_MAX])
{
	char	line[NOTE_MAX + 1], *found;

	if (!partial_note_load(p, line) ||
	    (found = strchr(line, ' ')) == NULL ||
	    strlen(found + 1) >= ARCHIVE_MARK_MAX)
		return false;
	*found++ = '\0';
	(void)snprintf(mark, ARCHIVE_MARK_MAX, "%s", found);
	return archive_whole(mark) != NULL ||
	    (*line != '\0' && strcmp(line, p->dir->boot) == 0);
}

bool
partial_note_write(struct partial *p, const char *mark)
{
	char	name[NOTE_NAME_MAX], line[NOTE_MAX + 1];
	int	fd, len;
	bool	ok;

	len = snprintf(line, sizeof(line), "%s %s\n", p->dir->boot, mark);
	if (p->spare || len >= (int)sizeof(line) ||
	    (p->dir->boot[0] == '\0' && archive_whole(mark) == NULL))
		return false;
	partial_note_name(p, name);
	fd = openat(p->dir->fd, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, PARTIAL_FILE_MODE);
	if (fd == -1)
		return false;
	p->noted = true;
	ok = write(fd, line, (size_t)len) == len;
	return close(fd) == 0 && ok;
}
