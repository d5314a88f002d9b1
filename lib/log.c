/* The log: one line per event on stderr. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

static const char *const log_level_words[] = {
	[LOG_DEBUG]	= "debug",
	[LOG_INFO]	= "info",
	[LOG_WARN]	= "warn",
	[LOG_ERROR]	= "error",
};
_Static_assert(sizeof(log_level_words) / sizeof(log_level_words[0]) ==
    LOG_LEVEL__MAX, "a level has no word");

static const char	*log_program = "genhook";
static enum log_level	 log_least = LOG_INFO;

void
log_open(const char *program, enum log_level least)
{
	log_program = program;
	log_least = least;
}

bool
log_to_file(const char *path)
{
	int	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	bool	ok;

	if (fd == -1)
		return false;
	ok = fd == STDERR_FILENO || dup2(fd, STDERR_FILENO) != -1;
	if (fd != STDERR_FILENO)
		(void)close(fd);
	return ok;
}

void
log_escape(char *dst, unsigned long dstsz, const char *src)
{
	static const char	hex[] = "0123456789abcdef";
	unsigned char		c;
	unsigned long		n = 0;

	/* \xNN is the longest expansion; keep room for it and the NUL. */
	while ((c = (unsigned char)*src++) != '\0' && n + 5 <= dstsz) {
		if (c >= 0x20 && c < 0x7f && c != '\\') {
			dst[n++] = (char)c;
			continue;
		}
		dst[n++] = '\\';
		dst[n++] = 'x';
		dst[n++] = hex[c >> 4];
		dst[n++] = hex[c & 0x0f];
	}
	dst[n] = '\0';
	/* Cut short: say so, where there is room for it. */
	if (c != '\0' && n >= 3)
		memcpy(dst + n - 3, "...", 3);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char		raw[LOG_LINE_MAX], text[LOG_LINE_MAX];
	char		line[LOG_LINE_MAX + 128], when[32];
	struct tm	tm;
	time_t		now = time(NULL);
	va_list		ap;
	int		len;

	if (level < log_least)
		return;
	va_start(ap, fmt);
	len = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(raw))
		memcpy(raw + sizeof(raw) - 4, "...", 4);
	log_escape(text, sizeof(text), raw);
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		when[0] = '\0';
	len = snprintf(line, sizeof(line), "%s %s[%ld] %s: %s\n", when,
	    log_program, (long)getpid(), log_level_words[level], text);
	/* One write, so that lines of several threads do not mix. */
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) == -1)
		return;
}
