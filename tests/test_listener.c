/* server/listener: a request that has come as a whole, and what may take its
 * time. */
#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include <fastcgi.h>

#include "server/listener.h"
#include "tests/cunit_main.h"

#define LONG	16384

static int	peer, ours;

static void
connection_make(void)
{
	int	both[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
	peer = both[0];
	ours = both[1];
}

static void
connection_close(void)
{
	(void)close(peer);
	(void)close(ours);
}

/* A record of that type with so many bytes in it, for this request. */
static void
record_send_for(int id, int type, size_t len, size_t padding)
{
	unsigned char	data[FCGI_HEADER_LEN + LONG + 256] = {
				FCGI_VERSION_1, (unsigned char)type, 0,
				(unsigned char)id, (unsigned char)(len >> 8),
				(unsigned char)len, (unsigned char)padding };
	ssize_t		all = (ssize_t)(FCGI_HEADER_LEN + len + padding);

	/* What could be taken for a head, were it looked at. */
	memset(data + FCGI_HEADER_LEN, FCGI_STDIN, len + padding);
	CU_ASSERT_EQUAL_FATAL(send(peer, data, (size_t)all, 0), all);
}

static void
record_send(int type, size_t len)
{
	record_send_for(1, type, len, len % 8);
}

static void
test_whole(void)
{
	connection_make();
	record_send(FCGI_BEGIN_REQUEST, 8);
	record_send(FCGI_PARAMS, 700);
	record_send(FCGI_PARAMS, 33);
	record_send(FCGI_PARAMS, 0);
	record_send(FCGI_STDIN, 1000);
	CU_ASSERT_FALSE(listener_has_request(ours));
	record_send(FCGI_STDIN, 0);
	CU_ASSERT_TRUE(listener_has_request(ours));
	/* It is still there to be read. */
	CU_ASSERT_TRUE(listener_has_request(ours));
	connection_close();
}

/* At no byte before its last one is it whole. */
static void
test_cut(void)
{
	unsigned char	data[256];
	ssize_t		len, i;

	connection_make();
	record_send(FCGI_BEGIN_REQUEST, 8);
	record_send(FCGI_PARAMS, 21);
	record_send(FCGI_PARAMS, 0);
	record_send(FCGI_STDIN, 17);
	record_send(FCGI_STDIN, 0);
	len = recv(ours, data, sizeof(data), 0);
	for (i = 0; i < len; i++) {
		CU_ASSERT_FALSE(listener_has_request(ours));
		CU_ASSERT_EQUAL_FATAL(send(peer, data + i, 1, 0), 1);
	}
	CU_ASSERT_TRUE(listener_has_request(ours));
	connection_close();
}

/* Records in which libfcgi looks for more. */
static void
test_odd(void)
{
	connection_make();
	record_send(FCGI_BEGIN_REQUEST, 8);
	record_send(FCGI_STDIN, 0);
	record_send(FCGI_PARAMS, 0);
	CU_ASSERT_FALSE(listener_has_request(ours));
	connection_close();
	connection_make();
	record_send(FCGI_PARAMS, 0);
	record_send(FCGI_STDIN, 0);
	record_send(FCGI_STDIN, 0);
	CU_ASSERT_FALSE(listener_has_request(ours));
	connection_close();
	connection_make();
	record_send(FCGI_BEGIN_REQUEST, 8);
	record_send_for(2, FCGI_PARAMS, 0, 0);
	record_send_for(2, FCGI_STDIN, 0, 0);
	CU_ASSERT_FALSE(listener_has_request(ours));
	connection_close();
}

static void
test_long(void)
{
	connection_make();
	record_send(FCGI_BEGIN_REQUEST, 8);
	record_send(FCGI_PARAMS, 300);
	record_send(FCGI_PARAMS, 0);
	record_send(FCGI_STDIN, LONG);
	record_send(FCGI_STDIN, 0);
	CU_ASSERT_FALSE(listener_has_request(ours));
	CU_ASSERT_TRUE(listener_hears(ours));
	connection_close();
}

static void
test_silent(void)
{
	connection_make();
	CU_ASSERT_FALSE(listener_has_request(ours));
	CU_ASSERT_EQUAL(shutdown(peer, SHUT_WR), 0);
	CU_ASSERT_FALSE(listener_has_request(ours));
	connection_close();
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a whole request", test_whole },
		{ "cut at each byte", test_cut },
		{ "records that are no request", test_odd },
		{ "a long one", test_long },
		{ "silence", test_silent },
		{ NULL, NULL }
	};

	return cunit_run("listener", tests);
}
