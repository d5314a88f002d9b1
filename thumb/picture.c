/*
 * A small picture of a picture, by libvips.  It is loaded at run time, so that
 * genhook is built and runs without it: Debian's libvips42 brings a hundred other
 * packages, and a page without small pictures shows the large ones.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "thumb/picture.h"

#define PICTURE_LIBRARY		"libvips.so.42"
#define PICTURE_PIXELS_MAX	(100L * 1000 * 1000)
#define PICTURE_SHRINK_ONLY	2	/* VIPS_SIZE_DOWN */
#define PICTURE_FORM		".webp[Q=72,strip]"

/* Which of its loaders is for which type: no other one is let near a file, that of
 * ImageMagick and that of SVG least of all. */
static const struct {
	const char	*content_type, *loader;
} picture_loaders[] = {
	{ "image/png",	"VipsForeignLoadPng" },
	{ "image/jpeg",	"VipsForeignLoadJpeg" },
	{ "image/webp",	"VipsForeignLoadWebp" },
	{ "image/gif",	"VipsForeignLoadNsgif" },
	{ "image/avif",	"VipsForeignLoadHeif" },
	{ NULL, NULL }
};

/* The functions of libvips (8.13 or newer) that are used, as its headers declare
 * them; a VipsImage is but handed on. */
static struct {
	int		(*init)(const char *);
	void		(*concurrency_set)(int);
	void		(*vector_set_enabled)(int);
	void		(*operation_block_set)(const char *, int);
	void		*(*image_new_from_buffer)(const void *, size_t,
			    const char *, ...);
	int		(*image_get_width)(const void *);
	int		(*image_get_height)(const void *);
	int		(*thumbnail_buffer)(void *, size_t, void **, int, ...);
	int		(*image_write_to_buffer)(void *, const char *, void **,
			    size_t *, ...);
	const char	*(*error_buffer)(void);
} vips;

static const struct {
	const char	*name;
	void		**at;
} picture_symbols[] = {
	{ "vips_init",			(void **)&vips.init },
	{ "vips_concurrency_set",	(void **)&vips.concurrency_set },
	{ "vips_vector_set_enabled",	(void **)&vips.vector_set_enabled },
	{ "vips_operation_block_set",	(void **)&vips.operation_block_set },
	{ "vips_image_new_from_buffer",	(void **)&vips.image_new_from_buffer },
	{ "vips_image_get_width",	(void **)&vips.image_get_width },
	{ "vips_image_get_height",	(void **)&vips.image_get_height },
	{ "vips_thumbnail_buffer",	(void **)&vips.thumbnail_buffer },
	{ "vips_image_write_to_buffer",	(void **)&vips.image_write_to_buffer },
	{ "vips_error_buffer",		(void **)&vips.error_buffer },
	{ NULL, NULL }
};

static bool
picture_load(struct errbuf *err)
{
	void	*library = dlopen(PICTURE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	size_t	 i;

	if (library == NULL) {
		errbuf_set(err, "there is no %s", PICTURE_LIBRARY);
		return false;
	}
	for (i = 0; picture_symbols[i].name != NULL; i++) {
		*picture_symbols[i].at = dlsym(library, picture_symbols[i].name);
		if (*picture_symbols[i].at == NULL) {
			errbuf_set(err, "%s is too old: it has no %s",
			    PICTURE_LIBRARY, picture_symbols[i].name);
			return false;
		}
	}
	return true;
}

static const char *
picture_loader(const char *content_type)
{
	size_t	i;

	for (i = 0; picture_loaders[i].content_type != NULL; i++)
		if (strcmp(picture_loaders[i].content_type, content_type) == 0)
			break;
	return picture_loaders[i].loader;
}

enum picture_verdict
picture_prepare(const char *content_type, struct errbuf *err)
{
	const char	*loader = picture_loader(content_type);

	if (loader == NULL) {
		errbuf_set(err, "of %s no small picture is made", content_type);
		return PICTURE_REFUSED;
	}
	if (!picture_load(err))
		return PICTURE_NO_LIBRARY;
	if (vips.init("genhook-thumb") != 0) {
		errbuf_set(err, "libvips does not begin: %s",
		    vips.error_buffer());
		return PICTURE_NO_LIBRARY;
	}
	vips.concurrency_set(1);
	/* It would write programs into memory. */
	vips.vector_set_enabled(0);
	vips.operation_block_set("VipsForeignLoad", 1);
	vips.operation_block_set(loader, 0);
	return PICTURE_OK;
}

static enum picture_verdict
picture_refuse(struct errbuf *err)
{
	errbuf_set(err, "libvips: %s", vips.error_buffer());
	return PICTURE_REFUSED;
}

/* By its head alone, before a pixel of it takes memory. */
static enum picture_verdict
picture_check(const void *bytes, size_t len, struct errbuf *err)
{
	void	*image = vips.image_new_from_buffer(bytes, len, "", NULL);
	long	 width, height;

	if (image == NULL)
		return picture_refuse(err);
	width = vips.image_get_width(image);
	height = vips.image_get_height(image);
	if (width > PICTURE_PIXELS_MAX / height) {
		errbuf_set(err, "%ld x %ld are too many pixels", width, height);
		return PICTURE_REFUSED;
	}
	return PICTURE_OK;
}

enum picture_verdict
picture_make(void *bytes, size_t len, int side, void **out, size_t *size,
    struct errbuf *err)
{
	enum picture_verdict	verdict = picture_check(bytes, len, err);
	void			*image;

	if (verdict != PICTURE_OK)
		return verdict;
	if (vips.thumbnail_buffer(bytes, len, &image, side, "height", side, "size",
	    PICTURE_SHRINK_ONLY, "export_profile", "srgb", NULL) != 0 ||
	    vips.image_write_to_buffer(image, PICTURE_FORM, out, size,
	    NULL) != 0)
		return picture_refuse(err);
	return PICTURE_OK;
}
