/* What a kind of reader is made of, for the kinds alone: reader_dir.c and
 * reader_s3.c. */
#ifndef GENHOOK_READER_DRIVER_H
#define GENHOOK_READER_DRIVER_H

#include "lib/crypto.h"
#include "archive/reader.h"

struct reader_ops {
	void	(*check)(struct reader *, struct reader_file *const *,
	    size_t n);
	void	(*remove)(struct reader *, struct reader_file *const *,
	    size_t n);
	void	(*close)(struct reader *);
};

/* What every kind begins with. */
struct reader {
	const struct reader_ops	*ops;
	const char		*root;		/* the URL of a directory; NULL:
						   it is none */
	char			 prefix[1024];
};

/* Open one of a kind; as reader_open(). */
struct reader *reader_dir_open(const struct conf *, struct errbuf *err);
struct reader *reader_s3_open(const struct conf *, struct errbuf *err);

/* The sum of a file as it comes. */
struct reader_sum {
	struct sha256	*state;		/* NULL: no memory, or it failed */
	int64_t		 bytes;
};

/* Begin; one more piece, which is passed on to the file's each(), false: no more
 * is wanted; and the verdict of all that came.  It has to come to its end. */
void	reader_sum_begin(struct reader_sum *);
bool	reader_sum_piece(struct reader_sum *, struct reader_file *,
	    const void *, size_t);
void	reader_sum_end(struct reader_sum *, struct reader_file *);

/* No, and in these words. */
void	reader_file_is(struct reader_file *, enum reader_verdict,
	    const char *words);

#endif
