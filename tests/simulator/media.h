#ifndef SIM_MEDIA_H
#define SIM_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"

enum media {
	MEDIA_PNG,
	MEDIA_JPEG,
	MEDIA_MP4,
	MEDIA_MP3,
	MEDIA_WAV,
	MEDIA_JSONL,
	MEDIA_TEXT,		/* no file: the words come in the answer */
	MEDIA__MAX
};

/* One output: bytes shared by its kind around bytes of its own. */
struct media_file {
	enum media	 kind;
	size_t		 own_len;
	uint8_t		 own[320];
};

bool		 media_open(size_t);
void		 media_close(void);
const char	*media_extension(enum media);
const char	*media_type(enum media);
void		 media_make(enum media, const uint8_t *, struct media_file *);
uint64_t	 media_size(const struct media_file *);
size_t		 media_read(const struct media_file *, uint64_t, void *,
		    size_t);
void		 media_sha256(const struct media_file *, char *);

#endif
