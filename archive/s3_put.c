/* A small file goes into the store in one request. */
#include "archive/s3_upload_steps.h"

bool
s3_put_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	unsigned char	md5[MD5_BYTES] = { 0 };

	s3_body_type(u);
	return s3_body_of_file(u, 0, u->bytes, hex, md5) &&
	    s3_call_url(&u->call, u->store, u->key);
}

void
s3_put_take(struct s3_upload *u)
{
	s3_object_take(u, u->call.response.etag);
}
